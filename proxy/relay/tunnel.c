#include "proxy/relay/tunnel.h"

#include "base/clock.h"
#include "proxy/request/access_log.h"
#include "proxy/relay/relay.h"
#include "proxy/relay/relay_headers.h"
#include "proxy/request/exchange_judge.h"
#include "proxy/request/respond.h"
#include "proxy/guard/websocket.h"

#include <event2/buffer.h>
#include <stdlib.h>

enum {
	FIELDS_MAX = 80 * 1024,
	SILENT_MS = 30 * 1000, /* S33: what was good goes on for so long without the store */
};

struct tunnel {
	struct exchange *x; /* NULL: it is over, and auth still owes its answer */
	struct websocket_ear ear;
	bool spoke; /* the page has, since auth was last asked */
	bool asking;
	int64_t good_ms; /* monotonic: when it was last known to be */
	LIST_ENTRY(tunnel) all;
};

struct upstream *tunnel_wire_new(struct event_base *base, const struct conf *conf)
{
	/* A tunnel's connection is its own: none is kept for another, and one waits at the door
	 * only. */
	const struct upstream_limits limits = {.per_address = 1024,
		.waiters = 1024,
		.wait_ms = 5 * 1000,
		.connect_ms = 5 * 1000,
		.head_ms = 60 * 1000,
		.stall_ms = conf->limit_tunnel_idle_ms, /* in both directions */
		.idle_ms = 1000,
		.idle_total = 0};

	return upstream_new(base, &limits);
}

static struct tunnel *tunnel_new(struct exchange *x)
{
	struct tunnel *tunnel = mem_alloc(1, sizeof *tunnel);

	tunnel->x = x;
	tunnel->good_ms = clock_mono_ms();
	LIST_INSERT_HEAD(&x->thread->tunnels, tunnel, all);
	return tunnel;
}

void tunnel_forget(struct tunnel *tunnel)
{
	if (tunnel == NULL)
		return;
	LIST_REMOVE(tunnel, all);
	tunnel->x = NULL;
	if (!tunnel->asking)
		free(tunnel);
}

void tunnel_begin(struct exchange *x, const struct h1_response *head)
{
	struct relay_headers_plan plan = {.rewritten = false};
	struct sbuf fields;

	sbuf_init(&fields, FIELDS_MAX);
	relay_headers_to_client(&fields, head, &x->rewrite_context, &plan);
	if (fields.overflow || !websocket_is_accepted(x->web.req, head)) {
		relay_stop(x);
		web_fault(&x->web, FAULT_UPSTREAM_PROTOCOL, NULL);
	} else {
		exchange_move(x, EXCHANGE_RELAYING);
		x->status = head->status;
		x->tunnel = tunnel_new(x);
		front_tunnel_begin(x->web.req, &fields);
	}
	sbuf_clear(&fields);
}

static bool is_saying_something(struct websocket_ear *ear, struct evbuffer *bytes)
{
	struct evbuffer_iovec piece;
	struct evbuffer_ptr at;
	bool any = false;

	evbuffer_ptr_set(bytes, &at, 0, EVBUFFER_PTR_SET);
	while (evbuffer_peek(bytes, -1, &at, &piece, 1) > 0 && piece.iov_len > 0) {
		any |= websocket_hear(ear, (struct str){piece.iov_base, piece.iov_len});
		if (evbuffer_ptr_set(bytes, &at, piece.iov_len, EVBUFFER_PTR_ADD) == -1)
			break;
	}
	return any;
}

void tunnel_on_bytes(struct exchange *x, struct evbuffer *bytes)
{
	x->tunnel->spoke |= is_saying_something(&x->tunnel->ear, bytes);
	if (upstream_send(x->call, bytes) > FRONT_QUEUE_HIGH)
		front_tunnel_read(x->web.req, false);
}

void tunnel_on_sent(struct exchange *x)
{
	if (x->tunnel)
		front_tunnel_read(x->web.req, true);
}

/* As at the beginning, but nobody can be told why. */
static enum fault judge_tunnel(struct exchange *x, struct auth_result result)
{
	if (result.status != AUTH_OK)
		return web_fault_of(result.status);
	identity_unref(x->web.who);
	x->web.who = result.who;
	return exchange_judge(x);
}

/* A connection to the store that is made anew is no reason to end it: nothing new is decided. */
static bool is_doubt_only(const struct tunnel *tunnel, enum fault fault)
{
	return fault == FAULT_STORE_DOWN && clock_mono_ms() - tunnel->good_ms < SILENT_MS;
}

static void tunnel_on_result(struct exchange *x, struct auth_result result)
{
	enum fault fault = judge_tunnel(x, result);

	if (fault == FAULT_NONE)
		x->tunnel->good_ms = clock_mono_ms();
	if (fault == FAULT_NONE || is_doubt_only(x->tunnel, fault))
		return;
	access_log_decision(x, fault);
	relay_cut(x, fault);
}

static void tunnel_on_auth(void *arg, struct auth_result result)
{
	struct tunnel *tunnel = arg;

	tunnel->asking = false;
	if (tunnel->x) {
		tunnel_on_result(tunnel->x, result);
		return;
	}
	identity_unref(result.who);
	free(tunnel);
}

/* Looking is no use of a session: one that is left alone ends, and the tunnel with it. */
static void check_tunnel(struct tunnel *tunnel)
{
	if (tunnel->asking)
		return;
	if (!exchange_follow(tunnel->x)) {
		relay_cut(tunnel->x, FAULT_GONE);
		return;
	}
	bool is_quiet = !tunnel->spoke;
	tunnel->spoke = false;
	tunnel->asking = true;
	struct auth_result result = web_ask_auth(&tunnel->x->web, is_quiet, tunnel_on_auth, tunnel);
	if (result.status != AUTH_LATER)
		tunnel_on_auth(tunnel, result);
}

void tunnel_check_all(struct server_thread *thread)
{
	struct tunnel *next;

	for (struct tunnel *t = LIST_FIRST(&thread->tunnels); t; t = next) {
		next = LIST_NEXT(t, all);
		check_tunnel(t);
	}
}
