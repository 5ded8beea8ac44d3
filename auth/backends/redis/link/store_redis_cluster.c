#include "auth/backends/redis/link/store_redis_cluster.h"

#include <hiredis/hiredis.h>
#include <stdio.h>

/* "" and "?": a node that does not know its own name. */
static bool set_address(
	struct redis_address *out, struct str host, uint64_t port, const struct redis_address *from)
{
	*out = (struct redis_address){.port = (unsigned)port};
	if (port < 1 || port > 65535)
		return false;
	if (host.len == 0 || str_eq(host, STR("?"))) {
		memcpy(out->host, from->host, sizeof out->host);
		memcpy(out->name, from->name, sizeof out->name);
		return out->host[0] != '\0';
	}
	return memchr(host.at, '\0', host.len) == NULL &&
	       str_copy(host, out->host, sizeof out->host) &&
	       str_copy(host, out->name, sizeof out->name);
}

/* "MOVED 3999 127.0.0.1:6381": of an IPv6 address the last colon is before the port. */
bool redis_redirect_read(const struct redisReply *reply, const struct redis_address *from,
	struct redis_redirect *out)
{
	struct str text, word, slot;
	uint64_t port;

	if (reply == NULL || reply->type != REDIS_REPLY_ERROR)
		return false;
	text = (struct str){reply->str, reply->len};
	if (!str_next(&text, ' ', &word) || !str_next(&text, ' ', &slot))
		return false;
	out->is_ask = str_eq(word, STR("ASK"));
	if (!out->is_ask && !str_eq(word, STR("MOVED")))
		return false;
	struct str host = text;
	while (host.len > 0 && host.at[host.len - 1] != ':')
		host.len--;
	if (host.len == 0 || !str_to_u64(str_from(text, host.len), &port))
		return false;
	host.len--;
	return set_address(&out->to, host, port, from);
}

size_t redis_cluster_round(const struct redis_cluster *cluster, const struct redis_servers *servers)
{
	return cluster->count + servers->endpoints_count + 2; /* and two moves */
}

void redis_cluster_next(struct redis_cluster *cluster, const struct redis_servers *servers,
	struct redis_address *out)
{
	if (cluster->moved.port != 0) {
		*out = cluster->moved;
		cluster->moved.port = 0;
		return;
	}
	size_t at = cluster->next++ % (cluster->count + servers->endpoints_count);
	if (at < cluster->count) {
		*out = cluster->nodes[at];
		return;
	}
	const struct redis_endpoint *endpoint = &servers->endpoints[at - cluster->count];
	*out = (struct redis_address){.port = endpoint->port};
	snprintf(out->host, sizeof out->host, "%s", endpoint->host);
	snprintf(out->name, sizeof out->name, "%s", endpoint->host);
}

/* --- the nodes --- */

void redis_cluster_ask(struct redis_cmd *cmd)
{
	redis_cmd_init(cmd, "CLUSTER");
	redis_cmd_text(cmd, "SLOTS");
}

static bool is_known(const struct redis_cluster *cluster, const struct redis_address *node)
{
	for (size_t i = 0; i < cluster->count; i++) {
		if (cluster->nodes[i].port == node->port &&
			strcmp(cluster->nodes[i].host, node->host) == 0)
			return true;
	}
	return false;
}

/* A node is a list: host (nil: unknown), port, and more. */
static void learn_node(
	struct redis_cluster *cluster, const redisReply *node, const struct redis_address *from)
{
	struct redis_address *out = &cluster->nodes[cluster->count];
	struct str host = STR("");

	if (cluster->count == REDIS_NODES || node->type != REDIS_REPLY_ARRAY ||
		node->elements < 2 || node->element[1]->type != REDIS_REPLY_INTEGER)
		return;
	if (node->element[0]->type == REDIS_REPLY_STRING)
		host = (struct str){node->element[0]->str, node->element[0]->len};
	if (set_address(out, host, (uint64_t)node->element[1]->integer, from) &&
		!is_known(cluster, out))
		cluster->count++;
}

/* A list of ranges: first slot, last slot, and the nodes that have them. */
void redis_cluster_learn(struct redis_cluster *cluster, const struct redisReply *reply,
	const struct redis_address *from)
{
	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY)
		return;
	cluster->count = 0;
	for (size_t i = 0; i < reply->elements; i++) {
		const redisReply *range = reply->element[i];

		for (size_t n = 2; range->type == REDIS_REPLY_ARRAY && n < range->elements; n++)
			learn_node(cluster, range->element[n], from);
	}
}
