/* Keys of Spark's configuration that send a launch's log lines to a Graylog. */
#include "proxy/launch/target/launch_gelf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define OPTIONS                                                                                    \
	"-Dlog4j2.configurationFile=file:/opt/spark/log4j2-gelf.xml -Dgelf.host=graylog "          \
	"-Dgelf.port=12201 -Dgelf.launch=l-1"

static const struct launch_order with_logs = {.id = "l-1",
	.user = "ann -Dx=${env:HOME}",
	.name = "a \"name\" -Dlog4j2.configurationFile=http://elsewhere/",
	.logs = {(char[]){"graylog"}, 12201}};

static const char *value_of(const json_t *conf, const char *key)
{
	return json_string_value(json_object_get(conf, key));
}

static void launch_without_logs_gets_no_key(void **state)
{
	const struct launch_order order = {.id = "l-1"};
	json_t *conf = json_object();

	(void)state;
	launch_gelf_add(&order, true, conf);
	assert_int_equal(json_object_size(conf), 0);
	json_decref(conf);
}

static void driver_and_executors_are_told_file_receiver_and_launch(void **state)
{
	json_t *conf = json_object();

	(void)state;
	launch_gelf_add(&with_logs, true, conf);
	assert_int_equal(json_object_size(conf), 3);
	assert_string_equal(value_of(conf, "spark.driver.defaultJavaOptions"), OPTIONS);
	assert_string_equal(value_of(conf, "spark.executor.defaultJavaOptions"), OPTIONS);
	assert_string_equal(value_of(conf, "spark.ui.reverseProxy"), "true");
	json_decref(conf);
}

static void driver_on_kubernetes_knows_its_id_without_a_proxy(void **state)
{
	json_t *conf = json_object();

	(void)state;
	launch_gelf_add(&with_logs, false, conf);
	assert_int_equal(json_object_size(conf), 2);
	assert_null(value_of(conf, "spark.ui.reverseProxy"));
	json_decref(conf);
}

static void what_the_profile_sets_comes_later_and_wins(void **state)
{
	json_t *conf = json_object();

	(void)state;
	json_object_set_new(
		conf, "spark.driver.defaultJavaOptions", json_string("-Dgelf.port=1 -Xss4m"));
	launch_gelf_add(&with_logs, true, conf);
	assert_string_equal(
		value_of(conf, "spark.driver.defaultJavaOptions"), OPTIONS " -Dgelf.port=1 -Xss4m");
	json_decref(conf);
}

/* SparkConf refuses executors' options that contain "-Dspark", whatever follows it. */
static void executors_options_name_no_property_of_sparks(void **state)
{
	json_t *conf = json_object();

	(void)state;
	launch_gelf_add(&with_logs, true, conf);
	assert_null(strstr(value_of(conf, "spark.executor.defaultJavaOptions"), "-Dspark"));
	json_decref(conf);
}

static void S156_nothing_a_person_wrote_is_among_the_options(void **state)
{
	json_t *conf = json_object();

	(void)state;
	launch_gelf_add(&with_logs, true, conf);
	char *text = json_dumps(conf, JSON_SORT_KEYS);
	assert_null(strstr(text, "ann"));
	assert_null(strstr(text, "elsewhere"));
	assert_null(strpbrk(text, "\\'$"));
	free(text);
	json_decref(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(launch_without_logs_gets_no_key),
		cmocka_unit_test(driver_and_executors_are_told_file_receiver_and_launch),
		cmocka_unit_test(driver_on_kubernetes_knows_its_id_without_a_proxy),
		cmocka_unit_test(what_the_profile_sets_comes_later_and_wins),
		cmocka_unit_test(executors_options_name_no_property_of_sparks),
		cmocka_unit_test(S156_nothing_a_person_wrote_is_among_the_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
