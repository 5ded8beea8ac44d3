/*
 * auth/oidc/oidc_answer.h - what the provider's token and userinfo endpoints answer, read strictly
 * (RFC 6749 §5, OpenID Connect Core §5.3).
 *
 * Pure. Tokens are secrets: oidc_answer_clear() wipes them, and no reason has one in it.
 */
#ifndef SPARKGATE_AUTH_OIDC_OIDC_ANSWER_H
#define SPARKGATE_AUTH_OIDC_OIDC_ANSWER_H

#include "base/err.h"
#include "base/str.h"

#include <jansson.h>

/* A token is this long at most, with hundreds of groups in it (JWS_MAX). One that is kept for the
 * next refresh has less room, which is the store's (STORE_SEALED). */
enum { OIDC_ANSWER_TOKEN_MAX = 64 * 1024, OIDC_ANSWER_REFRESH_MAX = 32 * 1024 };

struct oidc_answer { /* owned strings; NULL: absent */
	char *access_token, *id_token, *refresh_token;
	int64_t expires_in;    /* seconds, at most ten years; -1: it does not say */
	char error[64];	       /* the provider's code, "" when there is none; printable */
	char description[256]; /* its error_description, clipped; printable, or "" */
};

/*
 * Reads the body of a token endpoint's answer, of any status. 0: tokens, or an `error` the provider
 * gives. -1: neither, with the reason.
 */
MUST_CHECK int oidc_answer_parse(struct str body, struct oidc_answer *out, struct err *err);
void oidc_answer_clear(struct oidc_answer *answer); /* wipes and frees */

/* Gives the claims of a userinfo answer; NULL with a reason, above all when they are about another
 * subject than the ID token's (S30). */
MUST_CHECK json_t *oidc_answer_userinfo(struct str body, struct str subject, struct err *err);

#endif
