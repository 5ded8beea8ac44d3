/* Custom roles and Spark users in the configuration. */
#include "auth/policy/policy.h"
#include "conf/load/user_map.h"
#include "conf/warn/warn.h"
#include "conf/values/keywords.h"
#include "tests/support/conf_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

#define CLUSTERS "clusters: [{name: prod, uis: [{name: lab, url: 'http://l', roles: [science]}]}]\n"

static void roles_and_audiences_may_have_spaces_inside(void **state)
{
	struct conf *conf = conf_probe_load(CLUSTERS
		"auth:\n"
		"  bearer: [{issuer: 'https://idp', audience: ['Spark UI']}]\n"
		"  roles: {claim: groups, user: ['Data Team'], custom: [{role: 'On Call', rights: "
		"[view]}]}\n");

	(void)state;
	assert_string_equal(conf->bearer[0].audience.at[0], "Spark UI");
	assert_string_equal(conf->roles_user.at[0], "Data Team");
	assert_string_equal(conf->roles_custom[0].role, "On Call");
	conf_unref(conf);
}

static void rows_of_roles_are_taken_and_printed(void **state)
{
	struct conf *conf = conf_probe_load(CLUSTERS
		"auth:\n"
		"  user_claim: email\n"
		"  roles:\n"
		"    claim: groups\n"
		"    custom:\n"
		"      - {role: analysts, applications: [own], rights: [view, 'kill:own']}\n"
		"      - {role: 'sub:ann', clusters: [prod], namespaces: [etl], applications: "
		"['etl-*', own, acl], uis: [lab], rights: [view, audit, sessions]}\n");
	const struct conf_role *row = &conf->roles_custom[1];

	(void)state;
	assert_int_equal(conf->roles_custom_count, 2);
	assert_string_equal(conf->user_claim, "email");
	assert_string_equal(conf->roles_custom[0].rights.at[1], "kill:own");
	assert_int_equal(conf->roles_custom[0].clusters.count, 0);
	assert_string_equal(row->role, "sub:ann");
	assert_string_equal(row->clusters.at[0], "prod");
	assert_string_equal(row->namespaces.at[0], "etl");
	assert_string_equal(row->applications.at[2], "acl");
	assert_string_equal(row->uis.at[0], "lab");
	assert_string_equal(conf->clusters[0].uis[0].roles.at[0], "science");
	conf_probe_assert_round_trip(conf);
	conf_unref(conf);
}

static void spark_user_is_preferred_username_where_nothing_else_is_said(void **state)
{
	struct conf *conf = conf_probe_load(CLUSTERS);

	(void)state;
	assert_string_equal(conf->user_claim, "preferred_username");
	assert_null(conf->user_map.file);
	assert_null(conf_find_user(&conf->user_map, "ann"));
	conf_unref(conf);
}

