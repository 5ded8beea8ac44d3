/* A launch judged by profile and person: a matrix of roles, profiles and keys, and every limit. */
#include "auth/policy/grants.h"
#include "auth/policy/scope.h"
#include "proxy/launch/rules/launch_request.h"
#include "tests/support/conf_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define OWN "https://gw.example"

static struct conf *conf;

static int load(void **state)
{
	(void)state;
	conf = conf_probe_load(
		"auth: {roles: {claim: roles, user: [ops], custom: [{role: etl, clusters: [prod], "
		"rights: [view, "
		"launch]}, {role: looks, rights: [view]}]}}\n"
		"clusters:\n"
		"  - name: prod\n"
		"    masters: ['http://m:8080']\n"
		"    launch:\n"
		"      rest: http://m:6066\n"
		"      allow: ['file:/opt/apps/*']\n"
		"      profiles:\n"
		"        - {name: small, roles: [everyone], driver: {cores: 1, memory: 1g}, "
		"executors: "
		"2, may_set: [spark.sql.*]}\n"
		"        - {name: large, roles: [etl], driver: {cores: 4, memory: 8g}, executor: "
		"{cores: "
		"4, memory: 8g}, executors: 20, may_set: ['*'], conf: {spark.sql.a: base, spark.b: "
		"c}}\n"
		"        - {name: nobodys, may_set: ['*']}\n"
		"  - {name: none, masters: ['http://n:8080']}\n");
	return 0;
}

static int unload(void **state)
{
	(void)state;
	conf_unref(conf);
	return 0;
}

static struct identity *person(enum role role, const char *held, const char *user)
{
	struct identity *who = identity_new(
		STR("https://idp"), STR("s-1"), STR("Ann"), STR(""), role, VIA_BEARER, 0);
	const struct grants_person about = {.names = {&held, held ? 1 : 0}, .user = user};

	identity_grant(who, grants_new(conf, &about));
	return who;
}

static enum launch_verdict read_as(
	const struct identity *who, const char *text, struct launch_request *out, struct err *err)
{
	const struct launch_asker asker = {who, conf, OWN};
	json_t *body = json_loads(text, JSON_ALLOW_NUL, NULL);

	assert_non_null(body);
	enum launch_verdict verdict = launch_request_read(&asker, body, out, err);
	json_decref(body);
	return verdict;
}

/* Everybody else's verdict, with the sentence that goes with it. */
static void expect(const struct identity *who, const char *text, enum launch_verdict want,
	const char *sentence)
{
	struct launch_request request;
	struct err err = {""};
	enum launch_verdict verdict = read_as(who, text, &request, &err);

	if (verdict != want || strstr(err.text, sentence) == NULL)
		fail_msg("%s: got %d \"%s\", expected %d \"%s\"", text, (int)verdict, err.text,
			(int)want, sentence);
	if (verdict == LAUNCH_GOOD)
		launch_request_clear(&request);
}

#define JAR "\"resource\": \"file:/opt/apps/a.jar\", \"main_class\": \"A\""

