/* What role, custom roles and scope open together. */
#include "auth/policy/access.h"

#include "auth/policy/grants.h"
#include "auth/policy/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define BIT(n) (1u << (n))
enum {
	VIEW = BIT(ACTION_VIEW) | BIT(ACTION_METRICS), /* monitoring reads a part of the view */
	LOGS = BIT(ACTION_LOGS),
	KILL = BIT(ACTION_KILL),
	ENVIRONMENT = BIT(ACTION_ENVIRONMENT),
	DUMP = BIT(ACTION_DUMP),
};

#define NAMES(...)                                                                                 \
	{                                                                                          \
		(char *[]){__VA_ARGS__}, sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)          \
	}

static char analysts[] = "analysts", etl[] = "team-etl", on_call[] = "on-call",
	    auditors[] = "auditors", notebook[] = "notebook", nothing[] = "nothing", old[] = "old",
	    killer[] = "killer", lists[] = "lists", everyone[] = "everyone",
	    platform[] = "platform";
static char own[] = "own", acl[] = "acl", etl_star[] = "etl-*", prod[] = "prod", ns_etl[] = "etl",
	    lab[] = "lab", view[] = "view", logs[] = "logs", environment[] = "environment",
	    dump[] = "dump", kill[] = "kill", kill_own[] = "kill:own", audit[] = "audit",
	    any[] = "*";

/* The rows of the issue, and some more. */
static struct conf_role rows[] = {
	{.role = analysts,
		.applications = NAMES(own),
		.rights = NAMES(view, logs, environment, kill_own)},
	{.role = etl,
		.clusters = NAMES(prod),
		.namespaces = NAMES(ns_etl),
		.applications = NAMES(etl_star, own, acl),
		.rights = NAMES(view, logs, dump, kill)},
	{.role = on_call, .clusters = NAMES(prod), .rights = NAMES(view, logs, dump, kill)},
	{.role = auditors, .rights = NAMES(view, audit)},
	{.role = notebook, .clusters = NAMES(prod), .uis = NAMES(lab)},
	{.role = nothing},
	{.role = killer, .applications = NAMES(any), .rights = NAMES(view, kill_own)},
	{.role = lists, .applications = NAMES(acl), .rights = NAMES(view, logs, kill)},
};
static struct conf_limited limited[] = {{old, NAMES(ns_etl)}};
static struct conf conf = {
	.roles_admin = NAMES(platform),
	.roles_user = NAMES(everyone),
	.roles_custom = rows,
	.roles_custom_count = ARRAY_LEN(rows),
	.roles_limited = limited,
	.roles_limited_count = 1,
};

/* Gives who holds these roles, separated by spaces, called "ada" in Spark and in the group "data";
 * `scope` NULL: not limited. */
static struct identity *somebody(const char *roles, const char *scope)
{
	const char *names[8], *groups[] = {"data"};
	struct grants_person person = {.names = {names, 0}, .user = "ada", .groups = {groups, 1}};
	struct str rest = str_of(roles), name;
	char copies[8][32];

	while (str_next(&rest, ' ', &name)) {
		assert_true(str_copy(name, copies[person.names.count], sizeof copies[0]));
		names[person.names.count] = copies[person.names.count];
		person.names.count++;
	}
	struct grants *grants = grants_new(&conf, &person);
	struct identity *who = identity_new(
		STR("i"), STR("s"), STR("n"), STR(""), grants_role(grants), VIA_SESSION, 0);
	identity_grant(who, grants);
	if (scope)
		identity_limit(who, scope_parse(str_of(scope), NULL));
	return who;
}

static const struct access_app hers = {
	.cluster = "prod", .id = "app-1", .name = "report", .user = "ada"};
static const struct access_app bobs = {
	.cluster = "prod", .id = "app-2", .name = "report", .user = "bob"};
static const struct access_app unknown = {.cluster = "prod", .id = "app-3"};
static const struct access_app etl_job = {.cluster = "prod",
	.id = "spark-9",
	.name = "etl-nightly",
	.user = "svc",
	.namespace = "etl"};

