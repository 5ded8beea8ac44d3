/* What becomes of an application's row while its pod waits, runs, ends and goes. */
#include "tests/support/pod_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define APP "spark-1"

static void put(struct pod_world *w, enum kube_phase phase, const char *reason, int exit_code)
{
	struct kube_pod pod = pod_world_pod("a", APP, phase, POD_WORLD_START);

	snprintf(pod.life.reason, sizeof pod.life.reason, "%s", reason);
	pod.life.exit_code = exit_code;
	merge_pod(pod_world_watch(w), &pod);
}

static void pod_that_waits_says_why_until_it_runs(void **state)
{
	struct pod_world *w = *state;

	put(w, KUBE_PENDING, "Unschedulable: 0/3 nodes", 0);
	assert_string_equal(pod_world_app(w, APP)->reason, "Unschedulable: 0/3 nodes");
	put(w, KUBE_PENDING, "ContainerCreating", 0);
	assert_string_equal(pod_world_app(w, APP)->reason, "ContainerCreating");
	put(w, KUBE_RUNNING, "", 0);
	assert_null(pod_world_app(w, APP)->reason);
	assert_int_equal(pod_world_app(w, APP)->ended_ms, 0);
}

/* An operator that tries again deletes the pod some milliseconds later. */
static void last_word_stays_when_the_pod_is_gone(void **state)
{
	struct pod_world *w = *state;

	put(w, KUBE_RUNNING, "", 0);
	put(w, KUBE_FAILED, "OOMKilled, exit code 137", 137);
	put(w, KUBE_FAILED, "", 0); /* cleared away already */
	pod_world_drop(w, "a", APP);
	assert_string_equal(pod_world_app(w, APP)->reason, "OOMKilled, exit code 137");
	assert_string_equal(pod_world_app(w, APP)->state, "FAILED");
	assert_int_not_equal(pod_world_app(w, APP)->ended_ms, 0);
}

static void last_word_may_come_with_the_end_of_the_pod(void **state)
{
	struct pod_world *w = *state;
	struct kube_pod last = pod_world_pod("a", APP, KUBE_FAILED, POD_WORLD_START);

	put(w, KUBE_RUNNING, "", 0);
	memcpy(last.life.reason, "Error, exit code 1", 19);
	last.life.exit_code = 1;
	merge_pod_gone(pod_world_watch(w), &last);
	assert_string_equal(pod_world_app(w, APP)->reason, "Error, exit code 1");
	assert_string_equal(pod_world_app(w, APP)->state, "FAILED");
}

static void pod_that_goes_before_its_end_says_so(void **state)
{
	struct pod_world *w = *state;

	put(w, KUBE_PENDING, "Unschedulable", 0);
	pod_world_drop(w, "a", APP);
	assert_string_equal(pod_world_app(w, APP)->reason,
		"Its pod is gone; it had not started: Unschedulable");
	put(w, KUBE_RUNNING, "", 0);
	assert_null(pod_world_app(w, APP)->reason);
	pod_world_drop(w, "a", APP);
	assert_string_equal(pod_world_app(w, APP)->reason, "Its pod is gone; it had not ended");
}

static void what_anothers_pod_said_goes_with_it(void **state)
{
	struct pod_world *w = *state;

	put(w, KUBE_FAILED, "Error, exit code 1", 1);
	pod_world_put(w, "b", APP, KUBE_RUNNING, POD_WORLD_START - 3600 * 1000);
	assert_string_equal(pod_world_app(w, APP)->namespace, "b");
	assert_null(pod_world_app(w, APP)->reason);
	assert_int_equal(pod_world_app(w, APP)->exit_code, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, pod_world_set_up, pod_world_tear_down)
	const struct CMUnitTest tests[] = {
		T(pod_that_waits_says_why_until_it_runs),
		T(last_word_stays_when_the_pod_is_gone),
		T(last_word_may_come_with_the_end_of_the_pod),
		T(pod_that_goes_before_its_end_says_so),
		T(what_anothers_pod_said_goes_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
