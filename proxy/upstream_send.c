#include "proxy/upstream_int.h"

#include "base/clock.h"

#include <errno.h>
#include <event2/buffer.h>
#include <sys/uio.h>

enum { SEND_PIECES = 8 };

/* What is left of the body behind `sent` bytes of it, into `pieces`; how many. */
static size_t peek_body(struct evbuffer *body, size_t sent, struct iovec *pieces, int room)
{
	struct evbuffer_ptr from;

	evbuffer_ptr_set(body, &from, sent, EVBUFFER_PTR_SET);
	int count = evbuffer_peek(body, -1, &from, pieces, room);
	return (size_t)(count < room ? count : room);
}

static ssize_t send_some(struct conn *conn)
{
	struct upstream_call *call = conn->call;
	struct iovec pieces[SEND_PIECES];
	size_t head_sent = call->sent < call->head_len ? call->sent : call->head_len, count = 0;

	if (head_sent < call->head_len)
		pieces[count++] =
			(struct iovec){call->head + head_sent, call->head_len - head_sent};
	if (call->body_len)
		count += peek_body(call->body, call->sent - head_sent, pieces + count,
			SEND_PIECES - (int)count);
	if (conn->tls)
		return upstream_tls_write(conn->tls, pieces, count);
	struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
	return sendmsg(conn->fd, &message, MSG_NOSIGNAL);
}

/* Straight away; the event loop only hears of it when the kernel takes no more. */
void conn_send(struct conn *conn)
{
	struct upstream_call *call = conn->call;
	size_t len = call->head_len + call->body_len;

	while (call->sent < len) {
		ssize_t n = send_some(conn);
		if (n >= 0) {
			call->sent += (size_t)n;
			call->since = clock_mono_ms();
		} else if (errno == EAGAIN) {
			event_add(&conn->writable, NULL);
			return;
		} else if (errno != EINTR) {
			/* The answer may be there all the same (413, then closed): reading tells.
			 */
			return;
		}
	}
}

void conn_send_more(struct conn *conn)
{
	struct upstream_call *call = conn->call;

	conn_send(conn);
	if (call->is_upgrade && call->state == CALL_READING && call->handler->on_sent &&
		call->sent == call->body_len)
		call->handler->on_sent(call->arg);
}

size_t upstream_send(struct upstream_call *call, struct evbuffer *bytes)
{
	CHECK_OBJ(call, CALL_MAGIC);
	assert(call->is_upgrade && call->head_len == 0);
	if (call->state != CALL_READING || call->conn == NULL) { /* it is about to be told */
		evbuffer_drain(bytes, evbuffer_get_length(bytes));
		return 0;
	}
	if (call->body == NULL)
		call->body = evbuffer_new();
	evbuffer_drain(call->body, call->sent);
	call->sent = 0;
	evbuffer_add_buffer(call->body, bytes);
	call->body_len = evbuffer_get_length(call->body);
	conn_send(call->conn);
	return call->body_len - call->sent;
}