static void s119_matrix_of_roles_profiles_and_keys_has_no_wrong_cell(void **state)
{
	static const struct {
		enum role role;
		const char *held;
		bool launches, is_etl;
	} people[] = {{ROLE_USER, "ops", true, false}, {ROLE_CUSTOM, "etl", true, true},
		{ROLE_CUSTOM, "looks", false, false}, {ROLE_ADMIN, NULL, true, false},
		{ROLE_NONE, NULL, false, false}};
	static const struct {
		const char *name;
		bool is_for_all, is_for_etl, sets_all;
	} profiles[] = {{"small", true, true, false}, {"large", false, true, true},
		{"nobodys", false, false, true}, {"unknown", false, false, false}};
	static const struct {
		const char *key;
		bool is_sql, is_forbidden;
	} keys[] = {{"spark.sql.shuffle.partitions", true, false},
		{"spark.speculation", false, false}, {"spark.sql.extensions", true, true},
		{"spark.jars", false, true}, {"spark.executorEnv.DAY", false, false},
		{"spark.executorEnv.SPARK_USER", false, true}};
	size_t cells = 0, wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(people); i++) {
		struct identity *who = person(people[i].role, people[i].held, "ann");

		for (size_t j = 0; j < ARRAY_LEN(profiles); j++) {
			for (size_t k = 0; k < ARRAY_LEN(keys); k++, cells++) {
				char *text = mem_printf("{\"profile\": \"%s\", " JAR
							", \"conf\": {\"%s\": \"x\"}}",
					profiles[j].name, keys[k].key);
				bool has = people[i].launches &&
					   (profiles[j].is_for_all ||
						   (profiles[j].is_for_etl && people[i].is_etl));
				bool may = !keys[k].is_forbidden &&
					   (profiles[j].sets_all || keys[k].is_sql);
				enum launch_verdict want = !has	 ? LAUNCH_NOT_THERE
							   : may ? LAUNCH_GOOD
								 : LAUNCH_DENIED;
				struct launch_request request;
				struct err err = {""};
				enum launch_verdict got = read_as(who, text, &request, &err);

				if (got == LAUNCH_GOOD)
					launch_request_clear(&request);
				if (got != want)
					print_message("person %zu, %s: got %d, expected %d (%s)\n",
						i, text, (int)got, (int)want, err.text);
				wrong += got != want;
				free(text);
			}
		}
		identity_unref(who);
	}
	assert_int_equal(cells, 5 * 4 * 6);
	assert_int_equal(wrong, 0);
}

static void s115_profile_is_a_ceiling_and_the_refusal_names_who_has_room(void **state)
{
	struct identity *ops = person(ROLE_USER, "ops", "ann"),
			*etl = person(ROLE_CUSTOM, "etl", "ann");

	(void)state;
	expect(ops, "{\"profile\": \"small\", " JAR ", \"driver\": {\"cores\": 2}}", LAUNCH_DENIED,
		"driver.cores: got 2, and the profile \"small\" allows at most 1");
	expect(etl, "{\"profile\": \"small\", " JAR ", \"driver\": {\"cores\": 2}}", LAUNCH_DENIED,
		"allows at most 1; the profile \"large\" allows it");
	expect(etl, "{\"profile\": \"small\", " JAR ", \"executors\": 21}", LAUNCH_DENIED,
		"executors: got 21, and the profile \"small\" allows at most 2");
	expect(ops, "{\"profile\": \"small\", " JAR ", \"driver\": {\"memory\": \"2g\"}}",
		LAUNCH_DENIED,
		"driver.memory: got 2048m, and the profile \"small\" allows at most 1024m");
	expect(etl,
		"{\"profile\": \"small\", " JAR ", \"conf\": {\"spark.speculation\": \"true\"}}",
		LAUNCH_DENIED,
		"the profile \"small\" does not allow \"spark.speculation\"; the profile "
		"\"large\"");
	expect(etl, "{\"profile\": \"large\", " JAR ", \"conf\": {\"spark.jars\": \"x\"}}",
		LAUNCH_DENIED, "conf: no profile allows \"spark.jars\"");
	expect(ops, "{\"profile\": \"large\", " JAR "}", LAUNCH_NOT_THERE,
		"profile: you have no profile of this name on the cluster \"prod\"");
	expect(ops, "{\"cluster\": \"none\", " JAR "}", LAUNCH_NOT_THERE, "cluster: you cannot");
	expect(etl, "{" JAR "}", LAUNCH_NOT_THERE, "profile: there are several");
	expect(ops, "{" JAR ", \"image\": \"x\"}", LAUNCH_DENIED, "starts no containers");
	expect(ops, "{" JAR ", \"environment\": {\"LD_PRELOAD\": \"x\"}}", LAUNCH_DENIED,
		"environment: no profile allows \"LD_PRELOAD\"");
	identity_unref(ops);
	identity_unref(etl);
}

