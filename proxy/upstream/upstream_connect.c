/* proxy/upstream/upstream_connect.c - from a socket to a connection that a request may be sent on.
 */
#include "proxy/upstream/upstream_int.h"

#include "base/clock.h"
#include "base/log/log.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

/* The request may go: all that a connection needs is there. */
static void begin(struct conn *conn)
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
		begin(conn);
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
	doubt_learn(conn, clock_mono_ms());
	if (conn->address->secure)
		start_tls(conn);
	else
		begin(conn);
}

void connect_go_on(struct conn *conn)
{
	if (conn->tls)
		shake_hands(conn);
	else
		on_connected(conn);
}

int connect_socket(const struct address *address)
{
	const struct sockaddr *addr = (const struct sockaddr *)&address->addr;
	int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd == -1)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(fd, addr, address->len) == 0 || errno == EINPROGRESS)
		return fd;
	close(fd);
	return -1;
}
