/*
 * proxy/discovery/cluster_life.h - a cluster from its first line of configuration to its last: its
 * masters, history servers, UIs and watches are those that its configuration names now.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_CLUSTER_LIFE_H
#define SPARKGATE_PROXY_DISCOVERY_CLUSTER_LIFE_H

#include "conf/conf.h"

struct cluster;
struct discovery;
struct found_cluster;

/* Borrows `found`, which outlives it; NULL: the configuration has it. To be given one at once: */
struct cluster *cluster_new(
	struct discovery *d, const char *name, const struct found_cluster *found);
/* Borrows `conf` until the next one. What it has in common with the one before is kept. */
void cluster_set_conf(struct cluster *c, const struct conf_cluster *conf);
void cluster_free(struct cluster *c);

#endif
