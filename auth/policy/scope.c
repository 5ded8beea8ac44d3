#include "auth/policy/scope.h"

#include "auth/policy/pattern.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

#define BIT(n) (1u << (n))

struct scope {
	unsigned actions; /* bits of enum action; 0: all */
	struct str clusters[SCOPE_PARTS], apps[SCOPE_PARTS], namespaces[SCOPE_PARTS];
	size_t clusters_count, apps_count, namespaces_count;
	char *text; /* the parts borrow from it */
};

/* --- reading --- */

/* Of a namespace of Kubernetes, or of a cluster of the configuration. */
static bool is_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && i > 0)))
			return false;
	}
	return name.len > 0 && name.len <= 63;
}

/* One that was found may have its namespace with it, and what it was found by. */
static bool is_cluster(struct str name)
{
	struct str rest = name, part;

	while (str_next(&rest, '.', &part)) {
		if (!is_name(part))
			return false;
	}
	return name.len > 0 && name.len < CLUSTER_NAME_MAX && name.at[name.len - 1] != '.';
}

/* A scope-token of RFC 6749 §3.3. */
static bool is_pattern(struct str pattern)
{
	for (size_t i = 0; i < pattern.len; i++) {
		char c = pattern.at[i];
		if (c < 0x21 || c > 0x7e || c == '"' || c == '\\')
			return false;
	}
	return pattern.len > 0;
}

static bool add_part(struct scope *scope, struct str part)
{
	static const struct str cluster = STR("cluster:"), app = STR("app:");
	static const struct str namespace = STR("namespace:");

	if (str_starts(part, cluster)) {
		part = str_from(part, cluster.len);
		if (!is_cluster(part))
			return false;
		scope->clusters[scope->clusters_count++] = part;
		return true;
	}
	if (str_starts(part, app)) {
		part = str_from(part, app.len);
		if (!is_pattern(part))
			return false;
		scope->apps[scope->apps_count++] = part;
		return true;
	}
	if (str_starts(part, namespace)) {
		part = str_from(part, namespace.len);
		if (!is_name(part))
			return false;
		scope->namespaces[scope->namespaces_count++] = part;
		return true;
	}
	enum action action;
	if (!action_parse(part, &action))
		return false;
	scope->actions |= BIT(action);
	return true;
}

static int refuse_scope(struct str part, struct err *err)
{
	int len = part.len < 40 ? (int)part.len : 40;

	return err_set(err,
		"scope: got \"%.*s\", expected cluster:NAME, namespace:NAME, app:PATTERN, view, "
		"logs, "
		"environment, download, dump, kill, submit, tokens, metrics, audit, sessions or "
		"launch, "
		"each after one space",
		len, part.len ? part.at : "");
}

static int read_parts(struct scope *scope, struct err *err)
{
	struct str rest = str_of(scope->text), part;
	size_t count = 0;

	if (rest.at[rest.len - 1] == ' ')
		return err_set(err, "scope: there is a space at its end");
	while (str_next(&rest, ' ', &part)) {
		if (count++ == SCOPE_PARTS)
			return err_set(err, "scope: more than %d parts", SCOPE_PARTS);
		if (!add_part(scope, part))
			return refuse_scope(part, err);
	}
	return 0;
}

struct scope *scope_parse(struct str text, struct err *err)
{
	struct scope *scope;

	if (text.len == 0 || text.len >= SCOPE_TEXT || memchr(text.at, '\0', text.len)) {
		err_set(err, "scope: expected 1 to %d bytes", SCOPE_TEXT - 1);
		return NULL;
	}
	scope = mem_alloc(1, sizeof *scope);
	scope->text = mem_strndup(text.at, text.len);
	if (read_parts(scope, err) == 0)
		return scope;
	scope_free(scope);
	return NULL;
}

void scope_free(struct scope *scope)
{
	if (scope == NULL)
		return;
	free(scope->text);
	free(scope);
}

struct str scope_text(const struct scope *scope)
{
	return str_of(scope ? scope->text : "");
}

/* --- asking --- */

static bool has_cluster(const struct scope *scope, const char *name)
{
	for (size_t i = 0; i < scope->clusters_count; i++) {
		if (name && str_eq(scope->clusters[i], str_of(name)))
			return true;
	}
	return scope->clusters_count == 0;
}

/* One that is in no namespace, or in one that nobody knows, is in none of these. */
static bool has_namespace(const struct scope *scope, const char *namespace)
{
	for (size_t i = 0; i < scope->namespaces_count; i++) {
		if (namespace && str_eq(scope->namespaces[i], str_of(namespace)))
			return true;
	}
	return scope->namespaces_count == 0;
}

