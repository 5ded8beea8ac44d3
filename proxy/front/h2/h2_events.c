/*
 * What the library tells of. Notes are taken here, and bytes: nobody is answered and no stream is
 * freed from inside it.
 */
#include "proxy/front/h2/h2_int.h"

#include "base/clock.h"
#include "proxy/http/wiped_bytes.h"

#include <event2/buffer.h>
#include <pthread.h>
#include <stdlib.h>

enum { OUTBOUND_ACKS = 100 };

static int calm_down(struct h2_session *session)
{
	session->error = NGHTTP2_ENHANCE_YOUR_CALM;
	return NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* --- frames --- */

static int h2_on_begin_headers(nghttp2_session *library, const nghttp2_frame *frame, void *arg)
{
	struct h2_stream *s;

	if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	s = h2_stream_new(arg, frame->hd.stream_id);
	nghttp2_session_set_stream_user_data(library, s->id, s);
	if (!h2_stream_is_welcome(s)) /* RFC 9113 §8.7: it may be sent again */
		h2_stream_reset(s, NGHTTP2_REFUSED_STREAM);
	return 0;
}

/* Trailers count, and nobody reads them. */
static int h2_on_header(nghttp2_session *library, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *arg)
{
	struct h2_session *session = arg;
	struct h2_stream *s = h2_frames_stream(library, frame->hd.stream_id);

	(void)flags;
	if (s == NULL)
		return 0;
	if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		h2_head_add(&s->head, (struct str){(const char *)name, name_len},
			(struct str){(const char *)value, value_len});
	else
		s->head.bytes += name_len + value_len;
	return s->head.bytes > session->conn->front->limits.head * H2_HEADS ? calm_down(session)
									    : 0;
}

static void take_request(struct h2_stream *s, bool ends)
{
	s->is_whole = s->has_ended = ends;
	s->is_waiting = true;
	TAILQ_INSERT_TAIL(&s->session->waiting, s, turn);
}

static bool brings_nothing(const nghttp2_frame *frame)
{
	return frame->hd.type == NGHTTP2_DATA && frame->hd.length == frame->data.padlen &&
	       !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
}

static int h2_on_frame(nghttp2_session *library, const nghttp2_frame *frame, void *arg)
{
	struct h2_session *session = arg;
	struct h2_stream *s = h2_frames_stream(library, frame->hd.stream_id);
	bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
	bool may_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;

	session->has_settings |= frame->hd.type == NGHTTP2_SETTINGS;
	if (brings_nothing(frame) && !h2_frames_allow(session, H2_EMPTY))
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if (frame->hd.type == NGHTTP2_RST_STREAM)
		session->conn->front->resets++;
	if (s && frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
		take_request(s, ends);
	} else if (s && may_end && ends) {
		s->has_ended = true;
		h2_stream_mark(s);
	}
	return 0;
}

static int h2_on_invalid_frame(
	nghttp2_session *library, const nghttp2_frame *frame, int error, void *arg)
{
	struct h2_stream *s = h2_frames_stream(library, frame->hd.stream_id);

	(void)error;
	if (s)
		s->is_malformed = true;
	return h2_frames_allow(arg, H2_RESETS) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int h2_on_data(nghttp2_session *library, uint8_t flags, int32_t id, const uint8_t *bytes,
	size_t len, void *arg)
{
	struct h2_stream *s = h2_frames_stream(library, id);

	(void)flags, (void)arg;
	if (s)
		h2_content_take(s, bytes, len);
	else
		nghttp2_session_consume(library, id, len);
	return 0;
}

static int h2_on_close(nghttp2_session *library, int32_t id, uint32_t error, void *arg)
{
	struct h2_stream *s = h2_frames_stream(library, id);

	(void)error, (void)arg;
	if (s == NULL)
		return 0;
	s->is_closed = true;
	h2_stream_mark(s);
	return 0;
}

/* --- what is written --- */

static bool is_full(const struct h2_session *session)
{
	return front_conn_queued(session->conn) >= H2_OUT;
}

/* Behind what is queued; where a secret may be in it, so that it is overwritten (S69). */
static void queue_bytes(struct h2_session *session, const void *bytes, size_t len)
{
	struct evbuffer *out = session->conn->out;

	if (session->is_wiped)
		wiped_bytes_add(out, (struct str){bytes, len});
	else
		evbuffer_add(out, bytes, len);
}

static ssize_t h2_send(
	nghttp2_session *library, const uint8_t *bytes, size_t len, int flags, void *arg)
{
	(void)library, (void)flags;
	if (is_full(arg))
		return NGHTTP2_ERR_WOULDBLOCK;
	queue_bytes(arg, bytes, len);
	return (ssize_t)len;
}

static void move_wiped(struct h2_session *session, struct h2_stream *s, size_t len)
{
	char *block = mem_alloc(len, 1);

	evbuffer_remove(s->out, block, len);
	wiped_bytes_add_block(session->conn->out, block, len);
}

static int h2_send_data(nghttp2_session *library, nghttp2_frame *frame, const uint8_t *head,
	size_t len, nghttp2_data_source *source, void *arg)
{
	enum { HEAD = 9 };
	struct h2_session *session = arg;
	struct h2_stream *s = source->ptr;

	(void)library, (void)frame;
	if (is_full(session))
		return NGHTTP2_ERR_WOULDBLOCK;
	queue_bytes(session, head, HEAD);
	if (len > 0 && s->is_wiped)
		move_wiped(session, s, len);
	else if (len > 0)
		evbuffer_remove_buffer(s->out, session->conn->out, len);
	return 0;
}

/* By the library, and for a reason that h2_on_invalid_frame() is not told of: content that is
 * longer or shorter than was said, or than its window. */
static bool is_taken_back(const struct h2_stream *s, const nghttp2_frame *frame)
{
	uint32_t error = frame->rst_stream.error_code;

	return frame->hd.type == NGHTTP2_RST_STREAM && !s->is_malformed &&
	       (error == NGHTTP2_PROTOCOL_ERROR || error == NGHTTP2_FLOW_CONTROL_ERROR);
}

static int h2_on_sent(nghttp2_session *library, const nghttp2_frame *frame, void *arg)
{
	struct h2_session *session = arg;
	struct h2_stream *s = h2_frames_stream(library, frame->hd.stream_id);
	bool is_answer = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;

	if (s && is_taken_back(s, frame))
		(void)h2_frames_allow(session, H2_RESETS);
	if (s == NULL || !is_answer)
		return 0;
	h2_frames_reward(session);
	s->out_since = clock_mono_ms();
	if (s->is_full)
		h2_stream_mark(s);
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM && !s->has_ended)
		s->lingers_since = s->out_since;
	return 0;
}

/* --- the library's own --- */

static nghttp2_session_callbacks *callbacks;
static nghttp2_option *option;

static void make_callbacks(void)
{
	if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0)
		abort();
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, h2_on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, h2_on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, h2_on_frame);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
		callbacks, h2_on_invalid_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, h2_on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, h2_on_close);
	nghttp2_session_callbacks_set_send_callback(callbacks, h2_send);
	nghttp2_session_callbacks_set_send_data_callback(callbacks, h2_send_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, h2_on_sent);
	nghttp2_option_set_no_auto_window_update(option, 1);
	nghttp2_option_set_server_fallback_rfc7540_priorities(option, 1);
	nghttp2_option_set_max_outbound_ack(option, OUTBOUND_ACKS);
}

static void *library_malloc(size_t size, void *arg)
{
	(void)arg;
	return malloc(size);
}

static void *library_calloc(size_t count, size_t size, void *arg)
{
	(void)arg;
	return calloc(count, size);
}

static void library_free(void *block, void *arg)
{
	(void)arg;
	secret_block_free(block);
}

static void *library_realloc(void *block, size_t size, void *arg)
{
	(void)arg;
	return secret_block_resize(block, size);
}

nghttp2_session *h2_events_open(struct h2_session *session)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	nghttp2_mem memory = {NULL, library_malloc, library_free, library_calloc, library_realloc};
	nghttp2_session *library;

	pthread_once(&once, make_callbacks);
	if (nghttp2_session_server_new3(&library, callbacks, session, option, &memory) != 0)
		abort();
	return library;
}
