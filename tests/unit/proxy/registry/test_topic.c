/* What a request is about: which cluster, list and application, and who may have it. */
#include "proxy/registry/named_app.h"
#include "proxy/registry/topic.h"

#include "auth/policy/scope.h"
#include "base/mem.h"
#include "proxy/registry/registry_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void add_cluster(struct registry_builder *b, const char *name)
{
	struct mount mount = {.state = MOUNT_UP, .cluster = name, .authority = "10.0.0.1:8080"};
	struct cluster_info info = {.name = name, .has_masters = true, .has_history = true};
	struct app_info apps[] = {{.id = "app-1",
					  .name = "etl nightly",
					  .state = "RUNNING",
					  .running = true,
					  .namespace = "spark"},
		{.id = "app-2", .name = "report", .state = "FINISHED", .in_history = true}};

	mount.kind = UI_MASTER, mount.id = "master";
	info.master = registry_builder_mount(b, &mount);
	mount.kind = UI_WORKER, mount.id = "worker-1";
	registry_builder_mount(b, &mount);
	mount.kind = UI_HISTORY, mount.id = "shs";
	info.history = registry_builder_mount(b, &mount);
	mount.kind = UI_DRIVER, mount.id = "app-1";
	apps[0].mount = registry_builder_mount(b, &mount);
	mount.kind = UI_OTHER, mount.id = "hdfs";
	const struct mount *uis[] = {registry_builder_mount(b, &mount)};
	info.uis = uis, info.uis_count = 1;
	info.apps = apps, info.apps_count = ARRAY_LEN(apps);
	registry_builder_cluster(b, &info);
}

static const struct {
	const char *scope, *path;
	bool is_shown;
} rows[] = {
	{"cluster:a", "/", true},
	{"cluster:a", "/a/", true},
	{"cluster:a", "/b/", false},
	{"cluster:a", "/a/proxy/master/", true},
	{"cluster:a", "/b/proxy/master/", false},
	{"cluster:a", "/b/shs/", false},
	{"cluster:a", "/b/apps/app-1", false},
	{"cluster:a", "/b/ui/hdfs/", false},
	{"app:app-1", "/", true},
	{"app:app-1", "/a/", true},
	{"app:app-1", "/a/proxy/app-1/jobs/", true},
	{"app:etl*", "/a/proxy/app-1/jobs/", true},
	{"app:report", "/a/proxy/app-1/jobs/", false},
	{"app:app-1", "/a/proxy/master/", false},
	{"app:app-1", "/a/proxy/worker-1/logPage/", false},
	{"app:app-1", "/a/ui/hdfs/", false},
	{"app:app-1", "/a/shs/", false},
	{"app:app-1", "/a/shs/api/v1/applications", false},
	{"app:app-2", "/a/shs/history/app-2/jobs/", true},
	{"app:report", "/a/shs/history/app-2/1/jobs/", true},
	{"app:report", "/a/shs/history/app-1/jobs/", false},
	{"app:report", "/a/shs/api/v1/applications/app-2/jobs", true},
	{"app:report", "/a/shs/api/v1/applications/app-1/logs", false},
	{"app:report", "/a/shs/static/spark.js", true},
	{"app:app-2*", "/a/shs/history/app-2;x/jobs/", false},
	{"app:app-2*", "/a/shs/history/app-2%31/jobs/", false},
	{"app:*2", "/a/shs/history/*/jobs/", false},
	{"app:app-2", "/a/shs/history/", false},
	{"app:app-2", "/a/apps/app-2", true},
	{"app:app-2", "/a/apps/app-2/logs", true},
	{"app:report", "/a/apps/app-2/logs", true},
	{"app:app-2", "/a/apps/app-1/logs", false},
	{"app:app-2", "/a/apps/app-1/events", false},
	{"namespace:spark", "/a/apps/app-1/logs", true},
	{"namespace:spark", "/a/apps/app-2/logs", false},
	{"namespace:other", "/a/apps/app-1/events", false},
	{"app:app-2", "/a/apps/report", true},
	{"app:app-2", "/a/apps/app-1", true},
	{"app:app-2", "/a/apps/unknown", true},
	{"namespace:spark", "/", true},
	{"namespace:spark", "/a/", true},
	{"namespace:spark", "/a/proxy/app-1/jobs/", true},
	{"namespace:spark", "/a/apps/app-1", true},
	{"namespace:spark", "/a/shs/history/app-1/jobs/", true},
	{"namespace:spark", "/a/shs/static/spark.js", true},
	{"namespace:other", "/a/proxy/app-1/jobs/", false},
	{"namespace:other namespace:spark", "/a/proxy/app-1/jobs/", true},
	{"namespace:spark", "/a/shs/history/app-2/jobs/", false},
	{"namespace:spark", "/a/shs/", false},
	{"namespace:spark", "/a/proxy/master/", false},
	{"namespace:spark", "/a/proxy/worker-1/logPage/", false},
	{"namespace:spark", "/a/ui/hdfs/", false},
	{"namespace:spark", "/a/apps/unknown", true},
	{"namespace:spark app:report", "/a/proxy/app-1/jobs/", false},
	{"cluster:a", "/b", false},
	{"cluster:a", "/b/shs", false},
	{"cluster:a", "/a/proxy/master", true},
	{"app:report", "/a/proxy/app-1", false},
	{"app:app-1", "/a/proxy/app-1", true},
	{"app:app-1", "/a/shs", false},
	{"app:app-1", "/a/proxy/master", false},
	{"app:app-1", "/a/ui/hdfs", false},
	{"namespace:other", "/a/proxy/app-1", false},
	{"namespace:spark", "/a/proxy/app-1", true},
	{"app:app-2", "/a/proxy/app-2/jobs/", true},
	{"app:report", "/a/proxy/app-2", true},
	{"app:app-1", "/a/proxy/app-2/jobs/", false},
	{"namespace:spark", "/a/proxy/app-2", false},
	{"app:app-2", "/a/shs/history/app-2%2531/jobs/", false},
	{"app:app-2", "/a/shs/history/app-2%252fx/", false},
};

