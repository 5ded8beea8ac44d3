/*
 * auth/oidc/oidc.h - an OpenID provider as the keeper talks to it: metadata, codes and refresh
 * tokens exchanged (RFC 6749, OpenID Connect Core and Discovery).
 *
 * Keeper thread only. What everybody may read of the provider is the snapshot it publishes.
 */
#ifndef SPARKGATE_AUTH_OIDC_OIDC_H
#define SPARKGATE_AUTH_OIDC_OIDC_H

#include "base/net/fetch.h"
#include "auth/policy/claims_seen.h"
#include "auth/policy/identity.h"
#include "auth/issuers/jwks_fetch.h"
#include "auth/issuers/oidc_provider.h"
#include "auth/session/sign_in_site.h"
#include "conf/conf.h"

struct oidc;

struct oidc_timing {		      /* milliseconds */
	int64_t retry_min, retry_max; /* between tries to read the metadata, doubling */
	int64_t fresh;		      /* metadata is read again after this */
	int64_t timeout;	      /* of each request */
};
extern const struct oidc_timing oidc_timing_default;

struct oidc_options {		 /* borrowed for the call only, but for the pointers said below */
	struct event_base *base; /* borrows */
	struct fetcher *fetcher; /* borrows */
	const struct oidc_timing *timing; /* NULL: the default */
	/* Gives a reference, or NULL: not known (any more). Called at every change. */
	void (*publish)(struct oidc_provider *provider, void *arg);
	/* Borrows the newest keys, the provider's among them. */
	const struct keyset *(*keys)(void *arg);
	/* As jwks_fetch_unknown_kid(). */
	void (*refetch)(void *arg, const char *issuer, struct jwks_waiter *waiter);
	void *arg;
};
/* Starts to read the metadata; a provider that is down is tried until it is up. `own` is the row of
 * `conf` that it is about. */
struct oidc *oidc_new(
	const struct oidc_options *options, const struct conf *conf, const struct conf_oidc *own);
void oidc_free(struct oidc *oidc); /* answers OIDC_SILENT to all that wait; NULL is fine */
/* `own` has the same issuer. */
void oidc_set_conf(struct oidc *oidc, const struct conf *conf, const struct conf_oidc *own);

enum oidc_outcome {
	OIDC_OK,
	OIDC_REFUSED,	 /* the provider says no */
	OIDC_INVALID,	 /* what it says does not pass a check */
	OIDC_SILENT,	 /* no answer, or none that decides: try again later */
	OIDC_MISTRUSTED, /* it refuses the gateway's own client id or secret; a refresh is silent */
};
struct oidc_grant { /* borrowed until `done` returns */
	enum oidc_outcome answer;
	const char *reason; /* for log and page: clipped, printable, never a secret */
	/* Empty when absent. After a refresh without new ones the old tokens stay in force. */
	struct str subject, name, sid, id_token, refresh_token;
	enum role role;		     /* the highest of ID token, access token and userinfo */
	struct str standing;	     /* what all three say (auth/roles/standing.h) */
	const struct grants *grants; /* and what that opens now; NULL: nothing */
	bool has_role;	    /* false: nothing in the answer speaks of roles; what was, stays */
	bool is_whole;	    /* all who speak of roles were heard: less than before is less */
	int64_t refresh_at; /* wall seconds: when the access token ends */
	const struct claims_seen *seen; /* OIDC_OK: which claims were there */
};
typedef void oidc_done(void *arg, const struct oidc_grant *grant);

/* Exchanges the code that came to `site`'s callback with a state of ours (S21). `done` may be
 * called from within. */
void oidc_exchange(struct oidc *oidc, enum auth_site site, const char *code, const char *verifier,
	const char *nonce, oidc_done *done, void *arg);
struct oidc_person {	     /* borrowed: what was said at the sign-in, or at the last refresh */
	const char *subject; /* who it must still be about (Core §12.2) */
	unsigned places; /* that had the claim of roles: bits of enum claims_place; 0: not known */
};
/* The caller sees to it that a session is refreshed by one at a time (S27). */
void oidc_refresh(struct oidc *oidc, const char *refresh_token, const struct oidc_person *person,
	oidc_done *done, void *arg);

#endif
