/*
 * auth/backends/redis/link/store_redis_cluster.h - Redis Cluster: which node has our slot.
 *
 * All keys have one hash tag, so one node has them all, and a cluster is followed as a master is:
 * whoever is asked names the right one (MOVED), and a node that is gone is looked for at the
 * others. The keeper's, but for redis_redirect_read().
 */
#ifndef SPARKGATE_AUTH_BACKENDS_REDIS_LINK_STORE_REDIS_CLUSTER_H
#define SPARKGATE_AUTH_BACKENDS_REDIS_LINK_STORE_REDIS_CLUSTER_H

#include "auth/backends/redis/link/store_redis_cmd.h"
#include "auth/backends/redis/link/store_redis_servers.h"

struct redisReply;

enum { REDIS_NODES = 32 };

struct redis_cluster {
	struct redis_address nodes[REDIS_NODES]; /* as the cluster told last; hosts may be names */
	size_t count, next;
	struct redis_address moved; /* where the slot is said to be; port 0: nobody said */
	int64_t learn_ms;	    /* when to ask for the nodes again */
};

struct redis_redirect {
	struct redis_address to; /* its host may be a name */
	bool is_ask;		 /* for this one question */
};

/* False: it is no MOVED or ASK that can be followed. `from`: who said it, for it may name itself by
 * a port alone. */
bool redis_redirect_read(const struct redisReply *reply, const struct redis_address *from,
	struct redis_redirect *out);
/* Which node to try next: the one that was named, then those that are known, then the endpoints. */
void redis_cluster_next(struct redis_cluster *cluster, const struct redis_servers *servers,
	struct redis_address *out);
/* How many tries are one round. */
size_t redis_cluster_round(
	const struct redis_cluster *cluster, const struct redis_servers *servers);
/* CLUSTER SLOTS, and its reply; another reply changes nothing. */
void redis_cluster_ask(struct redis_cmd *cmd);
void redis_cluster_learn(struct redis_cluster *cluster, const struct redisReply *reply,
	const struct redis_address *from);

#endif
