/* One table of all that namespaces share: who fills it leaves a quarter for another namespace. */
#include "proxy/discovery/known/namespace_shares.h"

#include "proxy/discovery/found/found.h"
#include "proxy/discovery/kubernetes/pod_probe.h"
#include "proxy/discovery/pods/log_queue.h"
#include "proxy/discovery/shelf/log_shelf.h"
#include "proxy/discovery/resources/known_resource.h"
#include "tests/support/pod_world.h"
#include "tests/support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
	HOUR_MS = 3600 * 1000,
	SHELF_BYTES = 400 * 1000,
	SHELF_FILES = 40,
	LOGS_AT_ONCE = 16,
	LOGS_WAITING = 2000
};

struct scene {
	struct pod_world *world;
	struct cluster *cluster;
	struct log_queue queue;
	struct log_shelf *shelf;
	char *folder;
};

/* --- what somebody in a namespace makes, one by one --- */

static void tell(struct kube_watch *watch, bool is_gone, const char *text)
{
	struct kube_object object;
	json_t *json;

	assert_int_equal(kube_item_parse(str_of(text), &json, &object, NULL), 0);
	if (is_gone)
		watch->kind->on_gone(watch, &object);
	else
		watch->kind->on_object(watch, &object);
	json_decref(json);
}

/* Gives. */
static char *object(const char *namespace, int n, const char *ending, const char *more)
{
	return mem_printf("{\"metadata\":{\"name\":\"n%d%s\",\"namespace\":\"%s\",\"uid\":"
			  "\"u-%s-%d\",\"creationTimestamp\":\"2023-11-14T22:13:20Z\","
			  "\"labels\":{\"spark-role\":\"master\"}}%s}",
		n, ending, namespace, namespace, n, more);
}

static void make(struct kube_watch *watch, const char *namespace, int n, const char *ending,
	const char *more, bool is_deleted)
{
	char *text = object(namespace, n, ending, more);

	tell(watch, false, text);
	if (is_deleted)
		tell(watch, true, text);
	free(text);
}

static void make_cluster(struct scene *s, const char *namespace, int n)
{
	make(s->cluster->finders[0], namespace, n, "", "", false);
}

static void make_deleted_cluster(struct scene *s, const char *namespace, int n)
{
	make(s->cluster->finders[0], namespace, n, "", "", true);
	assert_true(found_settle(s->world->discovery));
	found_sweep(s->world->discovery->found);
}

static void make_master(struct scene *s, const char *namespace, int n)
{
	make(s->cluster->finders[1], namespace, n, "-master-0",
		",\"status\":{\"podIP\":\"10.0.0.1\"}", false);
}

static void make_resource(struct scene *s, const char *namespace, int n)
{
	make(s->cluster->others[0], namespace, n, "", "", false);
}

static void make_deleted_resource(struct scene *s, const char *namespace, int n)
{
	make(s->cluster->others[0], namespace, n, "", "", true);
}

static void make_probed_pod(struct scene *s, const char *namespace, int n)
{
	struct kube_pod pod = pod_world_pod(namespace, "", KUBE_RUNNING, POD_WORLD_START);
	char uid[32];

	snprintf(uid, sizeof uid, "%s-%d", namespace, n);
	pod.uid = uid;
	pod.uis[0] = (struct pod_ui){.port = 4040};
	pod.uis_count = 1;
	merge_pod(pod_world_watch(s->world), &pod);
}

static struct log_read *log_of(struct scene *s, const char *namespace, int n)
{
	struct kube_pod pod = pod_world_pod(namespace, "", KUBE_FAILED, POD_WORLD_START);
	struct log_read *r;
	char uid[32];

	snprintf(uid, sizeof uid, "%s-%d", namespace, n);
	pod.uid = uid;
	pod.json = json_object();
	r = log_read_new(s->cluster, uid, &pod, NULL);
	json_decref((json_t *)(uintptr_t)pod.json);
	return r;
}

static void make_waiting_log(struct scene *s, const char *namespace, int n)
{
	struct log_read *r = log_of(s, namespace, n);

	if (!log_queue_add(&s->queue, r, &s->cluster->conf->kubernetes))
		log_read_free(r);
}

static void make_slow_log(struct scene *s, const char *namespace, int n)
{
	make_waiting_log(s, namespace, n);
	while (log_queue_next(&s->queue, &s->cluster->conf->kubernetes))
		;
}

static void make_kept_log(struct scene *s, const char *namespace, int n)
{
	char text[SHELF_BYTES / SHELF_FILES - 200], app[32], *pod = object(namespace, n, "", "");
	struct err err = {""};
	struct shelf_record record = {.app_id = app,
		.uid = app,
		.pod = pod,
		.problem = app,
		.text = text,
		.text_len = sizeof text};

	memset(text, 'x', sizeof text);
	snprintf(app, sizeof app, "%s-%d", namespace, n);
	if (log_shelf_put(s->shelf, &record, &err) == -1)
		fail_msg("%s", err.text);
	free(pod);
}

/* --- how many places it has --- */

static uint64_t clusters(struct scene *s)
{
	return namespace_shares_of(&s->world->discovery->found->cluster_shares, "k/b");
}

static uint64_t deleted_clusters(struct scene *s)
{
	return namespace_shares_of(&s->world->discovery->found->gone_shares, "k/b");
}

static uint64_t masters(struct scene *s)
{
	return namespace_shares_of(&s->world->discovery->found->server_shares, "k/b");
}

static uint64_t resources(struct scene *s)
{
	return namespace_shares_of(&s->cluster->resource_shares, "b");
}

