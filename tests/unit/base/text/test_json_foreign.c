/* JSON of others: what no type of ours can hold is no reason not to read the rest. */
#include "base/text/json_foreign.h"

#include "base/mem.h"
#include "base/text/json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void expect(const char *text, const char *read)
{
	json_t *json = json_foreign(str_of(text));
	char *got = json_text(json);

	if ((read == NULL) != (got == NULL) || (read && strcmp(read, got) != 0))
		fail_msg("%s is read as %s, not %s", text, got ? got : "nothing",
			read ? read : "nothing");
	free(got);
	json_decref(json);
}

static void s85_numbers_that_are_too_large_are_no_numbers(void **state)
{
	static const struct {
		const char *text, *read;
	} rows[] = {
		{"{\"x\":9223372036854775807}", "{\"x\":9223372036854775807}"},
		{"{\"x\":9223372036854775808}", "{\"x\":false}"},
		{"{\"x\":-9223372036854775809,\"y\":1}", "{\"x\":false,\"y\":1}"},
		{"[1e400,-1E+400,12.5e309, 1e3]", "[false,false,false,1000.0]"},
		{"{\"s\":\"1e400 "
		 "\\\\\",\"t\":\"\\\"99999999999999999999\",\"x\":99999999999999999999}",
			"{\"s\":\"1e400 \\\\\",\"t\":\"\\\"99999999999999999999\",\"x\":false}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect(rows[i].text, rows[i].read);
}

static void what_is_no_json_stays_none(void **state)
{
	static const char *const rows[] = {"", "{", "[1e400", "[1e400x]", "[01e400]", "[1e400.5]",
		"[1e4001e400]", "[+99999999999999999999]", "[-]", "[99999999999999999999e]",
		"[.99999999999999999999]", "{\"a\":1e400,\"a\":1}", "[1e400,\"\\", "[1e400,-"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect(rows[i], NULL);
	assert_null(json_foreign((struct str){"[1e400,\0]", 9}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s85_numbers_that_are_too_large_are_no_numbers),
		cmocka_unit_test(what_is_no_json_stays_none),
	};

	return cmocka_run_group_tests_name("json_foreign", tests, NULL, NULL);
}
