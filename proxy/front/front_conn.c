/* A connection: its state, its standing among the others, its bytes out and in, and its end. Knows
 * nothing of HTTP. */
#include "proxy/front/front_int.h"

#include "base/clock.h"
#include "proxy/front/front_tls.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { PIECES = 64 }; /* of what is queued, written at once */

struct front_conn *front_conn_new(struct front *front)
{
	struct front_conn *conn = mem_alloc(1, sizeof *conn);

	conn->front = front;
	conn->req.wire = &front_http1;
	conn->state = CONN_READING;
	conn->since = clock_mono_ms();
	conn->out = evbuffer_new();
	return conn;
}

void front_conn_touch(struct front_conn *conn)
{
	struct front *front = conn->front;

	crowd_touch(&conn->member);
	if (!conn->shelved && TAILQ_LAST(&front->conns, front_conns) == conn)
		return;
	TAILQ_REMOVE(conn->shelved ? &front->shelf : &front->conns, conn, all);
	conn->shelved = false;
	TAILQ_INSERT_TAIL(&front->conns, conn, all);
}

void front_conn_move(struct front_conn *conn, enum conn_state state)
{
	static const unsigned from[] = {
		[CONN_READING] = 1 << CONN_ENDING,
		[CONN_REPLYING] = 1 << CONN_READING,
		[CONN_TUNNEL] = 1 << CONN_REPLYING,
		[CONN_SESSION] = 1 << CONN_READING,
		[CONN_ENDING] = 1 << CONN_REPLYING | 1 << CONN_TUNNEL,
		[CONN_LINGERING] = 1 << CONN_READING | 1 << CONN_ENDING | 1 << CONN_SESSION,
		[CONN_DEAD] = (1 << CONN_DEAD) - 1,
	};

	assert(from[state] & 1u << conn->state);
	front_conn_touch(conn);
	conn->state = state;
	conn->since = clock_mono_ms();
}

void front_conn_mark(struct front_conn *conn)
{
	if (conn->dirty)
		return;
	conn->dirty = true;
	TAILQ_INSERT_TAIL(&conn->front->dirty, conn, turn);
	if (!conn->front->is_ending_turn)
		event_active(conn->front->turn_end, EV_TIMEOUT, 0);
}

void front_conn_hear(struct front_conn *conn, bool wanted)
{
	if (conn->deaf == !wanted || conn->state == CONN_DEAD)
		return;
	conn->deaf = !wanted;
	conn->front->ops->hear(conn, wanted);
}

/* Callers up the stack may still look at it: its memory goes at the end of the turn. */
static void bury_conn(struct front_conn *conn)
{
	struct front *front = conn->front;

	front_conn_move(conn, CONN_DEAD);
	event_del(&conn->writable);
	front->ops->close(conn);
	if (front->crowd)
		crowd_leave(front->crowd, &conn->member);
	TAILQ_REMOVE(&front->conns, conn, all);
	TAILQ_INSERT_TAIL(&front->dead, conn, all);
	front->count--;
	front_conn_mark(conn);
}

void front_conn_drop(struct front_conn *conn)
{
	bool is_owned = conn->state == CONN_REPLYING || conn->state == CONN_TUNNEL;
	const struct front_handler *handler = is_owned ? conn->handler : NULL;

	conn->handler = NULL;
	if (handler && handler->on_closed)
		handler->on_closed(conn->arg);
	if (conn->session)
		conn->front->second->drop(conn);
	bury_conn(conn);
}

void front_conn_free(struct front_conn *conn)
{
	if (conn->dirty)
		TAILQ_REMOVE(&conn->front->dirty, conn, turn);
	TAILQ_REMOVE(&conn->front->dead, conn, all);
	front_input_free(conn);
	if (conn->session)
		conn->front->second->free(conn);
	if (conn->front->ops->free_conn)
		conn->front->ops->free_conn(conn);
	if (conn->content)
		evbuffer_free(conn->content);
	evbuffer_free(conn->out);
	free(conn);
}

ssize_t front_conn_receive(struct front_conn *conn, char *bytes, size_t room)
{
	return conn->front->ops->receive(conn, bytes, room);
}

bool front_conn_holds_more(const struct front_conn *conn)
{
	return conn->state != CONN_DEAD && !conn->deaf && conn->front->ops->holds_more(conn);
}

/* --- out --- */

void front_conn_queue(struct front_conn *conn, struct str text)
{
	evbuffer_add(conn->out, text.at, text.len);
}

size_t front_conn_queued(const struct front_conn *conn)
{
	return evbuffer_get_length(conn->out);
}

bool front_conn_is_flushed(const struct front_conn *conn)
{
	return front_conn_queued(conn) == 0;
}

/* Bytes written; 0: the socket takes none at the moment; -1: the client has gone. */
static ssize_t send_some(struct front_conn *conn)
{
	if (conn->ssl)
		return front_tls_write(conn->ssl, conn->out);
	struct evbuffer_iovec pieces[PIECES];
	int count = evbuffer_peek(conn->out, -1, NULL, pieces, PIECES);
	struct msghdr message = {
		.msg_iov = pieces, .msg_iovlen = (size_t)(count < PIECES ? count : PIECES)};
	ssize_t n = count == 1 ? send(conn->fd, pieces->iov_base, pieces->iov_len, MSG_NOSIGNAL)
			       : sendmsg(conn->fd, &message, MSG_NOSIGNAL);
	if (n > 0)
		evbuffer_drain(conn->out, (size_t)n);
	return n == -1 && (errno == EAGAIN || errno == EINTR) ? 0 : n;
}

/* Straight to the socket: in the common case all of it goes, and the event loop is never asked. */
void front_conn_flush(struct front_conn *conn)
{
	size_t before = front_conn_queued(conn);
	ssize_t n = 1;

	if (conn->state == CONN_DEAD || conn->broken || before == 0)
		return;
	while (n > 0 && front_conn_queued(conn) > 0)
		n = send_some(conn);
	if (n == -1) { /* not from here: the exchange that writes is still on the stack */
		evbuffer_drain(conn->out, front_conn_queued(conn));
		conn->broken = true;
		front_conn_mark(conn);
		return;
	}
	bool is_new = n == 0 && !event_pending(&conn->writable, EV_WRITE, NULL);
	if (front_conn_queued(conn) < before)
		front_conn_touch(conn);
	if (is_new || front_conn_queued(conn) < before)
		conn->since = clock_mono_ms();
	if (n == 0)
		event_add(&conn->writable, NULL);
}
