/*
 * auth/oidc/logout_token.h - the provider's word that a session there has ended (OpenID Connect
 * Back-Channel Logout 1.0 §2.4 to 2.6, S28).
 *
 * Pure: that its jti was not seen before is for the store to say, until `replay_until`.
 */
#ifndef SPARKGATE_AUTH_OIDC_LOGOUT_TOKEN_H
#define SPARKGATE_AUTH_OIDC_LOGOUT_TOKEN_H

#include "base/text/digest.h"
#include "auth/jose/keyset.h"

enum {
	LOGOUT_TOKEN_SECONDS = 300, /* an older one is refused, so that jti need not be kept long */
	LOGOUT_TOKEN_BYTES = 8192,  /* anybody may send one; longer ones are not read */
};

struct logout_token { /* owned strings */
	char *issuer;
	char *subject, *sid;	       /* one may be NULL; no sid: all sessions of the subject */
	unsigned char jti[DIGEST_LEN]; /* of issuer and jti */
	int64_t replay_until;	       /* wall seconds, from when its age alone refuses it */
};

/* Verdicts and reasons as in keyset_verify(). KEYSET_OK fills `out`, which the caller clears. */
MUST_CHECK enum keyset_verdict logout_token_check(const struct keyset *set, struct str token,
	const char *issuer, const char *client_id, uint32_t algorithms, int64_t now,
	struct logout_token *out, struct err *err);
void logout_token_clear(struct logout_token *token);

#endif
