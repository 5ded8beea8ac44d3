/* Sessions that an OpenID provider opens, renews and ends: the auth service against a provider on
 * loopback. */
#include "auth/throttle.h"
#include "base/clock.h"
#include "tests/support/auth_world.h"
#include "tests/support/fake_http.h"
#include "tests/support/mint.h"

#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct fixture {
	struct fake_http *idp;
	char *issuer;
	struct mint_key *key;
	struct auth_world *world;
};

/* --- the provider --- */

static void publish_keys(struct fixture *f)
{
	char *jwk = mint_jwk(f->key, "one", NULL), *set = mem_printf("{\"keys\":[%s]}", jwk);

	fake_http_set(f->idp, "/keys", 200, "application/json", set);
	free(set);
	free(jwk);
}

static void publish_metadata(struct fixture *f)
{
	char *text = mem_printf("{\"issuer\":\"%s\",\"jwks_uri\":\"%s/keys\","
				"\"authorization_endpoint\":\"%s/authorize\","
				"\"token_endpoint\":\"%s/token\","
				"\"end_session_endpoint\":\"%s/end\","
				"\"id_token_signing_alg_values_supported\":[\"ES256\"],"
				"\"response_types_supported\":[\"code\"]}",
		f->issuer, f->issuer, f->issuer, f->issuer, f->issuer);

	fake_http_set(f->idp, "/.well-known/openid-configuration", 200, "application/json", text);
	free(text);
}

/* Gives a token for "gate" with these claims besides the usual ones. */
static char *signed_token(const struct fixture *f, const char *subject, const char *more)
{
	long long now = (long long)clock_wall_s();
	char *payload = mem_printf("{\"iss\":\"%s\",\"aud\":\"gate\",\"sub\":\"%s\","
				   "\"iat\":%lld,\"exp\":%lld,%s}",
		f->issuer, subject, now, now + 1000, more);
	char *token = mint_token(f->key, "{\"alg\":\"ES256\",\"kid\":\"one\"}", payload);

	free(payload);
	return token;
}

/* Gives. `nonce` NULL: as after a refresh. */
static char *id_token(
	const struct fixture *f, const char *subject, const char *role, const char *nonce)
{
	char *said = nonce ? mem_printf("\"nonce\":\"%s\",", nonce) : mem_strdup("");
	char *more = mem_printf("%s\"sid\":\"s-%s\",\"roles\":[\"%s\"]", said, subject, role);
	char *token = signed_token(f, subject, more);

	free(more);
	free(said);
	return token;
}

/* What the token endpoint says from now on. Takes the ID token. */
static void answer_tokens(struct fixture *f, char *token, int expires_in, const char *refresh)
{
	char *text = mem_printf("{\"access_token\":\"opaque\",\"token_type\":\"Bearer\","
				"\"expires_in\":%d,\"id_token\":\"%s\",\"refresh_token\":\"%s\"}",
		expires_in, token, refresh);

	fake_http_set(f->idp, "/token", 200, "application/json", text);
	free(text);
	free(token);
}

static int set_up(void **state)
{
	struct fixture *f = mem_alloc(1, sizeof *f);

	f->idp = fake_http_start("127.0.0.1");
	f->issuer = mem_printf("http://127.0.0.1:%u", fake_http_port(f->idp));
	f->key = mint_key_new(ES256);
	publish_keys(f);
	publish_metadata(f);
	char *extra = mem_printf("auth:\n"
				 "  oidc: {issuer: %s, client_id: gate}\n"
				 "  roles: {claim: roles, admin: [boss], user: [dev]}\n",
		f->issuer);
	f->world = auth_world_new(extra);
	free(extra);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	auth_world_free(f->world);
	fake_http_stop(f->idp);
	mint_key_free(f->key);
	free(f->issuer);
	free(f);
	return 0;
}

/* --- the browser --- */

static void await_provider(struct fixture *f)
{
	int64_t until = clock_mono_ms() + 5000;

	while (auth_provider(f->world->auth[0]) != AUTH_PROVIDER_READY && clock_mono_ms() < until)
		usleep(5000);
	assert_int_equal(auth_provider(f->world->auth[0]), AUTH_PROVIDER_READY);
}

struct begun {
	char state[64], nonce[64];
	char *cookie;
};

static void copy_parameter(const char *url, const char *name, char out[static 64])
{
	char *mark = mem_printf("&%s=", name);
	const char *at = strstr(url, mark);

	assert_non_null(at);
	at += strlen(mark);
	assert_true(str_copy((struct str){at, strcspn(at, "&")}, out, 64));
	free(mark);
}

