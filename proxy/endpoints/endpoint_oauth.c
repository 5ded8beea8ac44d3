/* proxy/endpoints/endpoint_oauth.c - _gate/oauth/token (RFC 6749 §6), revoke (RFC 7009), introspect
 * (RFC 7662): for programs that hold a token of ours; device (RFC 8628): for programs that want
 * one. No cookie is looked at (S0). */
#include "proxy/endpoints/endpoint.h"

#include "auth/store/store.h"
#include "base/text/json_writer.h"
#include "base/text/params.h"

#include "base/version.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	OAUTH_TOKEN_MAX = 9 * 1024,
	OAUTH_NAME_MAX = 128,
	OAUTH_ERROR_MAX = 512,
	OAUTH_LEAD_MAX = 2 * 1024,
	OAUTH_METADATA_MAX = 32 * 1024,
};

static void answer_oauth(struct web_call *call, int status, struct str json, enum fault fault)
{
	static const char no_cache[] = "Pragma: no-cache\r\n"; /* RFC 6749 §5.1 */

	web_reply(call,
		&(struct web_reply){status, json.len ? "application/json" : NULL, json,
			status == 503 ? "Retry-After: 5\r\n" : no_cache, WEB_WIPED},
		fault);
}

void endpoint_oauth_refuse(struct web_call *call, int status, const char *error,
	const char *description, enum fault fault)
{
	struct json_writer w;
	struct sbuf json;

	sbuf_init(&json, OAUTH_ERROR_MAX);
	json_writer_init(&w, &json);
	json_writer_text(&w, "error", str_of(error));
	if (description)
		json_writer_text(&w, "error_description", str_of(description));
	json_writer_end(&w);
	answer_oauth(call, status, sbuf_str(&json), fault);
	sbuf_clear(&json);
}

static void refuse_grant(struct web_call *call, const char *error, const char *description)
{
	endpoint_oauth_refuse(call, 400, error, description, FAULT_BAD_REQUEST);
}

static void refuse_token(struct web_call *call, enum auth_status status)
{
	if (status == AUTH_UNAVAILABLE)
		endpoint_oauth_refuse(call, 503, "temporarily_unavailable", NULL, FAULT_STORE_DOWN);
	else if (status == AUTH_CONFLICT)
		refuse_grant(call, "invalid_request",
			"this is the last active administrator token: to revoke it anyway, set "
			"force=true");
	else
		refuse_grant(
			call, "invalid_grant", "the token is unknown, used, expired or revoked");
}

/* RFC 8628 §3.5; `reason` is a text of ours, or "". */
static void refuse_device(struct web_call *call, const struct sign_in_result *result)
{
	const char *reason = result->reason && result->reason[0] ? result->reason : NULL;

	if (result->status == AUTH_UNAVAILABLE)
		refuse_token(call, result->status);
	else if (result->status == AUTH_TOO_MANY)
		endpoint_oauth_refuse(call, 429, result->error, reason, FAULT_TOO_MANY);
	else
		refuse_grant(call, result->error, reason);
}

static void on_token_answer(void *arg, struct sign_in_result result)
{
	struct web_call *call = arg;

	if (web_is_there(call)) {
		if (result.status == AUTH_OK)
			answer_oauth(call, 200, str_of(result.json), FAULT_NONE);
		else if (result.error)
			refuse_device(call, &result);
		else
			refuse_token(call, result.status);
	}
	sign_in_result_clear(&result);
}

/* False, and answered, when the form has not exactly one such parameter. */
static bool read_parameter(struct web_call *call, const char *name, struct sbuf *out)
{
	char why[96];

	if (params_get(web_form(call), name, out) == PARAMS_FOUND && out->len > 0)
		return true;
	snprintf(why, sizeof why, "the form must have the parameter %s exactly once", name);
	refuse_grant(call, "invalid_request", why);
	return false;
}

static bool is_forced(struct web_call *call)
{
	char force[8];

	return web_field(call, "force", force, sizeof force) && strcmp(force, "true") == 0;
}

/* The token in the form's parameter `name` is asked about. */
static void ask_about(struct web_call *call, const char *name, struct auth_token_question question)
{
	struct sbuf token;

	sbuf_init_secret(&token, OAUTH_TOKEN_MAX);
	if (read_parameter(call, name, &token)) {
		/* curl's --data-urlencode name@file sends the file's line end, too. */
		question.token = str_cut_line_end(sbuf_str(&token));
		question.client = str_of(web_client(call));
		call->site->on_wait(call, WEB_WAIT_STORE);
		auth_token_ask(call->auth, &question, on_token_answer, call);
	}
	sbuf_clear(&token);
}

/* False, and answered: it is no form. */
static bool is_form(struct web_call *call)
{
	if (web_has_form(call))
		return true;
	refuse_grant(call, "invalid_request", "expected application/x-www-form-urlencoded");
	return false;
}

struct grant {
	const char *type, *parameter;
	int kind;
};

