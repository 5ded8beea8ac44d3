/* One request from its head to its access line: guarded, routed, identified, decided, served. */
#include "proxy/request/exchange_int.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "base/block.h"
#include "proxy/request/access_log.h"
#include "proxy/guard/client_address.h"
#include "proxy/guard/ext_auth.h"
#include "proxy/endpoints/endpoint.h"
#include "proxy/guard/guard.h"
#include "proxy/registry/scope_check.h"
#include "proxy/relay/tunnel.h"
#include "proxy/guard/websocket.h"

#include <assert.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

enum { CREDENTIAL_FIELDS = EXCHANGE_COOKIES };

void exchange_move(struct exchange *x, enum exchange_state state)
{
	/* Forward only; each later state may be entered from any earlier one but DONE. */
	assert(x->state < state && x->state != EXCHANGE_DONE);
	x->state = state;
}

static void on_drained(void *arg)
{
	struct exchange *x = arg;

	if (x->state == EXCHANGE_RELAYING)
		relay_on_drained(x);
}

static void on_closed(void *arg)
{
	struct exchange *x = arg;

	access_log_keep(x); /* the request's bytes are about to go */
	x->req = NULL;
	x->left = true;
	if (x->state == EXCHANGE_AUTHENTICATING || x->state == EXCHANGE_SIGNING)
		return; /* the callback still holds us; it will finish */
	relay_stop(x);
	exchange_finish(x, FAULT_CLIENT_LEFT);
}

static void on_bytes(void *arg, struct evbuffer *bytes)
{
	tunnel_on_bytes(arg, bytes);
}

static void on_held(void *arg)
{
	struct exchange *x = arg;

	x->on_held(x);
}

static void on_piece(void *arg, struct evbuffer *bytes, bool is_last)
{
	content_on_piece(arg, bytes, is_last);
}

static void on_content_fault(void *arg, enum fault fault)
{
	content_on_fault(arg, fault);
}

static const struct front_handler handler = {
	on_drained, on_closed, on_bytes, on_held, on_piece, on_content_fault};

static void write_id(uint64_t id, char out[static 17])
{
	char digits[STR_U64];
	struct str hex = str_of_u64(id, 16, digits);

	memset(out, '0', 16);
	memcpy(out + 16 - hex.len, hex.at, hex.len);
	out[16] = '\0';
}

static struct exchange *exchange_new(struct server_thread *thread, struct front_request *req)
{
	struct exchange *x = block_alloc(sizeof *x);

	x->thread = thread;
	x->req = req;
	x->asked = req;
	x->began_us = clock_mono_us();
	write_id(thread->next_id++, x->id);
	x->registry_hold = share_get(thread->registry);
	x->conf_hold = share_get(thread->conf);
	x->registry = x->registry_hold ? x->registry_hold->value : NULL;
	x->conf = x->conf_hold->value;
	x->origin = x->conf->server.origin;
	thread->exchanges++;
	front_set_handler(req, &handler, x);
	return x;
}

static void exchange_free(struct exchange *x)
{
	tunnel_forget(x->tunnel);
	identity_unref(x->who);
	rewriter_free(x->rewriter);
	content_coding_free(x->inflate);
	content_coding_free(x->deflate);
	if (x->packed)
		evbuffer_free(x->packed);
	if (x->gathered)
		evbuffer_free(x->gathered);
	static_files_fill_free(x->fill);
	share_drop(x->registry_hold);
	share_drop(x->conf_hold);
	ext_auth_free(x->ext);
	access_log_forget(x);
	exchange_audit_free(x);
	free(x->home);
	block_free(x);
}

void exchange_finish(struct exchange *x, enum fault fault)
{
	exchange_move(x, EXCHANGE_DONE);
	x->fault = fault;
	access_log_write(x);
	x->thread->exchanges--;
	exchange_free(x);
}

void exchange_fail(struct exchange *x, enum fault fault, const char *detail)
{
	respond_fault(x, fault, detail);
}

static enum fault fault_of(enum verdict verdict)
{
	static const enum fault faults[] = {[ALLOW] = FAULT_NONE,
		[DENY_SIGN_IN] = FAULT_UNAUTHENTICATED,
		[DENY_NO_ROLE] = FAULT_NO_ROLE,
		[DENY_ROLE] = FAULT_FORBIDDEN,
		[DENY_CROSS_ORIGIN] = FAULT_CROSS_ORIGIN,
		[DENY_NEVER] = FAULT_NEVER};