static void what_is_asked_is_less_or_as_much_as_the_profile(void **state)
{
	struct identity *etl = person(ROLE_CUSTOM, "etl", "ann");
	struct launch_request request;
	struct err err = {""};

	(void)state;
	assert_int_equal(
		read_as(etl,
			"{\"cluster\": \"prod\", \"profile\": \"large\", \"resource\": "
			"\"file:///opt/apps/x/etl.py\", \"arguments\": [\"--day\", \"a b\"], "
			"\"environment\": {\"DAY\": \"Mon\"}, \"conf\": {\"spark.sql.a\": "
			"\"mine\"}, "
			"\"executors\": 3, \"driver\": {\"memory\": \"2g\"}}",
			&request, &err),
		LAUNCH_GOOD);
	assert_string_equal(request.order.resource, "file:/opt/apps/x/etl.py");
	assert_string_equal(request.order.name, "etl.py");
	assert_string_equal(request.order.user, "ann");
	assert_string_equal(request.order.cluster, "prod");
	assert_int_equal(request.order.executors, 3);
	assert_int_equal(request.order.driver.cores, 4);
	assert_int_equal(request.order.driver.memory_mib, 2048);
	assert_int_equal(request.order.executor.memory_mib, 8192);
	assert_int_equal(request.order.arguments.count, 2);
	assert_string_equal(launch_pairs_find(&request.order.conf, "spark.sql.a"), "mine");
	assert_string_equal(launch_pairs_find(&request.order.conf, "spark.b"), "c");
	assert_string_equal(launch_pairs_find(&request.order.environment, "DAY"), "Mon");
	launch_request_clear(&request);
	identity_unref(etl);
}

static void what_is_no_launch_is_refused_by_its_members_name(void **state)
{
	static const struct {
		const char *text, *sentence;
	} rows[] = {{"{}", "expected either resource or artifact"},
		{"{" JAR ", \"artifact\": \"a.jar\"}", "expected either resource or artifact"},
		{"{" JAR ", \"nmae\": \"x\"}", "nmae: there is no such member"},
		{"{\"resource\": 1}", "resource: expected a text"},
		{"{\"resource\": \"\"}", "resource: expected a text that is not empty"},
		{"{\"resource\": \"file:/opt/apps/../a.jar\", \"main_class\": \"A\"}",
			"resource: expected a URI of one file"},
		{"{\"resource\": \"file:/opt/apps/a.jar\"}", "main_class: a jar needs one"},
		{"{\"resource\": \"file:/opt/apps/a.py\", \"main_class\": \"A\"}",
			"main_class: a Python file has none"},
		{"{\"resource\": \"file:/opt/apps/a.sh\"}", "name ends in .jar or .py"},
		{"{\"resource\": \"file:/opt/apps/a.jar\", \"main_class\": \"--conf\"}",
			"main_class: expected a class"},
		{"{" JAR ", \"name\": \"a\\u0000b\"}", "name: expected a text"},
		{"{" JAR ", \"name\": \"a\\nb\"}", "name: there is a control character in it"},
		{"{" JAR ", \"name\": \"--conf\"}", "name: expected no \"-\""},
		{"{" JAR ", \"arguments\": \"x\"}", "arguments: expected a list of texts"},
		{"{" JAR ", \"arguments\": [\"a\", 1]}", "arguments[1]: expected a text"},
		{"{" JAR ", \"arguments\": [\"{{AWS_SECRET_ACCESS_KEY}}\"]}",
			"arguments[0]: \"{{\" and \"}}\" are not allowed"},
		{"{" JAR ", \"environment\": {\"A\": \"{{B\"}}", "environment.A: \"{{\""},
		{"{" JAR ", \"conf\": [1]}", "conf: expected an object of texts"},
		{"{" JAR ", \"conf\": {\"spark.sql.a\": 1}}", "conf.spark.sql.a: expected a text"},
		{"{" JAR ", \"image\": \"evil/x:${env:KEY}\"}", "image: expected an image"},
		{"{" JAR ", \"image\": \"-x\"}", "image: expected an image"},
		{"{" JAR ", \"driver\": 1}", "driver: expected an object"},
		{"{" JAR ", \"driver\": {\"cores\": 0}}", "driver.cores: expected a number from 1"},
		{"{" JAR ", \"driver\": {\"memory\": \"1x\"}}", "driver.memory: expected memory"},
		{"{\"file\": {\"name\": \".a.py\", \"content\": \"AP9h\"}}", "file.name: expected"},
		{"{\"file\": {\"name\": \"a.py\", \"content\": \"AP-h\"}}",
			"file.content: expected base64"},
		{"{\"file\": {\"name\": \"a.py\", \"content\": \"A=9h\"}}",
			"file.content: expected base64"},
		{"{\"file\": {\"name\": \"a.py\", \"content\": \"====\"}}",
			"file.content: expected base64"},
		{"{\"file\": {\"name\": \"a.py\", \"content\": \"AP9h\", \"x\": 1}}",
			"x: there is no such member"},
		{"{" JAR ", \"executors\": 1.5}", "executors: expected a number from 1"}};
	struct identity *ops = person(ROLE_USER, "ops", "ann");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect(ops, rows[i].text, LAUNCH_MALFORMED, rows[i].sentence);
	expect(ops, "{\"resource\": \"file:/opt/others/a.py\"}", LAUNCH_DENIED,
		"resource: launch.allow of the cluster \"prod\" does not admit it");
	expect(ops, "{" JAR ", \"profile\": \"huge\"}", LAUNCH_NOT_THERE,
		"no profile of this name on the cluster \"prod\"; you have \"small\"");
	expect(ops, "{\"artifact\": \"a.py\"}", LAUNCH_DENIED, "has no storage for artifacts");
	expect(ops, "{\"file\": {\"name\": \"a.py\", \"content\": \"AP9h\"}}", LAUNCH_DENIED,
		"starts no containers, so no file travels there");
	expect(ops, "{" JAR ", \"conf\": {\"sql.a\": \"1\"}}", LAUNCH_DENIED,
		"is no key of Spark's");
	expect(ops, "{" JAR ", \"environment\": {\"A B\": \"1\"}}", LAUNCH_DENIED,
		"is no name of a variable");
	identity_unref(ops);
}

