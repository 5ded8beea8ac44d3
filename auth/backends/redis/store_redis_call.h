/* auth/backends/redis/store_redis_call.h - a command sent on the keeper's connection and its reply,
 * behind a breaker. */
#ifndef SPARKGATE_AUTH_BACKENDS_REDIS_STORE_REDIS_CALL_H
#define SPARKGATE_AUTH_BACKENDS_REDIS_STORE_REDIS_CALL_H

#include "auth/backends/redis/link/store_redis_connection.h"

struct redis_watch;

struct redis_store {
	struct store store; /* first: a store is its redis_store */
	struct redis_servers *servers;
	struct redis_stream *connection; /* NULL: the breaker is open, every call fails at once */
	struct redis_address address;	 /* of `connection` */
	struct redis_lookup *lookup;
	struct redis_sentinels sentinels;
	struct redis_cluster cluster;
	struct redis_stream *asked; /* where the last ASK led, or NULL; until the next poll() */
	struct redis_address asked_at;
	bool is_role_lost; /* what was connected to is no master any more */
	unsigned owed;	   /* 1: a PING of poll() is not answered yet */
	int64_t pinged_ms; /* when that went out */
	int64_t retry_ms;  /* not before */
	int64_t follow_ms; /* when to ask a sentinel again */
	struct redis_watch *watch;
};

struct redis_store *redis_store_of(struct store *store);
/* From here on every call fails at once, until poll() has connected again. */
void redis_store_break(struct redis_store *r, const char *why);
/* The same for an error reply: who has lost its role, or names another node. */
void redis_store_break_by(struct redis_store *r, const struct redisReply *reply);
/* Connected and let in; NULL with a reason. `moved` as redis_connection_greet(). */
struct redis_stream *redis_store_dial(struct redis_store *r, const struct redis_address *address,
	struct redis_move *moved, int64_t deadline_ms, struct err *err);
/* The reply, an error reply too; NULL: failed, logged. freeReplyObject() it. */
struct redisReply *redis_ask(struct redis_store *store, struct redis_cmd *cmd);
/* The same, but an error reply is a failure. */
struct redisReply *redis_call(struct redis_store *store, struct redis_cmd *cmd);
/* redis_call() of what answers a number; -1 when it does not (and scripts may answer that too). */
int64_t redis_call_number(struct redis_store *store, struct redis_cmd *cmd);
/* The same where the number is how many have changed. */
enum store_answer redis_call_answer(struct redis_store *store, struct redis_cmd *cmd);
/* Sends all at once; the replies (NULL: failed) in order. False when one was NULL. */
bool redis_call_many(struct redis_store *store, struct redis_cmd *cmds, size_t count,
	struct redisReply **replies);

#endif
