/*
 * tests/support/provider_fixture.h - an auth service and an OpenID provider on loopback, for the
 * test programs that sign people in. Included once by each.
 */
#ifndef SPARKGATE_TESTS_PROVIDER_FIXTURE_H
#define SPARKGATE_TESTS_PROVIDER_FIXTURE_H

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

static inline void publish_keys(struct fixture *f)
{
	char *jwk = mint_jwk(f->key, "one", NULL), *set = mem_printf("{\"keys\":[%s]}", jwk);

	fake_http_set(f->idp, "/keys", 200, "application/json", set);
	free(set);
	free(jwk);
}

static inline void publish_metadata(struct fixture *f)
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
static inline char *signed_token(const struct fixture *f, const char *subject, const char *more)
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
static inline char *id_token(
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
static inline void answer_tokens(
	struct fixture *f, char *token, int expires_in, const char *refresh)
{
	char *text = mem_printf("{\"access_token\":\"opaque\",\"token_type\":\"Bearer\","
				"\"expires_in\":%d,\"id_token\":\"%s\",\"refresh_token\":\"%s\"}",
		expires_in, token, refresh);

	fake_http_set(f->idp, "/token", 200, "application/json", text);
	free(text);
	free(token);
}

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
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

static inline void await_provider(struct fixture *f)
{
	int64_t until = clock_mono_ms() + 5000;

	while (auth_provider(f->world->auth[0]) != AUTH_PROVIDER_READY && clock_mono_ms() < until)
		usleep(5000);
	assert_int_equal(auth_provider(f->world->auth[0]), AUTH_PROVIDER_READY);
}

struct begun {
	char state[1024], nonce[64];
	char *cookie;
};

static inline void copy_parameter(const char *url, const char *name, char *out, size_t size)
{
	char *mark = mem_printf("&%s=", name);
	const char *at = strstr(url, mark);

	assert_non_null(at);
	at += strlen(mark);
	assert_true(str_copy((struct str){at, strcspn(at, "&")}, out, size));
	free(mark);
}

static inline struct begun begin(struct fixture *f, const char *return_path)
{
	struct begun begun;
	struct auth_login login = auth_login_begin(
		f->world->auth[0], &(struct auth_begin){.return_path = str_of(return_path)});

	assert_int_equal(login.status, AUTH_OK);
	assert_non_null(strstr(login.location, "code_challenge_method=S256"));
	copy_parameter(login.location, "state", begun.state, sizeof begun.state);
	copy_parameter(login.location, "nonce", begun.nonce, sizeof begun.nonce);
	begun.cookie = auth_world_cookie(login.set_cookie);
	secret_free(login.location);
	secret_free(login.set_cookie);
	return begun;
}

static inline struct sign_in_result come_back(struct fixture *f, const struct begun *begun)
{
	char *query = mem_printf("state=%s&code=abc", begun->state);
	struct sign_in_result result =
		auth_world_login_finish(f->world, 1, query, begun->cookie, false);

	free(query);
	return result;
}

/* Gives the cookie of a session of this person, whose access token lasts so long. */
static inline char *enter(struct fixture *f, const char *subject, const char *role, int expires_in)
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

static inline void expect_role(struct fixture *f, int thread, const char *cookie, enum role role)
{
	struct auth_result result = auth_world_ask(f->world, thread, NULL, cookie);

	assert_int_equal(result.status, AUTH_OK);
	assert_int_equal(result.who->role, role);
	identity_unref(result.who);
}

static inline void start(struct fixture *f)
{
	auth_world_start(f->world);
	await_provider(f);
}

/* Gives. */
static inline char *logout_token(const struct fixture *f, const char *subject, const char *more)
{
	char *claims = mem_printf("\"jti\":\"j-%s\",\"events\":{"
				  "\"http://schemas.openid.net/event/backchannel-logout\":{}}%s",
		subject, more);
	char *token = signed_token(f, subject, claims);

	free(claims);
	return token;
}

static inline void expect_logout(struct fixture *f, const char *token, enum auth_status want)
{
	struct sign_in_result result = auth_world_back_channel_logout(f->world, 1, token);

	assert_int_equal(result.status, want);
	sign_in_result_clear(&result);
}

#endif
