/* auth/token/bearer.h - the token of an Authorization field, read strictly (RFC 6750 §2.1, RFC 9110
 * §11.4, S39). */
#ifndef SPARKGATE_AUTH_TOKEN_BEARER_H
#define SPARKGATE_AUTH_TOKEN_BEARER_H

#include "base/mem.h"
#include "base/str.h"

/* As long as the longest head that may be configured: server.limits.head, which is in force before
 * anything is read, cuts off what is longer than that (S4). */
enum { BEARER_MAX = 64 * 1024 };
#define BEARER_TOO_LONG "the bearer token is too long"

enum bearer_status {
	BEARER_ABSENT,	     /* no Authorization field */
	BEARER_OTHER_SCHEME, /* one well-formed field of another scheme, e.g. Basic */
	BEARER_OK,
	BEARER_BROKEN,	  /* 401, as RFC 6750 §3.1 says of a malformed token: syntax, length */
	BEARER_MALFORMED, /* 400: several fields, a token in the query */
};

/*
 * Reads every Authorization value of a request and its query (at == NULL when there is none), where
 * an access_token parameter is refused whatever else is sent. BEARER_OK: `*token` borrows from the
 * value. BEARER_BROKEN, BEARER_MALFORMED: `*reason` is a fixed text.
 */
MUST_CHECK enum bearer_status bearer_read(const struct str *values, size_t count, struct str query,
	struct str *token, const char **reason);

#endif
