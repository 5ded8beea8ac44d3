#include "auth/session/session.h"

#include "auth/service/auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct conf plain = {.cookie_tail = ""};
static const struct conf secure = {
	.server = {.public_url = {.tls = true}}, .admin = {.public_url = {.tls = true}}};

static void s22_every_id_is_new_and_256_bits_long(void **state)
{
	char ids[64][SESSION_ID_LEN + 1];
	unsigned char key[DIGEST_LEN];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		session_new_id(ids[i]);
		assert_int_equal(strlen(ids[i]), SESSION_ID_LEN);
		assert_int_equal(session_key(str_of(ids[i]), key), 0);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(ids[i], ids[j]);
	}
}

static void s26_key_is_keyed_by_the_id(void **state)
{
	static const unsigned char want[] = {0xa8, 0x31, 0x94, 0xca, 0x41, 0x97, 0xfb, 0xbb};
	unsigned char key[DIGEST_LEN];

	(void)state;
	assert_int_equal(session_key(STR("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), key), 0);
	assert_memory_equal(key, want, sizeof want);
}

static void s25_what_cannot_be_an_id_has_no_key(void **state)
{
	static const char *const bad[] = {
		"",
		"abc",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",	/* 42 */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* 44 */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",	/* unused bits set */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+A",
		"\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
	};
	unsigned char key[DIGEST_LEN];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(session_key(str_of(bad[i]), key), -1);
	assert_int_equal(session_key(STR("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), key), 0);
}

static void s25_cookie_over_https_is_host_bound_and_secure(void **state)
{
	char *cookie = session_set_cookie(&secure, AUTH_SITE_PUBLIC, "ID");

	(void)state;
	assert_string_equal(cookie, "__Host-sparkgate=ID; Path=/; HttpOnly; SameSite=Lax; Secure");
	secret_free(cookie);
	cookie = session_clear_cookie(&secure, AUTH_SITE_PUBLIC);
	assert_string_equal(
		cookie, "__Host-sparkgate=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure");
	secret_free(cookie);
}

static void s25_cookie_over_http_has_its_own_name_and_no_secure(void **state)
{
	char *cookie = session_set_cookie(&plain, AUTH_SITE_PUBLIC, "ID");

	(void)state;
	assert_string_equal(cookie, "sparkgate=ID; Path=/; HttpOnly; SameSite=Lax");
	secret_free(cookie);
}

static void s83_gateway_below_a_path_has_cookies_of_its_own_name(void **state)
{
	static const struct conf gate = {.cookie_tail = "_gate"};
	char name[SESSION_COOKIE_MAX];

	(void)state;
	session_cookie_name(&gate, AUTH_SITE_PUBLIC, "", name);
	assert_string_equal(name, "sparkgate_gate");
	assert_true(auth_is_own_cookie(str_of(name)));
	session_cookie_name(&gate, AUTH_SITE_ADMIN, "-login", name);
	assert_string_equal(name, "sparkgate-admin-login_gate");
	assert_true(auth_is_own_cookie(str_of(name)));
}

static void s0_admin_site_has_a_strict_cookie_of_its_own_name(void **state)
{
	char *cookie = session_set_cookie(&secure, AUTH_SITE_ADMIN, "ID");

	(void)state;
	assert_string_equal(
		cookie, "__Host-sparkgate-admin=ID; Path=/; HttpOnly; SameSite=Strict; Secure");
	secret_free(cookie);
	cookie = session_set_cookie(&plain, AUTH_SITE_ADMIN, "ID");
	assert_string_equal(cookie, "sparkgate-admin=ID; Path=/; HttpOnly; SameSite=Strict");
	secret_free(cookie);
}

static void s35_form_token_is_of_one_session_and_does_not_tell_its_id(void **state)
{
	const char *one = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	char token[SESSION_FORM_LEN + 1], again[SESSION_FORM_LEN + 1], other[SESSION_FORM_LEN + 1];

	(void)state;
	session_form_token(str_of(one), token);
	session_form_token(str_of(one), again);
	session_form_token(STR("BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), other);
	assert_int_equal(strlen(token), SESSION_FORM_LEN);
	assert_string_equal(token, again);
	assert_string_not_equal(token, other);
	assert_string_not_equal(token, one);
}

static void session_ends_with_its_credential_or_at_its_maximum(void **state)
{
	const struct conf conf = {.session_max_s = 100};

	(void)state;
	assert_int_equal(session_hard_end(&conf, 1000, 0), 1100);
	assert_int_equal(session_hard_end(&conf, 1000, 1050), 1050);
	assert_int_equal(session_hard_end(&conf, 1000, 5000), 1100);
}

static void session_is_idle_at_its_limit(void **state)
{
	const struct conf conf = {.session_idle_s = 30};

	(void)state;
	assert_false(session_is_idle(&conf, 1000, 1029));
	assert_true(session_is_idle(&conf, 1000, 1030));
	assert_false(session_is_idle(&conf, 1000, 900)); /* a clock set back */
}

static void uses_are_saved_at_most_once_a_minute(void **state)
{
	static const int64_t rows[][2] = {{1800, 60}, {120, 30}, {4, 1}, {1, 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct conf conf = {.session_idle_s = rows[i][0]};
		assert_int_equal(session_save_interval(&conf), rows[i][1]);
	}
}

static void s0_every_name_like_ours_is_ours(void **state)
{
	static const char *const ours[] = {"sparkgate", "__Host-sparkgate", "__host-SparkGate",
		"__Secure-sparkgate", "sparkgate-admin", "__Host-sparkgate_login"};
	static const char *const others[] = {
		"", "__Host-", "spark", "sparkgates", "sparkgate.x", "session", "xsparkgate"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		assert_true(auth_is_own_cookie(str_of(ours[i])));
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_false(auth_is_own_cookie(str_of(others[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s22_every_id_is_new_and_256_bits_long),
		cmocka_unit_test(s26_key_is_keyed_by_the_id),
		cmocka_unit_test(s25_what_cannot_be_an_id_has_no_key),
		cmocka_unit_test(s25_cookie_over_https_is_host_bound_and_secure),
		cmocka_unit_test(s25_cookie_over_http_has_its_own_name_and_no_secure),
		cmocka_unit_test(s83_gateway_below_a_path_has_cookies_of_its_own_name),
		cmocka_unit_test(s0_admin_site_has_a_strict_cookie_of_its_own_name),
		cmocka_unit_test(s35_form_token_is_of_one_session_and_does_not_tell_its_id),
		cmocka_unit_test(session_ends_with_its_credential_or_at_its_maximum),
		cmocka_unit_test(session_is_idle_at_its_limit),
		cmocka_unit_test(uses_are_saved_at_most_once_a_minute),
		cmocka_unit_test(s0_every_name_like_ours_is_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
