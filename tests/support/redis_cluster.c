#include "tests/support/redis_cluster.h"

#include "base/clock.h"
#include "tests/support/certificate.h"
#include "tests/support/port.h"

#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATIENCE_MS = 30000, SLOTS = 16384, REPLICA = CLUSTER_MASTERS };

static char host[] = "127.0.0.1";

void redis_nodes_do(const struct redis_nodes *nodes, unsigned which, const char *fmt, ...)
{
	char command[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof command, fmt, ap);
	va_end(ap);
	redis_server_do(nodes->at[which], command);
}

static char *text_of(const struct redis_nodes *nodes, unsigned which, const char *command)
{
	redisReply *reply = redis_server_ask(nodes->at[which], command);
	char *text = mem_strdup(reply->str ? reply->str : "");

	freeReplyObject(reply);
	return text;
}

void redis_nodes_wait(const struct redis_nodes *nodes, const char *what,
	bool (*is_so)(const struct redis_nodes *nodes))
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;

	while (!is_so(nodes)) {
		if (clock_mono_ms() > until) {
			fprintf(stderr, "the cluster is not %s\n", what);
			abort();
		}
		poll(NULL, 0, 20);
	}
}

static bool says(
	const struct redis_nodes *nodes, unsigned which, const char *command, const char *words)
{
	char *text = text_of(nodes, which, command);
	bool does = strstr(text, words) != NULL;

	free(text);
	return does;
}

static unsigned count_of(const struct redis_nodes *nodes, unsigned which)
{
	char *text = text_of(nodes, which, "CLUSTER NODES");
	unsigned count = 0;

	for (const char *at = text; (at = strchr(at, '\n')); at++)
		count++;
	if (strstr(text, "handshake"))
		count = 0;
	free(text);
	return count;
}

static bool are_met(const struct redis_nodes *nodes)
{
	for (unsigned i = 0; i < CLUSTER_NODES; i++) {
		if (count_of(nodes, i) != CLUSTER_NODES)
			return false;
	}
	return true;
}

bool redis_nodes_are_whole(const struct redis_nodes *nodes)
{
	for (unsigned i = 0; i < CLUSTER_NODES; i++) {
		if (!says(nodes, i, "CLUSTER INFO", "cluster_state:ok") ||
			redis_nodes_owner(nodes, i) != nodes->owner)
			return false;
	}
	return says(nodes, REPLICA, "INFO replication", "master_link_status:up");
}

bool redis_nodes_have_failed_over(const struct redis_nodes *nodes)
{
	for (unsigned i = 0; i < CLUSTER_NODES; i++) {
		if (nodes->at[i]->pid != 0 && redis_nodes_owner(nodes, i) != REPLICA)
			return false;
	}
	return true;
}

unsigned redis_nodes_owner(const struct redis_nodes *nodes, unsigned by)
{
	redisReply *reply = redis_server_ask(nodes->at[by], "CLUSTER SLOTS");
	unsigned port = 0, found = CLUSTER_NODES;

	for (size_t i = 0; i < reply->elements; i++) {
		const redisReply *range = reply->element[i];
		if (range->element[0]->integer <= nodes->slot &&
			range->element[1]->integer >= nodes->slot)
			port = (unsigned)range->element[2]->element[1]->integer;
	}
	freeReplyObject(reply);
	for (unsigned i = 0; i < CLUSTER_NODES; i++) {
		if (nodes->at[i]->port == port)
			found = i;
	}
	return found;
}

static void start_node(struct redis_nodes *nodes, unsigned which, const char *settings)
{
	char *text = mem_printf("cluster-enabled yes\ncluster-port %u\ncluster-node-timeout 1000\n"
				"cluster-replica-validity-factor 0\n%s",
		port_take(), settings ? settings : "");

	nodes->at[which] = redis_server_new(text);
	nodes->ids[which] = text_of(nodes, which, "CLUSTER MYID");
	free(text);
}

static void start_nodes(struct redis_nodes *nodes, const char *settings)
{
	for (unsigned i = 0; i < CLUSTER_NODES; i++) {
		start_node(nodes, i, settings);
		nodes->ports[i] = nodes->at[i]->port;
	}
}

static void start_nodes_tls(struct redis_nodes *nodes, const char *folder, const char *stem)
{
	for (unsigned i = 0; i < CLUSTER_NODES; i++) {
		nodes->ports[i] = port_take();
		char *tls = certificate_settings(folder, stem, nodes->ports[i], 0);
		char *settings = mem_printf("%stls-cluster yes\ntls-replication yes\n", tls);

		start_node(nodes, i, settings);
		free(settings);
		free(tls);
	}
}

/* The bus has a port of its own, so the others are told of it. */
static unsigned bus_port(const struct redis_nodes *nodes, unsigned which)
{
	redisReply *reply = redis_server_ask(nodes->at[which], "CONFIG GET cluster-port");
	unsigned port = (unsigned)strtoul(reply->element[1]->str, NULL, 10);

	freeReplyObject(reply);
	return port;
}

static void give_slots(struct redis_nodes *nodes)
{
	redisReply *slot = redis_server_ask(nodes->at[0], "CLUSTER KEYSLOT {sparkgate}:");

	nodes->slot = (unsigned)slot->integer;
	freeReplyObject(slot);
	for (unsigned i = 0; i < CLUSTER_MASTERS; i++) {
		unsigned first = SLOTS * i / CLUSTER_MASTERS;
		unsigned last = SLOTS * (i + 1) / CLUSTER_MASTERS - 1;

		redis_nodes_do(nodes, i, "CLUSTER ADDSLOTSRANGE %u %u", first, last);
		redis_nodes_do(nodes, i, "CLUSTER SET-CONFIG-EPOCH %u", i + 1);
		if (first <= nodes->slot && nodes->slot <= last)
			nodes->owner = i;
	}
}

static void join_nodes(struct redis_nodes *nodes)
{
	give_slots(nodes);
	for (unsigned i = 0; i < CLUSTER_NODES; i++)
		nodes->endpoints[i] = (struct conf_endpoint){host, nodes->ports[i]};
	for (unsigned i = 1; i < CLUSTER_NODES; i++)
		redis_nodes_do(nodes, 0, "CLUSTER MEET %s %u %u", host, nodes->ports[i],
			bus_port(nodes, i));
	redis_nodes_wait(nodes, "met", are_met);
	redis_nodes_do(nodes, REPLICA, "CLUSTER REPLICATE %s", nodes->ids[nodes->owner]);
	redis_nodes_wait(nodes, "whole", redis_nodes_are_whole);
}

struct redis_nodes *redis_nodes_new(const char *settings)
{
	struct redis_nodes *nodes = mem_alloc(1, sizeof *nodes);

	start_nodes(nodes, settings);
	join_nodes(nodes);
	return nodes;
}

struct redis_nodes *redis_nodes_new_tls(const char *folder, const char *stem)
{
	struct redis_nodes *nodes = mem_alloc(1, sizeof *nodes);

	start_nodes_tls(nodes, folder, stem);
	join_nodes(nodes);
	return nodes;
}

void redis_nodes_free(struct redis_nodes *nodes)
{
	for (unsigned i = 0; i < CLUSTER_NODES; i++) {
		redis_server_free(nodes->at[i]);
		free(nodes->ids[i]);
	}
	free(nodes);
}

struct conf redis_nodes_conf(struct redis_nodes *nodes)
{
	return (struct conf){.store_kind = CONF_STORE_REDIS,
		.session_idle_s = 1800,
		.redis = {.endpoints = nodes->endpoints,
			.endpoints_count = CLUSTER_NODES,
			.is_cluster = true}};
}
