#include "auth/jose/jwk.h"

#include "base/text/b64url.h"
#include "auth/jose/verifier.h"
#include "base/text/json_value.h"

#include <assert.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { RSA_MIN_BITS = 2048, RSA_MAX_BITS = 8192, SECRET_MAX = 1024 };
enum family { FAMILY_NONE, FAMILY_HMAC, FAMILY_RSA, FAMILY_PSS, FAMILY_EC, FAMILY_ED };

static const struct alg {
	const char *name;
	enum family family;
	const char *digest; /* NULL: part of the algorithm */
	size_t hash_bytes;
	const char *curve; /* crv, where one is bound to the algorithm (RFC 7518 §3.4) */
} algs[JOSE_ALG_COUNT] = {
	[JOSE_NONE] = {"none", FAMILY_NONE, NULL, 0, NULL},
	[HS256] = {"HS256", FAMILY_HMAC, "SHA256", 32, NULL},
	[HS384] = {"HS384", FAMILY_HMAC, "SHA384", 48, NULL},
	[HS512] = {"HS512", FAMILY_HMAC, "SHA512", 64, NULL},
	[RS256] = {"RS256", FAMILY_RSA, "SHA256", 32, NULL},
	[RS384] = {"RS384", FAMILY_RSA, "SHA384", 48, NULL},
	[RS512] = {"RS512", FAMILY_RSA, "SHA512", 64, NULL},
	[PS256] = {"PS256", FAMILY_PSS, "SHA256", 32, NULL},
	[PS384] = {"PS384", FAMILY_PSS, "SHA384", 48, NULL},
	[PS512] = {"PS512", FAMILY_PSS, "SHA512", 64, NULL},
	[ES256] = {"ES256", FAMILY_EC, "SHA256", 32, "P-256"},
	[ES384] = {"ES384", FAMILY_EC, "SHA384", 48, "P-384"},
	[ES512] = {"ES512", FAMILY_EC, "SHA512", 64, "P-521"},
	[EDDSA] = {"EdDSA", FAMILY_ED, NULL, 0, "Ed25519"},
};

static const struct curve {
	const char *name;  /* crv */
	const char *group; /* OpenSSL's */
	size_t bytes;	   /* of a coordinate */
} curves[] = {{"P-256", "P-256", 32}, {"P-384", "P-384", 48}, {"P-521", "P-521", 66}};

struct jwk {
	_Atomic int refs;
	enum family family; /* FAMILY_RSA stands for both paddings */
	const char *curve;  /* of the tables above; NULL for RSA and HMAC */
	enum jose_alg only; /* the key's own alg; JOSE_NONE: any that fits */
	char *kid;
	EVP_PKEY *pkey;	 /* NULL for HMAC */
	uint64_t serial; /* to auth/jose/verifier.h */
	unsigned char *secret;
	size_t secret_len;
};

enum jose_alg jose_alg_from(struct str name)
{
	for (int i = JOSE_NONE + 1; i < JOSE_ALG_COUNT; i++) {
		if (str_eq(name, str_of(algs[i].name)))
			return (enum jose_alg)i;
	}
	return JOSE_NONE;
}

const char *jose_alg_name(enum jose_alg alg)
{
	assert(alg < JOSE_ALG_COUNT);
	return algs[alg].name;
}

/* --- reading
 * -------------------------------------------------------------------------------------- */

/* Gives the number in a base64urlUInt member, or NULL. */
static BIGNUM *number_of(const json_t *json, const char *name)
{
	unsigned char bytes[RSA_MAX_BITS / 8 + 1];
	long len = b64url_decode(json_value_member(json, name), bytes, sizeof bytes);

	return len > 0 ? BN_bin2bn(bytes, (int)len, NULL) : NULL;
}

static EVP_PKEY *build_pkey(const char *type, OSSL_PARAM_BLD *build)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (params == NULL || ctx == NULL)
		abort();
	if (EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return pkey;
}