static struct registry *two_clusters(void)
{
	struct registry_builder *b = registry_builder_new("");

	add_cluster(b, "a");
	add_cluster(b, "b");
	return registry_builder_finish(b);
}

static struct scope *parse(const char *text)
{
	struct err err;
	struct scope *scope = scope_parse(str_of(text), &err);

	assert_non_null(scope);
	return scope;
}

/* Of a path with its query. */
static void find(struct topic *topic, const struct registry *reg, const char *text)
{
	struct str query = str_of(text), path;

	str_next(&query, '?', &path);
	struct route route = route_match(reg, "", path);
	topic_find(topic, reg, NULL, &route, query);
}

static unsigned rights(struct scope *scope, const struct registry *reg, const char *text)
{
	const struct identity who = {.role = ROLE_USER, .scope = scope};
	struct topic topic;

	find(&topic, reg, text);
	return topic_rights(&topic, &who);
}

static void narrowed_tokens_open_their_part_only(void **state)
{
	struct registry *reg = two_clusters();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scope *scope = parse(rows[i].scope);

		if ((rights(scope, reg, rows[i].path) != 0) != rows[i].is_shown)
			fail_msg("%s %s", rows[i].scope, rows[i].path);
		assert_int_not_equal(rights(NULL, reg, rows[i].path), 0);
		scope_free(scope);
	}
	registry_free(reg);
}

static void s44_what_is_outside_every_cluster_may_be_of_a_hidden_one(void **state)
{
	static const char *const narrowed[] = {"cluster:a", "app:x*", "namespace:spark"};
	struct registry *reg = two_clusters();
	struct identity who = {.role = ROLE_USER};
	struct topic topic;

	(void)state;
	topic_find(&topic, reg, NULL, &(struct route){.kind = ROUTE_OUTSIDE}, STR(""));
	for (size_t i = 0; i < ARRAY_LEN(narrowed); i++) {
		who.scope = parse(narrowed[i]);
		assert_int_equal(topic_rights(&topic, &who), 0);
		scope_free(who.scope);
	}
	who.scope = parse("view logs");
	assert_int_not_equal(topic_rights(&topic, &who), 0);
	scope_free(who.scope);
	registry_free(reg);
}

static struct registry *with_one_name_for_two(void)
{
	struct registry_builder *b = registry_builder_new("");
	struct app_info apps[] = {
		{.id = "app-1", .name = "etl", .namespace = "ours", .started_ms = 1},
		{.id = "app-2", .name = "etl", .namespace = "theirs", .started_ms = 2},
		{.id = "app-3", .name = "app-2", .namespace = "ours", .started_ms = 3},
		{.id = "app-4", .name = "secret", .namespace = "theirs", .started_ms = 4}};

	registry_builder_cluster(b,
		&(struct cluster_info){.name = "c", .apps = apps, .apps_count = ARRAY_LEN(apps)});
	return registry_builder_finish(b);
}

static void s44_a_permalink_leads_to_what_its_reader_may_see_and_to_nothing_else(void **state)
{
	static const struct {
		const char *text, *id; /* NULL: none */
	} links[] = {{"etl", "app-1"}, {"app-1", "app-1"}, {"app-2", "app-3"}, {"app-4", NULL},
		{"secret", NULL}, {"nobody", NULL}, {"", NULL}};
	struct registry *reg = with_one_name_for_two();
	const struct cluster_info *cluster = registry_cluster_at(reg, 0);
	struct scope *scope = parse("namespace:ours");
	struct identity who = {.role = ROLE_USER, .scope = scope};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		const struct app_info *app =
			named_app_find(&who, reg, cluster, str_of(links[i].text));
		if (links[i].id == NULL)
			assert_null(app);
		else
			assert_string_equal(app->id, links[i].id);
	}
	who.scope = NULL;
	assert_string_equal(named_app_find(&who, reg, cluster, STR("etl"))->id, "app-2");
	assert_string_equal(named_app_find(&who, reg, cluster, STR("app-2"))->id, "app-2");
	scope_free(scope);
	registry_free(reg);
}

