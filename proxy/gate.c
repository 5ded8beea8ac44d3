#include "proxy/exchange_int.h"

#include "proxy/form.h"
#include "proxy/guard.h"
#include "proxy/page.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIELD_MAX = 16 * 1024, TOKEN_FORM_MAX = 9 * 1024 };

static struct page_view view_of(const struct exchange *x)
{
	return (struct page_view){x->conf->server.base, x->who, x->id};
}

static bool is_get(const struct exchange *x)
{
	return str_eq(x->req->method, STR("GET")) || str_eq(x->req->method, STR("HEAD"));
}

static bool is_post(const struct exchange *x)
{
	return str_eq(x->req->method, STR("POST"));
}

/* Only a path below our base that a request could name may be come back to (S6, S24); else the home
 * page. */
static void return_path(const struct exchange *x, struct str form, struct sbuf *out)
{
	struct target target;
	struct sbuf home;

	sbuf_init(&home, FIELD_MAX);
	sbuf_printf(&home, "%s/", x->conf->server.base);
	if (!form_get(form, "next", out) || !form_is_return_path(sbuf_str(out)) ||
		target_parse(sbuf_str(out), &target, NULL) == -1 ||
		!str_starts(sbuf_str(out), sbuf_str(&home))) {
		sbuf_reset(out);
		sbuf_add_str(out, sbuf_str(&home));
	}
	sbuf_clear(&home);
}

static void serve_login_page(
	struct exchange *x, struct str form, int status, const char *problem, enum fault fault)
{
	struct page_view view = view_of(x);
	struct sbuf page, next;

	sbuf_init(&page, PAGE_MAX);
	sbuf_init(&next, FIELD_MAX);
	return_path(x, form, &next);
	page_login(&page, &view, sbuf_str(&next), problem);
	respond_html(x, status, &page, NULL, fault);
	sbuf_clear(&page);
	sbuf_clear(&next);
}

static struct str form_of(struct exchange *x)
{
	size_t len = evbuffer_get_length(x->req->body);

	if (is_get(x))
		return x->target.query;
	return (struct str){len ? (const char *)evbuffer_pullup(x->req->body, -1) : "", len};
}

static void redirect_signed_in(struct exchange *x, const char *set_cookie)
{
	struct sbuf next, fields;

	sbuf_init(&next, FIELD_MAX);
	sbuf_init(&fields, FIELD_MAX);
	return_path(x, form_of(x), &next);
	sbuf_printf(&fields, "Set-Cookie: %s\r\n", set_cookie);
	respond_redirect(x, 303, sbuf_str(&next), fields.at);
	sbuf_clear(&next);
	sbuf_clear(&fields);
}

static void on_sign_in(void *arg, struct sign_in_result result)
{
	struct exchange *x = arg;
	bool by_link = x->req && is_get(x);

	x->who = result.who;
	metrics_count_login(x->worker->metrics, by_link, result.status == AUTH_OK);
	if (x->left)
		exchange_finish(x, FAULT_CLIENT_LEFT);
	else if (result.status == AUTH_OK)
		redirect_signed_in(x, result.set_cookie);
	else if (result.status == AUTH_UNAVAILABLE)
		respond_fault(x, FAULT_STORE_DOWN, NULL);
	else
		serve_login_page(x, form_of(x), 401,
			by_link ? "This link has been used or is too old. Ask for a token instead."
				: "This token is not valid: it may have expired or been revoked.",
			FAULT_INVALID_TOKEN);
	secret_free(result.set_cookie);
}

/* S29 and its twin: another site's page may neither sign a person in nor out. */
static bool is_cross_site(struct exchange *x)
{
	if (guard_origin_of(x->req, x->conf->server.origin) != ORIGIN_OTHER)
		return false;
	respond_fault(x, FAULT_CROSS_ORIGIN, NULL);
	return true;
}

static void sign_in(struct exchange *x, const char *name,
	void (*start)(
		struct auth *, struct str, const struct str *, size_t, sign_in_done *, void *))
{
	struct str cookies[EXCHANGE_COOKIES];
	struct sbuf secret;
	size_t count = exchange_cookies(x, cookies);

