/* Which events of the audit somebody may read. */
#include "auth/policy/access.h"

#include "auth/policy/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static bool sees(enum role role, const char *scope, const char *cluster, const char *app)
{
	struct identity who = {.role = role};
	const struct access_app about = {.cluster = cluster, .id = app};

	if (scope)
		who.scope = scope_parse(str_of(scope), NULL);
	bool is_seen = access_to_event(&who, &about);
	scope_free(who.scope);
	return is_seen;
}

static void events_are_for_administrators_and_who_has_the_right(void **state)
{
	(void)state;
	assert_true(sees(ROLE_ADMIN, NULL, "prod", "app-1"));
	assert_true(sees(ROLE_ADMIN, NULL, "", ""));
	assert_false(sees(ROLE_USER, NULL, "prod", "app-1"));
	assert_false(sees(ROLE_CUSTOM, NULL, "prod", "app-1"));
	assert_false(sees(ROLE_NONE, NULL, "", ""));
}

static void s77_a_scope_shows_events_of_its_clusters_and_applications_only(void **state)
{
	(void)state;
	assert_true(sees(ROLE_ADMIN, "audit", "prod", "app-1"));
	assert_true(sees(ROLE_ADMIN, "audit", "", ""));
	assert_false(sees(ROLE_ADMIN, "view", "prod", "app-1")); /* it has to say so */
	assert_false(sees(ROLE_ADMIN, "cluster:prod", "prod", "app-1"));
	assert_true(sees(ROLE_ADMIN, "cluster:prod audit", "prod", "app-1"));
	assert_false(sees(ROLE_ADMIN, "cluster:prod audit", "dev", "app-1"));
	assert_false(sees(ROLE_ADMIN, "cluster:prod audit", "", "")); /* of a token, say */
	assert_true(sees(ROLE_ADMIN, "app:app-1 audit", "prod", "app-1"));
	assert_false(sees(ROLE_ADMIN, "app:app-1 audit", "prod", "app-2"));
	assert_false(sees(ROLE_ADMIN, "app:app-1 audit", "prod", ""));
	assert_false(sees(ROLE_ADMIN, "namespace:etl audit", "prod", "app-1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_for_administrators_and_who_has_the_right),
		cmocka_unit_test(s77_a_scope_shows_events_of_its_clusters_and_applications_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
