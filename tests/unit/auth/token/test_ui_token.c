/* What Spark's JWSFilter is shown: T57. */
#include "auth/token/ui_token.h"

#include "base/text/b64url.h"
#include "base/text/digest.h"
#include "auth/token/signer.h"
#include "conf/conf.h"
#include "tests/support/scratch.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* The key of Spark's own tests (JWSFilterSuite), and what it is base64url of. */
#define KEY	  "VmlzaXQgaHR0cHM6Ly9zcGFyay5hcGFjaGUub3JnIHRvIGRvd25sb2FkIEFwYWNoZSBTcGFyay4="
#define KEY_BYTES "Visit https://spark.apache.org to download Apache Spark."
#define OTHER	  "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
/* The same bytes for Spark: what fills the last character is left out of account. */
#define OTHER_ALIAS "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWZ="
#define OTHER_BYTES "0123456789abcdef0123456789abcdef"

enum { NOW = 1700000000 };

static int make_folder(void **state)
{
	*state = scratch_new();
	return 0;
}

static int remove_folder(void **state)
{
	scratch_free(*state);
	return 0;
}

/* Two clusters: a with these keys (NULL: none), b without. */
static struct conf *conf_with(const char *folder, const char *key, const char *driver_key)
{
	char *files[] = {scratch_write(folder, "key", key ? key : "-"),
		scratch_write(folder, "driver", driver_key ? driver_key : "-")};
	char *lines[] = {key ? mem_printf("    jws_key_file: %s\n", files[0]) : mem_strdup(""),
		driver_key ? mem_printf("    jws_driver_key_file: %s\n", files[1])
			   : mem_strdup("")};
	char *text = mem_printf("clusters:\n  - name: b\n    masters: [http://m:8080]\n"
				"  - name: a\n    masters: [http://m:8081]\n%s%s",
		lines[0], lines[1]);
	char *file = scratch_write(folder, "sg.yaml", text);
	struct err err = {""};
	struct conf *conf = conf_load(file, &err);

	assert_string_equal(err.text, "");
	for (size_t i = 0; i < 2; i++) {
		free(files[i]);
		free(lines[i]);
	}
	free(text);
	free(file);
	return conf;
}

/* The claims, after the signature was compared with one of `key`. */
static json_t *claims_of(struct str token, struct str key)
{
	unsigned char digest[DIGEST_LEN], payload[400];
	char signature[DIGEST_LEN * 2];
	struct str rest = token, parts[3];

	assert_non_null(token.at);
	for (size_t i = 0; i < 3; i++)
		assert_true(str_next(&rest, '.', &parts[i]));
	assert_null(rest.at);
	struct str input = {token.at, token.len - parts[2].len - 1};
	digest_hmac(key, &input, 1, digest);
	b64url_encode(digest, sizeof digest, signature);
	assert_true(str_eq(parts[2], str_of(signature)));
	assert_true(str_eq(parts[0], STR("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9")) ||
		    str_eq(parts[0], STR("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9")));
	long len = b64url_decode(parts[1], payload, sizeof payload);
	assert_true(len > 0);
	return json_loadb((const char *)payload, (size_t)len, 0, NULL);
}

static void assert_signed(struct str token, struct str key)
{
	json_decref(claims_of(token, key));
}

static void t57_token_is_short_lived_and_names_nobody(void **state)
{
	struct conf *conf = conf_with(*state, KEY "\n", NULL);
	struct ui_tokens *tokens = ui_tokens_new();
	json_t *claims =
		claims_of(ui_tokens_get(tokens, conf, STR("a"), UI_MASTER, NOW), STR(KEY_BYTES));

	assert_int_equal(json_integer_value(json_object_get(claims, "iat")), NOW);
	assert_int_equal(json_integer_value(json_object_get(claims, "exp")), NOW + UI_TOKEN_LIFE);
	assert_string_equal(json_string_value(json_object_get(claims, "iss")), SIGNER_AUDIENCE);
	assert_int_equal(json_object_size(claims), 3);
	json_decref(claims);
	ui_tokens_free(tokens);
	conf_unref(conf);
}

