/* A launch as a resource of each operator, whole; and what a person may not write into one. */
#include "proxy/launch/operator/spark_application.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/text/json_text.h"
#include "proxy/launch/operator/spark_words.h"

#include <stdlib.h>

static const char *const arguments[] = {"--day", "2026-11-28"};
static const struct spark_pair conf[] = {{"spark.sql.shuffle.partitions", "8"}};
static const struct spark_pair profile_conf[] = {
	{"spark.sql.shuffle.partitions", "400"}, {"spark.eventLog.enabled", "true"}};
static const struct spark_pair environment[] = {{"STAGE", "test"}};

static struct spark_wish wish_of_a_jar(void)
{
	return (struct spark_wish){.id = "l1",
		.name = "ETL daily",
		.user = "ann@example.com",
		.namespace = "spark",
		.resource = "local:///opt/etl.jar",
		.main_class = "com.example.Etl",
		.arguments = arguments,
		.arguments_count = ARRAY_LEN(arguments),
		.environment = {environment, 1},
		.conf = {conf, 1},
		.profile_conf = {profile_conf, 2},
		.driver = {1, 1024},
		.executor = {4, 8192},
		.executors = 20,
		.profile = "nightly",
		.image = "spark:4.3.0",
		.account = "spark",
		.version = "4.3.0",
		.keep_s = 3600};
}

static void assert_json(json_t *is, const char *expected)
{
	struct err err = {""};
	json_t *wanted = json_of_text(str_of(expected), &err);

	if (wanted == NULL)
		fail_msg("%s", err.text);
	if (!json_equal(is, wanted)) {
		char *text = json_text(is);
		fail_msg("it is %s", text);
	}
	json_decref(wanted);
	json_decref(is);
}

#define LABELS                                                                                     \
	"{\"app.kubernetes.io/managed-by\":\"sparkgate\",\"sparkgate.io/launch\":\"l1\","          \
	"\"sparkgate.io/person\":\"71d4f55f72fa128dfb468a1a3901507c\"}"
#define METADATA(name)                                                                             \
	"\"metadata\":{\"name\":\"" name "\",\"namespace\":\"spark\",\"labels\":" LABELS           \
	",\"annotations\":{\"sparkgate.io/name\":\"ETL daily\","                                   \
	"\"sparkgate.io/user\":\"ann@example.com\",\"sparkgate.io/profile\":\"nightly\"}"
#define ON(role)                                                                                   \
	"\"spark.kubernetes." role ".label.app.kubernetes.io/managed-by\":\"sparkgate\","          \
	"\"spark.kubernetes." role ".label.sparkgate.io/launch\":\"l1\","                          \
	"\"spark.kubernetes." role ".label.sparkgate.io/person\":"                                 \
	"\"71d4f55f72fa128dfb468a1a3901507c\","
#define CONF                                                                                       \
	ON("driver")                                                                               \
	ON("executor")                                                                             \
	"\"spark.app.name\":\"ETL daily\",\"spark.eventLog.enabled\":\"true\","                    \
	"\"spark.sql.shuffle.partitions\":\"8\",\"spark.kubernetes.driverEnv.STAGE\":\"test\","    \
	"\"spark.kubernetes.driverEnv.SPARK_USER\":\"ann@example.com\","                           \
	"\"spark.executorEnv.SPARK_USER\":\"ann@example.com\""
#define NAME "etl-daily-2804bad6fe94a55f"

