/* Roles out of claims. */
#include "auth/roles/standing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char *admins[] = {(char[]){"spark-admin"}, (char[]){"sub:root"}};
static char *users[] = {(char[]){"spark-user"}, (char[]){"data team"}, (char[]){"sub:bob"}};

static enum role role_in(const char *claim, const char *text)
{
	struct conf conf = {
		.roles_claim = (char *)(uintptr_t)claim,
		.roles_admin = {admins, 2},
		.roles_user = {users, 3},
	};
	json_t *claims = json_loads(text, 0, NULL);

	assert_non_null(claims);
	struct identity *who = standing_identity(&conf, claims, STR("i"), STR("s"), 0);
	enum role role = who->role;
	identity_unref(who);
	json_decref(claims);
	return role;
}

static void array_of_names_opens_the_highest_role(void **state)
{
	(void)state;
	assert_int_equal(role_in("roles", "{\"roles\":[\"x\",\"spark-user\"]}"), ROLE_USER);
	assert_int_equal(
		role_in("roles", "{\"roles\":[\"spark-admin\",\"spark-user\"]}"), ROLE_ADMIN);
	assert_int_equal(role_in("roles", "{\"roles\":[\"data team\"]}"), ROLE_USER);
	assert_int_equal(role_in("roles", "{\"roles\":[]}"), ROLE_NONE);
}

static void one_string_holds_names_between_spaces(void **state)
{
	(void)state;
	assert_int_equal(role_in("scope", "{\"scope\":\"openid spark-user\"}"), ROLE_USER);
	assert_int_equal(role_in("scope", "{\"scope\":\"openid  spark-admin\"}"), ROLE_ADMIN);
	assert_int_equal(role_in("scope", "{\"scope\":\"openid,spark-admin\"}"), ROLE_NONE);
	assert_int_equal(role_in("scope", "{\"scope\":\"data team\"}"), ROLE_NONE);
}

static void dotted_paths_go_into_objects_and_through_dotted_keys(void **state)
{
	(void)state;
	assert_int_equal(
		role_in("realm_access.roles", "{\"realm_access\":{\"roles\":[\"spark-user\"]}}"),
		ROLE_USER);
	assert_int_equal(
		role_in("https://x.example/roles", "{\"https://x.example/roles\":\"spark-admin\"}"),
		ROLE_ADMIN);
	assert_int_equal(
		role_in("resource_access.my.client.roles",
			"{\"resource_access\":{\"my.client\":{\"roles\":[\"spark-user\"]}}}"),
		ROLE_USER);
	assert_int_equal(role_in("a.b", "{\"a\":\"spark-admin\"}"), ROLE_NONE);
}

static void names_are_exact(void **state)
{
	static const char *const texts[] = {"{\"roles\":[\"Spark-Admin\"]}",
		"{\"roles\":[\"spark-admin \"]}", "{\"roles\":[\"/spark-admin\"]}",
		"{\"roles\":[[\"spark-admin\"]]}", "{\"roles\":{\"spark-admin\":true}}",
		"{\"roles\":7}", "{\"Roles\":[\"spark-admin\"]}", "{}", "[]"};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_int_equal(role_in("roles", texts[i]), ROLE_NONE);
}

static void subject_named_in_the_configuration_has_its_role(void **state)
{
	(void)state;
	assert_int_equal(role_in(NULL, "{\"sub\":\"root\"}"), ROLE_ADMIN);
	assert_int_equal(role_in(NULL, "{\"sub\":\"bob\"}"), ROLE_USER);
	assert_int_equal(role_in(NULL, "{\"sub\":\"eve\"}"), ROLE_NONE);
	assert_int_equal(
		role_in("roles", "{\"sub\":\"bob\",\"roles\":[\"spark-admin\"]}"), ROLE_ADMIN);
}

static void role_that_looks_like_a_subject_opens_nothing(void **state)
{
	(void)state;
	assert_int_equal(role_in("roles", "{\"sub\":\"eve\",\"roles\":[\"sub:root\"]}"), ROLE_NONE);
	assert_int_equal(role_in("roles", "{\"sub\":\"eve\",\"roles\":\"sub:root\"}"), ROLE_NONE);
}

/* --- limited to namespaces --- */

static char team_a[] = "team-a", team_b[] = "team-b", ann[] = "sub:ann";
static char *of_a[] = {(char[]){"a"}, (char[]){"shared"}}, *of_b[] = {(char[]){"b"}};

/* The namespaces are what the limited rows have; "" where another role has no limit. */
static void assert_limited(const char *text, enum role role, const char *scope)
{
	struct conf_limited limited[] = {
		{team_a, {of_a, 2}}, {team_b, {of_b, 1}}, {ann, {of_b, 1}}};
	struct conf conf = {
		.roles_claim = (char[]){"roles"},
		.roles_admin = {admins, 2},
		.roles_user = {users, 3},
		.roles_limited = limited,
		.roles_limited_count = ARRAY_LEN(limited),
	};
	json_t *claims = json_loads(text, 0, NULL);
	struct identity *who = standing_identity(&conf, claims, STR("i"), STR("s"), 0);
	char *got = grants_scope(who->grants);

	assert_int_equal(who->role, role);
	assert_string_equal(got, scope);
	assert_null(who->scope);
	assert_int_equal(
		access_to_all_apps(who, &(struct access_cluster){.name = "c"}), role >= ROLE_USER);
	identity_unref(who);
	free(got);
	json_decref(claims);
}

#define ACTIONS "view logs environment download dump tokens"

static void limited_role_opens_its_namespaces_and_no_more(void **state)
{
	(void)state;
	assert_limited(
		"{\"roles\":[\"team-a\"]}", ROLE_CUSTOM, ACTIONS " namespace:a namespace:shared");
	assert_limited("{\"roles\":[\"team-b\",\"x\",\"team-a\"]}", ROLE_CUSTOM,
		ACTIONS " namespace:a namespace:shared namespace:b");
	assert_limited("{\"sub\":\"ann\"}", ROLE_CUSTOM, ACTIONS " namespace:b");
	assert_limited("{\"roles\":[\"sub:ann\"]}", ROLE_NONE, "");
	assert_limited("{\"roles\":[\"team-c\"]}", ROLE_NONE, "");
}

static void one_role_without_a_limit_is_enough_for_all(void **state)
{
	(void)state;
	assert_limited("{\"roles\":[\"team-a\",\"spark-user\"]}", ROLE_USER,
		ACTIONS " namespace:a namespace:shared");
	assert_limited("{\"roles\":[\"spark-admin\",\"team-a\"]}", ROLE_ADMIN,
		ACTIONS " namespace:a namespace:shared");
	assert_limited("{\"roles\":[\"team-a\"],\"sub\":\"bob\"}", ROLE_USER,
		ACTIONS " namespace:a namespace:shared");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(array_of_names_opens_the_highest_role),
		cmocka_unit_test(one_string_holds_names_between_spaces),
		cmocka_unit_test(dotted_paths_go_into_objects_and_through_dotted_keys),
		cmocka_unit_test(names_are_exact),
		cmocka_unit_test(subject_named_in_the_configuration_has_its_role),
		cmocka_unit_test(role_that_looks_like_a_subject_opens_nothing),
		cmocka_unit_test(limited_role_opens_its_namespaces_and_no_more),
		cmocka_unit_test(one_role_without_a_limit_is_enough_for_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
