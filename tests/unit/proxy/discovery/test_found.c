/* Clusters that are found: how many, what they are called, and what a store that is away does. */
#include "proxy/discovery/found/found.h"
#include "proxy/discovery/found/found_watch.h"
#include "tests/support/pod_world.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { CLUSTERS, PODS };
enum { EACH_MAX = FOUND_MAX / 4, SERVERS_EACH_MAX = FOUND_SERVERS_MAX / 4 };

static int set_up(void **state)
{
	int rc = pod_world_set_up(state);
	struct pod_world *w = *state;

	w->cluster.kubernetes.clusters = true;
	pod_world_restart(w);
	return rc;
}

static struct kube_watch *watch_of(struct pod_world *w, int kind)
{
	return pod_world_cluster(w)->finders[kind];
}

/* Gives; the n-th second of some day. */
static json_t *object_of(const char *namespace, const char *name, int second)
{
	json_t *json = json_pack("{s:{s:s, s:s}, s:{s:{s:s}}}", "metadata", "namespace", namespace,
		"name", name, "status", "currentState", "currentStateSummary", "RunningHealthy");

	json_object_set_new(json, "second", json_integer(second));
	return json;
}

static void tell(struct kube_watch *w, json_t *json, bool is_gone)
{
	const json_t *metadata = json_object_get(json, "metadata");
	const char *namespace = json_string_value(json_object_get(metadata, "namespace"));
	const char *name = json_string_value(json_object_get(metadata, "name"));
	char *uid = mem_printf("%s/%s", namespace, name);
	struct kube_object object = {.json = json,
		.namespace = namespace,
		.name = name,
		.uid = uid,
		.created_ms = POD_WORLD_START +
			      1000 * json_integer_value(json_object_get(json, "second"))};

	if (is_gone)
		w->kind->on_gone(w, &object);
	else
		w->kind->on_object(w, &object);
	json_decref(json);
	free(uid);
}

static void create(struct pod_world *w, const char *namespace, const char *name, int second)
{
	tell(watch_of(w, CLUSTERS), object_of(namespace, name, second), false);
}

static void drop(struct pod_world *w, const char *namespace, const char *name)
{
	tell(watch_of(w, CLUSTERS), object_of(namespace, name, 0), true);
}

static void turn(struct pod_world *w)
{
	event_active(w->discovery->found_timer, EV_TIMEOUT, 0);
	event_base_loop(w->base, EVLOOP_NONBLOCK);
}

static const struct found_cluster *find(
	struct pod_world *w, const char *namespace, const char *name)
{
	const struct found_cluster *f;

	TAILQ_FOREACH(f, &w->discovery->found->clusters, entry)
	{
		if (f->watch && strcmp(f->name, name) == 0 && strcmp(f->namespace, namespace) == 0)
			return f;
	}
	return NULL;
}

static const char *path_of(struct pod_world *w, const char *namespace, const char *name)
{
	const struct found_cluster *f = find(w, namespace, name);

	return f && f->cluster ? f->path : "";
}

/* --- names --- */

static void s108_of_two_the_older_has_the_name_whichever_is_seen_first(void **state)
{
	struct pod_world *w = *state;

	create(w, "b", "shared", 2);
	create(w, "a", "shared", 1);
	turn(w);
	assert_string_equal(path_of(w, "a", "shared"), "shared");
	assert_string_equal(path_of(w, "b", "shared"), "shared.b");
}

static void s108_store_keeps_whose_the_name_is_when_its_cluster_is_gone(void **state)
{
	struct pod_world *w = *state;

	create(w, "a", "kept", 1);
	turn(w);
	pod_world_restart(w);
	create(w, "b", "kept", 2);
	turn(w);
	assert_string_equal(path_of(w, "b", "kept"), "kept.b");
	pod_world_restart(w);
	create(w, "a", "kept", 3);
	turn(w);
	assert_string_equal(path_of(w, "a", "kept"), "kept");
}

static void names_that_no_service_can_have_make_no_cluster(void **state)
{
	static const char *const names[] = {"a.b", "-a", "A", "a/b", "",
		"a123456789b123456789c123456789d123456789e123456789f123456789g123"};
	struct pod_world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		create(w, "a", names[i], 1);
	turn(w);
	assert_int_equal(w->discovery->found->cluster_shares.taken, 0);
	assert_int_equal(w->discovery->clusters_count, 1);
}

