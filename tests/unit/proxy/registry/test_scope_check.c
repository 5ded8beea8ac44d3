/* Narrowed tokens: which request is about which cluster and application. */
#include "proxy/registry/scope_check.h"

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

static void narrowed_tokens_open_their_part_only(void **state)
{
	struct registry *reg = two_clusters();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct route route = route_match(reg, "", str_of(rows[i].path));
		struct scope *scope = parse(rows[i].scope);

		if (scope_check_shows(scope, reg, &route) != rows[i].is_shown)
			fail_msg("%s %s", rows[i].scope, rows[i].path);
		assert_true(scope_check_shows(NULL, reg, &route));
		scope_free(scope);
	}
	registry_free(reg);
}

static void s44_what_is_outside_every_cluster_may_be_of_a_hidden_one(void **state)
{
	static const char *const narrowed[] = {"cluster:a", "app:x*", "namespace:spark"};
	struct registry *reg = two_clusters();
	struct route route = {.kind = ROUTE_OUTSIDE};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(narrowed); i++) {
		struct scope *scope = parse(narrowed[i]);
		assert_false(scope_check_shows(scope, reg, &route));
		scope_free(scope);
	}
	struct scope *scope = parse("view logs");
	assert_true(scope_check_shows(scope, reg, &route));
	scope_free(scope);
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

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		const struct app_info *app =
			scope_check_app(scope, reg, cluster, str_of(links[i].text));
		if (links[i].id == NULL)
			assert_null(app);
		else
			assert_string_equal(app->id, links[i].id);
	}
	assert_string_equal(scope_check_app(NULL, reg, cluster, STR("etl"))->id, "app-2");
	assert_string_equal(scope_check_app(NULL, reg, cluster, STR("app-2"))->id, "app-2");
	scope_free(scope);
	registry_free(reg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(narrowed_tokens_open_their_part_only),
		cmocka_unit_test(s44_what_is_outside_every_cluster_may_be_of_a_hidden_one),
		cmocka_unit_test(
			s44_a_permalink_leads_to_what_its_reader_may_see_and_to_nothing_else)};

	return cmocka_run_group_tests_name("narrow", tests, NULL, NULL);
}
