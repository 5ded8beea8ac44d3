/*
 * auth/backends/redis/store_redis_int.h - between the parts of the Redis store.
 *
 *   store_redis.c           the keeper's store: opening, the breaker, poll()
 *   store_redis_servers.c    where Redis is and how to get in: shared by all connections
 *   store_redis_lookup.c    names to addresses, on a thread of their own
 *   store_redis_tls.c       rediss:, where the library can
 *   store_redis_connection.cone blocking connection with deadlines
 *   store_redis_sentinel.c  who the master is
 *   store_redis_cmd.c       commands, bounded from birth
 *   store_redis_script.c    what has to happen at once, in Lua
 *   store_redis_record.c    replies to records; nothing in Redis is trusted to be well-formed
 *   store_redis_session.c, store_redis_token.c, store_redis_owner.c, store_redis_misc.c
 *                           the operations
 *   store_redis_wire.c      one connection on an event base, which mends itself
 *   store_redis_reader.c, store_redis_watch.c   a server thread's reads; the keeper's subscription
 *
 * Keys, all below "sparkgate:" (hexadecimal digests):
 *   session:<key>   hash person sid sealed label version created seen expires; dies by itself
 *   sessions, ends, seen   sorted sets of session keys by created, expires, last use
 *   person:<digest>, sid:<digest>   sorted sets of session keys by created
 *   token:<id>      hash; tokens, token_ends   sorted sets by created, expires
 *   tokens:user, tokens:admin   sorted sets of active tokens by expires
 *   tokens:of, living:of, dead:of:<SHA-1 of a subject>   sorted sets of its tokens by created
 *   token_revoked   sorted set of revoked tokens by expires
 *   link            hash: the one sign-in link that is not used yet
 *   owner:<digest>  string: a namespace; dies by itself; owners:<namespace>   sorted set of these
 *                   by when they were asked for
 *   meta            hash; once:<digest>, lease:<digest>   strings that die by themselves
 */
#ifndef SPARKGATE_AUTH_BACKENDS_REDIS_STORE_REDIS_INT_H
#define SPARKGATE_AUTH_BACKENDS_REDIS_STORE_REDIS_INT_H

#include "auth/backends/redis/store_redis.h"

#include <pthread.h>
#include <stdatomic.h>

struct event_base;
struct redisAsyncContext;
struct redisContext;
struct redisReply;

enum {
	REDIS_CONNECT_MS = 200,	      /* one try, from name to greeting, within poll() */
	REDIS_OPEN_MS = 3000,	      /* the first try, all sentinels together */
	REDIS_COMMAND_MS = 500,	      /* one exchange */
	REDIS_SOFT_MS = 80,	      /* what poll() waits for an answer before it goes on */
	REDIS_RETRY_MS = 1000,	      /* between tries of what does not answer at all */
	REDIS_FOLLOW_MS = 1000,	      /* between questions to a sentinel */
	REDIS_REPLY_MAX = 256 * 1024, /* what is not understood yet; a record is below 56 KiB */
	REDIS_KEY_HEX = 2 * DIGEST_LEN,
	REDIS_HOST = 256,
};

/* --- store_redis_site.c --- */

struct redis_place {
	char host[REDIS_HOST]; /* a numeric address; "" is the Unix socket */
	char name[REDIS_HOST]; /* what it was resolved from: the certificate's name */
	unsigned port;
};

/* Shared (ref) by the store and its readers; all but `place` never changes. */
struct redis_servers {
	_Atomic int refs;
	struct redis_endpoint {
		char *host;
		unsigned port;
	} * endpoints;
	size_t endpoints_count;
	char *socket_path, *master_name, *user, *password, *sentinel_password;
	unsigned database;
	char channel[48];
	struct redis_tls *tls; /* NULL: plain */
	pthread_mutex_t lock;
	struct redis_place place;    /* under the lock: where the keeper last got in */
	_Atomic unsigned generation; /* of `place`; 0: never got in */
	_Atomic int64_t reported_ms; /* 0: never */
};

