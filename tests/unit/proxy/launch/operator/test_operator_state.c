/* How far a launch on Kubernetes is, as discovery knows it. */
#include "proxy/launch/operator/operator_state.h"

#include "proxy/discovery/kubernetes/kube_resource.h"
#include "tests/support/pod_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const int64_t start = POD_WORLD_START;

/* --- what the API server tells --- */

static struct kube_watch *watch_of(struct pod_world *w, enum spark_operator kind)
{
	return pod_world_cluster(w)->others[kind];
}

static void put(struct pod_world *w, enum spark_operator kind, const char *status)
{
	struct kube_watch *k = watch_of(w, kind);
	struct kube_object object;
	json_t *json;
	char *text =
		mem_printf("{\"metadata\":{\"name\":\"etl\",\"namespace\":\"spark\",\"uid\":\"u\","
			   "\"creationTimestamp\":\"2023-11-14T22:13:20Z\"},\"status\":%s}",
			status);

	assert_int_equal(kube_item_parse(str_of(text), &json, &object, NULL), 0);
	k->kind->on_object(k, &object);
	json_decref(json);
	free(text);
}

static void drop(struct pod_world *w)
{
	struct kube_object object = {.namespace = "spark", .name = "etl", .uid = "u"};
	struct kube_watch *k = watch_of(w, SPARK_KUBEFLOW);

	k->kind->on_gone(k, &object);
}

#define KUBEFLOW(state, more)                                                                      \
	"{\"applicationState\":{\"state\":\"" state "\",\"errorMessage\":\"said\"}" more "}"

static void put_driver(
	struct pod_world *w, const char *id, enum kube_phase phase, const char *reason, int code)
{
	struct kube_pod pod = pod_world_pod("spark", id, phase, start + 1000);

	pod.uid = id;
	pod.owner = KUBE_OWNER_KUBEFLOW;
	pod.resource = "etl";
	snprintf(pod.life.reason, sizeof pod.life.reason, "%s", reason);
	pod.life.exit_code = code;
	merge_pod(pod_world_watch(w), &pod);
}

static struct operator_state read(struct pod_world *w, enum spark_operator kind)
{
	struct operator_state out;

	operator_state_read(w->discovery, STR("k"), kind, "spark", "etl", &out);
	return out;
}

static void expect(
	struct pod_world *w, enum operator_stage stage, const char *reason, const char *id)
{
	struct operator_state is = read(w, SPARK_KUBEFLOW);

	assert_string_equal(is.reason, reason);
	assert_string_equal(is.app_id, id);
	assert_int_equal(is.stage, stage);
}

/* --- tests --- */

static void launch_runs_from_its_resource_to_its_drivers_end(void **state)
{
	struct pod_world *w = *state;

	put(w, SPARK_KUBEFLOW, "{}");
	expect(w, OPERATOR_WAITS, "", "");
	put(w, SPARK_KUBEFLOW, "{\"applicationState\":{\"state\":\"SUBMITTED\"}}");
	put_driver(w, "spark-1", KUBE_PENDING, "Unschedulable: 0/3 nodes are available", 0);
	expect(w, OPERATOR_WAITS, "Unschedulable: 0/3 nodes are available", "spark-1");
	put_driver(w, "spark-1", KUBE_RUNNING, "", 0);
	expect(w, OPERATOR_RUNS, "", "spark-1");
	put_driver(w, "spark-1", KUBE_FAILED, "OOMKilled, exit code 137", 137);
	put(w, SPARK_KUBEFLOW, KUBEFLOW("FAILED", ",\"sparkApplicationId\":\"spark-1\""));
	expect(w, OPERATOR_FAILED, "OOMKilled, exit code 137", "spark-1");
	assert_int_equal(read(w, SPARK_KUBEFLOW).exit_code, 137);
	assert_true(read(w, SPARK_KUBEFLOW).ended_ms > 0);
}

static void end_without_a_pod_is_the_operators_word(void **state)
{
	struct pod_world *w = *state;

	put(w, SPARK_KUBEFLOW, KUBEFLOW("SUBMISSION_FAILED", ""));
	expect(w, OPERATOR_FAILED, "said", "");
	put(w, SPARK_KUBEFLOW, KUBEFLOW("COMPLETED", ",\"sparkApplicationId\":\"spark-2\""));
	expect(w, OPERATOR_FINISHED, "said", "spark-2");
	put(w, SPARK_APACHE,
		"{\"currentState\":{\"currentStateSummary\":\"ResourceReleased\"},"
		"\"stateTransitionHistory\":{\"0\":{\"currentStateSummary\":\"Submitted\"},"
		"\"1\":{\"currentStateSummary\":\"Succeeded\"},"
		"\"2\":{\"currentStateSummary\":\"ResourceReleased\"}}}");
	assert_int_equal(read(w, SPARK_APACHE).stage, OPERATOR_FINISHED);
}

static void earlier_run_is_not_the_one_that_waits(void **state)
{
	struct pod_world *w = *state;

	put_driver(w, "spark-1", KUBE_FAILED, "exit code 1", 1);
	put(w, SPARK_KUBEFLOW, KUBEFLOW("PENDING_RERUN", ",\"executionAttempts\":1"));
	expect(w, OPERATOR_WAITS, "said", "");
	assert_int_equal(read(w, SPARK_KUBEFLOW).exit_code, 0);
}

static void suspended_launch_waits_and_deleted_one_was_killed(void **state)
{
	struct pod_world *w = *state;

	put(w, SPARK_KUBEFLOW, KUBEFLOW("SUSPENDED", ""));
	assert_int_equal(read(w, SPARK_KUBEFLOW).stage, OPERATOR_SUSPENDED);
	drop(w);
	expect(w, OPERATOR_KILLED, "Its resource was deleted.", "");
}

static void end_stays_when_the_resource_goes_by_its_time(void **state)
{
	struct pod_world *w = *state;

	put(w, SPARK_KUBEFLOW, KUBEFLOW("COMPLETED", ""));
	drop(w);
	expect(w, OPERATOR_FINISHED, "said", "");
}

static void what_nobody_watches_is_unknown_and_what_is_not_listed_is_absent(void **state)
{
	struct pod_world *w = *state;
	struct kube_watch *k = watch_of(w, SPARK_KUBEFLOW);

	expect(w, OPERATOR_UNKNOWN, "The gateway has not heard of its resources yet.", "");
	k->up = true;
	expect(w, OPERATOR_ABSENT, "", "");
	k->up = false;
	k->lack = "not allowed";
	assert_non_null(strstr(read(w, SPARK_KUBEFLOW).reason, "lacks the verbs list and watch"));
	k->lack = "not there";
	assert_non_null(strstr(read(w, SPARK_KUBEFLOW).reason, "operator is not installed"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, pod_world_set_up, pod_world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(launch_runs_from_its_resource_to_its_drivers_end),
		TEST(end_without_a_pod_is_the_operators_word),
		TEST(earlier_run_is_not_the_one_that_waits),
		TEST(suspended_launch_waits_and_deleted_one_was_killed),
		TEST(end_stays_when_the_resource_goes_by_its_time),
		TEST(what_nobody_watches_is_unknown_and_what_is_not_listed_is_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