static void s121_application_runs_as_whom_spark_knows_the_person_and_nobody_else(void **state)
{
	static const char *const users[] = {NULL, "", "a b", "client-nightly", "ann -Dx=y",
		"\"ann\"", "-ann", "$HOME", ".ann", "ann;id"};
	char user[STORE_LAUNCH_USER];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(users); i++) {
		struct identity *who = person(ROLE_USER, "ops", users[i]);

		assert_false(launch_person_user(who, OWN, user));
		expect(who, "{" JAR "}", LAUNCH_DENIED, "nobody knows what Spark calls you");
		identity_unref(who);
	}
	struct identity *client = identity_new(
		STR(OWN), STR("client:nightly"), STR(""), STR(""), ROLE_USER, VIA_BEARER, 0);
	assert_true(launch_person_user(client, OWN, user));
	assert_string_equal(user, "client-nightly");
	assert_false(launch_person_user(client, "https://other", user));
	identity_unref(client);
	client = identity_new(
		STR(OWN), STR("client-nightly"), STR(""), STR(""), ROLE_USER, VIA_BEARER, 0);
	assert_false(launch_person_user(client, OWN, user)); /* a person, not the client */
	identity_unref(client);
}

static void s121_session_of_a_token_of_ours_is_its_person_and_one_of_a_link_is_nobody(void **state)
{
	static const struct {
		const char *subject, *token, *user; /* NULL: nobody */
	} rows[] = {{"ann", "t-1", "ann"}, {"client:nightly", "t-1", "client-nightly"},
		{"admin", "", NULL}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char user[STORE_LAUNCH_USER];
		struct identity *who = identity_new(STR(OWN), str_of(rows[i].subject), STR(""),
			str_of(rows[i].token), ROLE_USER, VIA_SESSION, 0);

		assert_int_equal(launch_person_user(who, OWN, user), rows[i].user != NULL);
		assert_string_equal(user, rows[i].user ? rows[i].user : "");
		identity_unref(who);
	}
}