static const struct access_cluster *of_conf(const char *name)
{
	static struct access_cluster cluster;

	cluster = (struct access_cluster){.name = name};
	return &cluster;
}

static unsigned app_for(const char *roles, const char *scope, const struct access_app *app)
{
	struct identity *who = somebody(roles, scope);
	unsigned rights = access_to_app(who, app);

	identity_unref(who);
	return rights;
}

static unsigned lists_for(const char *roles, const char *scope, const char *cluster)
{
	struct identity *who = somebody(roles, scope);
	unsigned rights = access_to_lists(who, of_conf(cluster));

	/* What is whole is in the lists, and nobody sees lists of a cluster they do not know. */
	assert_int_equal(access_to_whole_cluster(who, of_conf(cluster)) & ~rights, 0);
	assert_true(rights == 0 || access_to_cluster(who, of_conf(cluster)));
	identity_unref(who);
	return rights;
}

static bool sees_all(const char *roles, const char *scope, const char *cluster)
{
	struct identity *who = somebody(roles, scope);
	bool is_all = access_to_all_apps(who, of_conf(cluster));

	identity_unref(who);
	return is_all;
}

/* --- applications --- */

static void own_is_the_application_whose_user_is_the_person(void **state)
{
	(void)state;
	assert_int_equal(app_for("analysts", NULL, &hers), VIEW | LOGS | ENVIRONMENT | KILL);
	assert_int_equal(app_for("analysts", NULL, &bobs), 0);
	assert_int_equal(app_for("analysts", NULL, &unknown), 0);
}

static void who_has_no_spark_user_owns_nothing_not_even_what_nobody_owns(void **state)
{
	const char *names[] = {"analysts"};
	const struct grants_person person = {.names = {names, 1}, .user = ""};
	struct grants *grants = grants_new(&conf, &person);
	struct access_app nobodys = hers;

	(void)state;
	nobodys.user = "";
	assert_int_equal(grants_to_app(grants, &nobodys), 0);
	assert_int_equal(grants_to_app(grants, &hers), 0);
	grants_unref(grants);
}

static void pattern_counts_in_its_cluster_and_namespace_only(void **state)
{
	struct access_app app = etl_job;

	(void)state;
	assert_int_equal(app_for("team-etl", NULL, &app), VIEW | LOGS | DUMP | KILL);
	app.namespace = "";
	assert_int_equal(app_for("team-etl", NULL, &app), 0);
	app.namespace = "other";
	assert_int_equal(app_for("team-etl", NULL, &app), 0);
	app = etl_job;
	app.cluster = "dev";
	assert_int_equal(app_for("team-etl", NULL, &app), 0);
	app = etl_job;
	app.name = "tle-nightly";
	assert_int_equal(app_for("team-etl", NULL, &app), 0);
}

static void row_without_applications_opens_all_of_its_clusters(void **state)
{
	struct access_app elsewhere = bobs;

	(void)state;
	elsewhere.cluster = "dev";
	assert_int_equal(app_for("on-call", NULL, &bobs), VIEW | LOGS | DUMP | KILL);
	assert_int_equal(app_for("on-call", NULL, &elsewhere), 0);
	assert_int_equal(app_for("auditors", NULL, &elsewhere), VIEW);
}

static void kill_own_stops_own_applications_only_where_all_are_seen(void **state)
{
	(void)state;
	assert_int_equal(app_for("killer", NULL, &hers), VIEW | KILL);
	assert_int_equal(app_for("killer", NULL, &bobs), VIEW);
}