/* --- Spark's paths (T6-T9, T42-T49) --- */

static const struct {
	const char *path;
	enum topic_kind kind;
	const char *id; /* of TOPIC_APP */
} topics[] = {
	{"/", TOPIC_OURS, NULL},
	{"/a/", TOPIC_OURS, NULL},
	{"/a/apps/app-1", TOPIC_OURS, NULL},
	{"/nothing/", TOPIC_NOTHING, NULL},
	{"/a/proxy/nobody/", TOPIC_NOTHING, NULL},
	{"/a/proxy/master", TOPIC_LIST, NULL},
	{"/a/proxy/master/", TOPIC_LIST, NULL},
	{"/a/proxy/master/?q=1", TOPIC_LIST, NULL},
	{"/a/proxy/master/json", TOPIC_LIST, NULL},
	{"/a/proxy/master/json/", TOPIC_LIST, NULL},
	{"/a/proxy/master/json/activeapps", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/json/clusterutilization", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/static/spark-logo.png", TOPIC_FILES, NULL},
	{"/a/proxy/master/app/?appId=app-1", TOPIC_APP, "app-1"},
	{"/a/proxy/master/app?appId=app-1", TOPIC_APP, "app-1"},
	{"/a/proxy/master/app/?appId=app-7", TOPIC_APP, "app-7"},
	{"/a/proxy/master/app/", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/app/?appId=", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/app/?appId", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/app/?appId=app-1&appId=app-2", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/app/?appId=app-1&appId=app-1", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/app/?appId=app-1&app%49d=app-2", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/app/?appId=app%2d1", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/app/?appId=app-1;appId=app-2", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/app/?appId=..", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/app/x?appId=app-1", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/app/kill/", TOPIC_FORM, NULL},
	{"/a/proxy/master/app/kill", TOPIC_FORM, NULL},
	{"/a/proxy/master/app/kill/x", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/driver/kill/", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/workers/kill/", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/environment/", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/metrics/master/json", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/logPage/?self&logType=out", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/log?self&logType=out", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/whatever", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/v1/submissions/create", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/proxy/app-1/jobs/", TOPIC_APP, "app-1"},
	{"/a/proxy/master/proxy/app-1", TOPIC_APP, "app-1"},
	{"/a/proxy/master/proxy/app-9/jobs/", TOPIC_WHOLE, NULL}, /* may be a worker's id */
	{"/a/proxy/master/proxy/app-1%2e/jobs/", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/proxy/", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/proxy/worker-1/", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/proxy/worker-1/json/", TOPIC_WHOLE, NULL},
	{"/a/proxy/master/proxy/worker-1/logPage/?appId=app-1&executorId=0&logType=stdout",
		TOPIC_APP, "app-1"},
	{"/a/proxy/master/proxy/worker-1/logPage/?driverId=driver-1&logType=stdout", TOPIC_WHOLE,
		NULL},
	{"/a/proxy/worker-1/", TOPIC_LIST, NULL},
	{"/a/proxy/worker-1/json/", TOPIC_LIST, NULL},
	{"/a/proxy/worker-1/static/webui.css", TOPIC_FILES, NULL},
	{"/a/proxy/worker-1/metrics/json", TOPIC_WHOLE, NULL},
	{"/a/proxy/worker-1/logPage/?appId=app-1&executorId=0&logType=stderr", TOPIC_APP, "app-1"},
	{"/a/proxy/worker-1/log?appId=app-1&executorId=0&logType=stderr&offset=0&byteLength=9",
		TOPIC_APP, "app-1"},
	{"/a/proxy/worker-1/log/?appId=app-1&executorId=0&logType=stderr", TOPIC_APP, "app-1"},
	{"/a/proxy/worker-1/logPage/?self&logType=out", TOPIC_WHOLE, NULL},
	{"/a/proxy/worker-1/logPage/?driverId=driver-1&logType=stderr", TOPIC_WHOLE, NULL},
	{"/a/proxy/worker-1/logPage/?appId=app-1&driverId=driver-1&logType=stderr", TOPIC_WHOLE,
		NULL},
	{"/a/proxy/worker-1/logPage/?appId=app-1&executorId=..%2fapp-2%2f0&logType=stderr",
		TOPIC_WHOLE, NULL},
	{"/a/proxy/worker-1/logPage/?appId=app-1&executorId=../app-2/0&logType=stderr", TOPIC_WHOLE,
		NULL},
	{"/a/proxy/worker-1/logPage/?appId=app-1&executorId=..&logType=app-2/0/stderr", TOPIC_WHOLE,
		NULL},
	{"/a/proxy/worker-1/logPage/?executorId=0&logType=stderr", TOPIC_WHOLE, NULL},
	{"/a/proxy/app-1/", TOPIC_APP, "app-1"},
	{"/a/proxy/app-1/api/v1/applications", TOPIC_APP, "app-1"},
	{"/a/proxy/app-1/jobs/job/kill/?id=1", TOPIC_APP, "app-1"},
	{"/a/proxy/app-2/jobs/", TOPIC_APP, "app-2"},
	{"/a/shs", TOPIC_LIST, NULL},
	{"/a/shs/", TOPIC_LIST, NULL},
	{"/a/shs/api/v1/applications", TOPIC_LIST, NULL},
	{"/a/shs/api/v1/applications?limit=5&status=completed", TOPIC_LIST, NULL},
	{"/a/shs/api/v1/applications/", TOPIC_WHOLE, NULL},
	{"/a/shs/api/v1/version", TOPIC_FILES, NULL},
	{"/a/shs/api/v1/versions", TOPIC_WHOLE, NULL},
	{"/a/shs/api/v1/applications/app-2", TOPIC_APP, "app-2"},
	{"/a/shs/api/v1/applications/app-2/1/logs", TOPIC_APP, "app-2"},
	{"/a/shs/history/app-2/1/jobs/", TOPIC_APP, "app-2"},
	{"/a/shs/history/", TOPIC_WHOLE, NULL},
	{"/a/shs/history", TOPIC_WHOLE, NULL},
	{"/a/shs/logPage/?self&logType=out", TOPIC_WHOLE, NULL},
	{"/a/shs/metrics/json", TOPIC_WHOLE, NULL},
	{"/a/ui/hdfs/", TOPIC_UI, NULL},
};

static void s74_each_path_of_spark_is_about_a_list_an_application_or_a_whole_cluster(void **state)
{
	struct registry *reg = two_clusters();
	struct topic topic;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(topics); i++) {
		find(&topic, reg, topics[i].path);
		if (topic.kind != topics[i].kind ||
			(topics[i].id && strcmp(topics[i].id, topic.id) != 0))
			fail_msg("%s: %d, %s", topics[i].path, (int)topic.kind, topic.id);
	}
	registry_free(reg);
}

static const struct {
	const char *query, *content, *id; /* NULL: refused */
} forms[] = {
	{"", "id=app-1&terminate=true", "app-1"},
	{"", "id=app-1&terminate=true&csrfToken=a%2Bb%3D", "app-1"},
	{"", "terminate=true&id=app-7", "app-7"},
	{"id=app-1&terminate=true", "", "app-1"},
	{"", "", NULL},
	{"", "terminate=true", NULL},
	{"", "id=", NULL},
	{"", "id", NULL},
	{"", "id=app-1&id=app-2", NULL},
	{"", "id=app-1&id=app-1", NULL},
	{"id=app-2", "id=app-1&terminate=true", NULL},
	{"", "id=app-1&%69d=app-2", NULL},
	{"", "%69d=app-1", NULL},
	{"", "id=app%2D1", NULL},
	{"", "id=app-1;id=app-2", NULL},
	{"", "a=1;id=app-2&id=app-1", NULL},
	{"", "id=app-1+", NULL},
	{"", "id=app-1&ID=app-2", NULL},
	{"", "{\"id\": \"app-1\"}", NULL},
};

static void s75_a_form_ends_the_one_application_that_it_names_in_one_reading(void **state)
{
	struct registry *reg = two_clusters();
	struct topic topic;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		find(&topic, reg, "/a/proxy/master/app/kill/");
		bool is_read = topic_read_form(
			&topic, reg, str_of(forms[i].query), str_of(forms[i].content));
		if (is_read != (forms[i].id != NULL) ||
			(is_read && strcmp(topic.id, forms[i].id) != 0))
			fail_msg("%s %s", forms[i].query, forms[i].content);
	}
	registry_free(reg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			s74_each_path_of_spark_is_about_a_list_an_application_or_a_whole_cluster),
		cmocka_unit_test(s75_a_form_ends_the_one_application_that_it_names_in_one_reading),
		cmocka_unit_test(narrowed_tokens_open_their_part_only),
		cmocka_unit_test(s44_what_is_outside_every_cluster_may_be_of_a_hidden_one),
		cmocka_unit_test(
			s44_a_permalink_leads_to_what_its_reader_may_see_and_to_nothing_else)};

	return cmocka_run_group_tests_name("topic", tests, NULL, NULL);
}
