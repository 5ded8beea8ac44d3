/* Narrowed tokens: which request is about which cluster and application. */
#include "proxy/narrow.h"

#include "base/mem.h"
#include "proxy/registry_int.h"

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
	const char *scope, *path, *lacks; /* "": allowed */
} rows[] = {
	{"cluster:a", "/", ""},
	{"cluster:a", "/a/", ""},
	{"cluster:a", "/b/", "cluster:b"},
	{"cluster:a", "/a/proxy/master/", ""},
	{"cluster:a", "/b/proxy/master/", "cluster:b"},
	{"cluster:a", "/b/shs/", "cluster:b"},
	{"cluster:a", "/b/apps/app-1", "cluster:b"},
	{"cluster:a", "/b/ui/hdfs/", "cluster:b"},
	{"app:app-1", "/", ""},
	{"app:app-1", "/a/", ""},
	{"app:app-1", "/a/proxy/app-1/jobs/", ""},
	{"app:etl*", "/a/proxy/app-1/jobs/", ""},
	{"app:report", "/a/proxy/app-1/jobs/", "app:app-1"},
	{"app:app-1", "/a/proxy/master/", "app:*"},
	{"app:app-1", "/a/proxy/worker-1/logPage/", "app:*"},
	{"app:app-1", "/a/ui/hdfs/", "app:*"},
	{"app:app-1", "/a/shs/", "app:*"},
	{"app:app-1", "/a/shs/api/v1/applications", "app:*"},
	{"app:app-2", "/a/shs/history/app-2/jobs/", ""},
	{"app:report", "/a/shs/history/app-2/1/jobs/", ""},
	{"app:report", "/a/shs/history/app-1/jobs/", "app:app-1"},
	{"app:report", "/a/shs/api/v1/applications/app-2/jobs", ""},
	{"app:report", "/a/shs/api/v1/applications/app-1/logs", "app:app-1"},
	{"app:report", "/a/shs/static/spark.js", ""},
	{"app:app-2*", "/a/shs/history/app-2;x/jobs/", "app:*"},
	{"app:app-2*", "/a/shs/history/app-2%31/jobs/", "app:*"},
	{"app:*2", "/a/shs/history/*/jobs/", "app:*"},
	{"app:app-2", "/a/shs/history/", "app:*"},
	{"app:app-2", "/a/apps/app-2", ""},
	{"app:app-2", "/a/apps/report", ""},
	{"app:app-2", "/a/apps/app-1", "app:app-1"},
	{"app:app-2", "/a/apps/unknown", "app:*"},
	{"namespace:spark", "/", ""},
	{"namespace:spark", "/a/", ""},
	{"namespace:spark", "/a/proxy/app-1/jobs/", ""},
	{"namespace:spark", "/a/apps/app-1", ""},
	{"namespace:spark", "/a/shs/history/app-1/jobs/", ""},
	{"namespace:spark", "/a/shs/static/spark.js", ""},
	{"namespace:other", "/a/proxy/app-1/jobs/", "namespace:spark"},
	{"namespace:other namespace:spark", "/a/proxy/app-1/jobs/", ""},
	{"namespace:spark", "/a/shs/history/app-2/jobs/", "namespace:*"},
	{"namespace:spark", "/a/shs/", "namespace:*"},
	{"namespace:spark", "/a/proxy/master/", "namespace:*"},
	{"namespace:spark", "/a/proxy/worker-1/logPage/", "namespace:*"},
	{"namespace:spark", "/a/ui/hdfs/", "namespace:*"},
	{"namespace:spark", "/a/apps/unknown", "namespace:*"},
	{"namespace:spark app:report", "/a/proxy/app-1/jobs/", "app:app-1"},
};

static void narrowed_tokens_open_their_part_only(void **state)
{
	struct registry_builder *b = registry_builder_new("");
	char lacks[SCOPE_LACKS];
	struct err err;

	(void)state;
	add_cluster(b, "a");
	add_cluster(b, "b");
	struct registry *reg = registry_builder_finish(b);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct route route = route_match(reg, "", str_of(rows[i].path));
		struct scope *scope = scope_parse(str_of(rows[i].scope), &err);

		assert_non_null(scope);
		lacks[0] = '\0';
		bool allows = narrow_allows(scope, reg, &route, ACTION_VIEW, lacks);
		if (allows != (rows[i].lacks[0] == '\0') || strcmp(lacks, rows[i].lacks) != 0)
			fail_msg("%s %s: got \"%s\"", rows[i].scope, rows[i].path, lacks);
		assert_true(narrow_allows(NULL, reg, &route, ACTION_VIEW, lacks));
		scope_free(scope);
	}
	registry_free(reg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(narrowed_tokens_open_their_part_only)};

	return cmocka_run_group_tests_name("narrow", tests, NULL, NULL);
}