static struct begun begin(struct fixture *f, const char *return_path)
{
	struct begun begun;
	struct auth_login login = auth_login_begin(f->world->auth[0], NULL, 0, str_of(return_path));

	assert_int_equal(login.status, AUTH_OK);
	assert_non_null(strstr(login.location, "code_challenge_method=S256"));
	copy_parameter(login.location, "state", begun.state);
	copy_parameter(login.location, "nonce", begun.nonce);
	begun.cookie = auth_world_cookie(login.set_cookie);
	secret_free(login.location);
	secret_free(login.set_cookie);
	return begun;
}

static struct sign_in_result come_back(struct fixture *f, const struct begun *begun)
{
	char *query = mem_printf("state=%s&code=abc", begun->state);
	struct sign_in_result result = auth_world_login_finish(f->world, 1, query, begun->cookie);

	free(query);
	return result;
}

/* Gives the cookie of a session of this person, whose access token lasts so long. */
static char *enter(struct fixture *f, const char *subject, const char *role, int expires_in)
{
	struct begun begun = begin(f, "/local/?a=b");

	answer_tokens(f, id_token(f, subject, role, begun.nonce), expires_in, "first");
	struct sign_in_result result = come_back(f, &begun);
	assert_int_equal(result.status, AUTH_OK);
	assert_string_equal(result.return_path, "/local/?a=b");
	assert_string_equal(result.who->subject, subject);
	char *cookie = auth_world_cookie(result.set_cookie);
	identity_unref(result.who);
	sign_in_result_clear(&result);
	free(begun.cookie);
	return cookie;
}

static void expect_role(struct fixture *f, int worker, const char *cookie, enum role role)
{
	struct auth_result result = auth_world_ask(f->world, worker, NULL, cookie);

	assert_int_equal(result.status, AUTH_OK);
	assert_int_equal(result.who->role, role);
	identity_unref(result.who);
}

static void start(struct fixture *f)
{
	auth_world_start(f->world);
	await_provider(f);
}

/* --- signing in --- */

static void s21_sign_in_opens_a_session_and_comes_back_to_the_very_path(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "dev", 300);
	expect_role(f, 0, cookie, ROLE_USER);
	expect_role(f, 1, cookie, ROLE_USER);
	free(cookie);
}

static void s21_state_is_good_once(void **state)
{
	struct fixture *f = *state;

	start(f);
	struct begun begun = begin(f, "/");
	answer_tokens(f, id_token(f, "ann", "dev", begun.nonce), 300, "first");
	struct sign_in_result first = come_back(f, &begun), second = come_back(f, &begun);
	assert_int_equal(first.status, AUTH_OK);
	assert_int_equal(second.status, AUTH_ABSENT);
	assert_int_equal(fake_http_hits(f->idp, "/token"), 1);
	identity_unref(first.who);
	sign_in_result_clear(&first);
	sign_in_result_clear(&second);
	free(begun.cookie);
}

/* One sign-in begun and brought back with a code that the provider does not know. */
static enum auth_status try_bad_code(struct fixture *f, bool *keeps_state)
{
	struct begun begun = begin(f, "/");
	struct sign_in_result result = come_back(f, &begun);
	enum auth_status status = result.status;

	*keeps_state = result.set_login_cookie == NULL;
	sign_in_result_clear(&result);
	free(begun.cookie);
	return status;
}

static void s63_client_whose_codes_are_no_good_waits_and_costs_nothing_more(void **state)
{
	struct fixture *f = *state;
	bool keeps_state;

	start(f);
	fake_http_set(f->idp, "/token", 400, "application/json", "{\"error\":\"invalid_grant\"}");
	for (int i = 0; i < THROTTLE_FAILURES; i++)
		assert_int_equal(try_bad_code(f, &keeps_state), AUTH_INVALID_TOKEN);
	unsigned asked = fake_http_hits(f->idp, "/token");
	for (int i = 0; i < 10; i++) {
		assert_int_equal(try_bad_code(f, &keeps_state), AUTH_TOO_MANY);
		assert_true(keeps_state);
	}
	assert_int_equal(fake_http_hits(f->idp, "/token"), asked);
}

static void s63_provider_that_is_silent_is_nobodys_fault(void **state)
{
	struct fixture *f = *state;
	bool keeps_state;

	start(f);
	fake_http_set(f->idp, "/token", 500, "text/plain", "");
	for (int i = 0; i <= THROTTLE_FAILURES; i++)
		assert_int_equal(try_bad_code(f, &keeps_state), AUTH_UNAVAILABLE);
	free(enter(f, "ann", "dev", 300));
}

