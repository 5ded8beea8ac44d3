/* proxy/endpoints/endpoint.h - the gateway's own paths, as the files that serve them share them. */
#ifndef SPARKGATE_PROXY_ENDPOINTS_ENDPOINT_H
#define SPARKGATE_PROXY_ENDPOINTS_ENDPOINT_H

#include "proxy/request/exchange_int.h"
#include "proxy/pages/page_fault.h"

enum {
	GATE_FIELD_MAX = 16 * 1024,
	GATE_FORM_MAX = 32 * 1024, /* bytes of a form; the largest has a logout token */
};

/* endpoint_form.c: what was sent. */
bool endpoint_is_get(const struct exchange *x); /* HEAD too */
bool endpoint_is_post(const struct exchange *x);
struct str endpoint_form(struct exchange *x);	  /* a GET's query, a POST's content; borrows */
bool endpoint_has_form(const struct exchange *x); /* its content is urlencoded, or there is none */
/* Where to go after signing in: `path` if it is a path below our base that a request could name
 * (S6, S24), else home. */
void endpoint_return_path(const struct exchange *x, struct str path, struct sbuf *out);
/* The same, of the form's parameter `next`. */
void endpoint_next(struct exchange *x, struct sbuf *out);
/* S29 and its twin: another site's page may neither sign a person in nor out. True: it is answered.
 * For what is done with a session, a page of ours must say that it is one (S45). */
bool endpoint_is_cross_site(struct exchange *x, bool has_session);

/* gate_ext_auth.c: answers to an ingress (S-ext). */
extern const char endpoint_ext_auth_not_found[];  /* says so of each path that is no UI's */
void endpoint_ext_auth_serve(struct exchange *x); /* who it is may do it, as far as roles go */
/* True: it is answered. False: as anywhere else. */
bool endpoint_ext_auth_refuse(struct exchange *x, enum fault fault);

/* respond.c: field lines that go with a fault, or NULL. */
const char *respond_fault_fields(const struct exchange *x, enum fault fault, struct sbuf *out);

struct page_view endpoint_view(const struct exchange *x); /* gate.c */

/* gate_enter.c */
void endpoint_serve_hand_over(struct exchange *x);
void endpoint_serve_enter(struct exchange *x);
/* A person on an application's host without its cookie, to fetch what it takes. */
void endpoint_ask_hand_over(struct exchange *x);
/* A person on an application's host, to the same address of the gateway's own host. */
void endpoint_redirect_home(struct exchange *x);

/* gate_sign_in.c, gate_sign_out.c */
void endpoint_serve_login(struct exchange *x);
void endpoint_serve_callback(struct exchange *x);
void endpoint_serve_logout(struct exchange *x);

void endpoint_serve_oauth(struct exchange *x); /* gate_oauth.c */

#endif
