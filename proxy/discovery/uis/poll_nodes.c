#include "proxy/discovery/uis/poll_nodes.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/uis/poll_ui.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	LIST_MAX = 16 * 1024 * 1024, /* a node's row has two KiB */
	SLOWER = 15,		     /* polls of a master per reading of a list that answers */
	ASKED_AT_ONCE = 32,
};

bool node_list_name(
	const struct conf_ui *conf, const struct url *node, char name[static NODE_NAME_MAX])
{
	struct str part = conf_pattern_part(conf->url.host, str_of(node->host));
	size_t before = strcspn(conf->name, "*"), at = before;
	const char *after = conf->name + before + 1;

	if (part.at == NULL || node->port != conf->url.port ||
		before + part.len + strlen(after) >= NODE_NAME_MAX)
		return false;
	memcpy(name, conf->name, before);
	for (size_t i = 0; i < part.len; i++)
		name[at++] = str_is_alnum(part.at[i]) ? part.at[i] : '-';
	memcpy(name + at, after, strlen(after) + 1);
	return name[0] != '-';
}

/* --- nodes --- */

static struct ui *node_new(struct node_list *list, const char *name, const struct url *url)
{
	struct conf_ui conf = {.url = *url};
	struct ui *node;

	conf.name = mem_strdup(name);
	node = ui_new(list->server.cluster, &conf);
	node->server.fence = &list->fence;
	free(conf.name);
	return node;
}

/* "host:port" of a node as the list has it. False: it has none of ours. */
static bool read_node(const struct node_list *list, const json_t *row, struct url *url,
	char name[static NODE_NAME_MAX])
{
	const char *address = json_string_value(json_object_get(row, "nodeHTTPAddress"));
	const char *scheme = list->conf->url.tls ? "https" : "http";
	struct err err;

	if (address == NULL || strcspn(address, "/?#@") != strlen(address) || strlen(address) > 300)
		return false;
	char *text = mem_printf("%s://%s/", scheme, address);
	int rc = url_parse(str_of(text), url, &err);
	free(text);
	return rc == 0 && node_list_name(list->conf, url, name);
}

struct named { /* a row of the list */
	char name[NODE_NAME_MAX];
	size_t row;
};

static int name_order(const void *left, const void *right)
{
	const struct named *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order ? order : (a->row > b->row) - (a->row < b->row);
}

/* The first rows that there is a place for, by name. `*left_out` counts the others of ours. */
static size_t sort_rows(const struct node_list *list, const json_t *rows,
	struct named named[static NODES_MAX], size_t *left_out)
{
	struct url url;
	size_t count = 0;

	*left_out = 0;
	for (size_t i = 0; i < json_array_size(rows); i++) {
		struct named one = {.row = i};
		if (!read_node(list, json_array_get(rows, i), &url, one.name))
			continue;
		if (count < NODES_MAX)
			named[count++] = one;
		else
			*left_out += 1;
	}
	qsort(named, count, sizeof *named, name_order);
	return count;
}

struct known { /* nodes by name; those taken out of it are NULL */
	struct ui **at;
	size_t count, next; /* before it are names that come before the one asked for */
};

/* Takes the node out of those known before, or makes it. Asked for names in their order. */
static struct ui *keep_node(
	struct node_list *list, const char *name, const struct url *url, struct known *known)
{
	while (known->next < known->count && strcmp(known->at[known->next]->name, name) < 0)
		known->next++;
	if (known->next < known->count) {
		struct ui **node = &known->at[known->next], *kept = *node;
		if (strcmp(kept->name, name) == 0 &&
			strcmp(kept->server.url.host, url->host) == 0) {
			*node = NULL;
			known->next++;
			return kept;
		}
	}
	cluster_changed(list->server.cluster);
	return node_new(list, name, url);
}

static void free_known(struct node_list *list, struct known *known)
{
	for (size_t i = 0; i < known->count; i++) {
		if (known->at[i]) {
			cluster_changed(list->server.cluster);
			ui_free(known->at[i]);
		}
	}
	free(known->at);
}

