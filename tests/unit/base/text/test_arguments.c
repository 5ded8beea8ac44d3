#include "base/text/arguments.h"

#include "base/sbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What is read of a command line with the options --file VALUE, --fill VALUE and --force, a word
 * each. */
static const char *read_all(int argc, char **argv, struct err *err)
{
	static const char *const names[] = {"file", "fill", "force"};
	static char text[512];
	struct arguments arguments;
	struct sbuf out;
	const char *value;
	int got;

	sbuf_init(&out, sizeof text - 1);
	arguments_init(&arguments, argc, argv);
	arguments_add(&arguments, "--file", false);
	arguments_add(&arguments, "--fill", false);
	arguments_add(&arguments, "--force", true);
	while ((got = arguments_next(&arguments, &value, err)) >= 0 || got == ARGUMENTS_OPERAND)
		sbuf_printf(&out, "%s%s ",
			got >= 0 ? names[got] : "operand:", got < 0 || value ? value : "!");
	sbuf_puts(&out, got == ARGUMENTS_END ? "end" : got == ARGUMENTS_HELP ? "help" : "wrong");
	snprintf(text, sizeof text, "%.*s", (int)sbuf_str(&out).len, sbuf_str(&out).at);
	sbuf_clear(&out);
	return text;
}

/* The words of `line` by spaces, after a program's name; "_" is an empty one. */
static const char *read_line(const char *line, struct err *err)
{
	char copy[256], *argv[32] = {(char[]){"program"}}, *save = NULL;
	int argc = 1;

	snprintf(copy, sizeof copy, "%s", line);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word[0] == '_' ? word + 1 : word;
	err->text[0] = '\0';
	return read_all(argc, argv, err);
}

static void values_come_in_both_spellings_and_operands_in_their_turn(void **state)
{
	static const struct {
		const char *line, *want;
	} rows[] = {
		{"", "end"},
		{"--file a --fill=b", "filea fillb end"},
		{"--file=", "file end"},
		{"--file _", "file end"},
		{"--file=a=b", "filea=b end"},
		{"one --force two", "operand:one force! operand:two end"},
		{"--file --force x", "file--force operand:x end"},
		{"--file -- x", "file-- operand:x end"},
		{"-- --force -x", "operand:--force operand:-x end"},
		{"one -- two", "operand:one operand:two end"},
		{"--file a --help --nosuch", "filea help"},
		{"-h", "help"},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(read_line(rows[i].line, &err), rows[i].want);
}

static void what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *line, *want;
	} rows[] = {
		{"--nosuch", "unknown option \"--nosuch\""},
		{"--nosuch=secret", "unknown option \"--nosuch\""},
		{"-x", "unknown option \"-x\""},
		{"-", "unknown option \"-\""},
		{"-hx", "unknown option \"-hx\""},
		{"-file a", "unknown option \"-file\""},
		{"--file", "--file needs a value"},
		{"--force=1", "--force takes no value"},
		{"--help=1", "--help takes no value"},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_non_null(strstr(read_line(rows[i].line, &err), "wrong"));
		assert_string_equal(err.text, rows[i].want);
	}
}

static void abbreviations_are_not_taken(void **state)
{
	static const char *const lines[] = {"--fi a", "--fil a", "--fil=a", "--for", "--force=1x",
		"--h", "--hel", "--fo=1", "--fil"};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		assert_string_equal(read_line(lines[i], &err), "wrong");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_come_in_both_spellings_and_operands_in_their_turn),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(abbreviations_are_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
