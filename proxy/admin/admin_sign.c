/* Signing in and out on the admin listener. */
#include "proxy/admin/admin_page_int.h"

#include "auth/token/bearer.h"
#include "auth/oidc/callback.h"
#include "proxy/http/form.h"
#include "proxy/guard/guard.h"

#include <stdlib.h>

enum { COOKIES_MAX = 16 * 1024, LOCATION_MAX = 24 * 1024 };

/* --- by a token --- */

static void serve_login_page(struct admin_call *call, int status, const char *problem)
{
	struct page_view view = admin_view(call);
	char given[ADMIN_FIELD_MAX];
	struct sbuf page, next;

	if (!admin_field(call, "next", given, sizeof given))
		given[0] = '\0';
	sbuf_init(&page, PAGE_MAX);
	sbuf_init(&next, ADMIN_FIELD_MAX);
	admin_return_path(call, str_of(given), &next);
	page_login(&page, &view,
		&(struct page_sign_in){sbuf_str(&next), problem, auth_provider(call->pages->auth),
			call->conf->oidc.label});
	admin_html(call, status, &page, NULL);
	sbuf_clear(&next);
}

/* The cookies a sign-in has changed, as field lines. */
static void add_cookies(struct sbuf *fields, const struct sign_in_result *result)
{
	if (result->set_cookie)
		sbuf_printf(fields, "Set-Cookie: %s\r\n", result->set_cookie);
	if (result->set_login_cookie)
		sbuf_printf(fields, "Set-Cookie: %s\r\n", result->set_login_cookie);
}

static void redirect_to_next(struct admin_call *call, const struct sign_in_result *result)
{
	char given[ADMIN_FIELD_MAX];
	struct sbuf next, fields;

	if (!admin_field(call, "next", given, sizeof given))
		given[0] = '\0';
	sbuf_init(&next, ADMIN_FIELD_MAX);
	sbuf_init_secret(&fields, COOKIES_MAX);
	admin_return_path(call, str_of(given), &next);
	add_cookies(&fields, result);
	admin_redirect(call, 303, sbuf_str(&next), fields.at);
	sbuf_clear(&next);
	sbuf_clear(&fields);
}

static void on_sign_in(void *arg, struct sign_in_result result)
{
	struct admin_call *call = arg;

	call->who = result.who;
	metrics_count_login(call->pages->metrics, METRICS_LOGIN_TOKEN, result.status == AUTH_OK);
	if (call->req == NULL)
		admin_drop(call);
	else if (result.status == AUTH_OK)
		redirect_to_next(call, &result);
	else if (result.status == AUTH_UNAVAILABLE)
		admin_fault(call, FAULT_STORE_DOWN, NULL);
	else
		serve_login_page(
			call, 401, "This token is not valid: it may have expired or been revoked.");
	sign_in_result_clear(&result);
}

void admin_sign_in(struct admin_call *call)
{
	struct str cookies[ADMIN_COOKIES];
	size_t count = admin_cookies(call, cookies);
	char token[BEARER_MAX + 1024]; /* one that is too long is told so by auth/ */

	if (admin_field(call, "token", token, sizeof token) && token[0])
		auth_sign_in_token(call->pages->auth, str_trim(str_cut_line_end(str_of(token))),
			cookies, count, str_of(call->client), on_sign_in, call);
	else
		serve_login_page(call, 400, "Enter a token.");
	explicit_bzero(token, sizeof token);
}

/* --- by the provider --- */

static void refuse(struct admin_call *call, const struct page_refusal *refusal,
	const struct sign_in_result *result)
{
	struct page_view view = admin_view(call);
	struct sbuf page, fields;

	if (!guard_wants_page(call->req)) {
		admin_fault(call, refusal->fault, refusal->sentence);
		return;
	}
	sbuf_init(&page, PAGE_MAX);
	sbuf_init_secret(&fields, COOKIES_MAX);
	if (result)
		add_cookies(&fields, result);
	if (refusal->fault == FAULT_SIGN_IN_DOWN)
		sbuf_puts(&fields, "Retry-After: 5\r\n");
	if (refusal->fault == FAULT_TOO_MANY)
		sbuf_puts(&fields, "Retry-After: 60\r\n");
	page_not_signed_in(&page, &view, refusal);
	admin_html(call, fault_row(refusal->fault)->status, &page, fields.at);
	sbuf_clear(&fields);
}

static void begin_at_provider(struct admin_call *call)
{
	static const struct page_refusal silent = {.fault = FAULT_SIGN_IN_DOWN,
		.sentence = "The identity provider does not answer; try again shortly.",
		.at_provider = true};
	struct str cookies[ADMIN_COOKIES];
	size_t count = admin_cookies(call, cookies);
	char given[ADMIN_FIELD_MAX];
	struct sbuf next, fields;

	if (!admin_field(call, "next", given, sizeof given))
		given[0] = '\0';
	sbuf_init(&next, ADMIN_FIELD_MAX);
	sbuf_init_secret(&fields, COOKIES_MAX);
	admin_return_path(call, str_of(given), &next);
	struct auth_login login =
		auth_login_begin(call->pages->auth, cookies, count, sbuf_str(&next));
	if (login.status == AUTH_OK) {
		sbuf_printf(&fields, "Set-Cookie: %s\r\n", login.set_cookie);
		admin_redirect(call, 303, str_of(login.location), fields.at);
	} else {
		refuse(call, &silent, NULL);
	}
	secret_free(login.location);
	secret_free(login.set_cookie);
	sbuf_clear(&next);
	sbuf_clear(&fields);
}