static int fail_owners(struct store *store, struct store_owner *owners, size_t count, int64_t now)
{
	(void)store, (void)owners, (void)count, (void)now;
	return -1;
}

static enum store_answer fail_meta(struct store *store, const char *key, char *out, size_t size)
{
	(void)store, (void)key, (void)out, (void)size;
	return STORE_FAILED;
}

static void s108_cluster_waits_for_its_name_while_the_store_is_away(void **state)
{
	struct pod_world *w = *state;
	const struct store_ops away = {.owners = fail_owners, .meta_get = fail_meta};
	struct store broken = {.ops = &away};

	discovery_use_store(w->discovery, &broken);
	create(w, "a", "late", 1);
	turn(w);
	assert_string_equal(path_of(w, "a", "late"), "");
	discovery_use_store(w->discovery, w->store);
	turn(w);
	assert_string_equal(path_of(w, "a", "late"), "late");
}

/* --- how many --- */

static void s108_clusters_are_bounded_and_so_are_those_that_went(void **state)
{
	struct pod_world *w = *state;
	static const char *const namespaces[] = {"a", "b", "c", "d", "e"};
	char name[32];

	for (int i = 0; i < EACH_MAX + 5; i++) {
		snprintf(name, sizeof name, "c%d", i);
		create(w, "a", name, i);
	}
	turn(w);
	assert_int_equal(w->discovery->clusters_count, 1 + EACH_MAX);
	for (int i = 0; i < 5 * EACH_MAX; i++) {
		snprintf(name, sizeof name, "c%d", i / 5);
		create(w, namespaces[i % 5], name, i);
	}
	turn(w);
	assert_int_equal(w->discovery->clusters_count, 1 + FOUND_MAX);
	for (int i = 0; i < 5 * EACH_MAX; i++) {
		snprintf(name, sizeof name, "c%d", i / 5);
		drop(w, namespaces[i % 5], name);
	}
	turn(w);
	assert_int_equal(w->discovery->clusters_count, 1 + FOUND_GONE_MAX);
	create(w, "a", "after", 1000);
	turn(w);
	assert_string_equal(path_of(w, "a", "after"), "after");
}

static void create_masters(struct pod_world *w, const char *namespace, int count)
{
	char name[32];

	for (int i = 0; i < count; i++) {
		json_t *json;
		snprintf(name, sizeof name, "c%d-master-0", i);
		json = json_pack("{s:{s:s, s:s, s:{s:s}}, s:{s:s}}", "metadata", "namespace",
			namespace, "name", name, "labels", "spark-role", "master", "status",
			"podIP", "10.0.0.1");
		tell(watch_of(w, PODS), json, false);
	}
}

static void s108_pods_and_services_are_bounded_and_leave_room_for_other_namespaces(void **state)
{
	struct pod_world *w = *state;
	const struct found *found = w->discovery->found;
	char namespace[32];

	create_masters(w, "a", FOUND_SERVERS_MAX + 50);
	assert_int_equal(found->server_shares.taken, SERVERS_EACH_MAX);
	for (int i = 0; i < 5; i++) {
		snprintf(namespace, sizeof namespace, "b%d", i);
		create_masters(w, namespace, SERVERS_EACH_MAX);
	}
	assert_int_equal(found->server_shares.taken, FOUND_SERVERS_MAX);
}

static void cluster_that_a_list_lacks_was_deleted(void **state)
{
	struct pod_world *w = *state;
	struct kube_watch *watch = watch_of(w, CLUSTERS);

	create(w, "a", "one", 1);
	create(w, "a", "two", 1);
	turn(w);
	watch->listings++;
	create(w, "a", "two", 1);
	watch->kind->on_listed(watch);
	turn(w);
	assert_null(find(w, "a", "one"));
	assert_string_equal(path_of(w, "a", "two"), "two");
}

/* --- what a reload does --- */

