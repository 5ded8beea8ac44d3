/* Discovery: history servers, other UIs, reloads, and thousands of workers. */
#include "tests/support/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

static char other_name[] = "other", ui_name[] = "hdfs";

#define HISTORY(id, completed, epoch)                                                              \
	"{\"id\":\"" id                                                                            \
	"\",\"name\":\"etl\",\"attempts\":[{\"sparkUser\":\"u\",\"completed\":" completed          \
	",\"duration\":7,\"startTimeEpoch\":1700000000000,\"endTimeEpoch\":" epoch "}]}"

static void history_is_read_in_full_then_only_what_is_new(void **state)
{
	struct fake_http *shs = fake_http_start("127.0.0.1");
	struct scene *s = scene_new(NULL);
	char *head;

	(void)state;
	fake_http_set(shs, "/api/v1/applications", 200, "application/json",
		"[" HISTORY("app-1", "true", "1700000007000") "," HISTORY(
			"app-2", "false", "-1") "]");
	fake_http_set(shs, "/api/v1/version", 200, "application/json", "{\"spark\":\"3.5.9\"}");
	scene_add_history(s, fake_http_port(shs));
	scene_start(s);
	scene_wait(s, scene_cluster(s)->apps_count == 2 &&
			      strcmp(scene_cluster(s)->spark_version, "3.5.9") == 0);
	assert_true(scene_app(s, "app-1")->completed_in_history);
	assert_string_equal(scene_app(s, "app-1")->state, "FINISHED");
	assert_int_equal(scene_app(s, "app-1")->duration_ms, 7);
	assert_true(scene_app(s, "app-2")->in_history);
	assert_false(scene_app(s, "app-2")->completed_in_history);
	assert_false(scene_app(s, "app-2")->running);
	assert_int_equal(scene_cluster(s)->history->state, MOUNT_UP);
	assert_string_equal(scene_cluster(s)->history->path, "/c/shs");
	assert_true(scene_cluster(s)->history_up);

	scene_wait(s, fake_http_hits(shs, "/api/v1/applications") >= 2);
	head = fake_http_last_head(shs, "/api/v1/applications");
	assert_non_null(strstr(head, "minEndDate=2023-11-14T22:03:27.000GMT"));
	free(head);
	fake_http_set(shs, "/api/v1/applications", 200, "application/json",
		"[" HISTORY("app-2", "true", "1700000009000") "]");
	scene_wait(s, scene_app(s, "app-2")->completed_in_history);
	assert_int_equal(scene_cluster(s)->apps_count, 2);
	fake_http_down(shs, true);
	scene_wait(s, !scene_cluster(s)->history_up);
	assert_int_equal(scene_cluster(s)->apps_count, 2);
	scene_free(s);
	fake_http_stop(shs);
}

static void a_running_application_stays_the_masters_though_history_lists_it(void **state)
{
	struct fake_master *m = fake_master_start("ALIVE");
	struct fake_ui driver = fake_driver_start("app-1");
	struct fake_http *shs = fake_http_start("127.0.0.1");
	struct scene *s = scene_new(fake_master_url(m));

	(void)state;
	fake_http_set(shs, "/api/v1/applications", 200, "application/json",
		"[" HISTORY("app-1", "false", "-1") "]");
	scene_add_history(s, fake_http_port(shs));
	fake_master_app(m, "app-1", "etl", driver.url, "RUNNING");
	scene_start(s);
	scene_wait(s, scene_is(s, "app-1", MOUNT_UP) && scene_app(s, "app-1")->in_history);
	assert_string_equal(scene_app(s, "app-1")->state, "RUNNING");
	assert_true(scene_app(s, "app-1")->running);
	/* It ends, the master forgets it, and its history is ready. */
	fake_master_app(m, "app-1", NULL, NULL, NULL);
	fake_http_set(shs, "/api/v1/applications", 200, "application/json",
		"[" HISTORY("app-1", "true", "1700000009000") "]");
	scene_wait(
		s, scene_app(s, "app-1")->completed_in_history && scene_is(s, "app-1", MOUNT_GONE));
	scene_wait(s, strcmp(scene_app(s, "app-1")->state, "FINISHED") == 0);
	scene_free(s);
	fake_http_stop(driver.http);
	fake_http_stop(shs);
	fake_master_stop(m);
}