	sbuf_init(&secret, TOKEN_FORM_MAX);
	if (form_get(form_of(x), name, &secret)) {
		struct str text = str_trim(sbuf_str(&secret));
		exchange_move(x, EXCHANGE_SIGNING);
		start(x->worker->auth, text, cookies, count, on_sign_in, x);
	} else {
		serve_login_page(x, form_of(x), is_get(x) ? 200 : 400,
			is_get(x) ? NULL : "Enter a token.",
			is_get(x) ? FAULT_NONE : FAULT_BAD_REQUEST);
	}
	if (secret.at)
		explicit_bzero(secret.at, secret.len);
	sbuf_clear(&secret);
}

static void serve_login(struct exchange *x)
{
	if (str_eq(x->req->method, STR("GET")))
		sign_in(x, "link", auth_sign_in_link);
	else if (!is_post(x))
		respond_fault(x, FAULT_METHOD, NULL);
	else if (!is_cross_site(x))
		sign_in(x, "token", auth_sign_in_token);
}

static void on_sign_out(void *arg, struct sign_in_result result)
{
	struct exchange *x = arg;
	struct page_view view = {x->conf->server.base, NULL, x->id};
	struct sbuf page, fields;

	if (x->left || result.status != AUTH_OK) {
		secret_free(result.set_cookie);
		if (x->left)
			exchange_finish(x, FAULT_CLIENT_LEFT);
		else
			respond_fault(x, FAULT_STORE_DOWN, NULL);
		return;
	}
	sbuf_init(&page, PAGE_MAX);
	sbuf_init(&fields, FIELD_MAX);
	sbuf_printf(&fields, "Set-Cookie: %s\r\n", result.set_cookie);
	page_signed_out(&page, &view);
	respond_html(x, 200, &page, fields.at, FAULT_NONE);
	sbuf_clear(&page);
	sbuf_clear(&fields);
	secret_free(result.set_cookie);
}

static void serve_logout(struct exchange *x)
{
	struct str cookies[EXCHANGE_COOKIES];
	struct page_view view = view_of(x);
	struct sbuf page;

	if (is_post(x)) {
		size_t count = exchange_cookies(x, cookies);
		if (is_cross_site(x))
			return;
		exchange_move(x, EXCHANGE_SIGNING);
		auth_sign_out(x->worker->auth, cookies, count, SIGN_OUT_HERE, on_sign_out, x);
		return;
	}
	sbuf_init(&page, PAGE_MAX);
	page_logout(&page, &view);
	respond_html(x, 200, &page, NULL, FAULT_NONE);
	sbuf_clear(&page);
}

static void serve_static(struct exchange *x)
{
	const struct page_static *file = page_static_find(x->route.rest);
	char fields[160];

	if (file == NULL) {
		respond_fault(x, FAULT_NOT_FOUND, NULL);
		return;
	}
	snprintf(fields, sizeof fields, "ETag: %s\r\nCache-Control: public, max-age=600\r\n",
		file->etag);
	if (str_eq(guard_single_field(x->req, "if-none-match"), str_of(file->etag)))
		respond(x, &(struct response){.status = 304, .fields = fields, .cacheable = true},
			FAULT_NONE);
	else
		respond(x,
			&(struct response){200, file->content_type,
				{(const char *)file->bytes, file->len}, fields, true},
			FAULT_NONE);
}

static void serve_jwks(struct exchange *x)
{
	const char *json = auth_service_jwks(x->worker->shared->auth);

	respond(x,
		&(struct response){200, "application/jwk-set+json", str_of(json),
			"Cache-Control: public, max-age=300\r\n", true},
		FAULT_NONE);
}

static void serve_home(struct exchange *x)
{
	struct page_view view = view_of(x);
	struct sbuf page;

	if (x->registry == NULL) {
		respond_fault(x, FAULT_NOT_READY, NULL);
		return;
	}
	sbuf_init(&page, PAGE_MAX);
	page_home(&page, &view, x->registry,
		x->route.kind == ROUTE_CLUSTER ? x->route.cluster : NULL, x->target.query);
	respond_html(x, page.overflow ? 500 : 200, &page, NULL, FAULT_NONE);
	sbuf_clear(&page);
}