/* A power of 65537 modulo the prime `p`? Both fit in a few bits. */
static bool is_power_of_65537(unsigned residue, unsigned p)
{
	unsigned power = 1;

	do {
		if (power == residue)
			return true;
		power = power * (65537 % p) % p;
	} while (power != 1);
	return false;
}

/*
 * CVE-2017-15361: keys of a broken generator can be factored. Its primes are powers of 65537 modulo
 * every small prime, and so is their product; a sound key is so for all of these once in 2^154.
 */
static bool has_roca_weakness(const BIGNUM *n)
{
	static const unsigned char primes[] = {3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47,
		53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139,
		149, 151, 157, 163, 167};

	for (size_t i = 0; i < sizeof primes; i++) {
		if (!is_power_of_65537((unsigned)BN_mod_word(n, primes[i]), primes[i]))
			return false;
	}
	return true;
}

static const char *rsa_weakness(const BIGNUM *n, const BIGNUM *e)
{
	if (n == NULL || e == NULL)
		return "n or e is missing or malformed";
	if (BN_num_bits(n) < RSA_MIN_BITS || BN_num_bits(n) > RSA_MAX_BITS)
		return "the RSA modulus has fewer than 2048 or more than 8192 bits";
	if (!BN_is_odd(n) || !BN_is_odd(e) || BN_is_one(e) || BN_num_bits(e) > 64)
		return "the RSA exponent or modulus is not usable";
	return has_roca_weakness(n) ? "the RSA key was made by a broken generator" : NULL;
}

static int load_rsa(struct jwk *key, const json_t *json, struct err *err)
{
	BIGNUM *n = number_of(json, "n"), *e = number_of(json, "e");
	const char *weakness = rsa_weakness(n, e);

	if (weakness == NULL) {
		OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();

		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
		key->pkey = build_pkey("RSA", build);
		OSSL_PARAM_BLD_free(build);
		if (key->pkey == NULL)
			weakness = "the RSA key is not usable";
	}
	BN_free(n);
	BN_free(e);
	key->family = FAMILY_RSA;
	return weakness ? err_set(err, "%s", weakness) : 0;
}

static const struct curve *curve_from(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
		if (str_eq(name, str_of(curves[i].name)))
			return &curves[i];
	}
	return NULL;
}

static bool point_is_valid(EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	bool valid = ctx && EVP_PKEY_public_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return valid;
}

static int load_ec(struct jwk *key, const json_t *json, struct err *err)
{
	const struct curve *curve = curve_from(json_value_member(json, "crv"));
	unsigned char point[1 + 2 * 66] = {POINT_CONVERSION_UNCOMPRESSED};

	if (curve == NULL)
		return err_set(err, "crv is not a curve we use");
	/* RFC 7518 §6.2.1.2: always the full length of a coordinate. */
	long x = b64url_decode(json_value_member(json, "x"), point + 1, curve->bytes);
	long y =
		b64url_decode(json_value_member(json, "y"), point + 1 + curve->bytes, curve->bytes);
	if (x != (long)curve->bytes || y != (long)curve->bytes)
		return err_set(err, "x or y is missing or malformed");
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, curve->group, 0);
	OSSL_PARAM_BLD_push_octet_string(
		build, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * curve->bytes);
	key->pkey = build_pkey("EC", build);
	OSSL_PARAM_BLD_free(build);
	if (key->pkey == NULL || !point_is_valid(key->pkey))
		return err_set(err, "the point is not on the curve");
	key->family = FAMILY_EC;
	key->curve = curve->name;
	return 0;
}

static int load_okp(struct jwk *key, const json_t *json, struct err *err)
{
	unsigned char x[32];

	if (!str_eq(json_value_member(json, "crv"), STR("Ed25519")))
		return err_set(err, "crv is not a curve we use");
	if (b64url_decode(json_value_member(json, "x"), x, sizeof x) != sizeof x)
		return err_set(err, "x is missing or malformed");
	key->pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x, sizeof x);
	if (key->pkey == NULL)
		return err_set(err, "the Ed25519 key is not usable");
	key->family = FAMILY_ED;
	key->curve = "Ed25519";
	return 0;
}

