#include "proxy/registry/route.h"

#include "base/mem.h"
#include "proxy/guard/app_key.h"

static struct route found(enum route_kind kind)
{
	return (struct route){.kind = kind};
}

/* Cuts the first segment off "/seg/rest"; `*rest` keeps its slash and is empty when there is none.
 */
static struct str first_segment(struct str path, struct str *rest)
{
	struct str tail = str_from(path, 1);
	ptrdiff_t slash = str_find_byte(tail, '/');

	*rest = slash == -1 ? (struct str){tail.at + tail.len, 0} : str_from(tail, (size_t)slash);
	return (struct str){tail.at, tail.len - rest->len};
}

/* "/callback/NAME": where answers of the provider of this name come. */
static bool is_callback_of_one(struct str path)
{
	struct str name;

	if (!str_starts(path, STR("/callback/")))
		return false;
	name = str_from(path, strlen("/callback/"));
	return name.len > 0 && str_find_byte(name, '/') == -1;
}

static struct route match_gate(struct str path)
{
	static const struct {
		const char *path;
		enum route_kind kind;
	} own[] = {{"/login", ROUTE_LOGIN}, {"/callback", ROUTE_CALLBACK},
		{"/logout", ROUTE_LOGOUT}, {"/jwks.json", ROUTE_JWKS},
		{"/hand-over", ROUTE_HAND_OVER}, {"/oauth/token", ROUTE_OAUTH_TOKEN},
		{"/oauth/revoke", ROUTE_OAUTH_REVOKE},
		{"/oauth/introspect", ROUTE_OAUTH_INTROSPECT},
		{"/oauth/device", ROUTE_OAUTH_DEVICE}, {"/oauth/metadata", ROUTE_OAUTH_METADATA}};
	struct route route = found(ROUTE_NONE);

	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		if (str_eq(path, str_of(own[i].path)))
			route.kind = own[i].kind;
	}
	if (is_callback_of_one(path))
		route.kind = ROUTE_CALLBACK;
	if (str_starts(path, STR("/static/"))) {
		route.kind = ROUTE_STATIC;
		route.rest = str_from(path, sizeof "/static/" - 1);
	}
	if (str_starts(path, STR("/client/"))) {
		route.kind = ROUTE_CLIENT;
		route.rest = str_from(path, sizeof "/client/" - 1);
	}
	return route;
}

static struct route at_mount(
	const struct cluster_info *cluster, const struct mount *mount, struct str rest)
{
	if (mount == NULL)
		return found(ROUTE_NONE);
	return (struct route){.kind = rest.len ? ROUTE_MOUNT : ROUTE_SLASH,
		.cluster = cluster,
		.mount = mount,
		.rest = rest};
}

static bool is_known_app(const struct registry *reg, struct str cluster, struct str id)
{
	const struct app_info *app = registry_app(reg, cluster, id);

	return app && str_eq(str_of(app->id), id); /* by id, not by a name that looks like one */
}

static const struct mount *find_history(const struct cluster_info *cluster, struct str id)
{
	for (size_t i = 0; i < cluster->histories_count; i++) {
		if (str_eq(str_of(cluster->histories[i]->id), id))
			return cluster->histories[i];
	}
	return NULL;
}

/* Below `apps/`: a permalink, and what is said and done of one application. */
static struct route match_app(const struct cluster_info *cluster, struct str id, struct str rest)
{
	static const struct {
		const char *rest;
		enum route_kind kind;
	} leaves[] = {{"", ROUTE_APP}, {"/", ROUTE_APP}, {"/kill", ROUTE_APP_KILL},
		{"/logs", ROUTE_APP_LOGS}, {"/events", ROUTE_APP_EVENTS}};

	for (size_t i = 0; i < ARRAY_LEN(leaves); i++) {
		if (str_eq(rest, str_of(leaves[i].rest)))
			return (struct route){
				.kind = leaves[i].kind, .cluster = cluster, .name = id};
	}
	return (struct route){.kind = ROUTE_NONE, .cluster = cluster};
}

