/* Whose an application is, as a person (S73): the cluster's word, once, and not its driver's. */
#include "proxy/discovery/app_user.h"
#include "proxy/discovery/merge_polls.h"
#include "tests/support/pod_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* As masters name them. */
#define MINE "app-20260101000000-0001"
#define BOBS "app-20260101000000-0002"

enum { SECOND = 1000 };
static const int64_t start = POD_WORLD_START;

#define whose	pod_world_user
#define put	pod_world_put
#define ready	pod_world_ready
#define listing pod_world_listing
#define listed	pod_world_listed

static void master_tells(struct pod_world *w, const char *id, const char *name)
{
	struct spark_app row = {.id = id,
		.name = "n",
		.user = name,
		.state = "RUNNING",
		.started_ms = start,
		.duration_ms = -1,
		.running = true};
	struct spark_master m = {.apps = &row, .apps_count = id ? 1 : 0};

	merge_master(pod_world_cluster(w), &m);
}

static void logs_tell(struct pod_world *w, const char *id, const char *name)
{
	struct spark_app row = {.id = id,
		.name = "n",
		.user = name,
		.state = "FINISHED",
		.started_ms = start,
		.duration_ms = 1};
	struct spark_apps list = {.apps = &row, .count = 1};
	struct history *h = pod_world_cluster(w)->histories[0];

	h->server.tried = true;
	merge_history(h, &list, ++h->listings, false);
}

static void pod_tells(struct pod_world *w, const char *namespace, const char *uid, const char *name)
{
	struct kube_pod pod = pod_world_pod(namespace, "spark-1", KUBE_RUNNING, start);

	pod.uid = uid;
	pod.user = name;
	merge_pod(pod_world_watch(w), &pod);
}

static void s73_masters_first_word_stays(void **state)
{
	struct pod_world *w = *state;

	ready(w);
	master_tells(w, MINE, "alice");
	assert_string_equal(whose(w, MINE), "alice");
	master_tells(w, MINE, "mallory");
	assert_string_equal(whose(w, MINE), "alice");
	pod_world_restart(w);
	master_tells(w, MINE, "mallory");
	assert_string_equal(whose(w, MINE), "alice");
	/* Also when its master has forgotten it. */
	pod_world_restart(w);
	ready(w);
	logs_tell(w, MINE, "mallory");
	assert_string_equal(whose(w, MINE), "alice");
}

static void s73_event_log_is_not_believed_against_a_master(void **state)
{
	struct pod_world *w = *state;

	ready(w);
	logs_tell(w, MINE, "mallory");
	assert_string_equal(whose(w, MINE), "mallory"); /* nobody else knows it */
	master_tells(w, MINE, "alice");
	assert_string_equal(whose(w, MINE), "alice");
	logs_tell(w, MINE, "mallory");
	assert_string_equal(whose(w, MINE), "alice");
	master_tells(w, NULL, NULL);
	assert_string_equal(whose(w, MINE), "alice");
}

static char root[] = "root", *shared[] = {root};

static void s73_event_log_tells_whose_an_application_of_a_shared_account_is(void **state)
{
	struct pod_world *w = *state;

	w->cluster.shared_accounts = (struct conf_names){shared, 1};
	ready(w);
	master_tells(w, MINE, "root");
	assert_string_equal(whose(w, MINE), "root"); /* there is no log yet */
	logs_tell(w, MINE, "alice");
	assert_string_equal(whose(w, MINE), "alice");
	logs_tell(w, MINE, "mallory");
	assert_string_equal(whose(w, MINE), "alice");
	/* No other account is shared. */
	master_tells(w, BOBS, "bob");
	logs_tell(w, BOBS, "mallory");
	assert_string_equal(whose(w, BOBS), "bob");
	/* It outlives a restart, before any log is listed. */
	pod_world_restart(w);
	master_tells(w, MINE, "root");
	assert_string_equal(whose(w, MINE), "alice");
}

static void s73_logs_of_a_shared_account_that_disagree_leave_it_to_nobody(void **state)
{
	struct pod_world *w = *state;

	w->cluster.shared_accounts = (struct conf_names){shared, 1};
	ready(w);
	logs_tell(w, MINE, "");
	master_tells(w, MINE, "root");
	assert_string_equal(whose(w, MINE), "");
}

static void application_of_a_shared_account_is_that_accounts_without_a_history_server(void **state)
{
	struct pod_world *w = *state;
	struct cluster *c = pod_world_cluster(w);
	size_t histories = c->histories_count;

	w->cluster.shared_accounts = (struct conf_names){shared, 1};
	c->histories_count = 0;
	master_tells(w, MINE, "root");
	assert_string_equal(whose(w, MINE), "root");
	c->histories_count = histories;
	ready(w);
	logs_tell(w, MINE, "mallory");
	assert_string_equal(whose(w, MINE), "root");
}

static void s73_master_that_names_no_user_leaves_it_to_nobody(void **state)
{
	struct pod_world *w = *state;

	ready(w);
	master_tells(w, MINE, "");
	logs_tell(w, MINE, "mallory");
	assert_string_equal(whose(w, MINE), "");
}

