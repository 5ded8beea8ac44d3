/* HTTP/1's answers, written to a connection, and what comes after the last byte. */
#include "proxy/front/front_int.h"

#include "proxy/front/front_tls.h"
#include "proxy/http/move_bytes.h"
#include "proxy/http/status_phrase.h"
#include "proxy/http/wiped_bytes.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static struct front_conn *conn_of(struct front_request *req)
{
	return (struct front_conn *)req;
}

static void http1_set_handler(
	struct front_request *req, const struct front_handler *handler, void *arg)
{
	struct front_conn *conn = conn_of(req);

	conn->handler = handler;
	conn->arg = arg;
}

static void put_str(char **at, struct str s)
{
	if (s.len > 0)
		memcpy(*at, s.at, s.len);
	*at += s.len;
}

static void put_number(char **at, uint64_t n, unsigned base)
{
	char digits[STR_U64];

	put_str(at, str_of_u64(n, base, digits));
}

/* "HTTP/1.1 200 OK", without printf: it is written for every request. */
static void put_status_line(char **at, int status)
{
	put_str(at, STR("HTTP/1.1 "));
	put_number(at, (uint64_t)status, 10);
	put_str(at, STR(" "));
	put_str(at, str_of(status_phrase(status)));
	put_str(at, STR("\r\n"));
}

/* RFC 9112 §6: exactly one way to find the end of the content. */
static void put_framing(struct front_conn *conn, char **at, int64_t length)
{
	conn->chunked = length < 0 && !conn->no_content && !conn->req.http_1_0;
	if (length < 0 && !conn->no_content && conn->req.http_1_0)
		conn->close_after = true;
	if (length >= 0) {
		put_str(at, STR("Content-Length: "));
		put_number(at, (uint64_t)length, 10);
		put_str(at, STR("\r\n"));
	} else if (conn->chunked) {
		put_str(at, STR("Transfer-Encoding: chunked\r\n"));
	}
}

static void put_connection(const struct front_conn *conn, char **at)
{
	if (conn->close_after)
		put_str(at, STR("Connection: close\r\n\r\n"));
	else if (conn->req.http_1_0)
		put_str(at, STR("Connection: keep-alive\r\n\r\n"));
	else
		put_str(at, STR("\r\n"));
}

enum { AROUND_MAX = 256 }; /* bytes of a head's own lines: status, framing, HSTS, connection */

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
		wiped_bytes_add_block(conn->out, room->iov_base, room->iov_len);
	else
		evbuffer_commit_space(conn->out, room, 1);
}

static void http1_head(struct front_request *req, int status, const struct sbuf *fields,
	int64_t length, bool no_content)
{
	struct front_conn *conn = conn_of(req);
	struct str lines = sbuf_str(fields);
	struct evbuffer_iovec room;
	char *at = reserve(conn, lines.len + AROUND_MAX, &room);

	conn->no_content = no_content || status_is_bare(status);
	conn->close_after |= conn->front->draining;
	front_content_settle(conn);
	put_status_line(&at, status);
	put_str(&at, lines);
	if (conn->ssl)
		put_str(&at, str_of(conn->front->hsts));
	put_framing(conn, &at, status_is_bare(status) ? -1 : length);
	put_connection(conn, &at);
	commit(conn, &room, at);
	front_conn_mark(conn);
}

static size_t http1_body(struct front_request *req, struct evbuffer *bytes)
{
	struct front_conn *conn = conn_of(req);
	size_t len = evbuffer_get_length(bytes);
	char digits[STR_U64];

	if (conn->no_content)
		evbuffer_drain(bytes, len);
	else if (len > 0 && conn->chunked) {
		front_conn_queue(conn, str_of_u64(len, 16, digits));
		front_conn_queue(conn, STR("\r\n"));
		move_bytes(conn->out, bytes);
		front_conn_queue(conn, STR("\r\n"));
	} else
		move_bytes(conn->out, bytes);
	/* A small answer leaves in one write with its end; of a big one as much as a turn reads:
	 * fewer writes wake the client less often. */
	if (evbuffer_get_length(conn->out) >= FRONT_QUEUE_HIGH)
		front_conn_flush(conn);
	else
		front_conn_mark(conn);
	return front_conn_queued(conn);
}