struct redis_servers *redis_servers_new(const struct conf *conf, struct err *err);
struct redis_servers *redis_servers_ref(struct redis_servers *site);
void redis_servers_unref(struct redis_servers *site);
/* The keeper got in there. Any thread may ask; returns the generation of what it wrote to `out`. */
void redis_servers_publish(struct redis_servers *site, const struct redis_place *place);
unsigned redis_servers_place(struct redis_servers *site, struct redis_place *out);
/* Logs, once a second at most: a broken store is met by every request. */
void redis_servers_report(struct redis_servers *site, const char *fmt, ...) PRINTF(2, 3);

/* --- store_redis_lookup.c --- */

enum { REDIS_ADDRESSES = 4 };
struct redis_lookup; /* what was asked and is not answered yet */

/* Up to REDIS_ADDRESSES numeric places into `out`; 0 with a reason. getaddrinfo() has no deadline,
 * so it runs on a thread of its own; when it is late, the next call for the name finds its answer.
 */
size_t redis_lookup(struct redis_lookup **pending, const char *host, unsigned port,
	int64_t deadline_ms, struct redis_place *out, struct err *err);
void redis_lookup_forget(struct redis_lookup *pending); /* NULL is fine */

/* --- store_redis_tls.c --- */

MUST_CHECK int redis_tls_new(const struct conf *conf, struct redis_tls **out, struct err *err);
void redis_tls_free(struct redis_tls *tls);
/* 0 without TLS. `context` is connected, or connecting when it does not block. */
MUST_CHECK int redis_tls_start(
	struct redis_tls *tls, struct redisContext *context, const struct redis_place *place);

/* --- store_redis_cmd.c --- */

enum { REDIS_ARGS = 56, REDIS_SCRATCH = 768 };

enum redis_script {
	REDIS_SESSION_OPEN,
	REDIS_SESSION_REPLACE,
	REDIS_SESSION_END,
	REDIS_SESSION_END_ALL,
	REDIS_SESSION_TOUCH,
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
	REDIS_SCRIPTS
};

