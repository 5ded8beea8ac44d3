#include "proxy/relay/tunnel.h"

#include "proxy/relay/relay.h"
#include "proxy/relay/relay_headers.h"
#include "proxy/request/recheck.h"
#include "proxy/request/respond.h"
#include "proxy/guard/websocket.h"

#include <event2/buffer.h>
#include <stdlib.h>

enum { FIELDS_MAX = 80 * 1024 };

struct tunnel {
	struct exchange *x;
	struct websocket_ear ear, ui_ear;
	unsigned leaves_with; /* the code, as soon as the UI's frame is whole; 0: it stays */
	bool spoke;	      /* the page has, since auth was last asked */
	struct recheck *recheck;
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
	tunnel->recheck = recheck_new(x, relay_cut);
	LIST_INSERT_HEAD(&x->thread->tunnels, tunnel, all);
	return tunnel;
}

void tunnel_forget(struct tunnel *tunnel)
{
	if (tunnel == NULL)
		return;
	LIST_REMOVE(tunnel, all);
	recheck_free(tunnel->recheck);
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

/* A frame that the UI has begun is not cut in two. */
static void leave_tunnel(struct tunnel *tunnel)
{
	struct exchange *x = tunnel->x;
	struct front_request *req = x->web.req;
	unsigned char frame[WEBSOCKET_CLOSE];

	if (tunnel->leaves_with == 0 || !websocket_is_between_frames(&tunnel->ui_ear))
		return;
	websocket_write_close(tunnel->leaves_with, frame);
	front_reply_text(req, (struct str){(const char *)frame, sizeof frame});
	relay_stop(x);
	exchange_finish(x, FAULT_NONE);
	front_reply_end(req);
}

void tunnel_on_answer(struct exchange *x, struct evbuffer *bytes)
{
	(void)is_saying_something(&x->tunnel->ui_ear, bytes);
}

void tunnel_on_passed(struct exchange *x)
{
	leave_tunnel(x->tunnel);
}

void tunnel_leave_all(struct server_thread *thread, unsigned code)
{
	struct tunnel *next;

	for (struct tunnel *t = LIST_FIRST(&thread->tunnels); t; t = next) {
		next = LIST_NEXT(t, all);
		t->leaves_with = code;
		leave_tunnel(t);
	}
}

void tunnel_on_sent(struct exchange *x)
{
	if (x->tunnel)
		front_tunnel_read(x->web.req, true);
}

/* Looking is no use of a session: one that is left alone ends, and the tunnel with it. */
static void check_tunnel(struct tunnel *tunnel)
{
	if (recheck_is_under_way(tunnel->recheck))
		return;
	if (!exchange_follow(tunnel->x)) {
		relay_cut(tunnel->x, FAULT_GONE);
		return;
	}
	bool is_quiet = !tunnel->spoke;
	tunnel->spoke = false;
	recheck_ask(tunnel->recheck, is_quiet);
}

void tunnel_check_all(struct server_thread *thread)
{
	struct tunnel *next;

	for (struct tunnel *t = LIST_FIRST(&thread->tunnels); t; t = next) {
		next = LIST_NEXT(t, all);
		check_tunnel(t);
	}
}