static void without_the_key_no_cluster_is_left(void **state)
{
	struct pod_world *w = *state;
	struct conf_cluster row = w->cluster;
	struct conf other = w->conf;

	create(w, "a", "one", 1);
	create(w, "a", "gone", 1);
	turn(w);
	drop(w, "a", "gone");
	turn(w);
	assert_int_equal(w->discovery->clusters_count, 3);
	row.kubernetes.clusters = false;
	other.clusters = &row;
	other.refs = 1;
	discovery_set_conf(w->discovery, &other);
	assert_int_equal(w->discovery->clusters_count, 1);
	assert_int_equal(pod_world_cluster(w)->finders_count, 0);
	discovery_set_conf(w->discovery, &w->conf);
	assert_int_equal(w->discovery->clusters_count, 2); /* the store knows what was deleted */
	assert_int_equal(w->discovery->found->gone_shares.taken, 1);
}

/* --- what the store remembers --- */

static const struct found_cluster *find_gone(struct pod_world *w, const char *name)
{
	const struct found_cluster *f;

	TAILQ_FOREACH(f, &w->discovery->found->clusters, entry)
	{
		if (f->watch == NULL && !f->is_over && f->cluster && strcmp(f->name, name) == 0)
			return f;
	}
	return NULL;
}

static void s148_deleted_cluster_is_the_same_after_a_restart_unless_it_came_again(void **state)
{
	struct pod_world *w = *state;
	const struct found_cluster *f;
	int64_t deleted_ms;

	create(w, "a", "gone", 1);
	create(w, "a", "again", 1);
	turn(w);
	drop(w, "a", "gone");
	drop(w, "a", "again");
	turn(w);
	deleted_ms = find_gone(w, "gone")->deleted_ms;
	create(w, "a", "again", 2);
	turn(w);
	pod_world_restart(w);
	turn(w);
	f = find_gone(w, "gone");
	assert_non_null(f);
	assert_string_equal(f->path, "gone");
	assert_string_equal(f->state, "RunningHealthy");
	assert_true(f->deleted_ms == deleted_ms);
	assert_null(find_gone(w, "again"));
	create(w, "a", "gone", 3); /* in its place */
	turn(w);
	assert_null(find_gone(w, "gone"));
	assert_string_equal(path_of(w, "a", "gone"), "gone");
}

static void s148_what_the_store_has_is_bounded_and_takes_no_configured_path(void **state)
{
	struct pod_world *w = *state;
	char name[32];

	for (int i = 0; i < 2 * FOUND_GONE_MAX; i++) {
		snprintf(name, sizeof name, "c%d", i);
		create(w, "a", name, i);
		turn(w);
		drop(w, "a", name);
		turn(w);
	}
	assert_int_equal(w->store->ops->meta_set(w->store, "clusters_gone other",
				 "[{\"name\":\"x\",\"path\":\"x\"}]"),
		0);
	pod_world_restart(w);
	turn(w);
	assert_int_equal(w->discovery->clusters_count, 1 + FOUND_GONE_MAX);
	assert_int_equal(
		w->store->ops->meta_set(w->store, "clusters_gone k",
			"[{\"namespace\":\"a\",\"name\":\"z\",\"uid\":\"u\",\"path\":\"k\","
			"\"state\":\"\",\"created\":1,\"deleted\":2}, 7, {}, {\"name\":\"A/\"}]"),
		0);
	pod_world_restart(w);
	turn(w);
	assert_int_equal(w->discovery->clusters_count, 1);
}

int main(void)
{
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, pod_world_tear_down)
	const struct CMUnitTest tests[] = {
		IN_WORLD(s108_of_two_the_older_has_the_name_whichever_is_seen_first),
		IN_WORLD(s108_store_keeps_whose_the_name_is_when_its_cluster_is_gone),
		IN_WORLD(names_that_no_service_can_have_make_no_cluster),
		IN_WORLD(s108_cluster_waits_for_its_name_while_the_store_is_away),
		IN_WORLD(s108_clusters_are_bounded_and_so_are_those_that_went),
		IN_WORLD(s108_pods_and_services_are_bounded_and_leave_room_for_other_namespaces),
		IN_WORLD(cluster_that_a_list_lacks_was_deleted),
		IN_WORLD(without_the_key_no_cluster_is_left),
		IN_WORLD(s148_deleted_cluster_is_the_same_after_a_restart_unless_it_came_again),
		IN_WORLD(s148_what_the_store_has_is_bounded_and_takes_no_configured_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
