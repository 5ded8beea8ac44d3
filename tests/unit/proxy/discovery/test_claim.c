/* Whose an application is (S43): pods claim, and what was settled stays. */
#include "proxy/discovery/claim.h"
#include "proxy/discovery/merge_polls.h"
#include "proxy/discovery/publish_registry.h"
#include "tests/support/pod_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SECOND = 1000, HOUR = 3600 * SECOND };
static const int64_t start = POD_WORLD_START;

/* Shorter, for they are in every line. */
#define put	pod_world_put
#define owner	pod_world_owner
#define holder	pod_world_holder
#define listing pod_world_listing
#define listed	pod_world_listed
#define ready	pod_world_ready

static void s43_application_is_its_pods_namespaces(void **state)
{
	struct pod_world *w = *state;

	ready(w);
	put(w, "etl", "spark-1", KUBE_RUNNING, start);
	assert_string_equal(owner(w, "spark-1"), "etl");
	pod_world_drop(w, "etl", "spark-1");
	assert_string_equal(owner(w, "spark-1"), "etl");
}

static void s43_ended_pod_of_others_does_not_take_an_application_listed_before_or_after(
	void **state)
{
	struct pod_world *w = *state;

	for (int thief_first = 0; thief_first < 2; thief_first++) {
		const char *id = thief_first ? "spark-1" : "spark-2";

		pod_world_history_lists(w, "", 0, false);
		listing(w);
		if (thief_first)
			put(w, "thieves", id, KUBE_SUCCEEDED, start + HOUR);
		put(w, "etl", id, KUBE_RUNNING, start);
		if (!thief_first)
			put(w, "thieves", id, KUBE_SUCCEEDED, start + HOUR);
		assert_string_not_equal(owner(w, id), "thieves"); /* while it is listed, too */
		listed(w);
		assert_string_equal(owner(w, id), "etl");
		assert_string_equal(holder(w, id), "etl");
		pod_world_restart(w);
	}
}

static void s43_claims_too_near_to_tell_let_nobody_limited_in(void **state)
{
	static const int64_t apart[] = {0, SECOND, -SECOND, 9 * SECOND};
	struct pod_world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(apart); i++) {
		char id[32];

		snprintf(id, sizeof id, "spark-%zu", i);
		ready(w);
		listing(w);
		put(w, "thieves", id, KUBE_SUCCEEDED, start + apart[i]);
		put(w, "etl", id, KUBE_RUNNING, start);
		listed(w);
		assert_string_equal(owner(w, id), "");
		assert_string_equal(holder(w, id), "etl"); /* what runs is there, for others */
		/* That stays so when one of them goes, and when the gateway starts anew. */
		pod_world_drop(w, "etl", id);
		put(w, "thieves", id, KUBE_SUCCEEDED, start + apart[i]);
		assert_string_equal(owner(w, id), "");
	}
	pod_world_restart(w);
	listing(w);
	pod_world_history_lists(w, "", 0, false);
	put(w, "thieves", "spark-0", KUBE_SUCCEEDED, start);
	listed(w);
	assert_string_equal(owner(w, "spark-0"), "");
}

static void s43_what_was_settled_outlives_a_restart(void **state)
{
	struct pod_world *w = *state;

	ready(w);
	put(w, "etl", "spark-1", KUBE_RUNNING, start);
	assert_string_equal(owner(w, "spark-1"), "etl");
	pod_world_restart(w);
	/* The pod is gone; the thief's is older by its label, which anybody can change. */
	listing(w);
	put(w, "thieves", "spark-1", KUBE_SUCCEEDED, start - HOUR);
	pod_world_history_lists(w, "spark-1", start + SECOND, true);
	listed(w);
	assert_string_equal(owner(w, "spark-1"), "etl");
	assert_string_equal(holder(w, "spark-1"), "");
	put(w, "thieves", "spark-1", KUBE_SUCCEEDED, start - HOUR);
	assert_string_equal(holder(w, "spark-1"), "");
	/* And with no history of it: there is nothing to see. */
	pod_world_restart(w);
	ready(w);
	put(w, "thieves", "spark-1", KUBE_RUNNING, start - HOUR);
	assert_string_equal(owner(w, "spark-1"), "etl");
	assert_string_equal(holder(w, "spark-1"), "");
	assert_string_equal(pod_world_app(w, "spark-1")->name, "spark-1"); /* nor its name */
}

