/* proxy/web/web_provider.c - signing in at the OpenID provider: there, back, and why it did not
 * work. */
#include "proxy/web/web_sign.h"

#include "auth/oidc/callback.h"
#include "conf/providers.h"
#include "proxy/guard/guard.h"
#include "proxy/web/web_fault.h"

#include <stdlib.h>
#include <string.h>

enum { COOKIES_MAX = 16 * 1024, PROVIDER_NAME = 64 };

/* Why it did not work: a page for a person, problem JSON for a program. Never a redirect to the
 * provider: it might send the browser straight back. */
static void refuse_at_provider(struct web_call *call, const struct page_refusal *refusal,
	const struct sign_in_result *result)
{
	struct page_view view = call->site->view(call);
	struct page_refusal where = *refusal;
	struct sbuf page, fields;

	if (!guard_wants_page(call->req)) {
		web_fault(call, refusal->fault, refusal->sentence);
		return;
	}
	if (result)
		where.provider = result->provider;
	if (where.provider == NULL && call->conf->oidc_count > 1)
		where.at_provider = false; /* nobody knows at which */
	sbuf_init(&page, PAGE_MAX);
	sbuf_init_secret(&fields, COOKIES_MAX);
	if (result)
		web_add_cookies(&fields, result);
	web_fault_fields(call, refusal->fault, &fields);
	page_not_signed_in(&page, &view, &where);
	web_html(call, fault_row(refusal->fault)->status, &page, fields.at, refusal->fault);
	sbuf_clear(&page);
	sbuf_clear(&fields);
}

/* --- there --- */

bool web_asks_for_provider(const struct web_call *call)
{
	char start[16];

	return web_field(call, "start", start, sizeof start) && strcmp(start, "sso") == 0;
}

static void lead_to_provider(
	struct web_call *call, const char *provider, struct str next, bool is_again)
{
	struct str cookies[WEB_COOKIES];
	struct auth_login login =
		auth_login_begin(call->auth, &(struct auth_begin){.provider = str_of(provider),
						     .cookies = cookies,
						     .count = web_cookies(call, cookies),
						     .return_path = next,
						     .is_again = is_again});
	struct sbuf fields;

	sbuf_init_secret(&fields, COOKIES_MAX);
	if (login.status == AUTH_OK) {
		sbuf_printf(&fields, "Set-Cookie: %s\r\n", login.set_cookie);
		web_redirect(call, 303, str_of(login.location), fields.at);
	} else {
		refuse_at_provider(call,
			&(struct page_refusal){.fault = FAULT_SIGN_IN_DOWN,
				.sentence = "The identity provider does not answer. Try again in a "
					    "few seconds.",
				.next = next,
				.at_provider = true,
				.provider = provider},
			NULL);
	}
	sbuf_clear(&fields);
	secret_free(login.location);
	secret_free(login.set_cookie);
}

static void begin_at(struct web_call *call, const char *provider)
{
	struct sbuf next;

	sbuf_init(&next, WEB_FIELD_MAX);
	web_next(call, &next);
	lead_to_provider(call, provider, sbuf_str(&next), false);
	sbuf_clear(&next);
}

void web_begin_at_provider(struct web_call *call)
{
	const struct conf *conf = call->conf;
	char provider[PROVIDER_NAME];

	if (!web_field(call, "provider", provider, sizeof provider))
		provider[0] = '\0';
	bool is_known = conf_provider_named(conf, str_of(provider)) ||
			(provider[0] == '\0' && conf->oidc_count == 1);
	if (!guard_is_navigation(call->req)) /* S23 */
		web_fault(call, FAULT_UNAUTHENTICATED, NULL);
	else if (conf->oidc_count == 0)
		web_login_page(
			call, 404, "This gateway has no identity provider.", FAULT_NOT_FOUND);
	else if (is_known)
		begin_at(call, provider);
	else if (provider[0])
		web_login_page(
			call, 404, "This gateway has no such identity provider.", FAULT_NOT_FOUND);
	else
		web_open_login_page(call); /* there are several: the person chooses */
}

/* --- and back --- */

/* What a provider means by its error codes, for people (RFC 6749 §4.1.2.1, OpenID Connect Core
 * §3.1.2.6). */
static const char *meaning_of(const char *error)
{
	static const struct {
		const char *error, *sentence;
	} rows[] = {
		{"access_denied", "You or the provider's policy denied access."},
		{"login_required", "The provider needs you to sign in there. Start again."},
		{"interaction_required", "The provider needs your input. Start again."},
		{"account_selection_required",
			"The provider needs you to choose an account. Start again."},
		{"consent_required", "The provider needs your consent. Start again."},
		{"server_error", "The provider reports an internal error. Start again."},
		{"temporarily_unavailable",
			"The provider is busy or in maintenance. Try again in a few minutes."},
		{"unauthorized_client", "The provider does not let this gateway sign people in. "
					"Tell the gateway's administrator."},
		{"invalid_scope", "The provider does not know a scope that this gateway requests. "
				  "Tell the gateway's administrator."},
	};

	for (size_t i = 0; error && i < ARRAY_LEN(rows); i++) {
		if (strcmp(error, rows[i].error) == 0)
			return rows[i].sentence;
	}
	return error ? "The provider reports an error. If it happens again, tell the gateway's "
		       "administrator."
		     : NULL;
}