/* Of the configuration's clusters each may have something of these namespaces. */
bool scope_shows_cluster(const struct scope *scope, const struct access_cluster *cluster)
{
	bool is_found = cluster->namespace && cluster->namespace[0];

	if (scope == NULL)
		return true;
	return (has_cluster(scope, cluster->name) || has_cluster(scope, cluster->finder)) &&
	       (!is_found || has_namespace(scope, cluster->namespace));
}

static bool has_app(const struct scope *scope, const char *id, const char *name)
{
	if (scope->apps_count == 0)
		return true;
	for (size_t i = 0; i < scope->apps_count; i++) {
		if (pattern_matches(scope->apps[i], str_of(id)) ||
			(name && pattern_matches(scope->apps[i], str_of(name))))
			return true;
	}
	return false;
}

bool scope_shows_app(
	const struct scope *scope, const char *id, const char *name, const char *namespace)
{
	return scope == NULL || (has_app(scope, id, name) && has_namespace(scope, namespace));
}

bool scope_shows_all_apps(const struct scope *scope, const struct access_cluster *cluster)
{
	bool is_found = cluster->namespace && cluster->namespace[0];

	return scope_shows_app(scope, "", NULL, is_found ? cluster->namespace : NULL);
}

/* What is not about applications that run: a limited token has it by name only. */
enum {
	BY_NAME = BIT(ACTION_TOKENS) | BIT(ACTION_AUDIT) | BIT(ACTION_SESSIONS) | BIT(ACTION_LAUNCH)
};

/* Metrics are a part of the view. */
static bool allows_action(const struct scope *scope, enum action action)
{
	unsigned enough = BIT(action) | (action == ACTION_METRICS ? BIT(ACTION_VIEW) : 0);

	if (scope->actions == 0)
		return !(BIT(action) & BY_NAME);
	return (scope->actions & enough) != 0;
}

bool scope_allows(const struct scope *scope, unsigned actions, enum action *lacks)
{
	for (int i = 0; scope && i <= ACTION_NEVER; i++) {
		*lacks = (enum action)i;
		if (actions & BIT(i) && !allows_action(scope, *lacks))
			return false;
	}
	return true;
}

bool scope_shows(const struct scope *scope, const struct scope_ask *ask)
{
	const struct access_cluster cluster = {.name = ask->cluster};

	if (scope == NULL)
		return true;
	if (ask->cluster && !scope_shows_cluster(scope, &cluster))
		return false;
	if (ask->app_id[0] == '\0')
		return true;
	if (strcmp(ask->app_id, "*") == 0)
		return scope_shows_all_apps(scope, &cluster);
	return scope_shows_app(scope, ask->app_id, ask->app_name, ask->namespace);
}

/* --- comparing --- */

static bool covers_actions(const struct scope *outer, const struct scope *inner)
{
	unsigned have = outer->actions;

	if (have & BIT(ACTION_VIEW))
		have |= BIT(ACTION_METRICS);
	if (have == 0) /* all others */
		return (inner->actions & BY_NAME) == 0;
	return inner->actions != 0 && (inner->actions & ~have) == 0;
}

static bool covers_clusters(const struct scope *outer, const struct scope *inner)
{
	char name[CLUSTER_NAME_MAX];

	for (size_t i = 0; i < inner->clusters_count; i++) {
		if (!str_copy(inner->clusters[i], name, sizeof name) || !has_cluster(outer, name))
			return false;
	}
	return outer->clusters_count == 0 || inner->clusters_count > 0;
}

static bool covers_namespaces(const struct scope *outer, const struct scope *inner)
{
	char name[64];

	for (size_t i = 0; i < inner->namespaces_count; i++) {
		if (!str_copy(inner->namespaces[i], name, sizeof name) ||
			!has_namespace(outer, name))
			return false;
	}
	return outer->namespaces_count == 0 || inner->namespaces_count > 0;
}

static bool covers_apps(const struct scope *outer, const struct scope *inner)
{
	for (size_t i = 0; i < inner->apps_count; i++) {
		bool is_within = outer->apps_count == 0;

		for (size_t k = 0; k < outer->apps_count; k++)
			is_within |= pattern_matches(outer->apps[k], inner->apps[i]);
		if (!is_within)
			return false;
	}
	return outer->apps_count == 0 || inner->apps_count > 0;
}

bool scope_covers(const struct scope *outer, const struct scope *inner)
{
	if (outer == NULL)
		return true;
	return inner && covers_actions(outer, inner) && covers_clusters(outer, inner) &&
	       covers_namespaces(outer, inner) && covers_apps(outer, inner);
}
