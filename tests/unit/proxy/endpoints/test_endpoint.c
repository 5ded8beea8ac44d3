#include "proxy/endpoints/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct web_row *row_of(const char *path)
{
	for (size_t i = 0; i < endpoint_site.rows_count; i++) {
		if (strcmp(endpoint_site.rows[i].path, path) == 0)
			return &endpoint_site.rows[i];
	}
	return NULL;
}

/* The route decides that nobody is asked who they are; the row decides then. A path of one that is
 * none of the other would be judged as something else. */
static void every_row_is_a_public_route_and_every_public_route_a_row(void **state)
{
	static const char *const public[] = {"/_gate/login", "/_gate/callback", "/_gate/logout",
		"/_gate/jwks.json", "/_gate/hand-over", "/_gate/oauth/token", "/_gate/oauth/revoke",
		"/_gate/oauth/introspect", "/_gate/static/{file}", "/_gate/enter"};

	(void)state;
	for (size_t i = 0; i < endpoint_site.rows_count; i++) {
		struct str path = str_of(endpoint_site.rows[i].path);
		bool is_of_app = str_eq(path, STR("/_gate/enter"));
		struct route route = is_of_app ? route_match_app(NULL, "", path, NULL)
					       : route_match(NULL, "", path);
		if (!route_is_public(&route))
			fail_msg("%s is not public", endpoint_site.rows[i].path);
	}
	for (size_t i = 0; i < ARRAY_LEN(public); i++)
		assert_non_null(row_of(public[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_a_public_route_and_every_public_route_a_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
