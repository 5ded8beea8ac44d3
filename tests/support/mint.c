#include "tests/support/mint.h"

#include "base/text/b64url.h"
#include "base/mem.h"

#include <assert.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>

struct mint_key {
	enum jose_alg alg;
	EVP_PKEY *pkey;
	unsigned char secret[4096];
	size_t secret_len;
};

static const EVP_MD *digest_of(enum jose_alg alg)
{
	switch (alg) {
	case HS384:
	case RS384:
	case PS384:
	case ES384:
		return EVP_sha384();
	case HS512:
	case RS512:
	case PS512:
	case ES512:
		return EVP_sha512();
	case EDDSA:
		return NULL;
	default:
		return EVP_sha256();
	}
}

static bool is_pss(enum jose_alg alg)
{
	return alg == PS256 || alg == PS384 || alg == PS512;
}

struct mint_key *mint_key_new(enum jose_alg alg)
{
	struct mint_key *key = mem_alloc(1, sizeof *key);

	key->alg = alg;
	if (alg == ES256)
		key->pkey = EVP_EC_gen("P-256");
	else if (alg == EDDSA)
		key->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	else
		key->pkey = EVP_RSA_gen(2048);
	assert(key->pkey);
	return key;
}

struct mint_key *mint_key_of_secret(enum jose_alg alg, const void *secret, size_t len)
{
	struct mint_key *key = mem_alloc(1, sizeof *key);

	assert(len <= sizeof key->secret);
	key->alg = alg;
	key->secret_len = len;
	memcpy(key->secret, secret, len);
	return key;
}

void mint_key_free(struct mint_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

static char *encode(const void *bytes, size_t len)
{
	char *text = mem_alloc(len * 4 / 3 + 3, 1);

	b64url_encode(bytes, len, text);
	return text;
}

static char *number(const struct mint_key *key, const char *name)
{
	unsigned char bytes[512];
	BIGNUM *n = NULL;

	EVP_PKEY_get_bn_param(key->pkey, name, &n);
	int len = BN_bn2bin(n, bytes);
	BN_free(n);
	return encode(bytes, (size_t)len);
}

static char *members(const struct mint_key *key)
{
	unsigned char raw[65];
	size_t len = sizeof raw;
	char *one, *two = NULL, *text;

	if (key->alg == EDDSA) {
		EVP_PKEY_get_raw_public_key(key->pkey, raw, &len);
		one = encode(raw, len);
		text = mem_printf("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"", one);
	} else if (key->alg == ES256) {
		EVP_PKEY_get_octet_string_param(
			key->pkey, OSSL_PKEY_PARAM_PUB_KEY, raw, sizeof raw, &len);
		one = encode(raw + 1, 32);
		two = encode(raw + 33, 32);
		text = mem_printf(
			"\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"", one, two);
	} else {
		one = number(key, OSSL_PKEY_PARAM_RSA_N);
		two = number(key, OSSL_PKEY_PARAM_RSA_E);
		text = mem_printf("\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"", one, two);
	}
	free(one);
	free(two);
	return text;
}

char *mint_jwk(const struct mint_key *key, const char *kid, const char *more)
{
	char *inside = members(key);
	char *text = mem_printf("{%s%s%s%s%s%s}", inside, kid ? ",\"kid\":\"" : "", kid ? kid : "",
		kid ? "\"" : "", more ? "," : "", more ? more : "");

	free(inside);
	return text;
}

char *mint_pem(const struct mint_key *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes = NULL;

	PEM_write_bio_PUBKEY(bio, key->pkey);
	long len = BIO_get_mem_data(bio, &bytes);
	char *text = mem_strndup(bytes, (size_t)len);
	BIO_free(bio);
	return text;
}

struct jwk *mint_public(const struct mint_key *key, const char *kid)
{
	char *text = mint_jwk(key, kid, NULL);
	json_t *json = json_loads(text, 0, NULL);
	struct jwk *jwk = jwk_from_json(json, NULL);

	assert(jwk);
	json_decref(json);
	free(text);
	return jwk;
}

/* DER to r and s side by side. */
static size_t flatten(unsigned char *sig, size_t len)
{
	const unsigned char *at = sig;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)len);

	BN_bn2binpad(ECDSA_SIG_get0_r(pair), sig, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(pair), sig + 32, 32);
	ECDSA_SIG_free(pair);
	return 64;
}

static size_t sign(const struct mint_key *key, const char *input, unsigned char sig[512])
{
	const unsigned char *bytes = (const unsigned char *)input;
	size_t len = 512;
	unsigned mac_len;

	if (key->pkey == NULL) {
		HMAC(digest_of(key->alg), key->secret, (int)key->secret_len, bytes, strlen(input),
			sig, &mac_len);
		return mac_len;
	}
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	EVP_DigestSignInit(ctx, &pctx, digest_of(key->alg), NULL, key->pkey);
	if (is_pss(key->alg)) {
		EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING);
		EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST);
	}
	int good = EVP_DigestSign(ctx, sig, &len, bytes, strlen(input));
	assert(good == 1);
	(void)good;
	EVP_MD_CTX_free(ctx);
	return key->alg == ES256 ? flatten(sig, len) : len;
}

char *mint_token(const struct mint_key *key, const char *header, const char *payload)
{
	unsigned char sig[512];
	char *head = encode(header, strlen(header)), *body = encode(payload, strlen(payload));
	char *input = mem_printf("%s.%s", head, body);
	char *tail = encode(sig, sign(key, input, sig));
	char *token = mem_printf("%s.%s", input, tail);

	free(head);
	free(body);
	free(input);
	free(tail);
	return token;
}

char *mint_access_token(const struct mint_key *key, const char *kid, const char *issuer,
	const char *audience, int64_t now, const char *more)
{
	char *header = mem_printf("{\"alg\":\"%s\",\"kid\":\"%s\"}", jose_alg_name(key->alg), kid);
	char *payload = mem_printf(
		"{\"iss\":\"%s\",\"aud\":\"%s\",\"sub\":\"alice\",\"iat\":%lld,\"exp\":%lld%s%s}",
		issuer, audience, (long long)now, (long long)now + 1000, more ? "," : "",
		more ? more : "");
	char *token = mint_token(key, header, payload);

	free(header);
	free(payload);
	return token;
}