void admin_login_page(struct admin_call *call)
{
	char start[16];

	if (!admin_field(call, "start", start, sizeof start) || strcmp(start, "sso") != 0)
		serve_login_page(call, 200, NULL);
	else if (!guard_is_navigation(call->req)) /* S23 */
		admin_fault(call, FAULT_UNAUTHENTICATED, NULL);
	else if (auth_provider(call->pages->auth) == AUTH_PROVIDER_NONE)
		serve_login_page(call, 404, "This gateway has no identity provider.");
	else
		begin_at_provider(call);
}

static const char *sentence_for(const struct sign_in_result *result)
{
	switch (result->status) {
	case AUTH_ABSENT:
		return "Perhaps the page was left open for long, or was opened from a bookmark. "
		       "Nothing is wrong with your account.";
	case AUTH_MALFORMED:
		return "What the identity provider sent along is not complete.";
	case AUTH_UNAVAILABLE:
		return "The identity provider or the gateway's store does not answer. This is "
		       "usually over soon.";
	case AUTH_TOO_MANY:
		return "Wait a minute, then load this page again.";
	default:
		return "It gave an error, or what it says of you did not stand a check; if this "
		       "stays, tell whoever runs the gateway.";
	}
}

static void refuse_callback(struct admin_call *call, const struct sign_in_result *result)
{
	static const enum fault faults[] = {[AUTH_ABSENT] = FAULT_SIGN_IN_STALE,
		[AUTH_MALFORMED] = FAULT_BAD_REQUEST,
		[AUTH_UNAVAILABLE] = FAULT_SIGN_IN_DOWN,
		[AUTH_TOO_MANY] = FAULT_TOO_MANY,
		[AUTH_INVALID_TOKEN] = FAULT_SIGN_IN_REFUSED};
	struct callback callback = {0};
	const char *reason;
	/* The provider's own words only where it was asked by this browser. */
	bool is_its_answer = result->status == AUTH_INVALID_TOKEN &&
			     callback_parse(admin_form(call), &callback, &reason) == 0;

	refuse(call,
		&(struct page_refusal){.fault = faults[result->status],
			.sentence = sentence_for(result),
			.said = is_its_answer && callback.error ? callback.error_description : NULL,
			.at_provider = true},
		result);
	callback_clear(&callback);
}

/* A Strict cookie set now does not go with a redirect: the way here began at another site. */
static void enter(struct admin_call *call, const struct sign_in_result *result)
{
	struct sbuf next, fields;

	sbuf_init(&next, ADMIN_FIELD_MAX);
	sbuf_init_secret(&fields, COOKIES_MAX);
	admin_return_path(call, str_of(result->return_path ? result->return_path : ""), &next);
	add_cookies(&fields, result);
	admin_onward(call, "You are signed in", sbuf_str(&next), fields.at);
	sbuf_clear(&next);
	sbuf_clear(&fields);
}

static void on_callback(void *arg, struct sign_in_result result)
{
	struct admin_call *call = arg;

	call->who = result.who;
	metrics_count_login(call->pages->metrics, METRICS_LOGIN_OIDC, result.status == AUTH_OK);
	if (call->req == NULL)
		admin_drop(call);
	else if (result.status == AUTH_OK)
		enter(call, &result);
	else
		refuse_callback(call, &result);
	sign_in_result_clear(&result);
}

void admin_callback(struct admin_call *call)
{
	struct str cookies[ADMIN_COOKIES];
	size_t count = admin_cookies(call, cookies);

	if (!str_eq(call->req->method, STR("GET")))
		admin_fault(call, FAULT_METHOD, NULL);
	else
		auth_login_finish(call->pages->auth, admin_form(call), cookies, count,
			str_of(call->client), on_callback, call);
}

/* --- out --- */

static const char *what_ended(const struct admin_call *call)
{
	return call->signing_out == SIGN_OUT_EVERYWHERE
		       ? "All your sessions have ended, in this and every other browser. Tokens of "
			 "yours stay valid."
		       : "Your session on this page has ended. Sessions of yours with the gateway "
			 "itself go on.";
}

static void serve_signed_out(struct admin_call *call, const struct sign_in_result *result)
{
	struct page_view view = admin_view(call);
	struct sbuf page, fields;

	sbuf_init(&page, PAGE_MAX);
	sbuf_init_secret(&fields, LOCATION_MAX);
	if (result->set_cookie)
		sbuf_printf(&fields, "Set-Cookie: %s\r\n", result->set_cookie);
	if (result->location)
		sbuf_printf(&fields, "Refresh: 0; url=%s\r\n", result->location);
	page_signed_out(&page, &view, &(struct page_farewell){what_ended(call), result->location});
	admin_html(call, 200, &page, fields.at);
	sbuf_clear(&fields);
}

static void on_sign_out(void *arg, struct sign_in_result result)
{
	struct admin_call *call = arg;

	if (call->req == NULL)
		admin_drop(call);
	else if (result.status == AUTH_OK)
		serve_signed_out(call, &result);
	else
		admin_fault(call, FAULT_STORE_DOWN, NULL);
	sign_in_result_clear(&result);
}

void admin_sign_out(struct admin_call *call)
{
	struct str cookies[ADMIN_COOKIES];
	size_t count = admin_cookies(call, cookies);
	char everywhere[8];

	if (admin_field(call, "everywhere", everywhere, sizeof everywhere) &&
		strcmp(everywhere, "1") == 0)
		call->signing_out = SIGN_OUT_EVERYWHERE;
	auth_sign_out(call->pages->auth, cookies, count, call->signing_out, on_sign_out, call);
}

void admin_logout_page(struct admin_call *call)
{
	struct page_view view = admin_view(call);
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	if (call->who)
		page_logout(&page, &view);
	else
		page_signed_out(&page, &view,
			&(struct page_farewell){"There is no session in this browser.", NULL});
	admin_html(call, 200, &page, NULL);
}
