/*
 * auth/store/store.h - what outlives a process: issued tokens, sessions, one-time links, programs
 * that wait for a person, whose an application is, what somebody did (store_audit.h) and launched
 * (store_launch.h).
 *
 * Secrets are here as SHA-256 digests only (S34); what a session holds is sealed with a key the
 * store has not (S26). One table of functions per kind of store; a value is a connection. The
 * keeper's connection writes and may block for as long as a disk or a network does; each server
 * thread has a `struct store_reader` of its own, which never blocks on a network.
 */
#ifndef SPARKGATE_AUTH_STORE_STORE_H
#define SPARKGATE_AUTH_STORE_STORE_H

#include "base/text/digest.h"
#include "auth/policy/identity.h"
#include "auth/store/store_audit.h"
#include "auth/store/store_launch.h"
#include "auth/store/store_sizes.h"
#include "base/err.h"
#include "conf/conf.h"

struct event_base;
struct sbuf;

enum token_state { STATE_ACTIVE, STATE_DISABLED, STATE_REVOKED };
const char *token_state_name(enum token_state state); /* "active", "disabled", "revoked" */
/* False: no state is called so. */
MUST_CHECK bool token_state_parse(struct str name, enum token_state *out);

/*
 * A token and those it is renewed to, under one id (RFC 9700 §4.14: a family). It begins with an
 * access token, or with a registration token that its receiver turns into one.
 */
struct store_token {
	char id[STORE_ID];
	char client_name[STORE_CLIENT];
	char issuer[STORE_ISSUER];
	char subject[STORE_SUBJECT];
	char created_by[STORE_SUBJECT];
	char note[STORE_NOTE];
	char last_used_from[STORE_FROM];
	char scope[STORE_SCOPE];       /* auth/policy/scope.h; "": not limited */
	char standing[STORE_STANDING]; /* its maker's, auth/roles/standing.h; "": the role alone */
	enum role role;
	enum token_state state;
	int64_t created_at, last_used_at; /* wall seconds, 0: never; as all here but the ttls */
	int64_t expires_at;		  /* of the newest access token; 0: there was none yet */
	int64_t secret_expires_at; /* of the refresh or registration token; 0: there is none */
	int64_t ends_at;	   /* the later of the two: nothing of it is good after */
	int64_t access_ttl, refresh_ttl; /* seconds; refresh_ttl 0: no refresh tokens */
	int64_t serial;			 /* access tokens made so far; 0: not registered yet */
	/* Digests of the one-time secret that is good now, and of what all refresh tokens of the
	 * family have in common (S36); all zero: none. */
	unsigned char secret[DIGEST_LEN], family[DIGEST_LEN];
};

/* Of one subject, tokens that open nothing any more: revoked, disabled or ended. When another token
 * is added the oldest above this number are forgotten, so that who makes tokens and takes them back
 * in a loop does not fill the store (S64). A token that is not on record is refused all the same.
 */
enum { STORE_DEAD_KEPT = 100 };

enum { /* purge() forgets later: tokens that ended, and sessions, whose uses are saved a little
	* late: what looks just idle may not be */
	STORE_TOKEN_KEPT_S = 30 * 24 * 3600,
	STORE_IDLE_SLACK_S = 120,
};

struct store_session {
	/* From the cookie's value; names the session, opens nothing. */
	unsigned char key[DIGEST_LEN];
	/* Indexes: keyed digests of issuer and subject, and of issuer and the provider's sid (all
	 * zero: none). */
	unsigned char person[DIGEST_LEN];
	unsigned char provider_sid[DIGEST_LEN];
	struct store_bytes sealed; /* auth/session/session_data.h */
	struct store_bytes label;  /* what a list shows of it, sealed under the key ring alone */
	uint64_t version;	   /* 1 when opened, one more with every session_replace */
	int64_t created_at, last_seen_at, expires_at; /* wall seconds */
};
void store_session_clear(struct store_session *session); /* frees the two blobs */

/* What opening a session goes with, all in one transaction. */
struct store_opening {
	struct store_session session; /* its version is not read: 1 */
	bool has_old;
	unsigned char old_key[DIGEST_LEN]; /* a session that ends (S22) */
	bool has_link;
	unsigned char link[DIGEST_LEN]; /* is used up; always an administrator's */
};

struct store_touch { /* one use of a session or a token */
	bool is_token;
	unsigned char key[DIGEST_LEN]; /* of a session */
	char id[STORE_ID];	       /* of a token */
	char from[STORE_FROM];
	int64_t at; /* wall seconds */
};

