#include "auth/oidc/id_token.h"

#include "base/text/b64url.h"
#include "base/mem.h"
#include "tests/support/mint.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ISSUER "https://idp.example/x"
#define WHO    "\"iss\":\"" ISSUER "\",\"sub\":\"alice\""
#define AUD    ",\"aud\":\"sparkgate\""
#define TIMES  ",\"iat\":1700000000,\"exp\":1700000300"
#define NONCE  ",\"nonce\":\"n-0S6_WzA2Mj\""
#define CLAIMS WHO AUD TIMES NONCE
enum { NOW = 1700000000 };

/* What the conformance suite calls the modules of its Basic plan for relying parties is said at
 * each test that plays one. */

static struct mint_key *rs, *es, *ed, *other_rs;
static struct keyset *set;

static const struct id_token_rules rules = {
	.issuer = ISSUER,
	.client_id = "sparkgate",
	.nonce = "n-0S6_WzA2Mj",
	.algorithms = 1u << RS256 | 1u << ES256 | 1u << EDDSA | 1u << HS256,
	.now = NOW,
};

/* Takes the key set's text. */
static struct keyset *make_set(char *text)
{
	struct jwks *keys = jwks_from_json(str_of(text), NULL);
	struct keyset_issuer row = {.issuer = ISSUER, .keys = keys};
	struct keyset *made = keyset_new(1, &row, 1);

	assert_non_null(keys);
	jwks_unref(keys);
	free(text);
	return made;
}

static char *jwks_of(const struct mint_key *one, const struct mint_key *two)
{
	char *first = mint_jwk(one, "1", NULL), *second = mint_jwk(two, "2", NULL);
	char *text = mem_printf("{\"keys\":[%s,%s]}", first, second);

	free(first);
	free(second);
	return text;
}

static int set_up(void **state)
{
	(void)state;
	rs = mint_key_new(RS256);
	other_rs = mint_key_new(RS256);
	es = mint_key_new(ES256);
	ed = mint_key_new(EDDSA);
	set = make_set(jwks_of(rs, es));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	keyset_unref(set);
	mint_key_free(rs);
	mint_key_free(other_rs);
	mint_key_free(es);
	mint_key_free(ed);
	return 0;
}

/* Takes `token`. */
static enum keyset_verdict check_in(const struct keyset *keys, char *token,
	const char *access_token, const struct id_token_rules *wanted)
{
	struct jwt_claims claims;
	struct err err = {""};
	enum keyset_verdict verdict =
		id_token_check(keys, str_of(token), str_of(access_token), wanted, &claims, &err);

	assert_true((verdict == KEYSET_OK) == (err.text[0] == '\0'));
	assert_true((verdict == KEYSET_OK) == (claims.json != NULL));
	jwt_clear(&claims);
	free(token);
	return verdict;
}

static bool is_taken_by(const char *claims, const struct id_token_rules *wanted)
{
	char *payload = mem_printf("{%s}", claims);
	char *token = mint_token(rs, "{\"alg\":\"RS256\",\"kid\":\"1\"}", payload);

	free(payload);
	return check_in(set, token, "", wanted) == KEYSET_OK;
}

static bool is_taken(const char *claims)
{
	return is_taken_by(claims, &rules);
}

static char *token_with(const char *header, const struct mint_key *key)
{
	return mint_token(key, header, "{" CLAIMS "}");
}

static void s21_valid_id_token_is_taken(void **state)
{
	struct jwt_claims claims;
	char *token = token_with("{\"alg\":\"RS256\",\"kid\":\"1\",\"typ\":\"JWT\"}", rs);

	(void)state;
	assert_int_equal(
		id_token_check(set, str_of(token), STR(""), &rules, &claims, NULL), KEYSET_OK);
	assert_true(str_eq(claims.subject, STR("alice")));
	assert_int_equal(claims.expires_at, NOW + 300);
	jwt_clear(&claims);
	free(token);
	assert_int_equal(
		check_in(set, token_with("{\"alg\":\"ES256\",\"kid\":\"2\"}", es), "", &rules),
		KEYSET_OK);
}

