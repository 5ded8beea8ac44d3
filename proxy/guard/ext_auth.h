/*
 * proxy/guard/ext_auth.h - the request that an ingress asks about, read out of the request that it
 * asks with (S-ext). Pure.
 *
 * Each ingress tells method, host and target in its own way; what comes out is one front_request
 * like any other, so that guard, routes and policy judge it as if it had come here itself (S5, S6).
 * Whether the peer may be believed is the caller's to say, before.
 */
#ifndef SPARKGATE_PROXY_GUARD_EXT_AUTH_H
#define SPARKGATE_PROXY_GUARD_EXT_AUTH_H

#include "base/err.h"
#include "proxy/http/front_request.h"

enum ext_auth_kind {
	EXT_AUTH_NONE,
	EXT_AUTH_NGINX,	  /* auth_request: X-Original-URL, X-Original-Method */
	EXT_AUTH_TRAEFIK, /* ForwardAuth, and Caddy's forward_auth: X-Forwarded-{Method,Proto,Host,
			     Uri} */
	EXT_AUTH_ENVOY,	  /* ext_authz over HTTP: the method itself, the target behind our path */
};
struct ext_auth {
	enum ext_auth_kind kind;
	struct front_request asked; /* the carrier itself until ext_auth_read() was fine */
	struct h1_field *fields;    /* of asked: the carrier's, with Host replaced; private */
};

/* By the target as it came; `base` is the base path, without a slash at its end. */
enum ext_auth_kind ext_auth_kind_of(const char *base, struct str target);
/* Borrows `carrier`, as ext->asked does; ext_auth_free() frees. */
struct ext_auth *ext_auth_new(enum ext_auth_kind kind, const struct front_request *carrier);
void ext_auth_free(struct ext_auth *ext); /* NULL is fine */
/* Fills ext->asked. `tls`: what scheme browsers use for us; another one is another site. Each input
 * must be there once. On a fault err says what is wrong and nothing has changed. */
MUST_CHECK enum fault ext_auth_read(
	struct ext_auth *ext, const char *base, bool tls, struct err *err);

#endif