static void jar_for_kubeflows_operator(void **state)
{
	struct spark_wish wish = wish_of_a_jar();

	(void)state;
	assert_json(spark_application_make(SPARK_KUBEFLOW, &wish),
		"{\"apiVersion\":\"sparkoperator.k8s.io/"
		"v1beta2\",\"kind\":\"SparkApplication\"," METADATA(
			NAME) "},\"spec\":{\"type\":\"Scala\",\"mode\":\"cluster\","
			      "\"sparkVersion\":\"4.3.0\",\"image\":\"spark:4.3.0\","
			      "\"mainApplicationFile\":\"local:///opt/etl.jar\","
			      "\"mainClass\":\"com.example.Etl\",\"arguments\":[\"--day\",\"2026-"
			      "11-28\"],"
			      "\"restartPolicy\":{\"type\":\"Never\"},\"timeToLiveSeconds\":3600,"
			      "\"driver\":{\"cores\":1,\"memory\":\"1024m\",\"serviceAccount\":"
			      "\"spark\"},"
			      "\"executor\":{\"cores\":4,\"memory\":\"8192m\",\"instances\":20},"
			      "\"sparkConf\":{" CONF "}}}");
}

static void jar_for_apaches_operator(void **state)
{
	struct spark_wish wish = wish_of_a_jar();

	(void)state;
	assert_json(spark_application_make(SPARK_APACHE, &wish),
		"{\"apiVersion\":\"spark.apache.org/v1\",\"kind\":\"SparkApplication\"," METADATA(
			NAME) "},\"spec\":{\"jars\":\"local:///opt/etl.jar\","
			      "\"mainClass\":\"com.example.Etl\",\"driverArgs\":[\"--day\",\"2026-"
			      "11-28\"],"
			      "\"runtimeVersions\":{\"sparkVersion\":\"4.3.0\"},"
			      "\"applicationTolerations\":{"
			      "\"restartConfig\":{\"restartPolicy\":\"Never\"},"
			      "\"resourceRetainPolicy\":\"Always\",\"ttlAfterStopMillis\":3600000},"
			      "\"sparkConf\":{\"spark.driver.cores\":\"1\",\"spark.driver.memory\":"
			      "\"1024m\","
			      "\"spark.executor.cores\":\"4\",\"spark.executor.memory\":\"8192m\","
			      "\"spark.executor.instances\":\"20\","
			      "\"spark.kubernetes.container.image\":\"spark:4.3.0\","
			      "\"spark.kubernetes.authenticate.driver.serviceAccountName\":"
			      "\"spark\"," CONF "}}}");
}

#define TEMPLATE(container)                                                                        \
	"{\"spec\":{\"volumes\":[{\"name\":\"sparkgate-file\",\"configMap\":{\"name\":\"" NAME     \
	"-file\"}}],\"containers\":[{\"name\":\"" container "\",\"volumeMounts\":[{"               \
	"\"name\":\"sparkgate-file\",\"mountPath\":\"/opt/sparkgate\",\"readOnly\":true}]}]}}"

static void python_file_travels_by_pod_templates_that_need_no_webhook(void **state)
{
	struct spark_wish wish = wish_of_a_jar();

	(void)state;
	wish.file = "etl.py";
	wish.resource = wish.main_class = wish.image = NULL;
	wish.conf.count = wish.profile_conf.count = wish.environment.count = 0;
	wish.arguments_count = 0;
	json_t *kubeflow = spark_application_make(SPARK_KUBEFLOW, &wish);
	json_t *apache = spark_application_make(SPARK_APACHE, &wish);
	json_t *one = json_object_get(kubeflow, "spec"), *two = json_object_get(apache, "spec");
	json_object_del(one, "sparkConf");
	json_object_del(two, "sparkConf");
	assert_json(json_incref(one),
		"{\"type\":\"Python\",\"mode\":\"cluster\",\"sparkVersion\":\"4.3.0\","
		"\"mainApplicationFile\":\"local:///opt/sparkgate/etl.py\",\"arguments\":[],"
		"\"restartPolicy\":{\"type\":\"Never\"},\"timeToLiveSeconds\":3600,"
		"\"driver\":{\"cores\":1,\"memory\":\"1024m\",\"serviceAccount\":\"spark\","
		"\"template\":" TEMPLATE(
			"spark-kubernetes-driver") "},"
						   "\"executor\":{\"cores\":4,\"memory\":\"8192m\","
						   "\"instances\":20,"
						   "\"template\":" TEMPLATE(
							   "spark-kubernetes-executor") "}}");
	assert_json(json_incref(two),
		"{\"pyFiles\":\"local:///opt/sparkgate/etl.py\",\"driverArgs\":[],"
		"\"runtimeVersions\":{\"sparkVersion\":\"4.3.0\"},\"applicationTolerations\":{"
		"\"restartConfig\":{\"restartPolicy\":\"Never\"},"
		"\"resourceRetainPolicy\":\"Always\",\"ttlAfterStopMillis\":3600000},"
		"\"driverSpec\":{\"podTemplateSpec\":" TEMPLATE(
			"spark-kubernetes-driver") "},"
						   "\"executorSpec\":{"
						   "\"podTemplateSpec\":" TEMPLATE(
							   "spark-kubernetes-executor") "}}");
	json_decref(kubeflow);
	json_decref(apache);
}

