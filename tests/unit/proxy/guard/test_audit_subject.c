/* What an audited request is about (S66). */
#include "proxy/guard/audit_subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* "app_id=app-1 job_id=3" of what these name. */
static const char *told(const char *path, const char *params, const char *json)
{
	static char out[1024];
	struct log_field fields[ABOUT_FIELDS];
	struct audit_subject about = {0};
	size_t len = 0;

	audit_subject_read_path(&about, str_of(path));
	audit_subject_read_params(&about, str_of(path), str_of(params));
	if (json)
		audit_subject_read_json(&about, str_of(json));
	size_t count = audit_subject_fields(&about, fields);
	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(out + len, sizeof out - len, "%s%s=%.*s", i ? " " : "",
			fields[i].key, (int)fields[i].value.len, fields[i].value.at);
	return out;
}

static void s66_whatever_carries_an_id_it_is_named(void **state)
{
	static const struct {
		const char *path, *params, *json, *told;
	} rows[] = {
		{"/app/kill/", "id=app-1&terminate=true", NULL, "app_id=app-1"},
		{"/app/kill/", "terminate=true&i%64=app%2D1", NULL, "app_id=app-1"},
		{"/driver/kill/", "id=driver-1&terminate=true", NULL, "driver_id=driver-1"},
		{"/jobs/job/kill/", "id=3", NULL, "job_id=3"},
		{"/jobs/job/kill", "id=3&csrfToken=x", NULL, "job_id=3"},
		{"/stages/stage/kill/", "id=4&terminate=true", NULL, "stage_id=4"},
		{"/proxy/app-1/jobs/job/kill/", "id=3", NULL, "app_id=app-1 job_id=3"},
		{"/history/app-1/2/executors/threadDump/", "executorId=5", NULL,
			"app_id=app-1 executor_id=5"},
		{"/api/v1/applications/app-1/logs", "", NULL, "app_id=app-1"},
		{"/api/v1/applications/app-1/executors/driver/threads", "", NULL,
			"app_id=app-1 executor_id=driver"},
		{"/v1/submissions/kill/driver-7", "", NULL, "submission_id=driver-7"},
		{"/v1/submissions/create", "",
			"{\"action\":\"CreateSubmissionRequest\",\"sparkProperties\":{\"spark.app."
			"name\":\"nightly\"}}",
			"app_name=nightly"},
		{"/v1/submissions/create", "", "{\"submissionId\":\"driver-8\",\"success\":true}",
			"submission_id=driver-8"},
		{"/app/kill/", "id=app-1&id=app-2", NULL, "app_id=app-1,app-2"},
		{"/app/kill/", "id=app-1&id=app-1", NULL, "app_id=app-1"},
		{"/app/kill/", "", NULL, ""},
		{"/app/kill/", "&&=&id", NULL, ""},
		{"/v1/submissions/create", "", "[1, 2]", ""},
		{"/v1/submissions/create", "", "{\"submissionId\": 7", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(told(rows[i].path, rows[i].params, rows[i].json), rows[i].told);
}

static void what_is_too_long_is_cut_and_no_more_is_kept(void **state)
{
	struct log_field fields[ABOUT_FIELDS];
	struct audit_subject about = {0};
	char text[400];

	(void)state;
	memset(text, 'x', sizeof text);
	audit_subject_add(&about, ABOUT_APP, (struct str){text, sizeof text});
	audit_subject_add(&about, ABOUT_APP, STR("app-1"));
	assert_int_equal(audit_subject_fields(&about, fields), 1);
	assert_int_equal(fields[0].value.len, ABOUT_SIZE - 1);
}

static void a_reason_is_told_as_it_was_typed_in(void **state)
{
	struct log_field fields[ABOUT_FIELDS];
	struct audit_subject about = {0};
	char text[2 * ABOUT_REASON_SIZE];

	(void)state;
	audit_subject_add(&about, ABOUT_APP, STR("app-1"));
	audit_subject_set_reason(&about, STR("it \"hangs\""));
	assert_int_equal(audit_subject_fields(&about, fields), 2);
	assert_string_equal(fields[1].key, "stated_reason");
	assert_string_equal(fields[1].value.at, "it \"hangs\"");
	memset(text, 'x', sizeof text);
	audit_subject_set_reason(&about, (struct str){text, sizeof text});
	assert_int_equal(strlen(about.reason), ABOUT_REASON_SIZE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reason_is_told_as_it_was_typed_in),
		cmocka_unit_test(s66_whatever_carries_an_id_it_is_named),
		cmocka_unit_test(what_is_too_long_is_cut_and_no_more_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
