#include "proxy/registry/scope_check.h"

enum { APP_ID_MAX = 128 };

static const char all[] = "*", none[] = "";

/* Below these a history server shows one application, by the segment that follows. */
static const char *const history_apps[] = {"/history/", "/api/v1/applications/"};
/* Its pages' scripts and pictures. */
static const char *const history_common[] = {"/static/", "/api/v1/version"};

/* An id that Jetty could read as another one (escapes, parameters) is no id. */
static bool copy_id(struct str id, char out[APP_ID_MAX])
{
	for (size_t i = 0; i < id.len; i++) {
		char c = id.at[i];
		if (!(str_is_tchar(c) && c != '%' && c != '*'))
			return false;
	}
	return id.len > 0 && str_copy(id, out, APP_ID_MAX);
}

/* Writes the id into `id` and gives it; or all or none. */
static const char *app_of_history(struct str path, char id[APP_ID_MAX])
{
	for (size_t i = 0; i < sizeof history_common / sizeof *history_common; i++) {
		if (str_starts(path, str_of(history_common[i])))
			return none;
	}
	for (size_t i = 0; i < sizeof history_apps / sizeof *history_apps; i++) {
		struct str prefix = str_of(history_apps[i]), rest, first;

		if (!str_starts(path, prefix))
			continue;
		rest = str_from(path, prefix.len);
		return str_next(&rest, '/', &first) && copy_id(first, id) ? id : all;
	}
	return all;
}

static const char *app_of(const struct route *route, char id[APP_ID_MAX])
{
	const struct mount *mount = route->mount;

	if (mount && mount->kind == UI_HISTORY) /* without a slash: its list */
		return app_of_history(route->rest.len ? route->rest : STR("/"), id);
	if (mount)
		return mount->kind == UI_DRIVER ? mount->id : all;
	if (route->kind == ROUTE_APP && route->rest.at) /* its id in a mount's place */
		return copy_id(route->name, id) ? id : all;
	/* Whose it is, the ingress alone knows. Our own pages show what may be seen. */
	return route->kind == ROUTE_OUTSIDE ? all : none;
}

static bool shows_app(const struct scope *scope, const struct app_info *app)
{
	return scope_shows_app(scope, app->id, app->name, app->namespace);
}

bool scope_check_shows(
	const struct scope *scope, const struct registry *reg, const struct route *route)
{
	const struct cluster_info *cluster = route->cluster;
	const struct app_info *app = NULL;
	struct scope_ask ask = {.cluster = NULL};
	char id[APP_ID_MAX];

	if (scope == NULL)
		return true;
	/* What is of no cluster of ours may be of one that is hidden, for all that one can tell. */
	ask.cluster = cluster ? cluster->name : route->kind == ROUTE_OUTSIDE ? "" : NULL;
	ask.app_id = app_of(route, id);
	if (cluster && ask.app_id != none && ask.app_id != all)
		app = registry_app(reg, str_of(cluster->name), str_of(ask.app_id));
	/* By its id only: somebody else's application may be called like this one's id. */
	if (app && strcmp(app->id, ask.app_id) == 0) {
		ask.app_name = app->name;
		ask.namespace = app->namespace;
	}
	return scope_shows(scope, &ask);
}

const struct app_info *scope_check_app(const struct scope *scope, const struct registry *reg,
	const struct cluster_info *cluster, struct str id_or_name)
{
	const struct app_info *found = registry_app(reg, str_of(cluster->name), id_or_name);

	if (scope == NULL || (found && shows_app(scope, found)))
		return found;
	/* One that may be seen can have the name of one that may not. */
	for (size_t i = 0; i < cluster->apps_count; i++) {
		const struct app_info *app = &cluster->apps[i];
		if (str_eq(str_of(app->name), id_or_name) && shows_app(scope, app))
			return app;
	}
	return NULL;
}
