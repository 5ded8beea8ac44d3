/* proxy/admin/admin_pages.c - the pages of the admin origin: its own sign-in, tokens, sessions and
 * the audit (S0, S35).
 *
 * A page is for who is signed in to this site by its own cookie; a change is a form that one of its
 * pages sent: Origin says so, and the session's form token.
 */
#include "proxy/admin/admin_pages.h"

#include "base/log/log.h"
#include "proxy/guard/guard.h"
#include "proxy/http/form.h"
#include "proxy/launch/api/launch_api.h"
#include "proxy/launch/pages/launch_pages.h"
#include "proxy/pages/page_card.h"
#include "proxy/web/web_fault.h"
#include "proxy/web/web_sign.h"
#include "proxy/web/web_whoami.h"

#include <stdio.h>

/* --- fields --- */

/* S0: nobody frames these pages, holds a window of theirs, or loads what is in them. A page's own
 * meta element loosens the referrer to same-origin: without one browsers would send "Origin: null"
 * with its forms. */
static const char policy[] =
	"Content-Security-Policy: default-src 'none'; style-src 'self'; img-src 'self'; "
	"script-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
static const char fixed_fields[] = "\r\n"
				   "X-Frame-Options: DENY\r\n"
				   "Cross-Origin-Opener-Policy: same-origin\r\n"
				   "Cross-Origin-Resource-Policy: same-origin\r\n"
				   "Referrer-Policy: no-referrer\r\n";

static void pages_add_fields(const struct web_call *call, bool is_page, struct sbuf *out)
{
	(void)is_page;
	sbuf_puts(out, policy);
	/* Its script follows the log. */
	if (call->row && call->row->serve == launch_pages_log)
		sbuf_puts(out, "; connect-src 'self'");
	sbuf_puts(out, fixed_fields);
}

static void pages_on_answer(struct web_call *call, int status, size_t len)
{
	char text[16];

	(void)len;
	snprintf(text, sizeof text, "%d", status);
	const struct log_field fields[] = {{"request_id", str_of(call->id), false},
		{"client", str_of(web_client(call)), false},
		{"user", log_clip(str_of(call->who ? call->who->subject : "")), false},
		{"user_name", log_clip(identity_name_beside(call->who)), false},
		{"method", call->req->method, false},
		{"host", log_clip(guard_single_field(call->req, FIELD_HOST)), false},
		{"path", log_clip(call->target.path), false}, {"status", str_of(text), true}};

	if (call->conf->log_access)
		log_fields(LOG_INFO, "admin", "page", fields, ARRAY_LEN(fields));
}

/* --- pages --- */

static struct page_view pages_view(const struct web_call *call)
{
	const char *form_token = ((const struct admin_call *)call)->form_token;

	return (struct page_view){.base = call->conf->admin.base,
		.who = call->who,
		.request_id = call->id,
		.site = AUTH_SITE_ADMIN,
		.form_token = form_token[0] ? form_token : NULL};
}

static bool is_page(struct str path)
{
	static const char *const pages[] = {"/tokens", "/device", "/sessions", "/audit", "/whoami",
		"/applications", "/artifacts"};

	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		if (str_starts(path, str_of(pages[i])))
			return true;
	}
	return false;
}

static void pages_return_path(const struct web_call *call, struct str path, struct sbuf *out)
{
	const char *base = call->conf->admin.base;
	struct str fragment = form_cut_fragment(&path);
	struct target target;

	sbuf_reset(out);
	if (form_is_return_path(path) && target_parse(path, &target, NULL) == 0 &&
		str_starts(path, str_of(base)) && is_page(str_from(path, strlen(base)))) {
		sbuf_add_str(out, path);
		sbuf_add_str(out, fragment);
	} else {
		sbuf_printf(out, "%s/tokens", base);
	}
}

/* A page that goes on by itself, where a redirect would lose the session's Strict cookie. */
static void lead_onward(
	struct web_call *call, const char *title, struct str location, const char *fields)
{
	struct page_view view = pages_view(call);
	struct sbuf page, all;

