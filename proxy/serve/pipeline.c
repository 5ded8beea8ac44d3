/* The way of a request, to be read top to bottom; each step goes on to the next or answers. */
#include "proxy/serve/pipeline.h"

#include "base/log/log.h"
#include "proxy/endpoints/endpoint.h"
#include "proxy/guard/client_address.h"
#include "proxy/guard/ext_auth.h"
#include "proxy/guard/guard.h"
#include "proxy/guard/websocket.h"
#include "proxy/relay/history_word.h"
#include "proxy/relay/relay.h"
#include "proxy/relay/static_wait.h"
#include "proxy/relay/tunnel.h"
#include "proxy/request/access_log.h"
#include "proxy/request/exchange_audit.h"

#include <stdio.h>

static struct exchange *begin_exchange(struct server_thread *thread, struct front_request *req);
static enum fault check_request(struct exchange *x, struct err *err);
static void find_route(struct exchange *x);
static void ask_who(struct exchange *x);
static void pipeline_on_identity(struct web_call *call);
static void decide(struct exchange *x);
static void judge(struct exchange *x);
static void act(struct exchange *x, enum fault fault);
static void serve_route(struct exchange *x);
static void send_to_ui(struct exchange *x);

void pipeline_begin(void *arg, struct front_request *req)
{
	struct exchange *x = begin_exchange(arg, req);
	struct err err = {""};
	enum fault fault = check_request(x, &err);

	if (fault == FAULT_NONE) {
		find_route(x);
		ask_who(x);
		return;
	}
	if (x->ext == NULL) /* what an ingress was asked does not spoil its connection */
		front_close_after(req);
	web_fault(&x->web, fault, err.text[0] ? err.text : NULL);
}

/* --- begin: what the front tells of it from now on --- */

static void pipeline_on_drained(void *arg)
{
	struct exchange *x = arg;

	if (x->state == EXCHANGE_RELAYING)
		relay_on_drained(x);
	else if (x->pods)
		endpoint_pods_go_on(x);
}

static void pipeline_on_closed(void *arg)
{
	struct exchange *x = arg;

	if (!exchange_leave(x))
		return; /* the callback still holds us; it will finish */
	relay_stop(x);
	exchange_finish(x, FAULT_CLIENT_LEFT);
}

static void pipeline_on_bytes(void *arg, struct evbuffer *bytes)
{
	tunnel_on_bytes(arg, bytes);
}

static void pipeline_on_held(void *arg)
{
	struct exchange *x = arg;

	x->web.then(&x->web);
}

static void pipeline_on_piece(void *arg, struct evbuffer *bytes, bool is_last)
{
	struct exchange *x = arg;

	if (x->web.work)
		x->web.work->on_piece(x->web.work_arg, bytes, is_last);
	else if (x->state == EXCHANGE_COLLECTING)
		content_gather(x, bytes, is_last);
	else
		relay_on_piece(x, bytes, is_last);
}

static void pipeline_on_content_fault(void *arg, enum fault fault)
{
	struct exchange *x = arg;

	if (x->web.work)
		x->web.work->on_content_fault(x->web.work_arg, fault);
	else
		relay_on_content_fault(x, fault);
}

static void forget_relay(struct exchange *x)
{
	relay_forget(x);
	static_files_fill_free(x->fill);
	static_wait_free(x->wait);
	endpoint_kill_free(x->kill);
	endpoint_permalink_free(x->permalink);
	history_word_free(x->word);
	endpoint_pods_free(x->pods);
}

static struct exchange *begin_exchange(struct server_thread *thread, struct front_request *req)
{
	static const struct front_handler handler = {pipeline_on_drained, pipeline_on_closed,
		pipeline_on_bytes, pipeline_on_held, pipeline_on_piece, pipeline_on_content_fault};
	struct exchange *x = exchange_new(thread, req, &endpoint_site, forget_relay);

	front_set_handler(req, &handler, x);
	return x;
}

/* --- guard: is it for us, and does it read one way? --- */

/* What an ingress asks about takes the place of what it asks with, if it may be believed (S8). */
static enum fault open_ext_auth(struct exchange *x, struct err *err)
{
	const char *base = x->web.conf->server.base;
	enum ext_auth_kind kind = ext_auth_kind_of(base, x->web.req->target);

	if (kind == EXT_AUTH_NONE)
		return FAULT_NONE;
	x->ext = ext_auth_new(kind, x->web.req);
	x->web.asked = &x->ext->asked;
	if (client_address_is_trusted(x->web.conf, x->web.req))
		return ext_auth_read(x->ext, base, x->web.conf->server.public_url.tls, err);
	log_warn("ext_auth", "an ingress at %s asks, and server.trusted_proxies does not name it",
		x->web.req->peer_text);
	return FAULT_NOT_TRUSTED;
}

