/* What a token may be narrowed to. */
#include "auth/policy/scope.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct scope *parse(const char *text)
{
	struct err err = {""};
	struct scope *scope = scope_parse(str_of(text), &err);

	if (scope == NULL)
		fail_msg("%s: %s", text, err.text);
	return scope;
}

/* "" when they are allowed, else what is lacking. */
static const char *lacking(const char *text, unsigned actions)
{
	enum action lacks;
	struct scope *scope = parse(text);
	bool allows = scope_allows(scope, actions, &lacks);

	scope_free(scope);
	return allows ? "" : action_name(lacks);
}

static bool shows(const char *text, struct scope_ask ask)
{
	struct scope *scope = parse(text);

	if (ask.app_id == NULL)
		ask.app_id = "";
	bool is_shown = scope_shows(scope, &ask);
	scope_free(scope);
	return is_shown;
}

#define BIT(action) (1u << (action))

static void what_is_no_scope_of_ours_is_refused(void **state)
{
	static const char *const bad[] = {"", " ", "view ", " view", "view  logs", "View", "views",
		"never", "admin", "cluster:", "cluster:A", "cluster:-a", "cluster:a/b",
		"app:", "app:a\"b", "app:a\\b", "app:\x7f", "view\tlogs", "app:\xc3\xa4",
		"metrics:x"};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_null(scope_parse(str_of(bad[i]), &err));
	assert_null(scope_parse((struct str){"view\0logs", 9}, &err));
}

static void scope_is_bounded(void **state)
{
	char text[SCOPE_TEXT + 8];
	struct err err;

	(void)state;
	memset(text, 'a', sizeof text);
	memcpy(text, "app:", 4);
	assert_null(scope_parse((struct str){text, SCOPE_TEXT}, &err));
	struct scope *scope = scope_parse((struct str){text, SCOPE_TEXT - 1}, &err);
	assert_non_null(scope);
	assert_int_equal(scope_text(scope).len, SCOPE_TEXT - 1);
	scope_free(scope);
	for (size_t i = 0; i <= SCOPE_PARTS; i++)
		memcpy(text + i * 5, "view ", 5);
	assert_null(scope_parse((struct str){text, SCOPE_PARTS * 5 + 4}, &err));
	scope = scope_parse((struct str){text, SCOPE_PARTS * 5 - 1}, &err);
	assert_non_null(scope);
	scope_free(scope);
}

static void actions_narrow_to_those_named(void **state)
{
	(void)state;
	assert_string_equal(lacking("view", BIT(ACTION_VIEW)), "");
	assert_string_equal(lacking("view", BIT(ACTION_LOGS)), "logs");
	assert_string_equal(lacking("view logs", BIT(ACTION_LOGS)), "");
	assert_string_equal(lacking("view", BIT(ACTION_KILL)), "kill");
	assert_string_equal(lacking("cluster:a", BIT(ACTION_KILL)), "");
}

static void s42_a_path_of_several_readings_takes_the_scopes_of_all(void **state)
{
	unsigned both = BIT(ACTION_LOGS) | BIT(ACTION_ENVIRONMENT);

	(void)state;
	assert_string_equal(lacking("environment", both), "logs");
	assert_string_equal(lacking("logs", both), "environment");
	assert_string_equal(lacking("logs environment", both), "");
	assert_string_equal(lacking("metrics", BIT(ACTION_METRICS) | BIT(ACTION_VIEW)), "view");
}

static void metrics_are_a_part_of_the_view_and_not_the_other_way_round(void **state)
{
	(void)state;
	assert_string_equal(lacking("metrics", BIT(ACTION_METRICS)), "");
	assert_string_equal(lacking("view", BIT(ACTION_METRICS)), "");
	assert_string_equal(lacking("metrics", BIT(ACTION_VIEW)), "view");
	assert_string_equal(lacking("logs", BIT(ACTION_METRICS)), "metrics");
}

static void s35_narrowed_token_manages_tokens_by_name_only(void **state)
{
	(void)state;
	assert_string_equal(lacking("cluster:a", BIT(ACTION_TOKENS)), "tokens");
	assert_string_equal(lacking("tokens", BIT(ACTION_TOKENS)), "");
}

static void clusters_narrow_to_those_named(void **state)
{
	struct scope_ask of_b = {.cluster = "b"};

	(void)state;
	assert_true(shows("cluster:a cluster:b", of_b));
	assert_false(shows("cluster:a", of_b));
	assert_false(shows("cluster:bb view", of_b));
	assert_true(shows("cluster:a", (struct scope_ask){.cluster = NULL}));
	assert_false(shows("cluster:a", (struct scope_ask){.cluster = ""}));
}

