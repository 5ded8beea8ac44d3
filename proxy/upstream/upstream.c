/* Requests to UIs: the life of a call, its timeouts and its one end. */
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

static void conn_free(struct conn *conn)
{
	if (conn->in)
		evbuffer_free(conn->in);
	upstream_tls_free(conn->tls);
	conn->magic = 0;
	free(conn);
}

static void call_free(struct upstream_call *call)
{
	if (call->body)
		evbuffer_free(call->body);
	call->magic = 0;
	free(call);
}

void upstream_reap(struct upstream *up)
{
	struct upstream_call *call;
	struct conn *conn;

	while ((call = TAILQ_FIRST(&up->dead))) {
		TAILQ_REMOVE(&up->dead, call, turn);
		call_free(call);
	}
	while ((conn = TAILQ_FIRST(&up->closed))) {
		TAILQ_REMOVE(&up->closed, conn, list);
		conn_free(conn);
	}
}

void upstream_end_turn(struct upstream *up)
{
	event_active(&up->turn_end, EV_TIMEOUT, 0);
}

static void leave_state(struct upstream_call *call)
{
	struct address *address = call->address;

	if (call->state == CALL_WAITING) {
		TAILQ_REMOVE(&address->waiters, call, turn);
		address->waiting--;
		call->up->counts.waiting--;
	} else if (call->state == CALL_FAILED) {
		TAILQ_REMOVE(&call->up->failed, call, turn);
	}
}

/* The only way from one list to another. */
void call_move(struct upstream_call *call, enum call_state state)
{
	struct upstream *up = call->up;

	CHECK_OBJ(call, CALL_MAGIC);
	assert(call->state != CALL_DEAD && call->state != state);
	leave_state(call);
	call->state = state;
	call->since = clock_mono_ms();
	if (state == CALL_FAILED || state == CALL_DEAD)
		doubt_end(call);
	if (state == CALL_WAITING) {
		if (call->retried) /* it has stood in line before */
			TAILQ_INSERT_HEAD(&call->address->waiters, call, turn);
		else
			TAILQ_INSERT_TAIL(&call->address->waiters, call, turn);
		call->address->waiting++;
		up->counts.waiting++;
	} else if (state == CALL_FAILED) {
		TAILQ_INSERT_TAIL(&up->failed, call, turn);
		upstream_end_turn(up);
	} else if (state == CALL_DEAD) {
		TAILQ_REMOVE(&up->calls, call, all);
		TAILQ_INSERT_TAIL(&up->dead, call, turn);
		call->address->calls--;
		up->counts.calls--;
		upstream_end_turn(up);
	}
}

void call_fail(struct upstream_call *call, enum fault fault)
{
	assert(call->conn == NULL);
	if (call->elder) {
		doubt_return(call);
		return;
	}
	call->fault = fault;
	call_move(call, CALL_FAILED);
}

void call_retry(struct upstream_call *call, enum fault fault)
{
	if (!call->idempotent || call->retried) {
		call_fail(call, fault);
		return;
	}
	call->retried = true;
	call->sent = 0;
	call->up->counts.retried++;
	call_move(call, CALL_NEW);
	pool_acquire(call, true);
}

void call_end(struct upstream_call *call, bool clean)
{
	struct conn *conn = call->conn;

	call->conn = NULL;
	conn->call = NULL;
	if (clean && call->reusable)
		pool_keep(conn);
	else
		conn_close(conn);
	call_move(call, CALL_DEAD);
	call->handler->on_end(call->arg);
}

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
	upstream_reap(up);
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
			doubt_end(call);
		if (call->conn)
			conn_close(call->conn);
		call_fail(call, fault);
	}
}

static void on_tick(int fd, short what, void *arg)
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
	up->content = evbuffer_new();
	TAILQ_INIT(&up->calls);
	TAILQ_INIT(&up->failed);
	TAILQ_INIT(&up->dead);
	TAILQ_INIT(&up->closed);
	TAILQ_INIT(&up->ready);
	door_init(up);
	up->turns = 1;
	event_assign(&up->turn_end, base, -1, 0, on_turn_end, up);
	event_assign(&up->tick, base, -1, 0, on_tick, up);
	return up;
}

void upstream_free(struct upstream *up)
{
	if (up == NULL)
		return;
	assert(TAILQ_EMPTY(&up->calls));
	pool_clear(up);
	event_del(&up->turn_end);
	event_del(&up->tick);
	upstream_reap(up);
	evbuffer_free(up->content);
	upstream_trust_free_all(up->trusts);
	free(up);
}

struct upstream_counts upstream_count(const struct upstream *up)
{
	return up->counts;
}
