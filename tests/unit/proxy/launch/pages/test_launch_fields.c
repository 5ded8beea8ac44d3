/* The form of a new application: what its fields are in the API's JSON, and back. */
#include "proxy/launch/pages/launch_fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Takes the values. */
static void assert_body(json_t *values, const char *wanted)
{
	struct err err = {""};
	json_t *body = launch_fields_body(values, &err), *expected = json_loads(wanted, 0, NULL);

	assert_non_null(expected);
	if (body == NULL)
		fail_msg("%s", err.text);
	if (!json_equal(body, expected))
		fail_msg("%s", json_dumps(body, JSON_SORT_KEYS));
	json_decref(body);
	json_decref(expected);
	json_decref(values);
}

static void assert_refused(json_t *values, const char *why)
{
	struct err err = {""};

	assert_null(launch_fields_body(values, &err));
	assert_non_null(strstr(err.text, why));
	json_decref(values);
}

static void empty_fields_are_not_asked_for(void **state)
{
	(void)state;
	assert_body(json_pack("{s:s, s:s, s:s, s:s, s:s}", "profile", "prod/small", "name", " etl ",
			    "main_class", " ", "arguments", "\r\n", "executors", ""),
		"{\"cluster\":\"prod\",\"profile\":\"small\",\"name\":\"etl\"}");
}

static void lines_are_arguments_and_pairs(void **state)
{
	(void)state;
	assert_body(json_pack("{s:s, s:s, s:s, s:s}", "profile", "c/p", "arguments",
			    "--day\r\na b\r\n", "environment", "A=1\r\nB=x=y", "conf", "spark.x="),
		"{\"cluster\":\"c\",\"profile\":\"p\",\"arguments\":[\"--day\",\"a b\"],"
		"\"environment\":{\"A\":\"1\",\"B\":\"x=y\"},\"conf\":{\"spark.x\":\"\"}}");
}

static void sizes_are_numbers_and_memory(void **state)
{
	(void)state;
	assert_body(
		json_pack("{s:s, s:s, s:s, s:s, s:s}", "profile", "c/p", "executors", "2",
			"executor_cores", " 4 ", "executor_memory", "8g", "driver_memory", "512m"),
		"{\"cluster\":\"c\",\"profile\":\"p\",\"executors\":2,"
		"\"executor\":{\"cores\":4,\"memory\":\"8g\"},\"driver\":{\"memory\":\"512m\"}}");
}

static void what_is_wrong_is_said_by_its_field(void **state)
{
	(void)state;
	assert_refused(json_object(), "profile");
	assert_refused(json_pack("{s:s}", "profile", "prod"), "profile");
	assert_refused(
		json_pack("{s:s, s:s}", "profile", "c/p", "conf", "spark.x"), "conf: expected");
	assert_refused(json_pack("{s:s, s:s}", "profile", "c/p", "environment", "=1"),
		"environment: expected");
	assert_refused(json_pack("{s:s, s:s}", "profile", "c/p", "executors", "two"), "executors");
	assert_refused(json_pack("{s:s, s:s}", "profile", "c/p", "driver_cores", "-1"),
		"driver.cores: expected");
}

static void what_was_asked_for_fills_the_form_again(void **state)
{
	static const char asked[] =
		"{\"cluster\":\"c\",\"profile\":\"p\",\"name\":\"etl\",\"resource\":\"s3a://a/"
		"b.py\","
		"\"arguments\":[\"--day\",\"a b\"],\"environment\":{\"A\":\"x=y\"},"
		"\"conf\":{\"spark.x\":\"1\"},\"executors\":2,\"executor\":{\"cores\":4},"
		"\"driver\":{\"memory\":\"512m\"}}";
	json_t *body = json_loads(asked, 0, NULL);

	(void)state;
	assert_body(launch_fields_values(body), asked);
	json_decref(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_fields_are_not_asked_for),
		cmocka_unit_test(lines_are_arguments_and_pairs),
		cmocka_unit_test(sizes_are_numbers_and_memory),
		cmocka_unit_test(what_is_wrong_is_said_by_its_field),
		cmocka_unit_test(what_was_asked_for_fills_the_form_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
