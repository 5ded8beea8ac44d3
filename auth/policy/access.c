#include "auth/policy/access.h"

#include "auth/policy/grants.h"
#include "auth/policy/scope.h"

#define BIT(n) (1u << (n))

/* What the scope leaves of these rights. */
static unsigned left_by(const struct scope *scope, unsigned rights)
{
	enum action lacks;

	for (int action = 0; scope && action < ACTION_NEVER; action++) {
		if (rights & BIT(action) && !scope_allows(scope, BIT(action), &lacks))
			rights &= ~BIT(action);
	}
	return rights;
}

unsigned access_anywhere(const struct identity *who)
{
	return left_by(who->scope, policy_rights(who->role) | grants_anywhere(who->grants));
}

bool access_to_cluster(const struct identity *who, const struct access_cluster *cluster)
{
	return scope_shows_cluster(who->scope, cluster) &&
	       (policy_rights(who->role) || grants_to_cluster(who->grants, cluster));
}

/* A scope that is limited to applications leaves nothing whole. */
static bool is_scope_for_whole(const struct identity *who, const struct access_cluster *cluster)
{
	return scope_shows_cluster(who->scope, cluster) &&
	       scope_shows_all_apps(who->scope, cluster);
}

bool access_to_all_apps(const struct identity *who, const struct access_cluster *cluster)
{
	return is_scope_for_whole(who, cluster) &&
	       (policy_rights(who->role) || grants_to_whole_cluster(who->grants, cluster));
}

unsigned access_to_whole_cluster(const struct identity *who, const struct access_cluster *cluster)
{
	if (!is_scope_for_whole(who, cluster))
		return 0;
	return left_by(who->scope,
		policy_rights(who->role) | grants_to_whole_cluster(who->grants, cluster));
}

static bool is_in_scope(const struct scope *scope, const struct access_app *app)
{
	const char *namespace = app->namespace && app->namespace[0] ? app->namespace : NULL;
	bool has_other = app->other_name && app->other_name[0];

	return scope_shows_app(scope, app->id, app->name, namespace) ||
	       (has_other && scope_shows_app(scope, app->id, app->other_name, namespace));
}

struct access_app access_app_in(const struct access_cluster *cluster, const char *id)
{
	return (struct access_app){.cluster = cluster->name,
		.finder = cluster->finder,
		.id = id,
		.namespace = cluster->namespace};
}

/* Its namespace is asked with the application. */
static struct access_cluster cluster_of(const struct access_app *app)
{
	return (struct access_cluster){.name = app->cluster, .finder = app->finder};
}

unsigned access_to_app(const struct identity *who, const struct access_app *app)
{
	const struct access_cluster cluster = cluster_of(app);

	if (!scope_shows_cluster(who->scope, &cluster) || !is_in_scope(who->scope, app))
		return 0;
	return left_by(who->scope, policy_rights(who->role) | grants_to_app(who->grants, app));
}

/* A scope that is limited to applications opens no list. */
unsigned access_to_lists(const struct identity *who, const struct access_cluster *cluster)
{
	if (!is_scope_for_whole(who, cluster))
		return 0;
	return left_by(
		who->scope, policy_rights(who->role) | grants_to_lists(who->grants, cluster));
}

static bool holds_one(const struct identity *who, char *const *roles, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (grants_has_name(who->grants, roles[i]))
			return true;
	}
	return false;
}

unsigned access_to_ui(const struct identity *who, const struct access_cluster *cluster,
	const char *ui, char *const *roles, size_t roles_count)
{
	unsigned rights = grants_to_ui(who->grants, cluster, ui);

	if (!is_scope_for_whole(who, cluster))
		return 0;
	if (roles_count == 0 || holds_one(who, roles, roles_count))
		rights |= policy_rights(who->role);
	return left_by(who->scope, rights);
}

bool access_to_event(const struct identity *who, const struct access_app *about)
{
	const struct access_cluster cluster = cluster_of(about);

	return access_anywhere(who) & BIT(ACTION_AUDIT) &&
	       scope_shows_cluster(who->scope, &cluster) &&
	       scope_shows_app(who->scope, about->id, about->name, NULL);
}
