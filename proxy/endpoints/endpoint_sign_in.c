/* proxy/endpoints/endpoint_sign_in.c - _gate/login and _gate/callback: by a token, a link, or the
 * provider. */
#include "proxy/endpoints/endpoint.h"

#include "auth/oidc/callback.h"
#include "proxy/request/access_log.h"
#include "proxy/http/form.h"
#include "proxy/guard/guard.h"

#include <stdlib.h>

enum { TOKEN_FORM_MAX = 9 * 1024, COOKIES_MAX = 16 * 1024 };

static void serve_login_page(struct exchange *x, int status, const char *problem, enum fault fault)
{
	struct page_view view = respond_view(x);
	struct sbuf page, next;

	sbuf_init(&page, PAGE_MAX);
	sbuf_init(&next, RESPOND_FIELD_MAX);
	endpoint_next(x, &next);
	page_login(&page, &view,
		&(struct page_sign_in){sbuf_str(&next), problem, auth_provider(x->thread->auth),
			x->conf->oidc.label});
	respond_html(x, status, &page, NULL, fault);
	sbuf_clear(&page);
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

static void redirect(struct exchange *x, struct str to, const struct sign_in_result *result)
{
	struct sbuf fields;

	sbuf_init_secret(&fields, COOKIES_MAX);
	add_cookies(&fields, result);
	respond_redirect(x, 303, to, fields.at);
	sbuf_clear(&fields);
}

static void know(struct exchange *x, const struct sign_in_result *result)
{
	if (result->who == NULL)
		return;
	identity_unref(x->who);
	x->who = result->who;
}

/* --- by a token or a link --- */

static void redirect_to_next(struct exchange *x, const struct sign_in_result *result)
{
	struct sbuf next;

	sbuf_init(&next, RESPOND_FIELD_MAX);
	endpoint_next(x, &next);
	redirect(x, sbuf_str(&next), result);
	sbuf_clear(&next);
}

static void on_sign_in(void *arg, struct sign_in_result result)
{
	struct exchange *x = arg;
	bool by_link = x->req && endpoint_is_get(x);

	know(x, &result);
	metrics_count_login(x->thread->metrics, by_link ? METRICS_LOGIN_LINK : METRICS_LOGIN_TOKEN,
		result.status == AUTH_OK);
	if (x->left)
		exchange_finish(x, FAULT_CLIENT_LEFT);
	else if (result.status == AUTH_OK)
		redirect_to_next(x, &result);
	else if (result.status == AUTH_UNAVAILABLE)
		respond_fault(x, FAULT_STORE_DOWN, NULL);
	else
		serve_login_page(x, 401,
			by_link ? "This link has been used or is too old. Sign in another way."
				: "This token is not valid: it may have expired or been revoked.",
			FAULT_INVALID_TOKEN);
	sign_in_result_clear(&result);
}

static void sign_in(struct exchange *x, const char *name,
	void (*start)(struct auth *, struct str, const struct str *, size_t, struct str,
		sign_in_done *, void *))
{
	struct str cookies[EXCHANGE_COOKIES];
	struct sbuf secret;
	size_t count = exchange_cookies(x, cookies);

	sbuf_init_secret(&secret, TOKEN_FORM_MAX);
	if (form_get(endpoint_form(x), name, &secret)) {
		struct str text = str_trim(str_cut_line_end(sbuf_str(&secret)));
		exchange_move(x, EXCHANGE_SIGNING);
		start(x->thread->auth, text, cookies, count, str_of(access_log_client(x)),
			on_sign_in, x);
	} else if (endpoint_is_get(x)) {
		serve_login_page(x, 200, NULL, FAULT_NONE);
	} else {
		serve_login_page(x, 400, "Enter a token.", FAULT_BAD_REQUEST);
	}
	sbuf_clear(&secret);
}

/* --- by the provider --- */

/* Why it did not work: a page for a person, problem JSON for a program. Never a redirect to the
 * provider: it might send the browser straight back. */
static void refuse(
	struct exchange *x, const struct page_refusal *refusal, const struct sign_in_result *result)
{
	struct page_view view = respond_view(x);
	struct sbuf page, fields;

	if (!guard_wants_page(x->req)) {
		respond_fault(x, refusal->fault, refusal->sentence);
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
	respond_html(x, fault_row(refusal->fault)->status, &page, fields.at, refusal->fault);
	sbuf_clear(&page);
	sbuf_clear(&fields);
}

static bool asks_for_provider(struct exchange *x)
{
	struct sbuf start;

	sbuf_init(&start, 16);
	bool asks =
		form_get(x->target.query, "start", &start) && str_eq(sbuf_str(&start), STR("sso"));
	sbuf_clear(&start);
	return asks;
}

static void begin(struct exchange *x, struct str next)
{
	struct str cookies[EXCHANGE_COOKIES];
	struct auth_login login =
		auth_login_begin(x->thread->auth, cookies, exchange_cookies(x, cookies), next);

	if (login.status == AUTH_OK) {
		struct sign_in_result pending = {.set_login_cookie = login.set_cookie};
		redirect(x, str_of(login.location), &pending);
	} else {
		refuse(x,
			&(struct page_refusal){.fault = FAULT_SIGN_IN_DOWN,
				.sentence = "The identity provider does not answer; try again "
					    "shortly.",
				.next = next,
				.at_provider = true},
			NULL);
	}
	secret_free(login.location);
	secret_free(login.set_cookie);
}

static void begin_at_provider(struct exchange *x)
{
	struct sbuf next;

	if (!guard_is_navigation(x->req)) { /* S23 */
		respond_fault(x, FAULT_UNAUTHENTICATED, NULL);
		return;
	}
	if (auth_provider(x->thread->auth) == AUTH_PROVIDER_NONE) {
		serve_login_page(x, 404, "This gateway has no identity provider.", FAULT_NOT_FOUND);
		return;
	}
	sbuf_init(&next, RESPOND_FIELD_MAX);
	endpoint_next(x, &next);
	begin(x, sbuf_str(&next));
	sbuf_clear(&next);
}

/* What a provider means by its error codes, for people (RFC 6749 §4.1.2.1, OpenID Connect Core
 * §3.1.2.6). */
static const char *meaning_of(const char *error)
{
	static const struct {
		const char *error, *sentence;
	} rows[] = {
		{"access_denied", "You, or a rule there, did not allow it."},
		{"login_required", "It wants you to sign in there first."},
		{"interaction_required", "It has a question for you first."},
		{"account_selection_required", "It wants you to choose an account first."},
		{"consent_required", "It wants your consent first."},
		{"server_error", "Something went wrong there."},
		{"temporarily_unavailable", "It is busy or being maintained; try again shortly."},
		{"unauthorized_client", "It does not let this gateway sign people in; tell whoever "
					"runs the gateway."},
		{"invalid_scope", "It does not know what this gateway asks for; tell whoever runs "
				  "the gateway."},
	};

	for (size_t i = 0; error && i < ARRAY_LEN(rows); i++) {
		if (strcmp(error, rows[i].error) == 0)
			return rows[i].sentence;
	}
	return error ? "It gave an error; if it stays, tell whoever runs the gateway." : NULL;
}

/* The answer was for a sign-in of this browser. An error's description is shown as the provider's,
 * never as ours. */
static void refuse_answer(struct exchange *x, const struct sign_in_result *result, struct str next)
{
	struct callback callback = {0};
	const char *reason;
	bool has_error = callback_parse(x->target.query, &callback, &reason) == 0 && callback.error;

	refuse(x,
		&(struct page_refusal){.fault = FAULT_SIGN_IN_REFUSED,
			.sentence = has_error ? meaning_of(callback.error)
					      : "What it says of you did not stand a check; tell "
						"whoever runs the gateway.",
			.said = has_error ? callback.error_description : NULL,
			.next = next,
			.at_provider = true},
		result);
	callback_clear(&callback);
}

static void refuse_sign_in(struct exchange *x, const struct sign_in_result *result, struct str next)
{
	static const struct page_refusal rows[] = {
		[AUTH_ABSENT] = {FAULT_SIGN_IN_STALE,
			"Perhaps the page was left open for long, "
			"or was opened from a bookmark. Nothing is "
			"wrong with your account.",
			.at_provider = true},
		[AUTH_MALFORMED] = {FAULT_BAD_REQUEST,
			"What the identity provider sent along is "
			"not complete.",
			.at_provider = true},
		[AUTH_UNAVAILABLE] = {FAULT_SIGN_IN_DOWN,
			"The identity provider or the gateway's "
			"store does not answer. This is usually "
			"over soon.",
			.at_provider = true},
		[AUTH_TOO_MANY] = {FAULT_TOO_MANY, "Wait a minute, then load this page again.",
			.at_provider = true},
	};
	struct page_refusal refusal;

	if (result->status == AUTH_INVALID_TOKEN) {
		refuse_answer(x, result, next);
		return;
	}
	refusal = rows[result->status];
	refusal.next = next;
	refuse(x, &refusal, result);
}

static void on_callback(void *arg, struct sign_in_result result)
{
	struct exchange *x = arg;
	struct sbuf next;

	sbuf_init(&next, RESPOND_FIELD_MAX);
	metrics_count_login(x->thread->metrics, METRICS_LOGIN_OIDC, result.status == AUTH_OK);
	respond_return_path(x, str_of(result.return_path ? result.return_path : ""), &next);
	if (x->left) {
		identity_unref(result.who);
		exchange_finish(x, FAULT_CLIENT_LEFT);
	} else if (result.status == AUTH_OK || (result.status == AUTH_ABSENT && x->who)) {
		/* Signed in already: the same answer once more, by "back" or a second tab. */
		know(x, &result);
		redirect(x, sbuf_str(&next), &result);
	} else {
		refuse_sign_in(x, &result, sbuf_str(&next));
	}
	sign_in_result_clear(&result);
	sbuf_clear(&next);
}

static void finish_at_provider(struct exchange *x, enum auth_status status)
{
	struct str cookies[EXCHANGE_COOKIES];
	size_t count = exchange_cookies(x, cookies);

	(void)status;
	exchange_move(x, EXCHANGE_SIGNING);
	auth_login_finish(x->thread->auth, x->target.query, cookies, count,
		str_of(access_log_client(x)), on_callback, x);
}

void endpoint_serve_callback(struct exchange *x)
{
	if (!str_eq(x->req->method, STR("GET")))
		respond_fault(x, FAULT_METHOD, NULL);
	else
		exchange_identify(x, finish_at_provider);
}

void endpoint_serve_login(struct exchange *x)
{
	if (x->app_label.at) { /* where a page of Spark sends who is signed out (session.js) */
		respond_lead_home(x);
	} else if (endpoint_is_post(x)) {
		if (!endpoint_is_cross_site(x, false))
			sign_in(x, "token", auth_sign_in_token);
	} else if (!str_eq(x->req->method, STR("GET"))) {
		respond_fault(x, FAULT_METHOD, NULL);
	} else if (asks_for_provider(x)) {
		begin_at_provider(x);
	} else {
		sign_in(x, "link", auth_sign_in_link);
	}
}
