#include "auth/policy/access.h"

#include "auth/policy/scope.h"

#define BIT(n) (1u << (n))

/* What the scope leaves of these rights. */
static unsigned left_by(const struct scope *scope, unsigned rights)
{
	enum action lacks;

	for (int action = 0; action < ACTION_NEVER; action++) {
		if (rights & BIT(action) && !scope_allows(scope, BIT(action), &lacks))
			rights &= ~BIT(action);
	}
	return rights;
}

unsigned access_anywhere(const struct identity *who)
{
	return left_by(who->scope, policy_rights(who->role));
}

bool access_to_cluster(const struct identity *who, const char *cluster)
{
	return policy_rights(who->role) && scope_shows_cluster(who->scope, cluster);
}

bool access_to_all_apps(const struct identity *who, const char *cluster)
{
	return access_to_cluster(who, cluster) && scope_shows_all_apps(who->scope);
}

unsigned access_to_app(const struct identity *who, const struct access_app *app)
{
	if (!access_to_cluster(who, app->cluster) ||
		!scope_shows_app(who->scope, app->id, app->name,
			app->namespace && app->namespace[0] ? app->namespace : NULL))
		return 0;
	return access_anywhere(who);
}

/* A scope that is limited to applications opens no list. */
unsigned access_to_lists(const struct identity *who, const char *cluster)
{
	return access_to_all_apps(who, cluster) ? access_anywhere(who) : 0;
}

unsigned access_to_ui(const struct identity *who, const char *cluster, const char *ui,
	char *const *roles, size_t roles_count)
{
	(void)ui;
	(void)roles;
	return roles_count ? 0 : access_to_lists(who, cluster);
}
