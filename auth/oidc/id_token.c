#include "auth/oidc/id_token.h"

#include "base/text/b64url.h"
#include "base/text/json_value.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

static bool is_claim_text(const json_t *member, const char *wanted)
{
	struct str text = json_value_str(member), other = str_of(wanted);

	return text.at && text.len == other.len && CRYPTO_memcmp(text.at, other.at, text.len) == 0;
}

/* A token for several clients says which of them asked for it. */
static int check_authorized_party(const json_t *claims, const char *client_id, struct err *err)
{
	const json_t *azp = json_object_get(claims, "azp");
	bool is_shared = json_array_size(json_object_get(claims, "aud")) > 1;

	if (azp == NULL && !is_shared)
		return 0;
	if (!is_claim_text(azp, client_id))
		return err_set(err, "the ID token was made for another client");
	return 0;
}

/* The hash function of the token's own signature; of Ed25519 it is SHA-512. */
static const char *hash_of(enum jose_alg alg)
{
	switch (alg) {
	case RS384:
	case PS384:
	case ES384:
		return "SHA384";
	case RS512:
	case PS512:
	case ES512:
	case EDDSA:
		return "SHA512";
	default:
		return "SHA256";
	}
}

/* S21: an access token of somebody else, put beside this ID token, is told by its hash. */
static int check_at_hash(
	const json_t *at_hash, enum jose_alg alg, struct str access_token, struct err *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char text[EVP_MAX_MD_SIZE * 2];
	size_t len = 0;

	if (at_hash == NULL || access_token.len == 0)
		return 0;
	if (EVP_Q_digest(
		    NULL, hash_of(alg), NULL, access_token.at, access_token.len, digest, &len) != 1)
		abort();
	b64url_encode(digest, len / 2, text);
	if (!is_claim_text(at_hash, text))
		return err_set(err, "the ID token's at_hash is not the access token's");
	return 0;
}

static int check_claims(const struct jws *jws, struct str access_token,
	const struct id_token_rules *rules, const json_t *claims, struct err *err)
{
	if (check_authorized_party(claims, rules->client_id, err) == -1)
		return -1;
	if (rules->nonce && !is_claim_text(json_object_get(claims, "nonce"), rules->nonce))
		return err_set(err, "the ID token's nonce is not the sign-in's");
	if (rules->subject && !is_claim_text(json_object_get(claims, "sub"), rules->subject))
		return err_set(err, "the ID token is about another subject");
	return check_at_hash(json_object_get(claims, "at_hash"), jws->alg, access_token, err);
}

static enum keyset_verdict check_signed(const struct jws *jws, struct str access_token,
	const struct id_token_rules *rules, struct jwt_claims *out, struct err *err)
{
	const struct jwt_rules common = {
		.issuer = rules->issuer,
		.audiences = &rules->client_id,
		.audiences_count = 1,
		.use = JWT_ID_TOKEN,
		.now = rules->now,
		.skew = JWT_SKEW,
	};

	if (jwt_check(jws, &common, out, err) == -1)
		return KEYSET_BAD;
	if (check_claims(jws, access_token, rules, out->json, err) == 0)
		return KEYSET_OK;
	jwt_clear(out);
	return KEYSET_BAD;
}

enum keyset_verdict id_token_check(const struct keyset *set, struct str token,
	struct str access_token, const struct id_token_rules *rules, struct jwt_claims *out,
	struct err *err)
{
	struct jws jws;
	enum keyset_verdict verdict =
		keyset_verify_signature(set, rules->issuer, rules->algorithms, token, &jws, err);

	memset(out, 0, sizeof *out);
	if (verdict == KEYSET_OK) {
		verdict = check_signed(&jws, access_token, rules, out, err);
		jws_clear(&jws);
	}
	return verdict;
}
