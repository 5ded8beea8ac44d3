/*
 * auth/issuers/groups_source.h - groups that do not fit into a token: where the provider says that
 * they are, and what is said there (OpenID Connect Core §5.6.2; Entra ID's `hasgroups`).
 *
 * Pure. Whoever runs another server learns nothing from a claim that names it: an address is taken
 * only at the issuer's own origin or at the configured one's (S79).
 */
#ifndef SPARKGATE_AUTH_ISSUERS_GROUPS_SOURCE_H
#define SPARKGATE_AUTH_ISSUERS_GROUPS_SOURCE_H

#include "base/err.h"
#include "base/text/url.h"

#include <jansson.h>

enum { GROUPS_MAX = 20000 }; /* names of one person */

struct groups_source { /* owned strings; NULL: it does not say */
	bool is_elsewhere;
	char *endpoint;	    /* where they are asked for */
	char *access_token; /* secret: of the claim's own, for there */
	char *token;	    /* a JWT with the claim in it */
};
/* What these claims say of the claim at `path` (`auth.roles.claim`): fills `out` if they keep it
 * elsewhere, and else leaves it alone. */
void groups_source_read(const json_t *claims, const char *path, struct groups_source *out);
void groups_source_clear(struct groups_source *source); /* wipes and frees */

/* Gives the claims_seen_text() of a bearer token's claims. What such a token leaves out is not
 * fetched: it was made for the gateway, and is shown to nobody else (S79). */
char *groups_source_seen(const char *path, const json_t *claims);

/* Gives the address to ask: the provider's if it is at the origin of `issuer` or of `configured`
 * (NULL: none), else `configured`. NULL with a reason. */
MUST_CHECK char *groups_source_address(const struct groups_source *source, const char *issuer,
	const char *configured, struct err *err);
/* Whether `text` is at the origin of `other`, and over https (or on loopback). */
bool groups_source_is_same_origin(struct str text, const char *other);
/* Microsoft Graph's actions are asked by POST, distributed claims by GET. */
bool groups_source_is_action(const char *address);

/* Names met so far: an array of strings, or the provider's own value of the claim. */
struct groups_found {
	json_t *names; /* owned; NULL: none yet */
	char *next;    /* owned: the address of the next page, or NULL */
};
/* Reads one page. -1 with a reason: it says nothing of groups, or there are too many. */
MUST_CHECK int groups_source_page(
	struct str body, const char *path, struct groups_found *found, struct err *err);
void groups_found_clear(struct groups_found *found);

#endif
