/*
 * auth/policy/scope.h - what a token of ours, or a role, is limited to: clusters, applications,
 * actions (RFC 6749 §3.3).
 *
 * A scope only takes away: what the role does not allow, no scope does. Its texts are separated by
 * single spaces:
 *
 *   cluster:NAME   only these clusters, and those that were found by them
 *   namespace:NAME only the UIs of applications whose driver is, or was, a pod there
 *   app:PATTERN    only the UIs of these applications, by id or name; "*" is any run of characters
 *   view logs environment download dump kill submit tokens audit sessions launch   only these
 *   metrics        of view, what monitoring reads: /metrics/... of a UI
 *
 * Several of a kind add up; a kind that is not there limits nothing, except that a limited token
 * manages tokens, audit and sessions, and launches, only by name. Immutable; any thread.
 */
#ifndef SPARKGATE_AUTH_POLICY_SCOPE_H
#define SPARKGATE_AUTH_POLICY_SCOPE_H

#include "auth/policy/access.h"
#include "base/err.h"

enum { SCOPE_TEXT = 513, SCOPE_PARTS = 32, CLUSTER_NAME_MAX = 192 }; /* sizes with their NUL */

struct scope;

/* Gives; NULL and a reason: empty, too long, or no scope of ours. */
MUST_CHECK struct scope *scope_parse(struct str text, struct err *err);
void scope_free(struct scope *scope);		  /* NULL is fine */
struct str scope_text(const struct scope *scope); /* borrows; NULL: "" */

struct scope_ask {
	const char *cluster;   /* NULL: of no cluster */
	const char *app_id;    /* "*": of all there are; "": of none, such as a script */
	const char *app_name;  /* or NULL */
	const char *namespace; /* of Kubernetes; NULL: of none, or nobody knows */
};
/* Whether it may be seen at all. What may not is not even named to whom it is hidden from (S44). */
bool scope_shows(const struct scope *scope, const struct scope_ask *ask);
/* Whether all of `actions` are left: bits, of policy_actions(). `*lacks` (not NULL) is the first
 * that is not. */
bool scope_allows(const struct scope *scope, unsigned actions, enum action *lacks);
/* What a list may show to its reader. */
bool scope_shows_cluster(const struct scope *scope, const struct access_cluster *cluster);
bool scope_shows_app(
	const struct scope *scope, const char *id, const char *name, const char *namespace);
/* Any application of the cluster that it shows. */
bool scope_shows_all_apps(const struct scope *scope, const struct access_cluster *cluster);
/* Whether all that `inner` leaves is left by `outer` too: nobody gives more than they have. NULL:
 * not limited. A pattern is within another when it is the same, or is itself matched by it. */
bool scope_covers(const struct scope *outer, const struct scope *inner);

#endif
