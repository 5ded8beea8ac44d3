#include "proxy/endpoints/endpoint.h"

#include "proxy/http/form.h"
#include "proxy/guard/guard.h"
#include "proxy/registry/scope_check.h"
#include "proxy/pages/page_fault.h"

#include <stdio.h>
#include <stdlib.h>

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
	if (str_eq(guard_single_field(x->req, FIELD_IF_NONE_MATCH), str_of(file->etag)))
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
	const char *json = auth_service_jwks(x->thread->shared->auth);

	respond(x,
		&(struct response){200, "application/jwk-set+json", str_of(json),
			"Cache-Control: public, max-age=300\r\n", true},
		FAULT_NONE);
}

static void serve_home(struct exchange *x)
{
	struct page_view view = respond_view(x);
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

	sbuf_init(&location, RESPOND_FIELD_MAX);
	sbuf_puts(&location, path);
	sbuf_puts(&location, suffix);
	if (x->target.query.at) {
		sbuf_putc(&location, '?');
		sbuf_add_str(&location, x->target.query);
	}
	respond_redirect(x, endpoint_is_get(x) ? 302 : 308, sbuf_str(&location), NULL);
	sbuf_clear(&location);
}

static void redirect_to_slash(struct exchange *x)
{
	char *path = mem_strndup(x->target.path.at, x->target.path.len);

	redirect_with_query(x, path, "/");
	free(path);
}

/* Whoever asks for an introspection says first who they are. */
static bool has_form(enum route_kind kind)
{
	return kind == ROUTE_LOGIN || kind == ROUTE_LOGOUT || kind == ROUTE_OAUTH_TOKEN ||
	       kind == ROUTE_OAUTH_REVOKE;
}

void endpoint_serve(struct exchange *x)
{
	static void (*const serve[])(struct exchange *) = {[ROUTE_SLASH] = redirect_to_slash,
		[ROUTE_HOME] = serve_home,
		[ROUTE_CLUSTER] = serve_home,
		[ROUTE_LOGIN] = endpoint_serve_login,
		[ROUTE_CALLBACK] = endpoint_serve_callback,
		[ROUTE_LOGOUT] = endpoint_serve_logout,
		[ROUTE_STATIC] = serve_static,
		[ROUTE_JWKS] = serve_jwks,
		[ROUTE_HAND_OVER] = endpoint_serve_hand_over,
		[ROUTE_ENTER] = endpoint_serve_enter,
		[ROUTE_OAUTH_TOKEN] = endpoint_serve_oauth,
		[ROUTE_OAUTH_REVOKE] = endpoint_serve_oauth,
		[ROUTE_OAUTH_INTROSPECT] = endpoint_serve_oauth};
	bool has_post = x->route.kind == ROUTE_LOGIN || x->route.kind == ROUTE_LOGOUT ||
			x->route.kind == ROUTE_SLASH || x->route.kind >= ROUTE_OAUTH_TOKEN;

	if (x->route.kind == ROUTE_NONE)
		respond_fault(x, x->registry ? FAULT_NOT_FOUND : FAULT_NOT_READY, NULL);
	else if (!endpoint_is_get(x) && !has_post)
		respond_fault(x, FAULT_METHOD, NULL);
	else if (has_form(x->route.kind) && endpoint_is_post(x))
		content_hold(x, GATE_FORM_MAX, x->thread->shared->strangers, serve[x->route.kind]);
	else
		serve[x->route.kind](x);
}

static void serve_not_ready(struct exchange *x, const struct app_info *app)
{
	struct page_view view = respond_view(x);
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	page_not_ready(&page, &view, app);
	respond_html(x, 503, &page, "Refresh: 3\r\nRetry-After: 3\r\n", FAULT_NOT_READY);
	sbuf_clear(&page);
}

/* The live UI, else history, else a page that waits for it (design "URL space"). */
void endpoint_serve_app(struct exchange *x)
{
	const struct cluster_info *cluster = x->route.cluster;
	struct sbuf form, name, path;

	sbuf_init(&form, RESPOND_FIELD_MAX);
	sbuf_init(&name, RESPOND_FIELD_MAX);
	sbuf_init(&path, RESPOND_FIELD_MAX);
	sbuf_puts(&form, "id=");
	sbuf_add_str(&form, x->route.name);
	bool decoded = form_get(sbuf_str(&form), "id", &name);
	const struct app_info *app =
		decoded ? scope_check_app(x->who->scope, x->registry, cluster, sbuf_str(&name))
			: NULL;
	if (app == NULL) { /* below /proxy/ it answers as an id does that nobody knows (S44) */
		x->is_hidden = decoded &&
			       registry_app(x->registry, str_of(cluster->name), sbuf_str(&name));
		respond_fault(x, FAULT_NOT_FOUND,
			x->route.rest.at ? NULL : "No application of this id or name is known.");
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
