/* What became of a pod's containers, and events, as an API server tells of them. */
#include "proxy/discovery/kubernetes/kube_status.h"

#include "base/text/json_text.h"
#include "proxy/discovery/kubernetes/kube_pod.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#define POD                                                                                        \
	"{\"metadata\":{\"namespace\":\"spark\",\"name\":\"etl\",\"uid\":\"u-1\","                 \
	"\"creationTimestamp\":\"2023-11-14T22:13:20Z\","                                          \
	"\"labels\":{\"spark-role\":\"executor\",\"spark-app-selector\":\"spark-1\"},"             \
	"\"annotations\":{\"secret\":\"hunter2\",\"spark-app-name\":\"n\"},"                       \
	"\"managedFields\":[{\"x\":1}],"                                                           \
	"\"ownerReferences\":[{\"kind\":\"Pod\",\"uid\":\"u-0\"}]},"                               \
	"\"spec\":{\"nodeName\":\"node-1\",\"containers\":[{\"name\":\"istio-proxy\"},"            \
	"{\"name\":\"spark-kubernetes-driver\",\"args\":[\"hunter2\"],"                            \
	"\"env\":[{\"name\":\"PASSWORD\",\"value\":\"hunter2\"},"                                  \
	"{\"name\":\"SPARK_USER\",\"value\":\"ann\"}]}]},"                                         \
	"\"status\":{\"phase\":\"Failed\",\"reason\":\"Evicted\",\"message\":\"low on memory\","   \
	"\"containerStatuses\":[{\"name\":\"spark-kubernetes-driver\",\"restartCount\":2,"         \
	"\"state\":{\"terminated\":{\"exitCode\":137,\"reason\":\"OOMKilled\",\"message\":\"m\","  \
	"\"startedAt\":\"2023-11-14T22:13:21Z\",\"finishedAt\":\"2023-11-14T22:13:29Z\"}}}]}}"

static json_t *parse(const char *text)
{
	struct err err = {""};
	json_t *json = json_of_text(str_of(text), &err);

	assert_non_null(json);
	return json;
}

static void status_tells_how_each_container_ended(void **state)
{
	json_t *json = parse(POD);
	struct kube_status s;
	struct err err = {""};

	(void)state;
	assert_int_equal(kube_status_read(json, &s, &err), 0);
	assert_string_equal(s.name, "etl");
	assert_string_equal(s.reason, "Evicted");
	assert_string_equal(s.node, "node-1");
	assert_string_equal(s.role, "executor");
	assert_string_equal(s.app_id, "spark-1");
	assert_string_equal(s.owner, "u-0");
	assert_int_equal(s.containers_count, 2);
	assert_string_equal(s.containers[0].state, "");
	const struct kube_container *c = kube_status_main(&s);
	assert_string_equal(c->name, "spark-kubernetes-driver");
	assert_string_equal(c->state, "terminated");
	assert_string_equal(c->reason, "OOMKilled");
	assert_string_equal(c->message, "m");
	assert_int_equal(c->exit_code, 137);
	assert_int_equal(c->restarts, 2);
	assert_int_equal(c->ended_ms - c->started_ms, 8000);
	assert_ptr_equal(kube_status_find(&s, "istio-proxy"), &s.containers[0]);
	assert_null(kube_status_find(&s, "x"));
	json_decref(json);
}

/* Of a pod of this phase, with these members of its metadata and status. */
static bool has_failed(const char *phase, const char *metadata, const char *status)
{
	char *text =
		mem_printf("{\"metadata\":{\"namespace\":\"a\",\"name\":\"e\",\"uid\":\"u\"%s},"
			   "\"spec\":{\"containers\":[{\"name\":\"spark-kubernetes-executor\"}]},"
			   "\"status\":{\"phase\":\"%s\"%s}}",
			metadata, phase, status);
	json_t *json = parse(text);
	struct kube_status s;
	struct err err = {""};
	bool failed;

	assert_int_equal(kube_status_read(json, &s, &err), 0);
	failed = kube_status_has_failed(&s);
	assert_true(!failed || kube_status_has_ended(&s));
	json_decref(json);
	free(text);
	return failed;
}

#define ENDED(code, reason)                                                                        \
	",\"containerStatuses\":[{\"name\":\"spark-kubernetes-executor\",\"state\":"               \
	"{\"terminated\":{\"exitCode\":" #code ",\"reason\":\"" reason                             \
	"\",\"finishedAt\":\"2023-11-14T22:13:29Z\"}}}]"
#define DELETED_AT(seconds)                                                                        \
	",\"deletionTimestamp\":\"2023-11-14T22:13:" #seconds                                      \
	"Z\",\"deletionGracePeriodSeconds\":10"

