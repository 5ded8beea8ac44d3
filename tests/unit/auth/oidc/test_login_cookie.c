#include "auth/oidc/login_cookie.h"

#include "auth/service/auth.h"
#include "base/text/b64url.h"
#include "base/text/params.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW = 1700000000 };

static char issuer[] = "https://idp.example", other_issuer[] = "https://evil.example",
	    client_id[] = "sparkgate", endpoint[] = "https://idp.example/auth?tenant=a";
static struct conf conf = {
	.server = {.public_url = {.tls = true}, .origin = "https://gate.example", .base = "/spark"},
	.admin = {.public_url = {.tls = true}, .origin = "https://tokens.example"},
	.oidc = {.issuer = issuer, .client_id = client_id},
};
static const struct oidc_provider provider = {.authorization_endpoint = endpoint};
static struct keyring *ring;

struct browser { /* of one user: its one cookie, and the state it was sent away with last */
	char cookie[4096];
	char state[64];
};

static int set_up(void **state)
{
	(void)state;
	ring = keyring_new(STR("0123456789abcdef0123456789abcdef"), STR(""));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	keyring_unref(ring);
	return 0;
}

static struct str cookie_of(const struct browser *browser)
{
	return str_of(browser->cookie);
}

/* Does what browsers do with Set-Cookie. Takes it. */
static void keep(struct browser *browser, char *set_cookie)
{
	size_t len = strcspn(set_cookie, ";");

	assert_true(
		str_copy((struct str){set_cookie, len}, browser->cookie, sizeof browser->cookie));
	if (strstr(set_cookie, "Max-Age=0"))
		browser->cookie[0] = '\0';
	free(set_cookie);
}

static void query_of(const char *location, const char *name, char *out, size_t size)
{
	struct sbuf value;

	sbuf_init(&value, 1024);
	assert_int_equal(params_get(str_of(strchr(location, '?') + 1), name, &value), PARAMS_FOUND);
	assert_true(str_copy(sbuf_str(&value), out, size));
	sbuf_clear(&value);
}

static void begin_at(struct browser *browser, const char *path, int64_t now)
{
	struct str cookie = cookie_of(browser);
	struct login_cookie_start start = login_cookie_begin(
		ring, &conf, AUTH_SITE_PUBLIC, &provider, &cookie, 1, str_of(path), now);

	query_of(start.location, "state", browser->state, sizeof browser->state);
	keep(browser, start.set_cookie);
	free(start.location);
}

static bool finish_at(
	struct browser *browser, const char *wanted, int64_t now, struct login_cookie *out)
{
	struct str cookie = cookie_of(browser);
	char *set_cookie;

	if (!login_cookie_finish(ring, &conf, AUTH_SITE_PUBLIC, &cookie, 1, str_of(wanted), now,
		    out, &set_cookie)) {
		assert_null(set_cookie);
		return false;
	}
	keep(browser, set_cookie);
	return true;
}

static bool can_finish(struct browser *browser, const char *wanted, int64_t now)
{
	struct login_cookie login;
	bool finished = finish_at(browser, wanted, now, &login);

	login_cookie_clear(&login);
	return finished;
}

static void s21_sign_in_is_finished_by_its_state(void **state)
{
	struct browser browser = {.cookie = ""};
	struct login_cookie login;

	(void)state;
	begin_at(&browser, "/spark/local/?q=1&x=%20", NOW);
	assert_true(finish_at(&browser, browser.state, NOW + 5, &login));
	assert_string_equal(login.state, browser.state);
	assert_string_equal(login.return_path, "/spark/local/?q=1&x=%20");
	assert_int_equal(login.began_at, NOW);
	login_cookie_clear(&login);
	assert_null(login.return_path);
}

