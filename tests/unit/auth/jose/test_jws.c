#include "auth/jose/jws.h"

#include "base/text/b64url.h"
#include "base/mem.h"
#include "tests/support/mint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct fixture {
	struct mint_key *key;
	struct jwk *public;
};

static int setup(void **state)
{
	struct fixture *f = mem_alloc(1, sizeof *f);

	f->key = mint_key_new(ES256);
	f->public = mint_public(f->key, "one");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	jwk_unref(f->public);
	mint_key_free(f->key);
	free(f);
	return 0;
}

static bool accepts(const struct fixture *f, const char *header)
{
	char *token = mint_token(f->key, header, "{}");
	bool good = jws_verify(str_of(token), f->public);

	free(token);
	return good;
}

static bool accepts_text(const struct fixture *f, const char *token)
{
	return jws_verify(str_of(token), f->public);
}

static void parse_takes_a_token_apart(void **state)
{
	struct fixture *f = *state;
	char *token = mint_token(f->key,
		"{\"alg\":\"ES256\",\"kid\":\"one\",\"typ\":\"at+jwt\",\"jku\":\"http://x/\"}",
		"hello");
	struct jws jws;

	assert_int_equal(jws_parse(str_of(token), &jws, NULL), 0);
	assert_int_equal(jws.alg, ES256);
	assert_string_equal(jws.kid, "one");
	assert_string_equal(jws.typ, "at+jwt");
	assert_string_equal(jws.payload, "hello");
	assert_int_equal(jws.payload_len, 5);
	assert_int_equal(jws.signature_len, 64);
	assert_int_equal(jws.signing_input.len, strrchr(token, '.') - token);
	jws_clear(&jws);
	free(token);
}

static void s13_algorithm_is_byte_exact_and_never_none(void **state)
{
	static const char *const bad[] = {"{}", "{\"alg\":\"none\"}", "{\"alg\":\"None\"}",
		"{\"alg\":\"es256\"}", "{\"alg\":\"ES256 \"}", "{\"alg\":[\"ES256\"]}",
		"{\"alg\":1}", "{\"alg\":null}", "{\"Alg\":\"ES256\"}", "{\"alg\":\"ES384\"}",
		"{\"alg\":\"HS256\"}", "{\"alg\":\"RS256\"}"};

	assert_true(accepts(*state, "{\"alg\":\"ES256\"}"));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (accepts(*state, bad[i]))
			fail_msg("taken: %s", bad[i]);
	}
}

static void s13_unsigned_token_is_refused(void **state)
{
	/* {"alg":"none"}.{}. and {"alg":"ES256"}.{}. */
	assert_false(accepts_text(*state, "eyJhbGciOiJub25lIn0.e30."));
	assert_false(accepts_text(*state, "eyJhbGciOiJFUzI1NiJ9.e30."));
}

static void s13_public_key_as_hmac_secret_is_refused(void **state)
{
	struct mint_key *rsa = mint_key_new(RS256);
	struct jwk *public = mint_public(rsa, "r");
	char *pem = mint_pem(rsa);
	struct mint_key *forger = mint_key_of_secret(HS256, pem, strlen(pem));
	char *token = mint_token(forger, "{\"alg\":\"HS256\",\"kid\":\"r\"}", "{}");

	(void)state;
	assert_false(jws_verify(str_of(token), public));
	free(token);
	free(pem);
	mint_key_free(forger);
	jwk_unref(public);
	mint_key_free(rsa);
}

static void s14_flipped_last_bits_are_refused(void **state)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	struct fixture *f = *state;
	char *token = mint_token(f->key, "{\"alg\":\"ES256\"}", "{}");
	char *last = token + strlen(token) - 1, good = *last;

	for (const char *c = alphabet; *c; c++) {
		*last = *c;
		assert_int_equal(accepts_text(f, token), *c == good);
	}
	free(token);
}

