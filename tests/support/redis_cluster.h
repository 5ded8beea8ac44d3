/*
 * tests/support/redis_cluster.h - a real Redis Cluster for a test: three masters, and a replica of
 * the one that has the gateway's slot.
 */
#ifndef SPARKGATE_TESTS_REDIS_CLUSTER_H
#define SPARKGATE_TESTS_REDIS_CLUSTER_H

#include "tests/support/redis_server.h"

enum { CLUSTER_MASTERS = 3, CLUSTER_NODES = CLUSTER_MASTERS + 1 };

struct redis_nodes {
	struct redis_server *at[CLUSTER_NODES]; /* the last one is the replica */
	char *ids[CLUSTER_NODES];
	unsigned ports[CLUSTER_NODES]; /* that a gateway and the other nodes are told */
	unsigned slot;		       /* of the gateway's keys */
	unsigned owner;		       /* which master had it at the beginning */
	struct conf_endpoint endpoints[CLUSTER_NODES];
};

/* Gives a cluster that is whole: all nodes know it, and the replica follows. `settings` (may be
 * NULL) are more lines of each node's configuration. */
struct redis_nodes *redis_nodes_new(const char *settings);
/* The same with TLS everywhere, by certificate_make()'s files; the endpoints are the TLS ports. */
struct redis_nodes *redis_nodes_new_tls(const char *folder, const char *stem);
void redis_nodes_free(struct redis_nodes *nodes); /* takes */
/* Names all nodes; borrows. */
struct conf redis_nodes_conf(struct redis_nodes *nodes);
/* The master of the slot by node `by`'s word: its index, or CLUSTER_NODES. */
unsigned redis_nodes_owner(const struct redis_nodes *nodes, unsigned by);
/* redis_server_do() with what printf() makes. */
void redis_nodes_do(const struct redis_nodes *nodes, unsigned which, const char *fmt, ...)
	PRINTF(3, 4);
/* Waits a few seconds for it; aborts the test program when it does not come. */
void redis_nodes_wait(const struct redis_nodes *nodes, const char *what,
	bool (*is_so)(const struct redis_nodes *nodes));
bool redis_nodes_are_whole(const struct redis_nodes *nodes);
/* The replica is the slot's master, and all that live know. */
bool redis_nodes_have_failed_over(const struct redis_nodes *nodes);

#endif
