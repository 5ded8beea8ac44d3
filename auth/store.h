/*
 * auth/store.h - what outlives a process: issued tokens, sessions, one-time links.
 *
 * Secrets are here as SHA-256 digests only (S34). One table of functions per kind of store; a value
 * is a connection. The keeper's connection writes, each worker has a reader of its own. Any thread
 * may call, one at a time or not; calls may block for as long as a disk does.
 */
#ifndef SPARKGATE_AUTH_STORE_H
#define SPARKGATE_AUTH_STORE_H

#include "auth/digest.h"
#include "auth/identity.h"
#include "base/err.h"
#include "conf/conf.h"

enum { /* sizes of texts, their NUL included; what does not fit is refused before it gets here */
	STORE_ID = 40,
	STORE_CLIENT = 129,
	STORE_ISSUER = 512,
	STORE_SUBJECT = 256,
	STORE_NOTE = 513,
	STORE_FROM = 64,
};

enum token_state { STATE_ACTIVE, STATE_DISABLED, STATE_REVOKED };
const char *token_state_name(enum token_state state); /* "active", "disabled", "revoked" */

struct store_token {
	char id[STORE_ID]; /* jti */
	char client_name[STORE_CLIENT];
	char issuer[STORE_ISSUER];
	char subject[STORE_SUBJECT];
	char created_by[STORE_SUBJECT];
	char note[STORE_NOTE];
	char last_used_from[STORE_FROM];
	enum role role;
	enum token_state state;
	int64_t created_at, expires_at, last_used_at; /* wall seconds; last_used_at 0: never */
};

struct store_session {
	unsigned char key[DIGEST_LEN]; /* digest of the cookie's value */
	char issuer[STORE_ISSUER];
	char subject[STORE_SUBJECT];
	char name[STORE_SUBJECT];
	char token_id[STORE_ID]; /* the token of ours that opened it, or "" */
	enum role role;
	int64_t created_at, last_seen_at, expires_at; /* wall seconds */
};

/* What opening a session goes with, all in one transaction. */
struct store_opening {
	struct store_session session;
	bool has_old;
	unsigned char old_key[DIGEST_LEN]; /* a session that ends (S22) */
	bool has_link;
	unsigned char link[DIGEST_LEN]; /* is used up, and gives session.role */
};

struct store_touch { /* one use of a session or a token */
	bool is_token;
	unsigned char key[DIGEST_LEN]; /* of a session */
	char id[STORE_ID];	       /* of a token */
	char from[STORE_FROM];
	int64_t at; /* wall seconds */
};

struct store_counts { /* what is alive */
	unsigned sessions, tokens_user, tokens_admin;
};

enum store_answer { STORE_FAILED = -1, STORE_NONE, STORE_FOUND };
typedef void store_on_token(void *arg, const struct store_token *token);

struct store {
	const struct store_ops *ops;
};

struct store_ops {
	/* Gives a connection for another thread; NULL with a reason. */
	struct store *(*reader)(struct store *store, struct err *err);
	void (*close)(struct store *store);
	/* FOUND: another process has written since the last call. FAILED: the store is out of
	 * order. */
	enum store_answer (*poll)(struct store *store);

	int (*token_add)(struct store *store, const struct store_token *token);
	enum store_answer (*token_get)(struct store *store, struct str id, struct store_token *out);
	int (*token_list)(
		struct store *store, store_on_token *on_token, void *arg); /* newest first */
	/* NONE: there is no such token. A revoked token stays revoked. */
	enum store_answer (*token_set_state)(
		struct store *store, struct str id, enum token_state state);

	/* NONE: the link is unknown, used or too old. FOUND: opened, with the role in it. */
	enum store_answer (*session_open)(struct store *store, struct store_opening *opening);
	enum store_answer (*session_get)(
		struct store *store, const unsigned char *key, struct store_session *out);
	/* NONE: there was no such session. */
	enum store_answer (*session_end)(struct store *store, const unsigned char *key);

	int (*touch)(struct store *store, const struct store_touch *touches, size_t count);
	/* Replaces all links that were not used. */
	int (*link_add)(struct store *store, const unsigned char *hash, enum role role,
		int64_t created_at, int64_t expires_at);
	/* FOUND: a link was used once, or an administrator's token or session is alive. */
	enum store_answer (*has_admin)(struct store *store, int64_t now);
	int (*count)(struct store *store, int64_t now, struct store_counts *out);
	/* Forgets sessions and links that are over, and tokens that are so for a month. */
	int (*purge)(struct store *store, const struct conf *conf, int64_t now);

	/* One text that all processes on this store share. NONE: never set. */
	enum store_answer (*meta_get)(struct store *store, const char *key, char *out, size_t size);
	int (*meta_set)(struct store *store, const char *key, const char *value);
};

/* Opens what conf->store_* names, makes it when it is not there. NULL and a reason. */
MUST_CHECK struct store *store_open(const struct conf *conf, struct err *err);

#endif
