/* An application's two names: its pod's and its event log's. */
#include "tests/support/pod_world.h"

#include "proxy/discovery/claim.h"
#include "proxy/discovery/known/app_names.h"
#include "proxy/discovery/merge_polls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define APP "spark-1"

enum { HOUR_MS = 3600 * 1000 };

static void log_lists(struct pod_world *w, const char *name, bool has_many_logs)
{
	struct spark_app row = {.id = APP,
		.name = name,
		.user = "u",
		.state = "FINISHED",
		.started_ms = POD_WORLD_START + 1000,
		.updated_ms = POD_WORLD_START + HOUR_MS,
		.duration_ms = 5,
		.has_many_logs = has_many_logs};
	struct spark_apps list = {.apps = &row, .count = 1};
	struct history *h = pod_world_cluster(w)->histories[0];

	h->server.tried = true;
	merge_history(h, &list, ++h->listings, false);
}

static void settle(struct pod_world *w)
{
	claim_settle(pod_world_cluster(w));
	app_names_settle(pod_world_cluster(w));
}

static void check(struct pod_world *w, const char *first, const char *other)
{
	settle(w);
	assert_string_equal(app_names_first(pod_world_app(w, APP)), first);
	assert_string_equal(app_names_other(pod_world_app(w, APP)), other);
}

static void both_names_are_known_while_its_pod_is_and_after_a_restart_without_it(void **state)
{
	struct pod_world *w = *state;

	pod_world_ready(w);
	pod_world_put(w, "etl", APP, KUBE_RUNNING, POD_WORLD_START);
	check(w, "etl", "");
	log_lists(w, "ETL daily", false);
	check(w, "etl", "ETL daily");
	pod_world_restart(w);
	log_lists(w, "ETL daily", false);
	pod_world_listing(w);
	pod_world_listed(w);
	check(w, "etl", "ETL daily");
}

static void name_that_was_settled_stays_whatever_its_pod_is_called_later(void **state)
{
	struct pod_world *w = *state;
	struct kube_pod again = pod_world_pod("etl", APP, KUBE_RUNNING, POD_WORLD_START);

	pod_world_ready(w);
	pod_world_put(w, "etl", APP, KUBE_RUNNING, POD_WORLD_START);
	check(w, "etl", "");
	again.app_name = "payroll";
	merge_pod(pod_world_watch(w), &again);
	check(w, "etl", "");
}

static void s73_name_of_several_logs_opens_nothing(void **state)
{
	struct pod_world *w = *state;

	pod_world_ready(w);
	pod_world_put(w, "etl", APP, KUBE_RUNNING, POD_WORLD_START);
	log_lists(w, "payroll", true);
	check(w, "etl", "");
}

static void what_was_never_a_pod_has_the_name_of_its_log(void **state)
{
	struct pod_world *w = *state;

	pod_world_ready(w);
	log_lists(w, "ETL daily", false);
	check(w, "ETL daily", "");
}

static void name_of_a_pod_of_another_namespace_goes_with_it(void **state)
{
	struct pod_world *w = *state;

	pod_world_put(w, "thieves", APP, KUBE_RUNNING, POD_WORLD_START + HOUR_MS);
	pod_world_put(w, "etl", APP, KUBE_RUNNING, POD_WORLD_START);
	assert_string_equal(app_names_first(pod_world_app(w, APP)), "etl");
	pod_world_ready(w);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, pod_world_set_up, pod_world_tear_down)
	const struct CMUnitTest tests[] = {
		T(both_names_are_known_while_its_pod_is_and_after_a_restart_without_it),
		T(name_that_was_settled_stays_whatever_its_pod_is_called_later),
		T(s73_name_of_several_logs_opens_nothing),
		T(what_was_never_a_pod_has_the_name_of_its_log),
		T(name_of_a_pod_of_another_namespace_goes_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
