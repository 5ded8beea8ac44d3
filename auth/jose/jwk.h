/*
 * auth/jose/jwk.h - one public (or HMAC) key out of a JSON Web Key, parsed once into an EVP_PKEY
 * (S13, S16).
 *
 * Opaque, immutable, shared between threads by reference.
 */
#ifndef SPARKGATE_AUTH_JOSE_JWK_H
#define SPARKGATE_AUTH_JOSE_JWK_H

#include "base/err.h"
#include "base/str.h"

#include <jansson.h>

enum jose_alg { /* JOSE_NONE never verifies anything */
	JOSE_NONE,
	HS256,
	HS384,
	HS512,
	RS256,
	RS384,
	RS512,
	PS256,
	PS384,
	PS512,
	ES256,
	ES384,
	ES512,
	EDDSA,
	JOSE_ALG_COUNT
};
/* Bits 1u << alg of what is no signature but a shared secret's code: none of a public issuer's. */
enum { JOSE_HMAC_BITS = 1u << HS256 | 1u << HS384 | 1u << HS512 };
/* Byte-exact (S13); JOSE_NONE for anything else, "none" included. */
enum jose_alg jose_alg_from(struct str name);
const char *jose_alg_name(enum jose_alg alg);

struct jwk;
/* Gives a key, or NULL and a reason: RSA below 2048 bits or a bad exponent, a point off the curve,
 * an HMAC key shorter than its hash, `use`/`key_ops` that do not verify signatures. */
MUST_CHECK struct jwk *jwk_from_json(const json_t *json, struct err *err);
struct jwk *jwk_ref(struct jwk *key);
void jwk_unref(struct jwk *key);
const char *jwk_kid(const struct jwk *key); /* borrows; NULL when the key has none */
/* True when kty, crv and alg of the key fit `alg`. */
bool jwk_fits(const struct jwk *key, enum jose_alg alg);
/* True when `sig` is alg's signature of `input` by this key. Any thread. */
bool jwk_verify(const struct jwk *key, enum jose_alg alg, struct str input, struct str sig);

#endif