/* The answer was for a sign-in of this browser. An error's description is shown as the provider's,
 * never as ours. */
static void refuse_answer(
	struct web_call *call, const struct sign_in_result *result, struct str next)
{
	bool is_long = str_find(str_of(result->reason), STR("too long")) != -1;
	struct callback callback = {0};
	const char *reason;
	bool has_error =
		callback_parse(call->target.query, &callback, &reason) == 0 && callback.error;

	refuse_at_provider(call,
		&(struct page_refusal){.fault = FAULT_SIGN_IN_REFUSED,
			.sentence = has_error ? meaning_of(callback.error)
				    : is_long ? "The provider's token is too long: there are more "
						"groups or other claims in it than this gateway "
						"takes. Tell the gateway's administrator."
					      : "The provider's answer is invalid. Tell the "
						"gateway's administrator.",
			.said = has_error ? callback.error_description : NULL,
			.next = next,
			.at_provider = true},
		result);
	callback_clear(&callback);
}

static void refuse_sign_in(
	struct web_call *call, const struct sign_in_result *result, struct str next)
{
	static const struct page_refusal rows[] = {
		[AUTH_ABSENT] = {FAULT_SIGN_IN_STALE,
			"The page was open too long, came from a bookmark, or this browser keeps "
			"no cookies of this site. Nothing is wrong with your account.",
			.at_provider = true},
		[AUTH_MALFORMED] = {FAULT_BAD_REQUEST,
			"The provider's answer is incomplete. Start again.", .at_provider = true},
		[AUTH_UNAVAILABLE] = {FAULT_SIGN_IN_DOWN,
			"The identity provider or the gateway's "
			"store does not answer. Try again in a few seconds.",
			.at_provider = true},
		[AUTH_MISTRUSTED] = {FAULT_OWN_CREDENTIALS,
			"Nothing is wrong with your account. The gateway's log names the client.",
			.at_provider = true},
		[AUTH_TOO_MANY] = {FAULT_TOO_MANY, "Wait a minute, then load this page again.",
			.at_provider = true},
	};
	struct page_refusal refusal;

	if (result->status == AUTH_INVALID_TOKEN) {
		refuse_answer(call, result, next);
		return;
	}
	refusal = rows[result->status];
	refusal.next = next;
	refuse_at_provider(call, &refusal, result);
}

static void enter_by_provider(
	struct web_call *call, struct str next, const struct sign_in_result *result)
{
	struct sbuf fields;

	sbuf_init_secret(&fields, COOKIES_MAX);
	web_add_cookies(&fields, result);
	call->site->enter(call, next, fields.at);
	sbuf_clear(&fields);
}

static void on_provider_answer(void *arg, struct sign_in_result result)
{
	struct web_call *call = arg;
	struct sbuf next;

	sbuf_init(&next, WEB_FIELD_MAX);
	/* Signed in already: by another tab, or the same answer once more, by "back". */
	bool is_in = result.status == AUTH_ABSENT && web_is_signed_in(call);
	if (!is_in && !result.may_begin_again)
		call->site->count_login(call, WEB_LOGIN_PROVIDER, result.status == AUTH_OK);
	web_know(call, &result);
	if (web_is_there(call)) {
		call->site->return_path(
			call, str_of(result.return_path ? result.return_path : ""), &next);
		if (is_in || result.status == AUTH_OK)
			enter_by_provider(call, sbuf_str(&next), &result);
		else if (result.may_begin_again && guard_is_navigation(call->req))
			lead_to_provider(call, result.provider ? result.provider : "",
				sbuf_str(&next), true);
		else
			refuse_sign_in(call, &result, sbuf_str(&next));
	}
	sign_in_result_clear(&result);
	sbuf_clear(&next);
}

/* The name in <base>/_gate/callback/NAME; empty: without one. */
static struct str came_to(const struct web_call *call)
{
	const char *slash = strrchr(call->row->path, '/');
	struct str path = call->target.path, segment = STR("");

	if (strcmp(slash, "/{provider}") != 0)
		return segment;
	while (str_next(&path, '/', &segment))
		;
	return segment;
}

void web_finish_at_provider(struct web_call *call)
{
	struct str cookies[WEB_COOKIES];
	size_t count = web_cookies(call, cookies);

	call->site->on_wait(call, WEB_WAIT_STORE);
	auth_login_finish(call->auth,
		&(struct auth_callback){came_to(call), call->target.query, cookies, count,
			str_of(web_client(call)), web_is_signed_in(call)},
		on_provider_answer, call);
}
