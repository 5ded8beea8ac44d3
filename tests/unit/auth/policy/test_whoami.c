#include "auth/policy/whoami.h"

#include "auth/policy/claims_seen.h"
#include "auth/policy/grants.h"
#include "auth/policy/scope.h"
#include "auth/policy/scope_doubt.h"
#include "base/text/json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static char claim[] = "groups";
static struct conf_cluster clusters[] = {{.name = (char[]){"prod"}}, {.name = (char[]){"test"}}};
static const struct conf conf = {.roles_claim = claim, .clusters = clusters, .clusters_count = 2};

static const struct access_cluster of_resources[] = {
	{"alpha", "test", "team-a"}, {"beta", "test", "team-b"}};
static const struct whoami_found found = {of_resources, ARRAY_LEN(of_resources)};

static struct identity *make(enum role role, const char *seen)
{
	struct identity *who = identity_new(
		STR("https://idp"), STR("u-1"), STR("Ann"), STR(""), role, VIA_SESSION, 1000000000);

	identity_note_seen(who, mem_strdup(seen));
	return who;
}

static struct identity *make_limited(const char *scope)
{
	struct identity *who = identity_new(STR("https://gw"), STR("client:x"), STR("x"),
		STR("0123"), ROLE_USER, VIA_BEARER, 1000000000);

	identity_limit(who, scope_parse(str_of(scope), NULL));
	assert_non_null(who->scope);
	return who;
}

/* Takes `who`. */
static void expect(struct identity *who, const char *const *parts, const char *not_there)
{
	json_t *me = whoami_describe(&conf, &found, who);
	char *text = json_text(me);

	assert_non_null(text);
	for (size_t i = 0; parts[i]; i++) {
		if (strstr(text, parts[i]) == NULL)
			fail_msg("%s is not in %s", parts[i], text);
	}
	if (not_there && strstr(text, not_there))
		fail_msg("%s", text);
	free(text);
	json_decref(me);
	identity_unref(who);
}

static const char without[] = "{\"path\":\"groups\",\"found\":false,\"names\":\"sub name\","
			      "\"trouble\":\"\"}";
static const char with[] = "{\"path\":\"groups\",\"found\":true,\"names\":\"sub groups\","
			   "\"trouble\":\"\"}";
static const char too_many[] = "{\"path\":\"groups\",\"found\":false,\"names\":\"sub\","
			       "\"trouble\":\"the server there answers with status 403\"}";

static void who_has_no_role_is_told_which_claim_was_not_there_and_which_were(void **state)
{
	static const char *const parts[] = {"\"role\":\"none\"", "\"claim\":\"groups\"",
		"\"claim_found\":false", "\"claims\":[\"sub\",\"name\"]", "\"rights\":[]",
		"\"clusters\":[]", "No role: the claim \\\"groups\\\" was not there.",
		"Claims that were there: sub name.", NULL};

	(void)state;
	expect(make(ROLE_NONE, without), parts, NULL);
}

static void who_has_no_role_is_told_that_no_name_opens_one(void **state)
{
	static const char *const parts[] = {"\"claim_found\":true",
		"The claim \\\"groups\\\" was there, but no name in it is one that auth.roles has.",
		NULL};

	(void)state;
	expect(make(ROLE_NONE, with), parts, "was not there");
}

static void groups_that_could_not_be_read_are_told(void **state)
{
	static const char *const parts[] = {"do not fit into a token", "status 403", NULL};

	(void)state;
	expect(make(ROLE_NONE, too_many), parts, "was not there");
	expect(make(ROLE_USER, too_many), parts, NULL);
}

static void who_has_a_role_is_told_rights_and_clusters_and_nothing_missing(void **state)
{
	static const char *const user[] = {"\"role\":\"user\"", "\"name\":\"Ann\"",
		"\"rights\":[\"view\",\"logs\",\"environment\",\"download\",\"dump\","
		"\"metrics\",\"launch\"]",
		"{\"name\":\"prod\",\"applications\":\"all\"}", "\"missing\":[]", NULL};

	(void)state;
	expect(make(ROLE_USER, with), user, NULL);
}

static void s108_found_clusters_are_told_to_who_may_see_them_only(void **state)
{
	static const char *const all[] = {"{\"name\":\"prod\",\"applications\":\"all\"}",
		"{\"name\":\"alpha\",\"applications\":\"all\"},"
		"{\"name\":\"beta\",\"applications\":\"all\"}]",
		NULL};
	static const char *const one[] = {"{\"name\":\"alpha\"", NULL};

	(void)state;
	expect(make(ROLE_USER, with), all, NULL);
	expect(make_limited("namespace:team-a"), one, "beta");
	expect(make_limited("cluster:alpha"), one, "beta");
}

static void who_came_by_no_claim_is_told_of_none(void **state)
{
	static const char *const parts[] = {
		"\"claim\":null", "\"claims\":null", "\"missing\":[]", NULL};

	(void)state;
	expect(make(ROLE_ADMIN, NULL), parts, NULL);
}

