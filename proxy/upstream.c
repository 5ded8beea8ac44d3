#include "proxy/upstream_int.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
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

enum { TICK_MS = 100 };

static void conn_free(struct conn *conn)
{
	if (conn->in)
		evbuffer_free(conn->in);
	free(conn);
}

static void call_free(struct upstream_call *call)
{
	evbuffer_free(call->request);
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

/* The one way for a call to leave: its last callback is made, or is not wanted. */
static void bury(struct upstream_call *call)
{
	struct upstream *up = call->up;

	if (call->state == CALL_WAITING) {
		TAILQ_REMOVE(&call->address->waiters, call, turn);
		call->address->waiting--;
		up->counts.waiting--;
	} else if (call->state == CALL_FAILED) {
		TAILQ_REMOVE(&up->failed, call, turn);
	}
	call->state = CALL_DEAD;
	TAILQ_REMOVE(&up->calls, call, all);
	up->counts.calls--;
	TAILQ_INSERT_TAIL(&up->dead, call, turn);
}

void call_fail(struct upstream_call *call, enum fault fault)
{
	struct upstream *up = call->up;

	if (call->state == CALL_WAITING) {
		TAILQ_REMOVE(&call->address->waiters, call, turn);
		call->address->waiting--;
		up->counts.waiting--;
	}
	call->state = CALL_FAILED;
	call->fault = fault;
	TAILQ_INSERT_TAIL(&up->failed, call, turn);
	event_active(&up->turn_end, EV_TIMEOUT, 0);
}

static void attach(struct upstream_call *call, struct conn *conn)
{
	call->conn = conn;
	conn->call = call;
	conn->state = CONN_BUSY;
	conn->reused = true;
	conn->filled = false;
	call->up->counts.reused++;
	conn_send(conn);
}

/* Newest first; the stale ones met on the way are closed. */
static struct conn *take_idle(struct address *address)
{
	struct conn *conn;

	while ((conn = TAILQ_FIRST(&address->idle))) {
		if (conn_is_alive(conn)) {
			TAILQ_REMOVE(&address->idle, conn, list);
			conn->up->idle--;
			return conn;
		}
		conn_close(conn);
	}
	return NULL;
}

static void wait_in_line(struct upstream_call *call)
{
	struct upstream *up = call->up;

	if (call->address->waiting >= up->limits.waiters) {
		call_fail(call, FAULT_BUSY);
		return;
	}
	call->state = CALL_WAITING;
	TAILQ_INSERT_TAIL(&call->address->waiters, call, turn);
	call->address->waiting++;
	up->counts.waiting++;
}

static void acquire(struct upstream_call *call, bool fresh)
{
	struct conn *conn = fresh ? NULL : take_idle(call->address);

	call->state = CALL_ASKING;
	call->since = clock_mono_ms();
	if (conn)
		attach(call, conn);
	else if (call->address->open >= call->up->limits.per_address)
		wait_in_line(call);
	else if (conn_open(call) == NULL)
		call_fail(call, FAULT_UPSTREAM_CONNECT);
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
	acquire(call, true);
}

static void make_idle(struct conn *conn)
{
	struct upstream *up = conn->up;

	conn->call = NULL;
	conn->state = CONN_IDLE;
	conn->since = clock_mono_ms();
	TAILQ_INSERT_HEAD(&conn->address->idle, conn, list);
	up->idle++;
	conn_resume(conn);
}

/* Who waits longest gets what has come free: a connection, or the place to open one. */
static void serve_waiters(struct address *address)
{
	struct upstream_call *call;

	while ((call = TAILQ_FIRST(&address->waiters))) {
		struct conn *conn = take_idle(address);
		if (conn == NULL && address->open >= call->up->limits.per_address)
			return;
		TAILQ_REMOVE(&address->waiters, call, turn);
		address->waiting--;
		call->up->counts.waiting--;
		call->state = CALL_ASKING;
		call->since = clock_mono_ms();
		if (conn)
			attach(call, conn);
		else if (conn_open(call) == NULL)
			call_fail(call, FAULT_UPSTREAM_CONNECT);
	}
}

void call_end(struct upstream_call *call, bool reusable)
{
	struct upstream *up = call->up;
	struct conn *conn = call->conn;
	bool whole = call->sent == evbuffer_get_length(call->request);

	call->conn = NULL;
	if (reusable && whole && call->keep_alive && up->idle < up->limits.idle_total) {
		make_idle(conn);
		if (!TAILQ_EMPTY(&conn->address->waiters))
			event_active(&up->turn_end, EV_TIMEOUT, 0);
	} else {
		conn->call = NULL;
		conn_close(conn);
	}
	bury(call);
	call->handler->on_end(call->arg);
}

static struct address *address_of(struct upstream *up, const struct sockaddr *addr, socklen_t len)
{
	struct address *address;

	HASH_FIND(hh, up->addresses, addr, len, address);
	if (address)
		return address;
	address = mem_alloc(1, sizeof *address);
	memcpy(&address->addr, addr, len);
	address->len = len;
	TAILQ_INIT(&address->idle);
	TAILQ_INIT(&address->waiters);
	HASH_ADD(hh, up->addresses, addr, len, address);
	return address;
}

struct upstream_call *upstream_start(struct upstream *up, const struct upstream_request *req,
	const struct upstream_handler *handler, void *arg)
{
	struct upstream_call *call = mem_alloc(1, sizeof *call);

	*call = (struct upstream_call){.up = up, .handler = handler, .arg = arg, .is_head = req->is_head,
		.idempotent = req->idempotent, .address = address_of(up, req->addr, req->addr_len)};
	call->request = evbuffer_new();
	evbuffer_add_buffer(call->request, req->head);
	if (req->body)
		evbuffer_add_buffer(call->request, req->body);
	TAILQ_INSERT_TAIL(&up->calls, call, all);
	up->counts.calls++;
	acquire(call, false);
	return call;
}

void upstream_pause(struct upstream_call *call)
{
	call->paused = true; /* reading stops when more bytes really come */
}

void upstream_resume(struct upstream_call *call)
{
	call->paused = false;
	call->since = clock_mono_ms();
	if (call->conn && call->conn->state == CONN_BUSY)
		conn_resume(call->conn);
}

void upstream_cancel(struct upstream_call *call)
{
	struct conn *conn = call->conn;

	assert(call->state != CALL_DEAD);
	bury(call);
	if (conn)
		conn_close(conn);
}

/* What went wrong or came free in this turn is told now, with nothing of ours on the stack. */
static void on_turn_end(int fd, short what, void *arg)
{
	struct upstream *up = arg;
	struct upstream_call *call;
	struct address *address, *next;

	(void)fd, (void)what;
	if (up->counts.waiting > 0) {
		HASH_ITER(hh, up->addresses, address, next)
			serve_waiters(address);
	}
	while ((call = TAILQ_FIRST(&up->failed))) {
		enum fault fault = call->fault;
		bury(call);
		call->handler->on_fault(call->arg, fault);
	}
	upstream_reap(up);
}

/* The fault of a call that is past its deadline, or FAULT_NONE. */
static enum fault overdue(const struct upstream_call *call, int64_t age)
{
	const struct upstream_limits *limits = &call->up->limits;
	bool connecting = call->conn && call->conn->state == CONN_CONNECTING;

	if (call->state == CALL_WAITING)
		return age > limits->wait_ms ? FAULT_BUSY : FAULT_NONE;
	if (call->state == CALL_ASKING && connecting)
		return age > limits->connect_ms ? FAULT_UPSTREAM_CONNECT : FAULT_NONE;
	if (call->state == CALL_ASKING)
		return age > limits->head_ms ? FAULT_UPSTREAM_TIMEOUT : FAULT_NONE;
	if (call->state == CALL_READING && !call->paused)
		return age > limits->stall_ms ? FAULT_UPSTREAM_DIED : FAULT_NONE;
	return FAULT_NONE;
}

static void expire_calls(struct upstream *up, int64_t now)
{
	struct upstream_call *next;

	for (struct upstream_call *call = TAILQ_FIRST(&up->calls); call; call = next) {
		next = TAILQ_NEXT(call, all);
		enum fault fault = overdue(call, now - call->since);
		if (fault == FAULT_NONE)
			continue;
		if (call->conn)
			conn_close(call->conn);
		call_fail(call, fault);
	}
}

/* Closes what has been idle too long; the oldest are at the end of the list. */
static void expire_idle(struct upstream *up, struct address *address, int64_t now)
{
	struct conn *conn;

	while ((conn = TAILQ_LAST(&address->idle, conns)) && now - conn->since > up->limits.idle_ms)
		conn_close(conn);
}

static void on_tick(int fd, short what, void *arg)
{
	struct upstream *up = arg;
	struct address *address, *next;
	int64_t now = clock_mono_ms();

	(void)fd, (void)what;
	upstream_reap(up);
	expire_calls(up, now);
	HASH_ITER(hh, up->addresses, address, next)
	{
		expire_idle(up, address, now);
		if (address->open == 0 && address->waiting == 0 && TAILQ_EMPTY(&up->closed) &&
			TAILQ_EMPTY(&up->calls)) {
			HASH_DEL(up->addresses, address); /* nobody has a pointer to it any more */
			free(address);
		}
	}
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
	event_assign(&up->turn_end, base, -1, 0, on_turn_end, up);
	event_assign(&up->tick, base, -1, EV_PERSIST, on_tick, up);
	event_add(&up->tick, &(struct timeval){.tv_usec = TICK_MS * 1000});
	return up;
}

void upstream_free(struct upstream *up)
{
	struct address *address, *next;
	struct conn *conn;

	if (up == NULL)
		return;
	assert(TAILQ_EMPTY(&up->calls));
	HASH_ITER(hh, up->addresses, address, next)
	{
		while ((conn = TAILQ_FIRST(&address->idle)))
			conn_close(conn);
	}
	event_del(&up->turn_end);
	event_del(&up->tick);
	upstream_reap(up);
	HASH_ITER(hh, up->addresses, address, next)
	{
		HASH_DEL(up->addresses, address);
		free(address);
	}
	evbuffer_free(up->content);
	free(up);
}

struct upstream_counts upstream_count(const struct upstream *up)
{
	struct upstream_counts counts = up->counts;

	counts.idle = up->idle;
	return counts;
}
