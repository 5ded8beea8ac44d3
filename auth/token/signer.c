#include "auth/token/signer.h"

#include "base/text/b64url.h"
#include "base/text/digest.h"
#include "base/text/json_text.h"
#include "auth/jose/jws.h"
#include "auth/keys/key_file.h"
#include "base/rnd.h"
#include "base/sbuf.h"

#include <assert.h>
#include <jwt.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

enum { COORDINATE = 32, COORDINATE_TEXT = 46 };

struct signer {
	EVP_PKEY *pkey;
	char kid[COORDINATE_TEXT];
	char *jwks;
	struct jwk *key;
	unsigned char secret[DIGEST_LEN]; /* made of the private half, for signer_derive() */
};

/* --- the file --- */

static EVP_PKEY *make_pkey(void)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");

	if (pkey == NULL)
		abort();
	return pkey;
}

void signer_make_pem(struct key_text *pem)
{
	EVP_PKEY *pkey = make_pkey();
	BIO *bio = BIO_new(BIO_s_secmem()); /* wiped when freed */
	int n;

	if (bio == NULL || PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) != 1)
		abort();
	n = BIO_read(bio, pem->at, KEY_FILE_MAX);
	if (n <= 0)
		abort();
	pem->len = (size_t)n;
	BIO_free(bio);
	EVP_PKEY_free(pkey);
}

static EVP_PKEY *parse_pem(const struct key_text *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->at, (int)pem->len);
	char group[32] = "", no_password[] = "";
	EVP_PKEY *pkey;

	if (bio == NULL)
		abort();
	/* With a password given OpenSSL asks nobody on the terminal. */
	pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, no_password);
	BIO_free(bio);
	if (pkey && EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) == 1 &&
		strcmp(group, "prime256v1") == 0)
		return pkey;
	EVP_PKEY_free(pkey);
	return NULL;
}

/* --- the public half
 * ------------------------------------------------------------------------------ */

