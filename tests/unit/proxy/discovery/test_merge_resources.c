/* Resources of operators beside the pods of the applications that they run. */
#include "proxy/discovery/publish_registry.h"
#include "proxy/discovery/resources/known_resource.h"
#include "proxy/discovery/resources/merge_resources.h"
#include "tests/support/pod_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { KUBEFLOW, APACHE };
static const int64_t start = POD_WORLD_START;

/* --- what the API server tells --- */

static struct kube_watch *watch_of(struct pod_world *w, size_t kind)
{
	return pod_world_cluster(w)->others[kind];
}

static void tell(struct pod_world *w, bool is_gone, const char *namespace, const char *state,
	const char *app_id)
{
	struct kube_watch *k = watch_of(w, KUBEFLOW);
	struct kube_object object;
	json_t *json;
	char *text = mem_printf(
		"{\"metadata\":{\"name\":\"etl\",\"namespace\":\"%s\",\"uid\":\"u\","
		"\"creationTimestamp\":\"2023-11-14T22:13:20Z\"},\"status\":{\"applicationState\":{"
		"\"state\":\"%s\",\"errorMessage\":\"said\"},\"sparkApplicationId\":\"%s\"}}",
		namespace, state, app_id);

	assert_int_equal(kube_item_parse(str_of(text), &json, &object, NULL), 0);
	if (is_gone)
		k->kind->on_gone(k, &object);
	else
		k->kind->on_object(k, &object);
	json_decref(json);
	free(text);
}

static void put_resource(
	struct pod_world *w, const char *namespace, const char *state, const char *app_id)
{
	tell(w, false, namespace, state, app_id);
}

static void drop_resource(struct pod_world *w, const char *namespace)
{
	tell(w, true, namespace, "", "");
}

/* A driver's pod whose label names the resource. */
static void put_driver(struct pod_world *w, const char *namespace, const char *id,
	enum kube_phase phase, int64_t created)
{
	struct kube_pod pod = pod_world_pod(namespace, id, phase, created);

	pod.uid = id;
	pod.owner = KUBE_OWNER_KUBEFLOW;
	pod.resource = "etl";
	merge_pod(pod_world_watch(w), &pod);
}

static void drop_driver(struct pod_world *w, const char *namespace, const char *id)
{
	struct kube_pod pod = pod_world_pod(namespace, id, KUBE_RUNNING, start);

	pod.uid = id;
	merge_pod_gone(pod_world_watch(w), &pod);
}

/* --- what pages get --- */

struct snapshot {
	struct registry *registry;
	const struct cluster_info *cluster;
};

static struct snapshot snap(struct pod_world *w)
{
	struct snapshot s;

	pod_world_cluster(w)->is_changed = true;
	s.registry = publish_registry_build(w->discovery);
	s.cluster = registry_cluster_at(s.registry, 0);
	return s;
}

static void expect_row(
	struct pod_world *w, size_t rows, const char *name, const char *id, const char *word)
{
	struct snapshot s = snap(w);
	const struct app_info *app = registry_app(s.registry, STR("k"), str_of(name));

	assert_int_equal(s.cluster->apps_count, rows);
	assert_non_null(app);
	assert_string_equal(app->id, id);
	assert_string_equal(app->state, word);
	registry_free(s.registry);
}

/* --- tests --- */

static void resource_is_a_row_until_its_driver_is(void **state)
{
	struct pod_world *w = *state;

	pod_world_ready(w);
	put_resource(w, "spark", "", "");
	expect_row(w, 1, "etl", "spark~k~etl", "SUBMITTED");
	put_driver(w, "spark", "spark-1", KUBE_PENDING, start + 1000);
	expect_row(w, 1, "etl", "spark-1", "WAITING");
	expect_row(w, 1, "spark~k~etl", "spark-1", "WAITING");
	put_resource(w, "spark", "RUNNING", "spark-1");
	put_driver(w, "spark", "spark-1", KUBE_RUNNING, start + 1000);
	expect_row(w, 1, "etl", "spark-1", "RUNNING");
	put_driver(w, "spark", "spark-1", KUBE_FAILED, start + 1000);
	expect_row(w, 1, "etl", "spark-1", "FAILED");
}

