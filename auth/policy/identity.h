/*
 * auth/policy/identity.h - who a request is, and what that person or program may do at most.
 *
 * An identity is an immutable value shared by reference between caches and requests of one thread.
 */
#ifndef SPARKGATE_AUTH_POLICY_IDENTITY_H
#define SPARKGATE_AUTH_POLICY_IDENTITY_H

#include "base/mem.h"
#include "base/str.h"

struct grants;
struct scope;

/* By what they open: custom is who has rows of auth.roles.custom (or limited) only. */
enum role { ROLE_NONE, ROLE_CUSTOM, ROLE_USER, ROLE_ADMIN };
enum identity_via { VIA_SESSION, VIA_BEARER };

struct identity {
	char *issuer;
	char *subject;	/* with issuer the key of a person (S31); "client:<name>" for a named client
			 */
	char *name;	/* for people; never a key */
	char *token_id; /* on record, of our own tokens; or "" */
	struct scope *scope;   /* what it is limited to; NULL: not */
	struct grants *grants; /* roles they hold by name, and what these open; NULL: not known */
	char *seen;	       /* which claims it is known by (claims_seen.h); NULL: by none */
	enum role role;
	enum identity_via via;
	int64_t expires_at; /* wall seconds */
	int refs;
};

/* Why there is no identity of a subject (conf/providers.h, S190). */
#define IDENTITY_NOT_THEIRS "the subject is one that this issuer may not give"

struct identity *identity_new(struct str issuer, struct str subject, struct str name,
	struct str token_id, enum role role, enum identity_via via, int64_t expires_at); /* gives */
/* Takes `scope` (NULL is fine), before anybody shares it. */
void identity_limit(struct identity *who, struct scope *scope);
/* Takes a claims_seen_text() (NULL is fine), before anybody shares it. */
void identity_note_seen(struct identity *who, char *seen);
/* Takes `grants` (NULL is fine), before anybody shares it; the role stays as it is. */
void identity_grant(struct identity *who, struct grants *grants);
/* Gives one of its own, for another thread. */
struct identity *identity_copy(const struct identity *who);
struct identity *identity_ref(struct identity *who);
/* What people call them, beside the subject in a log line; empty: nothing else. NULL is fine. */
struct str identity_name_beside(const struct identity *who);
void identity_unref(struct identity *who);
const char *role_name(enum role role); /* "none", "custom", "user", "admin" */
/* False: no role is called so. */
MUST_CHECK bool role_parse(struct str name, enum role *out);

#endif
