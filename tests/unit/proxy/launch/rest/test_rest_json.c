/* What a master's REST server is told, and how its drivers and applications are known again. */
#include "proxy/launch/rest/rest_json.h"

#include "base/text/json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define URL "spark://m:7077"

static struct launch_order order_of(const char *resource, const char *main_class)
{
	struct launch_order order = {.id = "01a2",
		.user = "ann",
		.name = "my job",
		.executors = 3,
		.driver = {1, 1024},
		.executor = {2, 2048},
		.submitted_at = 1700000000};

	order.resource = mem_strdup(resource);
	order.main_class = mem_strdup(main_class);
	order.arguments.at = mem_alloc(1, sizeof *order.arguments.at);
	order.arguments.at[0] = mem_strdup("--day");
	order.arguments.count = 1;
	launch_pairs_set(&order.environment, "DAY", "Mon");
	launch_pairs_set(&order.environment, "SPARK_USER", "root");
	launch_pairs_set(&order.conf, "spark.driver.extraJavaOptions", "-Da=b");
	launch_pairs_set(&order.conf, "spark.app.name", "other");
	return order;
}

static json_t *submission(const struct launch_order *order)
{
	char *text = rest_submission(order, URL);
	json_t *json = json_of_text(str_of(text), NULL);

	free(text);
	assert_non_null(json);
	return json;
}

static const char *at(const json_t *json, const char *object, const char *key)
{
	return json_string_value(json_object_get(json_object_get(json, object), key));
}

static void s121_jar_is_submitted_as_its_person_with_the_orders_sizes(void **state)
{
	struct launch_order order = order_of("s3a://apps/a.jar", "org.example.Main");
	json_t *json = submission(&order);

	(void)state;
	assert_string_equal(
		json_string_value(json_object_get(json, "mainClass")), "org.example.Main");
	assert_string_equal(
		json_string_value(json_object_get(json, "appResource")), "s3a://apps/a.jar");
	assert_string_equal(at(json, "environmentVariables", "SPARK_USER"), "ann");
	assert_string_equal(at(json, "environmentVariables", "DAY"), "Mon");
	assert_string_equal(at(json, "sparkProperties", "spark.driver.extraJavaOptions"),
		"-Da=b -Duser.name=ann");
	assert_string_equal(at(json, "sparkProperties", "spark.app.name"), "my job");
	assert_string_equal(at(json, "sparkProperties", "spark.cores.max"), "6");
	assert_string_equal(at(json, "sparkProperties", "spark.executor.memory"), "2048m");
	assert_string_equal(at(json, "sparkProperties", REST_MARKER), "01a2");
	assert_string_equal(at(json, "sparkProperties", "spark.jars"), "s3a://apps/a.jar");
	json_t *args = json_object_get(json, "appArgs");
	assert_int_equal(json_array_size(args), 1);
	json_decref(json);
	launch_order_clear(&order);
}

static void log_lines_are_sent_where_the_profile_says(void **state)
{
	static const char key[] = "spark.driver.defaultJavaOptions";
	struct launch_order order = order_of("s3a://apps/a.py", NULL);

	(void)state;
	json_t *plain = submission(&order);
	order.logs = (struct conf_endpoint){mem_strdup("graylog"), 12201};
	json_t *with = submission(&order);
	assert_null(at(plain, "sparkProperties", key));
	assert_non_null(strstr(at(with, "sparkProperties", key), "graylog"));
	json_decref(plain);
	json_decref(with);
	launch_order_clear(&order);
}

static bool has_option(const json_t *args, const char *name, const char *value)
{
	for (size_t i = 0; i + 1 < json_array_size(args); i++) {
		if (strcmp(json_string_value(json_array_get(args, i)), name) == 0 &&
			strcmp(json_string_value(json_array_get(args, i + 1)), value) == 0)
			return true;
	}
	return false;
}

/* Else the worker's spark-defaults.conf would go before them. */
static void s115_python_file_gets_its_sizes_as_options_of_spark_submit(void **state)
{
	struct launch_order order = order_of("s3a://apps/a.py", NULL);
	json_t *json = submission(&order);
	json_t *args = json_object_get(json, "appArgs");
	size_t count = json_array_size(args);

	(void)state;
	assert_string_equal(
		json_string_value(json_object_get(json, "mainClass")), REST_SUBMIT_CLASS);
	assert_string_equal(json_string_value(json_object_get(json, "appResource")), "");
	assert_true(has_option(args, "--master", URL));
	assert_true(has_option(args, "--deploy-mode", "client"));
	assert_true(has_option(args, "--name", "my job"));
	assert_true(has_option(args, "--conf", REST_MARKER "=01a2"));
	assert_true(has_option(args, "--conf", "spark.cores.max=6"));
	assert_true(has_option(args, "--conf", "spark.executor.cores=2"));
	assert_true(has_option(args, "--conf", "spark.executor.memory=2048m"));
	assert_string_equal(json_string_value(json_array_get(args, count - 2)), "s3a://apps/a.py");
	assert_string_equal(json_string_value(json_array_get(args, count - 1)), "--day");
	json_decref(json);
	launch_order_clear(&order);
}

static void worker_log_is_read_behind_the_line_that_says_which_bytes_it_is(void **state)
{
	struct rest_log log;

	(void)state;
	assert_true(
		rest_log_read(STR("==== Bytes 5-9 of 20 of /w/driver-1/stderr ====\nabcd"), &log));
	assert_int_equal(log.from, 5);
	assert_int_equal(log.to, 9);
	assert_int_equal(log.total, 20);
	assert_true(str_eq(log.text, STR("abcd")));
	assert_true(rest_log_read(STR("==== Bytes 0-0 of 0 of /w/stderr ====\n"), &log));
	assert_int_equal(log.text.len, 0);
	assert_false(rest_log_read(STR("Error: Log type must be one of stderr, stdout"), &log));
	assert_false(rest_log_read(STR("==== Bytes x-9 of 20 of /w ====\n"), &log));
	assert_false(rest_log_read(STR(""), &log));
}

