#include "base/text/params.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void parameters_are_absent_found_or_bad(void **state)
{
	static const struct {
		const char *params;
		enum params_found found;
		const char *value;
	} rows[] = {
		{"", PARAMS_ABSENT, ""},
		{"b=1&aa=2&A=3", PARAMS_ABSENT, ""},
		{"%61=1", PARAMS_ABSENT, ""},
		{"a", PARAMS_FOUND, ""},
		{"a=", PARAMS_FOUND, ""},
		{"&&b=2&a=x+y%2Fz%25&&", PARAMS_FOUND, "x y/z%"},
		{"a=1=2", PARAMS_FOUND, "1=2"},
		{"a=12345678", PARAMS_FOUND, "12345678"},
		{"a=123456789", PARAMS_BAD, NULL},
		{"a=1&a=1", PARAMS_BAD, NULL},
		{"a&a", PARAMS_BAD, NULL},
		{"a=%", PARAMS_BAD, NULL},
		{"a=%4", PARAMS_BAD, NULL},
		{"a=%zz", PARAMS_BAD, NULL},
		{"a=%00", PARAMS_BAD, NULL},
	};
	struct sbuf out;

	(void)state;
	sbuf_init(&out, 8);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(params_get(str_of(rows[i].params), "a", &out), rows[i].found);
		if (rows[i].value)
			assert_true(str_eq(sbuf_str(&out), str_of(rows[i].value)));
	}
	assert_int_equal(params_get((struct str){NULL, 0}, "a", &out), PARAMS_ABSENT);
	assert_int_equal(params_get((struct str){"a=\0", 3}, "a", &out), PARAMS_BAD);
	sbuf_clear(&out);
}

static void paths_keep_plus_and_broken_escapes(void **state)
{
	struct sbuf out;

	(void)state;
	sbuf_init(&out, 100);
	assert_true(params_decode(STR("/a+b%20%zz%4%"), PARAMS_PATH, &out));
	assert_string_equal(sbuf_str(&out).at, "/a+b %zz%4%");
	assert_false(params_decode(STR("/%00"), PARAMS_PATH, &out));
	sbuf_clear(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_are_absent_found_or_bad),
		cmocka_unit_test(paths_keep_plus_and_broken_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
