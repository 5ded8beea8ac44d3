/*
 * proxy/request/respond.h - answers that only the public site has; each ends the exchange.
 *
 *   respond_app_host.c  the way between the public host and an application's
 *   respond_ext_auth.c  refusals for an ingress that asks
 *   respond_gone.c      UIs that are not there
 */
#ifndef SPARKGATE_PROXY_REQUEST_RESPOND_H
#define SPARKGATE_PROXY_REQUEST_RESPOND_H

#include "proxy/request/exchange.h"
#include "proxy/web/web_fault.h"

/* respond_app_host.c */
/* The last field of a name counts to browsers: over the one that every answer has. */
extern const char respond_private_fields[];
/* A person on an application's host without its cookie, to fetch what it takes. */
void respond_ask_hand_over(struct exchange *x);
/* A person on an application's host, to the same address of the gateway's own host. */
void respond_lead_home(struct exchange *x);

/* respond_ext_auth.c. True: it is answered. False: as anywhere else. */
bool respond_ext_auth_refuse(struct exchange *x, enum fault fault);

void respond_gone(struct exchange *x); /* a mount that is not UP, or can't be reached */

#endif