	return faults[verdict];
}

/* A browser's session must not run an application's scripts where it is worth more than that
 * application. A token does not come by itself, so no script can be run with it. */
static bool belongs_elsewhere(const struct exchange *x)
{
	const struct mount *mount = x->route.mount;

	if (x->app || x->conf->server.apps.host[0] == '\0' || x->who->via != VIA_SESSION)
		return false;
	/* A master with spark.ui.reverseProxy has all of them below its own /proxy/ (T3). */
	return mount->label[0] ||
	       (mount->kind == UI_MASTER && policy_is_below(x->route.rest, "proxy"));
}

/* S0: Spark has no service workers, and one of an attacker's would outlive its application. */
static bool is_service_worker(const struct exchange *x)
{
	return x->route.mount->kind != UI_OTHER && guard_has_field(x->req, FIELD_SERVICE_WORKER);
}

/* What an ingress forwards goes by the same rules, though not through here. */
static void serve_ingress(struct exchange *x)
{
	if (x->route.kind == ROUTE_MOUNT && belongs_elsewhere(x))
		respond_fault(x, FAULT_ELSEWHERE, NULL);
	else
		endpoint_ext_auth_serve(x);
}

static void serve(struct exchange *x)
{
	if (x->ext)
		serve_ingress(x);
	else if (x->route.kind == ROUTE_APP)
		endpoint_serve_app(x);
	else if (x->route.kind != ROUTE_MOUNT)
		endpoint_serve(x);
	else if (x->route.mount->state != MOUNT_UP)
		endpoint_serve_gone(x);
	else if (belongs_elsewhere(x))
		endpoint_serve_app_host(x);
	else
		content_relay(x);
}

/* Where applications have origins of their own, these are not to reach into each other's, nor into
 * ours, with what the browser adds by itself. */
static bool is_reaching_over(const struct exchange *x)
{
	return x->conf->server.apps.host[0] && x->who->via == VIA_SESSION &&
	       guard_is_foreign(x->asked);
}

/* S45: a browser adds the session to whatever a page of anybody's sends. */
static bool is_sent_from_elsewhere(const struct exchange *x)
{
	return x->who->via == VIA_SESSION && !guard_is_safe(x->asked) &&
	       guard_origin_of(x->asked, x->origin) != ORIGIN_SAME;
}

static bool is_own_websocket(const struct exchange *x)
{
	bool secure = str_starts(str_of(x->origin), STR("https:"));

	/* S11: a page of anybody's may open one, and the browser adds the cookie. */
	return websocket_is_from_us(
		x->req, secure ? STR("https://") : STR("http://"), x->who->via == VIA_BEARER);
}

static void fail_saying_why(struct exchange *x, enum fault fault)
{
	char detail[128];

	if (fault == FAULT_SCOPE)
		snprintf(detail, sizeof detail, "%s lacks the scope \"%s\".",
			x->who->via == VIA_SESSION && x->who->token_id[0] == '\0' ? "Your role"
										  : "The token",
			action_name(x->lacks));
	else
		snprintf(detail, sizeof detail, "The action is \"%s\"; your role is \"%s\".",
			action_name(x->action), x->who ? role_name(x->who->role) : "none");
	/* Another site's page is refused before anybody looks what is there (S44). */
	bool tells = x->who && fault != FAULT_NO_ROLE && fault != FAULT_CROSS_ORIGIN;
	exchange_fail(x, fault, tells ? detail : NULL);
}

static void find_action(struct exchange *x)
{
	x->action = ACTION_VIEW;
	x->actions = 1u << ACTION_VIEW;
	/* Outside it may be a Spark UI: what a path names, any method may do (T42). What none names
	 * is left to the UI, as with those of `uis`. */
	if (x->route.kind == ROUTE_MOUNT)
		x->action = policy_actions(
			x->route.mount->kind, x->asked->method, x->route.rest, &x->actions);
	else if (x->route.kind == ROUTE_OUTSIDE)
		x->action = policy_actions(UI_MASTER, STR("GET"), x->target.path, &x->actions);
}

