/*
 * Content of a request: read when it is asked for, bounded, and handed on whole or in pieces (S55,
 * S56, S57), as on HTTP/1. What nobody has asked for holds the client's windows: of a connection
 * 64 KiB come, and no more. What is asked for gives the connection's window back as it comes, and
 * its stream's as it is handed on.
 */
#include "proxy/front/h2/h2_int.h"

#include "base/clock.h"
#include "proxy/http/wiped_bytes.h"

#include <assert.h>
#include <event2/buffer.h>

enum { PIECE = 64 * 1024 }; /* bytes handed on at once */

static bool is_wanted(const struct h2_stream *s)
{
	return s->is_owned && !s->paused &&
	       (s->mode == CONTENT_HELD || s->mode == CONTENT_STREAMED || s->is_tunnel);
}

static size_t length_of(const struct evbuffer *buffer)
{
	return buffer ? evbuffer_get_length(buffer) : 0;
}

/* --- windows --- */

static void give_back_kept(struct h2_stream *s)
{
	if (s->kept > 0)
		nghttp2_session_consume_connection(s->session->library, s->kept);
	s->kept = 0;
}

static void give_back_stream(struct h2_stream *s, size_t bytes)
{
	if (bytes == 0)
		return;
	if (!s->is_closed)
		nghttp2_session_consume_stream(s->session->library, s->id, bytes);
	front_conn_mark(s->session->conn);
}

/* Only of who may send long content; it stays so. */
static void widen(struct h2_stream *s)
{
	struct h2_session *session = s->session;

	if (!session->is_wide)
		nghttp2_session_set_local_window_size(
			session->library, NGHTTP2_FLAG_NONE, 0, H2_WINDOW_WIDE);
	session->is_wide = true;
	if (!s->is_closed)
		nghttp2_session_set_local_window_size(
			session->library, NGHTTP2_FLAG_NONE, s->id, FRONT_QUEUE_HIGH);
}

/* --- asked for --- */

/* RFC 9110 §15.2.1. */
static void tell_to_go_on(struct h2_stream *s)
{
	static uint8_t name[] = ":status", value[] = "100";
	nghttp2_nv field = {name, value, sizeof name - 1, sizeof value - 1, NGHTTP2_NV_FLAG_NONE};

	nghttp2_submit_headers(
		s->session->library, NGHTTP2_FLAG_NONE, s->id, NULL, &field, 1, NULL);
}

static bool expects_continue(const struct h2_stream *s)
{
	return s->received == 0 && !s->has_ended && !s->is_closed &&
	       str_eq_nocase(h1_find(s->req.fields, s->req.fields_count, FIELD_EXPECT),
		       STR("100-continue"));
}

/* What has come already counts, too: of content without a length there may be some. */
static size_t bytes_of_budget(const struct h2_stream *s, enum content_mode mode)
{
	int64_t known = s->req.content_length;

	return mode == CONTENT_STREAMED ? FRONT_QUEUE_HIGH
	       : known > 0		? (size_t)known
					: length_of(s->content);
}

enum fault h2_content_ask(
	struct front_request *req, enum content_mode mode, uint64_t max, struct budget *budget)
{
	struct h2_stream *s = h2_stream_of(req);

	assert(s->mode == CONTENT_UNWANTED);
	if ((req->content_length > 0 && (uint64_t)req->content_length > max) || s->received > max)
		return FAULT_BODY_TOO_LARGE;
	s->share.of = budget;
	if (!budget_share_take(&s->share, bytes_of_budget(s, mode))) {
		s->share.of = NULL;
		return FAULT_MEMORY;
	}
	s->mode = mode;
	s->max = max;
	s->content_since = clock_mono_ms();
	if (expects_continue(s))
		tell_to_go_on(s);
	if (mode == CONTENT_STREAMED)
		widen(s);
	else /* it is handed on when all has come */
		give_back_stream(s, s->kept);
	give_back_kept(s);
	h2_stream_mark(s); /* not from here: who asks is still on the stack */
	return FAULT_NONE;
}

void h2_content_want(struct front_request *req, bool wanted)
{
	struct h2_stream *s = h2_stream_of(req);

	if ((s->mode != CONTENT_STREAMED && !s->is_tunnel) || s->paused == !wanted)
		return;
	s->paused = !wanted;
	s->content_since = clock_mono_ms();
	if (wanted)
		h2_stream_mark(s);
}

/* --- taken --- */

static void discard(struct h2_stream *s)
{
	size_t left = length_of(s->content);

	s->mode = CONTENT_DISCARDED;
	if (left > 0)
		evbuffer_drain(s->content, left);
	give_back_kept(s); /* of the stream's nothing: the client is not to go on */
	budget_share_give(&s->share);
}

