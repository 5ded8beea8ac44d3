/* What the configuration says of launches, and what it refuses there. */
#include "conf/conf.h"
#include "tests/support/conf_probe.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#define LAUNCH(keys)                                                                               \
	"clusters:\n"                                                                              \
	"  - name: a\n"                                                                            \
	"    masters: [http://m:8080]\n"                                                           \
	"    launch: {" keys "}\n"
#define PROFILE(keys) LAUNCH("rest: http://m:6066, profiles: [{name: p, " keys "}]")
#define KUBERNETES(watched, keys)                                                                  \
	"clusters:\n"                                                                              \
	"  - name: a\n"                                                                            \
	"    kubernetes: {" watched "}\n"                                                          \
	"    launch: {operator: {kind: spark.apache.org/v1, " keys "}, profiles: [{name: p}]}\n"
#define AT(column) "sg.yaml:4:" column ": key \"clusters[0].launch"

static void launch_has_targets_and_profiles(void **state)
{
	struct conf *conf = conf_probe_load(LAUNCH(
		"rest: [http://m:6066, http://n:6066], allow: ['s3a://apps/*'],"
		" artifacts: {s3: 'https://minio:9000/apps', access_key_file: /a,"
		" secret_key_file: /b, spark_uri: 's3a://apps/'},"
		" profiles: [{name: small, roles: [analysts, everyone], driver: {cores: 2, memory: "
		"1500m}, executors: 3, running: 2, queue: 5, conf: {spark.sql.a: 1, spark.x: 'a "
		"b'}, "
		"may_set: ['spark.sql.*', spark.y], shared: [team], shared_write: [team], logs: "
		"'gelf://graylog'}]"));
	const struct conf_cluster *cluster = &conf->clusters[0];
	const struct conf_profile *small = conf_find_profile(cluster, STR("small"));

	(void)state;
	assert_true(conf_launches(conf));
	assert_int_equal(cluster->launch.rest_count, 2);
	assert_string_equal(cluster->launch.artifacts.s3.path, "/apps");
	assert_string_equal(cluster->launch.artifacts.region, "us-east-1");
	assert_int_equal(cluster->launch.artifacts.max, 5LL << 30);
	assert_int_equal(cluster->launch.artifacts.quota, 20LL << 30);
	assert_int_equal(cluster->launch.artifacts.files, 500);
	assert_int_equal(small->shared_write.count, 1);
	assert_null(conf_find_profile(cluster, STR("large")));
	assert_non_null(small);
	assert_int_equal(small->driver.cores, 2);
	assert_int_equal(small->driver.memory_mib, 1500);
	assert_int_equal(small->executor.memory_mib, 1024);
	assert_int_equal(small->executors, 3);
	assert_int_equal(small->running, 2);
	assert_int_equal(small->queue, 5);
	assert_int_equal(small->conf_count, 2);
	assert_string_equal(small->conf[1].key, "spark.x");
	assert_string_equal(small->conf[1].value, "a b");
	assert_int_equal(small->may_set.count, 2);
	assert_string_equal(small->logs.host, "graylog");
	assert_int_equal(small->logs.port, 12201);
	conf_probe_assert_round_trip(conf);
	conf_unref(conf);
}

static void operator_has_a_kind_and_one_namespace(void **state)
{
	struct conf *conf =
		conf_probe_load("clusters: [{name: a, kubernetes: {}, launch: {operator: {kind: "
				"spark.apache.org/v1, namespace: spark}, profiles: [{name: p, "
				"image: 'spark:4.3'}]}}]");

	(void)state;
	assert_true(conf->clusters[0].launch.has_operator);
	assert_string_equal(conf->clusters[0].launch.operator.kind, "spark.apache.org/v1");
	assert_string_equal(conf->clusters[0].launch.operator.account, "spark");
	assert_int_equal(conf->clusters[0].launch.operator.keep_s, 24 * 3600);
	assert_int_equal(conf->clusters[0].launch.profiles[0].roles.count, 0);
	conf_probe_assert_round_trip(conf);
	conf_unref(conf);
}