static void s115_limited_token_launches_only_where_its_scope_says_so(void **state)
{
	static const struct {
		const char *scope;
		enum launch_verdict verdict;
	} rows[] = {{"launch", LAUNCH_GOOD}, {"launch cluster:prod", LAUNCH_GOOD},
		{"launch cluster:other", LAUNCH_NOT_THERE}, {"view", LAUNCH_NOT_THERE},
		{"cluster:prod", LAUNCH_NOT_THERE}, {"launch app:a.*", LAUNCH_GOOD},
		{"launch app:etl-*", LAUNCH_DENIED}, {"launch namespace:etl", LAUNCH_DENIED}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct identity *who = person(ROLE_USER, "ops", "ann");

		identity_limit(who, scope_parse(str_of(rows[i].scope), NULL));
		expect(who, "{" JAR "}", rows[i].verdict, "");
		identity_unref(who);
	}
}

static void s115_limited_token_sees_of_its_persons_own_what_its_scope_names(void **state)
{
	static const struct {
		const char *scope;
		bool sees;
	} rows[] = {{NULL, true}, {"launch", true}, {"launch cluster:prod", true},
		{"launch cluster:other", false}, {"launch app:etl-*", true},
		{"launch app:report-*", false}, {"view", false}, {"kill launch", true}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct store_launch launch = {
			.cluster = "prod", .name = "etl-1", .user = "ann", .id = "0a"};
		struct identity *who = person(ROLE_CUSTOM, "etl", "ann");
		const struct launch_asker asker = {who, conf, OWN};

		launch_person_digest(&asker, launch.person);
		if (rows[i].scope)
			identity_limit(who, scope_parse(str_of(rows[i].scope), NULL));
		if (launch_person_sees(&asker, &launch) != rows[i].sees)
			fail_msg("%s", rows[i].scope ? rows[i].scope : "no scope");
		launch.person[0] ^= 1;
		assert_false(launch_person_sees(&asker, &launch));
		identity_unref(who);
	}
}

static bool are_the_same(const struct conf *by, const char *issuer, const char *name,
	const char *other, const char *other_name)
{
	struct identity *a = identity_new(
		str_of(issuer), str_of(name), STR(""), STR(""), ROLE_USER, VIA_BEARER, 0);
	struct identity *b = identity_new(
		str_of(other), str_of(other_name), STR(""), STR(""), ROLE_USER, VIA_BEARER, 0);
	unsigned char digests[2][DIGEST_LEN];

	launch_person_digest(&(struct launch_asker){a, by, OWN}, digests[0]);
	launch_person_digest(&(struct launch_asker){b, by, OWN}, digests[1]);
	identity_unref(a);
	identity_unref(b);
	return memcmp(digests[0], digests[1], DIGEST_LEN) == 0;
}

static bool are_one(const struct conf *by, const char *issuer, const char *other, const char *name)
{
	return are_the_same(by, issuer, name, other, name);
}

static void s117_who_signed_in_and_holds_a_token_of_ours_has_one_quota(void **state)
{
	struct conf *by = conf_probe_load(
		"auth: {bearer: [{issuer: 'https://idp', audience: [spark]}, {issuer: "
		"'https://second', audience: [spark]}], roles: {claim: roles, user: [ops]}}\n"
		"clusters: [{name: prod, masters: ['http://m:8080']}]\n");

	(void)state;
	assert_true(are_one(by, OWN, "https://idp", "ann"));
	assert_false(are_one(by, OWN, "https://second", "ann"));
	assert_false(are_one(by, "https://idp", "https://second", "ann"));
	assert_false(are_one(by, OWN, "https://idp", "client:nightly"));
	conf_unref(by);
}

