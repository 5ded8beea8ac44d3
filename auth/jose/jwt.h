/* auth/jose/jwt.h - the claims of a token whose signature is already checked (S17, S18, RFC 7519,
 * RFC 9068). */
#ifndef SPARKGATE_AUTH_JOSE_JWT_H
#define SPARKGATE_AUTH_JOSE_JWT_H

#include "auth/jose/jws.h"

enum { JWT_SKEW = 60 }; /* seconds that other people's clocks may be off */

enum jwt_use {
	JWT_ACCESS_TOKEN,      /* typ absent, JWT or at+jwt, and nothing that other tokens have */
	JWT_ACCESS_TOKEN_ONLY, /* typ must be at+jwt */
	JWT_ID_TOKEN,	       /* typ absent or JWT; iat is required */
	JWT_LOGOUT_TOKEN, /* typ absent, JWT or logout+jwt; iat is required, sub and exp are not */
};

struct jwt_rules {
	const char *issuer;	      /* byte-equal */
	const char *const *audiences; /* one of these must be in aud; count 0: not checked */
	size_t audiences_count;
	enum jwt_use use;
	int64_t now;  /* wall seconds */
	int64_t skew; /* seconds, at most JWT_SKEW */
};

struct jwt_claims { /* owned by the struct; jwt_clear frees */
	json_t *json;
	struct str issuer, subject, token_id; /* borrow from json; empty when absent */
	int64_t expires_at;		      /* saturated; 0 when absent */
};

/* -1 with a reason fit for error_description (never the claim's value of a secret). */
MUST_CHECK int jwt_check(const struct jws *jws, const struct jwt_rules *rules,
	struct jwt_claims *out, struct err *err);
void jwt_clear(struct jwt_claims *claims);
/* `iss` of an unverified payload, only to choose the keys. "" when there is none. What was read
 * stays with the jws, so that jwt_check() does not read it again. */
void jwt_peek_issuer(struct jws *jws, char out[static 512]);

#endif
