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
static struct conf_oidc client = {.issuer = issuer, .client_id = client_id};
static struct conf conf = {
	.server = {.public_url = {.tls = true}, .origin = "https://gate.example", .base = "/spark"},
	.admin = {.public_url = {.tls = true}, .origin = "https://tokens.example"},
	.oidc = &client,
	.oidc_count = 1,
};
static const struct oidc_provider provider = {.issuer = issuer, .authorization_endpoint = endpoint};
static struct keyring *ring;

struct browser { /* of one user: its cookies as it sends them, and where it was sent away to last */
	char cookies[4096];
	char state[LOGIN_STATE_MAX + 1];
	char session; /* which one it has */
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

static struct login_cookie_jar jar_of(const struct browser *browser, struct str *field)
{
	*field = str_of(browser->cookies);
	return (struct login_cookie_jar){AUTH_SITE_PUBLIC, field, 1, {browser->session}};
}

static size_t drop_cookie(char *cookies, struct str name)
{
	char *mark = mem_printf("%.*s=", (int)name.len, name.at);
	char *at = strstr(cookies, mark);

	free(mark);
	if (at) {
		size_t len = strcspn(at, ";") + strspn(at + strcspn(at, ";"), "; ");
		memmove(at, at + len, strlen(at + len) + 1);
	}
	return strlen(cookies);
}

/* Does what browsers do with Set-Cookie. */
static void keep(struct browser *browser, const char *set_cookie)
{
	struct str name = {set_cookie, strcspn(set_cookie, "=")};
	size_t len = drop_cookie(browser->cookies, name);

	if (!strstr(set_cookie, "Max-Age=0"))
		snprintf(browser->cookies + len, sizeof browser->cookies - len, "%.*s; ",
			(int)strcspn(set_cookie, ";"), set_cookie);
}

static void query_of(const char *location, const char *name, char *out, size_t size)
{
	struct sbuf value;

	sbuf_init(&value, LOGIN_STATE_MAX);
	assert_int_equal(params_get(str_of(strchr(location, '?') + 1), name, &value), PARAMS_FOUND);
	assert_true(str_copy(sbuf_str(&value), out, size));
	sbuf_clear(&value);
}

static struct login_cookie_start start_at(
	const struct browser *browser, const char *path, bool is_again, int64_t now)
{
	struct str field;
	struct login_cookie_jar jar = jar_of(browser, &field);

	return login_cookie_begin(ring, &conf, &provider, &jar, str_of(path), is_again, now);
}

static void end_start(struct login_cookie_start *start)
{
	free(start->location);
	free(start->set_cookie);
}

static void begin_at(struct browser *browser, const char *path, int64_t now)
{
	struct login_cookie_start start = start_at(browser, path, false, now);

	query_of(start.location, "state", browser->state, sizeof browser->state);
	keep(browser, start.set_cookie);
	end_start(&start);
}

/* What the state says to this browser; the caller clears it. */
static bool finish_at(
	struct browser *browser, const char *wanted, int64_t now, struct login_cookie *out)
{
	struct str field;
	struct login_cookie_jar jar = jar_of(browser, &field);