static int load_oct(struct jwk *key, const json_t *json, struct err *err)
{
	long len;

	key->secret = mem_alloc(SECRET_MAX, 1);
	len = b64url_decode(json_value_member(json, "k"), key->secret, SECRET_MAX);
	if (len < (long)algs[HS256].hash_bytes)
		return err_set(err, "k is malformed or shorter than the hash");
	key->secret_len = (size_t)len;
	key->family = FAMILY_HMAC;
	return 0;
}

static const struct key_type {
	const char *kty;
	bool is_public;
	int (*load)(struct jwk *key, const json_t *json, struct err *err);
} key_types[] = {
	{"RSA", true, load_rsa},
	{"EC", true, load_ec},
	{"OKP", true, load_okp},
	{"oct", false, load_oct},
};

static int load_key(struct jwk *key, const json_t *json, struct err *err)
{
	struct str kty = json_value_member(json, "kty");

	for (size_t i = 0; i < ARRAY_LEN(key_types); i++) {
		if (!str_eq(kty, str_of(key_types[i].kty)))
			continue;
		if (key_types[i].is_public && json_object_get(json, "d"))
			return err_set(err, "the private half is published too");
		return key_types[i].load(key, json, err);
	}
	return err_set(err, "kty is missing or unknown");
}

/* `use`, `key_ops` and `alg` are optional, but what they say is binding (RFC 7517 §4.2-§4.4). */
static int check_purpose(struct jwk *key, const json_t *json, struct err *err)
{
	const json_t *use = json_object_get(json, "use"), *ops = json_object_get(json, "key_ops");
	const json_t *alg = json_object_get(json, "alg");
	bool can_verify = ops == NULL;

	if (use && !str_eq(json_value_member(json, "use"), STR("sig")))
		return err_set(err, "use is not \"sig\"");
	for (size_t i = 0; i < json_array_size(ops); i++) {
		const char *op = json_string_value(json_array_get(ops, i));
		can_verify |= op && strcmp(op, "verify") == 0;
	}
	if (!can_verify)
		return err_set(err, "key_ops does not allow to verify");
	key->only = jose_alg_from(json_value_member(json, "alg"));
	if (alg && !jwk_fits(key, key->only))
		return err_set(err, "alg does not fit the key");
	return 0;
}

static int load_kid(struct jwk *key, const json_t *json, struct err *err)
{
	const json_t *kid = json_object_get(json, "kid");

	if (kid && !json_is_string(kid))
		return err_set(err, "kid is not a string");
	key->kid = mem_strdup(json_string_value(kid));
	return 0;
}

struct jwk *jwk_from_json(const json_t *json, struct err *err)
{
	struct jwk *key = mem_alloc(1, sizeof *key);

	atomic_init(&key->refs, 1);
	key->serial = verifier_new_serial();
	if (!json_is_object(json))
		err_set(err, "the key is not an object");
	else if (load_key(key, json, err) == 0 && check_purpose(key, json, err) == 0 &&
		 load_kid(key, json, err) == 0)
		return key;
	jwk_unref(key);
	return NULL;
}

struct jwk *jwk_ref(struct jwk *key)
{
	atomic_fetch_add_explicit(&key->refs, 1, memory_order_relaxed);
	return key;
}

void jwk_unref(struct jwk *key)
{
	if (key == NULL || atomic_fetch_sub_explicit(&key->refs, 1, memory_order_acq_rel) > 1)
		return;
	EVP_PKEY_free(key->pkey);
	if (key->secret)
		OPENSSL_cleanse(key->secret, SECRET_MAX);
	free(key->secret);
	free(key->kid);
	free(key);
}

const char *jwk_kid(const struct jwk *key)
{
	return key->kid;
}

