/* The front that reads its sockets itself: accepts, hears of readable and writable sockets,
 * receives, in the clear or through TLS. Requests are what the strict reader makes of the bytes. */
#include "proxy/front/front_int.h"

#include "base/net/descriptor.h"
#include "proxy/front/front_tls.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <sys/socket.h>
#include <unistd.h>

static void direct_accept(
	struct evconnlistener *listener, int fd, struct sockaddr *peer, int len, void *arg)
{
	struct front *front = arg;
	struct front_conn *conn = front_conn_new(front);

	(void)listener;
	conn->fd = fd;
	conn->ssl = front->tls ? front_tls_accept(front->tls, fd) : NULL;
	/* Told once: what stands there is read to its end, and the kernel looks at a connection
	 * only when something comes. TLS reads ahead, so that nobody knows what is left: told
	 * always. */
	short edge = conn->ssl ? 0 : EV_ET, end = conn->ssl ? 0 : EV_CLOSED;
	event_assign(&conn->readable, front->base, fd, EV_READ | EV_PERSIST | edge | end,
		front_read_on_readable, conn);
	event_assign(
		&conn->writable, front->base, fd, EV_WRITE | edge, front_read_on_writable, conn);
	event_add(&conn->readable, NULL);
	front_limit_admit(conn, peer, (size_t)len);
}

static void direct_listen(struct front *front, int fd)
{
	front->listener = evconnlistener_new(front->base, direct_accept, front,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
}

static void direct_stop(struct front *front)
{
	evconnlistener_free(front->listener);
	front->listener = NULL;
}

static ssize_t direct_receive(struct front_conn *conn, char *bytes, size_t room)
{
	if (conn->ssl) {
		ssize_t n = front_tls_read(conn->ssl, bytes, room);
		if (n == 0 && front_tls_wants_write(conn->ssl))
			event_add(&conn->writable, NULL);
		return n;
	}
	ssize_t n = recv(conn->fd, bytes, room, 0);
	/* epoll(7), Q9: a read that brings less than it might has read all; but for the end. */
	conn->unread = n > 0 && ((size_t)n == room || conn->ends);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n == 0 ? -1 : n;
}

static bool direct_holds_more(const struct front_conn *conn)
{
	return conn->ssl ? front_tls_has_bytes(conn->ssl) : conn->unread;
}

static void direct_hear(struct front_conn *conn, bool wanted)
{
	if (!wanted) {
		event_del(&conn->readable);
		return;
	}
	event_add(&conn->readable, NULL);
	if (conn->ssl) /* it may hold bytes that the socket does not tell of */
		front_conn_mark(conn);
}

static void direct_close(struct front_conn *conn)
{
	event_del(&conn->readable);
	front_tls_free_connection(conn->ssl);
	conn->ssl = NULL;
	descriptor_close(conn->front->is_freed ? NULL : conn->front->base, conn->fd);
}

static bool direct_fills_room(const struct front_conn *conn)
{
	(void)conn;
	return true;
}

const struct front_ops front_direct_ops = {
	.listen = direct_listen,
	.stop = direct_stop,
	.receive = direct_receive,
	.holds_more = direct_holds_more,
	.hear = direct_hear,
	.close = direct_close,
	.fills_room = direct_fills_room,
};