static void fail_content(struct h2_stream *s, enum fault fault)
{
	const struct front_handler *handler = s->handler;

	discard(s);
	if (s->is_owned && handler && handler->on_content_fault)
		handler->on_content_fault(s->arg, fault);
}

void h2_content_take(struct h2_stream *s, const uint8_t *bytes, size_t len)
{
	s->received += len;
	s->content_since = s->mode == CONTENT_HELD ? s->content_since : clock_mono_ms();
	if (s->mode == CONTENT_DISCARDED) {
		nghttp2_session_consume_connection(s->session->library, len);
		return;
	}
	if (s->content == NULL)
		s->content = evbuffer_new();
	evbuffer_add(s->content, bytes, len);
	if (s->mode == CONTENT_UNWANTED) {
		s->kept += len;
		return;
	}
	nghttp2_session_consume_connection(s->session->library, len);
	if (s->mode == CONTENT_HELD)
		nghttp2_session_consume_stream(s->session->library, s->id, len);
	h2_stream_mark(s);
}

/* Of announced content the room was taken before; other is as long as it turns out to be. */
static enum fault check_held(struct h2_stream *s)
{
	size_t len = length_of(s->content);

	if (s->received > s->max)
		return FAULT_BODY_TOO_LARGE;
	if (s->mode != CONTENT_HELD || s->share.bytes >= len)
		return FAULT_NONE;
	return budget_share_take(&s->share, len - s->share.bytes) ? FAULT_NONE : FAULT_MEMORY;
}

static void hand_piece_on(struct h2_stream *s)
{
	struct evbuffer *piece = evbuffer_new();
	size_t len = length_of(s->content);

	if (len > 0)
		len = (size_t)evbuffer_remove_buffer(s->content, piece, len < PIECE ? len : PIECE);
	bool is_last = s->has_ended && length_of(s->content) == 0;
	if (is_last)
		s->mode = CONTENT_NONE;
	give_back_stream(s, len);
	if (s->handler && s->handler->on_piece)
		s->handler->on_piece(s->arg, piece, is_last);
	evbuffer_free(piece);
}

static void hand_held_on(struct h2_stream *s)
{
	s->mode = CONTENT_NONE;
	if (s->content)
		s->req.body = s->content;
	if (s->handler && s->handler->on_held)
		s->handler->on_held(s->arg);
}

/* As a connection of HTTP/1 that ends: what came is handed on, and the client has left. */
static void deliver_tunnel(struct h2_stream *s)
{
	size_t len = length_of(s->content);

	if (len > 0 && s->handler && s->handler->on_bytes) {
		s->handler->on_bytes(s->arg, s->content);
		give_back_stream(s, len - length_of(s->content));
	}
	if (s->is_owned && s->has_ended && length_of(s->content) == 0) {
		s->has_left = true;
		h2_stream_mark(s);
	}
}

void h2_content_deliver(struct h2_stream *s)
{
	enum fault fault = is_wanted(s) && !s->is_tunnel ? check_held(s) : FAULT_NONE;

	if (fault != FAULT_NONE) {
		fail_content(s, fault);
		return;
	}
	while (is_wanted(s) && s->mode == CONTENT_STREAMED &&
		(length_of(s->content) > 0 || s->has_ended))
		hand_piece_on(s);
	if (is_wanted(s) && s->mode == CONTENT_HELD && s->has_ended)
		hand_held_on(s);
	else if (is_wanted(s) && s->is_tunnel)
		deliver_tunnel(s);
}

void h2_content_hand_over(struct h2_stream *s)
{
	s->is_tunnel = true;
	s->mode = CONTENT_NONE;
	give_back_kept(s);
	h2_stream_mark(s);
}

/* --- not taken --- */

void h2_content_settle(struct h2_stream *s)
{
	if (s->mode == CONTENT_HELD || s->mode == CONTENT_UNWANTED)
		discard(s);
}

void h2_content_stop(struct h2_stream *s)
{
	s->is_tunnel = false;
	if (s->mode != CONTENT_DISCARDED)
		discard(s);
}

bool h2_content_is_awaited(const struct h2_stream *s)
{
	return is_wanted(s) && !s->is_tunnel;
}

void h2_content_check(struct h2_stream *s, int64_t now)
{
	int64_t most = s->mode == CONTENT_HELD ? s->session->conn->front->limits.head_timeout_ms
					       : PIECE_STALL_MS;

	if (h2_content_is_awaited(s) && now - s->content_since > most)
		fail_content(s, FAULT_REQUEST_TIMEOUT);
}

/* A form, perhaps, with a token in it (S69). */
void h2_content_free(struct h2_stream *s)
{
	give_back_kept(s);
	budget_share_give(&s->share);
	wiped_bytes_drain(s->content);
	if (s->content)
		evbuffer_free(s->content);
}