	sbuf_init(&page, PAGE_MAX);
	sbuf_init_secret(&all, WEB_FIELDS_MAX); /* a session's cookie may be among them (S69) */
	sbuf_puts(&all, "Refresh: 0; url=");
	sbuf_add_str(&all, location);
	sbuf_puts(&all, "\r\n");
	if (fields)
		sbuf_puts(&all, fields);
	card_open(&page, &view, title, NULL);
	sbuf_puts(&page, "<div class=\"actions\"><a class=\"button\" href=\"");
	sbuf_html(&page, location);
	sbuf_puts(&page, "\">Continue</a></div>\n");
	card_close(&page, &view);
	web_html(call, 200, &page, all.at, FAULT_NONE);
	sbuf_clear(&page);
	sbuf_clear(&all);
}

/* A Strict cookie set now does not go with a redirect: the way here began at another site. */
static void pages_enter(struct web_call *call, struct str location, const char *fields)
{
	lead_onward(call, "You are signed in", location, fields);
}

static void pages_count_login(struct web_call *call, enum web_login by, bool ok)
{
	metrics_count_login(admin_call_of(call)->admin->metrics,
		by == WEB_LOGIN_PROVIDER ? METRICS_LOGIN_OIDC : METRICS_LOGIN_TOKEN, ok);
}

/* --- who asks, and whose form it is --- */

/* Over a link of another site browsers keep the Strict cookie back: once more from here. */
static bool pages_on_fault(struct web_call *call, enum fault fault)
{
	if (fault != FAULT_UNAUTHENTICATED || !guard_is_navigation(call->req) ||
		!str_eq(guard_single_field(call->req, FIELD_SEC_FETCH_SITE), STR("cross-site")))
		return false;
	lead_onward(call, "One moment", call->req->target, NULL);
	return true;
}

static bool pages_on_known(struct web_call *call)
{
	struct str cookies[WEB_COOKIES];
	size_t count = web_cookies(call, cookies);

	if (auth_form_token(call->auth, cookies, count, admin_call_of(call)->form_token))
		return true;
	web_fault(call, FAULT_UNAUTHENTICATED, NULL);
	return false;
}

static bool pages_is_own_form(const struct web_call *call, struct str token)
{
	struct str cookies[WEB_COOKIES];
	size_t count = web_cookies(call, cookies);

	return auth_is_form_token(call->auth, cookies, count, token);
}

static bool pages_on_content(struct web_call *call)
{
	char given[AUTH_FORM_TOKEN + 1];

	if (call->who == NULL || (web_field(call, "form", given, sizeof given) &&
					 pages_is_own_form(call, str_of(given))))
		return true;
	web_fault(
		call, FAULT_CROSS_ORIGIN, "The form belongs to another session. Reload the page.");
	return false;
}

/* --- the table --- */

static void serve_login_page(struct web_call *call)
{
	if (web_asks_for_provider(call))
		web_begin_at_provider(call);
	else
		web_open_login_page(call);
}

static void serve_root(struct web_call *call)
{
	struct sbuf home;

	sbuf_init(&home, WEB_FIELD_MAX);
	pages_return_path(call, STR(""), &home);
	web_redirect(call, 302, sbuf_str(&home), NULL);
	sbuf_clear(&home);
}

