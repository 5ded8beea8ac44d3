/*
 * proxy/web/web_sign.h - signing in and out, the same on the public pages and on the admin pages.
 *
 *   web_sign_in.c   by a token or a one-time link
 *   web_provider.c  at the OpenID provider, there and back
 *   web_sign_out.c  here, or everywhere
 */
#ifndef SPARKGATE_PROXY_WEB_WEB_SIGN_H
#define SPARKGATE_PROXY_WEB_WEB_SIGN_H

#include "proxy/web/web_serve.h"

/* web_sign_in.c */
void web_login_page(struct web_call *call, int status, const char *problem, enum fault fault);
/* The same for who opens it: it asks for nothing, and leads on who is signed in already. */
void web_open_login_page(struct web_call *call);
void web_sign_in_by_token(struct web_call *call); /* the form of that page */
/* The query's `link` may be opened by whoever looks what is there: a page with a button. False:
 * there is no link, and no answer. */
MUST_CHECK bool web_link_page(struct web_call *call);
/* The form of that page uses the link up. False: it is no such form. */
MUST_CHECK bool web_sign_in_by_link(struct web_call *call);
/* Takes result->who: it is who the answer and the log are about. */
void web_know(struct web_call *call, const struct sign_in_result *result);
/* The cookies that a sign-in or its end has changed, as field lines. */
void web_add_cookies(struct sbuf *fields, const struct sign_in_result *result);

/* web_provider.c */
bool web_asks_for_provider(const struct web_call *call); /* the query says start=sso */
void web_begin_at_provider(struct web_call *call);
void web_finish_at_provider(struct web_call *call); /* the provider has sent the browser back */

/* web_sign_out.c */
void web_logout_page(struct web_call *call); /* who it is has been asked */
void web_sign_out(struct web_call *call);

#endif
