#include "proxy/launch/artifacts/artifact_name.h"

#include "auth/policy/grants.h"
#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct identity *person(const char *issuer, const char *subject, const char *user)
{
	const struct conf conf = {.roles_claim = NULL};
	const struct grants_person it = {.user = user};
	struct identity *who = identity_new(
		str_of(issuer), str_of(subject), STR("Ann"), STR(""), ROLE_USER, VIA_SESSION, 0);

	identity_grant(who, grants_new(&conf, &it));
	return who;
}

/* Gives. */
static char *key_of(const char *name, const char *issuer, const char *subject, const char *user)
{
	struct identity *who = person(issuer, subject, user);
	struct artifact_name read;
	struct sbuf key;

	sbuf_init(&key, ARTIFACT_KEY_MAX);
	assert_true(artifact_name_read(str_of(name), &read));
	artifact_add_key(&key, &read, who);
	assert_false(key.overflow);
	identity_unref(who);
	return sbuf_take(&key);
}

static void assert_key(const char *name, const char *user, const char *want)
{
	char *key = key_of(name, "i", "s", user);

	assert_string_equal(key, want);
	free(key);
}

static void artifacts_stand_in_the_folder_of_their_owner(void **state)
{
	(void)state;
	assert_key("etl.py", "ann", "ann/etl.py");
	assert_key("a-B_1.2.jar", "ann.lee-x_Y", "ann.lee-x_Y/a-B_1.2.jar");
	assert_key("shared/team/lib.jar", "ann", "shared/team/lib.jar");
}

static void s125_no_two_people_have_one_folder(void **state)
{
	(void)state;
	assert_key("x", "ann@example.com", "ann~40example.com/x");
	assert_key("x", "ann~40example.com", "ann~7E40example.com/x");
	assert_key("x", "a/b", "a~2Fb/x");
	assert_key("x", "..", "~2E./x");
	assert_key("x", ".ann", "~2Eann/x");
	assert_key("x", "shared", "~73hared/x");
	assert_key("x", "sharedx", "sharedx/x");
	assert_key("x", "\xc3\xa4", "~C3~A4/x");
	assert_key("x", "~person-x", "~7Eperson-x/x");
}

static void s125_who_has_no_name_for_spark_has_a_folder_by_who_they_are(void **state)
{
	char long_a[300], long_b[300];

	(void)state;
	memset(long_a, 'a', sizeof long_a);
	long_a[299] = '\0';
	memcpy(long_b, long_a, sizeof long_b);
	long_b[298] = 'b';
	char *keys[] = {key_of("x", "i", "s", ""), key_of("x", "i", "t", ""),
		key_of("x", "j", "s", ""), key_of("x", "is", "", ""), key_of("x", "l", "a", long_a),
		key_of("x", "l", "b", long_b)};
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		assert_int_equal(strncmp(keys[i], "~person-", 8), 0);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(keys[i], keys[k]);
	}
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		free(keys[i]);
}

static void s125_tokens_of_ours_have_the_folder_of_whom_they_name(void **state)
{
	static const struct {
		const char *subject, *token_id, *folder;
	} rows[] = {{"ann", "0123", "ann/"}, {"client:robot", "0123", "~client-robot/"},
		{"client-robot", "0123", "client-robot/"}, {"client:", "0123", "~person-"},
		{"ann", "", "~person-"}};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) { /* by itself, and by its session */
		const size_t row = i / 2;
		struct identity *who = identity_new(STR("i"), str_of(rows[row].subject), STR(""),
			str_of(rows[row].token_id), ROLE_USER, i % 2 ? VIA_SESSION : VIA_BEARER, 0);
		struct artifact_name own = {.file = STR("x")};
		struct sbuf folder;
		sbuf_init(&folder, ARTIFACT_KEY_MAX);
		artifact_add_folder(&folder, &own, who);
		assert_true(str_starts(sbuf_str(&folder), str_of(rows[row].folder)));
		sbuf_clear(&folder);
		identity_unref(who);
	}
}

static void s126_other_names_are_refused(void **state)
{
	static const char *const bad[] = {"", ".", "..", ".x", "a/b", "../x", "/x", "x/", "a b",
		"a%2fb", "a\\b", "\xc3\xa4", "a~b", "a?b", "a#b", "shared/x", "shared/",
		"shared//x", "shared/../x", "shared/a/", "shared/a/.x", "shared/a/b/c",
		"shared/.a/x", "a:b"};
	char longest[ARTIFACT_NAME_MAX + 2];
	struct artifact_name name;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (artifact_name_read(str_of(bad[i]), &name))
			fail_msg("taken: %s", bad[i]);
	}
	assert_false(artifact_name_read((struct str){"a\0b", 3}, &name));
	memset(longest, 'a', sizeof longest);
	assert_false(artifact_name_read((struct str){longest, ARTIFACT_NAME_MAX + 1}, &name));
	assert_true(artifact_name_read((struct str){longest, ARTIFACT_NAME_MAX}, &name));
	assert_true(artifact_name_read(STR("shared"), &name));
	assert_null(name.shared.at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(artifacts_stand_in_the_folder_of_their_owner),
		cmocka_unit_test(s125_no_two_people_have_one_folder),
		cmocka_unit_test(s125_who_has_no_name_for_spark_has_a_folder_by_who_they_are),
		cmocka_unit_test(s125_tokens_of_ours_have_the_folder_of_whom_they_name),
		cmocka_unit_test(s126_other_names_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
