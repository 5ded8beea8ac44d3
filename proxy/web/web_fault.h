/* proxy/web/web_fault.h - how a call ends with a fault: as a page, as a problem (RFC 9457), or by
 * the way to sign in. */
#ifndef SPARKGATE_PROXY_WEB_WEB_FAULT_H
#define SPARKGATE_PROXY_WEB_WEB_FAULT_H

#include "proxy/web/web_reply.h"

void web_fault(struct web_call *call, enum fault fault, const char *detail); /* or NULL */
/* What an answer of auth/ that is not AUTH_OK means, on every site. */
enum fault web_fault_of(enum auth_status status);
/* Ends the call by that of call->auth_status, with its reason where the client can mend it. */
void web_fault_auth(struct web_call *call);
/* As web_fault() where a program asks, with a member "token" of JSON. */
void web_problem_with_token(
	struct web_call *call, enum fault fault, const char *detail, struct str token);
/* Field lines that go with a fault, or NULL. */
const char *web_fault_fields(const struct web_call *call, enum fault fault, struct sbuf *out);
/* To sign in, and back to this very URL. */
void web_redirect_to_login(struct web_call *call);

#endif
