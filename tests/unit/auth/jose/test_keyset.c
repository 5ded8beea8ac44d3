#include "auth/jose/keyset.h"

#include "base/mem.h"
#include "tests/support/mint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ISSUER "https://idp.example/x"
enum { NOW = 1700000000 };

static struct mint_key *es, *rs, *other_es;

static int make_keys(void **state)
{
	(void)state;
	es = mint_key_new(ES256);
	other_es = mint_key_new(ES256);
	rs = mint_key_new(RS256);
	return 0;
}

static int drop_keys(void **state)
{
	(void)state;
	mint_key_free(es);
	mint_key_free(other_es);
	mint_key_free(rs);
	return 0;
}

/* A set of one issuer whose JWKS is this text; NULL: not fetched. */
static struct keyset *make_set(const char *jwks_text)
{
	static const char *const audiences[] = {"spark"};
	struct jwks *keys = jwks_text ? jwks_from_json(str_of(jwks_text), NULL) : NULL;
	struct keyset_issuer issuer = {
		.issuer = ISSUER,
		.audiences = audiences,
		.audiences_count = 1,
		.algorithms = keyset_algorithm_bit(STR("ES256")) |
			      keyset_algorithm_bit(STR("RS256")) |
			      keyset_algorithm_bit(STR("HS256")),
		.keys = keys,
		.is_for_bearer = true,
	};
	struct keyset *set = keyset_new(7, &issuer, 1);

	jwks_unref(keys);
	return set;
}

static char *two_keys(void)
{
	char *one = mint_jwk(es, "e", NULL), *two = mint_jwk(rs, "r", NULL);
	char *text = mem_printf("{\"keys\":[%s,%s]}", one, two);

	free(one);
	free(two);
	return text;
}

static enum keyset_verdict verify(const struct keyset *set, char *token)
{
	struct jwt_claims claims;
	struct err err = {""};
	enum keyset_verdict verdict = keyset_verify(set, str_of(token), NOW, &claims, NULL, &err);

	assert_true(verdict == KEYSET_OK || err.text[0]);
	assert_true(verdict != KEYSET_OK || claims.json);
	jwt_clear(&claims);
	free(token);
	return verdict;
}

static char *token_of(const struct mint_key *key, const char *kid)
{
	return mint_access_token(key, kid, ISSUER, "spark", NOW, NULL);
}

static void good_tokens_of_each_key_are_taken(void **state)
{
	char *text = two_keys();
	struct keyset *set = make_set(text);

	(void)state;
	assert_int_equal(verify(set, token_of(es, "e")), KEYSET_OK);
	assert_int_equal(verify(set, token_of(rs, "r")), KEYSET_OK);
	assert_int_equal(keyset_generation(set), 7);
	assert_non_null(keyset_find(set, ISSUER));
	assert_null(keyset_find(set, "https://idp.example/"));
	keyset_unref(set);
	free(text);
}

static void s19_unknown_kid_is_told_apart(void **state)
{
	char *text = two_keys();
	struct keyset *set = make_set(text), *none = make_set(NULL);

	(void)state;
	assert_int_equal(verify(set, token_of(es, "new")), KEYSET_UNKNOWN_KEY);
	assert_int_equal(verify(set, token_of(other_es, "e")), KEYSET_BAD);
	assert_int_equal(verify(none, token_of(es, "e")), KEYSET_NO_KEYS);
	keyset_unref(set);
	keyset_unref(none);
	free(text);
}

static void s13_kid_of_another_type_is_bad(void **state)
{
	char *text = two_keys();
	struct keyset *set = make_set(text);

	(void)state;
	assert_int_equal(verify(set, token_of(es, "r")), KEYSET_BAD);
	assert_int_equal(verify(set, token_of(rs, "e")), KEYSET_BAD);
	keyset_unref(set);
	free(text);
}

