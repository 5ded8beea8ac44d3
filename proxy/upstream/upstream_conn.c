/* proxy/upstream/upstream_conn.c - one connection to a UI: opened, given to a call, kept, proved
 * alive, closed. */
#include "proxy/upstream/upstream_int.h"

#include "base/net/descriptor.h"
#include "base/clock.h"

#include <errno.h>
#include <event2/buffer.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

static void conn_free(struct conn *conn)
{
	if (conn->in)
		evbuffer_free(conn->in);
	upstream_tls_free(conn->tls);
	conn->magic = 0;
	free(conn);
}

void conn_reap(struct upstream *up)
{
	struct conn *conn;

	while ((conn = TAILQ_FIRST(&up->closed))) {
		TAILQ_REMOVE(&up->closed, conn, list);
		conn_free(conn);
	}
}

void conn_close(struct conn *conn)
{
	struct upstream *up = conn->up;

	CHECK_OBJ(conn, CONN_MAGIC);
	assert(conn->state != CONN_CLOSED);
	if (conn->state == CONN_IDLE) {
		TAILQ_REMOVE(&conn->address->idle, conn, list);
		up->counts.idle--;
	} else if (conn->state == CONN_CONNECTING) {
		TAILQ_REMOVE(&conn->address->connecting, conn, list);
	}
	if (conn->call && conn->call->conn == conn)
		conn->call->conn = NULL;
	conn->call = NULL;
	door_leave(conn);
	conn->state = CONN_CLOSED;
	event_del(&conn->readable);
	event_del(&conn->writable);
	if (conn->tls)
		upstream_tls_shut(conn->tls);
	descriptor_close(up->is_freed ? NULL : up->base, conn->fd);
	conn->address->open--;
	up->counts.connections--;
	TAILQ_INSERT_TAIL(&up->closed, conn, list);
	turn_end_soon(up);
	turn_came_free(conn->address);
}

bool conn_is_alive(const struct conn *conn)
{
	char byte;

	if (conn->tls)
		return upstream_tls_is_quiet(conn->tls);
	if (conn->turn == conn->up->turns)
		return true;
	ssize_t n = recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	/* A byte that nobody asked for would be taken for the next answer. */
	return n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void conn_prove(struct conn *conn)
{
	if (conn->proven)
		return;
	conn->proven = true;
	door_leave(conn);
}

/* The descriptor does not tell of bytes that TLS has read from it already. */
void conn_read_on(struct conn *conn)
{
	bool is_open = conn->state == CONN_BUSY || conn->state == CONN_IDLE;

	if (conn->tls && is_open && conn->reading && upstream_tls_has_more(conn->tls))
		event_active(&conn->readable, EV_READ, 0);
}

void conn_resume(struct conn *conn)
{
	if (conn->reading)
		return;
	conn->reading = true;
	event_add(&conn->readable, NULL);
	conn_read_on(conn);
}

void conn_attach(struct conn *conn, struct upstream_call *call)
{
	CHECK_OBJ(conn, CONN_MAGIC);
	call->conn = conn;
	conn->call = call;
	conn->state = CONN_BUSY;
	conn->reused = true;
	conn->filled = conn->flows = false;
	conn->up->counts.reused++;
	conn_send_more(conn);
}

void conn_keep(struct conn *conn)
{
	struct upstream *up = conn->up;

	if (up->counts.idle >= up->limits.idle_total) {
		conn_close(conn);
		return;
	}
	conn->state = CONN_IDLE;
	conn->since = clock_mono_ms();
	conn->turn = conn->filled ? 0 : up->turns;
	turn_end_soon(up);
	TAILQ_INSERT_HEAD(&conn->address->idle, conn, list);
	up->counts.idle++;
	conn_resume(conn); /* its closing is noticed */
	turn_came_free(conn->address);
}

static int connect_socket(const struct address *address)
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

int conn_open(struct upstream_call *call)
{
	struct upstream *up = call->up;
	int fd = connect_socket(call->address);

	if (fd == -1)
		return -1;
	struct conn *conn = mem_alloc(1, sizeof *conn);
	*conn = (struct conn){.magic = CONN_MAGIC,
		.state = CONN_CONNECTING,
		.up = up,
		.address = call->address,
		.call = call,
		.since = clock_mono_ms(),
		.fd = fd};
	/* As with the front's: told once, but where TLS reads ahead. */
	bool once = call->address->secure == NULL;
	short edge = once ? EV_ET : 0, end = once ? EV_CLOSED : 0;
	event_assign(&conn->readable, up->base, fd, EV_READ | EV_PERSIST | edge | end,
		up->on_readable, conn);
	event_assign(&conn->writable, up->base, fd, EV_WRITE | edge, up->on_writable, conn);
	event_add(&conn->writable, NULL);
	TAILQ_INSERT_TAIL(&call->address->connecting, conn, list);
	door_knock(conn);
	call->conn = conn;
	call->address->open++;
	up->counts.connections++;
	up->counts.opened++;
	return 0;
}
