/* What opens clusters that a resource of Kubernetes made (S108), and what runs there. */
#include "auth/policy/access.h"
#include "auth/policy/grants.h"
#include "auth/policy/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { VIEW = 1u << ACTION_VIEW };

#define NAMES(...)                                                                                 \
	{                                                                                          \
		(char *[]){__VA_ARGS__}, sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)          \
	}

static char analysts[] = "analysts", etl[] = "team-etl", on_call[] = "on-call", old[] = "old",
	    everyone[] = "everyone", nightlies[] = "nightlies", space[] = "space";
static char own[] = "own", etl_star[] = "etl-*", prod[] = "prod", ns_etl[] = "etl",
	    nightly[] = "nightly", view[] = "view";

static struct conf_role rows[] = {
	{.role = analysts, .applications = NAMES(own), .rights = NAMES(view)},
	{.role = etl,
		.clusters = NAMES(prod),
		.namespaces = NAMES(ns_etl),
		.applications = NAMES(etl_star),
		.rights = NAMES(view)},
	{.role = on_call, .clusters = NAMES(prod), .rights = NAMES(view)},
	{.role = nightlies, .clusters = NAMES(nightly), .rights = NAMES(view)},
	{.role = space, .namespaces = NAMES(ns_etl), .rights = NAMES(view)},
};
static struct conf_limited limited[] = {{old, NAMES(ns_etl)}};
static struct conf conf = {
	.roles_user = NAMES(everyone),
	.roles_custom = rows,
	.roles_custom_count = ARRAY_LEN(rows),
	.roles_limited = limited,
	.roles_limited_count = 1,
};

/* Gives who holds this role; `scope` NULL: not limited. */
static struct identity *somebody(const char *role, const char *scope)
{
	struct grants_person person = {.names = {&role, 1}, .user = "ada"};
	struct grants *grants = grants_new(&conf, &person);
	struct identity *who = identity_new(
		STR("i"), STR("s"), STR("n"), STR(""), grants_role(grants), VIA_SESSION, 0);

	identity_grant(who, grants);
	if (scope)
		identity_limit(who, scope_parse(str_of(scope), NULL));
	return who;
}

static bool sees(const char *role, const char *scope, const struct access_app *app)
{
	struct identity *who = somebody(role, scope);
	unsigned rights = access_to_app(who, app);

	identity_unref(who);
	return rights & VIEW;
}

static const struct access_cluster in_etl = {"nightly", "prod", "etl"},
				   in_web = {"nightly.web", "prod", "web"},
				   by_dev = {"nightly", "dev", "etl"};

static void s108_found_cluster_is_opened_by_its_finder_its_name_and_its_namespace(void **state)
{
	static const struct {
		const char *role, *scope;
		const struct access_cluster *cluster;
		bool is_named, has_lists, is_whole;
	} cells[] = {
		{"everyone", NULL, &in_etl, true, true, true},
		{"on-call", NULL, &in_etl, true, true, true},
		{"on-call", NULL, &by_dev, false, false, false},
		{"team-etl", NULL, &in_etl, true, true, false}, /* some applications there */
		{"team-etl", NULL, &in_web, false, false, false},
		{"team-etl", NULL, &by_dev, false, false, false},
		{"nightlies", NULL, &by_dev, true, true, true},
		{"nightlies", NULL, &in_web, false, false, false},
		{"space", NULL, &in_etl, true, true, true},
		{"space", NULL, &in_web, false, false, false},
		{"old", NULL, &in_etl, true, true, false},
		{"old", NULL, &in_web, false, false, false},
		{"analysts", NULL, &in_web, true, true, false},
		{"everyone", "cluster:prod", &in_etl, true, true, true},
		{"everyone", "cluster:nightly.web", &in_web, true, true, true},
		{"everyone", "cluster:nightly", &in_web, false, false, false},
		{"everyone", "namespace:etl", &in_etl, true, true, true},
		{"everyone", "namespace:etl", &in_web, false, false, false},
		{"everyone", "cluster:prod namespace:web", &in_etl, false, false, false},
		{"everyone", "app:x", &in_etl, true, false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cells); i++) {
		struct identity *who = somebody(cells[i].role, cells[i].scope);
		bool has_lists = access_to_lists(who, cells[i].cluster) != 0;
		bool is_limited = strcmp(cells[i].role, "old") == 0; /* it opens no list */
		assert_int_equal(access_to_cluster(who, cells[i].cluster), cells[i].is_named);
		assert_int_equal(has_lists, cells[i].has_lists && !is_limited);
		assert_int_equal(access_to_all_apps(who, cells[i].cluster), cells[i].is_whole);
		assert_int_equal(
			access_to_whole_cluster(who, cells[i].cluster) != 0, cells[i].is_whole);
		identity_unref(who);
	}
}

static void s108_application_of_a_found_cluster_is_in_its_namespace(void **state)
{
	const struct access_app here = access_app_in(&in_etl, "app-1"),
				there = access_app_in(&in_web, "app-1");

	(void)state;
	assert_true(sees("space", NULL, &here));
	assert_false(sees("space", NULL, &there));
	assert_true(sees("old", NULL, &here));
	assert_false(sees("old", NULL, &there));
	assert_true(sees("on-call", NULL, &there));
	assert_false(sees("on-call", "namespace:etl", &there));
	assert_true(sees("on-call", "cluster:prod", &there));
	assert_false(sees("on-call", "cluster:dev", &there));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			s108_found_cluster_is_opened_by_its_finder_its_name_and_its_namespace),
		cmocka_unit_test(s108_application_of_a_found_cluster_is_in_its_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