static void s21_state_of_another_browser_is_refused_before_the_code_is_used(void **state)
{
	struct fixture *f = *state;

	start(f);
	struct begun ours = begin(f, "/"), theirs = begin(f, "/");
	free(theirs.cookie);
	theirs.cookie = ours.cookie;
	struct sign_in_result result = come_back(f, &theirs);
	assert_int_equal(result.status, AUTH_ABSENT);
	assert_int_equal(fake_http_hits(f->idp, "/token"), 0);
	sign_in_result_clear(&result);
	free(ours.cookie);
}

static void s21_nonce_of_another_sign_in_is_refused(void **state)
{
	struct fixture *f = *state;

	start(f);
	struct begun begun = begin(f, "/");
	answer_tokens(f, id_token(f, "ann", "dev", "another"), 300, "first");
	struct sign_in_result result = come_back(f, &begun);
	assert_int_equal(result.status, AUTH_INVALID_TOKEN);
	assert_null(result.set_cookie);
	sign_in_result_clear(&result);
	free(begun.cookie);
}

static void s22_sign_in_ends_the_session_the_browser_had(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *old = enter(f, "ann", "dev", 300);
	struct begun begun = begin(f, "/");
	char *both = mem_printf("%s; %s", begun.cookie, old);
	free(begun.cookie);
	begun.cookie = both;
	answer_tokens(f, id_token(f, "ann", "dev", begun.nonce), 300, "first");
	struct sign_in_result result = come_back(f, &begun);
	assert_int_equal(result.status, AUTH_OK);
	auth_world_expect(f->world, 0, NULL, old, AUTH_ABSENT);
	identity_unref(result.who);
	sign_in_result_clear(&result);
	free(both);
	free(old);
}

static void provider_that_is_down_at_the_start_is_found_when_it_is_up(void **state)
{
	struct fixture *f = *state;

	fake_http_down(f->idp, true);
	auth_world_start(f->world);
	struct auth_login login = auth_login_begin(f->world->auth[0], NULL, 0, STR("/"));
	assert_int_equal(login.status, AUTH_UNAVAILABLE);
	assert_int_equal(auth_service_health(f->world->service).provider, AUTH_PROVIDER_SILENT);
	assert_true(auth_service_health(f->world->service).store);
	fake_http_down(f->idp, false);
	await_provider(f);
	char *cookie = enter(f, "ann", "boss", 300);
	expect_role(f, 0, cookie, ROLE_ADMIN);
	free(cookie);
}

/* --- refreshing --- */

static void s27_many_requests_on_an_expired_token_refresh_once(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "dev", 0);
	answer_tokens(f, id_token(f, "ann", "dev", NULL), 300, "second");
	fake_http_delay(f->idp, 50);
	assert_int_equal(auth_world_ask_at_once(f->world, cookie, 60), 60);
	assert_int_equal(fake_http_hits(f->idp, "/token"), 2);
	expect_role(f, 0, cookie, ROLE_USER);
	assert_int_equal(fake_http_hits(f->idp, "/token"), 2);
	free(cookie);
}

static void s27_invalid_grant_ends_the_session(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "dev", 0);
	fake_http_set(f->idp, "/token", 400, "application/json", "{\"error\":\"invalid_grant\"}");
	auth_world_expect(f->world, 0, NULL, cookie, AUTH_ABSENT);
	auth_world_expect(f->world, 1, NULL, cookie, AUTH_ABSENT);
	assert_int_equal(fake_http_hits(f->idp, "/token"), 2);
	free(cookie);
}

static void s27_session_goes_on_while_the_provider_is_down(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "dev", 0);
	fake_http_down(f->idp, true);
	expect_role(f, 0, cookie, ROLE_USER);
	expect_role(f, 1, cookie, ROLE_USER);
	fake_http_down(f->idp, false);
	free(cookie);
}

static void s32_role_is_the_providers_of_the_last_refresh(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "boss", 0);
	answer_tokens(f, id_token(f, "ann", "dev", NULL), 0, "second");
	expect_role(f, 0, cookie, ROLE_USER);
	answer_tokens(f, id_token(f, "ann", "nothing", NULL), 300, "third");
	expect_role(f, 1, cookie, ROLE_NONE);
	free(cookie);
}

static void refresh_for_another_person_ends_the_session(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "dev", 0);
	answer_tokens(f, id_token(f, "eve", "boss", NULL), 300, "second");
	auth_world_expect(f->world, 0, NULL, cookie, AUTH_ABSENT);
	free(cookie);
}

