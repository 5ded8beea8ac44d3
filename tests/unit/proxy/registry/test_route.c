/* The URL space: which path names what. */
#include "proxy/registry/route.h"

#include "proxy/registry/registry_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct registry *sample(const char *base)
{
	struct registry_builder *b = registry_builder_new(base);
	struct mount mount = {.state = MOUNT_UP, .cluster = "local", .authority = "10.0.0.1:8080"};
	struct cluster_info info = {.name = "local", .has_masters = true, .has_history = true};

	mount.kind = UI_MASTER, mount.id = "master";
	info.master = registry_builder_mount(b, &mount);
	mount.kind = UI_HISTORY, mount.id = "shs", mount.authority = "10.0.0.1:18080";
	info.history = registry_builder_mount(b, &mount);
	mount.kind = UI_DRIVER, mount.id = "app-1", mount.authority = "10.0.0.1:4040";
	registry_builder_mount(b, &mount);
	mount.kind = UI_OTHER, mount.id = "hdfs", mount.authority = "10.0.0.1:9870";
	const struct mount *uis[] = {registry_builder_mount(b, &mount)};
	info.uis = uis, info.uis_count = 1;
	registry_builder_cluster(b, &info);
	return registry_builder_finish(b);
}

static const struct {
	const char *path;
	enum route_kind kind;
	const char *mount, *rest;
} rows[] = {
	{"/", ROUTE_HOME, NULL, NULL},
	{"/local", ROUTE_SLASH, NULL, NULL},
	{"/local/", ROUTE_CLUSTER, NULL, NULL},
	{"/local/proxy/master", ROUTE_SLASH, NULL, NULL},
	{"/local/proxy/master/", ROUTE_MOUNT, "master", "/"},
	{"/local/proxy/master/app/", ROUTE_MOUNT, "master", "/app/"},
	{"/local/proxy/app-1/jobs/", ROUTE_MOUNT, "app-1", "/jobs/"},
	{"/local/proxy/app-1x/jobs/", ROUTE_NONE, NULL, NULL},
	{"/local/proxy/", ROUTE_NONE, NULL, NULL},
	{"/local/proxy/10.0.0.1:4040/", ROUTE_NONE, NULL, NULL},
	{"/local/shs", ROUTE_SLASH, NULL, NULL},
	{"/local/shs/history/app-1/", ROUTE_MOUNT, "shs", "/history/app-1/"},
	{"/local/shsx/", ROUTE_NONE, NULL, NULL},
	{"/local/ui/hdfs/a", ROUTE_MOUNT, "hdfs", "/a"},
	{"/local/ui/master/", ROUTE_NONE, NULL, NULL},
	{"/local/proxy/hdfs/", ROUTE_NONE, NULL, NULL},
	{"/local/apps/app-1", ROUTE_APP, NULL, NULL},
	{"/local/apps/app-1/", ROUTE_APP, NULL, NULL},
	{"/local/apps/app-1/x", ROUTE_NONE, NULL, NULL},
	{"/local/apps/app-1/kill", ROUTE_APP_KILL, NULL, NULL},
	{"/local/apps/app-1/logs", ROUTE_APP_LOGS, NULL, NULL},
	{"/local/apps/app-1/events", ROUTE_APP_EVENTS, NULL, NULL},
	{"/local/apps/app-1/logs/", ROUTE_NONE, NULL, NULL},
	{"/local/apps/app-1/logs/x", ROUTE_NONE, NULL, NULL},
	{"/local/apps/app-1/kill/", ROUTE_NONE, NULL, NULL},
	{"/local/apps/", ROUTE_NONE, NULL, NULL},
	{"/other/", ROUTE_NONE, NULL, NULL},
	{"/whoami", ROUTE_WHOAMI, NULL, NULL},
	{"/whoami/", ROUTE_NONE, NULL, NULL},
	{"/whoamix", ROUTE_NONE, NULL, NULL},
	{"/_gate/login", ROUTE_LOGIN, NULL, NULL},
	{"/_gate/callback", ROUTE_CALLBACK, NULL, NULL},
	{"/_gate/callback/", ROUTE_NONE, NULL, NULL},
	{"/_gate/callback/partner", ROUTE_CALLBACK, NULL, NULL},
	{"/_gate/callback/partner/", ROUTE_NONE, NULL, NULL},
	{"/_gate/logout", ROUTE_LOGOUT, NULL, NULL},
	{"/_gate/jwks.json", ROUTE_JWKS, NULL, NULL},
	{"/_gate/oauth/token", ROUTE_OAUTH_TOKEN, NULL, NULL},
	{"/_gate/oauth/revoke", ROUTE_OAUTH_REVOKE, NULL, NULL},
	{"/_gate/oauth/introspect", ROUTE_OAUTH_INTROSPECT, NULL, NULL},
	{"/_gate/oauth/device", ROUTE_OAUTH_DEVICE, NULL, NULL},
	{"/_gate/oauth/metadata", ROUTE_OAUTH_METADATA, NULL, NULL},
	{"/_gate/client", ROUTE_NONE, NULL, NULL},
	{"/_gate/client/", ROUTE_CLIENT, NULL, ""},
	{"/_gate/client/client.whl", ROUTE_CLIENT, NULL, "client.whl"},
	{"/_gate/oauth/token/", ROUTE_NONE, NULL, NULL},
	{"/_gate/oauth", ROUTE_NONE, NULL, NULL},
	{"/_gate/static/gateway.css", ROUTE_STATIC, NULL, "gateway.css"},
	{"/_gate/loginx", ROUTE_NONE, NULL, NULL},
	{"/_gate/", ROUTE_NONE, NULL, NULL},
};

