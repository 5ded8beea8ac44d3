/*
 * auth/issuers/client_auth.h - how the gateway shows a provider that it is its registered client.
 *
 * RFC 6749 §2.3.1 wants id and secret form-encoded before they go into HTTP Basic. Some servers
 * read them as they stand, and with "+", "/", "=" or "%" in a secret that is another one. So there
 * are several ways; what the provider refuses as invalid_client is shown once more in the next one,
 * and the way that worked is remembered (S86). Pure; one thread.
 */
#ifndef SPARKGATE_AUTH_ISSUERS_CLIENT_AUTH_H
#define SPARKGATE_AUTH_ISSUERS_CLIENT_AUTH_H

#include "base/mem.h"
#include "base/sbuf.h"

enum client_way {
	CLIENT_BASIC,	  /* form-encoded */
	CLIENT_BASIC_RAW, /* as it stands */
	CLIENT_POST,	  /* in the form */
	CLIENT_WAYS
};
enum client_offer { CLIENT_OFFERS_BASIC = 1, CLIENT_OFFERS_POST = 2 }; /* bits; 0: not known */

struct client_ways { /* of one client at one provider: zero at first, then client_ways_set() */
	enum client_way ways[CLIENT_WAYS]; /* in the order in which they are tried */
	size_t count;
	bool has_good;
	enum client_way good; /* has worked */
};

/* What there is to try with this id and secret where the provider offers this. What has worked
 * stays first. */
void client_ways_set(
	struct client_ways *ways, const char *client_id, const char *secret, unsigned offers);
/* The next way that is not among `*tried` (bits 1u << way, 0 at first), which gets it, too. False:
 * there is none. */
MUST_CHECK bool client_ways_next(
	const struct client_ways *ways, unsigned *tried, enum client_way *out);
/* The provider has taken it. True: it had not before, and other ways were refused. */
bool client_ways_worked(struct client_ways *ways, enum client_way way, unsigned tried);

/* An answer's `error` (NULL: it has none) says that the client is not known (RFC 6749 §5.2);
 * idpyoidc has a word of its own for it. */
bool client_auth_is_refused(const char *error);
/* Gives "Authorization: Basic ...": secret_free() it; NULL for CLIENT_POST. */
char *client_auth_header(enum client_way way, const char *client_id, const char *secret);
/* Adds client_id and client_secret to a form for CLIENT_POST, and else nothing. */
void client_auth_add(
	struct sbuf *form, enum client_way way, const char *client_id, const char *secret);
const char *client_way_name(enum client_way way); /* for the log */

#endif