static void s43_relabelled_pod_does_not_take_a_settled_application(void **state)
{
	struct pod_world *w = *state;

	ready(w);
	put(w, "etl", "spark-1", KUBE_RUNNING, start);
	assert_string_equal(owner(w, "spark-1"), "etl");
	put(w, "thieves", "spark-1", KUBE_RUNNING, start - HOUR);
	assert_string_equal(owner(w, "spark-1"), "etl");
	assert_string_equal(holder(w, "spark-1"), "etl");
}

static void s43_pod_is_not_younger_than_an_application_that_only_history_knows(void **state)
{
	static const enum kube_phase phases[] = {
		KUBE_PENDING, KUBE_RUNNING, KUBE_SUCCEEDED, KUBE_FAILED};
	struct pod_world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(phases); i++) {
		for (int history_first = 0; history_first < 2; history_first++) {
			bool completed = phases[i] == KUBE_SUCCEEDED || phases[i] == KUBE_FAILED;

			pod_world_restart(w);
			listing(w);
			if (history_first)
				pod_world_history_lists(w, "spark-1", start, completed);
			put(w, "thieves", "spark-1", phases[i], start + 11 * SECOND);
			if (!history_first)
				pod_world_history_lists(w, "spark-1", start, completed);
			listed(w);
			assert_string_equal(owner(w, "spark-1"), "");
			assert_string_equal(holder(w, "spark-1"), "");
			put(w, "thieves", "spark-1", phases[i], start + 11 * SECOND);
			assert_string_equal(owner(w, "spark-1"), "");
			assert_string_equal(holder(w, "spark-1"), "");
		}
	}
}

static void s43_clocks_of_machines_may_differ_by_seconds(void **state)
{
	static const int64_t later[] = {-HOUR, 0, SECOND, 10 * SECOND};
	struct pod_world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(later); i++) {
		char id[32];

		snprintf(id, sizeof id, "spark-%zu", i);
		pod_world_restart(w);
		pod_world_history_lists(w, id, start, false);
		listing(w);
		put(w, "etl", id, KUBE_RUNNING, start + later[i]);
		listed(w);
		assert_string_equal(owner(w, id), "etl");
	}
}

static void s43_pod_that_ended_before_an_application_began_is_not_its(void **state)
{
	struct pod_world *w = *state;
	struct kube_pod pod = pod_world_pod("thieves", "spark-1", KUBE_SUCCEEDED, start - HOUR);

	pod.ended_ms = start - HOUR / 2;
	pod_world_history_lists(w, "spark-1", start, true);
	listing(w);
	merge_pod(pod_world_watch(w), &pod);
	listed(w);
	assert_string_equal(owner(w, "spark-1"), "");
}

static void s43_ended_application_does_not_rise_in_another_pod(void **state)
{
	struct pod_world *w = *state;

	pod_world_history_lists(w, "spark-1", start, true);
	listing(w);
	put(w, "thieves", "spark-1", KUBE_RUNNING, start - HOUR);
	listed(w);
	assert_string_equal(owner(w, "spark-1"), "");
	assert_string_equal(holder(w, "spark-1"), "");
}

static void s43_nothing_is_settled_before_the_history_server_has_answered(void **state)
{
	struct pod_world *w = *state;

	pod_world_cluster(w)->histories[0]->server.tried = true; /* and it is down */
	listing(w);
	put(w, "thieves", "spark-1", KUBE_SUCCEEDED, start + HOUR);
	listed(w);
	(void)owner(w, "spark-1");
	pod_world_history_lists(w, "spark-1", start, true);
	assert_string_equal(owner(w, "spark-1"), "");
	pod_world_restart(w);
	ready(w);
	put(w, "etl", "spark-1", KUBE_RUNNING, start - SECOND);
	assert_string_equal(owner(w, "spark-1"), "etl");
}

static void s43_restarted_driver_of_the_same_team_goes_on(void **state)
{
	struct pod_world *w = *state;
	struct kube_pod again = pod_world_pod("etl", "spark-1", KUBE_RUNNING, start + 2 * HOUR);

	ready(w);
	put(w, "etl", "spark-1", KUBE_RUNNING, start);
	assert_string_equal(owner(w, "spark-1"), "etl");
	pod_world_restart(w);
	pod_world_history_lists(w, "spark-1", start, false);
	listing(w);
	again.uid = "another";
	merge_pod(pod_world_watch(w), &again);
	listed(w);
	assert_string_equal(owner(w, "spark-1"), "etl");
	assert_string_equal(holder(w, "spark-1"), "another");
	/* An operator's restart is another application of the same name. */
	put(w, "etl", "spark-2", KUBE_RUNNING, start + 3 * HOUR);
	assert_string_equal(owner(w, "spark-2"), "etl");
	assert_string_equal(owner(w, "spark-1"), "etl");
}

