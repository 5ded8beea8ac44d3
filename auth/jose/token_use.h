/*
 * auth/jose/token_use.h - what a token says that it is for, in whatever words its issuer has.
 *
 * Keycloak writes typ, Cognito and Ory Hydra token_use, idpyoidc token_class or ttype, others
 * token_type; each spells it in a way of its own (refresh_token, Refresh, R). Pure; any thread.
 */
#ifndef SPARKGATE_AUTH_JOSE_TOKEN_USE_H
#define SPARKGATE_AUTH_JOSE_TOKEN_USE_H

#include "base/str.h"

#include <jansson.h>

enum token_use {
	TOKEN_USE_UNSAID = 1 << 0, /* nothing, or a word that tells nothing, as JWT */
	TOKEN_USE_ACCESS = 1 << 1,
	TOKEN_USE_REFRESH = 1 << 2, /* Keycloak's Offline ones, too */
	TOKEN_USE_ID = 1 << 3,
	TOKEN_USE_LOGOUT = 1 << 4,
	TOKEN_USE_OTHER = 1 << 5, /* an authorization code, a registration token, ... */
};

enum token_use token_use_of_word(struct str word);
/* All that those names say: bits of the above. A mark that is no text is
 * TOKEN_USE_OTHER. */
unsigned token_use_of_claims(const json_t *claims);

#endif
