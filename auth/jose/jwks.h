/*
 * auth/jose/jwks.h - the keys one issuer publishes (RFC 7517 §5), parsed once.
 *
 * Immutable, shared between threads by reference. Public keys only: whoever publishes a secret has
 * none, so no set can lead a token to an HMAC (S13).
 */
#ifndef SPARKGATE_AUTH_JOSE_JWKS_H
#define SPARKGATE_AUTH_JOSE_JWKS_H

#include "auth/jose/jws.h"

enum { JWKS_MAX_BYTES = 1024 * 1024, JWKS_MAX_KEYS = 100 }; /* S19 */

struct jwks;

/* Gives a set with one reference. Keys that cannot be used are left out, and so are all keys that
 * share a kid (S16). NULL and a reason when it is not a key set, is too big, or nothing is left. */
MUST_CHECK struct jwks *jwks_from_json(struct str text, struct err *err);
struct jwks *jwks_of_key(struct jwk *key); /* gives a set of this one key; shares it */
struct jwks *jwks_ref(struct jwks *set);
void jwks_unref(struct jwks *set); /* NULL is fine */
size_t jwks_count(const struct jwks *set);

enum jwks_found { JWKS_FOUND, JWKS_UNKNOWN, JWKS_UNFIT };
/* The key named by the token's kid; without a kid the only key that fits its algorithm. `*key`
 * borrows. JWKS_UNKNOWN: no such key, a newer set may have it. JWKS_UNFIT: never, in this set. */
MUST_CHECK enum jwks_found jwks_find(
	const struct jwks *set, const struct jws *jws, const struct jwk **key);

#endif