static void http1_wiped(struct front_request *req)
{
	conn_of(req)->is_wiped = true;
}

static void http1_text(struct front_request *req, struct str text)
{
	struct front_conn *conn = conn_of(req);

	if (conn->no_content || text.len == 0)
		return;
	if (conn->is_wiped)
		wiped_bytes_add(conn->out, text);
	else
		front_conn_queue(conn, text);
	front_conn_mark(conn);
}

static void http1_tunnel(struct front_request *req, const struct sbuf *fields)
{
	struct front_conn *conn = conn_of(req);

	conn->no_content = conn->chunked = false;
	conn->close_after = true;
	front_conn_queue(conn, STR("HTTP/1.1 101 Switching Protocols\r\n"));
	front_conn_queue(conn, sbuf_str(fields));
	front_conn_queue(conn, STR("Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"));
	front_conn_move(conn, CONN_TUNNEL);
	front_input_hand_over(conn);
	front_conn_hear(conn, true);
	front_conn_mark(conn);
}

static void http1_tunnel_read(struct front_request *req, bool wanted)
{
	front_conn_hear(conn_of(req), wanted);
}

static void http1_end(struct front_request *req)
{
	struct front_conn *conn = conn_of(req);

	if (conn->chunked)
		front_conn_queue(conn, STR("0\r\n\r\n"));
	conn->is_wiped = false;
	front_content_stop(conn);
	front_conn_move(conn, CONN_ENDING);
	front_conn_flush(conn);
	if (front_conn_is_flushed(conn))
		front_reply_next(conn);
}

static void http1_cut(struct front_request *req)
{
	struct front_conn *conn = conn_of(req);

	conn->handler = NULL;
	front_conn_flush(conn); /* what there is shows that it broke off */
	front_conn_drop(conn);
}

static void http1_close_after(struct front_request *req)
{
	conn_of(req)->close_after = true;
}

static void put_refusal(struct front_conn *conn, enum fault fault)
{
	const struct fault_row *row = fault_row(fault);
	size_t len = strlen(row->sentence) + 1;

	evbuffer_add_printf(conn->out,
		"HTTP/1.1 %d %s\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n%s\n",
		row->status, status_phrase(row->status), front_refusal_fields(fault), len,
		row->sentence);
	conn->close_after = true;
}

/* --- behind the last byte --- */

static void shut_our_side(struct front_conn *conn)
{
	if (conn->ssl)
		front_tls_say_end(conn->ssl);
	shutdown(conn->fd, SHUT_WR);
}

/* Closing with unread bytes would reset the connection and take the answer with it: shut our side,
 * throw away what comes, and close when the client does or LINGER_MS have passed. */
void front_reply_linger(struct front_conn *conn)
{
	front_conn_move(conn, CONN_LINGERING);
	front_input_free(conn);
	front_conn_flush(conn);
	if (front_conn_is_flushed(conn))
		shut_our_side(conn);
	front_conn_hear(conn, true);
}

void front_reply_refuse(struct front_conn *conn, enum fault fault)
{
	conn->front->on_refused(conn->front->arg, conn->req.peer_text, fault);
	put_refusal(conn, fault);
	front_reply_linger(conn);
}

void front_reply_next(struct front_conn *conn)
{
	if (conn->state == CONN_LINGERING) {
		shut_our_side(conn);
		return;
	}
	front_input_end(conn);
	if (conn->close_after) {
		front_reply_linger(conn);
		return;
	}
	if (conn->front->ops->next)
		conn->front->ops->next(conn);
	front_conn_move(conn, CONN_READING);
	front_conn_hear(conn, true);
	if (conn->in || front_conn_holds_more(conn))
		front_conn_mark(conn); /* not from here: pipelined requests would nest */
}

const struct front_wire front_http1 = {
	.set_handler = http1_set_handler,
	.ask = front_content_ask,
	.want = front_content_listen,
	.head = http1_head,
	.wiped = http1_wiped,
	.text = http1_text,
	.body = http1_body,
	.end = http1_end,
	.cut = http1_cut,
	.tunnel = http1_tunnel,
	.tunnel_read = http1_tunnel_read,
	.close_after = http1_close_after,
};
