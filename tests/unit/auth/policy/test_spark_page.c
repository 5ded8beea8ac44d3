/* Which pages of Spark are looked at by who may view, and that all others are not. */
#include "auth/policy/policy.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const enum ui_kind spark_uis[] = {UI_MASTER, UI_WORKER, UI_DRIVER, UI_HISTORY};

static enum action get(enum ui_kind kind, const char *path)
{
	return policy_action(kind, STR("GET"), str_of(path));
}

static enum action post(enum ui_kind kind, const char *path)
{
	return policy_action(kind, STR("POST"), str_of(path));
}

static void s91_hold_and_resume_take_the_right_to_kill_by_any_method(void **state)
{
	static const char *const paths[] = {"/jobs/hold", "/jobs/hold/", "/jobs/resume/?",
		"/app/hold/", "/app/resume", "/Jobs/HOLD/", "/proxy/app-1/jobs/hold/",
		"/jobs/hold/log", "/history/app-1/1/jobs/resume/", "/app/hold/json",
		"/jobs/%68old"};
	static const char *const methods[] = {"GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct str path = str_of(paths[i]);

		path.len -= path.at[path.len - 1] == '?';
		for (size_t k = 0; k < ARRAY_LEN(spark_uis); k++) {
			for (size_t m = 0; m < ARRAY_LEN(methods); m++) {
				assert_int_equal(
					policy_action(spark_uis[k], str_of(methods[m]), path),
					ACTION_KILL);
			}
		}
	}
}

static void s91_a_page_that_no_release_had_takes_the_right_to_kill(void **state)
{
	static const char *const paths[] = {"/whatever", "/whatever/", "/jobs/pause/",
		"/jobs/job/drop", "/stages/stage/retry/", "/executors/remove/", "/SQL/cancel",
		"/history/app-1/1/x/", "/proxy/app-1/whatever/", "/jobs/pause/log",
		"/jobs/pause/threadDump/", "/app/clone/", "/connect/session/close/", "/JOBS/",
		"/sql/"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		for (size_t k = 0; k < ARRAY_LEN(spark_uis); k++) {
			if (get(spark_uis[k], paths[i]) != ACTION_KILL)
				fail_msg("%s: %s", paths[i],
					action_name(get(spark_uis[k], paths[i])));
			assert_int_equal(post(spark_uis[k], paths[i]), ACTION_KILL);
		}
		assert_int_equal(get(UI_GATE, paths[i]), ACTION_VIEW);
	}
}

/* Every page of Spark 2.4 to 4.3, as its classes name them. */
static void s91_pages_of_every_release_are_looked_at_by_who_may_view(void **state)
{
	static const char *const paths[] = {"/", "", "/jobs", "/jobs/", "/jobs/job/", "/jobs/json",
		"/jobs/json/", "/stages/", "/stages/stage/", "/stages/pool/", "/storage/",
		"/storage/rdd/", "/executors/", "/executors/json", "/SQL/", "/SQL/execution/",
		"/StreamingQuery/", "/StreamingQuery/statistics", "/streaming/",
		"/streaming/batch/", "/sqlserver/", "/sqlserver/session/", "/connect/",
		"/connect/session/", "/app/", "/json/", "/json/clusterutilization",
		"/static/webui.js", "/static/sql/spark-sql-viz.css", "/images/sort_both.png",
		"/api/v1/version", "/api/v1/applications/a-1/1/stages/3/0/taskTable",
		"/history/a-1", "/history/a-1/", "/history/a-1/1", "/history/a-1/jobs/",
		"/history/a-1/appattempt_1_0001_000001/stages/stage/", "/proxy/a-1",
		"/proxy/a-1/SQL/execution/", "/dataflint/", "/dataflint/sqlplan/json/"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		for (size_t k = 0; k < ARRAY_LEN(spark_uis); k++) {
			if (get(spark_uis[k], paths[i]) != ACTION_VIEW)
				fail_msg("%s: %s", paths[i],
					action_name(get(spark_uis[k], paths[i])));
			assert_int_equal(policy_action(spark_uis[k], STR("HEAD"), str_of(paths[i])),
				ACTION_VIEW);
			assert_int_equal(
				policy_action(spark_uis[k], STR("OPTIONS"), str_of(paths[i])),
				ACTION_KILL);
		}
	}
}

/* An ingress asks for paths of anybody's. */
static void a_path_of_nobodys_that_no_row_names_is_left_to_its_ui(void **state)
{
	unsigned all;

	(void)state;
	assert_int_equal(policy_named(STR("/whatever/"), &all), ACTION_VIEW);
	assert_int_equal(all, 1u << ACTION_VIEW);
	assert_int_equal(policy_named(STR("/x/jobs/hold/"), &all), ACTION_KILL);
	assert_int_equal(policy_named(STR("/workers/kill"), &all), ACTION_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s91_hold_and_resume_take_the_right_to_kill_by_any_method),
		cmocka_unit_test(s91_a_page_that_no_release_had_takes_the_right_to_kill),
		cmocka_unit_test(s91_pages_of_every_release_are_looked_at_by_who_may_view),
		cmocka_unit_test(a_path_of_nobodys_that_no_row_names_is_left_to_its_ui),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
