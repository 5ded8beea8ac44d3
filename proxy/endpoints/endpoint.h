/* proxy/endpoints/endpoint.h - the gateway's own paths, as the files that serve them share them. */
#ifndef SPARKGATE_PROXY_ENDPOINTS_ENDPOINT_H
#define SPARKGATE_PROXY_ENDPOINTS_ENDPOINT_H

#include "proxy/request/content.h"
#include "proxy/request/exchange_judge.h"
#include "proxy/request/respond.h"

enum { GATE_FORM_MAX = 32 * 1024 /* bytes of a form; the largest has a logout token */ };

/* endpoint.c: each path, to who serves it. */
void endpoint_serve(struct exchange *x);
void endpoint_serve_app(struct exchange *x); /* permalink */
/* endpoint_app_host.c: a live UI that has its own host */
void endpoint_serve_app_host(struct exchange *x);

/* endpoint_form.c: what was sent. */
bool endpoint_is_get(const struct exchange *x); /* HEAD too */
bool endpoint_is_post(const struct exchange *x);
struct str endpoint_form(struct exchange *x);	  /* a GET's query, a POST's content; borrows */
bool endpoint_has_form(const struct exchange *x); /* its content is urlencoded, or there is none */
/* respond_return_path() of the form's parameter `next`. */
void endpoint_next(struct exchange *x, struct sbuf *out);
/* S29 and its twin: another site's page may neither sign a person in nor out. True: it is answered.
 * For what is done with a session, a page of ours must say that it is one (S45). */
bool endpoint_is_cross_site(struct exchange *x, bool has_session);

/* endpoint_ext_auth.c: answers to an ingress (S-ext). */
extern const char endpoint_ext_auth_not_found[];  /* says so of each path that is no UI's */
void endpoint_ext_auth_serve(struct exchange *x); /* who it is may do it, as far as roles go */

/* endpoint_app_host.c */
void endpoint_serve_hand_over(struct exchange *x);
void endpoint_serve_enter(struct exchange *x);

/* endpoint_sign_in.c, endpoint_sign_out.c */
void endpoint_serve_login(struct exchange *x);
void endpoint_serve_callback(struct exchange *x);
void endpoint_serve_logout(struct exchange *x);

void endpoint_serve_oauth(struct exchange *x); /* endpoint_oauth.c */

#endif