static void s13_algorithms_not_configured_are_bad(void **state)
{
	char *text = two_keys(), *pem = mint_pem(rs);
	struct keyset *set = make_set(text);
	struct mint_key *forger = mint_key_of_secret(HS256, pem, strlen(pem));
	char *ps = mint_token(rs, "{\"alg\":\"PS256\",\"kid\":\"r\"}",
		"{\"iss\":\"" ISSUER "\",\"sub\":\"a\",\"aud\":\"spark\",\"exp\":1800000000}");

	(void)state;
	assert_int_equal(verify(set, ps), KEYSET_BAD);
	/* HS256 was even configured: a key set never leads there. */
	assert_int_equal(verify(set, token_of(forger, "r")), KEYSET_BAD);
	assert_int_equal(
		keyset_find(set, ISSUER)->algorithms & keyset_algorithm_bit(STR("HS256")), 0);
	mint_key_free(forger);
	keyset_unref(set);
	free(pem);
	free(text);
}

static void s13_secret_in_a_published_set_refuses_it(void **state)
{
	(void)state;
	char *jwk = mint_jwk(es, "e", NULL);
	char *text = mem_printf("{\"keys\":[%s,{\"kty\":\"oct\",\"kid\":\"s\",\"k\":"
				"\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}]}",
		jwk);

	assert_null(jwks_from_json(str_of(text), NULL));
	free(text);
	free(jwk);
}

static void s16_repeated_kid_takes_both_keys_out(void **state)
{
	char *one = mint_jwk(es, "e", NULL), *two = mint_jwk(other_es, "e", NULL);
	char *three = mint_jwk(rs, "r", NULL);
	char *text = mem_printf("{\"keys\":[%s,%s,%s]}", one, two, three);
	struct keyset *set = make_set(text);

	(void)state;
	assert_int_equal(verify(set, token_of(es, "e")), KEYSET_UNKNOWN_KEY);
	assert_int_equal(verify(set, token_of(other_es, "e")), KEYSET_UNKNOWN_KEY);
	assert_int_equal(verify(set, token_of(rs, "r")), KEYSET_OK);
	keyset_unref(set);
	free(text);
	free(one);
	free(two);
	free(three);
}

static char *token_without_kid(const struct mint_key *key, const char *alg)
{
	char *header = mem_printf("{\"alg\":\"%s\"}", alg);
	char *token = mint_token(key, header,
		"{\"iss\":\"" ISSUER "\",\"sub\":\"a\",\"aud\":\"spark\",\"exp\":1800000000}");

	free(header);
	return token;
}

static void token_without_kid_needs_exactly_one_fitting_key(void **state)
{
	char *text = two_keys(), *one = mint_jwk(es, "e", NULL),
	     *two = mint_jwk(other_es, "f", NULL);
	char *both = mem_printf("{\"keys\":[%s,%s]}", one, two);
	struct keyset *set = make_set(text), *ambiguous = make_set(both);

	(void)state;
	assert_int_equal(verify(set, token_without_kid(es, "ES256")), KEYSET_OK);
	assert_int_equal(verify(set, token_without_kid(rs, "RS256")), KEYSET_OK);
	assert_int_equal(verify(ambiguous, token_without_kid(es, "ES256")), KEYSET_BAD);
	assert_int_equal(verify(ambiguous, token_without_kid(rs, "RS256")), KEYSET_UNKNOWN_KEY);
	keyset_unref(set);
	keyset_unref(ambiguous);
	free(text);
	free(both);
	free(one);
	free(two);
}

static void s41_tokens_for_others_are_bad(void **state)
{
	char *text = two_keys();
	struct keyset *set = make_set(text);

	(void)state;
	assert_int_equal(
		verify(set, mint_access_token(es, "e", ISSUER, "other", NOW, NULL)), KEYSET_BAD);
	assert_int_equal(verify(set, mint_access_token(es, "e", ISSUER "/", "spark", NOW, NULL)),
		KEYSET_BAD);
	assert_int_equal(
		verify(set, mint_access_token(es, "e", "", "spark", NOW, NULL)), KEYSET_BAD);
	assert_int_equal(verify(set, mint_access_token(es, "e", ISSUER, "spark", NOW - 2000, NULL)),
		KEYSET_BAD);
	assert_int_equal(
		verify(set, mint_access_token(es, "e", ISSUER, "spark", NOW, "\"nonce\":\"n\"")),
		KEYSET_BAD);
	assert_int_equal(verify(set, mem_strdup("")), KEYSET_BAD);
	assert_int_equal(verify(set, mem_strdup("a.b.c")), KEYSET_BAD);
	keyset_unref(set);
	free(text);
}

