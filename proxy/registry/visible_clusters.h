/*
 * proxy/registry/visible_clusters.h - what of the registry a viewer may see, as the home page shows
 * it.
 *
 * Clusters, UIs and applications by auth/policy/access.h; of a cluster whose lists are not for them
 * neither master nor workers. Clusters that were deleted are not among
 * them: only their links go on. Borrows the registry.
 */
#ifndef SPARKGATE_PROXY_REGISTRY_VISIBLE_CLUSTERS_H
#define SPARKGATE_PROXY_REGISTRY_VISIBLE_CLUSTERS_H

#include "auth/policy/access.h"
#include "proxy/registry/registry.h"

struct conf;
struct visible_clusters;

/* Borrows `who` (NULL: nobody, who sees nothing) and `conf` (NULL: none) for the call only. */
struct visible_clusters *visible_clusters_new(
	const struct registry *reg, const struct conf *conf, const struct identity *who);
void visible_clusters_free(struct visible_clusters *visible);
size_t visible_clusters_count(const struct visible_clusters *visible); /* clusters */
const struct cluster_info *visible_clusters_at(
	const struct visible_clusters *visible, size_t index);

#endif
