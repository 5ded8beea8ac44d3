#include "auth/oidc/logout_token.h"

#include "base/mem.h"
#include "tests/support/mint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ISSUER "https://idp.example/x"
#define FROM   "\"iss\":\"" ISSUER "\",\"aud\":\"sparkgate\""
#define ABOUT  ",\"sub\":\"alice\",\"sid\":\"08a5\""
#define TIMES  ",\"iat\":1700000000,\"exp\":1700000120"
#define JTI    ",\"jti\":\"bWJq\""
#define EVENT  ",\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{}}"
#define CLAIMS FROM ABOUT TIMES JTI EVENT
enum { NOW = 1700000000 };

static struct mint_key *rs, *es;
static struct keyset *set;
static struct logout_token found;

static int set_up(void **state)
{
	struct keyset_issuer row = {.issuer = ISSUER};
	char *one, *two, *text;

	(void)state;
	rs = mint_key_new(RS256);
	es = mint_key_new(ES256);
	one = mint_jwk(rs, "1", NULL);
	two = mint_jwk(es, "2", NULL);
	text = mem_printf("{\"keys\":[%s,%s]}", one, two);
	row.keys = jwks_from_json(str_of(text), NULL);
	set = keyset_new(1, &row, 1);
	jwks_unref(row.keys);
	free(one);
	free(two);
	free(text);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	keyset_unref(set);
	mint_key_free(rs);
	mint_key_free(es);
	return 0;
}

static int clear(void **state)
{
	(void)state;
	logout_token_clear(&found);
	return 0;
}

/* Takes `token`; what it says goes to `found`. */
static enum keyset_verdict check_at(char *token, int64_t now)
{
	struct err err = {""};

	logout_token_clear(&found);
	enum keyset_verdict verdict = logout_token_check(
		set, str_of(token), ISSUER, "sparkgate", 1u << RS256, now, &found, &err);
	assert_true((verdict == KEYSET_OK) == (err.text[0] == '\0'));
	assert_true((verdict == KEYSET_OK) == (found.subject || found.sid));
	free(token);
	return verdict;
}

static bool is_taken_with(const char *header, const char *claims)
{
	char *payload = mem_printf("{%s}", claims);
	enum keyset_verdict verdict = check_at(mint_token(rs, header, payload), NOW);

	free(payload);
	return verdict == KEYSET_OK;
}

static bool is_taken(const char *claims)
{
	return is_taken_with("{\"alg\":\"RS256\",\"kid\":\"1\"}", claims);
}

/* Conformance module BackChannelLogout. */
static void s28_valid_logout_token_is_taken(void **state)
{
	(void)state;
	assert_true(is_taken(CLAIMS));
	assert_string_equal(found.subject, "alice");
	assert_string_equal(found.sid, "08a5");
	assert_int_equal(found.replay_until, NOW + LOGOUT_TOKEN_SECONDS + 1);
	/* Those of drafts have no exp; iat bounds their life as well. */
	assert_true(is_taken(FROM ABOUT JTI EVENT ",\"iat\":1700000000"));
}

static void s28_subject_or_session_is_enough(void **state)
{
	(void)state;
	assert_true(is_taken(FROM TIMES JTI EVENT ",\"sub\":\"alice\""));
	assert_string_equal(found.subject, "alice");
	assert_null(found.sid);
	assert_true(is_taken(FROM TIMES JTI EVENT ",\"sid\":\"08a5\""));
	assert_null(found.subject);
	assert_string_equal(found.sid, "08a5");
	assert_false(is_taken(FROM TIMES JTI EVENT));
	assert_false(is_taken(FROM TIMES JTI EVENT ",\"sid\":\"\""));
	assert_false(is_taken(FROM TIMES JTI EVENT ",\"sub\":\"alice\",\"sid\":\"\""));
	assert_false(is_taken(FROM TIMES JTI EVENT ",\"sub\":\"alice\",\"sid\":7"));
	assert_false(is_taken(FROM TIMES JTI EVENT ",\"sub\":\"alice\",\"sid\":null"));
	assert_false(is_taken(FROM TIMES JTI EVENT ",\"sub\":\"\",\"sid\":\"08a5\""));
	assert_false(is_taken(FROM TIMES JTI EVENT ",\"sub\":7,\"sid\":\"08a5\""));
}

