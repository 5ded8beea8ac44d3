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
	PATIENCE_MIN_MS = 100,
	PATIENCE_MAX_MS = 2000,
	SILENCE_MS = 1000,
	SILENT_MAX = 2, /* of an address: one that is merely slow is not given all work twice */
};

/* The SYN was answered: the next has four times as long, were it to a place far away. */
void doubt_learn(struct conn *conn, int64_t now)
{
	int64_t patience = (now - conn->since) * 4;

	conn->address->patience_ms = patience < PATIENCE_MIN_MS	  ? PATIENCE_MIN_MS
				     : patience > PATIENCE_MAX_MS ? PATIENCE_MAX_MS
								  : patience;
}

static int64_t patience_of(const struct address *address)
{
	return address->patience_ms ? address->patience_ms : PATIENCE_MIN_MS;
}

struct conn *doubt_late(const struct address *address, int64_t now)
{
	int64_t before = now - patience_of(address) / 2;
	struct conn *conn;

	TAILQ_FOREACH(conn, &address->connecting, list)
	{
		if (conn->since > before)
			break;
		if (conn->tls == NULL) /* else it was let in, and shakes hands */
			return conn;
	}
	return NULL;
}

/* Nothing of what was sent last has arrived: the other side does not know of the connection. */
static bool is_unheard(const struct conn *conn, size_t sent)
{
	int waits = 0;

	return ioctl(conn->fd, SIOCOUTQ, &waits) == 0 && waits > 0 && (size_t)waits >= sent;
}

/* --- not connected yet: nothing was sent, so nothing is lost --- */

static bool is_stuck(const struct conn *conn, int64_t now)
{
	return now - conn->since >= patience_of(conn->address) &&
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
		bool is_lost = age >= patience_of(call->address) && is_unheard(conn, call->sent);
		if (is_lost || is_silent(call, age))
			send_again(call);
	}
}

/* --- the elder --- */

static struct conn *take_elder(struct upstream_call *call)
{
	struct conn *elder = call->elder;

	call->elder = NULL;
	call->address->doubts--;
	return elder;
}

void doubt_end(struct upstream_call *call)
{
	if (call->elder == NULL)
		return;
	struct conn *elder = take_elder(call);
	elder->call = NULL;
	conn_close(elder);
}

void doubt_return(struct upstream_call *call)
{
	assert(call->conn == NULL);
	if (call->state != CALL_ASKING)
		call_move(call, CALL_ASKING);
	call->conn = take_elder(call);
	call->sent = call->head_len + call->body_len;
}

void doubt_is_heard(struct conn *conn)
{
	struct upstream_call *call = conn->call;

	if (call->elder != conn) {
		doubt_end(call);
		return;
	}
	if (call->conn)
		conn_close(call->conn);
	doubt_return(call);
}