static void redirect_with_query(struct exchange *x, const char *path, const char *suffix)
{
	struct sbuf location;

	sbuf_init(&location, FIELD_MAX);
	sbuf_puts(&location, path);
	sbuf_puts(&location, suffix);
	if (x->target.query.at) {
		sbuf_putc(&location, '?');
		sbuf_add_str(&location, x->target.query);
	}
	respond_redirect(x, is_get(x) ? 302 : 308, sbuf_str(&location), NULL);
	sbuf_clear(&location);
}

static void redirect_to_slash(struct exchange *x)
{
	char *path = mem_strndup(x->target.path.at, x->target.path.len);

	redirect_with_query(x, path, "/");
	free(path);
}

void gate_serve(struct exchange *x)
{
	static void (*const serve[])(struct exchange *) = {[ROUTE_SLASH] = redirect_to_slash,
		[ROUTE_HOME] = serve_home,
		[ROUTE_CLUSTER] = serve_home,
		[ROUTE_LOGIN] = serve_login,
		[ROUTE_LOGOUT] = serve_logout,
		[ROUTE_STATIC] = serve_static,
		[ROUTE_JWKS] = serve_jwks};
	bool has_post = x->route.kind == ROUTE_LOGIN || x->route.kind == ROUTE_LOGOUT ||
			x->route.kind == ROUTE_SLASH;

	if (x->route.kind == ROUTE_NONE)
		respond_fault(x, x->registry ? FAULT_NOT_FOUND : FAULT_NOT_READY, NULL);
	else if (!is_get(x) && !has_post)
		respond_fault(x, FAULT_METHOD, NULL);
	else
		serve[x->route.kind](x);
}

static void serve_not_ready(struct exchange *x, const struct app_info *app)
{
	struct page_view view = view_of(x);
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	page_not_ready(&page, &view, app);
	respond_html(x, 503, &page, "Refresh: 3\r\nRetry-After: 3\r\n", FAULT_NOT_READY);
	sbuf_clear(&page);
}

/* The live UI, else history, else a page that waits for it (design "URL space"). */
void gate_serve_app(struct exchange *x)
{
	const struct cluster_info *cluster = x->route.cluster;
	struct sbuf form, name, path;

	sbuf_init(&form, FIELD_MAX);
	sbuf_init(&name, FIELD_MAX);
	sbuf_init(&path, FIELD_MAX);
	sbuf_puts(&form, "id=");
	sbuf_add_str(&form, x->route.name);
	bool decoded = form_get(sbuf_str(&form), "id", &name);
	const struct app_info *app =
		decoded ? registry_app(x->registry, str_of(cluster->name), sbuf_str(&name)) : NULL;
	if (app == NULL) {
		respond_fault(x, FAULT_NOT_FOUND, "No application of this id or name is known.");
	} else if (app->running && app->mount && app->mount->state == MOUNT_UP) {
		redirect_with_query(x, app->mount->path, "/");
	} else if (app->in_history && cluster->history) {
		sbuf_printf(&path, "%s/history/%s/", cluster->history->path, app->id);
		redirect_with_query(x, path.at, "");
	} else {
		serve_not_ready(x, app);
	}
	sbuf_clear(&form);
	sbuf_clear(&name);
	sbuf_clear(&path);
}

void gate_serve_gone(struct exchange *x)
{
	static const struct {
		int status;
		enum fault fault;
	} answers[] = {[MOUNT_UP] = {502, FAULT_UPSTREAM_CONNECT},
		[MOUNT_UNVERIFIED] = {503, FAULT_NOT_READY},
		[MOUNT_REFUSED] = {403, FAULT_NEVER},
		[MOUNT_GONE] = {404, FAULT_GONE}};
	const struct mount *mount = x->route.mount;
	struct page_view view = view_of(x);
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	if (respond_is_navigation(x)) {
		page_gone(&page, &view, x->registry, mount);
		respond_html(x, answers[mount->state].status, &page,
			mount->state == MOUNT_UNVERIFIED ? "Refresh: 3\r\nRetry-After: 3\r\n"
							 : NULL,
			answers[mount->state].fault);
	} else {
		respond_fault(x, answers[mount->state].fault, mount->why[0] ? mount->why : NULL);
	}
	sbuf_clear(&page);
}
