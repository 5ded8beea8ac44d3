/* What the keeper tells a request about an application's driver pod. */
#include "proxy/discovery/pods/pod_desk.h"

#include "proxy/discovery/pods/pod_question.h"
#include "tests/support/pod_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define WORLD(test) cmocka_unit_test_setup_teardown(test, pod_world_set_up, pod_world_tear_down)

static struct pod_question *ask(struct pod_world *w, const char *cluster, const char *app)
{
	struct pod_question *q = pod_question_new(NULL, cluster, app, NULL, NULL);

	pod_desk_answer(w->discovery, q);
	return q;
}

static void assert_known(struct pod_world *w, const char *app, enum pod_known known)
{
	struct pod_question *q = ask(w, pod_world_cluster(w)->name, app);

	assert_int_equal(q->answer.known, known);
	pod_question_free(q);
}

static void pod_is_told_while_it_is_there_and_after(void **state)
{
	struct pod_world *w = *state;
	struct pod_question *q;

	pod_world_ready(w);
	assert_known(w, "spark-1", POD_NONE);
	pod_world_put(w, "etl", "spark-1", KUBE_RUNNING, POD_WORLD_START);
	q = ask(w, pod_world_cluster(w)->name, "spark-1");
	assert_int_equal(q->answer.known, POD_THERE);
	assert_string_equal(q->answer.namespace, "etl");
	assert_int_equal(q->answer.others_count, 0);
	assert_null(q->answer.kept.log);
	pod_question_free(q);
	pod_world_drop(w, "etl", "spark-1");
	assert_known(w, "spark-1", POD_GONE);
	q = ask(w, "another", "spark-1");
	assert_int_equal(q->answer.known, POD_NONE);
	pod_question_free(q);
}

static void s111_other_applications_in_the_same_pod_are_told(void **state)
{
	struct pod_world *w = *state;
	struct pod_question *q;

	pod_world_ready(w); /* a pod's uid is its namespace there */
	pod_world_put(w, "etl", "spark-1", KUBE_RUNNING, POD_WORLD_START);
	pod_world_put(w, "etl", "spark-2", KUBE_RUNNING, POD_WORLD_START);
	pod_world_put(w, "sales", "spark-3", KUBE_RUNNING, POD_WORLD_START);
	q = ask(w, pod_world_cluster(w)->name, "spark-1");
	assert_int_equal(q->answer.others_count, 1);
	assert_string_equal(q->answer.others[0], "spark-2");
	pod_question_free(q);
}

static void s111_pod_that_is_not_the_applications_any_more_is_not_told(void **state)
{
	struct pod_world *w = *state;

	pod_world_listing(w);
	pod_world_put(w, "thieves", "spark-1", KUBE_RUNNING, POD_WORLD_START + 3600 * 1000);
	pod_world_listed(w);
	pod_world_history_lists(w, "spark-1", POD_WORLD_START, true);
	(void)pod_world_owner(w, "spark-1"); /* settles */
	assert_known(w, "spark-1", POD_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(pod_is_told_while_it_is_there_and_after),
		WORLD(s111_other_applications_in_the_same_pod_are_told),
		WORLD(s111_pod_that_is_not_the_applications_any_more_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
