/* proxy/endpoints/endpoint_sign_out.c - _gate/logout: by a person (S29), or by the provider's
 * server (S28). */
#include "proxy/endpoints/endpoint.h"

#include "base/text/params.h"
#include "proxy/http/form.h"

enum { LOCATION_MAX = 24 * 1024, LOGOUT_TOKEN_MAX = 16 * 1024 };

/* --- the provider ends sessions (OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8) --- */

static void answer_provider(
	struct exchange *x, int status, const char *json, const char *fields, enum fault fault)
{
	respond(x,
		&(struct response){
			status, json[0] ? "application/json" : NULL, str_of(json), fields, false},
		fault);
}

static void on_back_channel(void *arg, struct sign_in_result result)
{
	struct exchange *x = arg;

	if (x->left)
		exchange_finish(x, FAULT_CLIENT_LEFT);
	else if (result.status == AUTH_OK)
		answer_provider(x, 200, "", NULL, FAULT_NONE);
	else if (result.status == AUTH_UNAVAILABLE)
		answer_provider(x, 503, "{\"error\":\"temporarily_unavailable\"}\n",
			"Retry-After: 5\r\n", FAULT_STORE_DOWN);
	else
		answer_provider(
			x, 400, "{\"error\":\"invalid_request\"}\n", NULL, FAULT_BAD_REQUEST);
	sign_in_result_clear(&result);
}

/* A server sends it, so it comes from no page of ours; what it asks for is signed. */
static bool is_back_channel(struct exchange *x)
{
	struct sbuf token;
	enum params_found found = PARAMS_BAD;

	if (endpoint_has_form(x)) {
		sbuf_init(&token, LOGOUT_TOKEN_MAX);
		found = params_get(endpoint_form(x), "logout_token", &token);
		if (found == PARAMS_FOUND) {
			exchange_move(x, EXCHANGE_SIGNING);
			auth_back_channel_logout(
				x->thread->auth, sbuf_str(&token), on_back_channel, x);
		}
		sbuf_clear(&token);
	}
	/* Never "signed out" to whoever sent something else. */
	if (found == PARAMS_BAD)
		answer_provider(
			x, 400, "{\"error\":\"invalid_request\"}\n", NULL, FAULT_BAD_REQUEST);
	return found != PARAMS_ABSENT;
}

/* --- a person --- */

static const char *what_ended(const struct exchange *x)
{
	return x->signing_out == SIGN_OUT_EVERYWHERE
		       ? "All your sessions have ended, in this and every other browser. Tokens of "
			 "yours stay valid."
		       : "Your session in this browser has ended.";
}

/* Not a redirect: browsers check the redirects of a form against form-action of the page it stands
 * on, and the provider is another origin. */
static void serve_signed_out(struct exchange *x, const struct sign_in_result *result)
{
	struct page_view view = {.base = x->conf->server.base, .request_id = x->id};
	struct page_farewell farewell = {what_ended(x), result->location};
	struct sbuf page, fields;

	sbuf_init(&page, PAGE_MAX);
	sbuf_init_secret(&fields, LOCATION_MAX);
	if (result->set_cookie)
		sbuf_printf(&fields, "Set-Cookie: %s\r\n", result->set_cookie);
	if (result->location)
		sbuf_printf(&fields, "Refresh: 0; url=%s\r\n", result->location);
	page_signed_out(&page, &view, &farewell);
	respond_html(x, 200, &page, fields.at, FAULT_NONE);
	sbuf_clear(&page);
	sbuf_clear(&fields);
}

static void on_sign_out(void *arg, struct sign_in_result result)
{
	struct exchange *x = arg;

	if (x->left)
		exchange_finish(x, FAULT_CLIENT_LEFT);
	else if (result.status != AUTH_OK)
		respond_fault(x, FAULT_STORE_DOWN, NULL);
	else
		serve_signed_out(x, &result);
	sign_in_result_clear(&result);
}

static enum sign_out_scope scope_of(struct exchange *x)
{
	struct sbuf value;

	sbuf_init(&value, 8);
	bool everywhere = form_get(endpoint_form(x), "everywhere", &value) &&
			  str_eq(sbuf_str(&value), STR("1"));
	sbuf_clear(&value);
	return everywhere ? SIGN_OUT_EVERYWHERE : SIGN_OUT_HERE;
}

static void sign_out(struct exchange *x)
{
	struct str cookies[EXCHANGE_COOKIES];
	size_t count = exchange_cookies(x, cookies);

	x->signing_out = scope_of(x);
	exchange_move(x, EXCHANGE_SIGNING);
	auth_sign_out(x->thread->auth, cookies, count, x->signing_out, on_sign_out, x);
}

/* Without a session there is nothing to end. The provider sends the browser here, too, after it has
 * ended its own. */
static void serve_logout_page(struct exchange *x, enum auth_status status)
{
	struct page_view view = respond_view(x);
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	if (x->who || status == AUTH_UNAVAILABLE)
		page_logout(&page, &view);
	else
		page_signed_out(&page, &view,
			&(struct page_farewell){"There is no session in this browser.", NULL});
	respond_html(x, 200, &page, NULL, FAULT_NONE);
	sbuf_clear(&page);
}

void endpoint_serve_logout(struct exchange *x)
{
	if (!endpoint_is_post(x) && !endpoint_is_get(x))
		respond_fault(x, FAULT_METHOD, NULL);
	else if (endpoint_is_get(x))
		exchange_identify(x, serve_logout_page);
	else if (!is_back_channel(x) && !endpoint_is_cross_site(x, true))
		sign_out(x);
}
