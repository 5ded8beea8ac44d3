#include "proxy/process/explain_world.h"

#include "base/mem.h"
#include "proxy/registry/registry_builder.h"

#include <stdlib.h>

enum { IDS_MAX = 8 };

struct ids { /* of applications and workers that path and query name */
	struct ids_item {
		char *id;
		bool is_proxied; /* the segment after "proxy", which has a UI */
	} at[IDS_MAX];
	size_t count;
};

/* --- which they are --- */

static void add_id(struct ids *ids, struct str id, bool is_proxied)
{
	if (id.len == 0 || ids->count == IDS_MAX)
		return;
	ids->at[ids->count++] = (struct ids_item){mem_strndup(id.at, id.len), is_proxied};
}

static void find_in_path(struct ids *ids, struct str path)
{
	static const char *const words[] = {"history", "applications", "apps"};
	struct str segment, before = STR("");

	for (; str_next(&path, '/', &segment); before = segment) {
		if (str_eq(before, STR("proxy")) && !str_eq(segment, STR("master")))
			add_id(ids, segment, true);
		for (size_t i = 0; i < ARRAY_LEN(words); i++) {
			if (str_eq(before, str_of(words[i])))
				add_id(ids, segment, false);
		}
	}
}

static void find_in_query(struct ids *ids, struct str query)
{
	struct str pair;

	while (query.len && str_next(&query, '&', &pair)) {
		if (str_starts(pair, STR("appId=")))
			add_id(ids, str_from(pair, strlen("appId=")), false);
	}
}

static void clear_ids(struct ids *ids)
{
	for (size_t i = 0; i < ids->count; i++)
		free(ids->at[i].id);
}

/* --- a snapshot that has them --- */

static const struct mount *add_mount(struct registry_builder *b, const struct conf_cluster *cluster,
	enum ui_kind kind, const char *id)
{
	return registry_builder_mount(
		b, &(struct mount){.kind = kind,
			   .state = MOUNT_UP,
			   .cluster = cluster->name,
			   .id = id,
			   .is_driver_log =
				   kind == UI_WORKER && str_starts(str_of(id), STR("driver-"))});
}

static bool is_of_worker(const char *id)
{
	return str_starts(str_of(id), STR("worker-")) || str_starts(str_of(id), STR("driver-"));
}

/* Gives the applications. */
static struct app_info *add_apps(struct registry_builder *b, const struct conf_cluster *cluster,
	const struct ids *ids, const struct explain_app *app, size_t *count)
{
	struct app_info *apps = mem_alloc(IDS_MAX, sizeof *apps);

	*count = 0;
	for (size_t i = 0; i < ids->count; i++) {
		const char *id = ids->at[i].id;
		bool is_worker = is_of_worker(id);
		const struct mount *mount = NULL;

		if (ids->at[i].is_proxied)
			mount = add_mount(b, cluster, is_worker ? UI_WORKER : UI_DRIVER, id);
		if (is_worker)
			continue;
		apps[(*count)++] = (struct app_info){.id = id,
			.name = app->name,
			.user = app->user,
			.namespace = app->namespace,
			.running = mount != NULL,
			.in_history = true,
			.mount = mount};
	}
	return apps;
}

static void add_cluster(struct registry_builder *b, const struct conf_cluster *cluster,
	const struct ids *ids, const struct explain_app *app)
{
	struct cluster_info info = {.name = cluster->name,
		.has_masters = cluster->masters_count > 0,
		.has_history = cluster->history_count > 0,
		.has_kubernetes = cluster->has_kubernetes,
		.polled = true,
		.uis_count = cluster->uis_count};
	const struct mount **uis = mem_alloc(cluster->uis_count + 1, sizeof *uis);
	const struct mount *histories[CONF_HISTORIES];

	if (info.has_masters)
		info.master = add_mount(b, cluster, UI_MASTER, "master");
	for (size_t i = 0; i < cluster->history_count; i++) {
		char id[MOUNT_HISTORY_ID];
		mount_history_id(i, id);
		histories[i] = add_mount(b, cluster, UI_HISTORY, id);
	}
	info.histories = histories;
	info.histories_count = cluster->history_count;
	for (size_t i = 0; i < cluster->uis_count; i++)
		uis[i] = add_mount(b, cluster, UI_OTHER, cluster->uis[i].name);
	info.uis = uis;
	info.apps = add_apps(b, cluster, ids, app, &info.apps_count);
	registry_builder_cluster(b, &info);
	free(info.apps);
	free(uis);
}

static struct registry *make_registry(const struct conf *conf, const char *base,
	const struct ids *ids, const struct explain_app *app)
{
	struct registry_builder *b = registry_builder_new(base);

	for (size_t i = 0; i < conf->clusters_count; i++)
		add_cluster(b, &conf->clusters[i], ids, app);
	return registry_builder_finish(b);
}

/* --- the request --- */

void explain_world_init(struct explain_world *world, const struct conf *conf, const char *method,
	const char *target, const struct explain_app *app)
{
	struct str whole = str_of(target);
	ptrdiff_t mark = str_find_byte(whole, '?');
	struct str path = {whole.at, mark == -1 ? whole.len : (size_t)mark};
	struct str query = mark == -1 ? STR("") : str_from(whole, (size_t)mark + 1);
	struct ids ids = {.count = 0};

	*world = (struct explain_world){.action = ACTION_VIEW};
	world->base = mem_strdup(conf->server.base);
	find_in_path(&ids, path);
	find_in_query(&ids, query);
	world->registry = make_registry(conf, world->base, &ids, app);
	clear_ids(&ids);
	world->route = route_match(world->registry, world->base, path);
	world->action = topic_actions(&world->route, str_of(method), path, &world->actions);
	topic_find(&world->topic, world->registry, conf, &world->route, query);
}

void explain_world_clear(struct explain_world *world)
{
	registry_free(world->registry);
	free(world->base);
}