static void namespace_of_launches_is_one_that_is_watched(void **state)
{
	static const struct conf_refusal rows[] = {
		{KUBERNETES("namespaces: [a]", "namespace: b"),
			AT("52") ".operator.namespace\": got \"b\", expected one namespace, and "
				 "one of kubernetes.namespaces"},
		{KUBERNETES("namespaces: ['*']", "namespace: '*'"),
			AT("52") ".operator.namespace..."},
		{KUBERNETES("namespaces: [a]", "namespace: a, service_account: '*'"),
			AT("66") ".operator.service_account..."},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void what_does_not_go_together_is_refused(void **state)
{
	static const struct conf_refusal rows[] = {
		{LAUNCH("profiles: [{name: p}]"), "sg.yaml:4:5: key \"clusters[0].launch\": "
						  "expected either rest or operator"},
		{LAUNCH("rest: http://m:6066"), AT("5") ".profiles\": missing, expected a list of "
							"at least one"},
		{LAUNCH("rest: http://m:6066, profiles: [{name: p}, {name: p}]"),
			AT("58") ".profiles[1].name\": got \"p\", expected a name that no other "
				 "profile of the cluster has"},
		{LAUNCH("operator: {kind: spark.apache.org/v1, namespace: '*'}, profiles: [{name: "
			"p}]"),
			AT("14") ".operator\": expected kubernetes beside it, which finds the "
				 "drivers' pods"},
		{LAUNCH("operator: {kind: v1, namespace: a}, profiles: [{name: p}]"),
			AT("25") ".operator.kind\": got \"v1\", expected one of "
				 "spark.apache.org/v1, sparkoperator.k8s.io/v1beta2"},
		{PROFILE("image: a"),
			AT("56") ".profiles[0].image\": got \"a\", expected no image, "
				 "for only an operator starts containers"},
		{PROFILE("shared: [a]"),
			AT("56") ".profiles[0].shared\": expected artifacts, whose "
				 "folders these are"},
		{PROFILE("driver: {memory: 1}"),
			AT("65") ".profiles[0].driver.memory\": got \"1\", "
				 "expected memory such as 512m or 4g, "
				 "from 512m to 16777216m"},
		{PROFILE("driver: {memory: 511m}"), AT("65") "..."},
		{PROFILE("driver: {memory: 17t}"), AT("65") "..."},
		{PROFILE("driver: {memory: 1gb}"), AT("65") "..."},
		{PROFILE("conf: {'a b': 1}"),
			AT("63") ".profiles[0].conf.a b\": got \"1\", expected a "
				 "key of letters, digits, '.', '_' and '-'"},
		{PROFILE("conf: [a]"),
			AT("56") ".profiles[0].conf\": got a list, expected a map of "
				 "keys"},
		{PROFILE("conf: {a: [b]}"),
			AT("63") ".profiles[0].conf.a\": got a list, expected one "
				 "value"},
		{PROFILE("may_set: ['spark.*.x']"), AT("66") "..."},
		{PROFILE("logs: udp://graylog"),
			AT("56") ".profiles[0].logs\": got \"udp://graylog\", "
				 "expected gelf://host or gelf://host:port..."},
		{LAUNCH("rest: http://m:6066, allow: ['file:/a/../b'], profiles: [{name: p}]"),
			AT("43") "..."},
		{LAUNCH("rest: http://m:6066, allow: ['*'], profiles: [{name: p}]"),
			AT("43") "..."},
		{LAUNCH("rest: http://m:6066, allow: ['s3a:apps'], profiles: [{name: p}]"),
			AT("43") "..."},
		{"clusters: [{name: a, uis: [{name: u, url: http://u}], launch: {rest: "
		 "http://m:6066, "
		 "profiles: [{name: p}]}}]",
			"sg.yaml:1:64: key \"clusters[0].launch.rest\": got \"http://m:6066\", "
			"expected "
			"masters beside it, where drivers and applications are seen"},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void folders_that_may_be_changed_are_shared_ones(void **state)
{
	static const struct conf_refusal rows[] = {
		{PROFILE("shared_write: [a]"),
			AT("56") ".profiles[0].shared_write\": expected folders that stand in "
				 "shared, too"},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(launch_has_targets_and_profiles),
		cmocka_unit_test(operator_has_a_kind_and_one_namespace),
		cmocka_unit_test(namespace_of_launches_is_one_that_is_watched),
		cmocka_unit_test(what_does_not_go_together_is_refused),
		cmocka_unit_test(folders_that_may_be_changed_are_shared_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