static void read_point(EVP_PKEY *pkey, char x[COORDINATE_TEXT], char y[COORDINATE_TEXT])
{
	unsigned char point[1 + 2 * COORDINATE];
	size_t len = 0;

	EVP_PKEY_set_utf8_string_param(
		pkey, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed");
	if (EVP_PKEY_get_octet_string_param(
		    pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len) != 1 ||
		len != sizeof point)
		abort();
	b64url_encode(point + 1, COORDINATE, x);
	b64url_encode(point + 1 + COORDINATE, COORDINATE, y);
}

/* RFC 7638 §3: the required members in alphabetical order, without white space. */
static void write_thumbprint(const char *x, const char *y, char out[COORDINATE_TEXT])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	char *text =
		mem_printf("{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y);

	if (EVP_Digest(text, strlen(text), digest, &len, EVP_sha256(), NULL) != 1)
		abort();
	b64url_encode(digest, len, out);
	free(text);
}

static int publish_jwks(struct signer *signer, struct err *err)
{
	char x[COORDINATE_TEXT], y[COORDINATE_TEXT];
	json_t *json;

	read_point(signer->pkey, x, y);
	write_thumbprint(x, y, signer->kid);
	signer->jwks =
		mem_printf("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\","
			   "\"y\":\"%s\",\"kid\":\"%s\",\"use\":\"sig\",\"alg\":\"ES256\"}]}",
			x, y, signer->kid);
	json = json_loads(signer->jwks, 0, NULL);
	signer->key = jwk_from_json(json_array_get(json_object_get(json, "keys"), 0), err);
	json_decref(json);
	return signer->key ? 0 : -1;
}

static void make_secret(struct signer *signer)
{
	unsigned char number[COORDINATE];
	BIGNUM *private = NULL;

	if (EVP_PKEY_get_bn_param(signer->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &private) != 1 ||
		BN_bn2binpad(private, number, sizeof number) != sizeof number)
		abort();
	BN_clear_free(private);
	digest_hkdf((struct str){(const char *)number, sizeof number}, STR(""),
		STR("sparkgate one-time secrets"), signer->secret);
	OPENSSL_cleanse(number, sizeof number);
}

void signer_derive(const struct signer *signer, const struct str *parts, size_t count,
	unsigned char out[static DIGEST_LEN])
{
	digest_hmac((struct str){(const char *)signer->secret, sizeof signer->secret}, parts, count,
		out);
}

struct signer *signer_from_pem(const struct key_text *pem, const char *where, struct err *err)
{
	struct signer *signer = mem_alloc(1, sizeof *signer);

	signer->pkey = parse_pem(pem);
	if (signer->pkey == NULL) {
		err_set(err, "%s is not a P-256 private key in PEM", where);
	} else if (publish_jwks(signer, err) == 0) {
		make_secret(signer);
		return signer;
	}
	signer_free(signer);
	return NULL;
}

struct signer *signer_open(const char *data_dir, struct err *err)
{
	struct signer *signer = NULL;
	struct key_text pem;

	if (data_dir == NULL) {
		signer_make_pem(&pem);
		signer = signer_from_pem(&pem, "a new key", err);
	} else if (key_file_open(data_dir, "signing-key.pem", signer_make_pem, &pem, err) == 0) {
		char *where = mem_printf("%s/signing-key.pem", data_dir);
		signer = signer_from_pem(&pem, where, err);
		free(where);
	}
	key_text_clear(&pem);
	return signer;
}

void signer_free(struct signer *signer)
{
	if (signer == NULL)
		return;
	EVP_PKEY_free(signer->pkey); /* wipes the private half */
	jwk_unref(signer->key);
	free(signer->jwks);
	OPENSSL_cleanse(signer->secret, sizeof signer->secret);
	free(signer);
}

const char *signer_kid(const struct signer *signer)
{
	return signer->kid;
}

const char *signer_jwks(const struct signer *signer)
{
	return signer->jwks;
}

struct jwk *signer_key(const struct signer *signer)
{
	return signer->key;
}

/* --- minting
 * -------------------------------------------------------------------------------------- */

enum { STANDING_DIGEST = 44 }; /* base64url of SHA-256, with its NUL */

static void digest_standing(const char *standing, char out[static STANDING_DIGEST])
{
	unsigned char digest[DIGEST_LEN];

	digest_sha256(str_of(standing), digest);
	b64url_encode(digest, sizeof digest, out);
}

/* Header and payload as JSON text, both from libjwt; NULL when it fails. */
static jwt_t *assemble(const struct signer *signer, const struct signer_claims *claims)
{
	const struct {
		const char *name, *value;
	} texts[] = {
		{"iss", claims->issuer},
		{"sub", claims->subject},
		{"aud", SIGNER_AUDIENCE},
		{"jti", claims->token_id},
		{"client_id", claims->client_name}, /* RFC 9068 §2.2 */
		{"client_name", claims->client_name},
		{"token_type", role_name(claims->role)},
	};
	jwt_t *jwt = NULL;
	int failed = jwt_new(&jwt);

	if (failed)
		abort();
	failed |= jwt_add_header(jwt, "alg", "ES256");
	failed |= jwt_add_header(jwt, "typ", "at+jwt");
	failed |= jwt_add_header(jwt, "kid", signer->kid);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		failed |= jwt_add_grant(jwt, texts[i].name, texts[i].value);
	if (claims->scope && claims->scope[0])
		failed |= jwt_add_grant(jwt, "scope", claims->scope);
	if (claims->standing && claims->standing[0]) {
		char digest[STANDING_DIGEST];
		digest_standing(claims->standing, digest);
		failed |= jwt_add_grant(jwt, "standing", digest);
	}
	failed |= jwt_add_grant_int(jwt, "iat", (long)claims->issued_at);
	failed |= jwt_add_grant_int(jwt, "exp", (long)claims->expires_at);
	if (!failed)
		return jwt;
	jwt_free(jwt);
	return NULL;
}

static void add_part(struct sbuf *token, const void *bytes, size_t len)
{
	char *text = mem_alloc(len * 4 / 3 + 3, 1);

	b64url_encode(bytes, len, text);
	sbuf_puts(token, text);
	secret_free(text);
}

/* Gives header.payload. Takes the strings that libjwt had from jansson. */
static void add_signing_input(struct sbuf *token, char *header, char *payload)
{
	if (header && payload) {
		add_part(token, header, strlen(header));
		sbuf_putc(token, '.');
		add_part(token, payload, strlen(payload));
	}
	json_text_drop(header);
	json_text_drop(payload);
}

/* RFC 7518 §3.4: r and s side by side, each with its leading zeros. */
static int add_signature(struct sbuf *token, EVP_PKEY *pkey)
{
	unsigned char der[128], flat[2 * COORDINATE];
	const unsigned char *at = der;
	size_t len = sizeof der;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	ECDSA_SIG *pair = NULL;

	if (ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey) == 1 &&
		EVP_DigestSign(ctx, der, &len, (const unsigned char *)token->at, token->len) == 1)
		pair = d2i_ECDSA_SIG(NULL, &at, (long)len);
	EVP_MD_CTX_free(ctx);
	if (pair == NULL)
		return -1;
	if (BN_bn2binpad(ECDSA_SIG_get0_r(pair), flat, COORDINATE) == -1 ||
		BN_bn2binpad(ECDSA_SIG_get0_s(pair), flat + COORDINATE, COORDINATE) == -1)
		abort();
	ECDSA_SIG_free(pair);
	sbuf_putc(token, '.');
	add_part(token, flat, sizeof flat);
	return 0;
}

