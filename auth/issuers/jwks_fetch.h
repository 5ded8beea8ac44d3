/*
 * auth/issuers/jwks_fetch.h - keeps the keys of every configured issuer fresh, and publishes them
 * (S19).
 *
 * One fetch at a time for an issuer, again when the answer's max-age (at most an hour) is over.
 * Keys outlive a silent provider by 24 hours. Keeper thread only.
 */
#ifndef SPARKGATE_AUTH_ISSUERS_JWKS_FETCH_H
#define SPARKGATE_AUTH_ISSUERS_JWKS_FETCH_H

#include "base/net/fetch.h"
#include "auth/jose/keyset.h"
#include "conf/conf.h"

#include <sys/queue.h>

struct jwks_fetch;

struct jwks_timing {		      /* milliseconds */
	int64_t fresh_min, fresh_max; /* between them the answer's max-age counts */
	int64_t retry_min, retry_max; /* after failures, doubling */
	int64_t unknown_kid; /* one more fetch for unknown kids may be made after each such time, */
	unsigned unknown_most; /* and so many at once when there was none for long */
	int64_t stale;	       /* keys are dropped this long after the last good fetch */
	int64_t timeout;
};
extern const struct jwks_timing jwks_timing_default; /* S19's */

struct jwks_fetch_options {	 /* borrowed for the call only, but for the pointers said below */
	struct event_base *base; /* borrows */
	struct fetcher *fetcher; /* borrows */
	const struct jwks_timing *timing; /* NULL: the default */
	const struct keyset_issuer
		*own; /* the gateway's own row, put into every snapshot; NULL: none */
	/* Gives a snapshot; called once from jwks_fetch_new, then at every change. Must not call
	 * back into the jwks_fetch. */
	void (*publish)(struct keyset *set, void *arg);
	void *arg;
};
struct jwks_fetch_counts {
	uint64_t ok, failed;
};

/* Copies what it needs of conf->bearer and conf->oidc. Fetching starts in the event loop. */
struct jwks_fetch *jwks_fetch_new(
	const struct jwks_fetch_options *options, const struct conf *conf);
/* Cancels; waiters are told false. */
void jwks_fetch_free(struct jwks_fetch *jf);
/* A reload: issuers that stay keep their keys; publishes. */
void jwks_fetch_set_conf(struct jwks_fetch *jf, const struct conf *conf);

struct jwks_waiter { /* embedded in the caller's own struct */
	TAILQ_ENTRY(jwks_waiter) link;
	/* `fetched`: a fetch ended well after the question; look again in the newest snapshot. Else
	 * nobody knows whether there is such a key. */
	void (*done)(struct jwks_waiter *waiter, bool fetched);
};
/*
 * A token of `issuer` named a key we do not have: fetches, a few times a minute at most, for
 * anybody can write such a token. `done` is called when that ends, or at once with false when it is
 * too soon or nobody knows the issuer. Takes the waiter until then.
 */
void jwks_fetch_unknown_kid(struct jwks_fetch *jf, const char *issuer, struct jwks_waiter *waiter);
/* The issuer has just answered something else: keys that it has not given yet are asked for now. */
void jwks_fetch_missing(struct jwks_fetch *jf, const char *issuer);
struct jwks_fetch_counts jwks_fetch_counts(const struct jwks_fetch *jf);

#endif