static void s21_location_has_fresh_secrets_and_their_challenge(void **state)
{
	struct browser browser = {.cookie = ""};
	struct str none = STR("");
	struct login_cookie_start start = login_cookie_begin(
		ring, &conf, AUTH_SITE_PUBLIC, &provider, &none, 1, STR("/"), NOW);
	unsigned char digest[DIGEST_LEN];
	char text[64], challenge[64];
	struct login_cookie login;

	(void)state;
	assert_true(str_starts(str_of(start.location),
		STR("https://idp.example/auth?tenant=a&response_type=code&client_id=sparkgate&"
		    "redirect_uri=https%3A%2F%2Fgate.example%2Fspark%2F_gate%2Fcallback&")));
	query_of(start.location, "state", browser.state, sizeof browser.state);
	keep(&browser, start.set_cookie);
	assert_true(finish_at(&browser, browser.state, NOW, &login));
	query_of(start.location, "nonce", text, sizeof text);
	assert_string_equal(text, login.nonce);
	query_of(start.location, "code_challenge_method", text, sizeof text);
	assert_string_equal(text, "S256");
	digest_sha256(str_of(login.verifier), digest);
	b64url_encode(digest, sizeof digest, text);
	query_of(start.location, "code_challenge", challenge, sizeof challenge);
	assert_string_equal(challenge, text);
	/* 256 bits each, and none is made of another. */
	assert_int_equal(strlen(login.state), 43);
	assert_int_equal(strlen(login.nonce), 43);
	assert_int_equal(strlen(login.verifier), 43);
	assert_string_not_equal(login.state, login.nonce);
	assert_string_not_equal(login.nonce, login.verifier);
	assert_null(strstr(start.location, login.verifier));
	login_cookie_clear(&login);
	free(start.location);
}

static void s21_state_is_bound_to_the_browser(void **state)
{
	struct browser victim = {.cookie = ""}, attacker = {.cookie = ""};

	(void)state;
	begin_at(&attacker, "/", NOW);
	assert_false(can_finish(&victim, attacker.state, NOW));
	begin_at(&victim, "/", NOW);
	assert_false(can_finish(&victim, attacker.state, NOW));
	assert_false(can_finish(&victim, "", NOW));
	victim.state[42] = victim.state[42] == 'A' ? 'E' : 'A';
	assert_false(can_finish(&victim, victim.state, NOW));
	victim.state[42] = '\0';
	assert_false(can_finish(&victim, victim.state, NOW));
}

static void s21_sign_in_is_finished_once(void **state)
{
	struct browser browser = {.cookie = ""};
	char first[64];

	(void)state;
	begin_at(&browser, "/", NOW);
	memcpy(first, browser.state, sizeof first);
	begin_at(&browser, "/", NOW);
	assert_true(can_finish(&browser, first, NOW));
	assert_false(can_finish(&browser, first, NOW));
	assert_true(can_finish(&browser, browser.state, NOW));
	assert_string_equal(browser.cookie, "");
}

static void s21_sign_in_lasts_ten_minutes(void **state)
{
	struct browser browser = {.cookie = ""};

	(void)state;
	begin_at(&browser, "/", NOW);
	assert_false(can_finish(&browser, browser.state, NOW + 600));
	/* The clock of a replica is not ours. */
	assert_false(can_finish(&browser, browser.state, NOW - 61));
	assert_true(can_finish(&browser, browser.state, NOW + 599));
	begin_at(&browser, "/", NOW);
	assert_true(can_finish(&browser, browser.state, NOW - 60));
}

static void s21_answer_of_another_provider_finds_no_sign_in(void **state)
{
	struct browser browser = {.cookie = ""};

	(void)state;
	begin_at(&browser, "/", NOW);
	conf.oidc.issuer = other_issuer;
	assert_false(can_finish(&browser, browser.state, NOW));
	conf.oidc.issuer = NULL;
	assert_false(can_finish(&browser, browser.state, NOW));
	conf.oidc.issuer = issuer;
	assert_true(can_finish(&browser, browser.state, NOW));
}

static void s21_changed_cookies_are_none(void **state)
{
	struct browser browser = {.cookie = ""}, copy;
	size_t from = strlen("__Host-sparkgate-login=");

	(void)state;
	begin_at(&browser, "/", NOW);
	for (size_t i = from; i < strlen(browser.cookie); i++) {
		copy = browser;
		copy.cookie[i] = copy.cookie[i] == 'A' ? 'B' : 'A';
		if (copy.cookie[i] != browser.cookie[i])
			assert_false(can_finish(&copy, browser.state, NOW));
	}
	copy = browser;
	copy.cookie[from + 8] = '\0';
	assert_false(can_finish(&copy, browser.state, NOW));
	assert_true(can_finish(&browser, browser.state, NOW));
}

static void s26_old_key_finishes_what_it_began(void **state)
{
	struct browser browser = {.cookie = ""};
	struct keyring *before = ring;

	(void)state;
	begin_at(&browser, "/", NOW);
	ring = keyring_new(STR("another key another key another!"), STR(""));
	assert_false(can_finish(&browser, browser.state, NOW));
	keyring_unref(ring);
	ring = keyring_new(
		STR("another key another key another!"), STR("0123456789abcdef0123456789abcdef"));
	assert_true(can_finish(&browser, browser.state, NOW));
	keyring_unref(ring);
	ring = before;
}

