/* What of the registry somebody's home page shows. */
#include "proxy/registry/visible_clusters.h"

#include "auth/policy/grants.h"
#include "base/sbuf.h"
#include "proxy/registry/registry_builder.h"
#include "tests/support/conf_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

static const char configuration[] =
	"clusters:\n"
	"  - {name: prod, uis: [{name: hdfs, url: 'http://h:9870'},"
	" {name: lab, url: 'http://l:8888', roles: [science]}]}\n"
	"  - {name: test, uis: [{name: hdfs, url: 'http://h:9870'},"
	" {name: lab, url: 'http://l:8888', roles: [science]}]}\n"
	"auth:\n"
	"  roles:\n"
	"    claim: groups\n"
	"    user: [everyone]\n"
	"    limited: [{role: old, namespaces: [etl]}]\n"
	"    custom:\n"
	"      - {role: analysts, applications: [own], rights: [view]}\n"
	"      - {role: on-call, clusters: [prod], rights: [view, kill]}\n"
	"      - {role: notebook, clusters: [prod], uis: [lab]}\n";

static struct conf *conf;
static struct registry *reg;

static void add_cluster(struct registry_builder *b, const char *name)
{
	struct mount mount = {.state = MOUNT_UP, .cluster = name, .authority = "10.0.0.1:8080"};
	struct worker_info workers[] = {{.id = "worker-1", .host = "w", .state = "ALIVE"}};
	struct app_info apps[] = {
		{.id = "app-1", .name = "report", .user = "ada", .running = true, .started_ms = 3},
		{.id = "app-2", .name = "report", .user = "bob", .running = true, .started_ms = 2},
		{.id = "app-3", .name = "etl", .user = "svc", .namespace = "etl"}};
	struct cluster_info info = {.name = name,
		.cores = 8,
		.workers = workers,
		.workers_count = 1,
		.apps = apps,
		.apps_count = 3};
	const struct mount *uis[2];

	mount.kind = UI_MASTER, mount.id = "master";
	info.master = registry_builder_mount(b, &mount);
	mount.kind = UI_HISTORY, mount.id = "shs";
	info.history = registry_builder_mount(b, &mount);
	mount.kind = UI_OTHER, mount.id = "hdfs";
	uis[0] = registry_builder_mount(b, &mount);
	mount.id = "lab";
	uis[1] = registry_builder_mount(b, &mount);
	info.uis = uis, info.uis_count = 2;
	registry_builder_cluster(b, &info);
}

static int begin(void **state)
{
	struct registry_builder *b = registry_builder_new("");

	(void)state;
	add_cluster(b, "prod");
	add_cluster(b, "test");
	reg = registry_builder_finish(b);
	conf = conf_probe_load(configuration);
	return 0;
}

static int end(void **state)
{
	(void)state;
	registry_free(reg);
	conf_unref(conf);
	return 0;
}

/* "prod(app-1 app-2) master uis=2 workers=1;" for each cluster. */
static void describe(const struct cluster_info *c, struct sbuf *out)
{
	sbuf_printf(out, "%s(", c->name);
	for (size_t i = 0; i < c->apps_count; i++)
		sbuf_printf(out, "%s%s", i ? " " : "", c->apps[i].id);
	sbuf_puts(out, ")");
	if (c->master && c->history)
		sbuf_puts(out, " lists");
	for (size_t i = 0; i < c->uis_count; i++)
		sbuf_printf(out, " %s", c->uis[i]->id);
	sbuf_printf(out, " %zu/%u; ", c->workers_count, c->cores);
}

static void assert_sees(const char *role, const char *want)
{
	struct grants_person person = {.names = {&role, 1}, .user = "ada"};
	struct grants *grants = grants_new(conf, &person);
	struct identity *who = identity_new(
		STR("i"), STR("s"), STR("n"), STR(""), grants_role(grants), VIA_SESSION, 0);
	struct sbuf got;

	identity_grant(who, grants);
	struct visible_clusters *seen = visible_clusters_new(reg, conf, who);
	sbuf_init(&got, 4096);
	for (size_t i = 0; i < visible_clusters_count(seen); i++)
		describe(visible_clusters_at(seen, i), &got);
	assert_string_equal(got.len ? got.at : "", want);
	sbuf_clear(&got);
	visible_clusters_free(seen);
	identity_unref(who);
}

static void each_person_sees_their_applications_and_uis(void **state)
{
	(void)state;
	assert_sees("everyone", "prod(app-1 app-2 app-3) lists hdfs 1/8; "
				"test(app-1 app-2 app-3) lists hdfs 1/8; ");
	assert_sees("analysts", "prod(app-1) lists 1/8; test(app-1) lists 1/8; ");
	assert_sees("on-call", "prod(app-1 app-2 app-3) lists 1/8; ");
	assert_sees("notebook", "prod() lab 0/0; ");
	assert_sees("old", "prod(app-3) 0/0; test(app-3) 0/0; ");
	assert_sees("stranger", "");
}

static void nobody_sees_nothing(void **state)
{
	struct visible_clusters *seen = visible_clusters_new(reg, conf, NULL);

	(void)state;
	assert_int_equal(visible_clusters_count(seen), 0);
	visible_clusters_free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_person_sees_their_applications_and_uis),
		cmocka_unit_test(nobody_sees_nothing),
	};

	return cmocka_run_group_tests_name("visible_clusters", tests, begin, end);
}