static void a_cluster_may_consist_of_other_uis_alone(void **state)
{
	struct fake_http *hdfs = fake_http_start("127.0.0.1");
	struct scene *s = scene_new(NULL);
	char url[64];

	(void)state;
	snprintf(url, sizeof url, "http://localhost:%u/hdfs/", fake_http_port(hdfs));
	s->ui = (struct conf_ui){.name = ui_name, .url = scene_url(url)};
	s->clusters[0].uis = &s->ui;
	s->clusters[0].uis_count = 1;
	scene_start(s);
	scene_wait(s, scene_cluster(s)->polled); /* it answered 404 */
	assert_int_equal(scene_cluster(s)->uis[0]->state, MOUNT_UP);
	assert_string_equal(scene_cluster(s)->uis[0]->prefix, "/hdfs");
	assert_string_equal(scene_cluster(s)->uis[0]->path, "/c/ui/hdfs");
	assert_ptr_equal(registry_ui(s->reg, STR("c"), STR("hdfs")), scene_cluster(s)->uis[0]);
	assert_false(scene_cluster(s)->has_masters);
	assert_null(scene_cluster(s)->master);
	scene_free(s);
	fake_http_stop(hdfs);
}

static void ui_is_known_by_its_other_names(void **state)
{
	static char plain[] = "rm.example", with_port[] = "rm:8090";
	char *names[] = {plain, with_port}, url[64], authority[64];
	struct fake_http *manager = fake_http_start("127.0.0.1");
	struct scene *s = scene_new(NULL);

	(void)state;
	snprintf(url, sizeof url, "http://localhost:%u/", fake_http_port(manager));
	s->ui = (struct conf_ui){
		.name = ui_name, .url = scene_url(url), .names = {names, ARRAY_LEN(names)}};
	s->clusters[0].uis = &s->ui;
	s->clusters[0].uis_count = 1;
	scene_start(s);
	scene_wait(s, scene_cluster(s)->polled);
	snprintf(authority, sizeof authority, "rm.example:%u", fake_http_port(manager));
	assert_ptr_equal(
		registry_authority(s->reg, STR("c"), str_of(authority)), scene_cluster(s)->uis[0]);
	assert_ptr_equal(
		registry_authority(s->reg, STR("c"), STR("rm:8090")), scene_cluster(s)->uis[0]);
	assert_null(registry_authority(s->reg, STR("c"), STR("rm.example:80")));
	scene_free(s);
	fake_http_stop(manager);
}

/* A row of a ResourceManager's list. */
static void add_node(struct sbuf *list, const char *host, unsigned port)
{
	sbuf_printf(list, "%s{\"id\":\"x\",\"nodeHTTPAddress\":\"%s:%u\"}",
		list->at[list->len - 1] == '[' ? "" : ",", host, port);
}

static void list_nodes(struct fake_http *manager, const char *const *hosts, unsigned port)
{
	struct sbuf list;

	sbuf_init(&list, 4096);
	sbuf_puts(&list, "{\"nodes\":{\"node\":[");
	for (; *hosts; hosts++)
		add_node(&list, *hosts, port);
	add_node(&list, "localhost", port + 1);
	sbuf_puts(&list, "]}}");
	fake_http_set(manager, "/ws/v1/cluster/nodes", 200, "application/json", list.at);
	sbuf_clear(&list);
}

/* Makes a scene of one ResourceManager and its nodes, "node-*" at this host and port. */
static struct scene *scene_of_nodes(
	struct fake_http *manager, const char *host, unsigned port, struct conf_ui uis[static 2])
{
	static char manager_name[] = "rm", nodes_name[] = "node-*", nodes_of[] = "rm";
	struct scene *s = scene_new(NULL);
	char url[64];

	snprintf(url, sizeof url, "http://localhost:%u/", fake_http_port(manager));
	uis[0] = (struct conf_ui){.name = manager_name, .url = scene_url(url)};
	snprintf(url, sizeof url, "http://localhost:%u/", port);
	uis[1] = (struct conf_ui){.name = nodes_name, .url = scene_url(url), .nodes_of = nodes_of};
	(void)str_copy(str_of(host), uis[1].url.host, sizeof uis[1].url.host);
	s->clusters[0].uis = uis;
	s->clusters[0].uis_count = 2;
	return s;
}

