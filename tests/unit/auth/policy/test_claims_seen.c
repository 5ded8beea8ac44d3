#include "auth/policy/claims_seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct claims_seen see(const char *path, const char *text)
{
	struct claims_seen seen = {.is_found = false};
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	claims_seen_add(&seen, path, json);
	json_decref(json);
	return seen;
}

static void claim_is_found_at_its_path(void **state)
{
	static const struct {
		const char *path, *claims;
		bool is_found;
	} rows[] = {
		{"groups", "{\"groups\":[\"a\"]}", true},
		{"groups", "{\"groups\":[]}", true},
		{"groups", "{\"groups\":null}", false},
		{"groups", "{\"roles\":[]}", false},
		{"realm_access.roles", "{\"realm_access\":{\"roles\":[]}}", true},
		{"realm_access.roles", "{\"realm_access\":{}}", false},
		{"realm_access.roles", "{\"realm_access\":[]}", false},
		{"https://x.example/roles", "{\"https://x.example/roles\":\"a\"}", true},
		{"a.b.c", "{\"a.b\":{\"c\":\"x\"}}", true},
		{NULL, "{\"groups\":[]}", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (see(rows[i].path, rows[i].claims).is_found != rows[i].is_found)
			fail_msg("row %zu", i);
	}
}

static void names_are_those_of_claims_and_of_objects_on_the_way(void **state)
{
	struct claims_seen seen = see("realm_access.roles",
		"{\"sub\":\"s3cret\",\"realm_access\":{\"other\":[\"val\"]},\"email\":\"e@x\"}");

	(void)state;
	assert_string_equal(seen.names, "sub realm_access email realm_access.other");
}

static void names_are_told_once(void **state)
{
	struct claims_seen seen = see("groups", "{\"sub\":\"a\",\"name\":\"b\"}");
	json_t *more = json_pack("{s:s, s:s}", "sub", "a", "email", "e");

	(void)state;
	claims_seen_add(&seen, "groups", more);
	assert_string_equal(seen.names, "sub name email");
	json_decref(more);
}

static void s40_names_are_clipped_and_what_needs_escapes_is_replaced(void **state)
{
	struct claims_seen seen = see(NULL, "{\"a b\\n\\\"\\\\,\\u00e4\":1}");

	(void)state;
	assert_string_equal(seen.names, "a?b??????");
	json_t *json = json_object();
	for (int i = 0; i < 1000; i++) {
		char *key = mem_printf("%0*d", 100, i);
		json_object_set_new(json, key, json_true());
		free(key);
	}
	claims_seen_add(&seen, NULL, json);
	assert_true(strlen(seen.names) < sizeof seen.names);
	json_decref(json);
}

static void what_is_kept_is_read_again(void **state)
{
	struct claims_seen seen = see("groups", "{\"groups\":[],\"sub\":\"x\"}"), read;
	char path[CLAIMS_SEEN_NAMES];
	char *text = claims_seen_text(&seen, "groups");

	(void)state;
	assert_true(claims_seen_parse(text, &read, path));
	assert_true(read.is_found);
	assert_string_equal(read.names, "groups sub");
	assert_string_equal(read.trouble, "");
	assert_string_equal(path, "groups");
	free(text);
	text = claims_seen_text(&seen, NULL);
	assert_true(claims_seen_parse(text, &read, path));
	assert_string_equal(path, "");
	free(text);
}

static void what_is_none_of_ours_is_nothing(void **state)
{
	static const char *const texts[] = {NULL, "", "x", "[]", "\"\""};
	struct claims_seen read;
	char path[CLAIMS_SEEN_NAMES];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_false(claims_seen_parse(texts[i], &read, path));
		assert_false(read.is_found);
		assert_string_equal(read.names, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claim_is_found_at_its_path),
		cmocka_unit_test(names_are_those_of_claims_and_of_objects_on_the_way),
		cmocka_unit_test(names_are_told_once),
		cmocka_unit_test(s40_names_are_clipped_and_what_needs_escapes_is_replaced),
		cmocka_unit_test(what_is_kept_is_read_again),
		cmocka_unit_test(what_is_none_of_ours_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