static void check_rows(const char *base)
{
	struct registry *reg = sample(base);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char path[200];
		snprintf(path, sizeof path, "%s%s", base, rows[i].path);
		struct route route = route_match(reg, base, str_of(path));
		if (route.kind != rows[i].kind)
			fail_msg("%s: got %d, expected %d", path, route.kind, rows[i].kind);
		if (rows[i].mount)
			assert_string_equal(route.mount->id, rows[i].mount);
		if (rows[i].rest)
			assert_true(str_eq(route.rest, str_of(rows[i].rest)));
	}
	registry_free(reg);
}

/* Of a history server that lists more than what is kept: ids of its own form only. */
static void s44_any_id_below_proxy_may_be_older_than_a_list_that_was_cut(void **state)
{
	static const struct {
		const char *path;
		enum route_kind whole, cut;
	} paths[] = {{"/c/proxy/app-9/jobs/", ROUTE_NONE, ROUTE_APP},
		{"/c/proxy/app-9", ROUTE_NONE, ROUTE_APP},
		{"/c/proxy/app-9~2F/", ROUTE_NONE, ROUTE_NONE},
		{"/c/proxy/a%2520b/", ROUTE_NONE, ROUTE_NONE},
		{"/c/proxy/master/", ROUTE_NONE, ROUTE_NONE},
		{"/c/proxy/10.0.0.1:4040/", ROUTE_NONE, ROUTE_NONE},
		{"/c/apps/app-9/jobs/", ROUTE_NONE, ROUTE_NONE},
		{"/c/ui/app-9/", ROUTE_NONE, ROUTE_NONE}};

	(void)state;
	for (int is_cut = 0; is_cut < 2; is_cut++) {
		struct registry_builder *b = registry_builder_new("");
		registry_builder_cluster(
			b, &(struct cluster_info){.name = "c", .is_history_cut = is_cut});
		struct registry *reg = registry_builder_finish(b);
		for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
			struct route route = route_match(reg, "", str_of(paths[i].path));
			assert_int_equal(route.kind, is_cut ? paths[i].cut : paths[i].whole);
			assert_true(route.kind != ROUTE_APP || route.rest.at); /* no permalink */
		}
		registry_free(reg);
	}
}

