#include "proxy/narrow.h"

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

static const char *app_of(
	const struct registry *reg, const struct route *route, char id[APP_ID_MAX])
{
	const struct mount *mount = route->mount;
	const struct app_info *app;

	switch (route->kind) {
	case ROUTE_APP: /* a name leads to an id, and that is asked for again */
		app = copy_id(route->name, id)
			      ? registry_app(reg, str_of(route->cluster->name), str_of(id))
			      : NULL;
		return app ? app->id : all;
	case ROUTE_MOUNT:
		if (mount->kind == UI_HISTORY)
			return app_of_history(route->rest, id);
		return mount->kind == UI_DRIVER ? mount->id : all;
	case ROUTE_OUTSIDE: /* whose it is, the ingress alone knows */
		return all;
	default:
		return none; /* our own pages show what may be seen */
	}
}

bool narrow_allows(const struct scope *scope, const struct registry *reg, const struct route *route,
	enum action action, char lacks[SCOPE_LACKS])
{
	struct scope_ask ask = {.action = action};
	const struct app_info *app;
	char id[APP_ID_MAX];

	if (scope == NULL)
		return true;
	ask.cluster = route->cluster ? route->cluster->name : NULL;
	ask.app_id = app_of(reg, route, id);
	app = route->cluster && ask.app_id != none && ask.app_id != all
		      ? registry_app(reg, str_of(route->cluster->name), str_of(ask.app_id))
		      : NULL;
	/* By its id only: somebody else's application may be called like this one's id. */
	if (app && strcmp(app->id, ask.app_id) == 0) {
		ask.app_name = app->name;
		ask.namespace = app->namespace;
	}
	return scope_allows(scope, &ask, lacks);
}