static void s190_people_of_two_providers_have_a_quota_each(void **state)
{
	struct conf *by = conf_probe_load(
		"auth: {oidc: [{issuer: 'https://idp', client_id: g}, {issuer: 'https://partner', "
		"client_id: g, name: partner}], roles: {claim: roles, user: [ops]}}\n"
		"clusters: [{name: prod, masters: ['http://m:8080']}]\n");

	(void)state;
	assert_true(are_the_same(by, OWN, "ann", "https://idp", "ann"));
	assert_true(
		are_the_same(by, OWN, "oidc:partner:ann", "https://partner", "oidc:partner:ann"));
	assert_false(are_the_same(by, OWN, "ann", "https://partner", "oidc:partner:ann"));
	assert_false(are_the_same(by, "https://idp", "ann", OWN, "oidc:partner:ann"));
	conf_unref(by);
}

static void s131_another_image_needs_the_word_image_and_has_no_variable_in_it(void **state)
{
	static const char text[] =
		"auth: {roles: {claim: roles, user: [ops]}}\n"
		"clusters: [{name: k, kubernetes: {namespaces: [runs]}, launch: {operator: {kind: "
		"sparkoperator.k8s.io/v1beta2, namespace: runs}, allow: ['local:///*'], profiles: "
		"[{name: keys, roles: [everyone], image: 'spark:1', may_set: ['*']}, {name: all, "
		"roles: [everyone], may_set: [image]}]}}]\n";
	struct conf *before = conf;
	struct identity *ops;

	(void)state;
	conf = conf_probe_load(text);
	ops = person(ROLE_USER, "ops", "ann");
#define PY "\"resource\": \"local:///a.py\""
	expect(ops, "{\"profile\": \"keys\", " PY ", \"image\": \"spark:1\"}", LAUNCH_GOOD, "");
	expect(ops, "{\"profile\": \"keys\", " PY ", \"image\": \"spark:2\"}", LAUNCH_DENIED,
		"does not allow another one");
	expect(ops, "{\"profile\": \"all\", " PY ", \"image\": \"spark:2\"}", LAUNCH_GOOD, "");
	expect(ops, "{\"profile\": \"all\", " PY ", \"image\": \"x:${env:A}\"}", LAUNCH_MALFORMED,
		"image: expected an image");
	identity_unref(ops);
	conf_unref(conf);
	conf = before;
}

static void profiles_are_told_to_who_may_use_them(void **state)
{
	struct identity *etl = person(ROLE_CUSTOM, "etl", "ann"),
			*looks = person(ROLE_CUSTOM, "looks", "bo");
	json_t *json = launch_profiles_json(&(struct launch_asker){etl, conf, OWN});

	(void)state;
	json_t *list = json_object_get(json, "profiles");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(list, 1), "name")), "large");
	json_decref(json);
	json = launch_profiles_json(&(struct launch_asker){looks, conf, OWN});
	assert_int_equal(json_array_size(json_object_get(json, "profiles")), 0);
	json_decref(json);
	identity_unref(etl);
	identity_unref(looks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s119_matrix_of_roles_profiles_and_keys_has_no_wrong_cell),
		cmocka_unit_test(s115_profile_is_a_ceiling_and_the_refusal_names_who_has_room),
		cmocka_unit_test(what_is_asked_is_less_or_as_much_as_the_profile),
		cmocka_unit_test(what_is_no_launch_is_refused_by_its_members_name),
		cmocka_unit_test(
			s121_application_runs_as_whom_spark_knows_the_person_and_nobody_else),
		cmocka_unit_test(
			s121_session_of_a_token_of_ours_is_its_person_and_one_of_a_link_is_nobody),
		cmocka_unit_test(s115_limited_token_launches_only_where_its_scope_says_so),
		cmocka_unit_test(s115_limited_token_sees_of_its_persons_own_what_its_scope_names),
		cmocka_unit_test(s117_who_signed_in_and_holds_a_token_of_ours_has_one_quota),
		cmocka_unit_test(s190_people_of_two_providers_have_a_quota_each),
		cmocka_unit_test(s131_another_image_needs_the_word_image_and_has_no_variable_in_it),
		cmocka_unit_test(profiles_are_told_to_who_may_use_them),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
