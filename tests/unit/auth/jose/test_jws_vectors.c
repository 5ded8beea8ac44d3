/* Project Wycheproof's vectors through jwk_from_json, jwk_verify and jws_verify (S13, S16). */
#include "base/text/b64url.h"
#include "auth/jose/jwks.h"
#include "base/mem.h"
#include "tests/support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct tally {
	int run, agreed;
	enum jose_alg alg;
	const char *key_name;
	struct jwk *key; /* of the current group, for files with one key a group */
	const json_t *group;
};

static const char *text_of(const json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name));
}

static int id_of(const json_t *test)
{
	return (int)json_integer_value(json_object_get(test, "tcId"));
}

/* "acceptable" is a verdict that Wycheproof leaves to us: we refuse. */
static bool is_valid(const json_t *test)
{
	return strcmp(text_of(test, "result"), "valid") == 0;
}

static void count(struct tally *tally, const json_t *test, bool accepted)
{
	tally->run++;
	if (accepted == is_valid(test))
		tally->agreed++;
	else
		print_message("tcId %d (%s): %s, we %s\n", id_of(test), text_of(test, "comment"),
			text_of(test, "result"), accepted ? "accept" : "refuse");
}

/* --- whole tokens
 * --------------------------------------------------------------------------------- */

static const struct {
	int tc_id;
	bool accepted;
} known_deviations[] = {
	{367, true}, {370, true},   /* byte-identical to the valid 357 */
	{372, false}, {373, false}, /* marked valid, but contain '?' */
	{346, false}, {350, false}, /* header PS384 on a PS256 key */
};

static bool expected(const json_t *test)
{
	for (size_t i = 0; i < ARRAY_LEN(known_deviations); i++) {
		if (known_deviations[i].tc_id == id_of(test))
			return known_deviations[i].accepted;
	}
	return is_valid(test);
}

/* 347 and 351 call the algorithm of a P-521 key ES521; nobody else does, so only this test does
 * too. */
static struct jwk *key_of(const json_t *json)
{
	json_t *copy = json_copy((json_t *)(uintptr_t)json);
	const char *alg = text_of(json, "alg"), *crv = text_of(json, "crv");

	if (alg && crv && strcmp(alg, "ES521") == 0 && strcmp(crv, "P-521") == 0)
		json_object_set_new(copy, "alg", json_string("ES512"));
	struct jwk *key = jwk_from_json(copy, NULL);
	json_decref(copy);
	return key;
}

static void check_token(const json_t *group, const json_t *test, void *arg)
{
	struct tally *tally = arg;
	const json_t *public = json_object_get(group, "public");
	struct jwk *key = key_of(public ? public : json_object_get(group, "private"));
	bool accepted = key && jws_verify(str_of(text_of(test, "jws")), key);

	jwk_unref(key);
	if (accepted != expected(test))
		fail_msg("tcId %d (%s): we %s", id_of(test), text_of(test, "comment"),
			accepted ? "accept" : "refuse");
	tally->run++;
	tally->agreed += accepted == is_valid(test);
}

static void jws_vectors_agree_but_for_the_pinned_ones(void **state)
{
	struct tally tally = {0};
	json_t *file = vectors_load("json_web_signature_test.json");

	(void)state;
	vectors_each(file, check_token, &tally);
	json_decref(file);
	assert_int_equal(tally.run, 401);
	assert_int_equal(tally.agreed, 395);
}

/* --- key sets
 * ------------------------------------------------------------------------------------- */

/* Secrets are no set that an issuer may publish (jwks_from_json refuses it), so these are looked up
 * here. */
static bool verify_with_secrets(const json_t *keys, struct str token)
{
	struct jws jws;
	const json_t *named = NULL;
	size_t found = 0;

	if (jws_parse(token, &jws, NULL) == -1)
		return false;
	for (size_t i = 0; i < json_array_size(keys); i++) {
		const json_t *key = json_array_get(keys, i);

		if (strcmp(text_of(key, "kty"), "oct") != 0)
			found += 2; /* secrets and public keys in one set: ambiguous */
		else if (strcmp(text_of(key, "kid"), jws.kid) == 0 && ++found)
			named = key;
	}
	jws_clear(&jws);
	struct jwk *key = found == 1 ? jwk_from_json(named, NULL) : NULL;
	bool good = key && jws_verify(token, key);
	jwk_unref(key);
	return good;
}

