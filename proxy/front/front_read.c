/* What a connection's events lead to: requests are read, the head by the strict reader, one turn
 * each (S58); tunnels; what was queued is written. */
#include "proxy/front/front_int.h"

#include "base/clock.h"

#include <event2/buffer.h>
#include <event2/event.h>

enum {
	TUNNEL_READ = 16 * 1024,
	READS_A_TURN = 8, /* then others have their turn */
};

/* False: what stands there must be answered first. */
static bool make_room_to_read(struct front_conn *conn)
{
	if (conn->in == NULL)
		front_input_begin(conn);
	struct front_input *in = conn->in;
	size_t room = in->size - in->len;
	/* Requests that wait for their turn are no head that is larger than most. */
	if (conn->state == CONN_READING && room == 0 && in->at == in->len)
		front_input_grow(in);
	else if (front_content_is_wanted(conn) && in->head == NULL &&
		 room < (in->mode == CONTENT_HELD ? INPUT_CONTENT_MIN : INPUT_CONTENT_ROOM))
		front_input_split(in);
	return in->len < in->size;
}

static bool wants_close(const struct front_request *req)
{
	return h1_connection_has(req->fields, req->fields_count, STR("close")) ||
	       (req->http_1_0 &&
		       !h1_connection_has(req->fields, req->fields_count, STR("keep-alive")));
}

static void tell_of_request(struct front_conn *conn, bool follows)
{
	struct front *front = conn->front;
	struct front_request *req = &conn->req;
	const struct reader *reader = &conn->in->reader;

	req->method = reader->method;
	req->target = reader->target;
	req->fields = reader->fields;
	req->fields_count = reader->fields_count;
	req->http_1_0 = reader->http_1_0;
	enum fault fault = front->ops->take_head ? front->ops->take_head(conn) : FAULT_NONE;
	if (fault != FAULT_NONE) {
		front_reply_refuse(conn, fault);
		return;
	}
	front_content_begin(conn, follows);
	conn->close_after = wants_close(req);
	conn->served = front->turns;
	front_conn_move(conn, CONN_REPLYING);
	front->on_request(front->arg, req);
}

/* What was taken behind the head need not stand there any more. */
static void reuse_room(struct front_conn *conn)
{
	struct front_input *in = conn->in;

	if (in && in->head_len && in->at == in->len)
		in->at = in->len = in->head ? 0 : in->head_len;
}

static enum request_reader_event take_head(struct front_input *in)
{
	struct str content;
	size_t used;
	enum request_reader_event event = request_reader_take(
		&in->reader, (struct str){in->bytes + in->at, in->len - in->at}, &used, &content);

	in->at += used;
	if (in->reader.has_head)
		in->head_len = in->at;
	return event;
}

/* The next request, as soon as its head is there: one a turn (S58). */
static void take_request(struct front_conn *conn)
{
	if (conn->served == conn->front->turns) {
		front_conn_mark(conn);
		return;
	}
	enum request_reader_event event = take_head(conn->in);
	if (event == READER_BAD)
		front_reply_refuse(conn, conn->in->reader.fault);
	else if (event != READER_MORE)
		tell_of_request(conn, event == READER_HEAD);
}

/* What stood there has been looked at: there is room for more. */
static void hear_more(struct front_conn *conn)
{
	if (conn->state == CONN_READING && conn->in && conn->in->at == conn->in->len)
		front_conn_hear(conn, true);
}

static void take_what_came(struct front_conn *conn)
{
	if (conn->state == CONN_READING)
		take_request(conn);
	else
		front_content_take(conn);
	reuse_room(conn);
	hear_more(conn);
}

/* --- what comes, by the connection's state --- */

static void discard_some(struct front_conn *conn)
{
	char rest[4096];
	ssize_t n = front_conn_receive(conn, rest, sizeof rest);

	if (n == -1)
		front_conn_drop(conn);
}

static void hand_tunnel_on(struct front_conn *conn)
{
	if (conn->handler && conn->handler->on_bytes)
		conn->handler->on_bytes(conn->arg, conn->content);
}

