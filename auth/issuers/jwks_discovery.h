/* auth/issuers/jwks_discovery.h - where an issuer says that its keys are (OpenID Connect Discovery,
 * S19).
 */
#ifndef SPARKGATE_AUTH_ISSUERS_JWKS_DISCOVERY_H
#define SPARKGATE_AUTH_ISSUERS_JWKS_DISCOVERY_H

#include "base/err.h"
#include "base/text/url.h"

/* Gives where an issuer publishes what it says of itself (OpenID Connect Discovery §4.1). */
char *jwks_discovery_address(const char *issuer);
/* Keys come over https, or over http from this very machine. Some providers' have a query, which is
 * not in `url`. */
MUST_CHECK int jwks_discovery_url(const char *text, struct url *url, struct err *err);
/* Gives the address of the key set in the document that `issuer` published, or NULL and why. */
MUST_CHECK char *jwks_discovery_read(const char *issuer, struct str body, struct err *err);

#endif
