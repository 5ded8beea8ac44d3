#include "proxy/registry/visible_clusters.h"

#include "base/mem.h"

#include <stdlib.h>

struct visible_clusters {
	const struct cluster_info **clusters;
	struct cluster_info *cut; /* those of which not all is shown; each owns its apps */
	size_t count, cut_count;
};

/* The cluster with the applications that may be visible, and nothing that tells of others. */
static const struct cluster_info *cut(struct visible_clusters *visible,
	const struct cluster_info *whole, const struct scope *scope)
{
	struct cluster_info *part = &visible->cut[visible->cut_count++];
	size_t count = 0;

	*part = (struct cluster_info){.name = whole->name,
		.path = whole->path,
		.spark_version = whole->spark_version,
		.has_masters = whole->has_masters,
		.has_history = whole->has_history,
		.history_up = whole->history_up,
		.has_kubernetes = whole->has_kubernetes,
		.kubernetes_up = whole->kubernetes_up,
		.polled = whole->polled,
		.masters = whole->masters,
		.masters_count = whole->masters_count};
	part->apps = mem_alloc(whole->apps_count ? whole->apps_count : 1, sizeof *part->apps);
	for (size_t i = 0; i < whole->apps_count; i++) {
		const struct app_info *app = &whole->apps[i];

		if (scope_shows_app(scope, app->id, app->name, app->namespace))
			part->apps[count++] = *app;
	}
	part->apps_count = count;
	return part;
}

struct visible_clusters *visible_clusters_new(const struct registry *reg, const struct scope *scope)
{
	struct visible_clusters *visible = mem_alloc(1, sizeof *visible);
	size_t count = registry_clusters(reg);
	bool has_all_apps = scope_shows_all_apps(scope);

	visible->clusters = mem_alloc(count ? count : 1, sizeof *visible->clusters);
	visible->cut = mem_alloc(count ? count : 1, sizeof *visible->cut);
	for (size_t i = 0; i < count; i++) {
		const struct cluster_info *cluster = registry_cluster_at(reg, i);

		if (scope_shows_cluster(scope, cluster->name))
			visible->clusters[visible->count++] =
				has_all_apps ? cluster : cut(visible, cluster, scope);
	}
	return visible;
}

void visible_clusters_free(struct visible_clusters *visible)
{
	for (size_t i = 0; i < visible->cut_count; i++)
		free(visible->cut[i].apps);
	free(visible->cut);
	free(visible->clusters);
	free(visible);
}

size_t visible_clusters_count(const struct visible_clusters *visible)
{
	return visible->count;
}

const struct cluster_info *visible_clusters_at(const struct visible_clusters *visible, size_t index)
{
	return visible->clusters[index];
}