static void s23_fifty_sign_ins_keep_the_cookie_small(void **state)
{
	struct browser browser = {.cookie = ""};
	char states[50][64], path[1400];

	(void)state;
	memset(path, 'x', sizeof path - 1);
	path[0] = '/';
	path[sizeof path - 1] = '\0';
	for (int i = 0; i < 50; i++) {
		begin_at(&browser, i % 7 == 0 ? path : "/spark/local/", NOW + i);
		memcpy(states[i], browser.state, sizeof states[i]);
		assert_true(strlen(browser.cookie) <= LOGIN_COOKIE_MAX);
	}
	for (int i = 0; i < 46; i++)
		assert_false(can_finish(&browser, states[i], NOW + 50));
	for (int i = 46; i < 50; i++)
		assert_true(can_finish(&browser, states[i], NOW + 50));
}

/* All sent before the first answer is there: the last answer's cookie is what stays. */
static void s23_fifty_parallel_sign_ins_leave_one_that_works(void **state)
{
	struct browser tabs[50];

	(void)state;
	for (int i = 0; i < 50; i++) {
		tabs[i] = (struct browser){.cookie = ""};
		begin_at(&tabs[i], "/spark/local/", NOW);
		assert_true(strlen(tabs[i].cookie) < 4096);
	}
	assert_true(can_finish(&tabs[49], tabs[49].state, NOW + 1));
}

static void s23_long_paths_evict_the_oldest(void **state)
{
	struct browser browser = {.cookie = ""};
	char first[64], path[1600];

	(void)state;
	memset(path, 'x', sizeof path - 1);
	path[0] = '/';
	path[sizeof path - 1] = '\0';
	begin_at(&browser, path, NOW);
	memcpy(first, browser.state, sizeof first);
	begin_at(&browser, path, NOW);
	assert_true(strlen(browser.cookie) <= LOGIN_COOKIE_MAX);
	assert_false(can_finish(&browser, first, NOW));
	assert_true(can_finish(&browser, browser.state, NOW));
}

static void s23_path_of_any_length_fits_or_becomes_home(void **state)
{
	char path[3000];
	bool was_home = false;

	(void)state;
	for (size_t len = 2300; len < sizeof path; len++) {
		struct browser browser = {.cookie = ""};
		struct login_cookie login;

		memset(path, 'x', len);
		path[0] = '/';
		path[len] = '\0';
		begin_at(&browser, path, NOW);
		assert_true(strlen(browser.cookie) <= LOGIN_COOKIE_MAX);
		assert_true(finish_at(&browser, browser.state, NOW, &login));
		bool is_home = strcmp(login.return_path, "/spark/") == 0;
		assert_true(is_home || strcmp(login.return_path, path) == 0);
		assert_true(is_home || !was_home);
		was_home = is_home;
		login_cookie_clear(&login);
	}
	assert_true(was_home);
}

static void s24_what_is_no_path_becomes_home(void **state)
{
	static const char *const bad[] = {"", "local", "https://evil.example/", "/a\nb", "/a b"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct browser browser = {.cookie = ""};
		struct login_cookie login;

		begin_at(&browser, bad[i], NOW);
		assert_true(finish_at(&browser, browser.state, NOW, &login));
		assert_string_equal(login.return_path, "/spark/");
		login_cookie_clear(&login);
	}
}

static void s25_cookie_is_ours_and_locked(void **state)
{
	struct str none = STR("");
	struct login_cookie_start start = login_cookie_begin(
		ring, &conf, AUTH_SITE_PUBLIC, &provider, &none, 1, STR("/"), NOW);

	(void)state;
	assert_true(str_starts(str_of(start.set_cookie), STR("__Host-sparkgate-login=")));
	assert_true(str_ends(str_of(start.set_cookie),
		STR("; Path=/; HttpOnly; SameSite=Lax; Max-Age=600; Secure")));
	assert_true(auth_is_own_cookie(STR("__Host-sparkgate-login")));
	assert_true(auth_is_own_cookie(STR("sparkgate-login")));
	free(start.location);
	free(start.set_cookie);
	conf.server.public_url.tls = false;
	start = login_cookie_begin(
		ring, &conf, AUTH_SITE_PUBLIC, &provider, NULL, 0, STR("/"), NOW);
	assert_true(str_starts(str_of(start.set_cookie), STR("sparkgate-login=")));
	assert_true(str_ends(
		str_of(start.set_cookie), STR("; Path=/; HttpOnly; SameSite=Lax; Max-Age=600")));
	conf.server.public_url.tls = true;
	free(start.location);
	free(start.set_cookie);
}