/* --- ending --- */

static void sign_out_sends_the_browser_to_the_providers_end_of_session(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "dev", 300);
	struct sign_in_result result = auth_world_sign_out(f->world, 0, cookie);
	assert_int_equal(result.status, AUTH_OK);
	assert_non_null(result.location);
	assert_non_null(strstr(result.location, "/end?"));
	assert_non_null(strstr(result.location, "id_token_hint="));
	assert_non_null(strstr(result.set_cookie, "Max-Age=0"));
	auth_world_expect(f->world, 1, NULL, cookie, AUTH_ABSENT);
	sign_in_result_clear(&result);
	free(cookie);
}

static void sign_out_everywhere_ends_all_of_this_person_and_no_other(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *one = enter(f, "ann", "dev", 300), *two = enter(f, "ann", "dev", 300);
	char *other = enter(f, "bob", "dev", 300);
	struct sign_in_result result = auth_world_sign_out_everywhere(f->world, 0, one);
	assert_int_equal(result.status, AUTH_OK);
	auth_world_expect(f->world, 0, NULL, one, AUTH_ABSENT);
	auth_world_expect(f->world, 1, NULL, two, AUTH_ABSENT);
	auth_world_expect(f->world, 1, NULL, other, AUTH_OK);
	sign_in_result_clear(&result);
	free(one);
	free(two);
	free(other);
}

/* Gives. */
static char *logout_token(const struct fixture *f, const char *subject, const char *more)
{
	char *claims = mem_printf("\"jti\":\"j-%s\",\"events\":{"
				  "\"http://schemas.openid.net/event/backchannel-logout\":{}}%s",
		subject, more);
	char *token = signed_token(f, subject, claims);

	free(claims);
	return token;
}

static void expect_logout(struct fixture *f, const char *token, enum auth_status want)
{
	struct sign_in_result result = auth_world_back_channel_logout(f->world, 1, token);

	assert_int_equal(result.status, want);
	sign_in_result_clear(&result);
}

static void s28_back_channel_logout_ends_the_persons_sessions_once(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "dev", 300), *other = enter(f, "bob", "dev", 300);
	char *token = logout_token(f, "ann", "");
	expect_logout(f, token, AUTH_OK);
	auth_world_expect(f->world, 0, NULL, cookie, AUTH_ABSENT);
	auth_world_expect(f->world, 0, NULL, other, AUTH_OK);
	expect_logout(f, token, AUTH_INVALID_TOKEN);
	free(token);
	free(cookie);
	free(other);
}

/* A token for `subject`, on record as made by `by`. */
static void add_token(
	struct store *store, const char *id, const char *subject, const char *by, enum role role)
{
	struct store_token token = {.role = role,
		.state = STATE_ACTIVE,
		.created_at = clock_wall_s(),
		.expires_at = clock_wall_s() + 1000,
		.ends_at = clock_wall_s() + 1000,
		.serial = 1};

	snprintf(token.id, sizeof token.id, "%s", id);
	snprintf(token.client_name, sizeof token.client_name, "script");
	snprintf(token.issuer, sizeof token.issuer, "https://gw");
	snprintf(token.subject, sizeof token.subject, "%s", subject);
	snprintf(token.created_by, sizeof token.created_by, "%s", by);
	assert_int_equal(store->ops->token_add(store, &token), 0);
}

static void expect_state(struct store *store, const char *id, enum token_state want)
{
	struct store_token token;

	assert_int_equal(store->ops->token_get(store, str_of(id), &token), STORE_FOUND);
	if (token.state != want)
		fail_msg("token %s is %s", id, token_state_name(token.state));
}

/* Own tokens, and what is not: another's, an administrator's for ann, a client's. */
static struct store *add_tokens(struct fixture *f)
{
	struct store *store = auth_world_store(f->world);

	add_token(store, "own", "ann", "ann", ROLE_USER);
	add_token(store, "own-admin", "ann", "ann", ROLE_ADMIN);
	add_token(store, "disabled", "ann", "ann", ROLE_USER);
	assert_int_equal(
		store->ops->token_set_state(store, STR("disabled"), STATE_DISABLED), STORE_FOUND);
	add_token(store, "handed-out", "ann", "boss", ROLE_USER);
	add_token(store, "others", "bob", "bob", ROLE_USER);
	add_token(store, "client", "client:script", "ann", ROLE_USER);
	return store;
}

static void expect_others_live(struct store *store)
{
	expect_state(store, "handed-out", STATE_ACTIVE);
	expect_state(store, "others", STATE_ACTIVE);
	expect_state(store, "client", STATE_ACTIVE);
	store->ops->close(store);
}