/* InvalidSignature: the kid is known, the key behind it is another. */
static void s21_invalid_signature_is_refused(void **state)
{
	char *token = token_with("{\"alg\":\"RS256\",\"kid\":\"1\"}", rs), *payload;

	(void)state;
	assert_int_equal(check_in(set, token_with("{\"alg\":\"RS256\",\"kid\":\"1\"}", other_rs),
				 "", &rules),
		KEYSET_BAD);
	payload = strchr(token, '.') + 10;
	*payload = *payload == 'A' ? 'B' : 'A';
	assert_int_equal(check_in(set, token, "", &rules), KEYSET_BAD);
}

static void s19_unknown_key_is_told_apart(void **state)
{
	(void)state;
	assert_int_equal(
		check_in(set, token_with("{\"alg\":\"RS256\",\"kid\":\"3\"}", rs), "", &rules),
		KEYSET_UNKNOWN_KEY);
}

static void s21_nonce_is_the_sign_ins(void **state)
{
	struct id_token_rules refreshed = rules;

	(void)state;
	refreshed.nonce = NULL;
	assert_false(is_taken(WHO AUD TIMES));
	assert_false(is_taken(WHO AUD TIMES ",\"nonce\":\"\""));
	assert_false(is_taken(WHO AUD TIMES ",\"nonce\":\"n-0S6_WzA2Mk\""));
	assert_false(is_taken(WHO AUD TIMES ",\"nonce\":\"n-0S6_WzA2M\""));
	assert_false(is_taken(WHO AUD TIMES ",\"nonce\":\"n-0S6_WzA2Mjj\""));
	assert_false(is_taken(WHO AUD TIMES ",\"nonce\":[\"n-0S6_WzA2Mj\"]"));
	assert_true(is_taken_by(WHO AUD TIMES, &refreshed));
	assert_true(is_taken_by(CLAIMS, &refreshed));
}

/* MissingIat, MissingSub, MissingAud, InvalidAud, InvalidIssuer. */
static void s21_required_claims_are_required(void **state)
{
	static const char *const bad[] = {
		WHO AUD NONCE ",\"exp\":1700000300",
		WHO AUD NONCE ",\"exp\":1700000300,\"iat\":\"1700000000\"",
		WHO AUD NONCE ",\"exp\":1700000300,\"iat\":null",
		WHO AUD NONCE ",\"iat\":1700000000",
		"\"iss\":\"" ISSUER "\"" AUD TIMES NONCE,
		"\"iss\":\"" ISSUER "\",\"sub\":\"\"" AUD TIMES NONCE,
		"\"iss\":\"" ISSUER "\",\"sub\":7" AUD TIMES NONCE,
		WHO TIMES NONCE,
		WHO TIMES NONCE ",\"aud\":\"other\"",
		WHO TIMES NONCE ",\"aud\":[]",
		WHO TIMES NONCE ",\"aud\":null",
		"\"sub\":\"alice\"" AUD TIMES NONCE,
		"\"iss\":\"" ISSUER "/\",\"sub\":\"alice\"" AUD TIMES NONCE,
		"\"iss\":\"https://evil.example\",\"sub\":\"alice\"" AUD TIMES NONCE,
	};

	(void)state;
	assert_true(is_taken(CLAIMS));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(is_taken(bad[i]));
}

static void s21_token_for_several_says_who_asked(void **state)
{
	(void)state;
	assert_false(is_taken(WHO TIMES NONCE ",\"aud\":[\"sparkgate\",\"other\"]"));
	assert_false(
		is_taken(WHO TIMES NONCE ",\"aud\":[\"sparkgate\",\"other\"],\"azp\":\"other\""));
	assert_true(is_taken(
		WHO TIMES NONCE ",\"aud\":[\"sparkgate\",\"other\"],\"azp\":\"sparkgate\""));
	assert_true(is_taken(WHO TIMES NONCE ",\"aud\":[\"sparkgate\"]"));
	assert_true(is_taken(CLAIMS ",\"azp\":\"sparkgate\""));
	assert_false(is_taken(CLAIMS ",\"azp\":\"other\""));
	assert_false(is_taken(CLAIMS ",\"azp\":[\"sparkgate\"]"));
}

static void s21_times_are_checked_with_a_minutes_grace(void **state)
{
	struct id_token_rules later = rules;

	(void)state;
	later.now = NOW + 359;
	assert_true(is_taken_by(CLAIMS, &later));
	later.now = NOW + 360;
	assert_false(is_taken_by(CLAIMS, &later));
	assert_true(is_taken(WHO AUD NONCE ",\"exp\":1700000300,\"iat\":1700000060"));
	assert_false(is_taken(WHO AUD NONCE ",\"exp\":1900000000,\"iat\":1700000061"));
	assert_false(is_taken(WHO AUD NONCE ",\"exp\":1900000000,\"iat\":1800000000"));
	assert_false(is_taken(CLAIMS ",\"nbf\":1700000100"));
}

