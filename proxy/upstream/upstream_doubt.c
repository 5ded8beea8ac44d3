/*
 * proxy/upstream/upstream_doubt.c - connections that do not come about, or only seem to have.
 *
 * A SYN that a full queue dropped is sent again after a second, by the kernel. A full queue that
 * drops the end of the handshake leaves a connection which this side takes for made, and the other
 * side does not know. The first knocks anew as soon as an answer is overdue; for the second an
 * idempotent request is sent once more elsewhere, and whichever answers first has the call.
 */
#include "proxy/upstream/upstream_int.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

enum {
	SILENCE_MS = 1000,
	SILENT_MAX = 2, /* of an address: one that is merely slow is not given all work twice */
};

/* Nothing of what was sent last has arrived: the other side does not know of the connection. */
static bool is_unheard(const struct conn *conn, size_t sent)
{
	int waits = 0;

	return ioctl(conn->fd, SIOCOUTQ, &waits) == 0 && waits > 0 && (size_t)waits >= sent;
}

/* --- not connected yet: nothing was sent, so nothing is lost --- */

static bool is_stuck(const struct conn *conn, int64_t now)
{
	return now - conn->since >= connect_patience(conn->address) &&
	       (conn->tls == NULL || is_unheard(conn, 1));
}

static void knock_again(struct upstream_call *call, int64_t now)
{
	struct address *address = call->address;
	int64_t patience = (now - call->conn->since) * 2;

	if (!door_enter(address, call->up))
		return;
	address->patience_ms = patience > PATIENCE_MAX_MS ? PATIENCE_MAX_MS : patience;
	conn_close(call->conn);
	if (conn_open(call) == -1) {
		door_enter_back(call->address);
		call_fail(call, FAULT_UPSTREAM_CONNECT);
	}
}

/* --- connected, and silent --- */

static bool may_be_sent_again(const struct upstream_call *call)
{
	return call->idempotent && !call->retried && !call->answered && !call->is_upgrade &&
	       call->sent == call->head_len + call->body_len &&
	       call->address->waiting < call->up->limits.waiters;
}

static bool is_silent(const struct upstream_call *call, int64_t age)
{
	return age >= SILENCE_MS && call->address->heard >= call->since &&
	       call->address->doubts < SILENT_MAX;
}

static void send_again(struct upstream_call *call)
{
	call->elder = call->conn;
	call->conn = NULL;
	call->address->doubts++;
	call->retried = true;
	call->sent = 0;
	call->up->counts.retried++;
	call_move(call, CALL_NEW);
	pool_acquire(call, false);
}

void doubt_look(struct upstream_call *call, int64_t now)
{
	struct conn *conn = call->conn;
	int64_t age = now - call->since;

	if (call->state != CALL_ASKING || conn->proven)
		return;
	if (conn->state == CONN_CONNECTING) {
		if (is_stuck(conn, now) && !pool_relieve(call->address, now))
			knock_again(call, now);
	} else if (may_be_sent_again(call)) {
		bool is_lost =
			age >= connect_patience(call->address) && is_unheard(conn, call->sent);
		if (is_lost || is_silent(call, age))
			send_again(call);
	}
}
