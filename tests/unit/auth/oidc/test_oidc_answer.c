#include "auth/oidc/oidc_answer.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define TOKENS "{\"access_token\":\"abc\",\"token_type\":\"Bearer\""

static struct err why;
static struct oidc_answer answer;

static int parse(const char *text)
{
	oidc_answer_clear(&answer);
	why.text[0] = '\0';
	int result = oidc_answer_parse(str_of(text), &answer, &why);
	assert_int_equal(result == -1, why.text[0] != '\0');
	assert_true(result == 0 || (answer.access_token == NULL && answer.id_token == NULL));
	return result;
}

static int clear(void **state)
{
	(void)state;
	oidc_answer_clear(&answer);
	return 0;
}

static void tokens_are_read(void **state)
{
	(void)state;
	assert_int_equal(parse(TOKENS ",\"id_token\":\"i.d.t\",\"refresh_token\":\"r\","
				      "\"expires_in\":300,\"scope\":\"openid\"}"),
		0);
	assert_string_equal(answer.access_token, "abc");
	assert_string_equal(answer.id_token, "i.d.t");
	assert_string_equal(answer.refresh_token, "r");
	assert_int_equal(answer.expires_in, 300);
	assert_string_equal(answer.error, "");
	assert_int_equal(parse(TOKENS ",\"id_token\":null,\"refresh_token\":null}"), 0);
	assert_null(answer.id_token);
	assert_null(answer.refresh_token);
	assert_int_equal(answer.expires_in, -1);
}

static void token_type_is_bearer_in_any_case(void **state)
{
	static const char *const good[] = {"\"Bearer\"", "\"bearer\"", "\"BEARER\""};
	static const char *const bad[] = {
		"\"DPoP\"", "\"mac\"", "\"\"", "7", "null", "\"Bearer \""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good) + ARRAY_LEN(bad); i++) {
		bool is_good = i < ARRAY_LEN(good);
		char *text = mem_printf("{\"access_token\":\"a\",\"token_type\":%s}",
			is_good ? good[i] : bad[i - ARRAY_LEN(good)]);

		assert_int_equal(parse(text), is_good ? 0 : -1);
		free(text);
	}
	assert_int_equal(parse("{\"access_token\":\"a\"}"), -1);
}

static void expires_in_is_a_number_or_digits(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* -2: refused */
	} rows[] = {{"0", 0}, {"3599.9", 3599}, {"\"3600\"", 3600}, {"null", -1},
		{"1e300", 10 * 366 * 86400}, {"\"999999999999999999\"", 10 * 366 * 86400},
		{"-1", -2}, {"\"soon\"", -2}, {"\"-1\"", -2}, {"\"\"", -2}, {"[]", -2},
		{"true", -2}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = mem_printf("%s,\"expires_in\":%s}", TOKENS, rows[i].text);

		assert_int_equal(parse(text), rows[i].seconds == -2 ? -1 : 0);
		if (rows[i].seconds != -2)
			assert_int_equal(answer.expires_in, rows[i].seconds);
		free(text);
	}
}

static void s10_tokens_that_would_split_a_header_are_refused(void **state)
{
	static const char *const bad[] = {
		"\"a\\r\\nX: y\"", "\"a b\"", "\"\"", "\"\\u00e9\"", "\"\\u007f\"", "7", "[\"a\"]"};
	static const char *const names[] = {"access_token", "id_token", "refresh_token"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad) * ARRAY_LEN(names); i++) {
		const char *name = names[i % ARRAY_LEN(names)];
		char *text = mem_printf("{\"token_type\":\"Bearer\",\"%s\":%s%s}", name,
			bad[i / ARRAY_LEN(names)],
			name == names[0] ? "" : ",\"access_token\":\"a\"");

		assert_int_equal(parse(text), -1);
		free(text);
	}
}

