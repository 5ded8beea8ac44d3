/*
 * proxy/upstream/upstream_call.c - the life of a call: from state to state, with one connection or,
 * where the first is doubted, two, to its one end.
 */
#include "proxy/upstream/upstream_int.h"

#include "base/clock.h"

#include <event2/buffer.h>
#include <stdlib.h>

static void call_free(struct upstream_call *call)
{
	if (call->body)
		evbuffer_free(call->body);
	call->magic = 0;
	free(call);
}

void call_reap(struct upstream *up)
{
	struct upstream_call *call;

	while ((call = TAILQ_FIRST(&up->dead))) {
		TAILQ_REMOVE(&up->dead, call, turn);
		call_free(call);
	}
}

/* --- the elder: the connection that sent the request first, and is doubted --- */

static struct conn *take_elder(struct upstream_call *call)
{
	struct conn *elder = call->elder;

	call->elder = NULL;
	call->address->doubts--;
	return elder;
}

void call_drop_elder(struct upstream_call *call)
{
	if (call->elder == NULL)
		return;
	struct conn *elder = take_elder(call);
	elder->call = NULL;
	conn_close(elder);
}

static void return_to_elder(struct upstream_call *call)
{
	assert(call->conn == NULL);
	if (call->state != CALL_ASKING)
		call_move(call, CALL_ASKING);
	call->conn = take_elder(call);
	call->sent = call->head_len + call->body_len;
}

void call_settle_on(struct conn *conn)
{
	struct upstream_call *call = conn->call;

	if (call->elder != conn) {
		call_drop_elder(call);
		return;
	}
	if (call->conn)
		conn_close(call->conn);
	return_to_elder(call);
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
		call_drop_elder(call);
	if (state == CALL_WAITING) {
		if (call->retried) /* it has stood in line before */
			TAILQ_INSERT_HEAD(&call->address->waiters, call, turn);
		else
			TAILQ_INSERT_TAIL(&call->address->waiters, call, turn);
		call->address->waiting++;
		up->counts.waiting++;
	} else if (state == CALL_FAILED) {
		TAILQ_INSERT_TAIL(&up->failed, call, turn);
		turn_end_soon(up);
	} else if (state == CALL_DEAD) {
		TAILQ_REMOVE(&up->calls, call, all);
		TAILQ_INSERT_TAIL(&up->dead, call, turn);
		call->address->calls--;
		up->counts.calls--;
		turn_end_soon(up);
	}
}

void call_fail(struct upstream_call *call, enum fault fault)
{
	assert(call->conn == NULL);
	if (call->elder) {
		return_to_elder(call);
		return;
	}
	call->fault = fault;
	call_move(call, CALL_FAILED);
}

void call_end(struct upstream_call *call, bool clean)
{
	struct conn *conn = call->conn;

	call->conn = NULL;
	conn->call = NULL;
	if (clean && call->reusable)
		conn_keep(conn);
	else
		conn_close(conn);
	call_move(call, CALL_DEAD);
	call->handler->on_end(call->arg);
}