static void s43_pod_takes_no_name_that_masters_and_others_give(void **state)
{
	static const char *const ids[] = {"app-20261129004500-0001", "driver-20261129004500-0001",
		"worker-20261129004500-10.0.0.7-40001", "application_1700000000000_0001",
		"local-1700000000000"};
	static const char *const good[] = {
		"spark-1", "app-1", "my-app", "local-etl", "app-2026-x", "application_etl"};
	struct pod_world *w = *state;

	ready(w);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		put(w, "thieves", ids[i], KUBE_RUNNING, start);
		assert_string_equal(owner(w, ids[i]), "(unknown)");
	}
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		put(w, "etl", good[i], KUBE_RUNNING, start);
		assert_string_equal(owner(w, good[i]), "etl");
	}
}

static struct spark_worker worker_row(const char *id)
{
	return (struct spark_worker){
		.id = id, .host = "h", .web_ui = "http://127.0.0.1:8081", .state = "ALIVE"};
}

static void s65_pod_does_not_take_the_place_of_a_worker_or_of_a_driver(void **state)
{
	struct spark_worker worker = worker_row("w1");
	struct spark_driver driver = {.id = "d1", .worker = "w1"};
	struct spark_master m = {
		.workers = &worker, .workers_count = 1, .drivers = &driver, .drivers_count = 1};
	struct pod_world *w = *state;

	/* By their looks, where there are masters: nobody need have told of them... */
	ready(w);
	pod_world_cluster(w)->masters_count = 1;
	put(w, "thieves", "worker-of-rack-7", KUBE_RUNNING, start);
	put(w, "thieves", "driver-7", KUBE_RUNNING, start);
	pod_world_cluster(w)->masters_count = 0;
	assert_string_equal(owner(w, "worker-of-rack-7"), "(unknown)");
	assert_string_equal(owner(w, "driver-7"), "(unknown)");
	/* ...by what a master tells after... */
	pod_world_history_lists(w, "", 0, false);
	listing(w);
	put(w, "thieves", "w1", KUBE_RUNNING, start);
	put(w, "thieves", "d1", KUBE_RUNNING, start);
	merge_master(pod_world_cluster(w), &m);
	listed(w);
	assert_string_equal(owner(w, "w1"), "(unknown)");
	assert_string_equal(owner(w, "d1"), "(unknown)");
	/* ...and before. */
	put(w, "thieves", "w1", KUBE_RUNNING, start);
	assert_string_equal(owner(w, "w1"), "(unknown)");
}

static void s65_worker_does_not_take_the_place_of_a_settled_application(void **state)
{
	struct spark_worker worker = worker_row("spark-1");
	struct spark_master m = {.workers = &worker, .workers_count = 1};
	struct pod_world *w = *state;
	struct registry *reg;

	ready(w);
	put(w, "etl", "spark-1", KUBE_RUNNING, start);
	assert_string_equal(owner(w, "spark-1"), "etl");
	merge_master(pod_world_cluster(w), &m);
	reg = publish_registry_build(w->discovery);
	assert_int_equal(registry_proxy(reg, STR("k"), STR("spark-1"))->kind, UI_DRIVER);
	registry_free(reg);
}

static void s43_application_of_a_master_is_no_pods(void **state)
{
	struct spark_app row = {.id = "mine",
		.name = "n",
		.user = "u",
		.state = "RUNNING",
		.started_ms = start,
		.duration_ms = -1,
		.running = true};
	struct spark_master m = {.apps = &row, .apps_count = 1}, empty = {.apps = NULL};
	struct pod_world *w = *state;

	/* Its name was guessed. */
	ready(w);
	put(w, "thieves", "mine", KUBE_RUNNING, start - HOUR);
	merge_master(pod_world_cluster(w), &m);
	assert_string_equal(owner(w, "mine"), "");
	assert_string_equal(holder(w, "mine"), "");
	assert_null(pod_world_app(w, "mine")->known.origin); /* its master is asked where it is */
	put(w, "thieves", "mine", KUBE_RUNNING, start - HOUR);
	assert_string_equal(holder(w, "mine"), "");
	merge_master(pod_world_cluster(w), &empty);
	put(w, "thieves", "mine", KUBE_SUCCEEDED, start - HOUR);
	assert_string_equal(owner(w, "mine"), "");
	assert_string_equal(holder(w, "mine"), "");
}

