/* Which keys and variables no launch sets (S119). */
#include "proxy/launch/rules/forbidden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void s119_keys_that_reach_beyond_ones_own_application_are_forbidden(void **state)
{
	static const char *const keys[] = {"spark.authenticate.secret", "spark.ssl.keyPassword",
		"spark.hadoop.fs.s3a.secret.key", "spark.driver.extraJavaOptions",
		"spark.driver.extraClassPath", "spark.executor.extraJavaOptions",
		"spark.executor.memory", "spark.executor.memoryOverhead", "spark.jars",
		"spark.jars.packages", "spark.submit.pyFiles", "spark.plugins", "spark.ui.filters",
		"spark.acls.enable", "spark.admin.acls", "spark.modify.acls.groups",
		"spark.eventLog.dir", "spark.history.fs.logDirectory", "spark.kubernetes.namespace",
		"spark.kubernetes.authenticate.driver.serviceAccountName", "spark.yarn.queue",
		"spark.master", "spark.master.rest.port", "spark.driver.host", "spark.cores.max",
		"spark.dynamicAllocation.maxExecutors", "spark.sql.extensions",
		"spark.sql.catalog.x.password", "spark.app.id", "spark.sparkgate.launch",
		"SPARK.SSL.KEYPASSWORD", "spark.executorEnv.SPARK_USER",
		"spark.executorEnv.ld_preload", "spark.executorEnv.JAVA_TOOL_OPTIONS",
		"spark.redaction.regex", "spark.metrics.conf", "spark.extraListeners"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const struct forbidden *row = forbidden_key(str_of(keys[i]));
		if (row == NULL)
			fail_msg("%s is not forbidden", keys[i]);
		assert_non_null(row->why);
	}
}

static void keys_of_ones_own_work_are_not(void **state)
{
	static const char *const keys[] = {"spark.sql.shuffle.partitions",
		"spark.sql.adaptive.enabled", "spark.driver.maxResultSize",
		"spark.executor.heartbeatInterval", "spark.default.parallelism",
		"spark.executorEnv.DAY", "spark.speculation", "spark.sql.catalogX"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (forbidden_key(str_of(keys[i])))
			fail_msg("%s is forbidden", keys[i]);
	}
}

static void s119_variables_that_change_person_or_code_are_forbidden(void **state)
{
	static const char *const names[] = {"SPARK_USER", "SPARK_HOME", "spark_user",
		"HADOOP_USER_NAME", "HADOOP_PROXY_USER", "LD_PRELOAD", "PATH", "JAVA_HOME",
		"_JAVA_OPTIONS", "PYTHONPATH", "PYSPARK_PYTHON", "AWS_SECRET_ACCESS_KEY", "HOME",
		"MASTER", "KRB5CCNAME", "KUBERNETES_SERVICE_HOST"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (forbidden_name(str_of(names[i])) == NULL)
			fail_msg("%s is not forbidden", names[i]);
	}
	assert_null(forbidden_name(STR("DAY")));
	assert_null(forbidden_name(STR("PATHS")));
}

static void pattern_of_may_set_fits_letter_for_letter(void **state)
{
	(void)state;
	assert_true(forbidden_pattern_fits("spark.sql.*", STR("spark.sql.x")));
	assert_false(forbidden_pattern_fits("spark.sql.*", STR("spark.sqlx")));
	assert_false(forbidden_pattern_fits("spark.sql.*", STR("SPARK.SQL.x")));
	assert_true(forbidden_pattern_fits("spark.speculation", STR("spark.speculation")));
	assert_false(forbidden_pattern_fits("spark.speculation", STR("spark.speculation.x")));
	assert_true(forbidden_pattern_fits("*", STR("anything")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s119_keys_that_reach_beyond_ones_own_application_are_forbidden),
		cmocka_unit_test(keys_of_ones_own_work_are_not),
		cmocka_unit_test(s119_variables_that_change_person_or_code_are_forbidden),
		cmocka_unit_test(pattern_of_may_set_fits_letter_for_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
