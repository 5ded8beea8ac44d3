/* A stream's answer: its head as fields of HTTP/2, its content for when the client's windows are
 * open. */
#include "proxy/front/h2/h2_int.h"

#include "base/clock.h"
#include "proxy/http/move_bytes.h"
#include "proxy/http/status_phrase.h"
#include "proxy/http/wiped_bytes.h"

#include <event2/buffer.h>
#include <stdlib.h>

enum {
	FIELDS = H1_FIELDS_MAX + 60, /* of an answer, ours among them */
	REFUSAL_MAX = 1024,
};

struct answer { /* its head */
	nghttp2_nv fields[FIELDS];
	size_t count;
	uint8_t flags;
	bool is_tunnel;
	bool overflow;
	char status[STR_U64], length[STR_U64];
};

static void h2_set_handler(
	struct front_request *req, const struct front_handler *handler, void *arg)
{
	struct h2_stream *s = h2_stream_of(req);

	s->handler = handler;
	s->arg = arg;
}

/* --- head --- */

/* The library copies both, and writes names in small letters; it changes neither. */
static void put_field(struct answer *answer, struct str name, struct str value)
{
	union {
		const char *at;
		uint8_t *bytes;
	} n = {name.at}, v = {value.at};

	if (answer->count == FIELDS) {
		answer->overflow = true;
		return;
	}
	/* What is secret is in no table, in which others could find it by trying. */
	bool is_cookie = str_eq_nocase(name, STR("set-cookie"));
	answer->fields[answer->count++] = (nghttp2_nv){n.bytes, v.bytes, name.len, value.len,
		is_cookie ? NGHTTP2_NV_FLAG_NO_INDEX : answer->flags};
}

/* RFC 8441 §5: there is no handshake to prove. */
static bool is_of_handshake(const struct answer *answer, struct str name)
{
	return answer->is_tunnel && str_eq_nocase(name, STR("sec-websocket-accept"));
}

/* "Name: value\r\n" lines. */
static void put_lines(struct answer *answer, struct str lines)
{
	ptrdiff_t end;

	while ((end = str_find(lines, STR("\r\n"))) != -1) {
		struct str line = {lines.at, (size_t)end};
		ptrdiff_t colon = str_find_byte(line, ':');
		struct str name = {line.at, colon > 0 ? (size_t)colon : 0};
		if (colon > 0 && !is_of_handshake(answer, name))
			put_field(answer, name, str_trim(str_from(line, (size_t)colon + 1)));
		lines = str_from(lines, (size_t)end + 2);
	}
}

static void put_head(struct answer *answer, const struct h2_stream *s, int status, struct str lines,
	int64_t length)
{
	const struct front_conn *conn = s->session->conn;

	answer->flags = s->is_wiped ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
	put_field(answer, STR(":status"), str_of_u64((uint64_t)status, 10, answer->status));
	put_lines(answer, lines);
	if (conn->ssl)
		put_lines(answer, str_of(conn->front->hsts));
	if (length >= 0)
		put_field(answer, STR("content-length"),
			str_of_u64((uint64_t)length, 10, answer->length));
}

/* What there is of the answer, as much as fits; h2_events.c moves it. */
static ssize_t h2_reply_read(nghttp2_session *library, int32_t id, uint8_t *bytes, size_t room,
	uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct h2_stream *s = source->ptr;
	size_t len = s->out ? evbuffer_get_length(s->out) : 0;

	(void)library, (void)id, (void)bytes, (void)arg;
	if (len == 0 && !s->is_ended) {
		s->is_deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (len <= room && s->is_ended)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)(len < room ? len : room);
}

static void submit(struct h2_stream *s, const struct answer *answer, bool has_content)
{
	nghttp2_data_provider source = {.source.ptr = s, .read_callback = h2_reply_read};

	s->out_since = clock_mono_ms();
	if (s->is_closed)
		return;
	if (answer->overflow || nghttp2_submit_response(s->session->library, s->id, answer->fields,
					answer->count, has_content ? &source : NULL) != 0)
		h2_stream_reset(s, NGHTTP2_INTERNAL_ERROR);
	h2_stream_mark(s);
}

static void h2_reply_head(struct front_request *req, int status, const struct sbuf *fields,
	int64_t length, bool no_content)
{
	struct h2_stream *s = h2_stream_of(req);
	struct answer answer;

	/* RFC 8441 §5: 2xx would say that there is a tunnel. */
	if (s->head.asks_tunnel && status / 100 == 2) {
		status = 501;
		length = -1; /* of what is not sent */
	}
	s->is_bare = no_content || status_is_bare(status) || (s->head.asks_tunnel && status == 501);
	h2_content_settle(s);
	answer.count = 0;
	answer.is_tunnel = answer.overflow = false;
	put_head(&answer, s, status, sbuf_str(fields), status_is_bare(status) ? -1 : length);
	submit(s, &answer, !s->is_bare && length != 0);
}