static void several_roles_add_up_also_with_user(void **state)
{
	(void)state;
	assert_int_equal(app_for("analysts on-call", NULL, &bobs), VIEW | LOGS | DUMP | KILL);
	assert_int_equal(
		app_for("analysts on-call", NULL, &hers), VIEW | LOGS | DUMP | KILL | ENVIRONMENT);
	assert_int_equal(app_for("everyone", NULL, &hers), policy_rights(ROLE_USER));
	assert_int_equal(
		app_for("everyone analysts", NULL, &hers), policy_rights(ROLE_USER) | KILL);
	assert_int_equal(app_for("everyone analysts", NULL, &bobs), policy_rights(ROLE_USER));
}

static void row_without_rights_opens_no_application(void **state)
{
	(void)state;
	assert_int_equal(app_for("nothing", NULL, &hers), 0);
	assert_int_equal(lists_for("nothing", NULL, "prod"), 0);
	assert_int_equal(app_for("stranger", NULL, &hers), 0);
}

static void scope_narrows_what_rows_open(void **state)
{
	(void)state;
	assert_int_equal(app_for("on-call", "view", &bobs), VIEW);
	assert_int_equal(app_for("on-call", "app:app-1", &bobs), 0);
	assert_int_equal(app_for("on-call", "app:app-2 kill", &bobs), KILL);
	assert_int_equal(app_for("on-call", "cluster:dev", &bobs), 0);
	assert_int_equal(app_for("analysts", "app:*", &bobs), 0);
}

/* --- applications' own lists --- */

static unsigned by_lists(struct access_lists lists_of_it)
{
	struct access_app app = bobs;

	app.lists = &lists_of_it;
	return app_for("lists", NULL, &app);
}

static void acl_opens_what_names_the_person_or_a_group(void **state)
{
	(void)state;
	assert_int_equal(app_for("lists", NULL, &bobs), 0); /* nobody knows */
	assert_int_equal(by_lists((struct access_lists){.view = "bob, ada"}), VIEW | LOGS);
	assert_int_equal(by_lists((struct access_lists){.view_groups = "data"}), VIEW | LOGS);
	assert_int_equal(by_lists((struct access_lists){.view = "*"}), VIEW | LOGS);
	assert_int_equal(by_lists((struct access_lists){.view = "adam,ad a,"}), 0);
	assert_int_equal(by_lists((struct access_lists){.view = "data"}), 0);
	assert_int_equal(by_lists((struct access_lists){.view_groups = "ada"}), 0);
	assert_int_equal(by_lists((struct access_lists){.view = ""}), 0);
}

static void acl_kills_by_the_modify_and_admin_lists_only(void **state)
{
	(void)state;
	assert_int_equal(by_lists((struct access_lists){.modify = "ada"}), VIEW | LOGS | KILL);
	assert_int_equal(
		by_lists((struct access_lists){.modify_groups = "x,data"}), VIEW | LOGS | KILL);
	assert_int_equal(by_lists((struct access_lists){.admin = "ada"}), VIEW | LOGS | KILL);
	assert_int_equal(by_lists((struct access_lists){.admin_groups = "*"}), VIEW | LOGS | KILL);
	assert_int_equal(
		by_lists((struct access_lists){.view = "ada", .modify = "bob"}), VIEW | LOGS);
}

/* --- lists, clusters, UIs --- */

static void lists_open_to_rows_of_the_cluster_and_are_filtered_unless_a_row_has_all(void **state)
{
	(void)state;
	assert_int_equal(lists_for("analysts", NULL, "prod"), VIEW | LOGS | ENVIRONMENT | KILL);
	assert_false(sees_all("analysts", NULL, "prod"));
	assert_int_equal(lists_for("team-etl", NULL, "dev"), 0);
	assert_false(sees_all("team-etl", NULL, "prod"));
	assert_true(sees_all("on-call", NULL, "prod"));
	assert_false(sees_all("on-call", NULL, "dev"));
	assert_true(sees_all("killer", NULL, "prod"));
	assert_true(sees_all("everyone", NULL, "dev"));
	assert_false(sees_all("on-call", "app:app-1", "prod"));
	assert_int_equal(lists_for("on-call", "app:app-1", "prod"), 0);
	assert_int_equal(lists_for("analysts", "namespace:etl", "prod"), 0);
	assert_int_equal(lists_for("analysts", "cluster:prod view", "prod"), VIEW);
}

