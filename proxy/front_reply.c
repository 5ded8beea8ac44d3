#include "proxy/front_int.h"

#include "base/clock.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>

static struct front_conn *conn_of(struct front_request *req)
{
	return (struct front_conn *)req;
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

static void put(struct front_conn *conn, struct str s)
{
	evbuffer_add(conn->out, s.at, s.len);
}

/* "HTTP/1.1 200 OK", without printf: it is written for every request. */
static void put_status_line(struct front_conn *conn, int status)
{
	char line[64] = "HTTP/1.1 ", digits[STR_U64];
	const char *phrase = reason_phrase(status);
	size_t phrase_len = strlen(phrase), len = 9;
	struct str number = str_of_u64((uint64_t)status, 10, digits);

	memcpy(line + len, number.at, number.len);
	len += number.len;
	line[len++] = ' ';
	memcpy(line + len, phrase, phrase_len);
	len += phrase_len;
	memcpy(line + len, "\r\n", 2);
	put(conn, (struct str){line, len + 2});
}

/* RFC 9112 §6: exactly one way to find the end of the content. */
static void add_framing(struct front_conn *conn, int64_t length)
{
	char digits[STR_U64];

	conn->chunked = false;
	if (length >= 0) {
		put(conn, STR("Content-Length: "));
		put(conn, str_of_u64((uint64_t)length, 10, digits));
		put(conn, STR("\r\n"));
	} else if (conn->no_content)
		return;
	else if (conn->req.http_1_0)
		conn->close_after = true;
	else
		conn->chunked = true;
	if (conn->chunked)
		put(conn, STR("Transfer-Encoding: chunked\r\n"));
}

static void mark_dirty(struct front_conn *conn)
{
	if (conn->dirty)
		return;
	conn->dirty = true;
	TAILQ_INSERT_TAIL(&conn->front->dirty, conn, turn);
	event_active(conn->front->turn_end, EV_TIMEOUT, 0);
}

void front_reply_head(struct front_request *req, int status, const struct sbuf *fields,
	int64_t length, bool no_content)
{
	struct front_conn *conn = conn_of(req);
	struct str lines = sbuf_str(fields);

	conn->no_content = no_content;
	conn->close_after |= conn->front->draining;
	put_status_line(conn, status);
	put(conn, lines);
	if (conn->secure)
		put(conn, str_of(conn->front->hsts));
	add_framing(conn, length);
	if (conn->close_after)
		put(conn, STR("Connection: close\r\n\r\n"));
	else if (req->http_1_0)
		put(conn, STR("Connection: keep-alive\r\n\r\n"));
	else
		put(conn, STR("\r\n"));
	mark_dirty(conn);
}

static size_t queued(const struct front_conn *conn)
{
	return evbuffer_get_length(conn->out) +
	       evbuffer_get_length(bufferevent_get_output(conn->bev));
}

size_t front_reply_body(struct front_request *req, struct evbuffer *bytes)
{
	struct front_conn *conn = conn_of(req);
	size_t len = evbuffer_get_length(bytes);
	char digits[STR_U64];

	if (conn->no_content)
		evbuffer_drain(bytes, len);
	else if (len > 0 && conn->chunked) {
		put(conn, str_of_u64(len, 16, digits));
		put(conn, STR("\r\n"));
		evbuffer_add_buffer(conn->out, bytes);
		put(conn, STR("\r\n"));
	} else
		evbuffer_add_buffer(conn->out, bytes);
	/* A small answer leaves in one write with its end; a big one starts straight away. */
	if (evbuffer_get_length(conn->out) >= FRONT_QUEUE_LOW)
		front_conn_flush(conn);
	else
		mark_dirty(conn);
	return queued(conn);
}

void front_tunnel_begin(struct front_request *req, const struct sbuf *fields)
{
	struct front_conn *conn = conn_of(req);

	conn->no_content = conn->chunked = false;
	conn->close_after = true;
	put(conn, STR("HTTP/1.1 101 Switching Protocols\r\n"));
	put(conn, sbuf_str(fields));
	put(conn, STR("Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"));
	front_conn_open_tunnel(conn);
	mark_dirty(conn);
}

void front_tunnel_read(struct front_request *req, bool wanted)
{
	struct front_conn *conn = conn_of(req);

	if (wanted)
		bufferevent_enable(conn->bev, EV_READ);
	else
		bufferevent_disable(conn->bev, EV_READ);
}

void front_reply_end(struct front_request *req)
{
	struct front_conn *conn = conn_of(req);

	if (conn->chunked)
		put(conn, STR("0\r\n\r\n"));
	front_conn_move(conn, CONN_ENDING);
	front_conn_flush(conn);
	if (front_conn_is_flushed(conn))
		front_conn_next(conn);
}

void front_reply_cut(struct front_request *req)
{
	struct front_conn *conn = conn_of(req);

	conn->handler = NULL;
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

/* Straight to the socket: in the common case all of it goes, and the event loop is never asked. */
void front_conn_flush(struct front_conn *conn)
{
	bool is_open = conn->state == CONN_REPLYING || conn->state == CONN_TUNNEL;
	struct evbuffer *waiting = bufferevent_get_output(conn->bev);
	int fd = bufferevent_getfd(conn->bev);

	if (conn->state == CONN_TUNNEL && evbuffer_get_length(waiting) == 0)
		conn->since = clock_mono_ms(); /* it may have been silent for long */
	while (!conn->secure && evbuffer_get_length(waiting) == 0 &&
		evbuffer_get_length(conn->out) > 0) {
		int n = evbuffer_write(conn->out, fd);
		if (n > 0) {
			conn->since = clock_mono_ms();
			continue;
		}
		if (n == -1 && errno != EAGAIN && errno != EINTR) {
			evbuffer_drain(conn->out, evbuffer_get_length(conn->out));
			bufferevent_trigger_event(
				conn->bev, BEV_EVENT_ERROR, BEV_OPT_DEFER_CALLBACKS);
			conn->close_after = true;
			return;
		}
		break;
	}
	if (evbuffer_get_length(conn->out) == 0)
		return;
	bufferevent_setwatermark(conn->bev, EV_WRITE, is_open ? FRONT_QUEUE_LOW : 0, 0);
	bufferevent_write_buffer(conn->bev, conn->out);
	bufferevent_enable(conn->bev, EV_WRITE);
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