static void read_tunnel(struct front_conn *conn)
{
	char bytes[TUNNEL_READ];
	ssize_t n = front_conn_receive(conn, bytes, sizeof bytes);

	if (n == -1)
		front_conn_drop(conn);
	if (n <= 0)
		return;
	evbuffer_add(conn->content, bytes, (size_t)n);
	hand_tunnel_on(conn);
}

/* True: what has come is not, or not yet, HTTP/1's. */
static bool is_of_second(struct front_conn *conn)
{
	const struct front_second *second = conn->front->second;
	struct str bytes = {conn->in->bytes, conn->in->len};

	if (second == NULL || conn->served > 0 || conn->state != CONN_READING)
		return false;
	enum front_guess guess = second->guess(conn, bytes);
	if (guess == GUESS_SECOND) {
		second->begin(conn, bytes);
		front_input_free(conn);
	}
	return guess != GUESS_FIRST;
}

static void read_request(struct front_conn *conn)
{
	if (!make_room_to_read(conn)) {
		front_conn_hear(conn, false);
		return;
	}
	struct front_input *in = conn->in;
	ssize_t n = front_conn_receive(conn, in->bytes + in->len, in->size - in->len);
	if (n == -1) {
		front_conn_drop(conn);
		return;
	}
	bool is_first = in->len == 0 && in->head == NULL;
	if (n > 0 && is_first)
		conn->since = clock_mono_ms();
	in->len += (size_t)n;
	if (in->used < in->len)
		in->used = in->len;
	if (n == 0 && is_first)
		front_input_free(conn);
	else if (!is_of_second(conn))
		take_what_came(conn);
}

static void read_some(struct front_conn *conn)
{
	if (conn->state == CONN_LINGERING || front_content_is_discarded(conn))
		discard_some(conn);
	else if (conn->state == CONN_TUNNEL)
		read_tunnel(conn);
	else if (conn->state == CONN_SESSION)
		conn->front->second->read(conn);
	else if (front_content_reads_directly(conn))
		front_content_read(conn);
	else
		read_request(conn);
}

void front_read_on_readable(int fd, short what, void *arg)
{
	struct front_conn *conn = arg;
	int reads = 0;

	(void)fd;
	conn->ends |= (what & EV_CLOSED) != 0;
	front_conn_touch(conn);
	do
		read_some(conn);
	while (front_conn_holds_more(conn) && ++reads < READS_A_TURN);
	if (reads == READS_A_TURN) /* the rest in another turn */
		front_conn_mark(conn);
}

void front_read_on_writable(int fd, short what, void *arg)
{
	struct front_conn *conn = arg;

	(void)what;
	if (conn->ssl && front_conn_queued(conn) == 0)
		front_read_on_readable(fd, EV_READ, conn); /* the handshake waited */
	front_conn_flush(conn);
	if (conn->broken || front_conn_queued(conn) >= FRONT_QUEUE_LOW)
		return;
	if (conn->state == CONN_REPLYING || conn->state == CONN_TUNNEL) {
		if (conn->handler && conn->handler->on_drained)
			conn->handler->on_drained(conn->arg);
	} else if (conn->state == CONN_SESSION) {
		conn->front->second->written(conn);
	} else if (front_conn_queued(conn) == 0 && conn->state != CONN_READING &&
		   conn->state != CONN_DEAD) {
		front_reply_next(conn);
	}
}

void front_read_go_on(struct front_conn *conn)
{
	front_conn_flush(conn);
	if (conn->in && (conn->state == CONN_READING || front_content_is_wanted(conn)))
		take_what_came(conn);
	else if (conn->state == CONN_TUNNEL && evbuffer_get_length(conn->content) > 0)
		hand_tunnel_on(conn);
	else if (conn->state == CONN_SESSION)
		conn->front->second->go_on(conn);
	if (front_conn_holds_more(conn))
		front_read_on_readable(conn->fd, EV_READ, conn);
}
