/* What applications are called in our paths (T59, S94). */
#include "proxy/guard/app_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void ordinary_ids_are_their_own_keys(void **state)
{
	static const char *const ids[] = {"app-20260101000000-0001", "application_1_0001",
		"local-1700000000000", "spark-0f.b_c", "masters"};
	char key[APP_KEY_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		app_key_of(str_of(ids[i]), key);
		assert_string_equal(key, ids[i]);
		assert_true(app_key_is_id(str_of(ids[i])));
	}
}

static void s94_any_name_has_a_key_that_is_plain_and_no_other_ids(void **state)
{
	static const struct {
		const char *id, *key;
	} rows[] = {{"etl/daily", "etl~2Fdaily"}, {"etl~2Fdaily", "etl~7E2Fdaily"},
		{"nightly etl", "nightly~20etl"}, {"a%2Fb", "a~252Fb"}, {"master", "~6Daster"},
		{"..", "~2E."}, {"\xc3\xa9t\xc3\xa9", "~C3~A9t~C3~A9"}, {"<b>\"'", "~3Cb~3E~22~27"},
		{"a\r\nb", "a~0D~0Ab"}, {"a:b", "a~3Ab"}};
	char key[APP_KEY_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		app_key_of(str_of(rows[i].id), key);
		assert_string_equal(key, rows[i].key);
		assert_false(app_key_is_id(str_of(rows[i].id)));
	}
}

static void s94_long_names_end_in_a_digest_of_all_of_them(void **state)
{
	char long_id[1000], key[APP_KEY_SIZE], other[APP_KEY_SIZE];

	(void)state;
	memset(long_id, '/', sizeof long_id);
	long_id[sizeof long_id - 1] = '\0';
	app_key_of(str_of(long_id), key);
	long_id[sizeof long_id - 2] = 'x';
	app_key_of(str_of(long_id), other);
	assert_true(strlen(key) < APP_KEY_SIZE);
	assert_string_not_equal(key, other);
	assert_non_null(strstr(key, "~h"));
	memset(long_id, 'a', 200);
	long_id[200] = '\0';
	app_key_of(str_of(long_id), key);
	assert_string_equal(key, long_id);
	long_id[200] = 'a';
	long_id[201] = '\0';
	app_key_of(str_of(long_id), key);
	assert_non_null(strstr(key, "~h"));
}

static void s94_address_of_sparks_has_one_reading_or_none(void **state)
{
	static const struct {
		const char *raw, *key;
	} rows[] = {{"app-1", "app-1"}, {"nightly%20etl", "nightly~20etl"}, {"nightly+etl", ""},
		{"etl%2Fdaily", ""}, {"a%252Fb", ""}, {"a%zz", ""}, {"a;b", ""}, {"a%3Bb", ""},
		{"%2e%2e", ""}, {"a%00b", ""}, {"", ""}, {"app%2d1", ""}, {"a~b", "a~7Eb"},
		{"a/b", ""}};
	char key[APP_KEY_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool is_good = app_key_of_encoded(str_of(rows[i].raw), key);
		assert_string_equal(is_good ? key : "", rows[i].key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_ids_are_their_own_keys),
		cmocka_unit_test(s94_any_name_has_a_key_that_is_plain_and_no_other_ids),
		cmocka_unit_test(s94_long_names_end_in_a_digest_of_all_of_them),
		cmocka_unit_test(s94_address_of_sparks_has_one_reading_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