static void s73_event_log_is_believed_when_all_others_were_heard(void **state)
{
	struct pod_world *w = *state;

	logs_tell(w, "spark-1", "alice");
	listing(w);
	assert_string_equal(whose(w, "spark-1"), "");
	listed(w);
	assert_string_equal(whose(w, "spark-1"), "alice");
	/* What was believed is not doubted when somebody goes silent. */
	pod_world_watch(w)->up = false;
	assert_string_equal(whose(w, "spark-1"), "alice");
}

static void s73_event_logs_that_disagree_leave_it_to_nobody(void **state)
{
	struct pod_world *w = *state;

	ready(w);
	logs_tell(w, "spark-1", "alice");
	assert_string_equal(whose(w, "spark-1"), "alice");
	logs_tell(w, "spark-1", ""); /* the parser says that attempts disagree */
	assert_string_equal(whose(w, "spark-1"), "");
	logs_tell(w, "spark-2", "alice");
	logs_tell(w, "spark-2", "mallory");
	assert_string_equal(whose(w, "spark-2"), "");
	logs_tell(w, "spark-2", "alice");
	assert_string_equal(whose(w, "spark-2"), "");
}

static void s73_pods_environment_names_the_user_for_good(void **state)
{
	struct pod_world *w = *state;

	ready(w);
	pod_tells(w, "etl", "p1", "alice");
	assert_string_equal(whose(w, "spark-1"), "alice");
	logs_tell(w, "spark-1", "mallory");
	assert_string_equal(whose(w, "spark-1"), "alice");
	pod_world_restart(w);
	ready(w);
	logs_tell(w, "spark-1", "mallory"); /* its pod is gone */
	assert_string_equal(whose(w, "spark-1"), "alice");
	pod_tells(w, "etl", "p2", "mallory");
	assert_string_equal(whose(w, "spark-1"), "alice");
}

static void s73_pod_without_a_user_is_nobodys(void **state)
{
	struct pod_world *w = *state;

	ready(w);
	pod_tells(w, "etl", "p1", "");
	logs_tell(w, "spark-1", "mallory");
	assert_string_equal(whose(w, "spark-1"), "");
	pod_world_restart(w);
	ready(w);
	logs_tell(w, "spark-1", "mallory");
	assert_string_equal(whose(w, "spark-1"), "");
}

static void s73_two_pods_of_one_namespace_that_disagree_leave_it_to_nobody(void **state)
{
	struct pod_world *w = *state;

	pod_world_history_lists(w, "", 0, false);
	listing(w);
	pod_tells(w, "etl", "p1", "alice");
	pod_tells(w, "etl", "p2", "mallory");
	listed(w);
	assert_string_equal(whose(w, "spark-1"), "");
	pod_world_restart(w);
	ready(w);
	pod_tells(w, "etl", "p2", "mallory");
	assert_string_equal(whose(w, "spark-1"), "");
}

static void s73_user_is_not_known_before_the_namespace_is(void **state)
{
	struct pod_world *w = *state;

	pod_world_history_lists(w, "", 0, false);
	listing(w);
	pod_tells(w, "thieves", "p1", "mallory");
	assert_string_equal(whose(w, "spark-1"), "");
	put(w, "etl", "spark-1", KUBE_RUNNING, start - 60 * SECOND); /* the older pod */
	listed(w);
	assert_string_equal(whose(w, "spark-1"), "etl");
}

static void s73_pod_that_is_parted_from_an_application_leaves_no_user(void **state)
{
	struct pod_world *w = *state;

	ready(w);
	pod_tells(w, "etl", "p1", "alice");
	assert_string_equal(whose(w, "spark-1"), "alice");
	pod_world_restart(w);
	pod_world_history_lists(w, "", 0, false);
	listing(w);
	pod_tells(w, "thieves", "p2", "mallory");
	assert_string_not_equal(whose(w, "spark-1"), "mallory");
	logs_tell(w, "spark-1", "mallory");
	listed(w);
	assert_string_equal(whose(w, "spark-1"), "alice");
	assert_string_equal(pod_world_owner(w, "spark-1"), "etl");
}

static void s73_pod_with_a_masters_id_settles_nothing_for_it(void **state)
{
	struct pod_world *w = *state;

	ready(w);
	put(w, "thieves", "mine", KUBE_RUNNING, start - SECOND);
	assert_string_equal(whose(w, "mine"), "thieves");
	master_tells(w, "mine", "alice");
	assert_string_equal(whose(w, "mine"), "alice");
	pod_world_restart(w);
	master_tells(w, "mine", "alice");
	assert_string_equal(whose(w, "mine"), "alice");
}

