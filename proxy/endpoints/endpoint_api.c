/*
 * proxy/endpoints/endpoint_api.c - <base>/api/v1/...: launches and artifacts for programs that
 * reach no other listener.
 *
 * Bearer tokens alone: a driver's page has its viewer's cookie, and must launch and upload nothing
 * with it (S115, S126). What a page's script asks of the root in its own UI's name never comes here
 * (S93).
 */
#include "proxy/endpoints/endpoint.h"

#include "proxy/launch/api/launch_api.h"
#include "proxy/launch/upload/artifact_api.h"
#include "proxy/web/web_fault.h"

static const struct web_row rows[] = {
	{"GET", "/api/v1/profiles", WEB_BEARER, launch_api_profiles, WEB_NOTHING},
	{"GET", "/api/v1/applications", WEB_BEARER, launch_api_list, WEB_NOTHING},
	{"POST", "/api/v1/applications", WEB_BEARER, launch_api_create, WEB_JSON_FILE},
	{"GET", "/api/v1/applications/{id}", WEB_BEARER, launch_api_show, WEB_NOTHING},
	{"DELETE", "/api/v1/applications/{id}", WEB_BEARER, launch_api_kill, WEB_NOTHING},
	{"POST", "/api/v1/applications/{id}/restart", WEB_BEARER, launch_api_restart, WEB_NOTHING},
	{"GET", "/api/v1/applications/{id}/logs", WEB_BEARER, launch_api_logs, WEB_NOTHING},
	{"GET", "/api/v1/applications/{id}/events", WEB_BEARER, launch_api_events, WEB_NOTHING},
	{"GET", "/api/v1/artifacts", WEB_BEARER, artifact_api_list, WEB_NOTHING},
	{"GET", "/api/v1/artifacts/{name}", WEB_BEARER, artifact_api_show, WEB_NOTHING},
	{"PUT", "/api/v1/artifacts/{name}", WEB_BEARER, artifact_api_put, WEB_STREAM},
	{"DELETE", "/api/v1/artifacts/{name}", WEB_BEARER, artifact_api_delete, WEB_NOTHING},
	{"GET", "/api/v1/artifacts/shared/{folder}/{name}", WEB_BEARER, artifact_api_show,
		WEB_NOTHING},
	{"PUT", "/api/v1/artifacts/shared/{folder}/{name}", WEB_BEARER, artifact_api_put,
		WEB_STREAM},
	{"DELETE", "/api/v1/artifacts/shared/{folder}/{name}", WEB_BEARER, artifact_api_delete,
		WEB_NOTHING},
};

static struct launch_home launches_of(struct web_call *call)
{
	struct server_thread *thread = exchange_of(call)->thread;

	return (struct launch_home){thread->base, thread->inbox, &thread->launch_questions,
		thread->shared->ask_launches, thread->shared->suspect_arg};
}

const struct web_site endpoint_api_site = {
	.id = AUTH_SITE_PUBLIC,
	.takes_bearer = true,
	.is_program = true,
	.form_max = 64 * 1024,
	.rows = rows,
	.rows_count = ARRAY_LEN(rows),
	.add_fields = public_add_fields,
	.view = public_view,
	.registry = public_registry,
	.return_path = public_return_path,
	.enter = public_enter,
	.count_login = public_count_login,
	.launches = launches_of,
	.on_wait = public_on_wait,
	.on_answer = public_on_answer,
	.on_end = public_on_end,
};

bool endpoint_api_has(const struct web_call *call)
{
	static const char *const roots[] = {
		"/api/v1/profiles", "/api/v1/applications", "/api/v1/artifacts"};
	struct str base = str_of(call->conf->server.base), path = call->target.path;

	if (!conf_launches(call->conf) || !str_starts(path, base))
		return false;
	path = str_from(path, base.len);
	for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
		struct str root = str_of(roots[i]);
		if (str_starts(path, root) && (path.len == root.len || path.at[root.len] == '/'))
			return true;
	}
	return false;
}