static uint64_t deleted_resources(struct scene *s)
{
	return namespace_shares_of(&s->cluster->gone_resource_shares, "b");
}

static uint64_t probed_pods(struct scene *s)
{
	return pod_probes_of(s->cluster->probes, "b");
}

static uint64_t waiting_logs(struct scene *s)
{
	return namespace_shares_of(&s->queue.waiting_shares, "b");
}

static uint64_t slow_logs(struct scene *s)
{
	return namespace_shares_of(&s->queue.reading_shares, "b");
}

static uint64_t kept_logs(struct scene *s)
{
	uint64_t count = 0;
	char app[32];

	for (int i = 0; i < SHELF_FILES; i++) {
		snprintf(app, sizeof app, "b-%d", i);
		count += log_shelf_has(s->shelf, app, app);
	}
	return count;
}

/* --- the table --- */

static const struct {
	const char *what;
	int all;
	void (*make)(struct scene *s, const char *namespace, int n);
	uint64_t (*places_of_b)(struct scene *s);
} rows[] = {
	{"SparkClusters", FOUND_MAX, make_cluster, clusters},
	{"SparkClusters that were deleted", FOUND_GONE_MAX, make_deleted_cluster, deleted_clusters},
	{"pods of masters", FOUND_SERVERS_MAX, make_master, masters},
	{"resources", RESOURCES_MAX, make_resource, resources},
	{"resources that were deleted", RESOURCES_GONE_MAX, make_deleted_resource,
		deleted_resources},
	{"pods whose ports are asked", POD_PROBES_MAX, make_probed_pod, probed_pods},
	{"logs that wait", LOGS_WAITING, make_waiting_log, waiting_logs},
	{"logs that are read", LOGS_AT_ONCE, make_slow_log, slow_logs},
	{"logs that are kept", SHELF_FILES, make_kept_log, kept_logs},
};

static void open_scene(struct scene *s, struct pod_world *w)
{
	struct err err = {""};

	*s = (struct scene){.world = w, .cluster = pod_world_cluster(w), .folder = scratch_new()};
	log_queue_init(&s->queue, LOGS_AT_ONCE, LOGS_WAITING);
	s->shelf = log_shelf_open(s->folder, HOUR_MS, SHELF_BYTES, &err);
	assert_non_null(s->shelf);
}

static void close_scene(struct scene *s)
{
	log_queue_clear(&s->queue);
	log_shelf_free(s->shelf);
	scratch_free(s->folder);
}

static void s145_namespace_that_fills_something_leaves_a_quarter_for_another(void **state)
{
	struct scene s;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t places;
		open_scene(&s, *state);
		for (int n = 0; n < rows[i].all + rows[i].all / 2; n++)
			rows[i].make(&s, "a", n);
		for (int n = 0; n < rows[i].all / 4; n++)
			rows[i].make(&s, "b", n);
		for (int n = 0; n < rows[i].all / 2; n++) /* and goes on */
			rows[i].make(&s, "a", 2 * rows[i].all + n);
		places = rows[i].places_of_b(&s);
		if (places != (uint64_t)rows[i].all / 4)
			fail_msg("%s: %lu places of %d", rows[i].what, (unsigned long)places,
				rows[i].all);
		close_scene(&s);
	}
}

/* --- the counts --- */

static void namespace_that_is_watched_alone_has_all_places(void **state)
{
	static char one[] = "etl", all[] = "*", *names[] = {one, all};
	const struct conf_kubernetes alone = {.namespaces = {names, 1}}, own = {.selector = NULL},
				     every = {.namespaces = {names + 1, 1}},
				     two = {.namespaces = {names, 2}};
	struct namespace_shares shares = {.by_name = NULL};

	(void)state;
	namespace_shares_take(&shares, one, 2);
	assert_true(namespace_shares_have_room(&shares, one, 8, &alone));
	assert_true(namespace_shares_have_room(&shares, one, 8, &own));
	assert_false(namespace_shares_have_room(&shares, one, 8, &every));
	assert_false(namespace_shares_have_room(&shares, one, 8, &two));
	assert_false(namespace_shares_have_room(&shares, one, 8, NULL));
	assert_true(namespace_shares_have_room(&shares, "other", 8, NULL));
	assert_false(namespace_shares_have_room(&shares, one, 2, &alone));
	namespace_shares_clear(&shares);
}

static void what_is_given_back_is_free_for_others(void **state)
{
	struct namespace_shares shares = {.by_name = NULL};

	(void)state;
	assert_string_equal(namespace_shares_most(&shares), "");
	namespace_shares_take(&shares, "a", 3);
	namespace_shares_take(&shares, "b", 4);
	assert_string_equal(namespace_shares_most(&shares), "b");
	namespace_shares_give(&shares, "b", 2);
	assert_string_equal(namespace_shares_most(&shares), "a");
	namespace_shares_give(&shares, "a", 3);
	assert_int_equal(namespace_shares_of(&shares, "a"), 0);
	assert_int_equal(shares.taken, 2);
	namespace_shares_clear(&shares);
}

static int set_up(void **state)
{
	int rc = pod_world_set_up(state);
	struct pod_world *w = *state;

	w->cluster.kubernetes.clusters = true;
	pod_world_restart(w);
	return rc;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			s145_namespace_that_fills_something_leaves_a_quarter_for_another, set_up,
			pod_world_tear_down),
		cmocka_unit_test(namespace_that_is_watched_alone_has_all_places),
		cmocka_unit_test(what_is_given_back_is_free_for_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
