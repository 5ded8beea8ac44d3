#include "conf/warn/warn_roles.h"

#include "base/mem.h"
#include "conf/conf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct telling {
	const struct conf *conf;
	const struct conf_role *row;
	size_t index;
	conf_warning *tell;
	void *arg;
};

static void tell_of_row(const struct telling *t, const char *fmt, ...) PRINTF(2, 3);

static void tell_of_row(const struct telling *t, const char *fmt, ...)
{
	char text[512], what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	snprintf(text, sizeof text, "auth.roles.custom[%zu] (%.100s): %s", t->index, t->row->role,
		what);
	t->tell(t->arg, text);
}

static bool is_about(const struct conf_role *row, const struct conf_cluster *cluster)
{
	return row->clusters.count == 0 || conf_names_have(&row->clusters, str_of(cluster->name));
}

/* --- what is not there --- */

static void warn_of_clusters(const struct telling *t)
{
	const struct conf_names *clusters = &t->row->clusters;
	size_t known = 0;

	if (conf_finds_clusters(t->conf))
		return; /* what is not there may be found */
	for (size_t i = 0; i < clusters->count; i++) {
		bool is_known = conf_find_cluster(t->conf, str_of(clusters->at[i])) != NULL;

		known += is_known;
		if (!is_known)
			tell_of_row(t, "there is no cluster \"%s\".", clusters->at[i]);
	}
	if (clusters->count > 0 && known == 0)
		tell_of_row(t, "it can do nothing, for none of its clusters is there.");
}

static bool has_ui(const struct telling *t, const char *name)
{
	for (size_t i = 0; i < t->conf->clusters_count; i++) {
		const struct conf_cluster *cluster = &t->conf->clusters[i];

		if (is_about(t->row, cluster) && conf_find_ui(t->conf, cluster->name, name))
			return true;
	}
	return false;
}

static void warn_of_uis(const struct telling *t)
{
	for (size_t i = 0; i < t->row->uis.count; i++) {
		if (!has_ui(t, t->row->uis.at[i]))
			tell_of_row(t, "none of its clusters has a UI \"%s\".", t->row->uis.at[i]);
	}
}

static void warn_of_namespaces(const struct telling *t)
{
	if (conf_finds_clusters(t->conf))
		return;
	for (size_t i = 0; i < t->conf->clusters_count; i++) {
		if (is_about(t->row, &t->conf->clusters[i]) && t->conf->clusters[i].has_kubernetes)
			return;
	}
	if (t->row->namespaces.count > 0)
		tell_of_row(t, "it opens no application, for it names namespaces and none of its "
			       "clusters has kubernetes.");
}

/* --- what they are for --- */

/* Rows add up, so that another of the same role may have it. */
static bool may_view(const struct telling *t)
{
	for (size_t i = 0; i < t->conf->roles_custom_count; i++) {
		const struct conf_role *row = &t->conf->roles_custom[i];

		if (strcmp(row->role, t->row->role) == 0 &&
			conf_names_have(&row->rights, STR("view")))
			return true;
	}
	return conf_names_have(&t->conf->roles_admin, str_of(t->row->role)) ||
	       conf_names_have(&t->conf->roles_user, str_of(t->row->role));
}

static const char *needs_view(const struct conf_names *rights)
{
	static const char *const names[] = {
		"logs", "environment", "download", "dump", "kill", "kill:own", "submit"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (conf_names_have(rights, str_of(names[i])))
			return names[i];
	}
	return NULL;
}

static void warn_of_rights(const struct telling *t)
{
	const struct conf_names *rights = &t->row->rights;
	const char *needs = needs_view(rights);

	if (rights->count == 0 && t->row->uis.count == 0)
		tell_of_row(t, "it can do nothing, for it has neither rights nor uis.");
	if (needs && !may_view(t))
		tell_of_row(t, "it has %s without view, so that it sees no page that leads there.",
			needs);
	if (conf_names_have(rights, STR("tokens")))
		tell_of_row(t, "the right tokens adds nothing, for everybody who has a role has "
			       "tokens of their own.");
	if (conf_names_have(rights, STR("kill")) && conf_names_have(rights, STR("kill:own")))
		tell_of_row(t, "kill:own adds nothing to kill.");
}

static void warn_of_own(const struct telling *t)
{
	const struct conf_user_map *map = &t->conf->user_map;
	bool needs_user = conf_names_have(&t->row->applications, STR("own")) ||
			  conf_names_have(&t->row->rights, STR("kill:own"));

	if (needs_user && map->file && map->count == 0)
		tell_of_row(t, "nobody owns an application, for auth.user_map_file is empty.");
}

/* --- the older form --- */

static void warn_of_limited(const struct conf *conf, conf_warning *tell, void *arg)
{
	if (conf->roles_limited_count > 0)
		tell(arg,
			"auth.roles.limited is the older form of auth.roles.custom. There such a "
			"row is {role: NAME, namespaces: [...], rights: [view, logs, environment, "
			"download, dump]}, which opens the clusters' lists too, filtered.");
}

void warn_roles(const struct conf *conf, conf_warning *tell, void *arg)
{
	for (size_t i = 0; i < conf->roles_custom_count; i++) {
		const struct telling t = {conf, &conf->roles_custom[i], i, tell, arg};

		warn_of_clusters(&t);
		warn_of_uis(&t);
		warn_of_namespaces(&t);
		warn_of_rights(&t);
		warn_of_own(&t);
	}
	warn_of_limited(conf, tell, arg);
}
