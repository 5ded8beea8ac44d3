/*
 * proxy/discovery/uis/poll_nodes.h - the NodeManagers of a ResourceManager under `uis:`, as it
 * lists them (row nodes_of).
 *
 * A node says itself what its address is, so what the list names counts only where the row's
 * pattern fits its host, its port is the row's, and the fence lets its address pass (S97). At most
 * NODES_MAX; what is more is logged and left out. Keeper thread.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_UIS_POLL_NODES_H
#define SPARKGATE_PROXY_DISCOVERY_UIS_POLL_NODES_H

#include "base/text/url.h"

enum { NODES_MAX = 2000, NODE_NAME_MAX = 64 };

struct cluster;
struct conf_ui;
struct node_list;

/* `conf` has nodes_of; `manager` is that UI's. Gives; borrows `conf` until node_list_use(). */
struct node_list *node_list_new(
	struct cluster *c, const struct conf_ui *conf, const struct conf_ui *manager);
void node_list_free(struct node_list *list); /* NULL is fine */
/* True when it is of this row and manager, of a newer configuration, which it borrows from now on.
 */
bool node_list_use(
	struct node_list *list, const struct conf_ui *conf, const struct conf_ui *manager);
void node_list_poll(struct node_list *list);
/* What the UI at this address is called, "node-7" where the row's `name` is "node-*" and its host
 * "*.example.net". False: it does not fit, or would be no name. */
bool node_list_name(
	const struct conf_ui *conf, const struct url *node, char name[static NODE_NAME_MAX]);

#endif