static void applications_narrow_by_id_or_name(void **state)
{
	const struct scope_ask etl = {.app_id = "app-1", .app_name = "etl nightly"},
			       all = {.app_id = "*"}, none = {.app_id = ""};

	(void)state;
	assert_true(shows("app:etl*", etl));
	assert_true(shows("app:app-1", etl));
	assert_true(shows("app:app-2 app:*nightly", etl));
	assert_false(shows("app:app-*2", etl));
	assert_false(shows("app:etl", etl));
	assert_false(shows("app:etl*", all));
	assert_true(shows("app:*", all));
	assert_true(shows("app:etl*", none));
}

static void patterns_match_as_a_shell_would(void **state)
{
	static const struct {
		const char *scope, *id;
		bool matches;
	} rows[] = {{"app:*", "x", true}, {"app:a*b*c", "abc", true}, {"app:a*b*c", "aXbYbc", true},
		{"app:a*b*c", "aXbYbcd", false}, {"app:**", "x", true}, {"app:*a", "ba", true},
		{"app:*a", "bab", false}, {"app:a", "a", true}, {"app:a", "aa", false},
		{"app:a?", "ab", false}, {"app:a.c", "abc", false}, {"app:*ab", "aab", true}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scope *scope = parse(rows[i].scope);

		assert_int_equal(scope_shows_app(scope, rows[i].id, NULL, NULL), rows[i].matches);
		scope_free(scope);
	}
}

static void no_pattern_takes_long(void **state)
{
	char pattern[SCOPE_TEXT] = "app:", name[200];

	(void)state;
	for (size_t i = 4; i + 2 < sizeof pattern; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[sizeof pattern - 1] = '\0';
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	struct scope *scope = parse(pattern);
	assert_false(scope_shows_app(scope, name, NULL, NULL)); /* exponential for some matchers */
	scope_free(scope);
}

static void s35_nobody_gives_more_than_they_have(void **state)
{
	static const struct {
		const char *outer, *inner; /* NULL: not narrowed */
		bool covers;
	} rows[] = {{NULL, NULL, true}, {NULL, "view", true}, {"view", NULL, false},
		{"view logs", "view", true}, {"view", "view logs", false},
		{"view", "metrics", true}, {"metrics", "view", false}, {"view", "cluster:a", false},
		{"cluster:a", "cluster:a view", true}, {"cluster:a", "view", false},
		{"cluster:a cluster:b", "cluster:b", true},
		{"cluster:a", "cluster:a cluster:b", false}, {"app:etl-*", "app:etl-1", true},
		{"app:etl-*", "app:etl-*-x", true}, {"app:etl-*", "app:*", false},
		{"app:etl-*", "app:etl*", false}, {"app:etl-*", "cluster:a", false},
		{"cluster:a", "tokens cluster:a", false}, {"tokens cluster:a", "cluster:a", false},
		{"tokens view", "tokens", true}, {"namespace:a", "namespace:a view", true},
		{"namespace:a namespace:b", "namespace:b", true}, {"namespace:a", "view", false},
		{"namespace:a", "namespace:b", false}, {"namespace:a", NULL, false},
		{"namespace:a", "app:x", false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scope *outer = rows[i].outer ? parse(rows[i].outer) : NULL;
		struct scope *inner = rows[i].inner ? parse(rows[i].inner) : NULL;

		if (scope_covers(outer, inner) != rows[i].covers)
			fail_msg("row %zu", i);
		scope_free(outer);
		scope_free(inner);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_scope_of_ours_is_refused),
		cmocka_unit_test(scope_is_bounded),
		cmocka_unit_test(actions_narrow_to_those_named),
		cmocka_unit_test(s42_a_path_of_several_readings_takes_the_scopes_of_all),
		cmocka_unit_test(metrics_are_a_part_of_the_view_and_not_the_other_way_round),
		cmocka_unit_test(s35_narrowed_token_manages_tokens_by_name_only),
		cmocka_unit_test(clusters_narrow_to_those_named),
		cmocka_unit_test(applications_narrow_by_id_or_name),
		cmocka_unit_test(patterns_match_as_a_shell_would),
		cmocka_unit_test(no_pattern_takes_long),
		cmocka_unit_test(s35_nobody_gives_more_than_they_have),
	};

	return cmocka_run_group_tests_name("scope", tests, NULL, NULL);
}