static void h2_tunnel_begin(struct front_request *req, const struct sbuf *fields)
{
	struct h2_stream *s = h2_stream_of(req);
	struct answer answer;

	answer.count = 0;
	answer.is_tunnel = true;
	answer.overflow = false;
	put_head(&answer, s, 200, sbuf_str(fields), -1);
	submit(s, &answer, true);
	h2_content_hand_over(s);
}

static void h2_reply_wiped(struct front_request *req)
{
	struct h2_stream *s = h2_stream_of(req);

	s->is_wiped = s->session->is_wiped = true;
}

/* --- content --- */

static void tell_library(struct h2_stream *s)
{
	if (s->is_deferred && !s->is_closed)
		nghttp2_session_resume_data(s->session->library, s->id);
	s->is_deferred = false;
	h2_stream_mark(s);
}

static bool takes_content(struct h2_stream *s)
{
	if (s->is_bare || s->is_closed)
		return false;
	if (s->out == NULL)
		s->out = evbuffer_new();
	if (evbuffer_get_length(s->out) == 0)
		s->out_since = clock_mono_ms();
	return true;
}

static size_t h2_reply_body(struct front_request *req, struct evbuffer *bytes)
{
	struct h2_stream *s = h2_stream_of(req);

	if (!takes_content(s)) {
		evbuffer_drain(bytes, evbuffer_get_length(bytes));
		return 0;
	}
	move_bytes(s->out, bytes);
	tell_library(s);
	s->is_full |= evbuffer_get_length(s->out) >= FRONT_QUEUE_HIGH; /* until it is told */
	return evbuffer_get_length(s->out);
}

static void h2_reply_text(struct front_request *req, struct str text)
{
	struct h2_stream *s = h2_stream_of(req);

	if (text.len == 0 || !takes_content(s))
		return;
	if (s->is_wiped)
		wiped_bytes_add(s->out, text);
	else
		evbuffer_add(s->out, text.at, text.len);
	tell_library(s);
}

void h2_reply_drained(struct h2_stream *s)
{
	if (!s->is_full || evbuffer_get_length(s->out) >= FRONT_QUEUE_LOW)
		return;
	s->is_full = false;
	if (s->is_owned && s->handler && s->handler->on_drained)
		s->handler->on_drained(s->arg);
}

/* --- end --- */

static void let_go(struct h2_stream *s)
{
	s->is_owned = false;
	s->handler = NULL;
	h2_content_stop(s);
}

static void h2_reply_end(struct front_request *req)
{
	struct h2_stream *s = h2_stream_of(req);

	s->is_ended = true;
	let_go(s);
	tell_library(s);
}

static void h2_reply_cut(struct front_request *req)
{
	struct h2_stream *s = h2_stream_of(req);

	let_go(s);
	h2_stream_reset(s, NGHTTP2_INTERNAL_ERROR);
	h2_stream_mark(s);
}

/* A stream is no connection: nothing behind it could be read otherwise. */
static void h2_close_after(struct front_request *req)
{
	(void)req;
}

void h2_reply_refuse(struct h2_stream *s, enum fault fault)
{
	const struct fault_row *row = fault_row(fault);
	struct front *front = s->session->conn->front;
	struct str text = str_of(row->sentence);
	struct sbuf fields;

	front->on_refused(front->arg, s->req.peer_text, fault);
	sbuf_init(&fields, REFUSAL_MAX);
	sbuf_puts(&fields, front_refusal_fields(fault));
	h2_reply_head(&s->req, row->status, &fields, (int64_t)text.len + 1, false);
	h2_reply_text(&s->req, text);
	h2_reply_text(&s->req, STR("\n"));
	h2_reply_end(&s->req);
	sbuf_clear(&fields);
}

const struct front_wire h2_requests = {
	.set_handler = h2_set_handler,
	.ask = h2_content_ask,
	.want = h2_content_want,
	.head = h2_reply_head,
	.wiped = h2_reply_wiped,
	.text = h2_reply_text,
	.body = h2_reply_body,
	.end = h2_reply_end,
	.cut = h2_reply_cut,
	.tunnel = h2_tunnel_begin,
	.tunnel_read = h2_content_want,
	.close_after = h2_close_after,
};
