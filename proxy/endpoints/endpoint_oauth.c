/* proxy/endpoints/endpoint_oauth.c - _gate/oauth/token (RFC 6749 §6), revoke (RFC 7009), introspect
 * (RFC 7662): for programs that hold a token of ours. No cookie is looked at (S0). */
#include "proxy/endpoints/endpoint.h"

#include "base/text/json_writer.h"
#include "base/text/params.h"

#include <stdio.h>

enum { OAUTH_TOKEN_MAX = 9 * 1024, OAUTH_NAME_MAX = 128, OAUTH_ERROR_MAX = 512 };

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

static void on_token_answer(void *arg, struct sign_in_result result)
{
	struct web_call *call = arg;

	if (web_is_there(call)) {
		if (result.status == AUTH_OK)
			answer_oauth(call, 200, str_of(result.json), FAULT_NONE);
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
				"expected refresh_token or registration_token");
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