struct store_token_query {
	const char *subject; /* NULL: everybody's */
	int64_t alive_at;    /* wall seconds: only what is active and has not ended then; 0: all */
	int64_t before_at;   /* created_at and id of the last one seen; id "": from the newest */
	char before_id[STORE_ID];
	size_t limit; /* at most STORE_PAGE */
};

struct store_session_query { /* of all sessions, newest first */
	int64_t now;	     /* wall seconds: those that are not over then */
	int64_t before_at;   /* created_at and key of the last one seen; 0: from the newest */
	unsigned char before_key[DIGEST_LEN];
	size_t limit; /* at most STORE_PAGE */
};
/* So much of a key names one session among all. */
enum { STORE_KEY_PREFIX = 8 };

struct store_counts { /* what is alive; a limited administrator's token is no administrator's */
	unsigned sessions, tokens_user, tokens_admin;
};

enum { /* an owner is kept for so long after it was last asked for, and so many of a name: who makes
	* many applications pushes out those of their own namespace or user only */
	STORE_OWNER = 264,
	STORE_OWNER_KEPT_S = 90 * 24 * 3600,
	STORE_OWNERS = 10000,
};

#define STORE_OWNER_GROUP "\x1f"

struct store_owner {		       /* whose an application is, once that is settled */
	unsigned char key[DIGEST_LEN]; /* of the question, cluster and application */
	/* A namespace of Kubernetes ("": nobody's, for claims disagreed), "user " and what Spark
	 * calls its user ("user ": nobody's), or "name ", a namespace, STORE_OWNER_GROUP and what a
	 * pod of it is called. Up to that byte such names are one, of which so many are kept. */
	char name[STORE_OWNER];
	bool is_claim;	 /* asked: settle it for `name`, unless it is settled */
	bool is_settled; /* answered: `name` is what all gateways have */
};

enum { /* programs that wait for a person (RFC 8628): in all, of one address; and the text of one */
	STORE_DEVICES = 1000,
	STORE_DEVICES_OF = 20,
	STORE_DEVICE_TEXT = 24 * 1024,
	STORE_DEVICE_KEPT_S = 600, /* after its end, so that who asks late is told why */
};

enum device_state { DEVICE_WAITING, DEVICE_ALLOWED, DEVICE_DENIED };

struct store_device { /* a program that asks for a person's tokens */
	unsigned char key[DIGEST_LEN], user_code[DIGEST_LEN]; /* digests of its two codes */
	unsigned char source[DIGEST_LEN];		      /* of the address it asked from */
	enum device_state state;
	int64_t created_at, expires_at; /* wall seconds */
	char text[STORE_DEVICE_TEXT];	/* JSON of auth/device/: what is asked for, and by whom it
					   is allowed */
};
const char *device_state_name(enum device_state state); /* "waiting", "allowed", "denied" */
/* False: no state is called so. */
MUST_CHECK bool device_state_parse(struct str name, enum device_state *out);

enum store_answer { STORE_FAILED = -1, STORE_NONE, STORE_FOUND };
/* What these are given is borrowed; they must not call the store. */
typedef void store_on_token(void *arg, const struct store_token *token);
typedef void store_on_session(void *arg, const struct store_session *session);

enum store_index { STORE_BY_PERSON, STORE_BY_PROVIDER_SID, STORE_ALL };

enum store_change {
	STORE_TAKEN_AWAY, /* a session ended or a token was revoked, by anybody */
	STORE_IN_DOUBT,	  /* changes may have been missed: what is cached is to be read again */
};
typedef void store_on_change(void *arg, enum store_change change);

/* --- a server thread's way to records: one thread --- */

struct store_reader {
	const struct store_reader_ops *ops;
};
/* FOUND: the blobs may be taken (set to NULL), the rest is borrowed. Else NULL. */
typedef void store_reader_on_session(
	void *arg, enum store_answer answer, struct store_session *session);
typedef void store_reader_on_token(
	void *arg, enum store_answer answer, const struct store_token *token);

enum { STORE_READ_MS = 500 };

struct store_reader_ops {
	/* `done` is called exactly once: from within (a local store) or later from the event loop,
	 * with STORE_FAILED at the latest after STORE_READ_MS or when the reader is closed. */
	void (*session_get)(struct store_reader *reader, const unsigned char *key,
		store_reader_on_session *done, void *arg);
	void (*token_get)(
		struct store_reader *reader, struct str id, store_reader_on_token *done, void *arg);
	/* May call `done` of what is under way, with STORE_FAILED. */
	void (*close)(struct store_reader *reader);
};