static void s43_of_a_list_that_was_cut_an_unlisted_application_is_nobodys(void **state)
{
	struct pod_world *w = *state;

	ready(w);
	pod_world_cluster(w)->histories[0]->is_cut = true;
	put(w, "thieves", "spark-1", KUBE_RUNNING, start);
	assert_string_equal(owner(w, "spark-1"), "");
	put(w, "etl", "spark-2", KUBE_RUNNING, start);
	pod_world_history_lists(w, "spark-2", start, false);
	assert_string_equal(owner(w, "spark-2"), "etl");
}

static int failing(struct store *store, struct store_owner *owners, size_t count, int64_t now)
{
	(void)store;
	(void)owners;
	(void)count;
	(void)now;
	return -1;
}

static void s43_while_the_store_is_silent_nobody_new_gets_in(void **state)
{
	const struct store_ops ops = {.owners = failing};
	struct store silent = {.ops = &ops};
	struct pod_world *w = *state;

	ready(w);
	put(w, "etl", "spark-1", KUBE_RUNNING, start);
	assert_string_equal(owner(w, "spark-1"), "etl");
	discovery_use_store(w->discovery, &silent);
	put(w, "etl", "spark-2", KUBE_RUNNING, start);
	assert_string_equal(owner(w, "spark-2"), "");
	assert_string_equal(owner(w, "spark-1"), "etl");
	assert_string_equal(holder(w, "spark-2"), "etl"); /* others go on */
	discovery_use_store(w->discovery, w->store);
	assert_string_equal(owner(w, "spark-2"), "etl");
}

static void s43_gateways_on_one_store_agree(void **state)
{
	struct pod_world *w = *state, other = *w;

	ready(w);
	pod_world_begin(&other);
	ready(&other);
	put(w, "etl", "spark-1", KUBE_RUNNING, start);
	assert_string_equal(owner(w, "spark-1"), "etl");
	/* This one hears of the other pod first. */
	put(&other, "thieves", "spark-1", KUBE_RUNNING, start + SECOND);
	assert_string_not_equal(owner(&other, "spark-1"), "thieves");
	put(&other, "etl", "spark-1", KUBE_RUNNING, start);
	assert_string_equal(owner(&other, "spark-1"), "etl");
	discovery_free(other.discovery);
}

/* It was there before, and could name whatever it sees. */
static void s113_old_pod_whose_ui_names_an_id_takes_it_from_nobody(void **state)
{
	struct pod_world *w = *state;
	struct kube_pod pod = pod_world_pod(
		"thieves", "spark-1", KUBE_RUNNING, POD_WORLD_START - 24 * 3600 * 1000);

	pod.is_named_by_ui = true;
	pod_world_put(w, "etl", "spark-1", KUBE_RUNNING, POD_WORLD_START);
	merge_pod(pod_world_watch(w), &pod);
	assert_string_equal(pod_world_holder(w, "spark-1"), "etl");
	pod_world_ready(w);
	pod_world_listing(w);
	merge_pod(pod_world_watch(w), &pod);
	pod_world_put(w, "etl", "spark-1", KUBE_RUNNING, POD_WORLD_START);
	pod_world_listed(w);
	assert_string_equal(pod_world_holder(w, "spark-1"), "etl");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pod_world_set_up, pod_world_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(s43_application_is_its_pods_namespaces),
		TEST(s43_ended_pod_of_others_does_not_take_an_application_listed_before_or_after),
		TEST(s43_claims_too_near_to_tell_let_nobody_limited_in),
		TEST(s43_what_was_settled_outlives_a_restart),
		TEST(s43_relabelled_pod_does_not_take_a_settled_application),
		TEST(s43_pod_is_not_younger_than_an_application_that_only_history_knows),
		TEST(s43_clocks_of_machines_may_differ_by_seconds),
		TEST(s43_pod_that_ended_before_an_application_began_is_not_its),
		TEST(s43_ended_application_does_not_rise_in_another_pod),
		TEST(s43_nothing_is_settled_before_the_history_server_has_answered),
		TEST(s43_restarted_driver_of_the_same_team_goes_on),
		TEST(s43_pod_takes_no_name_that_masters_and_others_give),
		TEST(s65_pod_does_not_take_the_place_of_a_worker_or_of_a_driver),
		TEST(s65_worker_does_not_take_the_place_of_a_settled_application),
		TEST(s43_application_of_a_master_is_no_pods),
		TEST(s43_of_a_list_that_was_cut_an_unlisted_application_is_nobodys),
		TEST(s43_while_the_store_is_silent_nobody_new_gets_in),
		TEST(s113_old_pod_whose_ui_names_an_id_takes_it_from_nobody),
		TEST(s43_gateways_on_one_store_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