	return login_cookie_finish(ring, &conf, &jar, str_of(wanted), now, out);
}

static bool can_finish(struct browser *browser, const char *wanted, int64_t now)
{
	struct login_cookie login;
	bool can = finish_at(browser, wanted, now, &login) && login.is_known;

	login_cookie_clear(&login);
	return can;
}

static void s21_sign_in_is_finished_by_its_state(void **state)
{
	struct browser browser = {.cookies = ""};
	struct login_cookie login;

	(void)state;
	begin_at(&browser, "/spark/local/?q=1&x=%20#stage-3", NOW);
	assert_true(finish_at(&browser, browser.state, NOW + 5, &login));
	assert_true(login.is_known && login.is_same_session && !login.is_again);
	assert_false(login.is_one_of_many);
	assert_string_equal(login.return_path, "/spark/local/?q=1&x=%20#stage-3");
	keep(&browser, login.set_cookie);
	assert_string_equal(browser.cookies, "");
	login_cookie_clear(&login);
	assert_null(login.return_path);
	begin_at(&browser, "/", NOW);
	browser.session = 'b';
	assert_true(finish_at(&browser, browser.state, NOW, &login));
	assert_true(login.is_known && !login.is_same_session);
	login_cookie_clear(&login);
}

static void s21_location_has_fresh_secrets_and_their_challenge(void **state)
{
	struct browser browser = {.cookies = ""};
	struct login_cookie_start start = start_at(&browser, "/", false, NOW);
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
	assert_int_equal(strlen(login.nonce), 43);
	assert_int_equal(strlen(login.verifier), 43);
	assert_string_not_equal(login.nonce, login.verifier);
	assert_null(strstr(start.location, login.verifier));
	assert_null(strstr(start.location, strchr(browser.cookies, '=') + 1));
	login_cookie_clear(&login);
	end_start(&start);
}

/* One value of the browser for two sign-ins: nothing of the one is good for the other. */
static void s21_two_sign_ins_of_a_browser_share_no_secret(void **state)
{
	struct browser browser = {.cookies = ""};
	struct login_cookie one, two;
	char first[LOGIN_STATE_MAX + 1];

	(void)state;
	begin_at(&browser, "/", NOW);
	memcpy(first, browser.state, sizeof first);
	begin_at(&browser, "/", NOW);
	assert_true(finish_at(&browser, first, NOW, &one));
	assert_true(finish_at(&browser, browser.state, NOW, &two));
	assert_string_not_equal(first, browser.state);
	assert_string_not_equal(one.nonce, two.nonce);
	assert_string_not_equal(one.verifier, two.verifier);
	assert_memory_not_equal(one.once, two.once, DIGEST_LEN);
	login_cookie_clear(&one);
	login_cookie_clear(&two);
}

static void s21_state_is_bound_to_the_browser(void **state)
{
	struct browser victim = {.cookies = ""}, attacker = {.cookies = ""};
	struct login_cookie login;
	size_t len;

	(void)state;
	begin_at(&attacker, "/", NOW);
	assert_false(can_finish(&victim, attacker.state, NOW));
	begin_at(&victim, "/", NOW);
	assert_false(can_finish(&victim, attacker.state, NOW));
	assert_false(finish_at(&victim, "", NOW, &login));
	len = strlen(victim.state);
	victim.state[len - 9] = victim.state[len - 9] == 'A' ? 'E' : 'A';
	assert_false(finish_at(&victim, victim.state, NOW, &login));
	victim.state[len - 9] = '\0';
	assert_false(finish_at(&victim, victim.state, NOW, &login));
}

/* S81: where it was to lead is all that a callback without its cookie says. */
static void s81_state_without_its_cookie_tells_the_path_and_nothing_else(void **state)
{
	struct browser browser = {.cookies = ""}, stranger = {.cookies = ""};
	static const char nothing[DIGEST_LEN];
	struct login_cookie login;

	(void)state;
	begin_at(&browser, "/spark/local/?q=1", NOW);
	assert_true(finish_at(&stranger, browser.state, NOW, &login));
	assert_false(login.is_known);
	assert_string_equal(login.return_path, "/spark/local/?q=1");
	assert_string_equal(login.verifier, "");
	assert_string_equal(login.nonce, "");
	assert_null(login.set_cookie);
	assert_memory_equal(login.once, nothing, DIGEST_LEN);
	login_cookie_clear(&login);
}

static void s21_sign_in_lasts_ten_minutes(void **state)
{
	struct browser browser = {.cookies = ""};
	struct login_cookie login;

	(void)state;
	begin_at(&browser, "/x", NOW);
	assert_false(can_finish(&browser, browser.state, NOW + 600));
	/* The clock of a replica is not ours. */
	assert_false(can_finish(&browser, browser.state, NOW - 61));
	assert_true(can_finish(&browser, browser.state, NOW + 599));
	assert_true(can_finish(&browser, browser.state, NOW - 60));
	assert_true(finish_at(&browser, browser.state, NOW + 6000, &login));
	assert_string_equal(login.return_path, "/x");
	login_cookie_clear(&login);
}

static void s21_answer_of_another_provider_finds_no_sign_in(void **state)
{
	struct browser browser = {.cookies = ""};
	struct login_cookie login;

	(void)state;
	begin_at(&browser, "/", NOW);
	client.issuer = other_issuer;
	assert_false(finish_at(&browser, browser.state, NOW, &login));
	conf.oidc_count = 0;
	assert_false(finish_at(&browser, browser.state, NOW, &login));
	conf.oidc_count = 1;
	client.issuer = issuer;
	assert_true(can_finish(&browser, browser.state, NOW));
}

static void s21_changed_cookies_are_none(void **state)
{
	struct browser browser = {.cookies = ""}, copy;

	(void)state;
	begin_at(&browser, "/", NOW);
	for (size_t i = 0; i < strlen(browser.cookies) - 2; i++) {
		copy = browser;
		copy.cookies[i] = copy.cookies[i] == 'A' ? 'B' : 'A';
		assert_false(can_finish(&copy, browser.state, NOW));
	}
	assert_true(can_finish(&browser, browser.state, NOW));
}

static void s26_old_key_finishes_what_it_began(void **state)
{
	struct browser browser = {.cookies = ""};
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

static void s23_fifty_tabs_one_after_the_other_take_one_cookie_and_all_finish(void **state)
{
	struct browser browser = {.cookies = ""};
	char states[50][LOGIN_STATE_MAX + 1];

	(void)state;
	for (int i = 0; i < 50; i++) {
		begin_at(&browser, "/spark/local/", NOW + i);
		memcpy(states[i], browser.state, sizeof states[i]);
		assert_true(strlen(browser.cookies) < 128);
	}
	for (int i = 49; i >= 0; i--)
		assert_true(can_finish(&browser, states[i], NOW + 50));
}

/* All sent before the first answer is there: as many as there are slots finish, whatever the order,
 * and no more are kept. */
static void s23_tabs_of_one_moment_do_not_take_each_others_cookie(void **state)
{
	struct browser browser = {.cookies = ""};
	char states[LOGIN_SLOTS + 10][LOGIN_STATE_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		struct browser before = {.cookies = ""};
		struct login_cookie_start start = start_at(&before, "/spark/local/", false, NOW);

		query_of(start.location, "state", states[i], sizeof states[i]);
		keep(&browser, start.set_cookie);
		end_start(&start);
		assert_true(strlen(browser.cookies) < 4096 - 1);
	}
	for (size_t i = 0; i < 10; i++)
		assert_false(can_finish(&browser, states[i], NOW + 1));
	for (size_t i = 10; i < ARRAY_LEN(states); i++)
		assert_true(can_finish(&browser, states[i], NOW + 1));
}

/* The path that comes back for one of `len` bytes and this end. */
static char *path_back(size_t len, const char *end)
{
	struct browser browser = {.cookies = ""};
	char *path = mem_printf("/%0*d%s", (int)len - 1, 0, end), *back;
	struct login_cookie login;

	begin_at(&browser, path, NOW);
	assert_true(strlen(browser.state) <= LOGIN_STATE_MAX);
	assert_true(finish_at(&browser, browser.state, NOW, &login));
	back = mem_strdup(login.return_path);
	login_cookie_clear(&login);
	free(path);
	return back;
}

static void s23_path_of_any_length_fits_or_becomes_home(void **state)
{
	static const struct {
		size_t len;
		const char *fragment;
		size_t back; /* 0: home */
	} rows[] = {{1535, "", 1535}, {1536, "", 1536}, {1537, "", 0}, {3000, "", 0},
		{1534, "#a", 1536}, {1535, "#a", 1535}, {1536, "#abc", 1536}, {1537, "#a", 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *back = path_back(rows[i].len, rows[i].fragment);

		if (rows[i].back)
			assert_int_equal(strlen(back), rows[i].back);
		else
			assert_string_equal(back, "/spark/");
		free(back);
	}
}

static void s24_what_is_no_path_becomes_home(void **state)
{
	static const char *const bad[] = {"", "local", "https://evil.example/", "/a\nb", "/a b"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct browser browser = {.cookies = ""};
		struct login_cookie login;

		begin_at(&browser, bad[i], NOW);
		assert_true(finish_at(&browser, browser.state, NOW, &login));
		assert_string_equal(login.return_path, "/spark/");
		login_cookie_clear(&login);
	}
}

static void s25_cookie_is_ours_and_locked(void **state)
{
	struct browser browser = {.cookies = ""};
	struct login_cookie_start start = start_at(&browser, "/", false, NOW);

	(void)state;
	assert_true(str_starts(str_of(start.set_cookie), STR("__Host-sparkgate-login-")));
	assert_true(str_ends(str_of(start.set_cookie),
		STR("; Path=/; HttpOnly; SameSite=Lax; Max-Age=600; Secure")));
	assert_true(auth_is_own_cookie(STR("__Host-sparkgate-login-a")));
	assert_true(auth_is_own_cookie(STR("sparkgate-login-a")));
	end_start(&start);
	conf.server.public_url.tls = false;
	start = start_at(&browser, "/", false, NOW);
	assert_true(str_starts(str_of(start.set_cookie), STR("sparkgate-login-")));
	assert_true(str_ends(
		str_of(start.set_cookie), STR("; Path=/; HttpOnly; SameSite=Lax; Max-Age=600")));
	conf.server.public_url.tls = true;
	end_start(&start);
}

static void s0_sign_in_begun_at_one_site_is_none_at_the_other(void **state)
{
	struct login_cookie_jar jar = {AUTH_SITE_ADMIN, NULL, 0, {0}};
	struct login_cookie_start start =
		login_cookie_begin(ring, &conf, &provider, &jar, STR("/x"), false, NOW);
	char text[LOGIN_STATE_MAX + 1];
	struct login_cookie login;

	(void)state;
	assert_non_null(strstr(
		start.location, "redirect_uri=https%3A%2F%2Ftokens.example%2F_gate%2Fcallback"));
	assert_true(str_starts(str_of(start.set_cookie), STR("__Host-sparkgate-admin-login-")));
	assert_non_null(strstr(start.set_cookie, "SameSite=Lax"));
	query_of(start.location, "state", text, sizeof text);
	*strchr(start.set_cookie, ';') = '\0';
	char *renamed = mem_printf("__Host-sparkgate-login-%s",
		start.set_cookie + strlen("__Host-sparkgate-admin-login-"));
	const struct str ours = str_of(start.set_cookie), theirs = str_of(renamed);
	const struct login_cookie_jar wrong[] = {
		{AUTH_SITE_PUBLIC, &ours, 1, {0}}, {AUTH_SITE_PUBLIC, &theirs, 1, {0}}};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(
			login_cookie_finish(ring, &conf, &wrong[i], str_of(text), NOW, &login));
	jar.cookies = &ours;
	jar.count = 1;
	assert_true(login_cookie_finish(ring, &conf, &jar, str_of(text), NOW, &login));
	assert_true(login.is_known);
	assert_string_equal(login.return_path, "/x");
	login_cookie_clear(&login);
	free(renamed);
	end_start(&start);
}

/* S81: what another host or path has put beside it does not take its place. */
static void s81_login_cookie_beside_one_of_its_name_is_found(void **state)
{
	struct browser browser = {.cookies = ""}, crowded;

	(void)state;
	begin_at(&browser, "/", NOW);
	crowded = browser;
	int name = (int)strcspn(browser.cookies, "=");
	char *cookies = mem_printf("%.*s=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; %.*s=x; %s",
		name, browser.cookies, name, browser.cookies, browser.cookies);
	assert_true(str_copy(str_of(cookies), crowded.cookies, sizeof crowded.cookies));
	assert_true(can_finish(&crowded, browser.state, NOW));
	free(cookies);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s21_sign_in_is_finished_by_its_state),
		cmocka_unit_test(s21_location_has_fresh_secrets_and_their_challenge),
		cmocka_unit_test(s21_two_sign_ins_of_a_browser_share_no_secret),
		cmocka_unit_test(s21_state_is_bound_to_the_browser),
		cmocka_unit_test(s81_state_without_its_cookie_tells_the_path_and_nothing_else),
		cmocka_unit_test(s21_sign_in_lasts_ten_minutes),
		cmocka_unit_test(s21_answer_of_another_provider_finds_no_sign_in),
		cmocka_unit_test(s21_changed_cookies_are_none),
		cmocka_unit_test(s26_old_key_finishes_what_it_began),
		cmocka_unit_test(s23_fifty_tabs_one_after_the_other_take_one_cookie_and_all_finish),
		cmocka_unit_test(s23_tabs_of_one_moment_do_not_take_each_others_cookie),
		cmocka_unit_test(s23_path_of_any_length_fits_or_becomes_home),
		cmocka_unit_test(s24_what_is_no_path_becomes_home),
		cmocka_unit_test(s25_cookie_is_ours_and_locked),
		cmocka_unit_test(s0_sign_in_begun_at_one_site_is_none_at_the_other),
		cmocka_unit_test(s81_login_cookie_beside_one_of_its_name_is_found),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