static void s0_sign_in_begun_at_one_site_is_none_at_the_other(void **state)
{
	struct str none = STR("");
	struct browser browser = {.cookie = ""};
	struct login_cookie_start start = login_cookie_begin(
		ring, &conf, AUTH_SITE_ADMIN, &provider, &none, 1, STR("/x"), NOW);
	char *set_cookie, renamed[4096];
	struct login_cookie login;

	(void)state;
	assert_non_null(strstr(
		start.location, "redirect_uri=https%3A%2F%2Ftokens.example%2F_gate%2Fcallback"));
	assert_true(str_starts(str_of(start.set_cookie), STR("__Host-sparkgate-admin-login=")));
	assert_non_null(strstr(start.set_cookie, "SameSite=Lax"));
	query_of(start.location, "state", browser.state, sizeof browser.state);
	keep(&browser, start.set_cookie);
	snprintf(renamed, sizeof renamed, "__Host-sparkgate-login%s", strchr(browser.cookie, '='));
	const struct str ours = cookie_of(&browser), theirs = str_of(renamed);
	assert_false(login_cookie_finish(ring, &conf, AUTH_SITE_PUBLIC, &ours, 1,
		str_of(browser.state), NOW, &login, &set_cookie));
	assert_false(login_cookie_finish(ring, &conf, AUTH_SITE_PUBLIC, &theirs, 1,
		str_of(browser.state), NOW, &login, &set_cookie));
	assert_true(login_cookie_finish(ring, &conf, AUTH_SITE_ADMIN, &ours, 1,
		str_of(browser.state), NOW, &login, &set_cookie));
	assert_true(auth_is_own_cookie(STR("__Host-sparkgate-admin-login")));
	assert_true(auth_is_own_cookie(STR("sparkgate-admin-login")));
	assert_string_equal(login.return_path, "/x");
	login_cookie_clear(&login);
	free(set_cookie);
	free(start.location);
}

static void s25_duplicate_login_cookies_count_as_none(void **state)
{
	struct browser browser = {.cookie = ""};
	struct login_cookie login;
	char *set_cookie;

	(void)state;
	begin_at(&browser, "/", NOW);
	const struct str twice[] = {cookie_of(&browser), STR("__Host-sparkgate-login=x")};
	assert_false(login_cookie_finish(ring, &conf, AUTH_SITE_PUBLIC, twice, 2,
		str_of(browser.state), NOW, &login, &set_cookie));
	assert_null(set_cookie);
	const struct str once[] = {STR("sparkgate-login=x; a=b"), cookie_of(&browser)};
	assert_true(login_cookie_finish(ring, &conf, AUTH_SITE_PUBLIC, once, 2,
		str_of(browser.state), NOW, &login, &set_cookie));
	assert_non_null(strstr(set_cookie, "=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure"));
	login_cookie_clear(&login);
	free(set_cookie);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s21_sign_in_is_finished_by_its_state),
		cmocka_unit_test(s21_location_has_fresh_secrets_and_their_challenge),
		cmocka_unit_test(s21_state_is_bound_to_the_browser),
		cmocka_unit_test(s21_sign_in_is_finished_once),
		cmocka_unit_test(s21_sign_in_lasts_ten_minutes),
		cmocka_unit_test(s21_answer_of_another_provider_finds_no_sign_in),
		cmocka_unit_test(s21_changed_cookies_are_none),
		cmocka_unit_test(s26_old_key_finishes_what_it_began),
		cmocka_unit_test(s23_fifty_sign_ins_keep_the_cookie_small),
		cmocka_unit_test(s23_fifty_parallel_sign_ins_leave_one_that_works),
		cmocka_unit_test(s23_long_paths_evict_the_oldest),
		cmocka_unit_test(s23_path_of_any_length_fits_or_becomes_home),
		cmocka_unit_test(s24_what_is_no_path_becomes_home),
		cmocka_unit_test(s25_cookie_is_ours_and_locked),
		cmocka_unit_test(s0_sign_in_begun_at_one_site_is_none_at_the_other),
		cmocka_unit_test(s25_duplicate_login_cookies_count_as_none),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
