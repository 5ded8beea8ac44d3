/* A request's head and content sent on to a UI. */
#include "proxy/upstream/upstream_int.h"

#include "base/clock.h"
#include "proxy/http/move_bytes.h"

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

size_t call_unsent(const struct upstream_call *call)
{
	return call->head_len + call->body_len - call->sent;
}

bool call_is_sent(const struct upstream_call *call)
{
	return call->complete && call_unsent(call) == 0;
}

/* Nothing of a stream is sent again: what the kernel has taken need not be kept. */
static void forget_sent(struct upstream_call *call)
{
	size_t gone = call->sent > call->head_len ? call->sent - call->head_len : 0;

	if (gone == 0)
		return;
	evbuffer_drain(call->body, gone);
	call->sent -= gone;
	call->body_len -= gone;
}

/* Straight away; the event loop only hears of it when the kernel takes no more. */
void conn_send(struct conn *conn)
{
	struct upstream_call *call = conn->call;

	while (call_unsent(call) > 0) {
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
	if (call->streams || call->is_upgrade)
		forget_sent(call);
}

void conn_send_more(struct conn *conn)
{
	struct upstream_call *call = conn->call;

	conn_send(conn);
	if (!call->is_full || call_unsent(call) > UPSTREAM_QUEUE_LOW)
		return;
	call->is_full = false;
	if (call->handler->on_sent)
		call->handler->on_sent(call->arg);
}

/* Whether bytes have somewhere to go: else its end is about to be told. */
static bool takes_more(const struct upstream_call *call)
{
	if (call->unwanted && !call->is_upgrade)
		return false;
	return call->is_upgrade ? call->state == CALL_READING && call->conn
				: call->state < CALL_FAILED;
}

static void add_bytes(struct upstream_call *call, struct evbuffer *bytes)
{
	size_t len = evbuffer_get_length(bytes);

	if (call->is_chunked && len > 0)
		evbuffer_add_printf(call->body, "%zx\r\n", len);
	move_bytes(call->body, bytes);
	if (call->is_chunked && len > 0)
		evbuffer_add(call->body, "\r\n", 2);
}

/* Takes what was added to call->body. */
static void send_on(struct upstream_call *call)
{
	call->body_len = evbuffer_get_length(call->body);
	if (call->conn && call->conn->state == CONN_BUSY)
		conn_send(call->conn);
}

static void prepare_stream(struct upstream_call *call)
{
	assert(call->streams || (call->is_upgrade && call->head_len == 0));
	if (call->body == NULL)
		call->body = evbuffer_new();
	forget_sent(call);
}

size_t upstream_send(struct upstream_call *call, struct evbuffer *bytes)
{
	CHECK_OBJ(call, CALL_MAGIC);
	if (!takes_more(call)) {
		evbuffer_drain(bytes, evbuffer_get_length(bytes));
		return 0;
	}
	prepare_stream(call);
	add_bytes(call, bytes);
	send_on(call);
	call->is_full = call_unsent(call) > UPSTREAM_QUEUE_HIGH;
	return call_unsent(call);
}

void upstream_send_end(struct upstream_call *call)
{
	CHECK_OBJ(call, CALL_MAGIC);
	call->complete = true;
	if (!takes_more(call))
		return;
	prepare_stream(call);
	if (call->is_chunked)
		evbuffer_add(call->body, "0\r\n\r\n", 5);
	send_on(call);
}
