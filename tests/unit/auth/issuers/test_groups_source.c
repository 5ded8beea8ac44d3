#include "auth/issuers/groups_source.h"

#include "auth/policy/claims_seen.h"
#include "base/sbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define ISSUER "https://idp.example/realm"
#define GRAPH  "https://graph.example/v1.0/me/getMemberObjects"

static struct groups_source read_source(const char *text, const char *path)
{
	struct groups_source source = {.is_elsewhere = false};
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	groups_source_read(json, path, &source);
	json_decref(json);
	return source;
}

static void claims_say_whether_they_are_elsewhere(void **state)
{
	static const struct {
		const char *claims, *path;
		bool is_elsewhere;
		const char *endpoint;
	} rows[] = {
		{"{}", "groups", false, NULL},
		{"{\"hasgroups\":true}", "groups", true, NULL},
		{"{\"hasgroups\":\"true\"}", "groups", true, NULL},
		{"{\"hasgroups\":false}", "groups", false, NULL},
		{"{\"hasgroups\":true}", "roles", false, NULL},
		{"{\"hasgroups\":true}", NULL, false, NULL},
		{"{\"_claim_names\":{\"groups\":\"s\"}}", "groups", true, NULL},
		{"{\"_claim_names\":{\"address\":\"s\"}}", "groups", false, NULL},
		{"{\"_claim_names\":{\"groups\":1}}", "groups", false, NULL},
		{"{\"_claim_names\":[\"groups\"]}", "groups", false, NULL},
		{"{\"_claim_names\":{\"realm\":\"s\"},\"_claim_sources\":{\"s\":{\"endpoint\":"
		 "\"https://a/b\"}}}",
			"realm.roles", true, "https://a/b"},
		{"{\"_claim_names\":{\"groups\":\"s\"},\"_claim_sources\":{\"t\":{\"endpoint\":"
		 "\"https://a/b\"}}}",
			"groups", true, NULL},
		{"{\"_claim_names\":{\"groups\":\"s\"},\"_claim_sources\":{\"s\":{\"endpoint\":"
		 "\"https://a/\\r\\nX: y\"}}}",
			"groups", true, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct groups_source source = read_source(rows[i].claims, rows[i].path);

		if (source.is_elsewhere != rows[i].is_elsewhere)
			fail_msg("row %zu", i);
		if (rows[i].endpoint)
			assert_string_equal(source.endpoint, rows[i].endpoint);
		else
			assert_null(source.endpoint);
		groups_source_clear(&source);
	}
}

static void first_place_that_says_so_counts(void **state)
{
	struct groups_source source = read_source(
		"{\"_claim_names\":{\"groups\":\"s\"},\"_claim_sources\":{\"s\":{\"endpoint\":"
		"\"https://a/\",\"access_token\":\"t\"}}}",
		"groups");
	json_t *again = json_pack("{s:b}", "hasgroups", 1);

	(void)state;
	groups_source_read(again, "groups", &source);
	assert_string_equal(source.endpoint, "https://a/");
	assert_string_equal(source.access_token, "t");
	json_decref(again);
	groups_source_clear(&source);
}

static void s79_address_is_at_the_issuers_origin_or_the_configured_one(void **state)
{
	static const struct {
		const char *said, *configured, *want;
	} rows[] = {
		{"https://idp.example/groups?u=1", NULL, "https://idp.example/groups?u=1"},
		{"https://IDP.example:443/groups", NULL, "https://IDP.example:443/groups"},
		{"https://graph.example/v1.0/users/1/getMemberObjects", GRAPH,
			"https://graph.example/v1.0/users/1/getMemberObjects"},
		{"https://graph.windows.example/x", GRAPH, GRAPH},
		{NULL, GRAPH, GRAPH},
		{NULL, NULL, NULL},
		{"https://evil.example/groups", NULL, NULL},
		{"https://idp.example.evil.example/groups", NULL, NULL},
		{"https://idp.example@evil.example/groups", NULL, NULL},
		{"https://idp.example:8443/groups", NULL, NULL},
		{"http://idp.example/groups", NULL, NULL},
		{"https://idp.example/groups#x", NULL, NULL},
		{"//idp.example/groups", NULL, NULL},
		{"file:///etc/passwd", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *said = mem_strdup(rows[i].said);
		struct groups_source source = {.is_elsewhere = true, .endpoint = said};
		struct err err = {""};
		char *got = groups_source_address(&source, ISSUER, rows[i].configured, &err);

		if (!str_eq(str_of(got), str_of(rows[i].want)) ||
			(got == NULL) != (err.text[0] != '\0'))
			fail_msg("row %zu: %s %s", i, got ? got : "none", err.text);
		free(got);
		free(said);
	}
}

static void actions_are_known_by_their_last_word(void **state)
{
	(void)state;
	assert_true(groups_source_is_action(GRAPH));
	assert_true(groups_source_is_action("https://g/x/getMemberGroups?$top=1"));
	assert_false(groups_source_is_action("https://g/x?y=/getMemberGroups"));
	assert_false(groups_source_is_action("https://g/me/memberOf"));
	assert_false(groups_source_is_action("https://g/forgetMemberObjects/x"));
}

static int take_page(struct groups_found *found, const char *body)
{
	struct err err = {""};
	int result = groups_source_page(str_of(body), "groups", found, &err);

	assert_int_equal(result == -1, err.text[0] != '\0');
	return result;
}

static void expect_seen(const char *claims, bool is_found, const char *trouble)
{
	json_t *json = json_loads(claims, 0, NULL);
	char *text = groups_source_seen("groups", json), path[CLAIMS_SEEN_NAMES];
	struct claims_seen seen;

	assert_true(claims_seen_parse(text, &seen, path));
	assert_int_equal(seen.is_found, is_found);
	assert_non_null(strstr(seen.trouble, trouble));
	if (trouble[0] == '\0')
		assert_string_equal(seen.trouble, "");
	free(text);
	json_decref(json);
}

static void bearer_token_that_leaves_groups_out_is_told_so(void **state)
{
	(void)state;
	expect_seen("{\"hasgroups\":true}", false, "a bearer token");
	expect_seen("{\"hasgroups\":true,\"groups\":[]}", true, "");
	expect_seen("{\"sub\":\"x\"}", false, "");
}

static void pages_add_up(void **state)
{
	struct groups_found found = {NULL, NULL};

	(void)state;
	assert_int_equal(
		take_page(&found, "{\"value\":[\"a\"],\"@odata.nextLink\":\"https://x/\"}"), 0);
	assert_string_equal(found.next, "https://x/");
	assert_int_equal(
		take_page(&found, "{\"value\":[{\"id\":\"b\",\"displayName\":\"boss\"}]}"), 0);
	assert_null(found.next);
	assert_int_equal(json_array_size(found.names), 2);
	assert_string_equal(json_string_value(json_array_get(found.names, 1)), "b");
	groups_found_clear(&found);
}

static void groups_of_one_person_are_bounded(void **state)
{
	struct groups_found found = {NULL, NULL};
	struct sbuf body;

	(void)state;
	sbuf_init(&body, 1024 * 1024);
	sbuf_puts(&body, "{\"groups\":[");
	for (int i = 0; i <= GROUPS_MAX; i++)
		sbuf_printf(&body, "%s\"%d\"", i ? "," : "", i);
	sbuf_puts(&body, "]}");
	assert_int_equal(take_page(&found, body.at), -1);
	sbuf_clear(&body);
	groups_found_clear(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claims_say_whether_they_are_elsewhere),
		cmocka_unit_test(first_place_that_says_so_counts),
		cmocka_unit_test(s79_address_is_at_the_issuers_origin_or_the_configured_one),
		cmocka_unit_test(actions_are_known_by_their_last_word),
		cmocka_unit_test(bearer_token_that_leaves_groups_out_is_told_so),
		cmocka_unit_test(pages_add_up),
		cmocka_unit_test(groups_of_one_person_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
