/* proxy/web/web_sign_in.c - the login page, and signing in by a token or a one-time link. */
#include "proxy/web/web_sign.h"

#include "auth/token/bearer.h"
#include "conf/providers.h"
#include "proxy/web/web_fault.h"

#include <stdlib.h>

/* What a token or link is one of, and a little more: one that is too long is told so by auth/. */
enum { SECRET_MAX = BEARER_MAX + 1024, LINK_MAX = 128, COOKIES_MAX = 16 * 1024 };

static void serve_login_page(struct web_call *call, int status, const char *problem,
	enum fault fault, struct str next, const char *fields)
{
	struct page_view view = call->site->view(call);
	struct page_provider providers[CONF_PROVIDERS];
	size_t count = call->conf->oidc_count;
	struct sbuf page;

	for (size_t i = 0; i < count; i++) {
		const struct conf_oidc *row = &call->conf->oidc[i];

		providers[i] = (struct page_provider){conf_provider_name(row), row->label,
			auth_provider_at(call->auth, row->issuer)};
	}
	sbuf_init(&page, PAGE_MAX);
	page_login(&page, &view, &(struct page_sign_in){next, problem, providers, count});
	web_html(call, status, &page, fields, fault);
	sbuf_clear(&page);
}

void web_login_page(struct web_call *call, int status, const char *problem, enum fault fault)
{
	struct sbuf next;

	sbuf_init(&next, WEB_FIELD_MAX);
	web_next(call, &next);
	serve_login_page(call, status, problem, fault, sbuf_str(&next), NULL);
	sbuf_clear(&next);
}

/* For who is certainly nobody: the cookies that did not sign them in end here. */
static void serve_to_stranger(struct web_call *call)
{
	struct str cookies[WEB_COOKIES];
	struct sbuf next, fields;

	sbuf_init(&next, WEB_FIELD_MAX);
	sbuf_init(&fields, COOKIES_MAX);
	web_next(call, &next);
	const struct str pages[] = {call->target.path, sbuf_str(&next)};
	if (call->auth_status == AUTH_ABSENT)
		auth_end_stale_cookies(
			call->auth, cookies, web_cookies(call, cookies), pages, &fields);
	serve_login_page(call, 200, NULL, FAULT_NONE, sbuf_str(&next),
		fields.overflow ? NULL : sbuf_str(&fields).at);
	sbuf_clear(&next);
	sbuf_clear(&fields);
}

void web_add_cookies(struct sbuf *fields, const struct sign_in_result *result)
{
	if (result->set_cookie)
		sbuf_printf(fields, "Set-Cookie: %s\r\n", result->set_cookie);
	if (result->set_login_cookie)
		sbuf_printf(fields, "Set-Cookie: %s\r\n", result->set_login_cookie);
}

void web_know(struct web_call *call, const struct sign_in_result *result)
{
	if (result->who == NULL)
		return;
	identity_unref(call->who);
	call->who = result->who;
}

static void redirect_to_next(struct web_call *call, const struct sign_in_result *result)
{
	struct sbuf next, fields;

	sbuf_init(&next, WEB_FIELD_MAX);
	sbuf_init_secret(&fields, COOKIES_MAX);
	web_next(call, &next);
	web_add_cookies(&fields, result);
	web_redirect(call, 303, sbuf_str(&next), fields.at);
	sbuf_clear(&next);
	sbuf_clear(&fields);
}

void web_open_login_page(struct web_call *call)
{
	if (web_is_signed_in(call))
		redirect_to_next(call, &(struct sign_in_result){.status = AUTH_OK});
	else
		serve_to_stranger(call);
}

static const char *sentence_of(const char *reason, bool is_link)
{
	if (is_link)
		return "This link has been used or is too old. Sign in another way.";
	return reason && strcmp(reason, BEARER_TOO_LONG) == 0
		       ? "This token is longer than the gateway takes (server.limits.head)."
		       : "This token is not valid. It may have expired or been revoked.";
}

static void refuse_secret(struct web_call *call, const struct sign_in_result *result, bool is_link)
{
	if (auth_is_undecided(result->status))
		web_fault(call, web_fault_of(result->status), NULL);
	else
		web_login_page(
			call, 401, sentence_of(result->reason, is_link), FAULT_INVALID_TOKEN);
}

static void finish_sign_in(struct web_call *call, struct sign_in_result *result, enum web_login by)
{
	web_know(call, result);
	call->site->count_login(call, by, result->status == AUTH_OK);
	if (web_is_there(call)) {
		if (result->status == AUTH_OK)
			redirect_to_next(call, result);
		else
			refuse_secret(call, result, by == WEB_LOGIN_LINK);
	}
	sign_in_result_clear(result);
}

static void on_token(void *arg, struct sign_in_result result)
{
	finish_sign_in(arg, &result, WEB_LOGIN_TOKEN);
}

static void on_link(void *arg, struct sign_in_result result)
{
	finish_sign_in(arg, &result, WEB_LOGIN_LINK);
}

typedef void start_sign_in(struct auth *auth, struct str secret, const struct str *old_cookies,
	size_t count, struct str client, sign_in_done *done, void *arg);

/* False: the field `name` says nothing. */
static bool sign_in_by(
	struct web_call *call, const char *name, start_sign_in *start, sign_in_done *done)
{
	struct str cookies[WEB_COOKIES];
	size_t count = web_cookies(call, cookies);
	char *secret = mem_alloc(SECRET_MAX, 1);
	bool is_given = web_field(call, name, secret, SECRET_MAX) && secret[0];

	if (is_given) {
		call->site->on_wait(call, WEB_WAIT_STORE);
		start(call->auth, str_trim(str_cut_line_end(str_of(secret))), cookies, count,
			str_of(web_client(call)), done, call);
	}
	secret_free(secret);
	return is_given;
}

void web_sign_in_by_token(struct web_call *call)
{
	if (!sign_in_by(call, "token", auth_sign_in_token, on_token))
		web_login_page(call, 400, "Enter a token.", FAULT_BAD_REQUEST);
}

bool web_sign_in_by_link(struct web_call *call)
{
	return sign_in_by(call, "link", auth_sign_in_link, on_link);
}

bool web_link_page(struct web_call *call)
{
	struct page_view view = call->site->view(call);
	char link[LINK_MAX];
	bool is_given = web_field(call, "link", link, sizeof link) && link[0];
	struct sbuf page, next;

	if (is_given) {
		sbuf_init_secret(&page, PAGE_MAX);
		sbuf_init(&next, WEB_FIELD_MAX);
		web_next(call, &next);
		page_link(&page, &view, str_of(link), sbuf_str(&next));
		web_html(call, 200, &page, NULL, FAULT_NONE);
		sbuf_clear(&page);
		sbuf_clear(&next);
	}
	explicit_bzero(link, sizeof link);
	return is_given;
}
