#include "auth/jose/jwk.h"

#include "base/text/b64url.h"
#include "base/mem.h"
#include "tests/support/mint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define P256_X "KSexBRK64-3c_kZ4KBKLrSkDJpkZ9whgacjE32xzKDg"
#define P256_Y "x3h5ZOqsAOWSH7FJimD0YGdms9loUAFVjRqXTnNBUT4"
#define EC(more)                                                                                   \
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"" more "}"

static struct jwk *load(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);
	struct err err = {""};
	struct jwk *key = jwk_from_json(json, &err);

	assert_true(key || err.text[0]);
	json_decref(json);
	return key;
}

static void assert_refused(const char *text)
{
	struct jwk *key = load(text);

	if (key)
		fail_msg("taken: %s", text);
}

static void s13_algorithm_names_are_byte_exact(void **state)
{
	static const char *const wrong[] = {
		"rs256", "RS256 ", "Rs256", "none", "None", "", "RS25", "HS1", "EDDSA"};

	(void)state;
	assert_int_equal(jose_alg_from(STR("RS256")), RS256);
	assert_int_equal(jose_alg_from(STR("EdDSA")), EDDSA);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(jose_alg_from(str_of(wrong[i])), JOSE_NONE);
}

static void key_fits_only_its_algorithms(void **state)
{
	struct jwk *key = load(EC(",\"kid\":\"one\""));

	(void)state;
	assert_string_equal(jwk_kid(key), "one");
	for (int alg = JOSE_NONE; alg < JOSE_ALG_COUNT; alg++)
		assert_int_equal(jwk_fits(key, (enum jose_alg)alg), alg == ES256);
	jwk_unref(key);
	key = load(EC(""));
	assert_null(jwk_kid(key));
	jwk_unref(key);
}

static void s13_key_with_alg_fits_only_that(void **state)
{
	struct mint_key *rsa = mint_key_new(RS256);
	char *text = mint_jwk(rsa, "r", NULL), *bound = mint_jwk(rsa, "r", "\"alg\":\"PS256\"");
	struct jwk *key = load(text);

	(void)state;
	assert_true(jwk_fits(key, RS256) && jwk_fits(key, RS512) && jwk_fits(key, PS384));
	assert_false(jwk_fits(key, HS256) || jwk_fits(key, ES256) || jwk_fits(key, JOSE_NONE));
	jwk_unref(key);
	key = load(bound);
	assert_true(jwk_fits(key, PS256));
	assert_false(jwk_fits(key, RS256) || jwk_fits(key, PS384));
	jwk_unref(key);
	free(text);
	free(bound);
	mint_key_free(rsa);
}

static void s16_keys_for_another_purpose_are_refused(void **state)
{
	(void)state;
	assert_refused(EC(",\"use\":\"enc\""));
	assert_refused(EC(",\"use\":7"));
	assert_refused(EC(",\"key_ops\":[\"encrypt\"]"));
	assert_refused(EC(",\"key_ops\":[]"));
	assert_refused(EC(",\"key_ops\":\"verify\""));
	assert_refused(EC(",\"alg\":\"ES384\""));
	assert_refused(EC(",\"alg\":\"RS256\""));
	assert_refused(EC(",\"alg\":\"none\""));
	assert_refused(EC(",\"alg\":null"));
	assert_refused(EC(",\"kid\":3"));
	assert_refused(EC(",\"d\":\"AA\""));
}

static void s16_points_off_the_curve_are_refused(void **state)
{
	(void)state;
	assert_refused(
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_X "\"}");
	assert_refused(
		"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}");
	assert_refused(
		"{\"kty\":\"EC\",\"crv\":\"p-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}");
	assert_refused("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\"}");
	assert_refused("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}");
	assert_refused(
		"{\"kty\":\"RSA\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}");
	assert_refused("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}");
	assert_refused("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" P256_X "\"}");
	assert_refused("{\"kty\":\"ec\"}");
	assert_refused("{}");
	assert_refused("[]");
	assert_refused("\"key\"");
}

static void assert_rsa_refused(const unsigned char *n, size_t n_len, const char *e)
{
	char n_text[1500];
	char *text;

	b64url_encode(n, n_len, n_text);
	text = mem_printf("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}", n_text, e);
	assert_refused(text);
	free(text);
}