static void own_issuer_takes_access_tokens_only_and_without_skew(void **state)
{
	static const char *const audiences[] = {"spark"};
	struct jwk *key = mint_public(es, "e");
	struct jwks *keys = jwks_of_key(key);
	struct keyset_issuer own = {
		.issuer = ISSUER,
		.audiences = audiences,
		.audiences_count = 1,
		.algorithms = keyset_algorithm_bit(STR("ES256")),
		.keys = keys,
		.is_own = true,
		.is_for_bearer = true,
	};
	struct keyset *set = keyset_new(1, &own, 1);

	(void)state;
	assert_int_equal(verify(set, token_of(es, "e")), KEYSET_BAD);
	assert_int_equal(
		verify(set, mint_token(es, "{\"alg\":\"ES256\",\"kid\":\"e\",\"typ\":\"at+jwt\"}",
				    "{\"iss\":\"" ISSUER
				    "\",\"sub\":\"a\",\"aud\":\"spark\",\"exp\":1700000001}")),
		KEYSET_OK);
	assert_int_equal(
		verify(set, mint_token(es, "{\"alg\":\"ES256\",\"kid\":\"e\",\"typ\":\"at+jwt\"}",
				    "{\"iss\":\"" ISSUER
				    "\",\"sub\":\"a\",\"aud\":\"spark\",\"exp\":1700000000}")),
		KEYSET_BAD);
	assert_int_equal(verify(set, token_of(es, "elsewhere")), KEYSET_BAD);
	keyset_unref(set);
	jwks_unref(keys);
	jwk_unref(key);
}

static struct keyset *set_not_for_bearer(const char *jwks_text)
{
	struct jwks *keys = jwks_from_json(str_of(jwks_text), NULL);
	struct keyset_issuer issuer = {
		.issuer = ISSUER, .algorithms = 1u << ES256 | 1u << RS256, .keys = keys};
	struct keyset *set = keyset_new(1, &issuer, 1);

	jwks_unref(keys);
	return set;
}

/* Every token of the provider is signed with good keys: not one of them is an access token. */
static void s18_s41_provider_that_is_no_bearer_issuer_opens_nothing(void **state)
{
	char *text = two_keys(), *token = token_of(es, "e");
	struct keyset *set = set_not_for_bearer(text);
	struct jws jws;

	(void)state;
	assert_int_equal(verify(set, token_of(es, "e")), KEYSET_BAD);
	assert_int_equal(verify(set, token_of(es, "new")), KEYSET_BAD);
	assert_int_equal(
		keyset_verify_signature(set, ISSUER, 1u << ES256, str_of(token), &jws, NULL),
		KEYSET_OK);
	assert_string_equal(jws.kid, "e");
	jws_clear(&jws);
	keyset_unref(set);
	free(token);
	free(text);
}

/* Takes `token`; gives the verdict on its signature alone. */
static enum keyset_verdict verify_signature(
	const struct keyset *set, const char *issuer, uint32_t algorithms, char *token)
{
	struct jws jws;
	struct err err = {""};
	enum keyset_verdict verdict =
		keyset_verify_signature(set, issuer, algorithms, str_of(token), &jws, &err);

	assert_true((verdict == KEYSET_OK) == (err.text[0] == '\0'));
	assert_true((verdict == KEYSET_OK) == (jws.payload != NULL));
	jws_clear(&jws);
	free(token);
	return verdict;
}