/* With spark.master.useAppNameAsAppId.enabled ids are names, and anybody may use one again. */
static void assert_each_run_is_somebodys(struct pod_world *w, const char *id, const char *name)
{
	struct spark_app row = {.id = id,
		.spark_id = id,
		.name = name,
		.user = "mallory",
		.state = "RUNNING",
		.started_ms = start - SECOND,
		.duration_ms = -1,
		.running = true};
	struct spark_master m = {.apps = &row, .apps_count = 1};

	ready(w);
	merge_master(pod_world_cluster(w), &m);
	assert_string_equal(whose(w, id), "mallory");
	row.user = "alice";
	row.started_ms = start;
	merge_master(pod_world_cluster(w), &m);
	assert_string_equal(whose(w, id), "alice");
	row.user = "mallory"; /* of this run the first word stays */
	merge_master(pod_world_cluster(w), &m);
	assert_string_equal(whose(w, id), "alice");
}

static void s94_each_run_of_a_name_is_somebodys_of_its_own(void **state)
{
	assert_each_run_is_somebodys(*state, "payroll", "payroll");
}

/* As an application has it whose log is older than that setting. */
static void s94_a_name_may_look_like_a_number_of_the_masters(void **state)
{
	assert_each_run_is_somebodys(*state, "app-20260101000000-0001", "App-20260101 000000-0001");
}

static void s73_name_that_is_too_long_is_nobodys(void **state)
{
	struct pod_world *w = *state;
	char name[257];

	memset(name, 'a', sizeof name - 1);
	name[256] = '\0';
	ready(w);
	master_tells(w, "long", name);
	assert_string_equal(whose(w, "long"), "");
	name[255] = '\0';
	master_tells(w, "fits", name);
	assert_string_equal(whose(w, "fits"), name);
}

static int failing(struct store *store, struct store_owner *owners, size_t count, int64_t now)
{
	(void)store;
	(void)owners;
	(void)count;
	(void)now;
	return -1;
}

static void s73_while_the_store_is_silent_nobody_new_is_known(void **state)
{
	const struct store_ops ops = {.owners = failing};
	struct store silent = {.ops = &ops};
	struct pod_world *w = *state;

	ready(w);
	master_tells(w, "one", "alice");
	assert_string_equal(whose(w, "one"), "alice");
	discovery_use_store(w->discovery, &silent);
	master_tells(w, "two", "alice");
	logs_tell(w, "three", "alice");
	assert_string_equal(whose(w, "two"), "");
	assert_string_equal(whose(w, "three"), "");
	assert_string_equal(whose(w, "one"), "alice");
	discovery_use_store(w->discovery, w->store);
	assert_string_equal(whose(w, "two"), "alice");
	assert_string_equal(whose(w, "three"), "alice");
}

static void s73_gateways_on_one_store_agree(void **state)
{
	struct pod_world *w = *state, other = *w;

	ready(w);
	pod_world_begin(&other);
	ready(&other);
	master_tells(w, MINE, "alice");
	assert_string_equal(whose(w, MINE), "alice");
	master_tells(&other, MINE, "mallory");
	assert_string_equal(whose(&other, MINE), "alice");
	discovery_free(other.discovery);
}

static void users_of_thousands_are_settled_in_one_turn(void **state)
{
	struct pod_world *w = *state;

	ready(w);
	for (int i = 0; i < 2500; i++) {
		char id[32];

		snprintf(id, sizeof id, "spark-%d", i);
		put(w, "etl", id, KUBE_RUNNING, start);
	}
	for (int i = 0; i < 3; i++)
		(void)whose(w, "spark-0"); /* their namespaces are settled a thousand at a time */
	assert_string_equal(whose(w, "spark-2499"), "etl");
	assert_string_equal(whose(w, "spark-0"), "etl");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pod_world_set_up, pod_world_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(s73_masters_first_word_stays),
		TEST(s73_event_log_is_not_believed_against_a_master),
		TEST(s73_event_log_tells_whose_an_application_of_a_shared_account_is),
		TEST(s73_logs_of_a_shared_account_that_disagree_leave_it_to_nobody),
		TEST(application_of_a_shared_account_is_that_accounts_without_a_history_server),
		TEST(s73_master_that_names_no_user_leaves_it_to_nobody),
		TEST(s73_event_log_is_believed_when_all_others_were_heard),
		TEST(s73_event_logs_that_disagree_leave_it_to_nobody),
		TEST(s73_pods_environment_names_the_user_for_good),
		TEST(s73_pod_without_a_user_is_nobodys),
		TEST(s73_two_pods_of_one_namespace_that_disagree_leave_it_to_nobody),
		TEST(s73_user_is_not_known_before_the_namespace_is),
		TEST(s73_pod_that_is_parted_from_an_application_leaves_no_user),
		TEST(s73_pod_with_a_masters_id_settles_nothing_for_it),
		TEST(s94_each_run_of_a_name_is_somebodys_of_its_own),
		TEST(s94_a_name_may_look_like_a_number_of_the_masters),
		TEST(s73_name_that_is_too_long_is_nobodys),
		TEST(s73_while_the_store_is_silent_nobody_new_is_known),
		TEST(s73_gateways_on_one_store_agree),
		TEST(users_of_thousands_are_settled_in_one_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
