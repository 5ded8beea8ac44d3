/*
 * auth/issuers/groups_fetch.h - asks for the groups of one person that did not fit into a token:
 * all pages of them, within one deadline (S79).
 *
 * Keeper thread only. No page is asked for at another origin than the first, and fetch.h follows no
 * redirect, so that the token goes nowhere else.
 */
#ifndef SPARKGATE_AUTH_ISSUERS_GROUPS_FETCH_H
#define SPARKGATE_AUTH_ISSUERS_GROUPS_FETCH_H

#include "auth/issuers/groups_source.h"
#include "base/net/fetch.h"

enum {
	GROUPS_PAGES_MAX = 32,
	GROUPS_PAGE_BYTES = 1024 * 1024,
	GROUPS_ALL_BYTES = 4 * 1024 * 1024,
};

struct groups_answer {	      /* borrowed until `done` returns */
	const json_t *claims; /* with the claim at its path; NULL: see below */
	struct str token;     /* a JWT that has it, still to be verified; at == NULL: none */
	const char *reason;   /* neither: why not */
};

struct groups_request { /* borrowed for the call; `fetcher` outlives the asking */
	struct fetcher *fetcher;
	const struct groups_source *source;
	const char *issuer, *configured; /* as groups_source_address() has them */
	const char *token;		 /* secret: the person's, unless the source has its own */
	const char *path;		 /* of the claim */
	const char *ca_file;		 /* as in fetch.h */
	int64_t timeout_ms;		 /* of all pages together */
	/* Once, from the event loop, unless it is cancelled before. */
	void (*done)(void *arg, const struct groups_answer *answer);
	void *arg;
};
struct groups_fetch;

/* NULL with a reason: there is nowhere to ask, or nothing to show there. */
MUST_CHECK struct groups_fetch *groups_fetch_start(
	const struct groups_request *request, struct err *err);
void groups_fetch_cancel(struct groups_fetch *fetch); /* NULL is fine */

#endif
