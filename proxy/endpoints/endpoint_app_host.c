/*
 * proxy/endpoints/endpoint_app_host.c - a session brought to the host name of one application, and
 * back (S0).
 *
 * The public host gets a request for <mount>/x:
 *   signed in             to the application's host, <mount>/x
 * The application's host gets it:
 *   without its cookie    sets the entry cookie; to the public host, _gate/hand-over?for=...
 * The public host gets that:
 *   signed in             to the application's host, _gate/enter?code=...
 *   not signed in         to <mount>/x, to sign in
 * The application's host gets that:
 *   the first time        sets the cookie; to the same address once more
 *   with that cookie      to <mount>/x
 *
 * The code is made for the entry cookie's digest, so that it opens nothing in another browser
 * (S50). A browser that keeps no cookies comes to a code that is not for it: a page, and never a
 * loop.
 */
#include "proxy/endpoints/endpoint.h"

#include "auth/session/app_pass.h"
#include "proxy/http/form.h"
#include "proxy/guard/guard.h"

#include <stdlib.h>

/* --- away --- */

static void redirect_to_app(struct exchange *x, const struct mount *mount, struct str path)
{
	char origin[APP_ORIGIN_SIZE];

	app_origin_write(&x->web.conf->server, str_of(mount->label), origin);
	web_redirect_to(&x->web, 302, origin, path, respond_private_fields);
}

void endpoint_serve_app_host(struct exchange *x)
{
	const struct mount *mount = x->route.mount;

	if (mount->label[0] != '\0' && guard_is_navigation(x->web.req))
		redirect_to_app(x, mount, x->web.req->target);
	else
		web_fault(&x->web, FAULT_ELSEWHERE, "A program needs an access token.");
}

/* --- the code --- */

/* What is asked for is a live UI that this person may look at: then it is the exchange's route. */
static bool find_mount(struct exchange *x, struct str path)
{
	struct target target;

	if (target_parse(path, &target, NULL) == -1)
		return false;
	x->route = route_match(x->registry, x->web.conf->server.base, target.path);
	x->action = ACTION_VIEW;
	x->actions = 1u << ACTION_VIEW;
	return x->route.kind == ROUTE_MOUNT && x->route.mount->label[0] != '\0' &&
	       x->route.mount->state == MOUNT_UP && exchange_judge(x) == FAULT_NONE;
}

static char *code_for(struct exchange *x, struct str browser, struct str path)
{
	struct str cookies[WEB_COOKIES];
	size_t count = web_cookies(&x->web, cookies);

	if (x->web.who == NULL || x->web.who->via != VIA_SESSION || !find_mount(x, path) ||
		path.len > APP_PATH_MAX)
		return NULL;
	return auth_app_code(
		x->web.auth, cookies, count, str_of(x->route.mount->label), browser, path);
}

static void hand_over(struct exchange *x, const char *code)
{
	struct sbuf path;

	sbuf_init_secret(&path, WEB_FIELD_MAX);
	sbuf_printf(&path, "%s/_gate/enter?code=%s", x->web.conf->server.base, code);
	redirect_to_app(x, x->route.mount, sbuf_str(&path));
	sbuf_clear(&path);
}

/* Whoever gets no code goes where the link led, where it is said why, or where one signs in. */
static void answer_hand_over(struct exchange *x)
{
	struct sbuf asked, to, browser;
	char *code = NULL;

	sbuf_init(&asked, WEB_FIELD_MAX);
	sbuf_init(&to, WEB_FIELD_MAX);
	sbuf_init(&browser, APP_ENTRY_LEN);
	if (!form_get(x->web.target.query, "to", &asked))
		sbuf_reset(&asked);
	public_return_path(&x->web, sbuf_str(&asked), &to);
	if (x->web.auth_status == AUTH_OK && form_get(x->web.target.query, "for", &browser))
		code = code_for(x, sbuf_str(&browser), sbuf_str(&to));
	if (code)
		hand_over(x, code);
	else
		web_redirect_to(&x->web, 302, "", sbuf_str(&to), respond_private_fields);
	secret_free(code);
	sbuf_clear(&asked);
	sbuf_clear(&to);
	sbuf_clear(&browser);
}

void endpoint_hand_over(struct web_call *call)
{
	struct exchange *x = exchange_of(call);

	if (x->web.conf->server.apps.host[0] == '\0')
		web_fault(&x->web, FAULT_NOT_FOUND, NULL);
	else if (!guard_is_navigation(x->web.req))
		web_fault(&x->web, FAULT_CROSS_ORIGIN, NULL);
	else
		answer_hand_over(x);
}

/* --- in --- */

static void refuse_entry(struct exchange *x, const struct sign_in_result *result, const char *path)
{
	static const char *const sentences[] = {
		[AUTH_OK] = "The application is not running any more.",
		[AUTH_ABSENT] = "Your session has ended. Open the application again to sign in.",
		[AUTH_INVALID_TOKEN] =
			("The link works once, within 30 seconds, in the same browser. If this "
			 "happens again, allow cookies for this address."),
	};
	struct page_view view = public_view(&x->web);
	struct sbuf page;

	if (result->status == AUTH_UNAVAILABLE) {
		web_fault(&x->web, FAULT_STORE_DOWN, NULL);
		return;
	}
	sbuf_init(&page, PAGE_MAX);
	page_not_entered(&page, &view, sentences[result->status], path);
	web_html(&x->web, fault_row(FAULT_ENTER_STALE)->status, &page, respond_private_fields,
		FAULT_ENTER_STALE);
	sbuf_clear(&page);
}

static void admit(struct exchange *x, const struct sign_in_result *result, const char *path)
{
	struct sbuf fields;

	sbuf_init_secret(&fields, WEB_FIELD_MAX);
	sbuf_puts(&fields, respond_private_fields);
	if (result->set_cookie)
		sbuf_printf(&fields, "Set-Cookie: %s\r\n", result->set_cookie);
	web_redirect_to(&x->web, 302, "", result->set_cookie ? x->web.req->target : str_of(path),
		fields.at);
	sbuf_clear(&fields);
}

/* What we sealed is a path of this application; looked at all the same, for it goes into Location.
 */
static const char *checked_path(const struct exchange *x, const struct sign_in_result *result)
{
	struct str path = str_of(result->return_path ? result->return_path : "");
	struct target target;

	if (x->app == NULL || target_parse(path, &target, NULL) == -1 ||
		!str_starts(path, str_of(x->app->path)))
		return "";
	return path.at;
}

static void on_enter(void *arg, struct sign_in_result result)
{
	struct exchange *x = arg;
	const char *path = checked_path(x, &result);

	if (web_is_there(&x->web)) {
		if (result.status == AUTH_OK && path[0])
			admit(x, &result, path);
		else
			refuse_entry(x, &result, path);
	}
	sign_in_result_clear(&result);
}

void endpoint_enter(struct web_call *call)
{
	struct exchange *x = exchange_of(call);
	struct str cookies[WEB_COOKIES];
	size_t count = web_cookies(&x->web, cookies);
	struct sbuf code;

	if (!guard_is_navigation(x->web.req) || guard_is_foreign(x->web.req)) {
		web_fault(&x->web, FAULT_CROSS_ORIGIN, NULL);
		return;
	}
	sbuf_init_secret(&code, WEB_FIELD_MAX);
	if (!form_get(x->web.target.query, "code", &code))
		sbuf_reset(&code);
	public_on_wait(call, WEB_WAIT_STORE);
	auth_app_enter(x->web.auth, x->web.app_label, sbuf_str(&code), cookies, count, on_enter, x);
	sbuf_clear(&code);
}
