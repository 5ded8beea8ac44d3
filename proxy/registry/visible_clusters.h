/*
 * proxy/registry/visible_clusters.h - what of the registry a viewer may see, as the home page shows
 * it.
 *
 * All of it, but for tokens that are limited (auth/policy/scope.h): then only their clusters, and
 * of those, if they are limited to applications, only these. Borrows the registry.
 */
#ifndef SPARKGATE_PROXY_REGISTRY_VISIBLE_CLUSTERS_H
#define SPARKGATE_PROXY_REGISTRY_VISIBLE_CLUSTERS_H

#include "auth/policy/scope.h"
#include "proxy/registry/registry.h"

struct visible_clusters;

/* Borrows `scope` for the call only; NULL: not limited. */
struct visible_clusters *visible_clusters_new(
	const struct registry *reg, const struct scope *scope);
void visible_clusters_free(struct visible_clusters *visible);
size_t visible_clusters_count(const struct visible_clusters *visible); /* clusters */
const struct cluster_info *visible_clusters_at(
	const struct visible_clusters *visible, size_t index);

#endif