/* BackChannelLogoutAlgNone. */
static void s28_alg_none_is_refused(void **state)
{
	(void)state;
	assert_false(is_taken_with("{\"alg\":\"none\"}", CLAIMS));
	assert_false(is_taken_with("{\"alg\":\"none\",\"kid\":\"1\"}", CLAIMS));
}

/* BackChannelLogoutWrongAlg: one of the provider's keys, but not how its tokens are signed. */
static void s28_wrong_alg_is_refused(void **state)
{
	struct mint_key *forger = mint_key_of_secret(HS256, "the client's secret", 19);

	(void)state;
	assert_int_equal(
		check_at(mint_token(es, "{\"alg\":\"ES256\",\"kid\":\"2\"}", "{" CLAIMS "}"), NOW),
		KEYSET_BAD);
	assert_int_equal(
		check_at(mint_token(forger, "{\"alg\":\"HS256\",\"kid\":\"1\"}", "{" CLAIMS "}"),
			NOW),
		KEYSET_BAD);
	assert_int_equal(
		check_at(mint_token(es, "{\"alg\":\"RS256\",\"kid\":\"1\"}", "{" CLAIMS "}"), NOW),
		KEYSET_BAD);
	mint_key_free(forger);
}

/* BackChannelLogoutNoEvent, BackChannelLogoutWrongEvent. */
static void s28_the_event_is_logout(void **state)
{
	static const char *const bad[] = {
		FROM ABOUT TIMES JTI,
		FROM ABOUT TIMES JTI ",\"events\":{}",
		FROM ABOUT TIMES JTI ",\"events\":null",
		FROM ABOUT TIMES JTI
		",\"events\":[\"http://schemas.openid.net/event/backchannel-logout\"]",
		FROM ABOUT TIMES JTI
		",\"events\":\"http://schemas.openid.net/event/backchannel-logout\"",
		FROM ABOUT TIMES JTI ",\"events\":{\"http://schemas.openid.net/event/other\":{}}",
		FROM ABOUT TIMES JTI
		",\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":true}",
		FROM ABOUT TIMES JTI
		",\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":null}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(is_taken(bad[i]));
}

/* BackChannelLogoutWithNonce. */
static void s28_nonce_is_refused(void **state)
{
	(void)state;
	assert_false(is_taken(CLAIMS ",\"nonce\":\"n\""));
	assert_false(is_taken(CLAIMS ",\"nonce\":null"));
	assert_false(is_taken_with("{\"alg\":\"RS256\",\"kid\":\"1\",\"typ\":\"logout+jwt\"}",
		CLAIMS ",\"nonce\":\"n\""));
}

/* BackChannelLogoutWrongAud. */
static void s28_wrong_aud_is_refused(void **state)
{
	(void)state;
	assert_false(is_taken("\"iss\":\"" ISSUER "\",\"aud\":\"other\"" ABOUT TIMES JTI EVENT));
	assert_false(is_taken("\"iss\":\"" ISSUER "\"" ABOUT TIMES JTI EVENT));
	assert_true(is_taken(
		"\"iss\":\"" ISSUER "\",\"aud\":[\"other\",\"sparkgate\"]" ABOUT TIMES JTI EVENT));
}

/* BackChannelLogoutWrongIssuer. */
static void s28_wrong_issuer_is_refused(void **state)
{
	(void)state;
	assert_false(
		is_taken("\"iss\":\"" ISSUER "/\",\"aud\":\"sparkgate\"" ABOUT TIMES JTI EVENT));
	assert_false(is_taken("\"aud\":\"sparkgate\"" ABOUT TIMES JTI EVENT));
}