static enum fault check_request(struct exchange *x, struct err *err)
{
	enum fault fault = open_ext_auth(x, err);

	if (fault == FAULT_NONE)
		fault = guard_check(&x->web.conf->server, x->thread->shared->port, x->web.asked,
			&x->web.app_label, &x->web.target, err);
	/* RFC 9113 §9.1.2: a browser brings here what is for another host of the certificate. */
	return fault == FAULT_BAD_HOST && x->web.asked->http_2 ? FAULT_MISDIRECTED : fault;
}

/* --- route: what does it name? --- */

/* Only what the registry knows has a host name (S5, S6). */
static void find_app(struct exchange *x)
{
	app_origin_write(&x->web.conf->server, x->web.app_label, x->app_origin);
	x->web.origin = x->app_origin;
	x->home = mem_printf("%s%s", x->web.conf->server.origin, x->web.conf->server.base);
	x->app = x->registry ? registry_label(x->registry, x->web.app_label) : NULL;
}

static struct route match(const struct exchange *x, struct str path)
{
	const char *base = x->web.conf->server.base;

	return x->web.app_label.at ? route_match_app(x->registry, base, path, x->app)
				   : route_match(x->registry, base, path);
}

/* What a page's script asks of the root as if its own UI stood there, as tabs of plugins do, is
 * that UI's (S93). It is judged as if it had been asked below the mount. */
static void find_route_by_page(struct exchange *x)
{
	struct str referer;
	struct target page;

	if (x->ext || x->route.kind != ROUTE_NONE || !web_is_get(&x->web) ||
		!str_starts(x->web.target.path, STR("/api/v1/")))
		return;
	referer = guard_referer_here(x->web.req, x->web.origin);
	if (referer.at == NULL || target_parse(referer, &page, NULL) == -1)
		return;
	struct route route = match(x, page.path);
	if (route.kind != ROUTE_MOUNT ||
		(route.mount->kind != UI_DRIVER && route.mount->kind != UI_HISTORY))
		return;
	x->route = route;
	x->route.rest = x->web.target.path;
	x->is_by_page = true;
}

static void find_route(struct exchange *x)
{
	const char *base = x->web.conf->server.base;

	if (x->web.app_label.at)
		find_app(x);
	x->route = match(x, x->web.target.path);
	find_route_by_page(x);
	if (x->ext == NULL && x->web.app_label.at == NULL && x->route.kind == ROUTE_NONE &&
		endpoint_api_has(&x->web)) {
		x->web.site = &endpoint_api_site;
		x->route = (struct route){.kind = ROUTE_API};
	}
	if (x->ext && !x->web.app_label.at &&
		route_is_outside(x->registry, base, x->web.target.path))
		x->route = (struct route){.kind = ROUTE_OUTSIDE};
}

/* --- who: of the paths that are served to anybody nobody asks --- */

/* At an application's host there is nothing else. Of one that nobody knows, too, it is asked first
 * who wants to know: a host tells a stranger nothing of what is there (S44). */
static bool is_nothing_at_app(const struct exchange *x)
{
	return x->web.app_label.at && x->route.kind == ROUTE_NONE &&
	       (x->app || x->registry == NULL ||
		       !app_origin_is_of(
			       x->web.app_label, x->web.conf->server.base, x->web.target.path));
}

static void ask_who(struct exchange *x)
{
	bool is_ours = route_is_public(&x->route) || is_nothing_at_app(x);

	if (x->ext && x->registry == NULL) /* a path may be a UI's that is not known yet */
		web_fault(&x->web, FAULT_NOT_READY, NULL);
	else if (x->ext && is_ours)
		web_fault(&x->web, FAULT_NOT_FOUND, endpoint_ext_auth_not_found);
	else if (is_ours)
		endpoint_serve(x);
	else
		web_identify(&x->web, pipeline_on_identity);
}

static void pipeline_on_identity(struct web_call *call)
{
	struct exchange *x = exchange_of(call);

	if (call->auth_status == AUTH_OK || call->auth_status == AUTH_ABSENT) {
		decide(x);
	} else {
		access_log_decision(x, web_fault_of(call->auth_status));
		web_fault_auth(call);
	}
}

/* --- decide: may they? --- */

/* S0: Spark has no service workers, and one of an attacker's would outlive its application. */
static bool is_service_worker(const struct exchange *x)
{
	return x->route.mount->kind != UI_OTHER &&
	       guard_has_field(x->web.req, FIELD_SERVICE_WORKER);
}

