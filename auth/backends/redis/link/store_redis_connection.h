/*
 * auth/backends/redis/link/store_redis_connection.h - a stream used by whoever may wait, until
 * deadlines (clock_mono_ms()), and the sentinels, who say where the master is. Of the keeper's
 * thread, and of commands.
 */
#ifndef SPARKGATE_AUTH_BACKENDS_REDIS_LINK_STORE_REDIS_CONNECTION_H
#define SPARKGATE_AUTH_BACKENDS_REDIS_LINK_STORE_REDIS_CONNECTION_H

#include "auth/backends/redis/link/store_redis_cluster.h"
#include "auth/backends/redis/link/store_redis_stream.h"

struct redisReply;

/* Connected, hands shaken; NULL with a reason. */
struct redis_stream *redis_connection_dial(struct redis_servers *servers,
	const struct redis_address *address, int64_t deadline_ms, struct err *err);
/* Asks whether the server is alive, and of a cluster's node whether it has our slot. */
void redis_alive_cmd(const struct redis_servers *servers, struct redis_cmd *cmd);
/* AUTH, SELECT, and that (with Sentinel ROLE instead), into `cmds`; how many. The last one tells
 * whether the server is of use. */
enum { REDIS_GREETING = 3 };
size_t redis_greeting(
	const struct redis_servers *servers, struct redis_cmd cmds[static REDIS_GREETING]);
struct redis_move {		   /* of a cluster */
	struct redis_address from; /* who is greeted */
	struct redis_address to;   /* whom that one names instead; port 0: nobody */
};
/* Sends these and checks the replies; with Sentinel -1 when it is no master. `moved` NULL: the last
 * one is not sent. */
MUST_CHECK int redis_connection_greet(struct redis_stream *connection,
	const struct redis_servers *servers, struct redis_move *moved, int64_t deadline_ms,
	struct err *err);
/* NULL: nothing until the deadline, or the connection is broken. freeReplyObject() it. */
struct redisReply *redis_connection_receive(struct redis_stream *connection, int64_t deadline_ms);
struct redisReply *redis_connection_ask(
	struct redis_stream *connection, const struct redis_cmd *cmd, int64_t deadline_ms);
/* Why a connection gave no reply. */
const char *redis_connection_error(const struct redis_stream *connection);
void redis_connection_close(struct redis_stream **connection); /* *connection may be NULL */
/* A reply to the greeting: 0, or -1 with the reason, which never repeats an argument (a password).
 */
MUST_CHECK int redis_connection_check(
	const struct redisReply *reply, bool is_role, struct err *err);

/* --- sentinels (store_redis_sentinel.c) --- */

/* The master's host (a name, perhaps) and port; -1 with a reason when no sentinel tells. Asks the
 * one in *sentinel first, or connects to the next one; `tries` sentinels at most. */
struct redis_sentinels {
	struct redis_stream *connection; /* the one that answered last, or NULL */
	struct redis_lookup *lookup;
	size_t next;
};
MUST_CHECK int redis_sentinels_ask(struct redis_sentinels *sentinels, struct redis_servers *servers,
	int64_t deadline_ms, struct redis_address *out, struct err *err);
void redis_sentinels_clear(struct redis_sentinels *sentinels);

#endif
