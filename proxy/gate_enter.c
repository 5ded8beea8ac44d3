/*
 * proxy/gate_enter.c - a session brought to the host name of one application, and back (S0).
 *
 * public host: <mount>/x, signed in      -> application's host: _gate/enter?code=...
 * application's host: that, first time   -> the cookie, and the same address once more
 *                     that, with cookie  -> <mount>/x
 *                     <mount>/x, without -> public host: <mount>/x
 *
 * So a browser that keeps no cookies comes to a code that is used: a page, and never a loop.
 */
#include "proxy/gate_int.h"

#include "auth/app_pass.h"
#include "proxy/form.h"
#include "proxy/guard.h"

#include <stdlib.h>

/* The last field of a name counts to browsers: over the one that every answer has. */
static const char private_fields[] = "Referrer-Policy: no-referrer\r\n";

static void redirect(struct exchange *x, const char *origin, struct str path, const char *fields)
{
	struct sbuf location;

	sbuf_init(&location, GATE_FIELD_MAX);
	sbuf_puts(&location, origin);
	sbuf_add_str(&location, path);
	respond_redirect(x, 302, sbuf_str(&location), fields);
	sbuf_clear(&location);
}

void gate_redirect_home(struct exchange *x)
{
	redirect(x, x->conf->server.origin, x->req->target, private_fields);
}

/* --- away --- */

/* Too long a path does not fit the code: then to where the application begins. */
static char *code_for(struct exchange *x)
{
	const struct mount *mount = x->route.mount;
	struct str cookies[EXCHANGE_COOKIES], path = x->req->target;
	size_t count = exchange_cookies(x, cookies);
	char *start = mem_printf("%s/", mount->path);

	if (path.len > APP_PATH_MAX)
		path = str_of(start);
	char *code = auth_app_code(x->worker->auth, cookies, count, str_of(mount->label), path);
	free(start);
	return code;
}

static void hand_over(struct exchange *x, const char *code)
{
	char origin[APP_ORIGIN_SIZE];
	struct sbuf path;

	app_origin_write(&x->conf->server, str_of(x->route.mount->label), origin);
	sbuf_init(&path, GATE_FIELD_MAX);
	sbuf_printf(&path, "%s/_gate/enter?code=%s", x->conf->server.base, code);
	redirect(x, origin, sbuf_str(&path), private_fields);
	explicit_bzero(path.at, path.len);
	sbuf_clear(&path);
}

void gate_serve_app_host(struct exchange *x)
{
	bool has_host = x->route.mount->label[0] != '\0';
	char *code = has_host && guard_is_navigation(x->req) ? code_for(x) : NULL;

	if (code)
		hand_over(x, code);
	else
		respond_fault(x, FAULT_ELSEWHERE, "Open it in the browser once, or use a token.");
	secret_free(code);
}

/* --- in --- */

static void refuse(struct exchange *x, const struct sign_in_result *result, const char *path)
{
	static const char *const sentences[] = {
		[AUTH_ABSENT] = "Your session has ended. Open the application again to sign in.",
		[AUTH_INVALID_TOKEN] =
			"It is good for one use within half a minute. If this comes "
			"again, your browser does not keep cookies for this address.",
	};
	struct page_view view = gate_view(x);
	struct sbuf page;

	if (result->status == AUTH_UNAVAILABLE) {
		respond_fault(x, FAULT_STORE_DOWN, NULL);
		return;
	}
	sbuf_init(&page, PAGE_MAX);
	page_not_entered(&page, &view, sentences[result->status], path);
	respond_html(
		x, fault_row(FAULT_ENTER_STALE)->status, &page, private_fields, FAULT_ENTER_STALE);
	sbuf_clear(&page);
}

static void admit(struct exchange *x, const struct sign_in_result *result, const char *path)
{
	struct sbuf fields;

	sbuf_init(&fields, GATE_FIELD_MAX);
	sbuf_puts(&fields, private_fields);
	if (result->set_cookie)
		sbuf_printf(&fields, "Set-Cookie: %s\r\n", result->set_cookie);
	redirect(x, "", result->set_cookie ? x->req->target : str_of(path), fields.at);
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

	if (x->left)
		exchange_finish(x, FAULT_CLIENT_LEFT);
	else if (result.status == AUTH_OK && path[0])
		admit(x, &result, path);
	else
		refuse(x, &result, path);
	sign_in_result_clear(&result);
}

void gate_serve_enter(struct exchange *x)
{
	struct str cookies[EXCHANGE_COOKIES];
	size_t count = exchange_cookies(x, cookies);
	struct sbuf code;

	if (!guard_is_navigation(x->req) || guard_is_foreign(x->req)) {
		respond_fault(x, FAULT_CROSS_ORIGIN, NULL);
		return;
	}
	sbuf_init(&code, GATE_FIELD_MAX);
	if (!form_get(x->target.query, "code", &code))
		sbuf_reset(&code);
	exchange_move(x, EXCHANGE_SIGNING);
	auth_app_enter(x->worker->auth, x->app_label, sbuf_str(&code), cookies, count, on_enter, x);
	if (code.at)
		explicit_bzero(code.at, code.len);
	sbuf_clear(&code);
}