/* --- the process's connection --- */

struct store {
	const struct store_ops *ops;
};

struct store_ops {
	/* Several gateways write it: what a server thread caches is read again every few seconds.
	 */
	bool is_shared;

	/* Gives a reader for the thread that runs `base` (borrowed; a local store takes NULL). Any
	 * thread may call it. NULL with a reason. */
	struct store_reader *(*reader)(
		struct store *store, struct event_base *base, struct err *err);
	void (*close)(struct store *store);
	/* FOUND: another process has written since the last call. FAILED: the store is out of
	 * order. Called by the keeper four times a second; this is also where a lost connection is
	 * made anew (bounded: at most some 200 ms). */
	enum store_answer (*poll)(struct store *store);
	/* Keeper thread; tells of changes from `base`'s loop. NULL where poll() tells all. The
	 * store's close() ends it. */
	int (*watch)(struct store *store, struct event_base *base, store_on_change *on_change,
		void *arg);

	/* Forgets the oldest dead ones of the same subject beyond STORE_DEAD_KEPT. */
	int (*token_add)(struct store *store, const struct store_token *token);
	enum store_answer (*token_get)(struct store *store, struct str id, struct store_token *out);
	/* Newest first. Gives how many there were, at most query->limit; -1: failed. */
	int (*token_list)(struct store *store, const struct store_token_query *query,
		store_on_token *on_token, void *arg);
	/* How many of a subject's tokens are alive at `now`; from `most` on any number that is not
	 * less. -1: failed. */
	int64_t (*token_count)(
		struct store *store, const char *subject, int64_t now, unsigned most);
	/* NONE: there is no such token. A revoked token stays revoked. */
	enum store_answer (*token_set_state)(
		struct store *store, struct str id, enum token_state state);
	/* Takes secret, family, serial and the ends out of `token`, if it is active and its secret
	 * is still `was`; else NONE. So a one-time secret is used once, whoever comes together. */
	enum store_answer (*token_renew)(
		struct store *store, const struct store_token *token, const unsigned char *was);

	/* NONE: the link is unknown, used or too old. FOUND: opened. */
	enum store_answer (*session_open)(struct store *store, const struct store_opening *opening);
	/* FOUND: store_session_clear() what is in `out`. */
	enum store_answer (*session_get)(
		struct store *store, const unsigned char *key, struct store_session *out);
	/* Replaces sealed, label, provider_sid and expires_at if the version is still
	 * `session->version`; NONE: the session has ended or was replaced by another. Never brings
	 * back what has ended. */
	enum store_answer (*session_replace)(
		struct store *store, const struct store_session *session);
	/* NONE: there was no such session. */
	enum store_answer (*session_end)(struct store *store, const unsigned char *key);
	/* Ends all of an index entry (`key` is not read for STORE_ALL). Gives how many, or -1. */
	int (*session_end_all)(
		struct store *store, enum store_index index, const unsigned char *key);
	/* Those that are not over at `now`, newest first; `sealed` is empty. -1: failed. */
	int (*session_list)(struct store *store, enum store_index index, const unsigned char *key,
		int64_t now, store_on_session *on_session, void *arg);

	/* A page of them all; `sealed` is empty. 1: there may be older ones; 0: there are none; -1:
	 * failed. */
	int (*session_page)(struct store *store, const struct store_session_query *query,
		store_on_session *on_session, void *arg);
	/* The session whose key begins with STORE_KEY_PREFIX bytes; writes all of the key. */
	enum store_answer (*session_find)(
		struct store *store, const unsigned char *prefix, unsigned char *key);

	/* Never brings back a session. */
	int (*touch)(struct store *store, const struct store_touch *touches, size_t count);
	/* Replaces all links that were not used. */
	int (*link_add)(struct store *store, const unsigned char *hash, int64_t created_at,
		int64_t expires_at);
	/* FOUND: a link was used once, or an administrator's token is alive that is not
	 * limited. */
	enum store_answer (*has_admin)(struct store *store, int64_t now);
	int (*count)(struct store *store, int64_t now, struct store_counts *out);
	/* Forgets sessions, links and notes of once() that are over, revoked tokens that would be,
	 * and other tokens and launches that are so for a month, audit events older than
	 * audit.keep; at most
	 * STORE_PURGE of each, so that nobody waits long for it. FOUND: more may be left. */
	enum store_answer (*purge)(struct store *store, const struct conf *conf, int64_t now);