static void fail_saying_why(struct exchange *x, enum fault fault)
{
	char detail[128];

	if (fault == FAULT_SCOPE)
		snprintf(detail, sizeof detail, "%s lacks the scope \"%s\".",
			x->web.who->via == VIA_SESSION && x->web.who->token_id[0] == '\0'
				? "Your role"
				: "The token",
			action_name(x->web.lacks));
	else
		snprintf(detail, sizeof detail, "The action is \"%s\"; your role is \"%s\".",
			action_name(x->action), x->web.who ? role_name(x->web.who->role) : "none");
	/* Another site's page is refused before anybody looks what is there (S44). */
	bool tells = x->web.who && fault != FAULT_NO_ROLE && fault != FAULT_CROSS_ORIGIN;
	web_fault(&x->web, fault, tells ? detail : NULL);
}

static void decide(struct exchange *x)
{
	bool is_mount = x->route.kind == ROUTE_MOUNT;

	exchange_find_action(x);
	exchange_audit_begin(x);
	/* Spark has none: a tunnel's bytes would go past every row of the policy. */
	x->is_websocket = is_mount && x->ext == NULL && x->route.mount->kind == UI_OTHER &&
			  websocket_is_asked(x->web.req);
	judge(x);
}

/* Whose it is may change that. */
static bool is_of_rights(enum fault fault)
{
	return fault == FAULT_NOT_FOUND || fault == FAULT_FORBIDDEN || fault == FAULT_SCOPE;
}

static void judge(struct exchange *x)
{
	enum fault fault = exchange_judge(x);

	if (is_of_rights(fault) && history_word_ask(x, judge))
		return;
	access_log_decision(x, x->is_hidden ? FAULT_SCOPE : fault);
	act(x, fault);
}

static void act(struct exchange *x, enum fault fault)
{
	bool is_mount = x->route.kind == ROUTE_MOUNT;

	if (fault == FAULT_NOT_FOUND || fault == FAULT_NOT_READY)
		web_fault(&x->web, fault, x->ext ? endpoint_ext_auth_not_found : NULL);
	else if (fault != FAULT_NONE)
		fail_saying_why(x, fault);
	else if (is_mount && is_service_worker(x))
		web_fault(&x->web, FAULT_NEVER, "Spark's pages have no service workers.");
	else
		serve_route(x);
}

/* --- serve --- */

/* A browser's session must not run an application's scripts where it is worth more than that
 * application. A token does not come by itself, so no script can be run with it. */
static bool belongs_elsewhere(const struct exchange *x)
{
	const struct mount *mount = x->route.mount;

	if (x->app || x->web.conf->server.apps.host[0] == '\0' || x->web.who->via != VIA_SESSION)
		return false;
	/* A master with spark.ui.reverseProxy has all of them below its own /proxy/ (T3). */
	return mount->label[0] ||
	       (mount->kind == UI_MASTER && policy_is_below(x->route.rest, "proxy"));
}

/* What an ingress forwards goes by the same rules, though not through here. */
static void serve_ingress(struct exchange *x)
{
	if (x->route.kind == ROUTE_MOUNT && belongs_elsewhere(x))
		web_fault(&x->web, FAULT_ELSEWHERE, NULL);
	else
		endpoint_ext_auth_serve(x);
}

static void serve_route(struct exchange *x)
{
	if (x->ext)
		serve_ingress(x);
	else if (x->route.kind == ROUTE_APP)
		endpoint_serve_app(x);
	else if (x->route.kind == ROUTE_APP_KILL)
		endpoint_serve_kill(x);
	else if (x->route.kind == ROUTE_APP_LOGS || x->route.kind == ROUTE_APP_EVENTS)
		endpoint_serve_pods(x);
	else if (x->route.kind != ROUTE_MOUNT)
		endpoint_serve(x);
	else if (x->route.mount->state != MOUNT_UP)
		respond_gone(x);
	else if (endpoint_is_live_log(x))
		endpoint_serve_live_log(x);
	else if (belongs_elsewhere(x))
		endpoint_serve_app_host(x);
	else
		content_take(x, send_to_ui);
}

static void send_to_ui(struct exchange *x)
{
	if (x->is_websocket || !static_files_serve(x))
		relay_ask(x);
}

/* --- what the reader ended --- */

void pipeline_refused(void *arg, const char *peer, enum fault fault)
{
	struct server_thread *thread = arg;
	const struct fault_row *row = fault_row(fault);
	struct metrics_request counted = {
		.status = row->status, .method = STR("-"), .upstream = UI_GATE, .upstream_us = -1};
	const struct log_field fields[] = {{"client", str_of(peer), false},
		{"decision", STR("refuse"), false}, {"reason", str_of(row->word), false}};

	metrics_count_request(thread->metrics, &counted);
	log_fields(LOG_INFO, "access", "refused", fields, ARRAY_LEN(fields));
}