static void s13_signature_is_of_the_callers_algorithms(void **state)
{
	const uint32_t es256 = 1u << ES256, hs256 = 1u << HS256;
	char *text = two_keys(), *pem = mint_pem(rs);
	struct keyset *set = set_not_for_bearer(text), *none = make_set(NULL);
	struct mint_key *forger = mint_key_of_secret(HS256, pem, strlen(pem));

	(void)state;
	assert_int_equal(verify_signature(set, ISSUER, es256, token_of(es, "e")), KEYSET_OK);
	assert_int_equal(verify_signature(set, ISSUER, es256, token_of(rs, "r")), KEYSET_BAD);
	assert_int_equal(verify_signature(set, ISSUER, es256, token_of(other_es, "e")), KEYSET_BAD);
	assert_int_equal(verify_signature(set, ISSUER, hs256, token_of(forger, "r")), KEYSET_BAD);
	assert_int_equal(
		verify_signature(set, ISSUER, es256, token_of(es, "new")), KEYSET_UNKNOWN_KEY);
	assert_int_equal(verify_signature(none, ISSUER, es256, token_of(es, "e")), KEYSET_NO_KEYS);
	assert_int_equal(verify_signature(set, "https://x.example", es256, token_of(es, "e")),
		KEYSET_NO_KEYS);
	assert_int_equal(verify_signature(set, ISSUER, es256, mem_strdup("a.b.c")), KEYSET_BAD);
	mint_key_free(forger);
	keyset_unref(set);
	keyset_unref(none);
	free(pem);
	free(text);
}

static void s19_unusable_keys_are_skipped(void **state)
{
	char *jwk = mint_jwk(es, "e", NULL);
	char *text = mem_printf("{\"keys\":[{\"kty\":\"XX\"},7,null,{\"kty\":\"RSA\",\"n\":\"AA\"},"
				"{\"kty\":\"EC\",\"use\":\"enc\"},%s]}",
		jwk);
	struct jwks *set = jwks_from_json(str_of(text), NULL);

	(void)state;
	assert_int_equal(jwks_count(set), 1);
	jwks_unref(set);
	free(text);
	free(jwk);
}

static void s19_documents_that_are_no_key_set_are_refused(void **state)
{
	static const char *const bad[] = {"", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[]}",
		"{\"keys\":[7]}", "{\"keys\":[],\"keys\":[]}", "<html>"};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_null(jwks_from_json(str_of(bad[i]), &err));
}

static void s19_sets_over_100_keys_or_1_mib_are_refused(void **state)
{
	char *jwk = mint_jwk(es, "e", NULL), *text = mem_alloc(JWKS_MAX_BYTES + 10, 1);
	size_t len = 0;

	(void)state;
	len += (size_t)snprintf(text + len, 4096, "{\"keys\":[%s", jwk);
	for (int i = 0; i < JWKS_MAX_KEYS - 1; i++)
		len += (size_t)snprintf(text + len, 4096, ",7");
	memcpy(text + len, "]}", 3);
	struct jwks *set = jwks_from_json(str_of(text), NULL);
	assert_int_equal(jwks_count(set), 1);
	jwks_unref(set);
	memcpy(text + len, ",7]}", 5);
	assert_null(jwks_from_json(str_of(text), NULL));
	memcpy(text + len, "]}", 2);
	memset(text + len + 2, ' ', JWKS_MAX_BYTES - len - 2 + 1);
	assert_null(jwks_from_json((struct str){text, JWKS_MAX_BYTES + 1}, NULL));
	set = jwks_from_json((struct str){text, JWKS_MAX_BYTES}, NULL);
	assert_int_equal(jwks_count(set), 1);
	jwks_unref(set);
	free(text);
	free(jwk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_tokens_of_each_key_are_taken),
		cmocka_unit_test(s19_unknown_kid_is_told_apart),
		cmocka_unit_test(s13_kid_of_another_type_is_bad),
		cmocka_unit_test(s13_algorithms_not_configured_are_bad),
		cmocka_unit_test(s13_secret_in_a_published_set_refuses_it),
		cmocka_unit_test(s16_repeated_kid_takes_both_keys_out),
		cmocka_unit_test(token_without_kid_needs_exactly_one_fitting_key),
		cmocka_unit_test(s41_tokens_for_others_are_bad),
		cmocka_unit_test(own_issuer_takes_access_tokens_only_and_without_skew),
		cmocka_unit_test(s18_s41_provider_that_is_no_bearer_issuer_opens_nothing),
		cmocka_unit_test(s13_signature_is_of_the_callers_algorithms),
		cmocka_unit_test(s19_unusable_keys_are_skipped),
		cmocka_unit_test(s19_documents_that_are_no_key_set_are_refused),
		cmocka_unit_test(s19_sets_over_100_keys_or_1_mib_are_refused),
	};

	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