/* Spark deletes those that failed, too: what counts is which came first. */
static void executor_failed_by_itself_or_because_somebody_deleted_it(void **state)
{
	(void)state;
	assert_true(has_failed("Running", "", ENDED(137, "OOMKilled"))); /* beside a sidecar */
	assert_true(has_failed("Failed", DELETED_AT(40), ENDED(1, "Error")));
	assert_false(has_failed("Failed", DELETED_AT(38), ENDED(143, "Error")));
	assert_true(has_failed("Failed", DELETED_AT(38), ENDED(137, "OOMKilled")));
	assert_false(has_failed("Succeeded", "", ENDED(0, "Completed")));
	assert_false(has_failed("Running", DELETED_AT(40), ""));
	assert_true(has_failed("Failed", "", ""));
	assert_true(has_failed("Failed", DELETED_AT(40), ",\"reason\":\"Evicted\""));
	assert_false(has_failed("Running", "", ""));
}

static void s111_what_is_kept_of_a_pod_has_no_secret_and_reads_the_same(void **state)
{
	json_t *json = parse(POD), *cut = kube_status_cut(json), *again;
	char *text = json_text(cut);
	struct err err = {""};
	struct kube_status s;
	struct kube_object object;
	struct kube_pod pod;

	(void)state;
	assert_null(strstr(text, "hunter2"));
	assert_null(strstr(text, "managedFields"));
	assert_int_equal(kube_item_parse(str_of(text), &again, &object, &err), 0);
	kube_pod_read(&object, &pod);
	assert_string_equal(pod.app_id, "spark-1");
	assert_string_equal(pod.user, "ann");
	assert_int_equal(pod.phase, KUBE_FAILED);
	assert_int_equal(kube_status_read(again, &s, &err), 0);
	assert_int_equal(kube_status_main(&s)->exit_code, 137);
	json_decref(again);
	json_decref(cut);
	json_decref(json);
	free(text);
}

static void s111_pod_that_somebody_filled_is_kept_by_its_name_only(void **state)
{
	json_t *json = parse(POD), *labels = json_object(), *cut;
	struct err err = {""};
	struct kube_status s;
	char key[32];

	(void)state;
	for (int i = 0; i < KUBE_STATUS_CUT_MAX / 16; i++) {
		snprintf(key, sizeof key, "label-%08d", i);
		json_object_set_new(labels, key, json_string("x"));
	}
	json_object_set_new(json_object_get(json, "metadata"), "labels", labels);
	cut = kube_status_cut(json);
	assert_true(json_dumpb(cut, NULL, 0, JSON_COMPACT) < 256);
	assert_int_equal(kube_status_read(cut, &s, &err), 0);
	assert_string_equal(s.uid, "u-1");
	assert_int_equal(s.containers_count, 0);
	json_decref(cut);
	json_decref(json);
}

static void pod_without_a_name_is_none(void **state)
{
	json_t *json = parse("{\"metadata\":{\"namespace\":\"spark\"},\"spec\":[],\"status\":7}");
	struct kube_status s;
	struct err err = {""};

	(void)state;
	assert_int_equal(kube_status_read(json, &s, &err), -1);
	assert_null(kube_status_main(&s));
	json_decref(json);
}

static void event_tells_when_it_happened_last(void **state)
{
	static const struct {
		const char *times;
		int64_t at_ms;
	} rows[] = {
		{"\"lastTimestamp\":\"2023-11-14T22:13:20Z\",\"eventTime\":null", 1700000000000},
		{"\"eventTime\":\"2023-11-14T22:13:20.123456Z\"", 1700000000123},
		{"\"eventTime\":\"2023-11-14T22:13:20.123456Z\","
		 "\"series\":{\"count\":9,\"lastObservedTime\":\"2023-11-14T22:13:21.000000Z\"}",
			1700000001000},
		{"\"lastTimestamp\":\"yesterday\"", 0},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[512];
		struct kube_incident it;
		struct err err = {""};
		snprintf(text, sizeof text,
			"{\"involvedObject\":{\"kind\":\"Pod\",\"name\":\"etl\",\"uid\":\"u-1\"},"
			"\"reason\":\"BackOff\",%s}",
			rows[i].times);
		json_t *json = parse(text);
		assert_int_equal(kube_incident_read(json, &it, &err), 0);
		assert_int_equal(it.at_ms, rows[i].at_ms);
		assert_int_equal(it.count, i == 2 ? 9 : 1);
		assert_string_equal(it.uid, "u-1");
		json_decref(json);
	}
}

static void event_about_something_else_is_none(void **state)
{
	json_t *json = parse("{\"involvedObject\":{\"kind\":\"Node\",\"uid\":\"u-1\"}}");
	struct kube_incident it;
	struct err err = {""};

	(void)state;
	assert_int_equal(kube_incident_read(json, &it, &err), -1);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_tells_how_each_container_ended),
		cmocka_unit_test(executor_failed_by_itself_or_because_somebody_deleted_it),
		cmocka_unit_test(s111_what_is_kept_of_a_pod_has_no_secret_and_reads_the_same),
		cmocka_unit_test(s111_pod_that_somebody_filled_is_kept_by_its_name_only),
		cmocka_unit_test(pod_without_a_name_is_none),
		cmocka_unit_test(event_tells_when_it_happened_last),
		cmocka_unit_test(event_about_something_else_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
