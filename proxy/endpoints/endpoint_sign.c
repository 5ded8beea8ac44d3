/* proxy/endpoints/endpoint_sign.c - _gate/login and _gate/logout: what only the public site adds to
 * web_sign.h. A one-time link, and the provider's server that ends sessions (S28). */
#include "proxy/endpoints/endpoint.h"

#include "base/text/params.h"
#include "proxy/web/web_sign.h"

enum { LOGOUT_TOKEN_MAX = 16 * 1024 };

/* --- in --- */

void endpoint_login_page(struct web_call *call)
{
	if (call->app_label.at) /* where a page of Spark sends who is signed out (session.js) */
		respond_lead_home(exchange_of(call));
	else if (web_asks_for_provider(call))
		web_begin_at_provider(call);
	else if (!web_link_page(call))
		web_open_login_page(call);
}

void endpoint_login(struct web_call *call)
{
	if (call->app_label.at)
		respond_lead_home(exchange_of(call));
	else if (!web_sign_in_by_link(call))
		web_sign_in_by_token(call);
}

/* --- the provider ends sessions (OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8) --- */

static void on_back_channel(void *arg, struct sign_in_result result)
{
	struct web_call *call = arg;

	if (web_is_there(call)) {
		if (result.status == AUTH_OK)
			web_reply(call, &(struct web_reply){.status = 200}, FAULT_NONE);
		else if (result.status == AUTH_UNAVAILABLE)
			endpoint_oauth_refuse(
				call, 503, "temporarily_unavailable", NULL, FAULT_STORE_DOWN);
		else
			endpoint_oauth_refuse(
				call, 400, "invalid_request", NULL, FAULT_BAD_REQUEST);
	}
	sign_in_result_clear(&result);
}

/* A server sends it, so it comes from no page of ours; what it asks for is signed. */
static bool is_back_channel(struct web_call *call)
{
	struct sbuf token;
	enum params_found found = PARAMS_BAD;

	if (web_has_form(call)) {
		sbuf_init_secret(&token, LOGOUT_TOKEN_MAX);
		found = params_get(web_form(call), "logout_token", &token);
		if (found == PARAMS_FOUND) {
			call->site->on_wait(call, WEB_WAIT_STORE);
			auth_back_channel_logout(
				call->auth, sbuf_str(&token), on_back_channel, call);
		}
		sbuf_clear(&token);
	}
	/* Never "signed out" to whoever sent something else. */
	if (found == PARAMS_BAD)
		endpoint_oauth_refuse(call, 400, "invalid_request", NULL, FAULT_BAD_REQUEST);
	return found != PARAMS_ABSENT;
}

/* S29: a form of a page of ours, else. */
void endpoint_logout(struct web_call *call)
{
	if (is_back_channel(call))
		return;
	if (web_is_from_us(call, true))
		web_sign_out(call);
	else
		web_fault(call, FAULT_CROSS_ORIGIN, NULL);
}