/* KidAbsentSingleJwks, KidAbsentMultipleJwks. */
static void s21_absent_kid_needs_exactly_one_fitting_key(void **state)
{
	char *jwk = mint_jwk(rs, NULL, NULL);
	struct keyset *single = make_set(mem_printf("{\"keys\":[%s]}", jwk));
	struct keyset *multiple = make_set(jwks_of(rs, other_rs));

	(void)state;
	assert_int_equal(
		check_in(single, token_with("{\"alg\":\"RS256\"}", rs), "", &rules), KEYSET_OK);
	assert_int_equal(check_in(single, token_with("{\"alg\":\"RS256\"}", other_rs), "", &rules),
		KEYSET_BAD);
	assert_int_equal(
		check_in(multiple, token_with("{\"alg\":\"RS256\"}", rs), "", &rules), KEYSET_BAD);
	/* Of an RSA and an EC key only one can have made it. */
	assert_int_equal(
		check_in(set, token_with("{\"alg\":\"RS256\"}", rs), "", &rules), KEYSET_OK);
	keyset_unref(single);
	keyset_unref(multiple);
	free(jwk);
}

static void s13_unsigned_and_secret_signed_tokens_are_refused(void **state)
{
	struct mint_key *forger =
		mint_key_of_secret(HS256, "the client's secret, 32 bytes at least",
			strlen("the client's secret, 32 bytes at least"));
	char *none = token_with("{\"alg\":\"none\"}", rs);
	char *stripped = mem_strndup(none, (size_t)(strrchr(none, '.') + 1 - none));

	(void)state;
	assert_int_equal(check_in(set, none, "", &rules), KEYSET_BAD);
	assert_int_equal(check_in(set, stripped, "", &rules), KEYSET_BAD);
	assert_int_equal(
		check_in(set, token_with("{\"alg\":\"HS256\"}", forger), "", &rules), KEYSET_BAD);
	assert_int_equal(
		check_in(set, token_with("{\"alg\":\"HS256\",\"kid\":\"1\"}", forger), "", &rules),
		KEYSET_BAD);
	mint_key_free(forger);
}

static void s13_algorithm_must_be_one_the_provider_names(void **state)
{
	struct id_token_rules only_es = rules;

	(void)state;
	only_es.algorithms = 1u << ES256;
	assert_false(is_taken_by(CLAIMS, &only_es));
}

static void s15_critical_extensions_are_refused(void **state)
{
	(void)state;
	assert_int_equal(check_in(set,
				 token_with("{\"alg\":\"RS256\",\"kid\":\"1\",\"crit\":[\"exp\"],"
					    "\"exp\":1}",
					 rs),
				 "", &rules),
		KEYSET_BAD);
}

static void s18_other_tokens_are_no_id_tokens(void **state)
{
	static const char *const marks[] = {"\"typ\":\"Bearer\"", "\"typ\":\"Refresh\"",
		"\"typ\":\"Logout\"", "\"token_use\":\"access\"", "\"events\":{}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		char *claims = mem_printf("%s,%s", CLAIMS, marks[i]);

		assert_false(is_taken(claims));
		free(claims);
	}
	assert_true(is_taken(CLAIMS ",\"typ\":\"ID\""));
	assert_int_equal(
		check_in(set,
			token_with("{\"alg\":\"RS256\",\"kid\":\"1\",\"typ\":\"at+jwt\"}", rs), "",
			&rules),
		KEYSET_BAD);
	assert_int_equal(check_in(set,
				 token_with("{\"alg\":\"RS256\",\"kid\":\"1\","
					    "\"typ\":\"logout+jwt\"}",
					 rs),
				 "", &rules),
		KEYSET_BAD);
}

/* Gives CLAIMS with the at_hash of `access_token`. */
static char *claims_with_at_hash(const char *hash, const char *access_token)
{
	unsigned char digest[64];
	char text[128];
	size_t len;

	EVP_Q_digest(NULL, hash, NULL, access_token, strlen(access_token), digest, &len);
	b64url_encode(digest, len / 2, text);
	return mem_printf("{" CLAIMS ",\"at_hash\":\"%s\"}", text);
}