/* S44: what may not be seen is not there, before it matters what would be done to it. */
static bool is_there(struct exchange *x)
{
	x->is_hidden = !scope_check_shows(x->who->scope, x->registry, &x->route);
	return x->route.kind != ROUTE_NONE && !x->is_hidden;
}

enum fault exchange_judge(struct exchange *x)
{
	struct policy_request question = {.action = x->action,
		.all = x->actions,
		.who = x->who,
		.same_origin = guard_origin_of(x->asked, x->origin) == ORIGIN_SAME};
	enum fault fault = fault_of(policy_decide(&question));

	if (fault == FAULT_UNAUTHENTICATED || fault == FAULT_NO_ROLE)
		return fault;
	if (is_sent_from_elsewhere(x) || is_reaching_over(x))
		return FAULT_CROSS_ORIGIN;
	if (!is_there(x))
		return x->registry ? FAULT_NOT_FOUND : FAULT_NOT_READY;
	if (fault == FAULT_NONE && !scope_allows(x->who->scope, x->actions, &x->lacks))
		fault = FAULT_SCOPE;
	if (fault == FAULT_NONE && x->is_websocket && !is_own_websocket(x))
		fault = FAULT_CROSS_ORIGIN;
	return fault;
}

static void decide(struct exchange *x)
{
	bool is_mount = x->route.kind == ROUTE_MOUNT;

	find_action(x);
	exchange_audit_begin(x);
	/* Spark has none: a tunnel's bytes would go past every row of the policy. */
	x->is_websocket = is_mount && x->ext == NULL && x->route.mount->kind == UI_OTHER &&
			  websocket_is_asked(x->req);
	enum fault fault = exchange_judge(x);
	access_log_decision(x, x->is_hidden ? FAULT_SCOPE : fault);
	if (fault == FAULT_NOT_FOUND || fault == FAULT_NOT_READY)
		exchange_fail(x, fault, x->ext ? endpoint_ext_auth_not_found : NULL);
	else if (fault != FAULT_NONE)
		fail_saying_why(x, fault);
	else if (is_mount && is_service_worker(x))
		exchange_fail(x, FAULT_NEVER, "Spark's pages have no service workers.");
	else
		serve(x);
}

static void decide_or_fail(struct exchange *x, enum auth_status status)
{
	static const enum fault faults[] = {[AUTH_INVALID_TOKEN] = FAULT_INVALID_TOKEN,
		[AUTH_MALFORMED] = FAULT_TWO_CREDENTIALS,
		[AUTH_UNAVAILABLE] = FAULT_STORE_DOWN};

	if (status == AUTH_OK || status == AUTH_ABSENT) {
		decide(x);
	} else {
		access_log_decision(x, faults[status]);
		exchange_fail(x, faults[status], NULL);
	}
}

static void on_auth(void *arg, struct auth_result result)
{
	struct exchange *x = arg;

	x->who = result.who;
	x->auth_reason = result.reason;
	if (x->left)
		exchange_finish(x, FAULT_CLIENT_LEFT);
	else
		x->on_who(x, result.status);
}

static size_t collect(const struct front_request *req, enum field id, struct str *out)
{
	size_t n = 0;

	for (size_t i = 0; i < req->fields_count && n < CREDENTIAL_FIELDS; i++) {
		if (req->fields[i].kind.id == id)
			out[n++] = req->fields[i].value;
	}
	return n;
}

size_t exchange_cookies(const struct exchange *x, struct str *out)
{
	return collect(x->req, FIELD_COOKIE, out);
}

struct auth_result exchange_ask_auth(struct exchange *x, bool is_quiet, auth_done *done, void *arg)
{
	struct str authorization[CREDENTIAL_FIELDS], cookies[CREDENTIAL_FIELDS];
	struct auth_request req = {.app = x->app_label,
		.authorization = authorization,
		.cookies = cookies,
		.query = x->target.query,
		.client = str_of(access_log_client(x)),
		.is_quiet = is_quiet};

	req.authorization_count = collect(x->req, FIELD_AUTHORIZATION, authorization);
	req.cookies_count = collect(x->req, FIELD_COOKIE, cookies);
	return auth_check(x->thread->auth, &req, done, arg);
}

