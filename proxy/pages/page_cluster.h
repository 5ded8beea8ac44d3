/*
 * proxy/pages/page_cluster.h - one cluster's summary: is it alive, how full is it, and where are
 * its UIs.
 */
#ifndef SPARKGATE_PROXY_PAGES_PAGE_CLUSTER_H
#define SPARKGATE_PROXY_PAGES_PAGE_CLUSTER_H

#include "base/sbuf.h"
#include "proxy/registry/registry.h"

/* Its name as a heading of `level`, a link to its page unless that is this page; state; version;
 * UIs. */
void page_cluster_head(
	struct sbuf *out, const struct cluster_info *cluster, int level, bool is_link);
/* What is wrong, if anything, and since when nothing new was learnt. */
void page_cluster_notices(struct sbuf *out, const struct cluster_info *cluster);
/* Workers, cores, memory, applications as figures with bars. */
void page_cluster_figures(struct sbuf *out, const struct cluster_info *cluster);
/* Each master with its status; nothing when there is just one and it is alive. */
void page_cluster_masters(struct sbuf *out, const struct cluster_info *cluster);
/* Somebody answers who would know what runs: "none" means none, not "nobody said". */
bool page_cluster_is_known(const struct cluster_info *cluster);
size_t page_cluster_running(const struct cluster_info *cluster); /* how many applications run */
size_t page_cluster_idle(const struct cluster_info *cluster); /* ... are suspended or schedules */

#endif