static void end_of_a_pod_that_nobody_saw_is_the_operators_word(void **state)
{
	static const struct {
		const char *says, *row, *run;
	} rows[] = {{"FAILED", "FAILED", "FAILED"}, {"COMPLETED", "FINISHED", "FINISHED"},
		{"SUSPENDED", "SUSPENDED", "KILLED"}, {"SUBMISSION_FAILED", "REFUSED", "REFUSED"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pod_world *w = *state;
		put_resource(w, "spark", "RUNNING", "spark-1");
		pod_world_ready(w);
		put_driver(w, "spark", "spark-1", KUBE_RUNNING, start + 1000);
		pod_world_listed(w);
		expect_row(w, 1, "etl", "spark-1", "RUNNING");
		drop_driver(w, "spark", "spark-1");
		put_resource(w, "spark", rows[i].says, "spark-1");
		expect_row(w, 1, "etl", "spark-1", rows[i].row);
		assert_string_equal(pod_world_app(w, "spark-1")->state, rows[i].run);
		pod_world_restart(w);
	}
}

static void pod_of_a_refused_submission_that_is_gone_is_what_its_operator_says(void **state)
{
	struct pod_world *w = *state;

	pod_world_ready(w);
	put_resource(w, "spark", "", "");
	put_driver(w, "spark", "spark-1", KUBE_PENDING, start + 1000);
	expect_row(w, 1, "etl", "spark-1", "WAITING");
	drop_driver(w, "spark", "spark-1");
	expect_row(w, 1, "etl", "spark-1", "SUBMITTED");
	put_resource(w, "spark", "SUBMISSION_FAILED", "");
	expect_row(w, 1, "etl", "spark-1", "REFUSED");
}

static void retry_stands_beside_the_run_before_until_its_driver_comes(void **state)
{
	struct pod_world *w = *state;

	pod_world_ready(w);
	put_resource(w, "spark", "RUNNING", "spark-1");
	put_driver(w, "spark", "spark-1", KUBE_FAILED, start + 1000);
	put_resource(w, "spark", "PENDING_RERUN", "spark-1");
	expect_row(w, 2, "etl", "spark~k~etl", "RETRYING");
	put_driver(w, "spark", "spark-2", KUBE_PENDING, start + 2000);
	expect_row(w, 2, "etl", "spark-2", "WAITING");
	put_resource(w, "spark", "RUNNING", "spark-2");
	expect_row(w, 2, "spark~k~etl", "spark-2", "WAITING");
}

static void driver_that_died_while_its_operator_speaks_of_the_run_before_is_one_row(void **state)
{
	struct pod_world *w = *state;

	pod_world_ready(w);
	put_resource(w, "spark", "RUNNING", "spark-1");
	put_driver(w, "spark", "spark-1", KUBE_FAILED, start + 1000);
	put_resource(w, "spark", "PENDING_RERUN", "");
	expect_row(w, 2, "etl", "spark~k~etl", "RETRYING");
	put_driver(w, "spark", "spark-2", KUBE_RUNNING, start + 2000);
	expect_row(w, 2, "etl", "spark-2", "RUNNING");
	put_driver(w, "spark", "spark-2", KUBE_FAILED, start + 2000);
	expect_row(w, 2, "etl", "spark-2", "FAILED");
	put_resource(w, "spark", "SUBMITTED", "spark-2");
	expect_row(w, 2, "etl", "spark-2", "FAILED");
	put_resource(w, "spark", "PENDING_RERUN", "");
	expect_row(w, 3, "etl", "spark~k~etl", "RETRYING");
	put_resource(w, "spark", "SUBMITTED", "");
	expect_row(w, 3, "etl", "spark~k~etl", "PENDING");
}

static void deleted_resource_says_what_it_was(void **state)
{
	struct pod_world *w = *state;

	pod_world_ready(w);
	put_resource(w, "spark", "SUBMITTED", "");
	drop_resource(w, "spark");
	expect_row(w, 1, "etl", "spark~k~etl", "DELETED");
	put_resource(w, "spark", "", ""); /* the name is used again */
	expect_row(w, 1, "etl", "spark~k~etl", "SUBMITTED");
	put_resource(w, "spark", "COMPLETED", "");
	drop_resource(w, "spark");
	expect_row(w, 1, "etl", "spark~k~etl", "FINISHED");
}

static void listing_that_lacks_a_resource_deletes_it_and_an_end_forgets_all(void **state)
{
	struct pod_world *w = *state;
	struct kube_watch *k = watch_of(w, KUBEFLOW);

	pod_world_ready(w);
	put_resource(w, "a", "RUNNING", "");
	k->listings++;
	put_resource(w, "b", "RUNNING", "");
	k->kind->on_listed(k);
	expect_row(w, 2, "a~k~etl", "a~k~etl", "DELETED");
	expect_row(w, 2, "b~k~etl", "b~k~etl", "RUNNING");
	k->kind->on_end(k);
	expect_row(w, 1, "a~k~etl", "a~k~etl", "DELETED");
}

/* S43: whose an application is pods claim, and what a status says of it is a claim, too. */
static void s109_resource_of_another_namespace_takes_no_application(void **state)
{
	struct pod_world *w = *state;

	pod_world_ready(w);
	put_driver(w, "etl", "spark-1", KUBE_RUNNING, start + 1000);
	expect_row(w, 1, "spark-1", "spark-1", "RUNNING");
	put_resource(w, "thieves", "FAILED", "spark-1");
	expect_row(w, 2, "spark-1", "spark-1", "RUNNING");
	expect_row(w, 2, "thieves~k~etl", "thieves~k~etl", "FAILED");
}

static void s109_pod_that_is_older_than_the_resource_is_not_its(void **state)
{
	struct pod_world *w = *state;

	pod_world_ready(w);
	put_driver(w, "spark", "spark-1", KUBE_RUNNING, start - 60000);
	put_resource(w, "spark", "SUBMITTED", "");
	expect_row(w, 2, "spark~k~etl", "spark~k~etl", "PENDING");
}

static void s109_deleted_resources_take_bounded_memory(void **state)
{
	struct pod_world *w = *state;
	char namespace[32];

	for (int i = 0; i < RESOURCES_GONE_MAX + 200; i++) {
		snprintf(namespace, sizeof namespace, "n%d", i);
		put_resource(w, namespace, "RUNNING", "");
		drop_resource(w, namespace);
	}
	assert_int_equal(HASH_COUNT(pod_world_cluster(w)->resources), RESOURCES_GONE_MAX);
	for (int i = 0; i < RESOURCES_MAX + 200; i++) {
		snprintf(namespace, sizeof namespace, "m%d", i);
		put_resource(w, namespace, "RUNNING", "");
	}
	assert_int_equal(HASH_COUNT(pod_world_cluster(w)->resources), RESOURCES_MAX);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, pod_world_set_up, pod_world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(resource_is_a_row_until_its_driver_is),
		TEST(end_of_a_pod_that_nobody_saw_is_the_operators_word),
		TEST(pod_of_a_refused_submission_that_is_gone_is_what_its_operator_says),
		TEST(retry_stands_beside_the_run_before_until_its_driver_comes),
		TEST(driver_that_died_while_its_operator_speaks_of_the_run_before_is_one_row),
		TEST(deleted_resource_says_what_it_was),
		TEST(listing_that_lacks_a_resource_deletes_it_and_an_end_forgets_all),
		TEST(s109_resource_of_another_namespace_takes_no_application),
		TEST(s109_pod_that_is_older_than_the_resource_is_not_its),
		TEST(s109_deleted_resources_take_bounded_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
