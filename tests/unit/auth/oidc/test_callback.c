#include "auth/oidc/callback.h"
#include "auth/oidc/login_cookie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *reason;

static bool is_taken(const char *query)
{
	struct callback callback;
	int result = callback_parse(str_of(query), &callback, &reason);

	assert_int_equal(result == -1, reason[0] != '\0');
	if (result == -1)
		assert_true(callback.code == NULL && callback.state == NULL);
	callback_clear(&callback);
	return result == 0;
}

static void s21_code_and_state_are_read(void **state)
{
	struct callback found;

	(void)state;
	assert_int_equal(callback_parse(STR("code=Spl%2Fx+%2B&state=af0&session_state=7&iss="
					    "https%3A%2F%2Fidp.example%2Fx"),
				 &found, &reason),
		0);
	assert_string_equal(found.code, "Spl/x +");
	assert_string_equal(found.state, "af0");
	assert_string_equal(found.iss, "https://idp.example/x");
	assert_null(found.error);
	assert_null(found.error_description);
	callback_clear(&found);
	assert_null(found.code);
}

static void errors_are_read_and_made_printable(void **state)
{
	struct callback found;

	(void)state;
	assert_int_equal(callback_parse(STR("state=s&error=access_denied&error_description="
					    "No%0d%0asuch%C3%A9"),
				 &found, &reason),
		0);
	assert_string_equal(found.error, "access_denied");
	assert_string_equal(found.error_description, "No??such??");
	assert_null(found.code);
	callback_clear(&found);
}

static void s40_long_descriptions_are_clipped(void **state)
{
	char text[1000], *query;
	struct callback found;

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	query = mem_printf("state=s&error=e&error_description=%s", text);
	assert_int_equal(callback_parse(str_of(query), &found, &reason), 0);
	assert_int_equal(strlen(found.error_description), 255);
	callback_clear(&found);
	free(query);
	assert_true(is_taken("state=s&error=e&error_description=%zz"));
	assert_true(is_taken("state=s&error=e&error_description=a&error_description=b"));
}

static void s21_repeated_parameters_are_refused(void **state)
{
	static const char *const bad[] = {"code=a&state=s&state=s", "code=a&code=b&state=s",
		"code=a&state=s&state=", "code=a&state=s&code", "code=a&state=s&iss=i&iss=i",
		"error=e&error=e&state=s"};

	(void)state;
	assert_true(is_taken("code=a&state=s"));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(is_taken(bad[i]));
}

static void s21_what_belongs_together_must_be_there(void **state)
{
	static const char *const bad[] = {"", "code=a", "code=a&state=", "state=s",
		"state=s&code=", "code=a&error=e&state=s", "error=e", "State=s&Code=a",
		"co%64e=a&state=s"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(is_taken(bad[i]));
	assert_true(is_taken("state=s&error=e&code="));
}

static void s21_broken_values_are_refused(void **state)
{
	static const char *const bad[] = {"code=%&state=s", "code=a%00&state=s", "code=a&state=%0a",
		"code=a%7f&state=s", "code=%C3%A9&state=s", "code=a&state=s&iss=%0d",
		"state=s&error=%01"};
	struct callback found;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(is_taken(bad[i]));
	assert_int_equal(callback_parse((struct str){"code=a\0&state=s", 15}, &found, &reason), -1);
	assert_int_equal(callback_parse((struct str){NULL, 0}, &found, &reason), -1);
}

static void s4_values_are_bounded(void **state)
{
	static const struct {
		const char *query;
		size_t max;
	} rows[] = {{"state=s&code=", CALLBACK_CODE_MAX}, {"code=c&state=", LOGIN_STATE_MAX},
		{"code=c&state=s&iss=", 2048}, {"state=s&error=", 63}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = mem_alloc(rows[i].max + 2, 1);

		memset(text, 'x', rows[i].max);
		for (int more = 0; more <= 1; more++) {
			char *query = mem_printf("%s%s%s", rows[i].query, text, more ? "x" : "");

			assert_int_equal(is_taken(query), !more);
			free(query);
		}
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s21_code_and_state_are_read),
		cmocka_unit_test(errors_are_read_and_made_printable),
		cmocka_unit_test(s40_long_descriptions_are_clipped),
		cmocka_unit_test(s21_repeated_parameters_are_refused),
		cmocka_unit_test(s21_what_belongs_together_must_be_there),
		cmocka_unit_test(s21_broken_values_are_refused),
		cmocka_unit_test(s4_values_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
