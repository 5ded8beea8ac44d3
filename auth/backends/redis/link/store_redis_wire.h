/* auth/backends/redis/link/store_redis_wire.h - one connection on an event base, which mends
 * itself. */
#ifndef SPARKGATE_AUTH_BACKENDS_REDIS_LINK_STORE_REDIS_WIRE_H
#define SPARKGATE_AUTH_BACKENDS_REDIS_LINK_STORE_REDIS_WIRE_H

#include "auth/backends/redis/link/store_redis_cmd.h"
#include "auth/backends/redis/link/store_redis_servers.h"

struct event_base;
struct redisReply;

/* Borrows the reply; NULL: failed. */
typedef void redis_wire_on_reply(const struct redisReply *reply, void *arg);

struct redis_wire_hooks {
	void (*on_up)(void *arg);     /* greeted: commands may be sent */
	redis_wire_on_reply *on_push; /* of what is sent without an on_reply; never NULL */
	void (*on_tick)(void *arg);   /* ten times a second while up */
	void (*on_down)(void *arg);   /* of redis_wire_new_at(): it has ended, and stays so */
	void (*on_end)(void *arg); /* after redis_wire_close(): nothing refers to `arg` any more */
};

/* Connects by itself, to where the keeper last got in. One thread. */
struct redis_wire *redis_wire_new(struct redis_servers *servers, struct event_base *base,
	const struct redis_wire_hooks *hooks, void *arg);
/* The same, to that address alone and once: a node of a cluster that another has named. It is asked
 * no matter which slots it has. */
struct redis_wire *redis_wire_new_at(struct redis_servers *servers, struct event_base *base,
	const struct redis_address *address, const struct redis_wire_hooks *hooks, void *arg);
bool redis_wire_is_up(const struct redis_wire *wire);
/* -1: not sent, and `on_reply` is not called. Otherwise it is called once, in the order of sending.
 * NULL: whatever comes goes to the hook (SUBSCRIBE); no other commands then. */
MUST_CHECK int redis_wire_send(struct redis_wire *wire, const struct redis_cmd *cmd,
	redis_wire_on_reply *on_reply, void *arg);
/* Fails what is under way and connects anew a little later. May be called from a reply. */
void redis_wire_drop(struct redis_wire *wire, const char *why);
void redis_wire_close(struct redis_wire *wire); /* takes; fails what is under way */

#endif
