/* Claims that a provider really signed: whatever they are, what is taken keeps its promises. */
#include "base/text/b64url.h"
#include "auth/oidc/id_token.h"
#include "auth/oidc/logout_token.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1700000000, PAYLOAD_MAX = 4096 };
#define ISSUER "i"

static EVP_PKEY *key;
static struct keyset *set;

static void set_up(void)
{
	static const unsigned char seed[32] = "a key that everybody may know...";
	unsigned char public[32];
	size_t len = sizeof public;
	char x[64];
	struct keyset_issuer row = {.issuer = ISSUER};

	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
	EVP_PKEY_get_raw_public_key(key, public, &len);
	b64url_encode(public, len, x);
	char *text =
		mem_printf("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}]}", x);
	row.keys = jwks_from_json(str_of(text), NULL);
	set = keyset_new(1, &row, 1);
	jwks_unref(row.keys);
	free(text);
}

/* Gives the token of this header and payload. */
static char *sign(const char *header, struct str payload)
{
	unsigned char signature[64];
	size_t len = sizeof signature;
	char head[128], tail[128], *body = mem_alloc(payload.len * 4 / 3 + 3, 1);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	b64url_encode(header, strlen(header), head);
	b64url_encode(payload.at, payload.len, body);
	char *input = mem_printf("%s.%s", head, body);
	EVP_DigestSignInit(ctx, NULL, NULL, NULL, key);
	EVP_DigestSign(ctx, signature, &len, (unsigned char *)input, strlen(input));
	EVP_MD_CTX_free(ctx);
	b64url_encode(signature, len, tail);
	char *token = mem_printf("%s.%s", input, tail);
	free(input);
	free(body);
	return token;
}

static const char *text_of(const struct jwt_claims *claims, const char *name)
{
	const char *text = json_string_value(json_object_get(claims->json, name));

	return text ? text : "";
}

static void try_id_token(struct str token)
{
	const struct id_token_rules rules = {.issuer = ISSUER,
		.client_id = "c",
		.nonce = "n",
		.algorithms = 1u << EDDSA,
		.now = NOW};
	struct jwt_claims claims;
	enum keyset_verdict verdict =
		id_token_check(set, token, STR("access"), &rules, &claims, NULL);

	assert(verdict == KEYSET_OK || verdict == KEYSET_BAD);
	if (verdict != KEYSET_OK)
		return;
	assert(strcmp(text_of(&claims, "iss"), ISSUER) == 0);
	assert(strcmp(text_of(&claims, "nonce"), "n") == 0);
	assert(claims.subject.len > 0 && claims.expires_at > NOW - JWT_SKEW);
	assert(json_is_number(json_object_get(claims.json, "iat")));
	assert(json_object_get(claims.json, "events") == NULL);
	jwt_clear(&claims);
}

static void try_logout_token(struct str token)
{
	struct logout_token found;
	enum keyset_verdict verdict =
		logout_token_check(set, token, ISSUER, "c", 1u << EDDSA, NOW, &found, NULL);

	assert(verdict == KEYSET_OK || verdict == KEYSET_BAD);
	if (verdict != KEYSET_OK)
		return;
	assert(found.subject || found.sid);
	assert(found.replay_until > NOW &&
		found.replay_until <= NOW + JWT_SKEW + LOGOUT_TOKEN_SECONDS + 1);
	logout_token_clear(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str payload = {(const char *)data, size < PAYLOAD_MAX ? size : PAYLOAD_MAX};

	if (set == NULL)
		set_up();
	char *token = sign("{\"alg\":\"EdDSA\"}", payload);
	char *explicit_token = sign("{\"alg\":\"EdDSA\",\"typ\":\"logout+jwt\"}", payload);
	try_id_token(str_of(token));
	try_logout_token(str_of(token));
	try_logout_token(str_of(explicit_token));
	free(token);
	free(explicit_token);
	return 0;
}