static void node_managers_come_and_go_with_their_list(void **state)
{
	static const char *const all[] = {"localhost", "elsewhere.example", NULL};
	static const char *const none[] = {NULL};
	struct fake_http *manager = fake_http_start("127.0.0.1"),
			 *node = fake_http_start("127.0.0.1");
	struct conf_ui uis[2];
	char authority[64];

	(void)state;
	list_nodes(manager, all, fake_http_port(node));
	struct scene *s = scene_of_nodes(manager, "*host", fake_http_port(node), uis);
	scene_start(s);
	scene_wait(s, registry_ui(s->reg, STR("c"), STR("node-local")) &&
			      registry_ui(s->reg, STR("c"), STR("node-local"))->state == MOUNT_UP);
	const struct mount *mount = registry_ui(s->reg, STR("c"), STR("node-local"));
	assert_string_equal(mount->path, "/c/ui/node-local");
	snprintf(authority, sizeof authority, "localhost:%u", fake_http_port(node));
	assert_ptr_equal(registry_authority(s->reg, STR("c"), str_of(authority)), mount);
	assert_int_equal(scene_cluster(s)->uis_count, 1); /* the list of nodes is its manager's */
	list_nodes(manager, none, fake_http_port(node));
	scene_wait(s, registry_ui(s->reg, STR("c"), STR("node-local")) == NULL);
	scene_free(s);
	fake_http_stop(node);
	fake_http_stop(manager);
}

static bool has_nodes(const struct scene *s, const char *numbers)
{
	for (char number = '1'; number <= '5'; number++) {
		char name[] = "node-127-0-0-x";
		name[sizeof name - 2] = number;
		bool is_there = registry_ui(s->reg, STR("c"), str_of(name)) != NULL;
		if (is_there != (strchr(numbers, number) != NULL))
			return false;
	}
	return true;
}

static void nodes_are_known_whatever_the_order_of_their_list(void **state)
{
	static const char *const lists[][6] = {
		{"127.0.0.3", "127.0.0.1", "127.0.0.2", "127.0.0.1", NULL},
		{"127.0.0.2", "127.0.0.5", "127.0.0.4", "127.0.0.3", NULL},
		{"127.0.0.1", "127.0.0.2", "127.0.0.4", NULL}, {NULL}};
	static const char *const numbers[] = {"123", "2345", "124", ""};
	struct fake_http *manager = fake_http_start("127.0.0.1");
	struct conf_ui uis[2];

	(void)state;
	list_nodes(manager, lists[0], 8042);
	struct scene *s = scene_of_nodes(manager, "*", 8042, uis);
	scene_start(s);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		list_nodes(manager, lists[i], 8042);
		scene_wait(s, has_nodes(s, numbers[i]));
	}
	scene_free(s);
	fake_http_stop(manager);
}

static void s97_node_that_a_list_names_has_to_be_inside_the_fence(void **state)
{
	static const char *const all[] = {"169.254.169.254", NULL};
	struct fake_http *manager = fake_http_start("127.0.0.1");
	struct conf_ui uis[2];

	(void)state;
	list_nodes(manager, all, 8042);
	struct scene *s = scene_of_nodes(manager, "*", 8042, uis);
	scene_start(s);
	scene_wait(s, registry_ui(s->reg, STR("c"), STR("node-169-254-169-254")) &&
			      registry_ui(s->reg, STR("c"), STR("node-169-254-169-254"))->state ==
				      MOUNT_REFUSED);
	scene_free(s);
	fake_http_stop(manager);
}

static void a_reload_keeps_what_is_known_of_clusters_that_remain(void **state)
{
	struct fake_master *m = fake_master_start("ALIVE"), *other = fake_master_start("ALIVE");
	struct fake_ui worker = fake_worker_start("worker-1");
	struct scene *s = scene_new(fake_master_url(m));
	struct url other_url = scene_url(fake_master_url(other));
	struct conf conf = {.refs = 1};
	struct conf_cluster clusters[2];

	(void)state;
	fake_master_worker(m, "worker-1", worker.url, "ALIVE");
	scene_start(s);
	scene_wait(s, scene_is(s, "worker-1", MOUNT_UP));
	clusters[0] = (struct conf_cluster){.name = other_name,
		.poll_ms = SCENE_POLL_MS,
		.masters = &other_url,
		.masters_count = 1};
	clusters[1] = s->clusters[0];
	conf.clusters = clusters;
	conf.clusters_count = 2;
	discovery_set_conf(s->discovery, &conf);
	scene_wait(s, registry_clusters(s->reg) == 2);
	assert_true(scene_is(s, "worker-1", MOUNT_UP));
	scene_wait(s, registry_cluster(s->reg, STR("other"))->polled);
	assert_int_equal(fake_http_hits(worker.http, "/json/"), 1);

	s->conf.clusters_count = 1;
	s->clusters[0] = clusters[0];
	discovery_set_conf(s->discovery, &s->conf);
	scene_wait(s, registry_clusters(s->reg) == 1);
	assert_null(scene_cluster(s));
	scene_free(s);
	fake_http_stop(worker.http);
	fake_master_stop(m);
	fake_master_stop(other);
}

