#include "proxy/registry/visible_clusters.h"

#include "base/mem.h"
#include "proxy/registry/topic.h"

#include <stdlib.h>

struct visible_clusters {
	const struct cluster_info **clusters;
	struct cluster_info *cut; /* those of which not all is shown; each owns its apps and uis */
	size_t count, cut_count;
};

/* Whose they are, and what they may see. */
struct viewer {
	const struct conf *conf;
	const struct identity *who;
};

static bool shows_ui(const struct viewer *viewer, const struct mount *ui)
{
	struct topic topic;

	topic_of_mount(&topic, NULL, viewer->conf, ui);
	return topic_rights(&topic, viewer->who) != 0;
}

static bool shows_all_uis(const struct viewer *viewer, const struct cluster_info *cluster)
{
	for (size_t i = 0; i < cluster->uis_count; i++) {
		if (!shows_ui(viewer, cluster->uis[i]))
			return false;
	}
	return true;
}

/* Nothing of the cluster that tells of an application. */
static void hide_lists(struct cluster_info *part)
{
	part->cores = part->cores_used = 0;
	part->memory_mb = part->memory_used_mb = 0;
	part->workers = NULL;
	part->workers_count = 0;
	part->master = part->history = NULL;
	part->histories_count = 0;
}

static void cut_uis(struct cluster_info *part, const struct viewer *viewer)
{
	const struct mount **all = part->uis;
	size_t count = 0;

	part->uis = mem_alloc(part->uis_count ? part->uis_count : 1, sizeof *part->uis);
	for (size_t i = 0; i < part->uis_count; i++) {
		if (shows_ui(viewer, all[i]))
			part->uis[count++] = all[i];
	}
	part->uis_count = count;
}

static void cut_apps(struct cluster_info *part, const struct viewer *viewer)
{
	const struct app_info *all = part->apps;
	size_t count = 0;

	part->apps = mem_alloc(part->apps_count ? part->apps_count : 1, sizeof *part->apps);
	for (size_t i = 0; i < part->apps_count; i++) {
		struct access_app facts = topic_app(part, &all[i]);
		if (access_to_app(viewer->who, &facts))
			part->apps[count++] = all[i];
	}
	part->apps_count = count;
}

static const struct cluster_info *cut(struct visible_clusters *visible,
	const struct cluster_info *whole, const struct viewer *viewer)
{
	struct cluster_info *part = &visible->cut[visible->cut_count++];

	const struct access_cluster access = cluster_info_access(whole);

	*part = *whole;
	if (!access_to_lists(viewer->who, &access))
		hide_lists(part);
	cut_uis(part, viewer);
	cut_apps(part, viewer);
	return part;
}

struct visible_clusters *visible_clusters_new(
	const struct registry *reg, const struct conf *conf, const struct identity *who)
{
	struct visible_clusters *visible = mem_alloc(1, sizeof *visible);
	struct viewer viewer = {conf, who};
	size_t count = registry_clusters(reg);

	visible->clusters = mem_alloc(count ? count : 1, sizeof *visible->clusters);
	visible->cut = mem_alloc(count ? count : 1, sizeof *visible->cut);
	for (size_t i = 0; who && i < count; i++) {
		const struct cluster_info *cluster = registry_cluster_at(reg, i);
		const struct access_cluster access = cluster_info_access(cluster);
		bool is_whole = access_to_all_apps(who, &access) && shows_all_uis(&viewer, cluster);

		if (cluster->deleted_ms == 0 && access_to_cluster(who, &access))
			visible->clusters[visible->count++] =
				is_whole ? cluster : cut(visible, cluster, &viewer);
	}
	return visible;
}

void visible_clusters_free(struct visible_clusters *visible)
{
	for (size_t i = 0; i < visible->cut_count; i++) {
		free(visible->cut[i].apps);
		free(visible->cut[i].uis);
	}
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