static void s14_suffixes_are_refused(void **state)
{
	static const char *const suffixes[] = {"=", "==", ".", "!", "\n", " ", "A", ".."};
	struct fixture *f = *state;
	char *token = mint_token(f->key, "{\"alg\":\"ES256\"}", "{}");

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		char *longer = mem_printf("%s%s", token, suffixes[i]);
		char *prefixed = mem_printf("%s%s", suffixes[i], token);

		assert_false(accepts_text(f, longer));
		assert_false(accepts_text(f, prefixed));
		free(longer);
		free(prefixed);
	}
	free(token);
}

static void s15_critical_and_shaping_headers_are_refused(void **state)
{
	static const char *const bad[] = {"{\"alg\":\"ES256\",\"crit\":[\"x\"],\"x\":1}",
		"{\"alg\":\"ES256\",\"crit\":[]}", "{\"alg\":\"ES256\",\"b64\":false}",
		"{\"alg\":\"ES256\",\"b64\":true}", "{\"alg\":\"ES256\",\"zip\":\"DEF\"}"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(accepts(*state, bad[i]));
}

static void s15_key_in_the_header_is_ignored(void **state)
{
	struct fixture *f = *state;
	struct mint_key *forger = mint_key_new(ES256);
	char *jwk = mint_jwk(forger, "one", NULL);
	char *header = mem_printf("{\"alg\":\"ES256\",\"jwk\":%s,\"x5c\":[\"AA\"]}", jwk);
	char *token = mint_token(forger, header, "{}");

	assert_false(accepts_text(f, token));
	assert_true(accepts(f, header));
	free(token);
	free(header);
	free(jwk);
	mint_key_free(forger);
}

static void s15_encrypted_token_is_refused(void **state)
{
	assert_false(
		accepts_text(*state, "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkExMjhHQ00ifQ.AA.AA.AA.AA"));
	assert_false(accepts_text(*state, "eyJhbGciOiJFUzI1NiJ9.e30"));
	assert_false(accepts_text(*state, "eyJhbGciOiJFUzI1NiJ9"));
	assert_false(accepts_text(*state, ""));
	assert_false(accepts_text(*state, ".."));
}

static void s17_odd_headers_are_refused(void **state)
{
	static const char *const bad[] = {"", "null", "[]", "\"ES256\"", "{\"alg\":\"ES256\"",
		"{\"alg\":\"ES256\"}x", "{\"alg\":\"ES256\",\"alg\":\"ES256\"}",
		"{\"alg\":\"ES256\",\"kid\":\"\\u0000\"}", "{\"alg\":\"ES256\",\"kid\":7}",
		"{\"alg\":\"ES256\",\"typ\":{}}", "{\"alg\":\"ES256\",\"x\":1e400}",
		"{\"alg\":\"ES256\",\"x\":\"\xff\"}"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (accepts(*state, bad[i]))
			fail_msg("taken: %s", bad[i]);
	}
}

static void s4_tokens_over_8_kib_are_refused(void **state)
{
	struct fixture *f = *state;
	char *filler = mem_alloc(JWS_MAX, 1), *payload, *token;

	memset(filler, 'a', JWS_MAX - 1);
	payload = mem_printf("{\"x\":\"%s\"}", filler);
	token = mint_token(f->key, "{\"alg\":\"ES256\"}", payload);
	assert_false(accepts_text(f, token));
	free(token);
	payload[JWS_MAX / 4 * 3 - 150] = '\0';
	token = mint_token(f->key, "{\"alg\":\"ES256\"}", payload);
	assert_true(accepts_text(f, token));
	free(token);
	free(payload);
	free(filler);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_takes_a_token_apart),
		cmocka_unit_test(s13_algorithm_is_byte_exact_and_never_none),
		cmocka_unit_test(s13_unsigned_token_is_refused),
		cmocka_unit_test(s13_public_key_as_hmac_secret_is_refused),
		cmocka_unit_test(s14_flipped_last_bits_are_refused),
		cmocka_unit_test(s14_suffixes_are_refused),
		cmocka_unit_test(s15_critical_and_shaping_headers_are_refused),
		cmocka_unit_test(s15_key_in_the_header_is_ignored),
		cmocka_unit_test(s15_encrypted_token_is_refused),
		cmocka_unit_test(s17_odd_headers_are_refused),
		cmocka_unit_test(s4_tokens_over_8_kib_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
