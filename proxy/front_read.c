#include "proxy/front_int.h"

#include "base/clock.h"
#include "base/pool.h"
#include "proxy/front_tls.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdlib.h>

enum {
	INPUT_MIN = 4096 - 32, /* most requests; a block of the pool */
	CONTENT_MIN = 1024,    /* room to read content into: never a few bytes at a time */
	TUNNEL_READ = 16 * 1024,
	READS_A_TURN = 8, /* then others have their turn */
};

/* > 0: bytes; 0: none at the moment; -1: the client has gone. */
static ssize_t receive(struct front_conn *conn, char *bytes, size_t room)
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

bool front_read_is_idle(const struct front_conn *conn)
{
	return conn->in == NULL;
}

/* Tokens and cookies have stood there (S69). */
static void give_back(struct front_input *in)
{
	explicit_bzero(in->bytes, in->used);
	pool_free(in->bytes);
}

void front_read_free(struct front_conn *conn)
{
	if (conn->in)
		give_back(conn->in);
	pool_free(conn->in);
	conn->in = NULL;
}

static void must(const void *memory)
{
	if (memory == NULL)
		abort();
}

static void input_begin(struct front_conn *conn)
{
	struct front_input *in = pool_malloc(sizeof *in);

	must(in);
	in->bytes = pool_malloc(INPUT_MIN);
	must(in->bytes);
	in->size = INPUT_MIN;
	in->len = in->used = in->at = in->head_len = 0;
	reader_init(&in->reader, &conn->front->reader_limits, in->bytes);
	conn->in = in;
}

/* A head that is larger than most: the reader bounds it. Content is taken away as it comes. */
static void input_grow(struct front_input *in)
{
	char *larger = pool_malloc(in->size * 2);

	must(larger);
	memcpy(larger, in->bytes, in->len);
	reader_move(&in->reader, in->bytes, larger);
	give_back(in);
	in->bytes = larger;
	in->size *= 2;
}

/* False: what stands there must be answered first. */
static bool make_room(struct front_conn *conn)
{
	if (conn->in == NULL)
		input_begin(conn);
	size_t room = conn->in->size - conn->in->len, wanted = conn->in->head_len ? CONTENT_MIN : 1;
	if (room < wanted && conn->state == CONN_READING)
		input_grow(conn->in);
	return conn->in->len < conn->in->size;
}

static bool wants_close(const struct front_request *req)
{
	return h1_connection_has(req->fields, req->fields_count, STR("close")) ||
	       (req->http_1_0 &&
		       !h1_connection_has(req->fields, req->fields_count, STR("keep-alive")));
}

static void dispatch(struct front_conn *conn)
{
	struct front_request *req = &conn->req;
	const struct reader *reader = &conn->in->reader;

	req->method = reader->method;
	req->target = reader->target;
	req->fields = reader->fields;
	req->fields_count = reader->fields_count;
	req->http_1_0 = reader->http_1_0;
	req->body = conn->content ? conn->content : conn->front->nothing;
	conn->close_after = wants_close(req);
	front_conn_move(conn, CONN_REPLYING);
	conn->front->on_request(conn->front->arg, req);
}

static bool expects_continue(const struct reader *reader)
{
	struct str wanted = h1_find(reader->fields, reader->fields_count, FIELD_EXPECT);

	return !reader->http_1_0 && str_eq_nocase(wanted, STR("100-continue"));
}

static void keep_content(struct front_conn *conn, struct str content)
{
	if (content.len == 0)
		return;
	if (conn->content == NULL)
		conn->content = evbuffer_new();
	evbuffer_add(conn->content, content.at, content.len);
}

/* What was taken behind the head need not stand there any more. */
static void reuse_room(struct front_input *in)
{
	if (in->head_len && in->at == in->len)
		in->at = in->len = in->head_len;
}

static enum reader_event take(struct front_conn *conn)
{
	struct front_input *in = conn->in;
	struct str content;
	size_t used;
	enum reader_event event = reader_take(
		&in->reader, (struct str){in->bytes + in->at, in->len - in->at}, &used, &content);

	in->at += used;
	if (in->head_len == 0 && in->reader.has_head)
		in->head_len = in->at;
	keep_content(conn, content);
	return event;
}