	/* Notes that this has happened, until `until` (wall seconds; maybe longer). NONE: it had
	 * not before; FOUND: it had (a replay). */
	enum store_answer (*once)(struct store *store, const unsigned char *key, int64_t until);
	/* FOUND: once() has noted it. For what is noted when it has taken effect. */
	enum store_answer (*noted)(struct store *store, const unsigned char *key);
	/* One holder (DIGEST_LEN random bytes) at a time among all gateways, for `ms` milliseconds
	 * from now. FOUND: it is yours (also when it was); NONE: another's. A store of one process
	 * always gives it. */
	enum store_answer (*lease_take)(struct store *store, const unsigned char *key,
		const unsigned char *holder, int64_t ms);
	void (*lease_drop)(
		struct store *store, const unsigned char *key, const unsigned char *holder);

	/* NONE: too many wait at its `created_at`, in all or of its source. */
	enum store_answer (*device_add)(struct store *store, const struct store_device *device);
	/* By its key, or with `by_user` by its user_code. What has ended may still be there. */
	enum store_answer (*device_get)(struct store *store, bool by_user,
		const unsigned char *digest, struct store_device *out);
	/* Takes state, text and expires_at if it still waits; else NONE. */
	enum store_answer (*device_settle)(struct store *store, const struct store_device *device);
	/* It is used up: FOUND once. */
	enum store_answer (*device_take)(struct store *store, const struct store_device *device);

	/* Asks for, or settles, each of them: who comes first settles it for all gateways. -1: it
	 * failed, and what is not marked is not known. */
	int (*owners)(struct store *store, struct store_owner *owners, size_t count, int64_t now);

	/* Adds events that are not there yet, and forgets what is beyond the last
	 * STORE_AUDIT_EVENTS. -1: it failed, maybe on the way: give them again. */
	int (*audit_add)(
		struct store *store, const struct store_audit *const *events, size_t count);
	/* Those that are wanted, newest first. `next` is where the next page begins, or "": there
	 * are no older ones. Fewer than query->limit are no sign of the end: it looks at
	 * STORE_AUDIT_LOOK of them at most. -1: failed. */
	int (*audit_list)(struct store *store, const struct store_audit_query *query,
		char next[static STORE_AUDIT_ID], store_on_audit *on_event, void *arg);

	/* ADDED: `launch->state` is starting, or queued where so many of its quota are running.
	 * BEFORE: `launch` is now what was added then. FULL: the quota is, or the store. */
	enum store_added (*launch_add)(struct store *store, struct store_launch *launch,
		const struct store_launch_limits *limits);
	/* FOUND: store_launch_clear() what is in `out`. */
	enum store_answer (*launch_get)(
		struct store *store, struct str id, struct store_launch *out);
	/* Replaces state, app_id, updated_at, ended_at and json if the version is still
	 * `launch->version`, which is one more then. What waits begins only while fewer than
	 * `running` of its quota run. NONE: it was replaced by another, has ended, is unknown, or
	 * has to wait. Never brings back what has ended. */
	enum store_answer (*launch_replace)(
		struct store *store, struct store_launch *launch, unsigned running);
	/* Those that are wanted, newest first. `next` is where the next page begins, or "": there
	 * are no older ones. Fewer than query->limit are no sign of the end: it looks at
	 * STORE_LAUNCH_LOOK of them at most. -1: failed. */
	int (*launch_list)(struct store *store, const struct store_launch_query *query,
		char next[static STORE_LAUNCH_ID], store_on_launch *on_launch, void *arg);

	/* One text that all processes on this store share. NONE: never set. */
	enum store_answer (*meta_get)(struct store *store, const char *key, char *out, size_t size);
	int (*meta_set)(struct store *store, const char *key, const char *value);
	/* Sets it unless it is set, then reads what is there into `out`: every process gets the
	 * same. -1 also when it does not fit. */
	int (*meta_settle)(
		struct store *store, const char *key, const char *value, char *out, size_t size);
	/* The commands that the gateway's user may not use, as an ACL names them ("+del +get"),
	 * into `out`. NULL: this store has no such rights. -1: failed. */
	int (*lacks)(struct store *store, struct sbuf *out);
};

/* FOUND: this is an administrator's living token and there is no other (S35). */
MUST_CHECK enum store_answer store_is_last_admin(
	struct store *store, const struct store_token *token, int64_t now);

#endif