static void what_changes_in_one_cluster_copies_no_other(void **state)
{
	struct fake_master *m = fake_master_start("ALIVE"), *other = fake_master_start("ALIVE");
	struct scene *s = scene_new(fake_master_url(m));
	struct url other_url = scene_url(fake_master_url(other));
	const struct cluster_info *before;

	(void)state;
	s->clusters[1] = s->clusters[0];
	s->clusters[1].name = other_name;
	s->clusters[1].masters = &other_url;
	s->conf.clusters_count = 2;
	fake_master_app(other, "app-2", "etl", NULL, "FINISHED");
	scene_start(s);
	scene_wait(s, registry_app(s->reg, STR("other"), STR("app-2")) &&
			      registry_cluster(s->reg, STR("other"))->spark_version[0]);
	before = registry_cluster(s->reg, STR("other"));
	fake_master_app(m, "app-1", "etl", NULL, "FINISHED");
	scene_wait(s, scene_app(s, "app-1"));
	assert_ptr_equal(registry_cluster(s->reg, STR("other")), before);
	fake_master_app(other, "app-2", "etl", NULL, "FAILED");
	scene_wait(
		s, strcmp(registry_app(s->reg, STR("other"), STR("app-2"))->state, "FAILED") == 0);
	assert_non_null(scene_app(s, "app-1"));
	scene_free(s);
	fake_master_stop(m);
	fake_master_stop(other);
}

/* --- many --- */

enum { MANY = 5000 };

/* Worker i lives at 127.1.x.y and says so. */
static bool on_crowd(void *arg, const struct fake_request *req, struct fake_answer *answer)
{
	unsigned x, y;

	(void)arg;
	if (sscanf(req->host, "127.1.%u.%u:", &x, &y) != 2 || strcmp(req->path, "/json/") != 0)
		return false;
	sbuf_printf(&answer->body, "{\"id\":\"worker-%u\",\"masterurl\":\"spark://m:7077\"}",
		x * 250 + y);
	return true;
}

static bool all_up(const struct scene *s, size_t count)
{
	const struct cluster_info *c = scene_cluster(s);

	if (c == NULL || c->workers_count != count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (c->workers[i].mount->state != MOUNT_UP)
			return false;
	}
	return true;
}

static void five_thousand_workers_are_checked_and_routed(void **state)
{
	struct fake_master *m = fake_master_start("ALIVE");
	struct fake_http *crowd = fake_http_start("0.0.0.0");
	struct scene *s = scene_new(fake_master_url(m));
	char id[32], url[64];
	unsigned published;

	(void)state;
	fake_http_handle(crowd, on_crowd, NULL);
	s->clusters[0].poll_ms = 500;
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(id, sizeof id, "worker-%u", i);
		snprintf(url, sizeof url, "http://127.1.%u.%u:%u", i / 250, i % 250,
			fake_http_port(crowd));
		fake_master_worker(m, id, url, "ALIVE");
	}
	scene_start(s);
	scene_wait(s, all_up(s, MANY));
	published = s->published;
	assert_in_range(published, 1, 200); /* in bursts, not one by one */
	scene_wait(s, scene_cluster(s)->spark_version[0]);
	/* All leave: the pages of the last thousand are kept. */
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(id, sizeof id, "worker-%u", i);
		fake_master_worker(m, id, NULL, NULL);
	}
	scene_wait(s, scene_cluster(s)->workers_count == 0);
	published = 0;
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(id, sizeof id, "worker-%u", i);
		published += scene_is(s, id, MOUNT_GONE);
	}
	assert_int_equal(published, 1000);
	scene_free(s);
	fake_http_stop(crowd);
	fake_master_stop(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(history_is_read_in_full_then_only_what_is_new),
		cmocka_unit_test(a_running_application_stays_the_masters_though_history_lists_it),
		cmocka_unit_test(a_cluster_may_consist_of_other_uis_alone),
		cmocka_unit_test(ui_is_known_by_its_other_names),
		cmocka_unit_test(node_managers_come_and_go_with_their_list),
		cmocka_unit_test(nodes_are_known_whatever_the_order_of_their_list),
		cmocka_unit_test(s97_node_that_a_list_names_has_to_be_inside_the_fence),
		cmocka_unit_test(a_reload_keeps_what_is_known_of_clusters_that_remain),
		cmocka_unit_test(what_changes_in_one_cluster_copies_no_other),
		cmocka_unit_test(five_thousand_workers_are_checked_and_routed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