static void kill_own_is_no_right_to_what_is_about_the_whole_cluster(void **state)
{
	struct identity *who = somebody("auditors analysts killer", NULL);

	(void)state;
	assert_int_equal(access_to_whole_cluster(who, of_conf("prod")), VIEW);
	assert_true(access_to_lists(who, of_conf("prod")) & KILL);
	identity_unref(who);
}

static void cluster_is_named_to_those_who_have_something_there(void **state)
{
	static const struct {
		const char *roles, *scope, *cluster;
		bool is_named;
	} cells[] = {
		{"analysts", NULL, "dev", true},
		{"team-etl", NULL, "dev", false},
		{"team-etl", NULL, "prod", true},
		{"notebook", NULL, "prod", true},
		{"notebook", NULL, "dev", false},
		{"nothing", NULL, "prod", false},
		{"stranger", NULL, "prod", false},
		{"everyone team-etl", NULL, "dev", true},
		{"analysts", "cluster:prod", "dev", false},
		{"analysts", "app:x", "prod", true},
		{"old", NULL, "dev", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cells); i++) {
		struct identity *who = somebody(cells[i].roles, cells[i].scope);
		assert_int_equal(
			access_to_cluster(who, of_conf(cells[i].cluster)), cells[i].is_named);
		identity_unref(who);
	}
}

static unsigned ui_for(const char *roles, const char *scope, const char *ui, bool is_narrow)
{
	char data[] = "notebook", *alone[] = {data};
	struct identity *who = somebody(roles, scope);
	unsigned rights = access_to_ui(who, of_conf("prod"), ui, alone, is_narrow ? 1 : 0);

	identity_unref(who);
	return rights;
}

static void ui_opens_to_rows_that_name_it_and_to_the_built_in_roles_it_names(void **state)
{
	(void)state;
	assert_int_equal(ui_for("analysts", NULL, "lab", false), 0);
	assert_int_equal(ui_for("on-call", NULL, "lab", false), 0);
	assert_int_equal(ui_for("notebook", NULL, "lab", false), VIEW);
	assert_int_equal(ui_for("notebook", NULL, "other", false), 0);
	assert_int_equal(app_for("notebook", NULL, &hers), 0); /* applications are another thing */
	assert_int_equal(ui_for("everyone", NULL, "lab", false), policy_rights(ROLE_USER));
	assert_int_equal(ui_for("everyone", NULL, "lab", true), 0);
	assert_int_equal(ui_for("platform", NULL, "lab", true), 0);
	assert_int_equal(
		ui_for("everyone notebook", NULL, "other", true), policy_rights(ROLE_USER));
	assert_int_equal(ui_for("notebook", "app:app-1", "lab", false), 0);
	assert_int_equal(ui_for("notebook", "cluster:dev", "lab", false), 0);
	assert_int_equal(ui_for("old", NULL, "lab", false), 0);
}

/* --- elsewhere --- */

static void audit_is_a_right_of_no_application(void **state)
{
	struct identity *who = somebody("auditors", NULL);

	(void)state;
	assert_int_equal(access_anywhere(who), VIEW | BIT(ACTION_AUDIT));
	assert_int_equal(access_to_app(who, &hers), VIEW);
	assert_int_equal(access_to_lists(who, of_conf("prod")), VIEW);
	identity_unref(who);
	who = somebody("auditors", "view");
	assert_int_equal(access_anywhere(who), VIEW);
	identity_unref(who);
	who = somebody("auditors", "cluster:prod"); /* by name only */
	assert_int_equal(access_anywhere(who), VIEW);
	identity_unref(who);
	who = somebody("auditors", "audit");
	assert_int_equal(access_anywhere(who), BIT(ACTION_AUDIT));
	identity_unref(who);
}