static void s44_token_is_told_its_scope_and_no_cluster_that_it_hides(void **state)
{
	static const char *const parts[] = {"\"scope\":\"cluster:prod view\"",
		"\"rights\":[\"view\",\"metrics\"]", "\"token_id\":\"0123\"",
		"The scope of the token is limited to: cluster:prod view.", NULL};

	(void)state;
	expect(make_limited("cluster:prod view"), parts, "test");
}

static void scope_of_an_unknown_cluster_is_told(void **state)
{
	static const char *const parts[] = {"a cluster that is not there: prdo", NULL};
	static const char *const some[] = {"\"applications\":\"some\"", NULL};

	(void)state;
	expect(make_limited("cluster:prdo"), parts, NULL);
	expect(make_limited("app:etl-*"), some, "is not there");
}

static void s44_cluster_that_is_hidden_is_one_that_nobody_knows(void **state)
{
	struct identity *who = make_limited("cluster:prod");
	char *theirs = scope_doubt(&conf, who, STR("cluster:test"));
	char *everybodys = scope_doubt(&conf, NULL, STR("view cluster:test cluster:prod"));
	char *two = scope_doubt(&conf, NULL, STR("cluster:a view cluster:b"));

	(void)state;
	assert_non_null(theirs);
	assert_null(everybodys);
	assert_non_null(strstr(two, "not there: a, b. "));
	assert_null(scope_doubt(&conf, NULL, STR("")));
	free(two);
	free(theirs);
	identity_unref(who);
}

/* Rows of custom roles: own applications may be killed, others of the team be seen. */
static struct identity *make_custom(const char *user)
{
	char *own[] = {(char[]){"own"}}, *rights[] = {(char[]){"view"}, (char[]){"kill:own"}};
	struct conf_role row = {
		.role = (char[]){"analysts"}, .applications = {own, 1}, .rights = {rights, 2}};
	const struct conf with_row = {.roles_custom = &row, .roles_custom_count = 1};
	const char *const names[] = {"analysts"};
	const struct grants_person person = {.names = {names, 1}, .user = user};
	struct identity *who = identity_new(STR("https://idp"), STR("u-1"), STR("Ann"), STR(""),
		ROLE_CUSTOM, VIA_SESSION, 1000000000);

	identity_grant(who, grants_new(&with_row, &person));
	return who;
}

static void custom_roles_are_told_by_name_row_and_right(void **state)
{
	static const char *const parts[] = {"\"role\":\"custom\"", "\"roles\":[\"analysts\"]",
		"\"rows\":[\"auth.roles.custom[0] (analysts)\"]", "\"user\":\"ann\"",
		"\"rights\":[\"view\",\"kill:own\",\"metrics\"]",
		"{\"name\":\"prod\",\"applications\":\"some\"}", "\"missing\":[]", NULL};

	(void)state;
	expect(make_custom("ann"), parts, NULL);
}

static void who_has_no_name_in_spark_is_told_that_nothing_is_their_own(void **state)
{
	static const char *const parts[] = {
		"\"user\":null", "What Spark calls this account is not known", NULL};

	(void)state;
	expect(make_custom(""), parts, NULL);
}

static void copy_for_another_thread_has_all_of_it(void **state)
{
	struct identity *who = make(ROLE_USER, with), *copy = identity_copy(who);

	(void)state;
	assert_string_equal(copy->seen, with);
	identity_unref(who);
	identity_unref(copy);
}

static void name_stands_beside_the_subject_where_there_is_another(void **state)
{
	struct identity *who = make(ROLE_USER, NULL), *client = make_limited("view");

	(void)state;
	assert_true(str_eq(identity_name_beside(who), STR("Ann")));
	assert_int_equal(identity_name_beside(client).len, 0);
	assert_int_equal(identity_name_beside(NULL).len, 0);
	identity_unref(who);
	identity_unref(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_no_role_is_told_which_claim_was_not_there_and_which_were),
		cmocka_unit_test(who_has_no_role_is_told_that_no_name_opens_one),
		cmocka_unit_test(groups_that_could_not_be_read_are_told),
		cmocka_unit_test(who_has_a_role_is_told_rights_and_clusters_and_nothing_missing),
		cmocka_unit_test(s108_found_clusters_are_told_to_who_may_see_them_only),
		cmocka_unit_test(who_came_by_no_claim_is_told_of_none),
		cmocka_unit_test(s44_token_is_told_its_scope_and_no_cluster_that_it_hides),
		cmocka_unit_test(scope_of_an_unknown_cluster_is_told),
		cmocka_unit_test(s44_cluster_that_is_hidden_is_one_that_nobody_knows),
		cmocka_unit_test(custom_roles_are_told_by_name_row_and_right),
		cmocka_unit_test(who_has_no_name_in_spark_is_told_that_nothing_is_their_own),
		cmocka_unit_test(copy_for_another_thread_has_all_of_it),
		cmocka_unit_test(name_stands_beside_the_subject_where_there_is_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