static struct route match_cluster(
	const struct registry *reg, const struct cluster_info *cluster, struct str path)
{
	struct str name = str_of(cluster->name), below, rest;
	struct str kind = first_segment(path, &below);

	if (path.len <= 1)
		return (struct route){
			.kind = path.len ? ROUTE_CLUSTER : ROUTE_SLASH, .cluster = cluster};
	const struct mount *history = find_history(cluster, kind);
	if (history)
		return at_mount(cluster, history, below);
	if (below.len < 2)
		return found(ROUTE_NONE);
	struct str id = first_segment(below, &rest);
	bool is_proxy = str_eq(kind, STR("proxy"));
	const struct mount *mount = is_proxy ? registry_proxy(reg, name, id) : NULL;
	if (mount)
		return at_mount(cluster, mount, rest);
	/* Only history knows it. */
	if (is_proxy && (is_known_app(reg, name, id) || route_may_be_older(cluster, id)))
		return (struct route){
			.kind = ROUTE_APP, .cluster = cluster, .name = id, .rest = rest};
	if (str_eq(kind, STR("ui")))
		return at_mount(cluster, registry_ui(reg, name, id), rest);
	if (str_eq(kind, STR("apps")))
		return match_app(cluster, id, rest);
	return is_proxy ? (struct route){.kind = ROUTE_NONE, .cluster = cluster}
			: found(ROUTE_NONE);
}

struct route route_match(const struct registry *reg, const char *base, struct str path)
{
	struct str rest;

	if (!str_starts(path, str_of(base)))
		return found(ROUTE_NONE);
	path = str_from(path, strlen(base));
	if (path.len == 0)
		return found(ROUTE_SLASH);
	if (path.at[0] != '/')
		return found(ROUTE_NONE);
	if (path.len == 1)
		return found(ROUTE_HOME);
	if (str_eq(path, STR("/whoami")))
		return found(ROUTE_WHOAMI);
	struct str name = first_segment(path, &rest);
	if (str_eq(name, STR("_gate")))
		return match_gate(rest);
	const struct cluster_info *cluster = reg ? registry_cluster(reg, name) : NULL;
	return cluster ? match_cluster(reg, cluster, rest) : found(ROUTE_NONE);
}

static bool is_enter(const char *base, struct str path)
{
	return str_starts(path, str_of(base)) &&
	       str_eq(str_from(path, strlen(base)), STR("/_gate/enter"));
}

struct route route_match_app(
	const struct registry *reg, const char *base, struct str path, const struct mount *app)
{
	struct route route = route_match(reg, base, path);

	if (route.kind == ROUTE_STATIC || route.kind == ROUTE_LOGIN)
		return route;
	if (is_enter(base, path))
		return found(ROUTE_ENTER);
	if (app && ((route.kind == ROUTE_MOUNT && route.mount == app) ||
			   (route.kind == ROUTE_SLASH && str_eq(path, str_of(app->path)))))
		return route;
	return found(ROUTE_NONE);
}

bool route_is_outside(const struct registry *reg, const char *base, struct str path)
{
	struct str rest;

	if (!str_starts(path, str_of(base)))
		return true;
	path = str_from(path, strlen(base));
	if (path.len == 0 || path.at[0] != '/')
		return true;
	struct str name = first_segment(path, &rest);
	const struct cluster_info *cluster = reg ? registry_cluster(reg, name) : NULL;
	bool is_ours = str_eq(name, STR("_gate")) || str_eq(path, STR("/whoami"));

	/* S108: who makes a cluster takes no path of what an ingress guards. */
	return !is_ours && (cluster == NULL || cluster->finder[0]);
}

bool route_may_be_older(const struct cluster_info *cluster, struct str id)
{
	return cluster->is_history_cut && app_key_is_id(id);
}

bool route_is_public(const struct route *route)
{
	return route->kind >= ROUTE_LOGIN;
}
