/*
 * auth/backends/redis/link/store_redis_connection.h - one blocking connection with deadlines
 * (clock_mono_ms()), and the sentinels, who say where the master is.
 */
#ifndef SPARKGATE_AUTH_BACKENDS_REDIS_LINK_STORE_REDIS_CONNECTION_H
#define SPARKGATE_AUTH_BACKENDS_REDIS_LINK_STORE_REDIS_CONNECTION_H

#include "auth/backends/redis/link/store_redis_cmd.h"
#include "auth/backends/redis/link/store_redis_servers.h"

struct redisContext;
struct redisReply;

/* NULL with a reason. */
struct redisContext *redis_connection_dial(struct redis_servers *servers,
	const struct redis_address *address, int64_t deadline_ms, struct err *err);
/* AUTH, SELECT, and PING (with Sentinel ROLE instead), into `cmds`; how many. The last one tells
 * whether the server is of use. */
enum { REDIS_GREETING = 3 };
size_t redis_greeting(
	const struct redis_servers *servers, struct redis_cmd cmds[static REDIS_GREETING]);
/* Sends these and checks the replies; with Sentinel -1 when it is no master. */
MUST_CHECK int redis_connection_greet(struct redisContext *connection,
	const struct redis_servers *servers, int64_t deadline_ms, struct err *err);
MUST_CHECK int redis_connection_send(struct redisContext *connection, const struct redis_cmd *cmd);
/* NULL: nothing until the deadline (connection->err is 0), or the connection is broken.
 * freeReplyObject() it. */
struct redisReply *redis_connection_receive(struct redisContext *connection, int64_t deadline_ms);
struct redisReply *redis_connection_ask(
	struct redisContext *connection, const struct redis_cmd *cmd, int64_t deadline_ms);
void redis_connection_close(struct redisContext **connection); /* *connection may be NULL */
/* A reply to the greeting: 0, or -1 with the reason, which never repeats an argument (a password).
 */
MUST_CHECK int redis_connection_check(
	const struct redisReply *reply, bool is_role, struct err *err);

/* --- sentinels (store_redis_sentinel.c) --- */

/* The master's host (a name, perhaps) and port; -1 with a reason when no sentinel tells. Asks the
 * one in *sentinel first, or connects to the next one; `tries` sentinels at most. */
struct redis_sentinels {
	struct redisContext *connection; /* the one that answered last, or NULL */
	struct redis_lookup *lookup;
	size_t next;
};
MUST_CHECK int redis_sentinels_ask(struct redis_sentinels *sentinels, struct redis_servers *servers,
	int64_t deadline_ms, struct redis_address *out, struct err *err);
void redis_sentinels_clear(struct redis_sentinels *sentinels);

#endif
