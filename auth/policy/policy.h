/*
 * auth/policy/policy.h - which Spark action a request is, and who may do it (T42-T45).
 *
 * Pure: no sockets, no clock. Default deny: what no row allows is refused.
 */
#ifndef SPARKGATE_AUTH_POLICY_POLICY_H
#define SPARKGATE_AUTH_POLICY_POLICY_H

#include "auth/policy/identity.h"
#include "base/str.h"

enum action {
	ACTION_VIEW,
	ACTION_LOGS,
	ACTION_ENVIRONMENT,
	ACTION_DOWNLOAD,
	ACTION_DUMP,
	ACTION_KILL,
	ACTION_SUBMIT,
	ACTION_TOKENS,
	ACTION_METRICS,	 /* of a UI, for monitoring: allowed to whoever may view */
	ACTION_AUDIT,	 /* reading the audit events kept in the store */
	ACTION_SESSIONS, /* seeing who is signed in, and ending it */
	ACTION_LAUNCH,	 /* starting applications by a profile (proxy/launch/) */
	ACTION_NEVER,	 /* POST /workers/kill/ (T44): denied to all */
};
enum ui_kind { UI_GATE, UI_MASTER, UI_WORKER, UI_DRIVER, UI_HISTORY, UI_OTHER };

/* What the request asks for. `path` is the part below the UI's mount, e.g. "/jobs/job/kill/"; below
 * another UI's "/proxy/application_…/" it is a driver's (S96);
 * `method` as sent. HEAD counts as GET. Gives the strictest reading of the path (reading.h); `*all`
 * has a bit (1u << action) for each, and all of them have to be allowed. */
enum action policy_actions(enum ui_kind kind, struct str method, struct str path, unsigned *all);
/* The same of a path that may be a Spark UI's or anybody's: what no row names is `view`, whatever
 * the method. */
enum action policy_named(struct str path, unsigned *all);
/* Whether one of these actions has to come from the page of the same origin. */
bool policy_needs_origin(unsigned bits);
enum action policy_action(enum ui_kind kind, struct str method, struct str path);
/* RFC 9110 §9.2.1, of the methods that are served. */
bool policy_is_read(struct str method);
/* True when a server may read `path` as `dir` ("proxy") or something below it, or as who knows
 * what. */
bool policy_is_below(struct str path, const char *dir);
const char *action_name(enum action action); /* "view", "logs", ..., "never" */
/* False: none that can be allowed is called so. */
MUST_CHECK bool action_parse(struct str name, enum action *out);
bool action_is_audited(enum action action); /* kill, submit, download, tokens, launch */
unsigned policy_rights(enum role role);	    /* bits of the actions that it allows */

struct policy_request {
	enum action action;
	unsigned all;		    /* of policy_actions(); 0: the action alone */
	const struct identity *who; /* NULL: nobody */
	unsigned rights;	    /* what they may do to what it is about: bits, of access.h */
	bool same_origin; /* Sec-Fetch-Site same-origin, or Origin equal to ours, or a Referer of
			     ours without both */
};
enum verdict {
	ALLOW,
	DENY_SIGN_IN,	   /* nobody yet */
	DENY_NO_ROLE,	   /* known, but no role opens the door */
	DENY_ROLE,	   /* no right to this action */
	DENY_CROSS_ORIGIN, /* kill by a browser from elsewhere */
	DENY_NEVER,
};
enum verdict policy_decide(const struct policy_request *req);

#endif
