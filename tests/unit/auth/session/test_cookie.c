#include "auth/session/cookie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* The only field, and the value found in it; NULL: none. */
struct row {
	const char *field, *value;
};

static const struct row single[] = {
	{"sparkgate=abc", "abc"},
	{"a=1; sparkgate=abc; b=2", "abc"},
	{"a=1;sparkgate=abc;b=2", "abc"},
	{" sparkgate = abc ", "abc"},
	{"sparkgate=a=b", "a=b"},
	{"sparkgate=\"abc\"", "\"abc\""},
	{"", NULL},
	{"sparkgate", NULL},
	{"sparkgate=", NULL},
	{"=sparkgate=abc", NULL},
	{"Sparkgate=abc", NULL},
	{"xsparkgate=abc", NULL},
	{"sparkgatex=abc", NULL},
	{"__Host-sparkgate=abc", NULL},
	{"a=\"; sparkgate=abc; \"", "abc"},
	{";;; ;sparkgate=abc;;", "abc"},
};

static void cookie_is_found_by_its_exact_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(single); i++) {
		struct str field = str_of(single[i].field), values[COOKIES_TRIED];
		size_t found = cookie_find(&field, 1, STR("sparkgate"), values);

		assert_int_equal(found, single[i].value != NULL);
		if (found)
			assert_true(str_eq(values[0], str_of(single[i].value)));
	}
}

static void s81_equal_cookies_are_one_and_different_ones_are_all_given(void **state)
{
	static const struct {
		const char *field, *values; /* with blanks between */
	} rows[] = {
		{"sparkgate=a; sparkgate=b", "a b "},
		{"sparkgate=a; sparkgate=a", "a "},
		{"sparkgate=; sparkgate=a", "a "},
		{"sparkgate=a; x=1; sparkgate=", "a "},
		{" sparkgate=a;sparkgate =a", "a "},
		{"sparkgate=b; sparkgate=a; sparkgate=b; sparkgate=c", "b a c "},
		{"sparkgate=1; sparkgate=2; sparkgate=3; sparkgate=4; sparkgate=5", "1 2 3 4 "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str field = str_of(rows[i].field), values[COOKIES_TRIED];
		size_t n = cookie_find(&field, 1, STR("sparkgate"), values);
		char text[64] = "";

		for (size_t v = 0; v < n; v++)
			snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s ",
				(int)values[v].len, values[v].at);
		assert_string_equal(text, rows[i].values);
	}
}

static void s81_cookies_of_two_fields_are_all_given(void **state)
{
	const struct str twice[] = {STR("sparkgate=a"), STR("x=1; sparkgate=b")};
	const struct str once[] = {STR("x=1"), STR(""), STR("y=2; sparkgate=b")};
	struct str values[COOKIES_TRIED];

	(void)state;
	assert_int_equal(cookie_find(twice, 2, STR("sparkgate"), values), 2);
	assert_true(str_eq(values[1], STR("b")));
	assert_int_equal(cookie_find(once, 3, STR("sparkgate"), values), 1);
	assert_true(str_eq(values[0], STR("b")));
	assert_int_equal(cookie_find(NULL, 0, STR("sparkgate"), values), 0);
}

static void nul_bytes_end_nothing(void **state)
{
	struct str field = {"sparkgate\0=a; sparkgate=b\0c", 27}, values[COOKIES_TRIED];

	(void)state;
	assert_int_equal(cookie_find(&field, 1, STR("sparkgate"), values), 1);
	assert_int_equal(values[0].len, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cookie_is_found_by_its_exact_name),
		cmocka_unit_test(s81_equal_cookies_are_one_and_different_ones_are_all_given),
		cmocka_unit_test(s81_cookies_of_two_fields_are_all_given),
		cmocka_unit_test(nul_bytes_end_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