/* The example of OpenID Connect Core appendix A.3. */
static void s21_at_hash_of_the_specification_is_taken(void **state)
{
	char *token = mint_token(rs, "{\"alg\":\"RS256\",\"kid\":\"1\"}",
		"{" CLAIMS ",\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RQ\"}");

	(void)state;
	assert_int_equal(
		check_in(set, token, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", &rules),
		KEYSET_OK);
}

static void s21_at_hash_is_the_access_tokens(void **state)
{
	struct keyset *both = make_set(jwks_of(rs, ed));
	char *payload = claims_with_at_hash("SHA256", "token"),
	     *of_ed = claims_with_at_hash("SHA512", "token");
	const char *header = "{\"alg\":\"RS256\",\"kid\":\"1\"}",
		   *header_ed = "{\"alg\":\"EdDSA\",\"kid\":\"2\"}";

	(void)state;
	assert_int_equal(
		check_in(both, mint_token(rs, header, payload), "token", &rules), KEYSET_OK);
	assert_int_equal(
		check_in(both, mint_token(rs, header, payload), "other", &rules), KEYSET_BAD);
	assert_int_equal(
		check_in(both, mint_token(rs, header, of_ed), "token", &rules), KEYSET_BAD);
	assert_int_equal(
		check_in(both, mint_token(ed, header_ed, of_ed), "token", &rules), KEYSET_OK);
	assert_int_equal(
		check_in(both, mint_token(ed, header_ed, payload), "token", &rules), KEYSET_BAD);
	assert_int_equal(check_in(both, mint_token(rs, header, payload), "", &rules), KEYSET_OK);
	assert_int_equal(check_in(both, mint_token(rs, header, "{" CLAIMS ",\"at_hash\":7}"),
				 "token", &rules),
		KEYSET_BAD);
	keyset_unref(both);
	free(payload);
	free(of_ed);
}

/* Core 12.2: the refreshed token is about the same person. */
static void s27_subject_stays_the_same_after_a_refresh(void **state)
{
	struct id_token_rules refreshed = rules;

	(void)state;
	refreshed.nonce = NULL;
	refreshed.subject = "alice";
	assert_true(is_taken_by(CLAIMS, &refreshed));
	refreshed.subject = "bob";
	assert_false(is_taken_by(CLAIMS, &refreshed));
	refreshed.subject = "";
	assert_false(is_taken_by(CLAIMS, &refreshed));
}

static void id_token_waits_for_keys_that_are_not_known(void **state)
{
	struct keyset_issuer row = {.issuer = ISSUER};
	struct keyset *none = keyset_new(1, &row, 1), *empty = keyset_new(1, NULL, 0);

	(void)state;
	assert_int_equal(
		check_in(none, token_with("{\"alg\":\"RS256\"}", rs), "", &rules), KEYSET_NO_KEYS);
	assert_int_equal(
		check_in(empty, token_with("{\"alg\":\"RS256\"}", rs), "", &rules), KEYSET_NO_KEYS);
	keyset_unref(none);
	keyset_unref(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s21_valid_id_token_is_taken),
		cmocka_unit_test(s21_invalid_signature_is_refused),
		cmocka_unit_test(s19_unknown_key_is_told_apart),
		cmocka_unit_test(s21_nonce_is_the_sign_ins),
		cmocka_unit_test(s21_required_claims_are_required),
		cmocka_unit_test(s21_token_for_several_says_who_asked),
		cmocka_unit_test(s21_times_are_checked_with_a_minutes_grace),
		cmocka_unit_test(s21_absent_kid_needs_exactly_one_fitting_key),
		cmocka_unit_test(s13_unsigned_and_secret_signed_tokens_are_refused),
		cmocka_unit_test(s13_algorithm_must_be_one_the_provider_names),
		cmocka_unit_test(s15_critical_extensions_are_refused),
		cmocka_unit_test(s18_other_tokens_are_no_id_tokens),
		cmocka_unit_test(s21_at_hash_of_the_specification_is_taken),
		cmocka_unit_test(s21_at_hash_is_the_access_tokens),
		cmocka_unit_test(s27_subject_stays_the_same_after_a_refresh),
		cmocka_unit_test(id_token_waits_for_keys_that_are_not_known),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