/*
 * libjwt assembles, OpenSSL signs: jwt_encode_str() of libjwt 1.10 writes typ "JWT" over whatever
 * was set, and RFC 9068 §2.1 wants "at+jwt".
 */
char *signer_mint(const struct signer *signer, const struct signer_claims *claims, struct err *err)
{
	struct sbuf token;
	jwt_t *jwt;
	int result = -1;

	assert(claims->role != ROLE_NONE);
	sbuf_init_secret(&token, SIGNER_MAX);
	jwt = assemble(signer, claims);
	if (jwt) {
		add_signing_input(
			&token, jwt_get_headers_json(jwt, NULL), jwt_get_grants_json(jwt, NULL));
		jwt_free(jwt);
	}
	if (token.len > 0 && !token.overflow)
		result = add_signature(&token, signer->pkey);
	/* What we would not take ourselves is not given out. */
	if (result == 0 && !token.overflow && jws_verify(sbuf_str(&token), signer->key))
		return sbuf_take(&token);
	sbuf_clear(&token);
	err_set(err, "the token is longer than %d bytes or could not be signed", SIGNER_MAX);
	return NULL;
}

static jwt_t *assemble_shared(int64_t issued_at, int64_t expires_at)
{
	jwt_t *jwt = NULL;

	if (jwt_new(&jwt) != 0 || jwt_add_header(jwt, "alg", "HS256") != 0 ||
		jwt_add_header(jwt, "typ", "JWT") != 0 ||
		jwt_add_grant(jwt, "iss", SIGNER_AUDIENCE) != 0 ||
		jwt_add_grant_int(jwt, "iat", (long)issued_at) != 0 ||
		jwt_add_grant_int(jwt, "exp", (long)expires_at) != 0)
		abort();
	return jwt;
}

/* Not by jwt_encode_str(): it hands what jansson has given out to free() (json_text.h). */
char *signer_mint_shared(struct str key, int64_t issued_at, int64_t expires_at)
{
	unsigned char digest[DIGEST_LEN];
	jwt_t *jwt = assemble_shared(issued_at, expires_at);
	struct sbuf token;

	sbuf_init_secret(&token, SIGNER_MAX);
	add_signing_input(&token, jwt_get_headers_json(jwt, NULL), jwt_get_grants_json(jwt, NULL));
	jwt_free(jwt);
	struct str input = sbuf_str(&token);
	digest_hmac(key, &input, 1, digest);
	sbuf_putc(&token, '.');
	add_part(&token, digest, sizeof digest);
	if (input.len == 0 || token.overflow)
		abort();
	return sbuf_take(&token);
}

enum role signer_role(const json_t *claims)
{
	const char *type = json_string_value(json_object_get(claims, "token_type"));
	enum role role;

	return type && role_parse(str_of(type), &role) ? role : ROLE_NONE;
}

bool signer_has_standing(const json_t *claims)
{
	return json_object_get(claims, "standing") != NULL;
}

bool signer_standing_is(const json_t *claims, const char *standing)
{
	const char *signed_digest = json_string_value(json_object_get(claims, "standing"));
	char digest[STANDING_DIGEST];

	digest_standing(standing, digest);
	return signed_digest && strcmp(signed_digest, digest) == 0;
}