static void warn_left_out(struct node_list *list, size_t left_out)
{
	if (left_out != list->left_out)
		log_warn("discovery",
			"cluster %s: %zu nodes of %s have no place, or no name of "
			"their own",
			list->server.cluster->name, left_out, list->server.text);
	list->left_out = left_out;
}

/* Both lists are by name, so each is gone through once. */
static void set_nodes(struct node_list *list, const json_t *rows)
{
	struct known known = {list->nodes, list->nodes_count, 0};
	struct named *named = mem_alloc(NODES_MAX, sizeof *named);
	size_t left_out, count = sort_rows(list, rows, named, &left_out);
	struct url url;

	list->nodes = mem_alloc(NODES_MAX, sizeof *list->nodes);
	list->nodes_count = 0;
	for (size_t i = 0; i < count; i++) {
		const json_t *row = json_array_get(rows, named[i].row);
		char name[NODE_NAME_MAX];
		if (i > 0 && strcmp(named[i].name, named[i - 1].name) == 0)
			left_out++;
		else if (read_node(list, row, &url, name))
			list->nodes[list->nodes_count++] = keep_node(list, name, &url, &known);
	}
	warn_left_out(list, left_out);
	free_known(list, &known);
	free(named);
}

/* --- the list --- */

static void on_list(const struct fetch_result *result, void *arg)
{
	struct node_list *list = arg;
	int64_t poll_ms = list->server.cluster->conf->poll_ms;
	bool is_good = polled_server_note(&list->server, result, 200);
	json_t *json = is_good ? json_loadb(result->body.at, result->body.len,
					 JSON_REJECT_DUPLICATES, NULL)
			       : NULL;
	const json_t *nodes = json_object_get(json, "nodes");

	if (is_good) /* its nodes may live where it does */
		(void)address_fence_add_master(
			&list->fence, (const struct sockaddr *)(const void *)&result->peer);
	if (json_is_object(nodes) || json_is_null(nodes)) /* null: there is none */
		set_nodes(list, json_object_get(nodes, "node"));
	else if (is_good)
		polled_server_set_up(&list->server, false, "it lists no nodes");
	json_decref(json);
	list->server.due_ms = clock_mono_ms() + (list->server.up ? SLOWER * poll_ms : poll_ms);
}

/* Some at a time: there may be thousands. */
static void poll_some(struct node_list *list)
{
	size_t asked = 0;

	for (size_t i = 0; i < list->nodes_count; i++)
		asked += list->nodes[i]->server.fetch != NULL;
	for (size_t i = 0; i < list->nodes_count && asked < ASKED_AT_ONCE; i++) {
		struct ui *node = list->nodes[list->next++ % list->nodes_count];
		bool was_idle = node->server.fetch == NULL;
		ui_poll(node);
		asked += was_idle && node->server.fetch != NULL;
	}
}

void node_list_poll(struct node_list *list)
{
	if (list->server.fetch == NULL && clock_mono_ms() >= list->server.due_ms)
		list->server.fetch = polled_server_ask(
			&list->server, "/ws/v1/cluster/nodes", LIST_MAX, on_list, list);
	poll_some(list);
}

static void use_conf(struct node_list *list, const struct conf_ui *conf)
{
	const struct conf_cluster *cluster = list->server.cluster->conf;

	list->conf = conf;
	address_fence_set_networks(&list->fence, cluster->networks, cluster->networks_count);
}

struct node_list *node_list_new(
	struct cluster *c, const struct conf_ui *conf, const struct conf_ui *manager)
{
	struct node_list *list = mem_alloc(1, sizeof *list);

	polled_server_init(&list->server, c, UI_OTHER, &manager->url);
	use_conf(list, conf);
	list->name = mem_strdup(conf->name);
	list->url = conf->url;
	return list;
}

void node_list_free(struct node_list *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->nodes_count; i++)
		ui_free(list->nodes[i]);
	polled_server_clear(&list->server);
	free(list->nodes);
	free(list->name);
	free(list);
}

bool node_list_use(
	struct node_list *list, const struct conf_ui *conf, const struct conf_ui *manager)
{
	if (strcmp(list->name, conf->name) != 0 || !url_is_same(&list->url, &conf->url) ||
		!polled_server_is(&list->server, &manager->url))
		return false;
	use_conf(list, conf);
	return true;
}