bool jwk_fits(const struct jwk *key, enum jose_alg alg)
{
	assert(alg < JOSE_ALG_COUNT);
	const struct alg *a = &algs[alg];
	enum family family = a->family == FAMILY_PSS ? FAMILY_RSA : a->family;

	if (alg == JOSE_NONE || family != key->family || (key->only && key->only != alg))
		return false;
	if (family == FAMILY_HMAC)
		return key->secret_len >= a->hash_bytes;
	return a->curve == NULL || strcmp(a->curve, key->curve) == 0;
}

/* --- verifying
 * ------------------------------------------------------------------------------------ */

static EVP_MD *digests[JOSE_ALG_COUNT];

/* A fetch takes longer than a hash, so it is done once. */
static void fetch_digests(void)
{
	for (int i = 0; i < JOSE_ALG_COUNT; i++) {
		if (algs[i].digest &&
			(digests[i] = EVP_MD_fetch(NULL, algs[i].digest, NULL)) == NULL)
			abort();
	}
}

static bool verify_hmac(const struct jwk *key, enum jose_alg alg, struct str input, struct str sig)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (HMAC(digests[alg], key->secret, (int)key->secret_len, (const unsigned char *)input.at,
		    input.len, mac, &len) == NULL)
		return false;
	/* S20: the length is public, the bytes are compared in constant time. */
	return sig.len == len && CRYPTO_memcmp(mac, sig.at, len) == 0;
}

/* Ed25519 has no hash of its own to hand over: OpenSSL takes the input whole. */
static bool verify_ed(const struct jwk *key, struct str input, struct str sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key->pkey) == 1 &&
		    EVP_DigestVerify(ctx, (const unsigned char *)sig.at, sig.len,
			    (const unsigned char *)input.at, input.len) == 1;

	EVP_MD_CTX_free(ctx);
	if (!good)
		ERR_clear_error();
	return good;
}

static bool verify_hash(const struct jwk *key, enum jose_alg alg, struct str input, struct str sig)
{
	const struct verifier_key with = {
		key->serial, key->pkey, digests[alg], algs[alg].family == FAMILY_PSS};

	return verifier_check(&with, input, sig);
}

/* JOSE has r and s side by side (RFC 7518 §3.4), OpenSSL wants them in DER. */
static bool verify_ec(const struct jwk *key, enum jose_alg alg, struct str input, struct str sig)
{
	size_t half = curve_from(str_of(key->curve))->bytes;
	const unsigned char *bytes = (const unsigned char *)sig.at;
	unsigned char *der = NULL;

	if (sig.len != 2 * half)
		return false;
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(bytes, (int)half, NULL);
	BIGNUM *s = BN_bin2bn(bytes + half, (int)half, NULL);
	if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1)
		abort();
	int len = i2d_ECDSA_SIG(pair, &der);
	bool good = len > 0 &&
		    verify_hash(key, alg, input, (struct str){(const char *)der, (size_t)len});
	OPENSSL_free(der);
	ECDSA_SIG_free(pair);
	return good;
}

bool jwk_verify(const struct jwk *key, enum jose_alg alg, struct str input, struct str sig)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (!jwk_fits(key, alg))
		return false;
	pthread_once(&once, fetch_digests);
	switch (algs[alg].family) {
	case FAMILY_HMAC:
		return verify_hmac(key, alg, input, sig);
	case FAMILY_EC:
		return verify_ec(key, alg, input, sig);
	case FAMILY_RSA:
	case FAMILY_PSS:
		/* RFC 8017 §8.1.2: as long as the modulus. OpenSSL takes a PSS signature without
		 * its leading zeroes, too, so that one token would have two spellings. */
		return sig.len == (size_t)EVP_PKEY_get_size(key->pkey) &&
		       verify_hash(key, alg, input, sig);
	case FAMILY_ED:
		return verify_ed(key, input, sig);
	case FAMILY_NONE:
		break;
	}
	return false;
}
