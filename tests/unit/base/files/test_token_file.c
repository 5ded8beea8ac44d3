/* A token that somebody else keeps fresh in a file. */
#include "base/files/token_file.h"

#include "base/mem.h"
#include "base/str.h"
#include "tests/support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void only_a_token_gets_into_the_field(void **state)
{
	static const struct {
		const char *content, *line;
	} rows[] = {
		{"a.b-c", "Authorization: Bearer a.b-c"},
		{"a.b-c\n", "Authorization: Bearer a.b-c"},
		{"a.b-c\r\n", "Authorization: Bearer a.b-c"},
		{"", NULL},
		{"\n", NULL},
		{"a b", NULL},
		{"a\nX-Injected: 1\n", NULL},
		{"a\n\n", NULL},
		{"\xc3\xa4", NULL},
	};
	char *folder = scratch_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *file = scratch_write(folder, "token", rows[i].content);
		char *line = token_file_authorization(file);

		if (rows[i].line)
			assert_string_equal(line, rows[i].line);
		else
			assert_null(line);
		secret_free(line);
		free(file);
	}
	scratch_free(folder);
}

static void endless_or_absent_file_has_no_token(void **state)
{
	char *folder = scratch_new(), *missing = mem_printf("%s/missing", folder);
	char *text = mem_alloc(20001, 1);

	(void)state;
	assert_null(token_file_authorization(missing));
	memset(text, 'a', 20000);
	char *file = scratch_write(folder, "token", text);
	assert_null(token_file_authorization(file));
	free(text);
	free(file);
	free(missing);
	scratch_free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_token_gets_into_the_field),
		cmocka_unit_test(endless_or_absent_file_has_no_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