static const struct web_row rows[] = {
	{"GET, HEAD", "/", WEB_ANYBODY, serve_root, WEB_NOTHING},
	{"GET, HEAD", "/whoami", WEB_KNOWN, web_whoami, WEB_NOTHING},
	{"GET, HEAD", "/tokens", WEB_SESSION, admin_tokens_list, WEB_NOTHING},
	{"POST", "/tokens", WEB_SESSION, admin_tokens_create, WEB_OWN_FORM},
	{"GET, HEAD", "/tokens/{id}", WEB_SESSION, admin_tokens_show, WEB_NOTHING},
	{"POST", "/tokens/{id}/revoke", WEB_SESSION, admin_tokens_revoke, WEB_OWN_FORM},
	{"POST", "/tokens/{id}/disable", WEB_SESSION, admin_tokens_disable, WEB_OWN_FORM},
	{"POST", "/tokens/{id}/enable", WEB_SESSION, admin_tokens_enable, WEB_OWN_FORM},
	{"GET, HEAD", "/device", WEB_SESSION, admin_device_show, WEB_NOTHING},
	{"POST", "/device", WEB_SESSION, admin_device_decide, WEB_OWN_FORM},
	{"GET, HEAD", "/sessions", WEB_SESSION, admin_sessions_list, WEB_NOTHING},
	{"POST", "/sessions/end", WEB_SESSION, admin_sessions_end_person, WEB_OWN_FORM},
	{"POST", "/sessions/{id}/end", WEB_SESSION, admin_sessions_end_one, WEB_OWN_FORM},
	{"GET, HEAD", "/audit", WEB_SESSION, admin_audit, WEB_NOTHING},
	{"GET, HEAD", "/applications", WEB_SESSION, launch_pages_list, WEB_NOTHING},
	{"POST", "/applications", WEB_SESSION, launch_pages_create, WEB_OWN_FORM},
	{"POST", "/applications/upload", WEB_SESSION, launch_pages_upload, WEB_OWN_PARTS},
	{"GET, HEAD", "/applications/new", WEB_SESSION, launch_pages_new, WEB_NOTHING},
	{"GET, HEAD", "/applications/{id}", WEB_SESSION, launch_pages_show, WEB_NOTHING},
	{"GET, HEAD", "/applications/{id}/kill", WEB_SESSION, launch_pages_ask_kill, WEB_NOTHING},
	{"POST", "/applications/{id}/kill", WEB_SESSION, launch_pages_kill, WEB_OWN_FORM},
	{"POST", "/applications/{id}/restart", WEB_SESSION, launch_pages_restart, WEB_OWN_FORM},
	{"GET, HEAD", "/applications/{id}/logs", WEB_SESSION, launch_pages_log, WEB_NOTHING},
	{"GET", "/applications/{id}/logs/text", WEB_SESSION, launch_api_logs, WEB_NOTHING},
	{"GET, HEAD", "/artifacts", WEB_SESSION, launch_pages_artifacts, WEB_NOTHING},
	{"GET, HEAD", "/_gate/login", WEB_WHOEVER, serve_login_page, WEB_NOTHING},
	{"POST", "/_gate/login", WEB_ANYBODY, web_sign_in_by_token, WEB_OWN_FORM},
	{"GET", "/_gate/callback", WEB_ANYBODY, web_finish_at_provider, WEB_NOTHING},
	{"GET", "/_gate/callback/{provider}", WEB_ANYBODY, web_finish_at_provider, WEB_NOTHING},
	{"GET, HEAD", "/_gate/logout", WEB_WHOEVER, web_logout_page, WEB_NOTHING},
	{"POST", "/_gate/logout", WEB_WHOEVER, web_sign_out, WEB_OWN_FORM},
	{"GET, HEAD", "/_gate/static/{file}", WEB_ANYBODY, web_static, WEB_NOTHING},
};

const struct web_site admin_pages_site = {
	.id = AUTH_SITE_ADMIN,
	.takes_cookies = true, /* alone: with a bearer token one uses the API */
	.form_max = 64 * 1024,
	.rows = rows,
	.rows_count = ARRAY_LEN(rows),
	.add_fields = pages_add_fields,
	.view = pages_view,
	.registry = admin_registry,
	.return_path = pages_return_path,
	.enter = pages_enter,
	.signed_out = "Your session on this page has ended. Your sessions on the gateway itself "
		      "continue.",
	.count_login = pages_count_login,
	.on_wait = admin_on_wait,
	.on_answer = pages_on_answer,
	.on_end = admin_on_end,
	.on_fault = pages_on_fault,
	.launches = admin_launches,
	.on_known = pages_on_known,
	.is_own_form = pages_is_own_form,
	.on_content = pages_on_content,
};

/* --- what is asked --- */

enum fault admin_check_origin(struct admin_call *call)
{
	struct str label;
	struct err err = {""};
	enum fault fault = guard_check(&call->conf->admin, call->admin->port, call->web.req, &label,
		&call->web.target, &err);

	return fault == FAULT_NONE && guard_is_foreign(call->web.req) ? FAULT_CROSS_ORIGIN : fault;
}

/* Another loopback name than the configured one: cookies and forms are of that one. */
static bool is_elsewhere(const struct admin_call *call)
{
	char authority[272];

	url_authority(&call->conf->admin.public_url, true, authority);
	return guard_is_navigation(call->web.req) &&
	       !str_eq_nocase(guard_single_field(call->web.req, FIELD_HOST), str_of(authority));
}

void admin_pages_serve(struct admin_call *call)
{
	struct web_call *web = &call->web;
	enum fault fault = admin_check_origin(call);

	if (fault != FAULT_NONE)
		web_fault(web, fault, NULL);
	else if (is_elsewhere(call))
		web_redirect_to(web, 307, call->conf->admin.origin, web->req->target, NULL);
	else
		web_serve(web);
}