static void t57_token_is_made_anew_long_before_it_ends(void **state)
{
	static const struct {
		int64_t now;
		bool is_new;
	} rows[] = {{NOW, true}, {NOW, false}, {NOW + UI_TOKEN_RENEWED - 1, false},
		{NOW + UI_TOKEN_RENEWED, true}, {NOW + UI_TOKEN_RENEWED + 1, false},
		{NOW - 5, true} /* the clock was set back */};
	struct conf *conf = conf_with(*state, KEY, NULL);
	struct ui_tokens *tokens = ui_tokens_new();
	char *last = mem_strdup("");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str token = ui_tokens_get(tokens, conf, STR("a"), UI_HISTORY, rows[i].now);
		assert_int_equal(!str_eq(token, str_of(last)), rows[i].is_new);
		free(last);
		last = mem_strndup(token.at, token.len);
	}
	free(last);
	ui_tokens_free(tokens);
	conf_unref(conf);
}

static void t57_every_ui_of_spark_has_the_one_key_unless_drivers_have_their_own(void **state)
{
	static const enum ui_kind daemons[] = {UI_MASTER, UI_WORKER, UI_HISTORY};
	struct conf *one = conf_with(*state, KEY, NULL), *two = conf_with(*state, KEY, OTHER);
	struct ui_tokens *tokens = ui_tokens_new();

	for (size_t i = 0; i < ARRAY_LEN(daemons); i++) {
		assert_signed(
			ui_tokens_get(tokens, one, STR("a"), daemons[i], NOW), STR(KEY_BYTES));
		assert_signed(
			ui_tokens_get(tokens, two, STR("a"), daemons[i], NOW), STR(KEY_BYTES));
	}
	assert_signed(ui_tokens_get(tokens, one, STR("a"), UI_DRIVER, NOW), STR(KEY_BYTES));
	assert_signed(ui_tokens_get(tokens, two, STR("a"), UI_DRIVER, NOW), STR(OTHER_BYTES));
	ui_tokens_free(tokens);
	conf_unref(one);
	conf_unref(two);
}

static void t57_nobody_else_sees_a_token(void **state)
{
	struct conf *both = conf_with(*state, KEY, OTHER), *none = conf_with(*state, NULL, NULL);
	struct conf *drivers = conf_with(*state, NULL, OTHER_ALIAS);
	struct ui_tokens *tokens = ui_tokens_new();

	assert_null(ui_tokens_get(tokens, both, STR("a"), UI_OTHER, NOW).at);
	assert_null(ui_tokens_get(tokens, both, STR("a"), UI_GATE, NOW).at);
	assert_null(ui_tokens_get(tokens, both, STR("b"), UI_MASTER, NOW).at);
	assert_null(ui_tokens_get(tokens, both, STR("b"), UI_DRIVER, NOW).at);
	assert_null(ui_tokens_get(tokens, both, STR("c"), UI_MASTER, NOW).at);
	assert_null(ui_tokens_get(tokens, none, STR("a"), UI_MASTER, NOW).at);
	assert_null(ui_tokens_get(tokens, drivers, STR("a"), UI_WORKER, NOW).at);
	assert_signed(ui_tokens_get(tokens, drivers, STR("a"), UI_DRIVER, NOW), STR(OTHER_BYTES));
	ui_tokens_free(tokens);
	conf_unref(both);
	conf_unref(none);
	conf_unref(drivers);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(t57_token_is_short_lived_and_names_nobody),
		T(t57_token_is_made_anew_long_before_it_ends),
		T(t57_every_ui_of_spark_has_the_one_key_unless_drivers_have_their_own),
		T(t57_nobody_else_sees_a_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
