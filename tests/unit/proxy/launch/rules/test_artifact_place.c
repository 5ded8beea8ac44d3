/* Whose artifacts somebody may use: as they may launch, and no more. */
#include "auth/policy/grants.h"
#include "auth/policy/scope.h"
#include "proxy/launch/rules/artifact_folder.h"
#include "proxy/launch/rules/artifact_place.h"
#include "proxy/launch/rules/resource_uri.h"
#include "tests/support/conf_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct conf *conf;

static int load(void **state)
{
	(void)state;
	conf = conf_probe_load(
		"auth: {roles: {claim: roles, user: [ops], custom: [{role: looks, rights: "
		"[view]},\n"
		"  {role: etl, clusters: [prod], rights: [view, launch]}]}}\n"
		"clusters:\n"
		"  - name: prod\n"
		"    masters: ['http://m:8080']\n"
		"    launch:\n"
		"      rest: http://m:6066\n"
		"      artifacts: {s3: 'http://s3:9000/apps', region: x, access_key_file: /a,\n"
		"        secret_key_file: /b, spark_uri: 's3a://apps/'}\n"
		"      profiles:\n"
		"        - {name: small, roles: [ops, looks], shared: [team]}\n"
		"        - {name: large, roles: [etl], shared: [team, jars], shared_write: "
		"[jars]}\n"
		"  - {name: none, masters: ['http://n:8080']}\n");
	return 0;
}

static int unload(void **state)
{
	(void)state;
	conf_unref(conf);
	return 0;
}

static struct identity *person(enum role role, const char *held, const char *scope)
{
	struct identity *who = identity_new(
		STR("https://idp"), STR("s-1"), STR("Ann"), STR(""), role, VIA_BEARER, 0);
	const struct grants_person about = {.names = {&held, held ? 1 : 0}, .user = "ann"};

	identity_grant(who, grants_new(conf, &about));
	if (scope)
		identity_limit(who, scope_parse(str_of(scope), NULL));
	return who;
}

static void s125_storage_is_for_who_may_launch_there(void **state)
{
	static const struct {
		enum role role;
		const char *held, *scope;
		enum artifact_choice choice;
	} rows[] = {{ROLE_USER, "ops", NULL, ARTIFACT_PLACE_FOUND},
		{ROLE_CUSTOM, "etl", NULL, ARTIFACT_PLACE_FOUND},
		{ROLE_CUSTOM, "looks", NULL, ARTIFACT_PLACE_NONE}, /* a profile, and no right */
		{ROLE_ADMIN, NULL, NULL, ARTIFACT_PLACE_NONE},	   /* the right, and no profile */
		{ROLE_USER, "ops", "launch", ARTIFACT_PLACE_FOUND},
		{ROLE_USER, "ops", "launch cluster:prod", ARTIFACT_PLACE_FOUND},
		{ROLE_USER, "ops", "launch app:etl-*", ARTIFACT_PLACE_FOUND},
		{ROLE_USER, "ops", "launch cluster:none", ARTIFACT_PLACE_NONE},
		{ROLE_USER, "ops", "view", ARTIFACT_PLACE_NONE},
		{ROLE_USER, "ops", "cluster:prod", ARTIFACT_PLACE_NONE},
		{ROLE_CUSTOM, "etl", "view kill", ARTIFACT_PLACE_NONE}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct identity *who = person(rows[i].role, rows[i].held, rows[i].scope);
		const struct conf_cluster *cluster = NULL;
		enum artifact_choice choice =
			artifact_place_find(conf, who, (struct str){NULL, 0}, &cluster);

		if (choice != rows[i].choice)
			fail_msg("row %zu: got %d", i, (int)choice);
		assert_int_equal(cluster != NULL, choice == ARTIFACT_PLACE_FOUND);
		identity_unref(who);
	}
}

static void s125_shared_folders_open_by_profiles(void **state)
{
	struct identity *ops = person(ROLE_USER, "ops", NULL),
			*etl = person(ROLE_CUSTOM, "etl", NULL);
	const struct artifact_name team = {STR("team"), STR("a.jar")},
				   jars = {STR("jars"), STR("a.jar")}, own = {.file = STR("a.jar")};
	const struct conf_cluster *prod = &conf->clusters[0];

	(void)state;
	assert_true(artifact_place_shows(prod, ops, &team));
	assert_false(artifact_place_lets_write(prod, ops, &team));
	assert_false(artifact_place_shows(prod, ops, &jars));
	assert_true(artifact_place_shows(prod, etl, &jars));
	assert_true(artifact_place_lets_write(prod, etl, &jars));
	assert_false(artifact_place_lets_write(prod, etl, &team));
	assert_true(artifact_place_lets_write(prod, ops, &own));
	identity_unref(ops);
	identity_unref(etl);
}

struct reach {
	const char *pattern, *uri;
	bool is_admitted;
};

static bool is_admitted(const struct reach *row, const struct identity *who)
{
	char *pattern = mem_strdup(row->pattern), uri[RESOURCE_URI_MAX + 1];
	const struct conf_profile *profile = &conf->clusters[0].launch.profiles[0];

	assert_int_equal(resource_uri_read(str_of(row->uri), uri, NULL), 0);
	size_t spelled = artifact_folder_of_others(conf, profile, who, uri);
	bool is = resource_uri_is_allowed(&(struct conf_names){&pattern, 1}, uri, spelled);
	free(pattern);
	return is;
}

static void s164_pattern_opens_nobody_elses_folder_unless_it_names_it(void **state)
{
	static const struct reach rows[] = {{"s3a://apps/*", "s3a://apps/etl.py", true},
		{"s3a://apps/*", "s3a://apps/ann/etl.py", true},
		{"s3a://apps/*", "s3a://apps/shared/team/etl.py", true},
		{"s3a://apps/*", "s3a://apps/bob/etl.py", false},
		{"s3a://apps/*", "s3a://apps/bob/deeper/etl.py", false},
		{"s3a://apps/*", "s3a://apps/Ann/etl.py", false},
		{"s3a://apps/*", "s3a://APPS/bob/etl.py", false},
		{"s3a://apps/*", "s3a://apps/~person-x/etl.py", false},
		{"s3a://apps/*", "s3a://apps/shared/jars/etl.py", false},
		{"s3a://apps/b*", "s3a://apps/bob/etl.py", false},
		{"s3a://apps/shared/*", "s3a://apps/shared/jars/etl.py", false},
		{"s3://apps/*", "s3://apps/bob/etl.py", false},
		{"s3n://apps/*", "s3n://apps/bob/etl.py", false},
		{"s3a://apps/libs/*", "s3a://apps/libs/etl.py", true},
		{"s3a://apps/shared/jars/*", "s3a://apps/shared/jars/etl.py", true},
		{"s3a://apps/bob/etl.py", "s3a://apps/bob/etl.py", true},
		{"s3a://other/*", "s3a://other/bob/etl.py", true},
		{"hdfs://apps/*", "hdfs://apps/bob/etl.py", true}};
	struct identity *ann = person(ROLE_USER, "ops", NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (is_admitted(&rows[i], ann) != rows[i].is_admitted)
			fail_msg("%s admits %s: not as it should", rows[i].pattern, rows[i].uri);
	}
	identity_unref(ann);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s125_storage_is_for_who_may_launch_there),
		cmocka_unit_test(s125_shared_folders_open_by_profiles),
		cmocka_unit_test(s164_pattern_opens_nobody_elses_folder_unless_it_names_it),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
