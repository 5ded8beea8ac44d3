/*
 * auth/oidc/oidc_url.h - where a browser is sent: to the provider to sign in and out, and back to
 * us (OpenID Connect Core §3.1.2, RP-Initiated Logout 1.0 §2).
 *
 * Pure. Nothing of a request is in them: where the provider sends the browser back to comes from
 * the configuration, never from Host (S21).
 */
#ifndef SPARKGATE_AUTH_OIDC_OIDC_URL_H
#define SPARKGATE_AUTH_OIDC_OIDC_URL_H

#include "auth/issuers/oidc_provider.h"
#include "auth/session/sign_in_site.h"
#include "conf/conf.h"

/* Gives the site's <public_url>_gate/callback, as it is registered with the provider; of a provider
 * with a name <public_url>_gate/callback/NAME: by its address an answer is told from another
 * provider's, also where that one sends no iss (RFC 9700 §4.4.2.2). */
char *oidc_redirect_uri(
	const struct conf *conf, const struct conf_oidc *client, enum auth_site site);
/* Gives <public_url>_gate/logout, which says that one is signed out; to be registered, too. */
char *oidc_post_logout_redirect_uri(const struct conf *conf, enum auth_site site);

/* Of an ID token that is sent as a hint, and so of one that is kept for it: Keycloak takes request
 * lines of 4096 bytes. Without a hint a provider asks the person before it signs them out. */
enum { OIDC_HINT_MAX = 3 * 1024 };

struct oidc_authorization { /* of one sign-in; borrowed */
	const struct conf_oidc *client;
	const char *state, *nonce;
	const char *challenge; /* S256 of the PKCE verifier (RFC 7636 §4.2) */
	enum auth_site site;   /* where it comes back to */
};
/* Gives the provider's authorization endpoint with everything a sign-in needs in its query. */
char *oidc_authorization_url(const struct oidc_provider *provider, const struct conf *conf,
	const struct oidc_authorization *authorization);

/* Gives where the browser is sent to sign out there too, or NULL when the provider has no such
 * endpoint. `id_token` may be empty, and is left out when the URL would get too long for servers.
 */
char *oidc_end_session_url(const struct oidc_provider *provider, const struct conf *conf,
	const struct conf_oidc *client, enum auth_site site, struct str id_token);

#endif
