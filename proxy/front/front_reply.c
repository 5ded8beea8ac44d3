/* Answers written to a connection, and what comes after the last byte. */
#include "proxy/front/front_int.h"

#include "base/clock.h"
#include "proxy/front/front_tls.h"
#include "proxy/http/move_bytes.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { PIECES = 64 }; /* of what is queued, written at once */

static struct front_conn *conn_of(struct front_request *req)
{
	return (struct front_conn *)req;
}

void front_set_handler(struct front_request *req, const struct front_handler *handler, void *arg)
{
	struct front_conn *conn = conn_of(req);

	conn->handler = handler;
	conn->arg = arg;
}

static const char *reason_phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} table[] = {
		{200, "OK"},
		{201, "Created"},
		{202, "Accepted"},
		{204, "No Content"},
		{206, "Partial Content"},
		{301, "Moved Permanently"},
		{302, "Found"},
		{303, "See Other"},
		{304, "Not Modified"},
		{307, "Temporary Redirect"},
		{308, "Permanent Redirect"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{413, "Content Too Large"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (table[i].status == status)
			return table[i].phrase;
	}
	return "Status";
}

static void put(char **at, struct str s)
{
	if (s.len > 0)
		memcpy(*at, s.at, s.len);
	*at += s.len;
}

static void put_number(char **at, uint64_t n, unsigned base)
{
	char digits[STR_U64];

	put(at, str_of_u64(n, base, digits));
}

/* "HTTP/1.1 200 OK", without printf: it is written for every request. */
static void put_status_line(char **at, int status)
{
	put(at, STR("HTTP/1.1 "));
	put_number(at, (uint64_t)status, 10);
	put(at, STR(" "));
	put(at, str_of(reason_phrase(status)));
	put(at, STR("\r\n"));
}

/* RFC 9112 §6: exactly one way to find the end of the content. */
static void put_framing(struct front_conn *conn, char **at, int64_t length)
{
	conn->chunked = length < 0 && !conn->no_content && !conn->req.http_1_0;
	if (length < 0 && !conn->no_content && conn->req.http_1_0)
		conn->close_after = true;
	if (length >= 0) {
		put(at, STR("Content-Length: "));
		put_number(at, (uint64_t)length, 10);
		put(at, STR("\r\n"));
	} else if (conn->chunked) {
		put(at, STR("Transfer-Encoding: chunked\r\n"));
	}
}

static void put_connection(const struct front_conn *conn, char **at)
{
	if (conn->close_after)
		put(at, STR("Connection: close\r\n\r\n"));
	else if (conn->req.http_1_0)
		put(at, STR("Connection: keep-alive\r\n\r\n"));
	else
		put(at, STR("\r\n"));
}

/* RFC 9110 §8.6: these have no content, and nothing about its length. */
static bool is_bare(int status)
{
	return status < 200 || status == 204 || status == 304;
}

enum { AROUND_MAX = 256 }; /* bytes of a head's own lines: status, framing, HSTS, connection */

static void on_sent(const void *bytes, size_t len, void *block)
{
	(void)bytes, (void)len;
	secret_free(block);
}

/* Takes the block. */
static void put_block(struct front_conn *conn, char *block, size_t len)
{
	if (evbuffer_add_reference(conn->out, block, len, on_sent, block) == -1)
		abort();
}

/* Room for `len` bytes at the end of what is queued, in one piece. */
static char *reserve(struct front_conn *conn, size_t len, struct evbuffer_iovec *room)
{
	if (conn->is_wiped)
		return room->iov_base = mem_alloc(len, 1);
	if (evbuffer_reserve_space(conn->out, (ssize_t)len, room, 1) != 1)
		abort();
	return room->iov_base;
}

static void commit(struct front_conn *conn, struct evbuffer_iovec *room, const char *end)
{
	room->iov_len = (size_t)(end - (char *)room->iov_base);
	if (conn->is_wiped)
		put_block(conn, room->iov_base, room->iov_len);
	else
		evbuffer_commit_space(conn->out, room, 1);
}

void front_reply_head(struct front_request *req, int status, const struct sbuf *fields,
	int64_t length, bool no_content)
{
	struct front_conn *conn = conn_of(req);
	struct str lines = sbuf_str(fields);
	struct evbuffer_iovec room;
	char *at = reserve(conn, lines.len + AROUND_MAX, &room);

	conn->no_content = no_content || is_bare(status);
	conn->close_after |= conn->front->draining;
	front_content_settle(conn);
	put_status_line(&at, status);
	put(&at, lines);
	if (conn->ssl)
		put(&at, str_of(conn->front->hsts));
	put_framing(conn, &at, is_bare(status) ? -1 : length);
	put_connection(conn, &at);
	commit(conn, &room, at);
	front_conn_mark(conn);
}

static void put_text(struct front_conn *conn, struct str text)
{
	evbuffer_add(conn->out, text.at, text.len);
}

static size_t queued(const struct front_conn *conn)
{
	return evbuffer_get_length(conn->out);
}

size_t front_reply_body(struct front_request *req, struct evbuffer *bytes)
{
	struct front_conn *conn = conn_of(req);
	size_t len = evbuffer_get_length(bytes);
	char digits[STR_U64];

	if (conn->no_content)
		evbuffer_drain(bytes, len);
	else if (len > 0 && conn->chunked) {
		put_text(conn, str_of_u64(len, 16, digits));
		put_text(conn, STR("\r\n"));
		move_bytes(conn->out, bytes);
		put_text(conn, STR("\r\n"));
	} else
		move_bytes(conn->out, bytes);
	/* A small answer leaves in one write with its end; of a big one as much as a turn reads:
	 * fewer writes wake the client less often. */
	if (evbuffer_get_length(conn->out) >= FRONT_QUEUE_HIGH)
		front_conn_flush(conn);
	else
		front_conn_mark(conn);
	return queued(conn);
}

void front_reply_wiped(struct front_request *req)
{
	conn_of(req)->is_wiped = true;
}

void front_reply_text(struct front_request *req, struct str text)
{
	struct front_conn *conn = conn_of(req);

	if (conn->no_content || text.len == 0)
		return;
	if (conn->is_wiped) {
		char *block = mem_alloc(text.len, 1);
		memcpy(block, text.at, text.len);
		put_block(conn, block, text.len);
	} else {
		put_text(conn, text);
	}
	front_conn_mark(conn);
}

void front_tunnel_begin(struct front_request *req, const struct sbuf *fields)
{
	struct front_conn *conn = conn_of(req);

	conn->no_content = conn->chunked = false;
	conn->close_after = true;
	put_text(conn, STR("HTTP/1.1 101 Switching Protocols\r\n"));
	put_text(conn, sbuf_str(fields));
	put_text(conn, STR("Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"));
	front_conn_move(conn, CONN_TUNNEL);
	front_read_tunnel(conn);
	front_conn_hear(conn, true);
	front_conn_mark(conn);
}

void front_tunnel_read(struct front_request *req, bool wanted)
{
	front_conn_hear(conn_of(req), wanted);
}

void front_reply_end(struct front_request *req)
{
	struct front_conn *conn = conn_of(req);

	if (conn->chunked)
		put_text(conn, STR("0\r\n\r\n"));
	conn->is_wiped = false;
	front_content_stop(conn);
	front_conn_move(conn, CONN_ENDING);
	front_conn_flush(conn);
	if (front_conn_is_flushed(conn))
		front_conn_next(conn);
}

void front_reply_cut(struct front_request *req)
{
	struct front_conn *conn = conn_of(req);

	conn->handler = NULL;
	front_conn_flush(conn); /* what there is shows that it broke off */
	front_conn_drop(conn);
}

void front_close_after(struct front_request *req)
{
	conn_of(req)->close_after = true;
}

bool front_conn_is_flushed(const struct front_conn *conn)
{
	return queued(conn) == 0;
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
	size_t before = queued(conn);
	ssize_t n = 1;

	if (conn->state == CONN_DEAD || conn->broken || before == 0)
		return;
	while (n > 0 && queued(conn) > 0)
		n = send_some(conn);
	if (n == -1) { /* not from here: the exchange that writes is still on the stack */
		evbuffer_drain(conn->out, queued(conn));
		conn->broken = true;
		front_conn_mark(conn);
		return;
	}
	bool is_new = n == 0 && !event_pending(&conn->writable, EV_WRITE, NULL);
	if (queued(conn) < before)
		front_limit_touch(conn);
	if (is_new || queued(conn) < before)
		conn->since = clock_mono_ms();
	if (n == 0)
		event_add(&conn->writable, NULL);
}

void front_reply_on_writable(int fd, short what, void *arg)
{
	struct front_conn *conn = arg;

	(void)what;
	if (conn->ssl && queued(conn) == 0)
		front_read_on_readable(fd, EV_READ, conn); /* the handshake waited */
	front_conn_flush(conn);
	if (conn->broken || queued(conn) >= FRONT_QUEUE_LOW)
		return;
	if (conn->state == CONN_REPLYING || conn->state == CONN_TUNNEL) {
		if (conn->handler && conn->handler->on_drained)
			conn->handler->on_drained(conn->arg);
	} else if (queued(conn) == 0 && conn->state != CONN_READING && conn->state != CONN_DEAD) {
		front_conn_next(conn);
	}
}

void front_reply_continue(struct front_conn *conn)
{
	put_text(conn, STR("HTTP/1.1 100 Continue\r\n\r\n"));
	front_conn_flush(conn);
}

void front_reply_refusal(struct front_conn *conn, enum fault fault)
{
	const struct fault_row *row = fault_row(fault);
	size_t len = strlen(row->sentence) + 1;

	evbuffer_add_printf(conn->out,
		"HTTP/1.1 %d %s\r\n%sContent-Type: text/plain; "
		"charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"
		"Cache-Control: no-store\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s\n",
		row->status, reason_phrase(row->status),
		/* RFC 9110 §15.5.6: what is taken at all; each resource takes fewer. */
		fault == FAULT_METHOD ? "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n"
				      : "",
		len, row->sentence);
	conn->close_after = true;
}
