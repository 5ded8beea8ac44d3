#include "auth/token/bearer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static enum bearer_status read_one(const char *value, struct str *token)
{
	struct str values[] = {str_of(value)};
	const char *reason;

	return bearer_read(values, 1, (struct str){NULL, 0}, token, &reason);
}

static enum bearer_status read_with_query(const char *query)
{
	struct str token;
	const char *reason;

	return bearer_read(NULL, 0, str_of(query), &token, &reason);
}

static void s39_no_field_is_no_credentials(void **state)
{
	struct str token;
	const char *reason;

	(void)state;
	assert_int_equal(
		bearer_read(NULL, 0, (struct str){NULL, 0}, &token, &reason), BEARER_ABSENT);
	assert_int_equal(read_with_query("id=1&x=access_token"), BEARER_ABSENT);
}

static void s39_scheme_is_read_in_any_case(void **state)
{
	static const char *const values[] = {"Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c"};
	struct str token;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		assert_int_equal(read_one(values[i], &token), BEARER_OK);
		assert_true(str_eq(token, STR("a.b.c")));
	}
	assert_int_equal(read_one("Bearer AZaz09-._~+/==", &token), BEARER_OK);
}

static void s39_other_schemes_are_not_ours(void **state)
{
	struct str token;

	(void)state;
	assert_int_equal(read_one("Basic dTpw", &token), BEARER_OTHER_SCHEME);
	assert_int_equal(read_one("Negotiate", &token), BEARER_OTHER_SCHEME);
	assert_int_equal(read_one("BearerX a.b.c", &token), BEARER_OTHER_SCHEME);
}

static void s39_broken_syntax_is_no_good_token(void **state)
{
	static const char *const values[] = {"", " ", "Bearer", "Bearer ", "Bearer  a.b.c",
		"Bearer\ta.b.c", " Bearer a.b.c", "Bearer a.b.c ", "Bearer a.b.c d", "Bearer a,b",
		"Bearer ==", "Bearer a=b", "Bearer \"a\"", "Bearer a\x7f", "Bearer \xc3\xa9",
		"Be(arer a"};
	struct str token;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		assert_int_equal(read_one(values[i], &token), BEARER_BROKEN);
}

static void s39_two_fields_are_malformed(void **state)
{
	struct str values[] = {STR("Bearer a.b.c"), STR("Bearer a.b.c")}, token;
	const char *reason = "";

	(void)state;
	assert_int_equal(
		bearer_read(values, 2, (struct str){NULL, 0}, &token, &reason), BEARER_MALFORMED);
	assert_string_not_equal(reason, "");
	values[1] = STR("Basic dTpw");
	assert_int_equal(
		bearer_read(values, 2, (struct str){NULL, 0}, &token, &reason), BEARER_MALFORMED);
}

static void s39_token_in_the_query_is_refused(void **state)
{
	struct str values[] = {STR("Bearer a.b.c")}, token;
	const char *reason;

	(void)state;
	assert_int_equal(read_with_query("access_token=a.b.c"), BEARER_MALFORMED);
	assert_int_equal(read_with_query("id=1&access_token=a.b.c"), BEARER_MALFORMED);
	assert_int_equal(read_with_query("id=1&access%5ftoken=a"), BEARER_MALFORMED);
	assert_int_equal(read_with_query("%61ccess_token"), BEARER_MALFORMED);
	assert_int_equal(
		bearer_read(values, 1, STR("access_token="), &token, &reason), BEARER_MALFORMED);
}

static void s4_token_over_64_kib_is_refused_before_decoding(void **state)
{
	static char value[9 * 1024 * 1024];
	struct str token;

	(void)state;
	memset(value, 'a', sizeof value - 1);
	memcpy(value, "Bearer ", 7);
	assert_int_equal(read_one(value, &token), BEARER_BROKEN);
	value[7 + BEARER_MAX] = '\0';
	assert_int_equal(read_one(value, &token), BEARER_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s39_no_field_is_no_credentials),
		cmocka_unit_test(s39_scheme_is_read_in_any_case),
		cmocka_unit_test(s39_other_schemes_are_not_ours),
		cmocka_unit_test(s39_broken_syntax_is_no_good_token),
		cmocka_unit_test(s39_two_fields_are_malformed),
		cmocka_unit_test(s39_token_in_the_query_is_refused),
		cmocka_unit_test(s4_token_over_64_kib_is_refused_before_decoding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