static void file_is_a_config_map_that_goes_with_its_resource(void **state)
{
	struct spark_wish wish = wish_of_a_jar();

	(void)state;
	wish.file = "etl.py";
	json_t *map = spark_application_file(&wish, "AP9h");
	assert_json(map,
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"," METADATA(
			NAME "-file") "},"
				      "\"immutable\":true,\"binaryData\":{\"etl.py\":\"AP9h\"}}");
}

static void name_is_the_launchs_own_and_begins_as_people_call_it(void **state)
{
	static const struct {
		const char *name, *begins;
	} rows[] = {{"ETL daily", "etl-daily-"}, {"7 days", "spark-7-days-"}, {"", "spark-"},
		{"\xd0\x96", "spark-"}, {"driver-1", "spark-driver-1-"}, {"app-x", "spark-app-x-"},
		{"--a..b--", "a-b-"}, {"a.very.long.name.that.never.ends", "a-very-long-name-"}};
	char name[SPARK_NAME_SIZE], other[SPARK_NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		spark_application_name("l1", rows[i].name, name);
		assert_true(str_starts(str_of(name), str_of(rows[i].begins)));
		assert_int_equal(
			strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(name));
		spark_application_name("l1", rows[i].name, other);
		assert_string_equal(name, other);
		spark_application_name("l2", rows[i].name, other);
		assert_string_not_equal(name, other);
	}
}

static void resource_is_a_launchs_own_by_its_label(void **state)
{
	struct spark_wish wish = wish_of_a_jar();
	json_t *resource = spark_application_make(SPARK_KUBEFLOW, &wish), *empty = json_object();

	(void)state;
	assert_true(spark_application_is_of(resource, "l1"));
	assert_false(spark_application_is_of(resource, "l2"));
	assert_false(spark_application_is_of(empty, "l1"));
	json_decref(resource);
	json_decref(empty);
}

/* --- what a person may not write --- */

static void assert_refused(const struct spark_wish *wish, const char *says)
{
	struct err err = {""};

	assert_int_equal(spark_words_check(wish, &err), -1);
	if (strstr(err.text, says) == NULL)
		fail_msg("%s: not in %s", says, err.text);
}

static void s130_no_key_of_a_launch_is_about_a_pod(void **state)
{
	static const char *const keys[] = {"spark.kubernetes.driver.podTemplateFile",
		"spark.kubernetes.driver.volumes.hostPath.x.mount.path",
		"spark.kubernetes.authenticate.driver.serviceAccountName",
		"spark.kubernetes.driver.secrets.other", "spark.kubernetes.driver.secretKeyRef.A",
		"spark.kubernetes.container.image", "spark.kubernetes.driverEnv.SPARK_USER",
		"spark.kubernetes.driver.label.sparkgate.io/launch", "spark.kubernetes.namespace",
		"spark.executor.instances", "spark.dynamicAllocation.enabled",
		"spark.executor.memory", "spark.driver.resource.gpu.amount"};
	struct spark_wish wish = wish_of_a_jar();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		wish.conf = (struct spark_pairs){&(struct spark_pair){keys[i], "1"}, 1};
		assert_refused(&wish, strchr(keys[i], '/') ? "no key" : "may not be set here");
		assert_refused(&wish, keys[i]);
	}
}

