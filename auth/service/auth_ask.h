/* auth/service/auth_ask.h - what a bearer token's judge may lack, asked of its issuer by the
 * keeper. Each resumes the question when the issuer has answered. */
#ifndef SPARKGATE_AUTH_SERVICE_AUTH_ASK_H
#define SPARKGATE_AUTH_SERVICE_AUTH_ASK_H

#include "auth/service/auth_pending.h"

enum { AUTH_INTROSPECTED_S = 30 }; /* how long an issuer's word on an opaque token is taken */

/* Fetches the keys of question.issuer again. */
void auth_ask_keys(struct auth_pending *pending);
/* Shows the token to those whose it may be. */
void auth_ask_introspection(struct auth_pending *pending);

#endif
