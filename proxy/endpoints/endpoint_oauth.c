/* proxy/endpoints/endpoint_oauth.c - _gate/oauth/token (RFC 6749 §6), revoke (RFC 7009), introspect
 * (RFC 7662): for programs that hold a token of ours. No cookie is looked at (S0). */
#include "proxy/endpoints/endpoint.h"

#include "base/text/params.h"
#include "proxy/guard/guard.h"

#include <stdio.h>

enum { OAUTH_TOKEN_MAX = 9 * 1024, OAUTH_NAME_MAX = 128 };

static const char no_cache[] = "Pragma: no-cache\r\n"; /* RFC 6749 §5.1 */

static void answer(struct exchange *x, int status, struct str json, enum fault fault)
{
	respond(x,
		&(struct response){status, json.len ? "application/json" : NULL, json,
			status == 503 ? "Retry-After: 5\r\n" : no_cache, false},
		fault);
}

/* RFC 6749 §5.2; `description` is a text of ours. */
static void refuse(struct exchange *x, const char *error, const char *description)
{
	char json[256];

	snprintf(json, sizeof json, "{\"error\":\"%s\",\"error_description\":\"%s\"}\n", error,
		description);
	answer(x, 400, str_of(json), FAULT_BAD_REQUEST);
}

static void refuse_token(struct exchange *x, enum auth_status status)
{
	if (status == AUTH_UNAVAILABLE)
		answer(x, 503, STR("{\"error\":\"temporarily_unavailable\"}\n"), FAULT_STORE_DOWN);
	else if (status == AUTH_CONFLICT)
		refuse(x, "invalid_request",
			"this is the last living administrator's token: ask with force=true");
	else
		refuse(x, "invalid_grant", "the token is unknown, used, expired or revoked");
}

static void on_answer(void *arg, struct sign_in_result result)
{
	struct exchange *x = arg;

	if (x->left)
		exchange_finish(x, FAULT_CLIENT_LEFT);
	else if (result.status == AUTH_OK)
		answer(x, 200, str_of(result.json), FAULT_NONE);
	else
		refuse_token(x, result.status);
	sign_in_result_clear(&result);
}

/* False, and answered, when the form has not exactly one such parameter. */
static bool read_parameter(struct exchange *x, const char *name, struct sbuf *out)
{
	char why[96];

	if (params_get(endpoint_form(x), name, out) == PARAMS_FOUND && out->len > 0)
		return true;
	snprintf(why, sizeof why, "the form needs the parameter %s, once", name);
	refuse(x, "invalid_request", why);
	return false;
}

static bool is_forced(struct exchange *x)
{
	struct sbuf force;

	sbuf_init(&force, 8);
	bool forced = params_get(endpoint_form(x), "force", &force) == PARAMS_FOUND &&
		      str_eq(sbuf_str(&force), STR("true"));
	sbuf_clear(&force);
	return forced;
}

/* The token in the form's parameter `name` is asked about. */
static void ask(struct exchange *x, const char *name, struct auth_token_question question)
{
	struct sbuf token;

	sbuf_init_secret(&token, OAUTH_TOKEN_MAX);
	if (read_parameter(x, name, &token)) {
		/* curl's --data-urlencode name@file sends the file's line end, too. */
		question.token = str_cut_line_end(sbuf_str(&token));
		exchange_move(x, EXCHANGE_SIGNING);
		auth_token_ask(x->thread->auth, &question, on_answer, x);
	}
	sbuf_clear(&token);
}

static void serve_grant(struct exchange *x)
{
	static const struct {
		const char *type, *parameter;
		int kind;
	} grants[] = {
		{"refresh_token", "refresh_token", AUTH_TOKEN_REFRESH},
		/* RFC 6749 §4.5: an extension is named by an address; the short form is for people.
		 */
		{"urn:sparkgate:params:oauth:grant-type:registration-token", "registration_token",
			AUTH_TOKEN_REGISTER},
		{"registration_token", "registration_token", AUTH_TOKEN_REGISTER},
	};
	struct sbuf type;

	sbuf_init(&type, OAUTH_NAME_MAX);
	if (!read_parameter(x, "grant_type", &type)) {
		sbuf_clear(&type);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(grants); i++) {
		if (str_eq(sbuf_str(&type), str_of(grants[i].type))) {
			sbuf_clear(&type);
			ask(x, grants[i].parameter,
				(struct auth_token_question){.kind = grants[i].kind});
			return;
		}
	}
	sbuf_clear(&type);
	refuse(x, "unsupported_grant_type", "expected refresh_token or registration_token");
}

static void serve_revoke(struct exchange *x)
{
	ask(x, "token",
		(struct auth_token_question){.kind = AUTH_TOKEN_REVOKE, .is_forced = is_forced(x)});
}

static void introspect_held(struct exchange *x)
{
	ask(x, "token",
		(struct auth_token_question){.kind = AUTH_TOKEN_INTROSPECT, .caller = x->who});
}

/* S38: a cookie is no credential here, or any page could ask. */
static void introspect(struct exchange *x, enum auth_status status)
{
	static const enum fault faults[] = {[AUTH_OK] = FAULT_UNAUTHENTICATED,
		[AUTH_ABSENT] = FAULT_UNAUTHENTICATED,
		[AUTH_INVALID_TOKEN] = FAULT_INVALID_TOKEN,
		[AUTH_MALFORMED] = FAULT_TWO_CREDENTIALS,
		[AUTH_UNAVAILABLE] = FAULT_STORE_DOWN};

	if (status == AUTH_OK && x->who->via == VIA_BEARER && x->who->role == ROLE_NONE)
		respond_fault(x, FAULT_NO_ROLE, NULL);
	else if (status == AUTH_OK && x->who->via == VIA_BEARER)
		content_hold(x, GATE_FORM_MAX, x->thread->shared->memory, introspect_held);
	else
		respond_fault(x, faults[status], NULL);
}

static void serve_introspect(struct exchange *x)
{
	exchange_identify(x, introspect);
}

void endpoint_serve_oauth(struct exchange *x)
{
	static void (*const serve[])(struct exchange *) = {[ROUTE_OAUTH_TOKEN] = serve_grant,
		[ROUTE_OAUTH_REVOKE] = serve_revoke,
		[ROUTE_OAUTH_INTROSPECT] = serve_introspect};

	if (!endpoint_is_post(x))
		respond_fault(x, FAULT_METHOD, NULL);
	else if (!endpoint_has_form(x))
		refuse(x, "invalid_request", "expected application/x-www-form-urlencoded");
	else
		serve[x->route.kind](x);
}
