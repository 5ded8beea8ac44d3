/*
 * auth/oidc/id_token.h - the provider's word on who signed in (OpenID Connect Core §3.1.3.7, after
 * a refresh §12.2).
 *
 * Pure. An ID token is proof to the client it was made for, once; it never opens anything as a
 * bearer token (S18).
 */
#ifndef SPARKGATE_AUTH_OIDC_ID_TOKEN_H
#define SPARKGATE_AUTH_OIDC_ID_TOKEN_H

#include "auth/jose/keyset.h"

struct id_token_rules { /* borrowed */
	const char *issuer, *client_id;
	const char *nonce;   /* of the sign-in; NULL after a refresh, which has none */
	const char *subject; /* NULL, or who it must still be about */
	uint32_t algorithms; /* bits 1u << enum jose_alg that the provider signs with */
	int64_t now;	     /* wall seconds */
};

/*
 * Signature by a key of `rules->issuer` in `set`, then every claim. KEYSET_OK fills `out`, which
 * the caller clears; the verdicts are those of keyset_verify(). `access_token` is what came with it
 * (at_hash, §3.1.3.6), or empty.
 */
MUST_CHECK enum keyset_verdict id_token_check(const struct keyset *set, struct str token,
	struct str access_token, const struct id_token_rules *rules, struct jwt_claims *out,
	struct err *err);

#endif