/* Requests until one of them is not answered at once, or the bytes run out. */
static void take_all(struct front_conn *conn)
{
	enum reader_event event = READER_CONTENT;

	while (conn->state == CONN_READING && conn->in && event != READER_MORE) {
		event = take(conn);
		if (event == READER_BAD) {
			front_conn_refuse(conn, conn->in->reader.fault);
		} else if (event == READER_END) {
			dispatch(conn);
		} else if (event == READER_HEAD && conn->in->at == conn->in->len &&
			   expects_continue(&conn->in->reader)) {
			front_reply_continue(conn);
		}
	}
	if (conn->state == CONN_READING && conn->in)
		reuse_room(conn->in);
}

/* A form, perhaps, with a token in it. */
void front_read_wipe_content(struct front_conn *conn)
{
	struct evbuffer_iovec piece;

	while (conn->content && evbuffer_peek(conn->content, -1, NULL, &piece, 1) > 0) {
		explicit_bzero(piece.iov_base, piece.iov_len);
		evbuffer_drain(conn->content, piece.iov_len);
	}
}

void front_read_end(struct front_conn *conn)
{
	struct front_input *in = conn->in;

	front_read_wipe_content(conn);
	if (in == NULL || in->at == in->len) {
		front_read_free(conn);
		return;
	}
	in->len -= in->at;
	memmove(in->bytes, in->bytes + in->at, in->len);
	explicit_bzero(in->bytes + in->len, in->used - in->len);
	in->used = in->len;
	in->at = in->head_len = 0;
	reader_init(&in->reader, &conn->front->reader_limits, in->bytes);
}

/* --- what comes, by the connection's state --- */

static void discard(struct front_conn *conn)
{
	char rest[4096];
	ssize_t n = receive(conn, rest, sizeof rest);

	if (n == -1)
		front_conn_drop(conn);
}

static void hand_on(struct front_conn *conn)
{
	if (conn->handler)
		conn->handler->on_bytes(conn->arg, conn->content);
}

static void read_tunnel(struct front_conn *conn)
{
	char bytes[TUNNEL_READ];
	ssize_t n = receive(conn, bytes, sizeof bytes);

	if (n == -1)
		front_conn_drop(conn);
	if (n <= 0)
		return;
	evbuffer_add(conn->content, bytes, (size_t)n);
	hand_on(conn);
}

static void read_request(struct front_conn *conn)
{
	if (!make_room(conn)) {
		front_conn_hear(conn, false);
		return;
	}
	struct front_input *in = conn->in;
	ssize_t n = receive(conn, in->bytes + in->len, in->size - in->len);
	if (n == -1) {
		front_conn_drop(conn);
		return;
	}
	if (n > 0 && in->len == 0)
		conn->since = clock_mono_ms();
	in->len += (size_t)n;
	if (in->used < in->len)
		in->used = in->len;
	if (in->len == 0)
		front_read_free(conn);
	else if (conn->state == CONN_READING)
		take_all(conn);
}

static void read_once(struct front_conn *conn)
{
	if (conn->state == CONN_LINGERING)
		discard(conn);
	else if (conn->state == CONN_TUNNEL)
		read_tunnel(conn);
	else
		read_request(conn);
}

/* Bytes that are to be read now. */
static bool holds_more(const struct front_conn *conn)
{
	if (conn->state == CONN_DEAD || conn->deaf)
		return false;
	return conn->ssl ? front_tls_has_bytes(conn->ssl) : conn->unread;
}

void front_read_on_readable(int fd, short what, void *arg)
{
	struct front_conn *conn = arg;
	int reads = 0;

	(void)fd;
	conn->ends |= (what & EV_CLOSED) != 0;
	front_limit_touch(conn);
	do
		read_once(conn);
	while (holds_more(conn) && (conn->ssl || ++reads < READS_A_TURN));
	if (reads == READS_A_TURN) { /* to be told again */
		front_conn_hear(conn, false);
		front_conn_hear(conn, true);
	}
}

void front_read_go_on(struct front_conn *conn)
{
	front_conn_flush(conn);
	if (conn->state == CONN_READING && conn->in)
		take_all(conn);
	else if (conn->state == CONN_TUNNEL && evbuffer_get_length(conn->content) > 0)
		hand_on(conn);
	if (holds_more(conn))
		front_read_on_readable(conn->fd, EV_READ, conn);
}

void front_read_tunnel(struct front_conn *conn)
{
	struct front_input *in = conn->in;
	struct str early = {in->bytes + in->at, in->len - in->at};

	keep_content(conn, early);
	in->at = in->len;
	if (conn->content == NULL)
		conn->content = evbuffer_new();
	if (early.len > 0)
		front_conn_mark(conn);
}
