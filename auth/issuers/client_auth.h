/* auth/issuers/client_auth.h - how the gateway shows a provider that it is its registered client.
 */
#ifndef SPARKGATE_AUTH_ISSUERS_CLIENT_AUTH_H
#define SPARKGATE_AUTH_ISSUERS_CLIENT_AUTH_H

/* Gives "Authorization: Basic ...", both parts form-encoded first (RFC 6749 §2.3.1): secret_free()
 * it. */
char *client_auth_basic(const char *client_id, const char *secret);

#endif
