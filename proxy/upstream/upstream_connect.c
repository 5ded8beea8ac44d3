/* proxy/upstream/upstream_connect.c - from a socket to a connection that a request may be sent on.
 */
#include "proxy/upstream/upstream_int.h"

#include "base/clock.h"
#include "base/log/log.h"

enum { PATIENCE_MIN_MS = 100 };

/* --- how long it may take --- */

/* The SYN was answered: the next has four times as long, for an address may be far away. */
static void connect_learn(struct conn *conn, int64_t now)
{
	int64_t patience = (now - conn->since) * 4;

	conn->address->patience_ms = patience < PATIENCE_MIN_MS	  ? PATIENCE_MIN_MS
				     : patience > PATIENCE_MAX_MS ? PATIENCE_MAX_MS
								  : patience;
}

int64_t connect_patience(const struct address *address)
{
	return address->patience_ms ? address->patience_ms : PATIENCE_MIN_MS;
}

struct conn *connect_late(const struct address *address, int64_t now)
{
	int64_t before = now - connect_patience(address) / 2;
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

/* --- it comes about --- */

/* The request may go: all that a connection needs is there. */
static void connect_done(struct conn *conn)
{
	TAILQ_REMOVE(&conn->address->connecting, conn, list);
	conn->state = CONN_BUSY;
	conn->call->since = clock_mono_ms();
	conn_resume(conn);
	conn_send_more(conn);
}

static void refuse_peer(struct conn *conn, bool is_certificate, const struct err *why)
{
	struct upstream_call *call = conn->call;

	log_warn("upstream", "%s: %s", conn->address->secure->peer.host, why->text);
	conn_close(conn);
	call_fail(call, is_certificate ? FAULT_UPSTREAM_CERTIFICATE : FAULT_UPSTREAM_TLS);
}

static void shake_hands(struct conn *conn)
{
	struct err err = {""};

	switch (upstream_tls_handshake(conn->tls, &err)) {
	case TLS_DONE:
		event_del(&conn->readable);
		conn_prove(conn); /* nobody shakes hands in a queue */
		connect_done(conn);
		break;
	case TLS_WANTS_READ:
		event_add(&conn->readable, NULL);
		break;
	case TLS_WANTS_WRITE:
		event_add(&conn->writable, NULL);
		break;
	case TLS_FAILED:
		refuse_peer(conn, upstream_tls_is_refused(conn->tls), &err);
	}
}

static void start_tls(struct conn *conn)
{
	struct secure_address *secure = conn->address->secure;
	struct err err = {""};

	secure->shaken = clock_mono_ms();
	conn->tls = upstream_tls_new(&secure->peer, conn->fd, &err);
	if (conn->tls)
		shake_hands(conn);
	else
		refuse_peer(conn, true, &err);
}

static void on_connected(struct conn *conn)
{
	struct upstream_call *call = conn->call;
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1 || error != 0) {
		conn_close(conn);
		call_fail(call, FAULT_UPSTREAM_CONNECT);
		return;
	}
	connect_learn(conn, clock_mono_ms());
	if (conn->address->secure)
		start_tls(conn);
	else
		connect_done(conn);
}

void connect_go_on(struct conn *conn)
{
	if (conn->tls)
		shake_hands(conn);
	else
		on_connected(conn);
}