static bool verify_with_set(const json_t *document, struct str token)
{
	char *text = json_dumps(document, JSON_COMPACT);
	struct jwks *set = jwks_from_json(str_of(text), NULL);
	const struct jwk *key;
	struct jws jws;
	bool good = false;

	if (set && jws_parse(token, &jws, NULL) == 0) {
		good = jwks_find(set, &jws, &key) == JWKS_FOUND && jws_verify(token, key);
		jws_clear(&jws);
	}
	jwks_unref(set);
	free(text);
	return good;
}

static void check_key(const json_t *group, const json_t *test, void *arg)
{
	const json_t *public = json_object_get(group, "public");
	struct str token = str_of(text_of(test, "jws"));
	bool accepted;

	if (public)
		accepted = verify_with_set(public, token);
	else
		accepted = verify_with_secrets(
			json_object_get(json_object_get(group, "private"), "keys"), token);
	count(arg, test, accepted);
}

static void s16_json_web_key_vectors_agree(void **state)
{
	struct tally tally = {0};
	json_t *file = vectors_load("json_web_key_test.json");

	(void)state;
	vectors_each(file, check_key, &tally);
	json_decref(file);
	assert_int_equal(tally.run, 26);
	assert_int_equal(tally.agreed, 26);
}

/* --- primitives
 * ----------------------------------------------------------------------------------- */

static struct str unhex(const char *hex, char *out, size_t room)
{
	size_t len = strlen(hex) / 2;

	assert_true(len <= room);
	for (size_t i = 0; i < len; i++) {
		char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
		out[i] = (char)strtol(digits, NULL, 16);
	}
	return (struct str){out, len};
}

/* Some groups give their point in hexadecimal only. */
static struct jwk *group_key(const json_t *group, const char *name, struct err *err)
{
	const json_t *point = json_object_get(group, "publicKey");
	char x[64], y[64], x_text[90], y_text[90];

	if (json_object_get(group, name))
		return jwk_from_json(json_object_get(group, name), err);
	assert_int_equal(unhex(text_of(point, "wx"), x, sizeof x).len, 32);
	assert_int_equal(unhex(text_of(point, "wy"), y, sizeof y).len, 32);
	b64url_encode(x, 32, x_text);
	b64url_encode(y, 32, y_text);
	json_t *json = json_pack(
		"{s:s, s:s, s:s, s:s}", "kty", "EC", "crv", "P-256", "x", x_text, "y", y_text);
	struct jwk *key = jwk_from_json(json, err);
	json_decref(json);
	return key;
}

static void check_primitive(const json_t *group, const json_t *test, void *arg)
{
	static char message[65536], signature[65536];
	struct tally *tally = arg;

	if (group != tally->group) {
		struct err err;

		jwk_unref(tally->key);
		tally->key = group_key(group, tally->key_name, &err);
		tally->group = group;
		if (tally->key == NULL)
			fail_msg("key: %s", err.text);
	}
	struct str input = unhex(text_of(test, "msg"), message, sizeof message);
	struct str sig = unhex(text_of(test, "sig"), signature, sizeof signature);
	count(tally, test, jwk_verify(tally->key, tally->alg, input, sig));
}

static void check_file(const char *name, enum jose_alg alg, const char *key_name, int tests)
{
	struct tally tally = {.alg = alg, .key_name = key_name};
	json_t *file = vectors_load(name);

	vectors_each(file, check_primitive, &tally);
	jwk_unref(tally.key);
	json_decref(file);
	assert_int_equal(tally.run, tests);
	assert_int_equal(tally.agreed, tests);
}

static void es256_vectors_agree(void **state)
{
	(void)state;
	check_file("ecdsa_secp256r1_sha256_p1363_test.json", ES256, "publicKeyJwk", 262);
}

static void ed25519_vectors_agree(void **state)
{
	(void)state;
	check_file("ed25519_test.json", EDDSA, "publicKeyJwk", 151);
}

static void ps256_vectors_agree(void **state)
{
	(void)state;
	check_file("rsa_pss_2048_sha256_mgf1_32_test.json", PS256, "publicKeyJwk", 108);
}

static void rs256_vectors_agree(void **state)
{
	(void)state;
	check_file("rsa_signature_2048_sha256_test.json", RS256, "keyJwk", 259);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jws_vectors_agree_but_for_the_pinned_ones),
		cmocka_unit_test(s16_json_web_key_vectors_agree),
		cmocka_unit_test(es256_vectors_agree),
		cmocka_unit_test(ed25519_vectors_agree),
		cmocka_unit_test(ps256_vectors_agree),
		cmocka_unit_test(rs256_vectors_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
