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
		struct str field = str_of(single[i].field), value;
		bool found = cookie_find(&field, 1, STR("sparkgate"), &value);

		assert_int_equal(found, single[i].value != NULL);
		assert_true(str_eq(value, str_of(found ? single[i].value : "")));
	}
}

static void s25_duplicates_of_our_cookie_count_as_none(void **state)
{
	static const char *const fields[] = {
		"sparkgate=a; sparkgate=b",
		"sparkgate=a; sparkgate=a",
		"sparkgate=; sparkgate=a",
		"sparkgate=a; x=1; sparkgate=",
		" sparkgate=a;sparkgate =a",
	};
	struct str value;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		struct str field = str_of(fields[i]);
		assert_false(cookie_find(&field, 1, STR("sparkgate"), &value));
		assert_int_equal(value.len, 0);
	}
}

static void s25_duplicates_in_two_fields_count_as_none(void **state)
{
	const struct str twice[] = {STR("sparkgate=a"), STR("x=1; sparkgate=b")};
	const struct str once[] = {STR("x=1"), STR("y=2; sparkgate=b")};
	struct str value;

	(void)state;
	assert_false(cookie_find(twice, 2, STR("sparkgate"), &value));
	assert_true(cookie_find(once, 2, STR("sparkgate"), &value));
	assert_true(str_eq(value, STR("b")));
	assert_false(cookie_find(NULL, 0, STR("sparkgate"), &value));
}

static void nul_bytes_end_nothing(void **state)
{
	struct str field = {"sparkgate\0=a; sparkgate=b\0c", 27}, value;

	(void)state;
	assert_true(cookie_find(&field, 1, STR("sparkgate"), &value));
	assert_int_equal(value.len, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cookie_is_found_by_its_exact_name),
		cmocka_unit_test(s25_duplicates_of_our_cookie_count_as_none),
		cmocka_unit_test(s25_duplicates_in_two_fields_count_as_none),
		cmocka_unit_test(nul_bytes_end_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
