/*
 * auth/oidc/claim_watch.h - whether any sign-in since the start has had the claim of roles: if none
 * has, `auth.roles.claim` or the provider's client is set up wrong, and the operator is told.
 *
 * Keeper thread only. At the first such sign-in, and then once an hour while it lasts.
 */
#ifndef SPARKGATE_AUTH_OIDC_CLAIM_WATCH_H
#define SPARKGATE_AUTH_OIDC_CLAIM_WATCH_H

#include "auth/policy/claims_seen.h"

enum { CLAIM_WATCH_MS = 60 * 60 * 1000 };

struct claim_watch { /* zero at the start */
	bool is_found;
	unsigned sign_ins; /* without it */
	int64_t warned_ms; /* monotonic; 0: never */
	char names[CLAIMS_SEEN_NAMES];
};

/* A sign-in at the provider has worked. */
void claim_watch_note(struct claim_watch *watch, const struct claims_seen *seen);
/* Another claim is looked for from now on. */
void claim_watch_reset(struct claim_watch *watch);
/* Whether it is time to warn, at `now_ms`: then it counts as done. */
MUST_CHECK bool claim_watch_is_due(struct claim_watch *watch, int64_t now_ms);
struct claim_watched {	      /* borrowed */
	const char *claim;    /* where roles are looked for; NULL: nowhere */
	const char *provider; /* its name, or "" */
};
/* Warns if it is due. */
void claim_watch_tick(struct claim_watch *watch, const struct claim_watched *what, int64_t now_ms);

#endif
