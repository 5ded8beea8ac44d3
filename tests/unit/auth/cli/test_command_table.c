#include "auth/cli/command_table.h"

#include "base/text/term.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW = 1767225600 }; /* 2026-01-01T00:00:00Z */

static const struct command_column columns[] = {
	{"ID", "id", NULL, 4, 0},
	{"NAME", "name", NULL, 5, 0},
	{"NOTE", "note", NULL, 4, 1},
	{"MADE", "made_at", command_table_age, 0, 2},
};

/* What a list of these rows looks like in so many columns. Gives. */
static char *list(const char *rows, size_t width)
{
	json_t *json = json_loads(rows, 0, NULL);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(json);
	assert_int_equal(command_table_list(out, json, columns, ARRAY_LEN(columns), width, NOW), 0);
	fclose(out);
	json_decref(json);
	return text;
}

static void expect_list(const char *rows, size_t width, const char *wanted)
{
	char *text = list(rows, width);

	assert_string_equal(text, wanted);
	free(text);
}

static void expect_fields(const char *object, const char *wanted)
{
	json_t *json = json_loads(object, 0, NULL);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(json);
	assert_int_equal(command_table_fields(out, json, columns, ARRAY_LEN(columns), NOW), 0);
	fclose(out);
	assert_string_equal(text, wanted);
	json_decref(json);
	free(text);
}

#define ROW                                                                                        \
	"{\"id\": \"0123456789\", \"name\": \"nightly report\", \"note\": null,"                   \
	" \"made_at\": \"2025-12-29T00:00:00.000Z\"}"

static void columns_are_as_wide_as_what_is_in_them(void **state)
{
	(void)state;
	expect_list("[" ROW "]", 80,
		"ID          NAME            NOTE  MADE\n"
		"0123456789  nightly report  -     3d ago\n");
}

static void widest_columns_are_cut_until_the_line_fits(void **state)
{
	(void)state;
	expect_list("[" ROW "]", 32,
		"ID        NAME      NOTE  MADE\n"
		"0123456\xe2\x80\xa6  nightly\xe2\x80\xa6  -     3d ago\n");
}

static void column_leaves_when_cutting_is_not_enough(void **state)
{
	(void)state;
	expect_list("[" ROW "]", 17,
		"ID    NAME   NOTE\n"
		"012\xe2\x80\xa6  nigh\xe2\x80\xa6  -\n");
	expect_list("[" ROW "]", 12,
		"ID    NAME\n"
		"012\xe2\x80\xa6  nigh\xe2\x80\xa6\n");
}

static void no_line_is_wider_than_the_terminal(void **state)
{
	(void)state;
	for (size_t width = 11; width < 60; width++) {
		char *text = list("[" ROW ", " ROW "]", width);
		struct str rest = str_of(text), line;
		while (str_next(&rest, '\n', &line))
			assert_true(term_cells(line) <= width);
		free(text);
	}
}

static void s40_escapes_in_names_do_not_reach_the_terminal(void **state)
{
	(void)state;
	expect_list("[{\"id\": \"\\u001b[2J\", \"name\": \"\\u009b31m\", \"note\": \"a\\nb\"}]", 80,
		"ID    NAME  NOTE  MADE\n"
		"\xef\xbf\xbd[2J  \xef\xbf\xbd"
		"31m  a\xef\xbf\xbd"
		"b   -\n");
	expect_fields("{\"note\": \"\\u001b]0;x\\u0007\", \"name\": \"\\u202e\"}",
		"note  \xef\xbf\xbd]0;x\xef\xbf\xbd\n"
		"name  \xef\xbf\xbd\n");
}

static void ages_are_rounded_down_to_one_unit(void **state)
{
	static const struct {
		int64_t at;
		const char *text;
	} rows[] = {{0, "-"}, {NOW, "0s ago"}, {NOW - 59, "59s ago"}, {NOW - 60, "1m ago"},
		{NOW - 7199, "1h ago"}, {NOW + 86400, "in 1d"}, {NOW + 86399, "in 23h"},
		{NOW - 400 * 86400, "400d ago"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sbuf out;
		sbuf_init(&out, 64);
		command_table_add_age(&out, rows[i].at, NOW);
		assert_string_equal(out.at, rows[i].text);
		sbuf_clear(&out);
	}
}

static void one_thing_has_a_line_a_field_and_its_secret_apart(void **state)
{
	(void)state;
	expect_fields("{\"id\": \"01\", \"access_token\": \"sesame\", \"client_name\": null,"
		      " \"made_at\": \"2025-12-29T00:00:00.000Z\", \"ended\": 3}",
		"id           01\n"
		"client name  -\n"
		"made at      2025-12-29 00:00:00 UTC (3d ago)\n"
		"ended        3\n"
		"\naccess token, shown this once:\n"
		"\nsesame\n");
}

static void array_has_a_line_for_each_member_and_none_when_empty(void **state)
{
	(void)state;
	expect_fields("{\"revoked\": [\"01\", \"02\"], \"unknown\": []}", "revoked  01\n"
									  "revoked  02\n");
}

static void text_that_looks_like_a_time_is_text(void **state)
{
	(void)state;
	expect_fields("{\"note\": \"2025-12-29T00:00:00\", \"name\": \"1-1-1T1:1:1.\"}",
		"note  2025-12-29T00:00:00\n"
		"name  1-1-1T1:1:1.\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_wide_as_what_is_in_them),
		cmocka_unit_test(widest_columns_are_cut_until_the_line_fits),
		cmocka_unit_test(column_leaves_when_cutting_is_not_enough),
		cmocka_unit_test(no_line_is_wider_than_the_terminal),
		cmocka_unit_test(s40_escapes_in_names_do_not_reach_the_terminal),
		cmocka_unit_test(ages_are_rounded_down_to_one_unit),
		cmocka_unit_test(one_thing_has_a_line_a_field_and_its_secret_apart),
		cmocka_unit_test(array_has_a_line_for_each_member_and_none_when_empty),
		cmocka_unit_test(text_that_looks_like_a_time_is_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
