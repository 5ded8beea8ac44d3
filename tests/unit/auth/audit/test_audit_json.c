/* An event of the audit as JSON and as CSV. */
#include "auth/audit/audit_json.h"

#include "base/text/json_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* 2023-11-14T22:13:20.000Z */
static json_t *event_of(const char *fields)
{
	struct store_audit event = {.fields = fields};

	store_audit_new_id(INT64_C(1700000000000), event.id);
	return audit_json(&event);
}

static char *csv_of(const char *fields)
{
	json_t *event = event_of(fields);
	struct sbuf out;

	sbuf_init(&out, 4096);
	audit_csv_row(&out, event);
	json_decref(event);
	return sbuf_take(&out);
}

static void event_has_every_member_and_details_have_the_rest(void **state)
{
	json_t *event = event_of("{\"user\":\"ann\",\"action\":\"kill\",\"status\":403,"
				 "\"job_id\":\"7\",\"sessions\":2,\"id\":\"x\",\"time\":\"x\"}");

	(void)state;
	assert_string_equal(json_value_string(event, "time"), "2023-11-14T22:13:20.000Z");
	assert_string_equal(json_value_string(event, "user"), "ann");
	assert_true(json_is_null(json_object_get(event, "cluster")));
	assert_int_equal(json_integer_value(json_object_get(event, "status")), 403);
	const json_t *details = json_object_get(event, "details");
	assert_int_equal(json_object_size(details), 2);
	assert_string_equal(json_string_value(json_object_get(details, "job_id")), "7");
	assert_string_equal(json_string_value(json_object_get(details, "sessions")), "2");
	assert_int_equal(strlen(json_value_string(event, "id")), STORE_AUDIT_ID - 1);
	json_decref(event);
}

static void what_no_gateway_has_written_is_no_event(void **state)
{
	(void)state;
	assert_null(event_of("[]"));
	assert_null(event_of(""));
	assert_null(event_of("{\"user\":"));
}

static void csv_has_a_column_for_each_member(void **state)
{
	struct sbuf head;
	size_t columns = 1;
	char *row = csv_of("{\"user\":\"a \\\"b\\\", c\",\"job_id\":\"7\",\"stage_id\":\"8\"}");

	(void)state;
	sbuf_init(&head, 4096);
	audit_csv_head(&head);
	for (size_t i = 0; i < head.len; i++)
		columns += head.at[i] == ',';
	assert_int_equal(columns, 21);
	assert_memory_equal(head.at, "time,user,user_name,action,", 27);
	assert_non_null(strstr(row, "\"2023-11-14T22:13:20.000Z\",\"a \"\"b\"\", c\",\"\","));
	assert_non_null(strstr(row, "\"job_id: 7; stage_id: 8\""));
	assert_string_equal(row + strlen(row) - 3, "\"\r\n");
	sbuf_clear(&head);
	free(row);
}

static void s77_a_cell_that_looks_like_a_formula_is_text(void **state)
{
	static const char *const texts[] = {"=1+1", "+1", "-2+3", "@SUM(A1)", "\\t=1", "\\r=1",
		"\\n=1", "=cmd|' /C calc'!A0", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(1)"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char *fields = mem_printf("{\"user\":\"%s\"}", texts[i]);
		char *row = csv_of(fields);
		assert_non_null(strstr(row, ",\"'"));
		free(row);
		free(fields);
	}
	char *row = csv_of("{\"user\":\"a=1\",\"status\":200}");
	assert_null(strchr(row, '\''));
	free(row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(event_has_every_member_and_details_have_the_rest),
		cmocka_unit_test(what_no_gateway_has_written_is_no_event),
		cmocka_unit_test(csv_has_a_column_for_each_member),
		cmocka_unit_test(s77_a_cell_that_looks_like_a_formula_is_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
