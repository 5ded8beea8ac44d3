/*
 * auth/backends/redis/link/store_redis_stream.h - one connection to a Redis, which never blocks:
 * TCP or a Unix socket, TLS where it is wanted, commands out, replies in.
 *
 * Of hiredis this uses the reader of replies only, which is the same in 0.14 and 1.x: 0.14 has no
 * TLS, and 1.x verifies no name. One thread at a time. Whoever waits for it polls the descriptor
 * for what redis_stream_wants().
 */
#ifndef SPARKGATE_AUTH_BACKENDS_REDIS_LINK_STORE_REDIS_STREAM_H
#define SPARKGATE_AUTH_BACKENDS_REDIS_LINK_STORE_REDIS_STREAM_H

#include "auth/backends/redis/link/store_redis_cmd.h"
#include "auth/backends/redis/link/store_redis_servers.h"

struct event_base;
struct redisReply;
struct redis_stream;

/* Begins to connect. NULL with a reason. Borrows `servers`. */
struct redis_stream *redis_stream_open(
	struct redis_servers *servers, const struct redis_address *address, struct err *err);
/* Closes the descriptor by descriptor_close(): `base` is the loop that waited for it, or NULL. */
void redis_stream_free(struct redis_stream *stream, struct event_base *base); /* NULL is fine */

int redis_stream_fd(const struct redis_stream *stream);
short redis_stream_wants(const struct redis_stream *stream); /* POLLIN, POLLOUT */
/* Goes on as far as it can without waiting: connects, shakes hands, writes, and reads a bounded
 * piece. 1: it has read something, so there may be replies, and more to read; 0: it has to wait;
 * -1: broken. */
enum redis_step { REDIS_BROKEN = -1, REDIS_WAIT, REDIS_MORE };
enum redis_step redis_stream_work(struct redis_stream *stream);
bool redis_stream_is_open(const struct redis_stream *stream); /* connected, hands shaken */
/* Why it is broken; NULL: it is not. Never a secret. */
const char *redis_stream_error(const struct redis_stream *stream);

/* Goes out with the next redis_stream_work(). -1: broken, or too much is waiting. */
MUST_CHECK int redis_stream_send(struct redis_stream *stream, const struct redis_cmd *cmd);
/* The next reply, for freeReplyObject(); NULL: not yet, or broken by one that is longer than
 * REDIS_REPLY_MAX, has more than REDIS_ELEMENTS_MAX elements, or is none. */
struct redisReply *redis_stream_reply(struct redis_stream *stream);

#endif