struct redis_cmd { /* borrows texts and bytes; points into itself, so it is never copied */
	int argc;
	const char *argv[REDIS_ARGS];
	size_t lens[REDIS_ARGS];
	char scratch[REDIS_SCRATCH]; /* numbers and keys */
	size_t used;
	const char *lua; /* of a script */
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
/* EVALSHA <-> EVAL, for a server that has not met the script yet. */
void redis_cmd_spell_out(struct redis_cmd *cmd);

/* --- store_redis_script.c --- */

const char *redis_script_lua(enum redis_script which);
enum { REDIS_SHA1HEX = 41 };
/* As redis.sha1hex() of a script: in small letters. */
void redis_sha1hex(struct str text, char out[static REDIS_SHA1HEX]);
const char *redis_script_sha(enum redis_script which); /* 40 digits; redis_script_init() first */
void redis_script_init(void);			       /* any thread, any number of times */

/* --- store_redis_link.c: all deadlines are clock_mono_ms() --- */

/* NULL with a reason. */
struct redisContext *redis_connection_dial(struct redis_servers *site,
	const struct redis_place *place, int64_t deadline_ms, struct err *err);
/* AUTH, SELECT, and PING (with Sentinel ROLE instead), into `cmds`; how many. The last one tells
 * whether the server is of use. */
enum { REDIS_GREETING = 3 };
size_t redis_greeting(
	const struct redis_servers *site, struct redis_cmd cmds[static REDIS_GREETING]);
/* Sends these and checks the replies; with Sentinel -1 when it is no master. */
MUST_CHECK int redis_connection_greet(struct redisContext *link, const struct redis_servers *site,
	int64_t deadline_ms, struct err *err);
MUST_CHECK int redis_connection_send(struct redisContext *link, const struct redis_cmd *cmd);
/* NULL: nothing until the deadline (link->err is 0), or the connection is broken. freeReplyObject()
 * it. */
struct redisReply *redis_connection_receive(struct redisContext *link, int64_t deadline_ms);
struct redisReply *redis_connection_ask(
	struct redisContext *link, const struct redis_cmd *cmd, int64_t deadline_ms);
void redis_connection_close(struct redisContext **link); /* *link may be NULL */
/* A reply to the greeting: 0, or -1 with the reason, which never repeats an argument (a password).
 */
MUST_CHECK int redis_connection_check(
	const struct redisReply *reply, bool is_role, struct err *err);

/* --- store_redis_sentinel.c --- */

/* The master's host (a name, perhaps) and port; -1 with a reason when no sentinel tells. Asks the
 * one in *sentinel first, or connects to the next one; `tries` sentinels at most. */
struct redis_sentinels {
	struct redisContext *link; /* the one that answered last, or NULL */
	struct redis_lookup *lookup;
	size_t next;
};
MUST_CHECK int redis_sentinels_ask(struct redis_sentinels *sentinels, struct redis_servers *site,
	int64_t deadline_ms, struct redis_place *out, struct err *err);
void redis_sentinels_clear(struct redis_sentinels *sentinels);

/* --- store_redis.c --- */

struct redis_store {
	struct store store; /* first: a store is its redis_store */
	struct redis_servers *site;
	struct redisContext *link; /* NULL: the breaker is open, every call fails at once */
	struct redis_place place;  /* of `link` */
	struct redis_lookup *lookup;
	struct redis_sentinels sentinels;
	unsigned owed;	   /* 1: a PING of poll() is not answered yet */
	int64_t pinged_ms; /* when that went out */
	int64_t retry_ms;  /* not before */
	int64_t follow_ms; /* when to ask a sentinel again */
	struct redis_watch *watch;
};

/* --- store_redis_call.c --- */

struct redis_store *redis_store_of(struct store *store);
/* From here on every call fails at once, until poll() has connected again. */
void redis_store_break(struct redis_store *r, const char *why);
/* Why a connection gave no reply. */
const char *redis_store_error(const struct redisContext *link);
/* The reply, an error reply too; NULL: failed, logged. freeReplyObject() it. */
struct redisReply *redis_ask(struct redis_store *store, struct redis_cmd *cmd);
/* The same, but an error reply is a failure. */
struct redisReply *redis_call(struct redis_store *store, struct redis_cmd *cmd);
/* redis_call() of what answers a number; -1 when it does not (and scripts may answer that too). */
int64_t redis_call_number(struct redis_store *store, struct redis_cmd *cmd);
/* Sends all at once; the replies (NULL: failed) in order. False when one was NULL. */
bool redis_call_many(struct redis_store *store, struct redis_cmd *cmds, size_t count,
	struct redisReply **replies);

/* --- store_redis_record.c --- */

enum { REDIS_SESSION_FIELDS = 8, REDIS_LABEL_FIELDS = 7, REDIS_TOKEN_FIELDS = 20 };

/* Puts HMGET of a record together. Without `sealed` for lists. */
void redis_cmd_session_get(struct redis_cmd *cmd, const unsigned char *key, bool has_sealed);
void redis_cmd_token_get(struct redis_cmd *cmd, struct str id);
void redis_cmd_token_fields(struct redis_cmd *cmd, const struct store_token *token);  /* of HSET */
void redis_cmd_token_renewed(struct redis_cmd *cmd, const struct store_token *token); /* as well */
/* A reply to these: FOUND fills `out` (clear it), NONE for what is not there or does not parse,
 * FAILED for an error reply or NULL. */
enum store_answer redis_record_session(struct redis_servers *site, const struct redisReply *reply,
	const unsigned char *key, struct store_session *out);
enum store_answer redis_record_token(struct redis_servers *site, const struct redisReply *reply,
	struct str id, struct store_token *out);
bool redis_record_digest(const struct redisReply *reply, unsigned char out[static DIGEST_LEN]);

/* --- the operations: entries of struct store_ops --- */

enum store_answer redis_session_open(struct store *store, const struct store_opening *opening);
enum store_answer redis_session_get(
	struct store *store, const unsigned char *key, struct store_session *out);
enum store_answer redis_session_replace(struct store *store, const struct store_session *session);
enum store_answer redis_session_end(struct store *store, const unsigned char *key);
int redis_session_end_all(struct store *store, enum store_index index, const unsigned char *key);
int redis_session_list(struct store *store, enum store_index index, const unsigned char *key,
	int64_t now, store_on_session *on_session, void *arg);

int redis_token_add(struct store *store, const struct store_token *token);
enum store_answer redis_token_get(struct store *store, struct str id, struct store_token *out);
int redis_token_list(struct store *store, const struct store_token_query *query,
	store_on_token *on_token, void *arg);
int64_t redis_token_count(struct store *store, const char *subject, int64_t now, unsigned most);
enum store_answer redis_token_set_state(struct store *store, struct str id, enum token_state state);
enum store_answer redis_token_renew(
	struct store *store, const struct store_token *token, const unsigned char *was);
/* False when it can be no token's id. */
bool redis_token_is_id(struct str id);

int redis_touch(struct store *store, const struct store_touch *touches, size_t count);
int redis_link_add(
	struct store *store, const unsigned char *hash, int64_t created_at, int64_t expires_at);
enum store_answer redis_has_admin(struct store *store, int64_t now);
int redis_count(struct store *store, int64_t now, struct store_counts *out);
enum store_answer redis_purge(struct store *store, const struct conf *conf, int64_t now);
enum store_answer redis_once(struct store *store, const unsigned char *key, int64_t until);
enum store_answer redis_lease_take(
	struct store *store, const unsigned char *key, const unsigned char *holder, int64_t ms);
void redis_lease_drop(struct store *store, const unsigned char *key, const unsigned char *holder);
int redis_owners(struct store *store, struct store_owner *owners, size_t count, int64_t now);
enum store_answer redis_meta_get(struct store *store, const char *key, char *out, size_t size);
int redis_meta_set(struct store *store, const char *key, const char *value);
int redis_meta_settle(
	struct store *store, const char *key, const char *value, char *out, size_t size);

/* --- store_redis_wire.c --- */

typedef void redis_wire_on_reply(
	struct redisAsyncContext *context, void *reply, void *arg); /* NULL reply: failed */

struct redis_wire_hooks {
	void (*on_up)(void *arg);   /* greeted: commands may be sent */
	void (*on_tick)(void *arg); /* ten times a second while up */
	void (*on_end)(void *arg);  /* after redis_wire_close(): nothing refers to `arg` any more */
};

/* Connects by itself, to where the keeper last got in. One thread. */
struct redis_wire *redis_wire_new(struct redis_servers *site, struct event_base *base,
	const struct redis_wire_hooks *hooks, void *arg);
bool redis_wire_is_up(const struct redis_wire *wire);
/* -1: not sent, and `on_reply` is not called. Otherwise it is called once (more for SUBSCRIBE). */
MUST_CHECK int redis_wire_send(struct redis_wire *wire, const struct redis_cmd *cmd,
	redis_wire_on_reply *on_reply, void *arg);
/* Fails what is under way and connects anew a little later. May be called from a reply. */
void redis_wire_drop(struct redis_wire *wire, const char *why);
void redis_wire_close(struct redis_wire *wire); /* takes; fails what is under way */

/* --- store_redis_reader.c, store_redis_watch.c --- */

struct store_reader *redis_reader(struct store *store, struct event_base *base, struct err *err);
int redis_watch(
	struct store *store, struct event_base *base, store_on_change *on_change, void *arg);
void redis_watch_close(struct redis_watch *watch); /* NULL is fine */

#endif
