/*
 * tests/support/mint.h - tokens and keys as an issuer, or somebody who plays one, would make them.
 *
 * Signs whatever it is given, however wrong.
 */
#ifndef SPARKGATE_TESTS_SUPPORT_MINT_H
#define SPARKGATE_TESTS_SUPPORT_MINT_H

#include "auth/jose/jwk.h"

struct mint_key;

/* A fresh key for `alg` (RS*, PS*, ES256, EdDSA), or HS* with these bytes as its secret. */
struct mint_key *mint_key_new(enum jose_alg alg);
struct mint_key *mint_key_of_secret(enum jose_alg alg, const void *secret, size_t len);
void mint_key_free(struct mint_key *key);

/* Gives the public JWK: {"kty":...,"kid":kid}; `more` is further members, e.g. "\"use\":\"enc\"",
 * or NULL. */
char *mint_jwk(const struct mint_key *key, const char *kid, const char *more);
/* Gives the public key as PEM. */
char *mint_pem(const struct mint_key *key);
struct jwk *mint_public(const struct mint_key *key, const char *kid); /* gives */

/* Gives header.payload.signature over exactly these bytes. */
char *mint_token(const struct mint_key *key, const char *header, const char *payload);
/* Gives {"alg":key's,"kid":kid} with a payload of these claims, valid for 1000 s from `now`. `more`
 * as above. */
char *mint_access_token(const struct mint_key *key, const char *kid, const char *issuer,
	const char *audience, int64_t now, const char *more);

#endif