void exchange_identify(
	struct exchange *x, void (*then)(struct exchange *x, enum auth_status status))
{
	x->on_who = then;
	exchange_move(x, EXCHANGE_AUTHENTICATING);
	struct auth_result result = exchange_ask_auth(x, false, on_auth, x);
	if (result.status != AUTH_LATER)
		on_auth(x, result);
}

static void take_newest(struct share_hold **hold, struct share_reader *reader)
{
	struct share_hold *newest = share_get(reader);

	share_drop(*hold);
	*hold = newest;
}

bool exchange_follow(struct exchange *x)
{
	take_newest(&x->registry_hold, x->thread->registry);
	take_newest(&x->conf_hold, x->thread->conf);
	x->registry = x->registry_hold->value;
	x->conf = x->conf_hold->value;
	x->ui = NULL; /* its head is sent */
	x->origin = x->conf->server.origin;
	x->route = route_match(x->registry, x->conf->server.base, x->target.path);
	return x->route.kind == ROUTE_MOUNT && x->route.mount->kind == UI_OTHER;
}

/* Only what the registry knows has a host name (S5, S6). */
static void find_app(struct exchange *x)
{
	app_origin_write(&x->conf->server, x->app_label, x->app_origin);
	x->origin = x->app_origin;
	x->home = mem_printf("%s%s", x->conf->server.origin, x->conf->server.base);
	x->app = x->registry ? registry_label(x->registry, x->app_label) : NULL;
}

/* What an ingress asks about takes the place of what it asks with, if it may be believed (S8). */
static enum fault open_ext_auth(struct exchange *x, struct err *err)
{
	const char *base = x->conf->server.base;
	enum ext_auth_kind kind = ext_auth_kind_of(base, x->req->target);

	if (kind == EXT_AUTH_NONE)
		return FAULT_NONE;
	x->ext = ext_auth_new(kind, x->req);
	x->asked = &x->ext->asked;
	if (client_address_is_trusted(x->conf, x->req))
		return ext_auth_read(x->ext, base, x->conf->server.public_url.tls, err);
	log_warn("ext_auth", "an ingress at %s asks, and server.trusted_proxies does not name it",
		x->req->peer_text);
	return FAULT_NOT_TRUSTED;
}

static void find_route(struct exchange *x)
{
	const char *base = x->conf->server.base;

	x->route = x->app_label.at ? route_match_app(x->registry, base, x->target.path, x->app)
				   : route_match(x->registry, base, x->target.path);
	if (x->ext && !x->app_label.at && route_is_outside(x->registry, base, x->target.path))
		x->route.kind = ROUTE_OUTSIDE;
}

/* At an application's host there is nothing else. Of one that nobody knows, too, it is asked first
 * who wants to know: a host tells a stranger nothing of what is there (S44). */
static bool is_nothing_at_app(const struct exchange *x)
{
	return x->app_label.at && x->route.kind == ROUTE_NONE &&
	       (x->app || x->registry == NULL ||
		       !app_origin_is_of(x->app_label, x->conf->server.base, x->target.path));
}

static void begin(struct exchange *x)
{
	bool is_ours = route_is_public(&x->route) || is_nothing_at_app(x);

	if (x->ext && x->registry == NULL) /* a path may be a UI's that is not known yet */
		exchange_fail(x, FAULT_NOT_READY, NULL);
	else if (x->ext && is_ours)
		exchange_fail(x, FAULT_NOT_FOUND, endpoint_ext_auth_not_found);
	else if (is_ours)
		endpoint_serve(x);
	else
		exchange_identify(x, decide_or_fail);
}

void exchange_begin(void *arg, struct front_request *req)
{
	struct server_thread *thread = arg;
	struct exchange *x = exchange_new(thread, req);
	struct err err = {""};
	enum fault fault = open_ext_auth(x, &err);

	if (fault == FAULT_NONE)
		fault = guard_check(&x->conf->server, thread->shared->port, x->asked, &x->app_label,
			&x->target, &err);
	if (fault != FAULT_NONE) {
		if (x->ext == NULL) /* what an ingress was asked does not spoil its connection */
			front_close_after(req);
		exchange_fail(x, fault, err.text[0] ? err.text : NULL);
		return;
	}
	if (x->app_label.at)
		find_app(x);
	find_route(x);
	begin(x);
}

void exchange_refused(void *arg, const char *peer, enum fault fault)
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