static void s70_back_channel_logout_ends_the_persons_own_tokens(void **state)
{
	struct fixture *f = *state;

	start(f);
	struct store *store = add_tokens(f);
	char *token = logout_token(f, "ann", "");
	expect_logout(f, token, AUTH_OK);
	expect_state(store, "own", STATE_REVOKED);
	expect_state(store, "own-admin", STATE_REVOKED);
	expect_state(store, "disabled", STATE_REVOKED);
	expect_others_live(store);
	free(token);
}

static void s70_own_tokens_stay_where_they_do_not_follow(void **state)
{
	struct fixture *f = *state;

	f->world->conf->tokens_follow_sessions = false;
	start(f);
	struct store *store = add_tokens(f);
	char *token = logout_token(f, "ann", "");
	expect_logout(f, token, AUTH_OK);
	expect_state(store, "own", STATE_ACTIVE);
	expect_others_live(store);
	free(token);
}

static void s70_role_that_is_gone_takes_own_tokens_of_that_role_along(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "boss", 1);
	struct store *store = add_tokens(f);
	answer_tokens(f, id_token(f, "ann", "dev", NULL), 300, "second");
	assert_true(auth_world_await(f->world, 0, NULL, cookie, AUTH_OK) >= 0);
	int64_t until = clock_mono_ms() + 5000;
	struct store_token token = {.state = STATE_ACTIVE};
	while (token.state == STATE_ACTIVE && clock_mono_ms() < until) {
		usleep(20000);
		auth_world_expect(f->world, 0, NULL, cookie, AUTH_OK);
		assert_int_equal(
			store->ops->token_get(store, STR("own-admin"), &token), STORE_FOUND);
	}
	expect_state(store, "own-admin", STATE_REVOKED);
	expect_state(store, "own", STATE_ACTIVE);
	expect_others_live(store);
	free(cookie);
}

static void s70_who_signs_in_with_no_role_left_has_no_own_tokens_left(void **state)
{
	struct fixture *f = *state;

	start(f);
	struct store *store = add_tokens(f);
	free(enter(f, "ann", "nothing", 300));
	expect_state(store, "own", STATE_REVOKED);
	expect_state(store, "own-admin", STATE_REVOKED);
	expect_others_live(store);
}

static void s28_logout_token_with_a_nonce_ends_nothing(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "dev", 300);
	char *token = logout_token(f, "ann", ",\"nonce\":\"n\"");
	expect_logout(f, token, AUTH_INVALID_TOKEN);
	auth_world_expect(f->world, 0, NULL, cookie, AUTH_OK);
	free(token);
	free(cookie);
}

static void s18_id_token_is_no_bearer_token(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *token = id_token(f, "ann", "boss", NULL), *header = auth_world_bearer(token);
	auth_world_expect(f->world, 0, header, NULL, AUTH_INVALID_TOKEN);
	free(header);
	free(token);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(s21_sign_in_opens_a_session_and_comes_back_to_the_very_path),
		TEST(s21_state_is_good_once),
		TEST(s63_client_whose_codes_are_no_good_waits_and_costs_nothing_more),
		TEST(s63_provider_that_is_silent_is_nobodys_fault),
		TEST(s21_state_of_another_browser_is_refused_before_the_code_is_used),
		TEST(s21_nonce_of_another_sign_in_is_refused),
		TEST(s22_sign_in_ends_the_session_the_browser_had),
		TEST(provider_that_is_down_at_the_start_is_found_when_it_is_up),
		TEST(s27_many_requests_on_an_expired_token_refresh_once),
		TEST(s27_invalid_grant_ends_the_session),
		TEST(s27_session_goes_on_while_the_provider_is_down),
		TEST(s32_role_is_the_providers_of_the_last_refresh),
		TEST(refresh_for_another_person_ends_the_session),
		TEST(sign_out_sends_the_browser_to_the_providers_end_of_session),
		TEST(sign_out_everywhere_ends_all_of_this_person_and_no_other),
		TEST(s28_back_channel_logout_ends_the_persons_sessions_once),
		TEST(s70_back_channel_logout_ends_the_persons_own_tokens),
		TEST(s70_own_tokens_stay_where_they_do_not_follow),
		TEST(s70_role_that_is_gone_takes_own_tokens_of_that_role_along),
		TEST(s70_who_signs_in_with_no_role_left_has_no_own_tokens_left),
		TEST(s28_logout_token_with_a_nonce_ends_nothing),
		TEST(s18_id_token_is_no_bearer_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
