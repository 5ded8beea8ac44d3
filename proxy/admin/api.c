/* proxy/admin/api.c - the API's table, and what it asks of who calls it. */
#include "proxy/admin/api.h"

#include "proxy/launch/upload/artifact_api.h"
#include "proxy/web/web_fault.h"
#include "proxy/web/web_whoami.h"

#include <event2/buffer.h>

/* S170: a browser sends the cookie with whatever asks for this address. So a session is taken as
 * the pages take it: under the configured name, and of a change Origin says that a page of this
 * site made it. */
static enum fault check_session(struct web_call *call)
{
	enum fault fault = admin_check_origin(admin_call_of(call));

	if (fault == FAULT_NONE && !web_is_get(call) && !web_is_from_us(call, true))
		fault = FAULT_CROSS_ORIGIN;
	return fault;
}

/* Who may not is told no more than that. */
static bool api_on_known(struct web_call *call)
{
	enum fault fault = web_is_signed_in(call) ? check_session(call) : FAULT_NONE;

	if (fault != FAULT_NONE) {
		web_fault(call, fault, NULL);
		return false;
	}
	bool is_about_tokens = str_starts(str_of(call->row->path), STR("/api/v1/tokens"));
	const char *why =
		is_about_tokens ? token_manager_why_not(admin_token_rules(call), call->who) : NULL;

	if (why)
		web_fault(call, FAULT_FORBIDDEN, why);
	return why == NULL;
}

/* U+0000 is no mistake of the content's form: who reads the text says what is wrong with it. */
static bool api_on_content(struct web_call *call)
{
	struct admin_call *own = admin_call_of(call);
	size_t len = evbuffer_get_length(call->req->body);

	own->body = json_loadb(len ? (const char *)evbuffer_pullup(call->req->body, -1) : "", len,
		JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	if (json_is_object(own->body))
		return true;
	web_fault(call, FAULT_BAD_REQUEST, "The content must be one JSON object.");
	return false;
}

static const struct web_row rows[] = {
	{"GET", "/api/v1/openapi.json", WEB_ANYBODY, api_describe, WEB_NOTHING},
	{"GET", "/api/v1/whoami", WEB_KNOWN, web_whoami, WEB_NOTHING},
	{"GET", "/api/v1/tokens", WEB_BEARER, api_list, WEB_NOTHING},
	{"POST", "/api/v1/tokens", WEB_BEARER, api_create, WEB_JSON},
	{"POST", "/api/v1/tokens/revoke", WEB_BEARER, api_revoke_many, WEB_JSON},
	{"GET", "/api/v1/tokens/{id}", WEB_BEARER, api_show, WEB_NOTHING},
	{"DELETE", "/api/v1/tokens/{id}", WEB_BEARER, api_revoke, WEB_NOTHING},
	{"POST", "/api/v1/tokens/{id}/disable", WEB_BEARER, api_disable, WEB_NOTHING},
	{"POST", "/api/v1/tokens/{id}/enable", WEB_BEARER, api_enable, WEB_NOTHING},
	{"GET", "/api/v1/sessions", WEB_BEARER, api_sessions, WEB_NOTHING},
	{"DELETE", "/api/v1/sessions", WEB_BEARER, api_sessions_end, WEB_NOTHING},
	{"DELETE", "/api/v1/sessions/{id}", WEB_BEARER, api_session_end, WEB_NOTHING},
	{"GET", "/api/v1/artifacts", WEB_EITHER, artifact_api_list, WEB_NOTHING},
	{"GET", "/api/v1/artifacts/{name}", WEB_EITHER, artifact_api_show, WEB_NOTHING},
	{"PUT", "/api/v1/artifacts/{name}", WEB_EITHER, artifact_api_put, WEB_STREAM},
	{"DELETE", "/api/v1/artifacts/{name}", WEB_EITHER, artifact_api_delete, WEB_NOTHING},
	{"GET", "/api/v1/artifacts/shared/{folder}/{name}", WEB_EITHER, artifact_api_show,
		WEB_NOTHING},
	{"PUT", "/api/v1/artifacts/shared/{folder}/{name}", WEB_EITHER, artifact_api_put,
		WEB_STREAM},
	{"DELETE", "/api/v1/artifacts/shared/{folder}/{name}", WEB_EITHER, artifact_api_delete,
		WEB_NOTHING},
	{"GET", "/api/v1/audit", WEB_BEARER, api_audit, WEB_NOTHING},
	{"GET", "/api/v1/profiles", WEB_EITHER, launch_api_profiles, WEB_NOTHING},
	{"GET", "/api/v1/applications", WEB_EITHER, launch_api_list, WEB_NOTHING},
	{"POST", "/api/v1/applications", WEB_EITHER, launch_api_create, WEB_JSON_FILE},
	{"GET", "/api/v1/applications/{id}", WEB_EITHER, launch_api_show, WEB_NOTHING},
	{"DELETE", "/api/v1/applications/{id}", WEB_EITHER, launch_api_kill, WEB_NOTHING},
	{"POST", "/api/v1/applications/{id}/restart", WEB_EITHER, launch_api_restart, WEB_NOTHING},
	{"GET", "/api/v1/applications/{id}/logs", WEB_EITHER, launch_api_logs, WEB_NOTHING},
	{"GET", "/api/v1/applications/{id}/events", WEB_EITHER, launch_api_events, WEB_NOTHING},
};

const struct web_site admin_api_site = {
	.id = AUTH_SITE_ADMIN,
	.takes_bearer =
		true, /* alone, but in rows for either: a cookie comes with any page's wish */
	.is_program = true,
	.is_at_root = true,
	.form_max = 64 * 1024,
	.rows = rows,
	.rows_count = ARRAY_LEN(rows),
	.add_fields = admin_add_no_fields,
	.registry = admin_registry,
	.on_wait = admin_on_wait,
	.on_answer = admin_on_answer,
	.on_end = admin_on_end,
	.on_known = api_on_known,
	.launches = admin_launches,
	.on_content = api_on_content,
};

bool admin_api_is_path(struct str target)
{
	return str_starts(target, STR("/api/"));
}
