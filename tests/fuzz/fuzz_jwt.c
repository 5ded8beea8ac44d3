/* Tokens: an input that starts with "{" is claims, any other is a compact token after its first
 * byte. */
#include "base/text/b64url.h"
#include "auth/jose/keyset.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_same(struct str text, const void *bytes, size_t len)
{
	char *again = mem_alloc(len * 4 / 3 + 3, 1);

	b64url_encode(bytes, len, again);
	assert(str_eq(text, str_of(again)));
	free(again);
}

/* What is taken has one spelling only (S14): encoding it again gives the same token. */
static void try_token(struct str token)
{
	struct str rest = token, part;
	struct jws jws;

	if (jws_parse(token, &jws, NULL) == -1)
		return;
	assert(token.len <= JWS_MAX && jws.alg != JOSE_NONE);
	bool is_there = str_next(&rest, '.', &part) && str_next(&rest, '.', &part);
	assert(is_there);
	(void)is_there;
	assert_same(part, jws.payload, jws.payload_len);
	assert_same(rest, jws.signature, jws.signature_len);
	jws_clear(&jws);
}

/* Nobody signs by chance. */
static void try_verify(struct str token)
{
	static struct keyset *set;
	struct jwt_claims claims;

	if (set == NULL) {
		struct jwks *keys = jwks_from_json(
			STR("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
			    "\"x\":\"KSexBRK64-3c_kZ4KBKLrSkDJpkZ9whgacjE32xzKDg\","
			    "\"y\":\"x3h5ZOqsAOWSH7FJimD0YGdms9loUAFVjRqXTnNBUT4\"}]}"),
			NULL);
		struct keyset_issuer issuer = {.issuer = "i",
			.algorithms = 1u << ES256,
			.keys = keys,
			.is_for_bearer = true};

		set = keyset_new(1, &issuer, 1);
		jwks_unref(keys);
	}
	enum keyset_verdict verdict = keyset_verify(set, token, 1700000000, &claims, NULL, NULL);
	assert(verdict != KEYSET_OK);
	(void)verdict;
}

static void try_claims(struct str payload)
{
	static const char *const audiences[] = {"spark"};
	struct jwt_rules rules = {
		.issuer = "i",
		.audiences = audiences,
		.audiences_count = 1,
		.now = 1700000000,
		.skew = 60,
	};
	struct jws jws = {.payload = mem_strndup(payload.at, payload.len)};
	struct jwt_claims claims;
	char issuer[512];

	jws.payload_len = strlen(jws.payload);
	jwt_peek_issuer(&jws, issuer);
	if (jwt_check(&jws, &rules, &claims, NULL) == 0) {
		assert(strcmp(issuer, "i") == 0);
		assert(claims.subject.len > 0 && claims.expires_at > rules.now - rules.skew);
		jwt_clear(&claims);
	}
	jws_clear(&jws);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct str rest = {(const char *)data + 1, size - 1};

	if (data[0] == '{') {
		try_claims((struct str){(const char *)data, size});
		return 0;
	}
	try_token(rest);
	try_verify(rest);
	return 0;
}
