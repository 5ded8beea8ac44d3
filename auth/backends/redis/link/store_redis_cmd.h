/*
 * auth/backends/redis/link/store_redis_cmd.h - commands, put together in a buffer that is bounded
 * from birth, and scripts, for what has to happen at once (store_redis_script.c).
 *
 * Keys, all below "sparkgate:", in a cluster below "{sparkgate}:" (hexadecimal digests):
 *   session:<key>   hash person sid sealed label version created seen expires; dies by itself
 *   sessions, ends, seen   sorted sets of session keys by created, expires, last use
 *   person:<digest>, sid:<digest>   sorted sets of session keys by created
 *   token:<id>      hash; tokens, token_ends   sorted sets by created, expires
 *   tokens:user, tokens:admin   sorted sets of active tokens by expires
 *   tokens:of, living:of, dead:of:<SHA-1 of a subject>   sorted sets of its tokens by created
 *   token_revoked   sorted set of revoked tokens by expires
 *   link            hash: the one sign-in link that is not used yet
 *   owner:<digest>  string: a name, of a namespace or user; dies by itself; owners:<name>   sorted
 *                   set of these by when they were asked for
 *   device:<digest> hash of a program that waits for a person; device_code:<digest> the digest by
 *                   its other code; both die by themselves; devices, devices:of:<digest of an
 *                   address>   sorted sets of them by expires
 *   audit           sorted set of events (store_audit_pack()) by their time in milliseconds
 *   launch:<id>     hash; launches, launches:live   sorted sets of ids, in their own order;
 *                   launches:of, launches:dead:of:<person>   the same of one person;
 *                   launches:ended   by when they ended; launches:run, launches:wait:<quota>   sets
 *                   of those that have not ended; launches:idem:<digest>   string: an id
 *   meta            hash; once:<digest>, lease:<digest>   strings that die by themselves
 */
#ifndef SPARKGATE_AUTH_BACKENDS_REDIS_LINK_STORE_REDIS_CMD_H
#define SPARKGATE_AUTH_BACKENDS_REDIS_LINK_STORE_REDIS_CMD_H

#include "auth/store/store.h"
#include "base/sbuf.h"

enum { REDIS_ARGS = 56, REDIS_SCRATCH = 768, REDIS_KEY_HEX = 2 * DIGEST_LEN };

enum redis_script {
	REDIS_SESSION_OPEN,
	REDIS_SESSION_REPLACE,
	REDIS_SESSION_END,
	REDIS_SESSION_END_ALL,
	REDIS_SESSION_TOUCH,
	REDIS_SESSION_PAGE,
	REDIS_SESSION_FIND,
	REDIS_TOKEN_ADD,
	REDIS_TOKEN_PAGE,
	REDIS_TOKEN_COUNT,
	REDIS_TOKEN_STATE,
	REDIS_TOKEN_RENEW,
	REDIS_TOKEN_TOUCH,
	REDIS_PURGE,
	REDIS_LINK_ADD,
	REDIS_LEASE_TAKE,
	REDIS_LEASE_DROP,
	REDIS_OWNER,
	REDIS_DEVICE_ADD,
	REDIS_DEVICE_SETTLE,
	REDIS_DEVICE_TAKE,
	REDIS_AUDIT_ADD,
	REDIS_LAUNCH_ADD,
	REDIS_LAUNCH_REPLACE,
	REDIS_SCRIPTS
};

struct redis_cmd { /* borrows texts and bytes; points into itself, so it is never copied */
	int argc;
	const char *argv[REDIS_ARGS];
	size_t lens[REDIS_ARGS];
	char scratch[REDIS_SCRATCH]; /* numbers and keys */
	size_t used;
	const char *lua; /* of a script */
	int key;	 /* which argument is the key; 0: none, no command has two */
	bool is_script;
};

void redis_cmd_init(struct redis_cmd *cmd, const char *verb);
/* A script of one key and arguments that follow; one place decides the key's name. */
void redis_cmd_script(struct redis_cmd *cmd, enum redis_script which);
void redis_cmd_text(struct redis_cmd *cmd, const char *text);
void redis_cmd_bytes(struct redis_cmd *cmd, const void *bytes, size_t len);
void redis_cmd_number(struct redis_cmd *cmd, int64_t number);
void redis_cmd_above(struct redis_cmd *cmd, int64_t number); /* "(number", of score ranges */
void redis_cmd_hex(struct redis_cmd *cmd, const unsigned char digest[static DIGEST_LEN]);
void redis_cmd_key(struct redis_cmd *cmd, const char *name); /* "sparkgate:<name>" */
void redis_cmd_key_hex(
	struct redis_cmd *cmd, const char *kind, const unsigned char digest[static DIGEST_LEN]);
void redis_cmd_key_str(struct redis_cmd *cmd, const char *kind, struct str id);
/* As RESP. In a cluster all keys have one hash tag, so that one node has them all. While their slot
 * moves, Redis runs a command of several keys only where all of them are: a script is given one
 * more, which never is, and is refused rather than run over a part of what it touches (S210). */
void redis_cmd_write(const struct redis_cmd *cmd, bool is_cluster, struct sbuf *out);
/* EVALSHA <-> EVAL, for a server that has not met the script yet. */
void redis_cmd_spell_out(struct redis_cmd *cmd);

/* --- scripts --- */

const char *redis_script_lua(enum redis_script which);
enum { REDIS_SHA1HEX = 41 };
/* As redis.sha1hex() of a script: in small letters. */
void redis_sha1hex(struct str text, char out[static REDIS_SHA1HEX]);
const char *redis_script_sha(enum redis_script which); /* 40 digits; redis_script_init() first */
void redis_script_init(void);			       /* any thread, any number of times */

#endif