static void s16_weak_rsa_keys_are_refused(void **state)
{
	unsigned char n[1025];

	(void)state;
	memset(n, 0xff, sizeof n);
	assert_rsa_refused(n, 255, "AQAB");  /* 2040 bits */
	assert_rsa_refused(n, 1025, "AQAB"); /* 8200 bits: a day of work for one request */
	assert_rsa_refused(n, 256, "AQ");    /* e = 1 */
	assert_rsa_refused(n, 256, "Ag");    /* e = 2 */
	assert_rsa_refused(n, 256, "AA");
	assert_rsa_refused(n, 256, "");
	assert_rsa_refused(n, 256, "AQAAAAAAAAAB"); /* e of 65 bits */
	n[255] = 0xfe;
	assert_rsa_refused(n, 256, "AQAB"); /* even */
}

static void s16_short_secrets_are_refused(void **state)
{
	struct jwk *key;

	(void)state;
	assert_refused("{\"kty\":\"oct\",\"k\":\"\"}");
	assert_refused("{\"kty\":\"oct\"}");
	assert_refused("{\"kty\":\"oct\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg\"}");
	assert_refused("{\"kty\":\"oct\",\"alg\":\"HS384\",\"k\":"
		       "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}");
	key = load("{\"kty\":\"oct\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}");
	assert_true(jwk_fits(key, HS256));
	assert_false(jwk_fits(key, HS384) || jwk_fits(key, RS256));
	jwk_unref(key);
}

static void each_algorithm_verifies_what_it_signed_and_nothing_else(void **state)
{
	static const enum jose_alg algs[] = {
		RS256, RS384, RS512, PS256, PS384, PS512, ES256, EDDSA};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(algs); i++) {
		struct mint_key *key = mint_key_new(algs[i]);
		struct jwk *public = mint_public(key, "k");
		char *token = mint_token(key, "{}", "{}");
		struct str text = str_of(token);
		ptrdiff_t dot = str_find_byte(str_from(text, 4), '.') + 4;
		struct str input = {token, (size_t)dot};
		unsigned char sig[512];
		long len = b64url_decode(str_from(text, (size_t)dot + 1), sig, sizeof sig);
		struct str signature = {(char *)sig, (size_t)len};

		assert_true(jwk_verify(public, algs[i], input, signature));
		assert_false(jwk_verify(public, algs[i], text, signature));
		assert_false(jwk_verify(public, algs[i], input, str_from(signature, 1)));
		assert_false(jwk_verify(public, algs[i], input, STR("")));
		assert_false(jwk_verify(public, HS256, input, signature));
		assert_false(jwk_verify(public, JOSE_NONE, input, STR("")));
		sig[len / 2] ^= 1;
		assert_false(jwk_verify(public, algs[i], input, signature));
		free(token);
		jwk_unref(public);
		mint_key_free(key);
	}
}

/* One in 256 begins with a zero, which is no part of the number. */
static void s14_rsa_signature_without_its_leading_zero_is_refused(void **state)
{
	static const enum jose_alg algs[] = {RS256, PS256};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(algs); i++) {
		struct mint_key *key = mint_key_new(algs[i]);
		struct jwk *public = mint_public(key, "k");
		unsigned char sig[512] = {1};
		struct str input = {NULL, 0}, signature = {(char *)sig, 0};
		char *token = NULL, claims[32];

		for (int n = 0; sig[0] != 0; n++) {
			free(token);
			snprintf(claims, sizeof claims, "{\"n\":%d}", n);
			token = mint_token(key, "{}", claims);
			input = str_of(token);
			while (input.at[input.len - 1] != '.')
				input.len--;
			signature.len =
				(size_t)b64url_decode(str_of(token + input.len), sig, sizeof sig);
			input.len--;
		}
		assert_true(jwk_verify(public, algs[i], input, signature));
		assert_false(jwk_verify(public, algs[i], input, str_from(signature, 1)));
		free(token);
		jwk_unref(public);
		mint_key_free(key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s13_algorithm_names_are_byte_exact),
		cmocka_unit_test(key_fits_only_its_algorithms),
		cmocka_unit_test(s13_key_with_alg_fits_only_that),
		cmocka_unit_test(s16_keys_for_another_purpose_are_refused),
		cmocka_unit_test(s16_points_off_the_curve_are_refused),
		cmocka_unit_test(s16_weak_rsa_keys_are_refused),
		cmocka_unit_test(s16_short_secrets_are_refused),
		cmocka_unit_test(s14_rsa_signature_without_its_leading_zero_is_refused),
		cmocka_unit_test(each_algorithm_verifies_what_it_signed_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