static void s28_typ_is_that_of_a_logout_token_if_present(void **state)
{
	static const char *const good[] = {
		"logout+jwt", "LOGOUT+JWT", "application/logout+jwt", "JWT", "jwt", ""};
	static const char *const bad[] = {"at+jwt", "secevent+jwt", "JOSE", "logout"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good) + ARRAY_LEN(bad); i++) {
		bool is_good = i < ARRAY_LEN(good);
		char *header = mem_printf("{\"alg\":\"RS256\",\"kid\":\"1\",\"typ\":\"%s\"}",
			is_good ? good[i] : bad[i - ARRAY_LEN(good)]);

		assert_int_equal(is_taken_with(header, CLAIMS), is_good);
		free(header);
	}
	assert_false(is_taken(CLAIMS ",\"typ\":\"ID\""));
	assert_false(is_taken(CLAIMS ",\"typ\":\"Bearer\""));
	assert_true(is_taken(CLAIMS ",\"typ\":\"Logout\""));
}

static void s28_jti_is_required_and_told_from_others(void **state)
{
	unsigned char first[DIGEST_LEN];

	(void)state;
	assert_false(is_taken(FROM ABOUT TIMES EVENT));
	assert_false(is_taken(FROM ABOUT TIMES EVENT ",\"jti\":\"\""));
	assert_false(is_taken(FROM ABOUT TIMES EVENT ",\"jti\":7"));
	assert_true(is_taken(CLAIMS));
	memcpy(first, found.jti, DIGEST_LEN);
	assert_true(is_taken(FROM TIMES JTI EVENT ",\"sub\":\"bob\""));
	assert_memory_equal(found.jti, first, DIGEST_LEN);
	assert_true(is_taken(FROM ABOUT TIMES EVENT ",\"jti\":\"bWJr\""));
	assert_memory_not_equal(found.jti, first, DIGEST_LEN);
}

static void s28_old_and_early_tokens_are_refused(void **state)
{
	const char *header = "{\"alg\":\"RS256\",\"kid\":\"1\"}";
	const char *claims = "{" FROM ABOUT JTI EVENT ",\"iat\":1700000000}";

	(void)state;
	assert_int_equal(
		check_at(mint_token(rs, header, claims), NOW + LOGOUT_TOKEN_SECONDS), KEYSET_OK);
	assert_int_equal(check_at(mint_token(rs, header, claims), NOW + LOGOUT_TOKEN_SECONDS + 1),
		KEYSET_BAD);
	assert_int_equal(check_at(mint_token(rs, header, claims), NOW - 60), KEYSET_OK);
	assert_int_equal(check_at(mint_token(rs, header, claims), NOW - 61), KEYSET_BAD);
	assert_false(is_taken(FROM ABOUT JTI EVENT ",\"exp\":1700000120"));
	assert_false(is_taken(FROM ABOUT JTI EVENT ",\"iat\":\"1700000000\""));
	assert_false(is_taken(FROM ABOUT JTI EVENT ",\"iat\":-1e300"));
	assert_false(is_taken(FROM ABOUT JTI EVENT ",\"iat\":1700000000,\"exp\":1699999940"));
	assert_false(is_taken(FROM ABOUT JTI EVENT ",\"iat\":1700000000,\"exp\":null"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(s28_valid_logout_token_is_taken, clear),
		cmocka_unit_test_teardown(s28_subject_or_session_is_enough, clear),
		cmocka_unit_test_teardown(s28_alg_none_is_refused, clear),
		cmocka_unit_test_teardown(s28_wrong_alg_is_refused, clear),
		cmocka_unit_test_teardown(s28_the_event_is_logout, clear),
		cmocka_unit_test_teardown(s28_nonce_is_refused, clear),
		cmocka_unit_test_teardown(s28_wrong_aud_is_refused, clear),
		cmocka_unit_test_teardown(s28_wrong_issuer_is_refused, clear),
		cmocka_unit_test_teardown(s28_typ_is_that_of_a_logout_token_if_present, clear),
		cmocka_unit_test_teardown(s28_jti_is_required_and_told_from_others, clear),
		cmocka_unit_test_teardown(s28_old_and_early_tokens_are_refused, clear),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