static void limited_role_opens_its_namespaces_and_no_list(void **state)
{
	const unsigned left = policy_rights(ROLE_USER) & ~BIT(ACTION_LAUNCH);

	(void)state;
	assert_int_equal(app_for("old", NULL, &etl_job), left);
	assert_int_equal(app_for("old", NULL, &hers), 0);
	assert_int_equal(lists_for("old", NULL, "prod"), 0);
	assert_false(sees_all("old", NULL, "prod"));
	/* Another role's lists have what the limited one opens. */
	assert_int_equal(lists_for("old analysts", NULL, "prod"), VIEW | LOGS | ENVIRONMENT | KILL);
}

static void names_open_the_highest_role(void **state)
{
	static const struct {
		const char *roles;
		enum role role;
	} cells[] = {
		{"stranger", ROLE_NONE},
		{"analysts", ROLE_CUSTOM},
		{"old", ROLE_CUSTOM},
		{"analysts everyone", ROLE_USER},
		{"everyone platform", ROLE_ADMIN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cells); i++) {
		struct identity *who = somebody(cells[i].roles, NULL);
		assert_int_equal(who->role, cells[i].role);
		identity_unref(who);
	}
}

static void copy_for_another_thread_opens_the_same(void **state)
{
	struct identity *who = somebody("analysts", "cluster:prod");
	struct identity *copy = identity_copy(who);

	(void)state;
	identity_unref(who);
	assert_int_equal(access_to_app(copy, &hers), VIEW | LOGS | ENVIRONMENT | KILL);
	assert_int_equal(access_to_app(copy, &bobs), 0);
	assert_string_equal(grants_person(copy->grants).user, "ada");
	identity_unref(copy);
}

static void each_row_says_why(void **state)
{
	struct identity *who = somebody("analysts team-etl old", NULL);
	const char *why = "";

	(void)state;
	assert_int_equal(grants_rows(who->grants), 3);
	char *title = grants_row_title(who->grants, 1);
	assert_string_equal(title, "auth.roles.custom[1] (team-etl)");
	free(title);
	title = grants_row_title(who->grants, 2);
	assert_string_equal(title, "auth.roles.limited[0] (old)");
	free(title);
	assert_int_not_equal(grants_row_to_app(who->grants, 0, &hers, &why), 0);
	assert_string_equal(why, "the application is their own");
	assert_int_equal(grants_row_to_app(who->grants, 1, &hers, &why), 0);
	assert_string_equal(why, "it is about other namespaces");
	identity_unref(who);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_is_the_application_whose_user_is_the_person),
		cmocka_unit_test(who_has_no_spark_user_owns_nothing_not_even_what_nobody_owns),
		cmocka_unit_test(pattern_counts_in_its_cluster_and_namespace_only),
		cmocka_unit_test(row_without_applications_opens_all_of_its_clusters),
		cmocka_unit_test(kill_own_stops_own_applications_only_where_all_are_seen),
		cmocka_unit_test(several_roles_add_up_also_with_user),
		cmocka_unit_test(row_without_rights_opens_no_application),
		cmocka_unit_test(scope_narrows_what_rows_open),
		cmocka_unit_test(acl_opens_what_names_the_person_or_a_group),
		cmocka_unit_test(acl_kills_by_the_modify_and_admin_lists_only),
		cmocka_unit_test(
			lists_open_to_rows_of_the_cluster_and_are_filtered_unless_a_row_has_all),
		cmocka_unit_test(kill_own_is_no_right_to_what_is_about_the_whole_cluster),
		cmocka_unit_test(cluster_is_named_to_those_who_have_something_there),
		cmocka_unit_test(ui_opens_to_rows_that_name_it_and_to_the_built_in_roles_it_names),
		cmocka_unit_test(audit_is_a_right_of_no_application),
		cmocka_unit_test(limited_role_opens_its_namespaces_and_no_list),
		cmocka_unit_test(names_open_the_highest_role),
		cmocka_unit_test(copy_for_another_thread_opens_the_same),
		cmocka_unit_test(each_row_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
