#include "proxy/registry/named_app.h"

#include "base/mem.h"
#include "proxy/registry/topic.h"

static bool shows_app(
	const struct identity *who, const struct cluster_info *cluster, const struct app_info *app)
{
	struct access_app facts = topic_app(cluster, app);

	return access_to_app(who, &facts) != 0;
}

static bool is_called(const struct app_info *app, struct str name)
{
	const char *const names[] = {
		app->name, app->other_name, app->resource_name, app->resource_key, app->schedule};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i][0] && str_eq(str_of(names[i]), name))
			return true;
	}
	return false;
}

const struct app_info *named_app_find(const struct identity *who, const struct registry *reg,
	const struct cluster_info *cluster, struct str id_or_name)
{
	const struct app_info *found = registry_app(reg, str_of(cluster->name), id_or_name);
	const struct access_cluster access = cluster_info_access(cluster);

	if (access_to_all_apps(who, &access))
		return found;
	if (found && shows_app(who, cluster, found))
		return found;
	/* One that may be seen can have the name of one that may not. */
	found = NULL;
	for (size_t i = 0; i < cluster->apps_count; i++) {
		const struct app_info *app = &cluster->apps[i];
		if ((found == NULL || (found->is_schedule && !app->is_schedule)) &&
			is_called(app, id_or_name) && shows_app(who, cluster, app))
			found = app;
	}
	return found;
}
