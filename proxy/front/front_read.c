/* Requests read from a connection: the head by the strict reader, one turn each (S58). */
#include "proxy/front/front_int.h"

#include "base/clock.h"
#include "base/block.h"
#include "proxy/front/front_tls.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdlib.h>

enum {
	INPUT_MIN = 4096 - 32,	       /* most requests; a block of the pool */
	CONTENT_MIN = 1024,	       /* room to read content into: never a few bytes at a time */
	CONTENT_ROOM = 16 * 1024 - 64, /* the same, where it is handed on as it comes */
	TUNNEL_READ = 16 * 1024,
	READS_A_TURN = 8, /* then others have their turn */
};

ssize_t front_read_receive(struct front_conn *conn, char *bytes, size_t room)
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
static void give_back(char *bytes, size_t used)
{
	if (bytes)
		explicit_bzero(bytes, used);
	block_free(bytes);
}

void front_read_free(struct front_conn *conn)
{
	front_content_end(conn);
	if (conn->in) {
		give_back(conn->in->head, conn->in->head_used);
		give_back(conn->in->bytes, conn->in->used);
	}
	block_free(conn->in);
	conn->in = NULL;
}

static void must(const void *memory)
{
	if (memory == NULL)
		abort();
}

/* The next request begins at the first byte. */
static void input_reset(struct front_conn *conn, struct front_input *in)
{
	in->at = in->head_len = 0;
	in->head = NULL;
	in->mode = CONTENT_NONE;
	in->paused = false;
	in->budget = NULL;
	in->taken = 0;
	request_reader_init(&in->reader, &conn->front->reader_limits, in->bytes);
}

static void input_begin(struct front_conn *conn)
{
	struct front_input *in = block_malloc(sizeof *in);

	must(in);
	in->bytes = block_malloc(INPUT_MIN);
	must(in->bytes);
	in->size = INPUT_MIN;
	in->len = in->used = in->at = 0;
	input_reset(conn, in);
	conn->in = in;
}

/* A head that is larger than most: the reader bounds it. */
static void input_grow(struct front_input *in)
{
	char *larger = block_malloc(in->size * 2);

	must(larger);
	memcpy(larger, in->bytes, in->len);
	request_reader_move(&in->reader, in->bytes, larger);
	give_back(in->bytes, in->used);
	in->bytes = larger;
	in->size *= 2;
}

/* The exchange holds on to the head's bytes where they are: content gets a block of its own. */
static void input_split(struct front_input *in)
{
	size_t unread = in->len - in->at;
	size_t size = unread < CONTENT_MIN ? CONTENT_ROOM : unread + CONTENT_ROOM;
	char *rest = block_malloc(size);

	must(rest);
	memcpy(rest, in->bytes + in->at, unread);
	in->head = in->bytes;
	in->head_used = in->used;
	in->len = in->used = unread;
	in->bytes = rest;
	in->size = size;
	in->at = 0;
}

/* False: what stands there must be answered first. */
static bool make_room(struct front_conn *conn)
{
	if (conn->in == NULL)
		input_begin(conn);
	struct front_input *in = conn->in;
	size_t room = in->size - in->len;
	/* Requests that wait for their turn are no head that is larger than most. */
	if (conn->state == CONN_READING && room == 0 && in->at == in->len)
		input_grow(in);
	else if (front_content_is_wanted(conn) && in->head == NULL &&
		 room < (in->mode == CONTENT_HELD ? CONTENT_MIN : CONTENT_ROOM))
		input_split(in);
	return in->len < in->size;
}

static bool wants_close(const struct front_request *req)
{
	return h1_connection_has(req->fields, req->fields_count, STR("close")) ||
	       (req->http_1_0 &&
		       !h1_connection_has(req->fields, req->fields_count, STR("keep-alive")));
}

static void dispatch(struct front_conn *conn, bool follows)
{
	struct front_request *req = &conn->req;
	const struct reader *reader = &conn->in->reader;

	req->method = reader->method;
	req->target = reader->target;
	req->fields = reader->fields;
	req->fields_count = reader->fields_count;
	req->http_1_0 = reader->http_1_0;
	front_content_begin(conn, follows);
	conn->close_after = wants_close(req);
	conn->served = conn->front->turns;
	front_conn_move(conn, CONN_REPLYING);
	conn->front->on_request(conn->front->arg, req);
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
		front_conn_refuse(conn, conn->in->reader.fault);
	else if (event != READER_MORE)
		dispatch(conn, event == READER_HEAD);
}

/* What stood there has been looked at: there is room for more. */
static void hear_more(struct front_conn *conn)
{
	if (conn->state == CONN_READING && conn->in && conn->in->at == conn->in->len)
		front_conn_hear(conn, true);
}

static void take(struct front_conn *conn)
{
	if (conn->state == CONN_READING)
		take_request(conn);
	else
		front_content_take(conn);
	reuse_room(conn);
	hear_more(conn);
}

void front_read_end(struct front_conn *conn)
{
	struct front_input *in = conn->in;

	if (in == NULL || in->at == in->len) {
		front_read_free(conn);
		return;
	}
	front_content_end(conn);
	in->len -= in->at;
	memmove(in->bytes, in->bytes + in->at, in->len);
	explicit_bzero(in->bytes + in->len, in->used - in->len);
	in->used = in->len;
	give_back(in->head, in->head_used);
	input_reset(conn, in);
}

/* --- what comes, by the connection's state --- */

static void discard(struct front_conn *conn)
{
	char rest[4096];
	ssize_t n = front_read_receive(conn, rest, sizeof rest);

	if (n == -1)
		front_conn_drop(conn);
}

static void hand_on(struct front_conn *conn)
{
	if (conn->handler && conn->handler->on_bytes)
		conn->handler->on_bytes(conn->arg, conn->content);
}

static void read_tunnel(struct front_conn *conn)
{
	char bytes[TUNNEL_READ];
	ssize_t n = front_read_receive(conn, bytes, sizeof bytes);

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
	ssize_t n = front_read_receive(conn, in->bytes + in->len, in->size - in->len);
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
		front_read_free(conn);
	else
		take(conn);
}

static void read_once(struct front_conn *conn)
{
	if (conn->state == CONN_LINGERING || front_content_is_discarded(conn))
		discard(conn);
	else if (conn->state == CONN_TUNNEL)
		read_tunnel(conn);
	else if (front_content_reads_directly(conn))
		front_content_read(conn);
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
	while (holds_more(conn) && ++reads < READS_A_TURN);
	if (reads == READS_A_TURN) /* the rest in another turn */
		front_conn_mark(conn);
}

void front_read_go_on(struct front_conn *conn)
{
	front_conn_flush(conn);
	if (conn->in && (conn->state == CONN_READING || front_content_is_wanted(conn)))
		take(conn);
	else if (conn->state == CONN_TUNNEL && evbuffer_get_length(conn->content) > 0)
		hand_on(conn);
	if (holds_more(conn))
		front_read_on_readable(conn->fd, EV_READ, conn);
}

void front_read_tunnel(struct front_conn *conn)
{
	struct front_input *in = conn->in;
	struct str early = {in->bytes + in->at, in->len - in->at};

	if (conn->content == NULL)
		conn->content = evbuffer_new();
	evbuffer_add(conn->content, early.at, early.len);
	in->at = in->len;
	if (early.len > 0)
		front_conn_mark(conn);
}