static void s4_tokens_are_bounded(void **state)
{
	static const struct {
		const char *name;
		int most;
	} rows[] = {
		{"id_token", OIDC_ANSWER_TOKEN_MAX}, {"refresh_token", OIDC_ANSWER_REFRESH_MAX}};
	char *token = mem_alloc(OIDC_ANSWER_TOKEN_MAX + 2, 1);

	(void)state;
	memset(token, 'x', OIDC_ANSWER_TOKEN_MAX);
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		bool is_longer = i % 2;
		char *text = mem_printf("%s,\"%s\":\"%.*s%s\"}", TOKENS, rows[i / 2].name,
			rows[i / 2].most, token, is_longer ? "x" : "");

		assert_int_equal(parse(text), is_longer ? -1 : 0);
		assert_int_equal(strstr(why.text, "is too long") != NULL, is_longer);
		free(text);
	}
	free(token);
}

static void errors_beat_tokens_and_are_made_printable(void **state)
{
	char *text, *x = mem_alloc(301, 1);

	(void)state;
	assert_int_equal(parse("{\"error\":\"invalid_grant\",\"error_description\":\"no\\r\\n"
			       "\\\"such\\\" \\u00e9\",\"access_token\":\"a\"}"),
		0);
	assert_string_equal(answer.error, "invalid_grant");
	assert_string_equal(answer.description, "no???such? ??");
	assert_null(answer.access_token);
	memset(x, 'x', 300);
	text = mem_printf("{\"error\":\"%s\",\"error_description\":\"%s\"}", x, x);
	assert_int_equal(parse(text), 0);
	assert_int_equal(strlen(answer.error), sizeof answer.error - 1);
	assert_int_equal(strlen(answer.description), sizeof answer.description - 1);
	assert_int_equal(parse("{\"error\":\"x\",\"error_description\":7}"), 0);
	assert_string_equal(answer.description, "");
	assert_int_equal(parse("{\"error\":\"\"}"), -1);
	assert_int_equal(parse("{\"error\":7}"), -1);
	assert_int_equal(parse(TOKENS ",\"error\":null}"), 0);
	free(text);
	free(x);
}

static void s17_answers_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = {"", "{}", "[]", "<html>", "access_token=a&token_type=b",
		TOKENS, TOKENS ",\"access_token\":\"b\"}", TOKENS "}x"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(parse(bad[i]), -1);
}

/* Conformance module InvalidSubInUserinfoResponse. */
static void s30_userinfo_is_about_the_same_subject(void **state)
{
	static const char *const bad[] = {"{\"sub\":\"bob\"}", "{\"sub\":\"alice \"}", "{}",
		"{\"sub\":7}", "{\"sub\":null}", "[]", "", "eyJ.eyJ.x",
		"{\"sub\":\"alice\",\"sub\":\"alice\"}", "{\"sub\":\"Alice\"}"};
	json_t *claims =
		oidc_answer_userinfo(STR("{\"sub\":\"alice\",\"name\":\"A\"}"), STR("alice"), &why);

	(void)state;
	assert_string_equal(json_string_value(json_object_get(claims, "name")), "A");
	json_decref(claims);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		why.text[0] = '\0';
		assert_null(oidc_answer_userinfo(str_of(bad[i]), STR("alice"), &why));
		assert_true(why.text[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(tokens_are_read, clear),
		cmocka_unit_test_teardown(token_type_is_bearer_in_any_case, clear),
		cmocka_unit_test_teardown(expires_in_is_a_number_or_digits, clear),
		cmocka_unit_test_teardown(s10_tokens_that_would_split_a_header_are_refused, clear),
		cmocka_unit_test_teardown(s4_tokens_are_bounded, clear),
		cmocka_unit_test_teardown(errors_beat_tokens_and_are_made_printable, clear),
		cmocka_unit_test_teardown(s17_answers_that_are_none_are_refused, clear),
		cmocka_unit_test_teardown(s30_userinfo_is_about_the_same_subject, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
