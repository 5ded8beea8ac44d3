/* proxy/gate_int.h - the gateway's own paths, as the files that serve them share them. */
#ifndef SPARKGATE_PROXY_GATE_INT_H
#define SPARKGATE_PROXY_GATE_INT_H

#include "proxy/exchange_int.h"
#include "proxy/page.h"

enum {
	GATE_FIELD_MAX = 16 * 1024,
	GATE_FORM_MAX = 32 * 1024, /* bytes of a form; the largest has a logout token */
};

/* gate_form.c: what was sent. */
bool gate_is_get(const struct exchange *x); /* HEAD too */
bool gate_is_post(const struct exchange *x);
struct str gate_form(struct exchange *x);     /* a GET's query, a POST's content; borrows */
bool gate_has_form(const struct exchange *x); /* its content is urlencoded, or there is none */
/* Where to go after signing in: `path` if it is a path below our base that a request could name
 * (S6, S24), else home. */
void gate_return_path(const struct exchange *x, struct str path, struct sbuf *out);
/* The same, of the form's parameter `next`. */
void gate_next(struct exchange *x, struct sbuf *out);
/* S29 and its twin: another site's page may neither sign a person in nor out. True: it is answered.
 */
bool gate_is_cross_site(struct exchange *x);

/* gate_ext_auth.c: answers to an ingress (S-ext). */
void gate_ext_auth_serve(struct exchange *x); /* who it is may do it, as far as roles go */
/* True: it is answered. False: as anywhere else. */
bool gate_ext_auth_refuse(struct exchange *x, enum fault fault);

/* respond.c: field lines that go with a fault, or NULL. */
const char *respond_fault_fields(const struct exchange *x, enum fault fault, struct sbuf *out);

struct page_view gate_view(const struct exchange *x); /* gate.c */

/* gate_enter.c */
void gate_serve_enter(struct exchange *x);
/* A person on an application's host, to the same address of the gateway's own host. */
void gate_redirect_home(struct exchange *x);

/* gate_sign_in.c, gate_sign_out.c */
void gate_serve_login(struct exchange *x);
void gate_serve_callback(struct exchange *x);
void gate_serve_logout(struct exchange *x);

void gate_serve_oauth(struct exchange *x); /* gate_oauth.c */

#endif
