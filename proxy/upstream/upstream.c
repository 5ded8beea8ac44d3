/* Requests to UIs: how one is made, paused, called off, and what its time is up for. */
#include "proxy/upstream/upstream_int.h"

#include "base/clock.h"

#include <event2/buffer.h>
#include <stdlib.h>

const struct upstream_limits upstream_default_limits = {
	.per_address = 256,
	.waiters = 1024,
	.wait_ms = 10 * 1000,
	.connect_ms = 5 * 1000,
	.head_ms = 60 * 1000,
	.stall_ms = 60 * 1000,
	.idle_ms = 6 * 1000, /* T52: 4.x closes after 8 s, seen after 7 */
	.idle_total = 1024,
};

/* One timer for all deadlines: none of them needs to be exact, and a request costs no timer. */
static const struct timeval tick_interval = {.tv_usec = 100 * 1000};

static void start_ticking(struct upstream *up)
{
	if (!up->ticking)
		event_add(&up->tick, &tick_interval);
	up->ticking = true;
}

struct upstream_call *upstream_start(struct upstream *up, const struct upstream_request *req,
	const struct upstream_handler *handler, void *arg)
{
	struct upstream_call *call = mem_alloc(1, sizeof *call + req->head.len);

	*call = (struct upstream_call){.magic = CALL_MAGIC,
		.up = up,
		.handler = handler,
		.arg = arg,
		.is_head = req->is_head,
		.idempotent = req->idempotent && !req->streams, /* it is not kept */
		.streams = req->streams,
		.is_chunked = req->is_chunked,
		.complete = !req->streams,
		.is_upgrade = req->is_upgrade,
		.address = pool_address(up, req),
		.head_len = req->head.len,
		.body_len = req->body ? evbuffer_get_length(req->body) : 0};
	memcpy(call->head, req->head.at, req->head.len);
	if (call->body_len) {
		call->body = evbuffer_new();
		evbuffer_add_buffer(call->body, req->body);
	}
	TAILQ_INSERT_TAIL(&up->calls, call, all);
	call->address->calls++;
	up->counts.calls++;
	start_ticking(up);
	pool_acquire(call, false);
	return call;
}

void upstream_pause(struct upstream_call *call)
{
	CHECK_OBJ(call, CALL_MAGIC);
	call->paused = true; /* reading stops when more bytes really come */
}

void upstream_resume(struct upstream_call *call)
{
	CHECK_OBJ(call, CALL_MAGIC);
	if (!call->paused)
		return;
	call->paused = false;
	if (call->conn == NULL)
		return;
	if (call->state == CALL_READING)
		call->since = clock_mono_ms();
	if (call->conn->state == CONN_BUSY)
		conn_resume(call->conn);
}

void upstream_cancel(struct upstream_call *call)
{
	struct conn *conn = call->conn;

	call_move(call, CALL_DEAD);
	if (conn)
		conn_close(conn);
}

/* What went wrong or came free in this turn is told now, with nothing of ours on the stack. */
static void on_turn_end(int fd, short what, void *arg)
{
	struct upstream *up = arg;
	struct upstream_call *call;

	(void)fd, (void)what;
	up->turns++;
	pool_serve(up);
	while ((call = TAILQ_FIRST(&up->failed))) {
		enum fault fault = call->fault;
		call_move(call, CALL_DEAD);
		call->handler->on_fault(call->arg, fault);
	}
	call_reap(up);
	conn_reap(up);
}

/* While others are answered it is worth to go on: as long as one waits for an answer. */
static bool is_in_vain(const struct upstream_call *call, int64_t now, int64_t patience)
{
	int64_t age = now - call->since;

	return age > patience &&
	       (now - call->address->heard > patience || age > call->up->limits.head_ms);
}

/* The fault of a call that is past its deadline, or FAULT_NONE. */
static enum fault overdue(const struct upstream_call *call, int64_t now)
{
	const struct upstream_limits *limits = &call->up->limits;
	bool connecting = call->conn && call->conn->state == CONN_CONNECTING;
	int64_t age = now - call->since;

	if (call->state == CALL_WAITING)
		return is_in_vain(call, now, limits->wait_ms) ? FAULT_BUSY : FAULT_NONE;
	if (call->state == CALL_ASKING && connecting)
		return is_in_vain(call, now, limits->connect_ms) ? FAULT_UPSTREAM_CONNECT
								 : FAULT_NONE;
	if (call->state == CALL_ASKING && !call->complete && call_unsent(call) == 0)
		return FAULT_NONE; /* it is the client that is slow: the front sees to it */
	if (call->state == CALL_ASKING)
		return age > limits->head_ms ? FAULT_UPSTREAM_TIMEOUT : FAULT_NONE;
	if (call->state == CALL_READING && !call->paused)
		return age > limits->stall_ms ? FAULT_UPSTREAM_DIED : FAULT_NONE;
	return FAULT_NONE;
}

static void expire_calls(struct upstream *up, int64_t now)
{
	struct upstream_call *call;

	TAILQ_FOREACH(call, &up->calls, all)
	{
		enum fault fault = overdue(call, now);
		if (fault == FAULT_NONE) {
			doubt_look(call, now);
			continue;
		}
		if (fault != FAULT_BUSY)
			call_drop_elder(call);
		if (call->conn)
			conn_close(call->conn);
		call_fail(call, fault);
	}
}

static void on_upstream_tick(int fd, short what, void *arg)
{
	struct upstream *up = arg;
	int64_t now = clock_mono_ms();

	(void)fd, (void)what;
	expire_calls(up, now);
	pool_expire(up, now);
	up->ticking = false;
	if (up->addresses) /* with no calls and no connections there is nothing to watch */
		start_ticking(up);
}

struct upstream *upstream_new(struct event_base *base, const struct upstream_limits *limits)
{
	struct upstream *up = mem_alloc(1, sizeof *up);

	up->base = base;
	up->limits = *limits;
	up->on_readable = read_on_readable;
	up->on_writable = read_on_writable;
	up->content = evbuffer_new();
	TAILQ_INIT(&up->calls);
	TAILQ_INIT(&up->failed);
	TAILQ_INIT(&up->dead);
	TAILQ_INIT(&up->closed);
	TAILQ_INIT(&up->ready);
	door_init(up);
	up->turns = 1;
	event_assign(&up->turn_end, base, -1, 0, on_turn_end, up);
	event_assign(&up->tick, base, -1, 0, on_upstream_tick, up);
	return up;
}

void upstream_free(struct upstream *up)
{
	if (up == NULL)
		return;
	assert(TAILQ_EMPTY(&up->calls));
	up->is_freed = true;
	pool_clear(up);
	event_del(&up->turn_end);
	event_del(&up->tick);
	call_reap(up);
	conn_reap(up);
	evbuffer_free(up->content);
	upstream_trust_free_all(up->trusts);
	free(up);
}

struct upstream_counts upstream_count(const struct upstream *up)
{
	return up->counts;
}