static void s131_no_word_of_a_launch_reads_what_the_operators_pod_has(void **state)
{
	static const char *const keys[] = {"spark.files", "spark.jars", "spark.jars.packages",
		"spark.archives", "spark.submit.pyFiles", "spark.hadoop.fs.defaultFS"};
	static const char *const resources[] = {"file:///var/run/secrets/token", "/etc/passwd",
		"x.py", "--conf", "local:///a.py,file:///etc/passwd", "local:x", "s3a:///a b.py",
		"local:///{{SPARK_VERSION}}.jar", ""};
	struct spark_wish wish = wish_of_a_jar();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		wish.conf = (struct spark_pairs){&(struct spark_pair){keys[i], "1"}, 1};
		assert_refused(&wish, "the operator");
	}
	wish.conf = (struct spark_pairs){
		&(struct spark_pair){"spark.sql.x", "a${env:AWS_SECRET_ACCESS_KEY}"}, 1};
	assert_refused(&wish, "${");
	wish.conf.count = 0;
	for (size_t i = 0; i < ARRAY_LEN(resources); i++) {
		wish.resource = resources[i];
		assert_refused(&wish, "resource");
	}
}

static void s132_nobody_says_of_oneself_who_one_is(void **state)
{
	static const char *const names[] = {"SPARK_USER", "HADOOP_USER_NAME", "HADOOP_PROXY_USER",
		"KUBERNETES_SERVICE_HOST", "SPARK_APPLICATION_ID", "1A", "A=B", "A-B", ""};
	struct spark_wish wish = wish_of_a_jar();
	char *key = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		wish.environment = (struct spark_pairs){&(struct spark_pair){names[i], "bob"}, 1};
		assert_refused(&wish, "environment");
		wish.environment.count = 0;
		key = mem_printf("spark.executorEnv.%s", names[i]);
		wish.conf = (struct spark_pairs){&(struct spark_pair){key, "bob"}, 1};
		assert_refused(&wish, names[i]);
		wish.conf.count = 0;
		free(key);
	}
	wish.user = "";
	assert_refused(&wish, "user");
}

static void wish_of_ordinary_words_is_taken(void **state)
{
	static const char *const resources[] = {"local:///opt/x.py", "s3a://apps/ann/etl-1.2.jar",
		"https://repo.example/a.jar?x=1", "hdfs://nn:8020/a.R"};
	struct spark_wish wish = wish_of_a_jar();
	struct err err = {""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(resources); i++) {
		wish.resource = resources[i];
		if (spark_words_check(&wish, &err) == -1)
			fail_msg("%s", err.text);
	}
	wish.file = "../etl.py";
	assert_refused(&wish, "file");
	wish.file = "a/b.py";
	assert_refused(&wish, "file");
	wish.file = "etl.py";
	assert_int_equal(spark_words_check(&wish, &err), 0);
	wish.main_class = "com.example.Etl$ --conf";
	assert_refused(&wish, "main_class");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jar_for_kubeflows_operator),
		cmocka_unit_test(jar_for_apaches_operator),
		cmocka_unit_test(python_file_travels_by_pod_templates_that_need_no_webhook),
		cmocka_unit_test(file_is_a_config_map_that_goes_with_its_resource),
		cmocka_unit_test(name_is_the_launchs_own_and_begins_as_people_call_it),
		cmocka_unit_test(resource_is_a_launchs_own_by_its_label),
		cmocka_unit_test(s130_no_key_of_a_launch_is_about_a_pod),
		cmocka_unit_test(s131_no_word_of_a_launch_reads_what_the_operators_pod_has),
		cmocka_unit_test(s132_nobody_says_of_oneself_who_one_is),
		cmocka_unit_test(wish_of_ordinary_words_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
