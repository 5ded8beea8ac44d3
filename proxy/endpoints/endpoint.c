#include "proxy/endpoints/endpoint.h"

#include "proxy/http/form.h"
#include "proxy/request/respond.h"
#include "proxy/web/web_sign.h"
#include "proxy/web/web_whoami.h"

#include <stdlib.h>

/* --- below _gate/ --- */

static void endpoint_jwks(struct web_call *call)
{
	const char *json = auth_service_jwks(exchange_of(call)->thread->shared->auth);

	web_reply(call,
		&(struct web_reply){200, "application/jwk-set+json", str_of(json),
			"Cache-Control: public, max-age=300\r\n", WEB_KEPT},
		FAULT_NONE);
}

static const struct web_row rows[] = {
	/* HEAD would begin a sign-in, or use an answer of the provider up. */
	{"GET", "/_gate/login", WEB_WHOEVER, endpoint_login_page, WEB_NOTHING},
	{"POST", "/_gate/login", WEB_ANYBODY, endpoint_login, WEB_FORM},
	{"GET", "/_gate/callback", WEB_WHOEVER, web_finish_at_provider, WEB_NOTHING},
	{"GET", "/_gate/callback/{provider}", WEB_WHOEVER, web_finish_at_provider, WEB_NOTHING},
	{"GET, HEAD", "/_gate/logout", WEB_WHOEVER, web_logout_page, WEB_NOTHING},
	{"POST", "/_gate/logout", WEB_ANYBODY, endpoint_logout, WEB_ANY_FORM},
	{"GET, HEAD", "/_gate/static/{file}", WEB_ANYBODY, web_static, WEB_NOTHING},
	{"GET, HEAD", "/_gate/jwks.json", WEB_ANYBODY, endpoint_jwks, WEB_NOTHING},
	{"GET, HEAD", "/_gate/hand-over", WEB_WHOEVER, endpoint_hand_over, WEB_NOTHING},
	{"GET, HEAD", "/_gate/enter", WEB_ANYBODY, endpoint_enter, WEB_NOTHING},
	{"POST", "/_gate/oauth/token", WEB_ANYBODY, endpoint_oauth_token, WEB_ANY_FORM},
	{"POST", "/_gate/oauth/revoke", WEB_ANYBODY, endpoint_oauth_revoke, WEB_ANY_FORM},
	{"POST", "/_gate/oauth/introspect", WEB_BEARER, endpoint_oauth_introspect, WEB_ANY_FORM},
	{"POST", "/_gate/oauth/device", WEB_ANYBODY, endpoint_oauth_device, WEB_ANY_FORM},
	{"GET, HEAD", "/_gate/oauth/device", WEB_ANYBODY, endpoint_oauth_lead, WEB_NOTHING},
	{"GET, HEAD", "/_gate/oauth/metadata", WEB_ANYBODY, endpoint_oauth_metadata, WEB_NOTHING},
	{"GET, HEAD", "/_gate/client/", WEB_ANYBODY, endpoint_client_index, WEB_NOTHING},
	{"GET, HEAD", "/_gate/client/{file}", WEB_ANYBODY, endpoint_client_file, WEB_NOTHING},
	{"GET, HEAD", "/whoami", WEB_KNOWN, web_whoami, WEB_NOTHING},
};

const struct web_site endpoint_site = {
	.id = AUTH_SITE_PUBLIC,
	.takes_cookies = true,
	.takes_bearer = true,
	.form_max = 32 * 1024, /* the largest has a logout token */
	.rows = rows,
	.rows_count = ARRAY_LEN(rows),
	.add_fields = public_add_fields,
	.view = public_view,
	.registry = public_registry,
	.return_path = public_return_path,
	.enter = public_enter,
	.signed_out = "Your session in this browser has ended.",
	.count_login = public_count_login,
	.on_wait = public_on_wait,
	.on_answer = public_on_answer,
	.on_end = public_on_end,
	.on_fault = public_on_fault,
};

/* --- clusters and applications: whose paths the registry knows --- */

/* Its resource is not there any more. */
static void serve_deleted(struct exchange *x)
{
	x->route.mount = x->route.cluster->master;
	respond_gone(x);
}

static void serve_home(struct exchange *x)
{
	struct page_view view = public_view(&x->web);
	struct sbuf page;

	if (x->registry == NULL) {
		web_fault(&x->web, FAULT_NOT_READY, NULL);
		return;
	}
	sbuf_init(&page, PAGE_MAX);
	page_home(&page, &view, x->registry,
		x->route.kind == ROUTE_CLUSTER ? x->route.cluster : NULL, x->web.target.query);
	web_html(&x->web, page.overflow ? 500 : 200, &page, NULL, FAULT_NONE);
	sbuf_clear(&page);
}

void endpoint_redirect(struct exchange *x, const char *path, const char *suffix)
{
	struct sbuf location;

	sbuf_init(&location, strlen(path) + strlen(suffix) + x->web.target.query.len + 1);
	sbuf_puts(&location, path);
	sbuf_puts(&location, suffix);
	if (x->web.target.query.at) {
		sbuf_putc(&location, '?');
		sbuf_add_str(&location, x->web.target.query);
	}
	web_redirect(&x->web, web_is_get(&x->web) ? 302 : 308, sbuf_str(&location), NULL);
	sbuf_clear(&location);
}

static void redirect_to_slash(struct exchange *x)
{
	char *path = mem_strndup(x->web.target.path.at, x->web.target.path.len);

	endpoint_redirect(x, path, "/");
	free(path);
}

void endpoint_serve(struct exchange *x)
{
	bool is_get = web_is_get(&x->web);

	if (route_is_public(&x->route))
		web_serve(&x->web);
	else if (x->route.kind == ROUTE_NONE)
		web_fault(&x->web, x->registry ? FAULT_NOT_FOUND : FAULT_NOT_READY, NULL);
	else if (x->route.kind == ROUTE_SLASH)
		redirect_to_slash(x);
	else if (is_get && x->route.kind == ROUTE_CLUSTER && x->route.cluster->deleted_ms)
		serve_deleted(x);
	else if (is_get)
		serve_home(x);
	else
		web_fault(&x->web, FAULT_METHOD, NULL);
}