static void s122_driver_is_known_by_its_command_and_not_by_what_it_writes(void **state)
{
	(void)state;
	assert_true(rest_is_launched(
		STR("Launch Command: \"java\" \"-Dspark.sparkgate.launch=01a2\" \"X\"\n===\n"),
		"01a2"));
	assert_false(rest_is_launched(
		STR("Launch Command: \"java\" \"-Dspark.sparkgate.launch=01a23\" \"X\"\n"),
		"01a2"));
	assert_false(rest_is_launched(
		STR("Launch Command: \"java\" \"X\"\n\"-Dspark.sparkgate.launch=01a2\"\n"),
		"01a2"));
	assert_false(rest_is_launched(STR("\"-Dspark.sparkgate.launch=01a2\"\n"), "01a2"));
}

static json_t *json_of(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	return json;
}

static bool is(bool (*ask)(const json_t *json, const struct launch_order *order), const char *text)
{
	struct launch_order order = order_of("s3a://apps/a.py", NULL);
	json_t *json = json_of(text);
	bool answer = ask(json, &order);

	json_decref(json);
	launch_order_clear(&order);
	return answer;
}

#define APP(user, name, time)                                                                      \
	"{\"id\": \"app-1\", \"user\": \"" user "\", \"name\": \"" name "\", \"starttime\": " time \
	"}"

static void s122_application_is_of_the_same_user_name_and_time_by_the_masters_word(void **state)
{
	(void)state;
	assert_true(is(rest_may_be_app, APP("ann", "my job", "1700000005000")));
	assert_false(is(rest_may_be_app, APP("bo", "my job", "1700000005000")));
	assert_false(is(rest_may_be_app, APP("ann", "other", "1700000005000")));
	assert_false(is(rest_may_be_app, APP("ann", "my job", "1600000000000")));
	assert_true(is(rest_is_ours,
		"{\"mainclass\": \"" REST_SUBMIT_CLASS "\", \"starttime\": \"1700000005000\"}"));
	assert_false(is(rest_is_ours, "{\"mainclass\": \"A\", \"starttime\": \"1700000005000\"}"));
	assert_false(is(rest_is_ours,
		"{\"mainclass\": \"" REST_SUBMIT_CLASS "\", \"starttime\": \"1600000000000\"}"));
}

static void s122_environment_has_the_marker_or_has_it_not(void **state)
{
	json_t *with = json_of(
		       "{\"sparkProperties\": [[\"a\", \"b\"], [\"" REST_MARKER "\", \"01a2\"]]}"),
	       *without = json_of(
		       "{\"sparkProperties\": [[\"" REST_MARKER "\"], 1, [\"a\", \"01a2\"]]}");

	(void)state;
	assert_true(rest_has_marker(with, "01a2"));
	assert_false(rest_has_marker(with, "01a3"));
	assert_false(rest_has_marker(without, "01a2"));
	assert_false(rest_has_marker(NULL, "01a2"));
	json_decref(with);
	json_decref(without);
}

static void s158_id_of_a_driver_leads_to_no_other_path(void **state)
{
	static const char *const good[] = {"driver-20260101000000-0001", "d.1_2"};
	static const char *const bad[] = {"", "../../x", "a/b", "a?b", "a#b", "a%2fb", "a b", "..",
		"-a", "a\r\nHost: b", "a&driverId=b"};
	char longest[LAUNCH_HANDLE + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(rest_is_handle(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(rest_is_handle(bad[i]));
	memset(longest, 'a', LAUNCH_HANDLE);
	longest[LAUNCH_HANDLE] = '\0';
	assert_false(rest_is_handle(longest));
	assert_true(rest_is_handle(longest + 1));
}

static void answer_is_read_as_far_as_it_is_one(void **state)
{
	json_t *good = json_of("{\"action\": \"SubmissionStatusResponse\", \"success\": true, "
			       "\"driverState\": \"RUNNING\", \"submissionId\": \"driver-1\"}"),
	       *other = json_of("{\"success\": true}");
	struct rest_answer answer;
	enum launch_state launch;

	(void)state;
	assert_true(rest_answer_read(good, &answer));
	assert_true(answer.success);
	assert_string_equal(answer.id, "driver-1");
	assert_string_equal(answer.message, "");
	assert_true(rest_state_read(answer.state, &launch));
	assert_int_equal(launch, LAUNCH_RUNNING);
	assert_false(rest_state_read("WHATEVER", &launch));
	assert_false(rest_answer_read(other, &answer));
	assert_false(rest_answer_read(NULL, &answer));
	json_decref(good);
	json_decref(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s121_jar_is_submitted_as_its_person_with_the_orders_sizes),
		cmocka_unit_test(log_lines_are_sent_where_the_profile_says),
		cmocka_unit_test(s115_python_file_gets_its_sizes_as_options_of_spark_submit),
		cmocka_unit_test(worker_log_is_read_behind_the_line_that_says_which_bytes_it_is),
		cmocka_unit_test(s122_driver_is_known_by_its_command_and_not_by_what_it_writes),
		cmocka_unit_test(
			s122_application_is_of_the_same_user_name_and_time_by_the_masters_word),
		cmocka_unit_test(s122_environment_has_the_marker_or_has_it_not),
		cmocka_unit_test(s158_id_of_a_driver_leads_to_no_other_path),
		cmocka_unit_test(answer_is_read_as_far_as_it_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