static void rows_that_mean_nothing_are_refused(void **state)
{
	static const struct conf_refusal rows[] = {
		{CLUSTERS "auth: {roles: {custom: [{role: a, rights: [view]}]}}\n",
			"sg.yaml:2:8: key \"auth.roles.claim\": ..."},
		{CLUSTERS "auth: {roles: {claim: g, custom: [{role: a, rights: [fly]}]}}\n",
			"sg.yaml:2:54: key \"auth.roles.custom[0].rights[0]\": got \"fly\", ..."},
		{CLUSTERS "auth: {roles: {claim: g, custom: [{rights: [view]}]}}\n",
			"sg.yaml:2:35: key \"auth.roles.custom[0].role\": missing, ..."},
		{CLUSTERS "auth: {roles: {claim: g, custom: [{role: a, namespaces: ['*']}]}}\n",
			"sg.yaml:2:45: key \"auth.roles.custom[0].namespaces\": ..."},
		{CLUSTERS "auth: {roles: {claim: g, custom: [{role: a, applications: ['']}]}}\n",
			"sg.yaml:2:60: key \"auth.roles.custom[0].applications[0]\": got \"\", "
			"expected own, acl, or a pattern of ids and names such as etl-*, at most "
			"255 bytes"},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

/* conf/ knows no actions: its words are these all the same. */
static void rights_are_the_actions_there_are_and_kill_own(void **state)
{
	const struct keyword *row = keyword_find("auth.roles.custom[].rights");
	size_t count = 0;
	enum action action;

	(void)state;
	for (; row->choices[count]; count++) {
		if (strcmp(row->choices[count], "kill:own") != 0)
			assert_true(action_parse(str_of(row->choices[count]), &action));
	}
	assert_int_equal(count, ACTION_NEVER + 1);
}

/* --- rows that can do nothing --- */

static void keep_warning(void *arg, const char *text)
{
	strncat(arg, text, 2047 - strlen(arg));
	strncat(arg, "\n", 2047 - strlen(arg));
}

static void row_that_can_do_nothing_is_explained(void **state)
{
#define ROW(row) CLUSTERS "auth: {roles: {claim: g, custom: [" row "]}}\n"
	static const struct {
		const char *text, *warning; /* "": none */
	} rows[] = {
		{ROW("{role: a, rights: [view]}"), ""},
		{ROW("{role: a, uis: [lab]}"), ""},
		{ROW("{role: a, clusters: [prod], applications: [own], rights: [view, kill]}"), ""},
		{ROW("{role: a, rights: [kill]}, {role: a, applications: [own], rights: [view]}"),
			""},
		{ROW("{role: a}"),
			"auth.roles.custom[0] (a): it can do nothing, for it has neither "
			"rights nor uis.\n"},
		{ROW("{role: a, clusters: [prd], rights: [view]}"),
			"auth.roles.custom[0] (a): there is no cluster \"prd\".\n"
			"auth.roles.custom[0] (a): it can do nothing, for none of its clusters is "
			"there.\n"},
		{ROW("{role: a, uis: [lap], rights: [view]}"),
			"auth.roles.custom[0] (a): none of its clusters has a UI \"lap\".\n"},
		{ROW("{role: a, rights: [logs]}"),
			"auth.roles.custom[0] (a): it has logs without view, so that it sees no "
			"page that leads there.\n"},
		{ROW("{role: a, namespaces: [x], rights: [view]}"),
			"auth.roles.custom[0] (a): it opens no application, for it names "
			"namespaces "
			"and none of its clusters has kubernetes.\n"},
		{ROW("{role: a, rights: [view, kill, 'kill:own']}"),
			"auth.roles.custom[0] (a): kill:own adds nothing to kill.\n"},
		{ROW("{role: a, rights: [view, tokens]}"), "auth.roles.custom[0] (a): the right "
							   "tokens adds nothing, for everybody who "
							   "has a role has tokens of their own.\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf *conf = conf_probe_load(rows[i].text);
		char kept[2048] = "";

		conf_warn(conf, keep_warning, kept);
		assert_string_equal(kept, rows[i].warning);
		conf_unref(conf);
	}
#undef ROW
}

static void limited_is_said_to_be_the_older_form(void **state)
{
	struct conf *conf = conf_probe_load("clusters: [{name: a, kubernetes: {}}]\n"
					    "auth: {roles: {claim: r, limited: [{role: x, "
					    "namespaces: [a]}]}}\n");
	char kept[2048] = "";

	(void)state;
	conf_warn(conf, keep_warning, kept);
	assert_non_null(strstr(kept, "auth.roles.limited is the older form"));
	conf_unref(conf);
}

/* --- the map of users --- */

static const char *map_message(const char *text, struct conf_user_map *map)
{
	static struct err err;

	*map = (struct conf_user_map){NULL, NULL, 0};
	err.text[0] = '\0';
	int rc = user_map_parse(str_of(text), map, &err);
	assert_int_equal(rc == -1, err.text[0] != '\0');
	return err.text;
}

static void clear_map(struct conf_user_map *map)
{
	keyword_find("auth.user_map_file")->type->clear(map);
}

static void map_has_a_user_for_each_value(void **state)
{
	struct conf conf = {.roles_claim = NULL};

	(void)state;
	assert_string_equal(map_message("# people\n\nzoe@x.example zoe\r\n  Ada Lovelace\tada \n"
					"bob@x.example  bob",
				    &conf.user_map),
		"");
	assert_string_equal(conf_find_user(&conf.user_map, "Ada Lovelace"), "ada");
	assert_string_equal(conf_find_user(&conf.user_map, "zoe@x.example"), "zoe");
	assert_string_equal(conf_find_user(&conf.user_map, "bob@x.example"), "bob");
	assert_null(conf_find_user(&conf.user_map, "bob"));
	assert_null(conf_find_user(&conf.user_map, "# people"));
	clear_map(&conf.user_map);
}

static void map_that_is_not_clear_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"a b\nlonely\n", "line 2: expected a value and a Spark user"},
		{"a b\n\na c\n", "the value \"a\" is there twice"},
		{"a\x01 b\n", "line 1: expected at most 255 bytes without control characters"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf_user_map map;
		assert_string_equal(map_message(rows[i].text, &map), rows[i].message);
		clear_map(&map);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles_and_audiences_may_have_spaces_inside),
		cmocka_unit_test(rows_of_roles_are_taken_and_printed),
		cmocka_unit_test(spark_user_is_preferred_username_where_nothing_else_is_said),
		cmocka_unit_test(rows_that_mean_nothing_are_refused),
		cmocka_unit_test(rights_are_the_actions_there_are_and_kill_own),
		cmocka_unit_test(row_that_can_do_nothing_is_explained),
		cmocka_unit_test(limited_is_said_to_be_the_older_form),
		cmocka_unit_test(map_has_a_user_for_each_value),
		cmocka_unit_test(map_that_is_not_clear_is_refused_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