static const struct grant *find_grant(struct str type)
{
	static const struct grant grants[] = {
		{"refresh_token", "refresh_token", AUTH_TOKEN_REFRESH},
		/* RFC 6749 §4.5: an extension is named by an address; the short form is for people.
		 */
		{"urn:sparkgate:params:oauth:grant-type:registration-token", "registration_token",
			AUTH_TOKEN_REGISTER},
		{"registration_token", "registration_token", AUTH_TOKEN_REGISTER},
		{"urn:ietf:params:oauth:grant-type:device_code", "device_code",
			AUTH_TOKEN_DEVICE_POLL},
	};

	for (size_t i = 0; i < ARRAY_LEN(grants); i++) {
		if (str_eq(type, str_of(grants[i].type)))
			return &grants[i];
	}
	return NULL;
}

void endpoint_oauth_token(struct web_call *call)
{
	struct sbuf type;

	if (!is_form(call))
		return;
	sbuf_init(&type, OAUTH_NAME_MAX);
	if (read_parameter(call, "grant_type", &type)) {
		const struct grant *grant = find_grant(sbuf_str(&type));
		if (grant)
			ask_about(call, grant->parameter,
				(struct auth_token_question){.kind = grant->kind});
		else
			refuse_grant(call, "unsupported_grant_type",
				"expected refresh_token, registration_token or device_code");
	}
	sbuf_clear(&type);
}

void endpoint_oauth_revoke(struct web_call *call)
{
	if (is_form(call))
		ask_about(call, "token",
			(struct auth_token_question){
				.kind = AUTH_TOKEN_REVOKE, .is_forced = is_forced(call)});
}

void endpoint_oauth_introspect(struct web_call *call)
{
	if (is_form(call))
		ask_about(call, "token",
			(struct auth_token_question){
				.kind = AUTH_TOKEN_INTROSPECT, .caller = call->who});
}

/* --- a program that has no token yet --- */

void endpoint_oauth_device(struct web_call *call)
{
	char client_name[STORE_CLIENT], scope[STORE_SCOPE], type[8];

	if (!is_form(call))
		return;
	if (!web_field(call, "client_id", client_name, sizeof client_name) ||
		!web_field(call, "scope", scope, sizeof scope) ||
		!web_field(call, "token_type", type, sizeof type)) {
		refuse_grant(call, "invalid_request",
			"client_id, scope and token_type: each once at most, and not too long");
		return;
	}
	call->site->on_wait(call, WEB_WAIT_STORE);
	auth_token_ask(call->auth,
		&(struct auth_token_question){.kind = AUTH_TOKEN_DEVICE_BEGIN,
			.client_name = str_of(client_name),
			.scope = str_of(scope),
			.token_type = str_of(type),
			.client = str_of(web_client(call))},
		on_token_answer, call);
}

void endpoint_oauth_lead(struct web_call *call)
{
	struct sbuf path;

	sbuf_init(&path, OAUTH_LEAD_MAX);
	sbuf_printf(&path, "%s/device", call->conf->admin.base);
	if (call->target.query.at && call->target.query.len < OAUTH_NAME_MAX) {
		sbuf_putc(&path, '?');
		sbuf_add_str(&path, call->target.query);
	}
	web_redirect_to(call, 302, call->conf->admin.origin, sbuf_str(&path), NULL);
	sbuf_clear(&path);
}

static void add_address(
	struct json_writer *w, const char *name, const struct conf_listen *listen, const char *path)
{
	char *address = mem_printf("%s%s%s", listen->origin, listen->base, path);

	json_writer_text(w, name, str_of(address));
	free(address);
}

void endpoint_oauth_metadata(struct web_call *call)
{
	static const struct {
		const char *name, *path;
	} addresses[] = {{"issuer", ""}, {"token_endpoint", "/_gate/oauth/token"},
		{"device_authorization_endpoint", "/_gate/oauth/device"},
		{"revocation_endpoint", "/_gate/oauth/revoke"},
		{"introspection_endpoint", "/_gate/oauth/introspect"},
		{"jwks_uri", "/_gate/jwks.json"}};
	static const char *const grants[] = {"refresh_token",
		"urn:ietf:params:oauth:grant-type:device_code",
		"urn:sparkgate:params:oauth:grant-type:registration-token"};
	struct json_writer w;
	struct sbuf json;

	sbuf_init(&json, OAUTH_METADATA_MAX);
	json_writer_init(&w, &json);
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
		add_address(&w, addresses[i].name, &call->conf->server, addresses[i].path);
	json_writer_list(&w, "grant_types_supported");
	for (size_t i = 0; i < ARRAY_LEN(grants); i++)
		json_writer_text(&w, NULL, str_of(grants[i]));
	json_writer_close(&w);
	json_writer_list(&w, "response_types_supported");
	json_writer_close(&w);
	json_writer_list(&w, "token_endpoint_auth_methods_supported");
	json_writer_text(&w, NULL, STR("none"));
	json_writer_close(&w);
	add_address(&w, "sparkgate_admin", &call->conf->admin, "");
	json_writer_text(&w, "sparkgate_version", STR(SPARKGATE_VERSION));
	json_writer_end(&w);
	web_reply(call,
		&(struct web_reply){200, "application/json", sbuf_str(&json),
			"Cache-Control: public, max-age=60\r\n", WEB_KEPT},
		FAULT_NONE);
	sbuf_clear(&json);
}
