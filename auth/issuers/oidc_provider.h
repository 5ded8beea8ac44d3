/*
 * auth/issuers/oidc_provider.h - what an OpenID provider says of itself (OpenID Connect
 * Discovery 1.0 §3), checked once.
 *
 * An immutable snapshot, shared between threads by an atomic reference. Pure: oidc.c fetches it.
 */
#ifndef SPARKGATE_AUTH_ISSUERS_OIDC_PROVIDER_H
#define SPARKGATE_AUTH_ISSUERS_OIDC_PROVIDER_H

#include "base/err.h"
#include "base/str.h"
#include "base/text/url.h"

#include <stdatomic.h>

enum { OIDC_PROVIDER_MAX_BYTES = 256 * 1024, OIDC_ENDPOINT_MAX = 2048 };

/* Endpoints are https, or http on loopback; they have no fragment and may have a query. */
struct oidc_provider {
	char *issuer; /* byte for byte the configured one */
	char *authorization_endpoint, *token_endpoint, *jwks_uri;
	char *userinfo_endpoint, *end_session_endpoint, *introspection_endpoint; /* NULL: none */
	bool iss_in_response; /* the callback has iss (RFC 9207 §3) */
	/* How a client with a secret may authenticate: bits of enum client_offer, none: not said.
	 */
	unsigned client_offers, introspection_offers;
	uint32_t id_token_algorithms; /* bits 1u << enum jose_alg; never empty, never HMAC */
	_Atomic int refs;
};

/* Reads the document that `issuer` published. Gives a provider with one reference; NULL with a
 * reason when it is another issuer's, incomplete, or asks for what the gateway does not do. */
MUST_CHECK struct oidc_provider *oidc_provider_parse(
	struct str text, const char *issuer, struct err *err);
struct oidc_provider *oidc_provider_ref(struct oidc_provider *provider);
void oidc_provider_unref(struct oidc_provider *provider); /* NULL is fine */
/* An endpoint's address, which may have a query that `url` does not. -1 with a reason. */
MUST_CHECK int oidc_provider_read_endpoint(struct str text, struct url *url, struct err *err);

#endif