static void s0_an_applications_host_has_its_ui_and_nothing_else(void **state)
{
	static const struct {
		const char *path;
		enum route_kind kind, without_app;
	} own[] = {
		{"/b/local/proxy/app-1/jobs/", ROUTE_MOUNT, ROUTE_NONE},
		{"/b/local/proxy/app-1", ROUTE_SLASH, ROUTE_NONE},
		{"/b/_gate/enter", ROUTE_ENTER, ROUTE_ENTER}, /* S44 */
		{"/b/_gate/hand-over", ROUTE_NONE, ROUTE_NONE},
		{"/b/_gate/login", ROUTE_LOGIN, ROUTE_LOGIN},
		{"/b/_gate/static/gateway.css", ROUTE_STATIC, ROUTE_STATIC},
		{"/b/_gate/logout", ROUTE_NONE, ROUTE_NONE},
		{"/b/_gate/callback", ROUTE_NONE, ROUTE_NONE},
		{"/b/_gate/jwks.json", ROUTE_NONE, ROUTE_NONE},
		{"/b/", ROUTE_NONE, ROUTE_NONE},
		{"/b/local/", ROUTE_NONE, ROUTE_NONE},
		{"/b/local", ROUTE_NONE, ROUTE_NONE},
		{"/b/local/proxy/master/", ROUTE_NONE, ROUTE_NONE},
		{"/b/local/shs/", ROUTE_NONE, ROUTE_NONE},
		{"/b/local/ui/hdfs/", ROUTE_NONE, ROUTE_NONE},
		{"/b/local/apps/app-1", ROUTE_NONE, ROUTE_NONE},
	};
	struct registry *reg = sample("/b");
	const struct mount *app = registry_proxy(reg, STR("local"), STR("app-1"));

	(void)state;
	assert_ptr_equal(registry_label(reg, str_of(app->label)), app);
	assert_null(registry_label(reg, STR("app-1")));
	assert_null(registry_label(reg, STR("")));
	assert_string_equal(registry_proxy(reg, STR("local"), STR("master"))->label, "");
	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		struct str path = str_of(own[i].path);
		assert_int_equal(route_match_app(reg, "/b", path, app).kind, own[i].kind);
		assert_int_equal(route_match_app(reg, "/b", path, NULL).kind, own[i].without_app);
	}
	assert_int_equal(route_match(reg, "/b", STR("/b/_gate/enter")).kind, ROUTE_NONE);
	registry_free(reg);
}

static void s108_found_cluster_takes_no_path_of_what_an_ingress_guards(void **state)
{
	struct registry_builder *b = registry_builder_new("");

	(void)state;
	registry_builder_cluster(b, &(struct cluster_info){.name = "local"});
	registry_builder_cluster(b,
		&(struct cluster_info){.name = "grafana", .finder = "local", .namespace = "etl"});
	struct registry *reg = registry_builder_finish(b);
	assert_int_equal(route_match(reg, "", STR("/grafana/")).kind, ROUTE_CLUSTER);
	assert_true(route_is_outside(reg, "", STR("/grafana/")));
	assert_true(route_is_outside(reg, "", STR("/grafana/proxy/master/")));
	assert_false(route_is_outside(reg, "", STR("/local/")));
	assert_false(route_is_outside(reg, "", STR("/whoami")));
	assert_false(route_is_outside(reg, "", STR("/_gate/login")));
	registry_free(reg);
}

static void each_path_names_one_thing_or_nothing(void **state)
{
	(void)state;
	check_rows("");
}

static void a_base_path_comes_before_everything(void **state)
{
	struct registry *reg = sample("/spark");

	(void)state;
	check_rows("/spark");
	assert_int_equal(route_match(reg, "/spark", STR("/spark")).kind, ROUTE_SLASH);
	assert_int_equal(route_match(reg, "/spark", STR("/")).kind, ROUTE_NONE);
	assert_int_equal(route_match(reg, "/spark", STR("/sparky/")).kind, ROUTE_NONE);
	assert_int_equal(route_match(reg, "/spark", STR("/local/")).kind, ROUTE_NONE);
	registry_free(reg);
}

static void without_a_snapshot_only_the_gates_own_paths_exist(void **state)
{
	(void)state;
	assert_int_equal(route_match(NULL, "", STR("/_gate/login")).kind, ROUTE_LOGIN);
	assert_int_equal(route_match(NULL, "", STR("/local/proxy/master/")).kind, ROUTE_NONE);
}

static void only_sign_in_and_what_it_needs_is_public(void **state)
{
	struct registry *reg = sample("");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct route route = route_match(reg, "", str_of(rows[i].path));
		bool is_ours = strncmp(rows[i].path, "/_gate/", 7) == 0 ||
			       route.kind == ROUTE_WHOAMI; /* who asks is asked there */
		assert_int_equal(route_is_public(&route), is_ours && route.kind != ROUTE_NONE);
	}
	registry_free(reg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s44_any_id_below_proxy_may_be_older_than_a_list_that_was_cut),
		cmocka_unit_test(s0_an_applications_host_has_its_ui_and_nothing_else),
		cmocka_unit_test(each_path_names_one_thing_or_nothing),
		cmocka_unit_test(s108_found_cluster_takes_no_path_of_what_an_ingress_guards),
		cmocka_unit_test(a_base_path_comes_before_everything),
		cmocka_unit_test(without_a_snapshot_only_the_gates_own_paths_exist),
		cmocka_unit_test(only_sign_in_and_what_it_needs_is_public),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
