/*
 * proxy/request/respond.h - answers of our own, whole at once; each ends the exchange.
 *
 *   respond.c           pages, redirects, and what goes with a fault
 *   respond_app_host.c  the way between the public host and an application's
 *   respond_ext_auth.c  refusals for an ingress that asks
 *   respond_fault.c     faults, and UIs that are gone
 */
#ifndef SPARKGATE_PROXY_REQUEST_RESPOND_H
#define SPARKGATE_PROXY_REQUEST_RESPOND_H

#include "proxy/pages/page_fault.h"
#include "proxy/request/exchange.h"

enum { RESPOND_FIELD_MAX = 16 * 1024, RESPOND_FIELDS_MAX = 32 * 1024 };

struct response {
	int status;
	const char *content_type;
	struct str content;
	const char *fields; /* more field lines, each with its CRLF, or NULL */
	bool cacheable;
};
void respond(struct exchange *x, const struct response *response, enum fault fault);
void respond_html(
	struct exchange *x, int status, struct sbuf *page, const char *fields, enum fault fault);
void respond_redirect(struct exchange *x, int status, struct str location, const char *fields);
/* Field lines that go with a fault, or NULL. */
const char *respond_fault_fields(const struct exchange *x, enum fault fault, struct sbuf *out);
struct page_view respond_view(const struct exchange *x);
/* Where to go after signing in: `path` if it is a path below our base that a request could name
 * (S6, S24), else home. */
void respond_return_path(const struct exchange *x, struct str path, struct sbuf *out);

/* respond_app_host.c */
/* The last field of a name counts to browsers: over the one that every answer has. */
extern const char respond_private_fields[];
void respond_lead(
	struct exchange *x, const char *origin, struct str path, const char *fields); /* 302 */
/* A person on an application's host without its cookie, to fetch what it takes. */
void respond_ask_hand_over(struct exchange *x);
/* A person on an application's host, to the same address of the gateway's own host. */
void respond_lead_home(struct exchange *x);

/* respond_ext_auth.c. True: it is answered. False: as anywhere else. */
bool respond_ext_auth_refuse(struct exchange *x, enum fault fault);

/* respond_fault.c */
void respond_fault(struct exchange *x, enum fault fault, const char *detail); /* or NULL */
void respond_gone(struct exchange *x); /* a mount that is not UP, or can't be reached */

#endif
