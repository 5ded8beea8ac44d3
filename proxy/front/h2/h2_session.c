/* A connection of HTTP/2: its beginning, its turns, what it may not do, its end. */
#include "proxy/front/h2/h2_int.h"

#include "base/clock.h"
#include "proxy/front/front_tls.h"
#include "proxy/front/h2/h2.h"

#include <event2/buffer.h>
#include <stdlib.h>

enum {
	READ = 16 * 1024,  /* bytes at a time */
	STALLED_MS = 1000, /* without progress of an answer */
	ROUNDS = 4,	   /* of a turn: what was sent may let others go on */
};

static struct h2_session *session_of(const struct front_conn *conn)
{
	return conn->session;
}

/* --- beginning --- */

/* Over TLS it was agreed on; in the clear it begins as nothing else does (RFC 9113 §3.4). */
static enum front_guess h2_guess(const struct front_conn *conn, struct str bytes)
{
	static const struct str magic = {NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN};

	if (conn->ssl)
		return front_tls_speaks_http2(conn->ssl) ? GUESS_SECOND : GUESS_FIRST;
	if (!conn->front->second_in_the_clear ||
		memcmp(bytes.at, magic.at, bytes.len < magic.len ? bytes.len : magic.len) != 0)
		return GUESS_FIRST;
	return bytes.len < magic.len ? GUESS_LATER : GUESS_SECOND;
}

static void offer_settings(struct h2_session *session)
{
	const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, H2_STREAMS},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
			(uint32_t)session->conn->front->limits.head},
		{NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
		{NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
	};

	if (nghttp2_submit_settings(
		    session->library, NGHTTP2_FLAG_NONE, settings, ARRAY_LEN(settings)) != 0)
		abort();
}

/* Not before the turn ends is anything made of it. */
static void feed(struct h2_session *session, struct str bytes)
{
	while (bytes.len > 0 && session->error == 0) {
		struct str run = {bytes.at, h2_frames_run(session, bytes.len)};
		ssize_t n = nghttp2_session_mem_recv(
			session->library, (const uint8_t *)run.at, run.len);
		if (n != (ssize_t)run.len && session->error == 0)
			session->error = n == NGHTTP2_ERR_FLOODED ? NGHTTP2_ENHANCE_YOUR_CALM
								  : NGHTTP2_PROTOCOL_ERROR;
		h2_frames_pass(session, run);
		bytes = str_from(bytes, run.len);
	}
	if (nghttp2_session_get_outbound_queue_size(session->library) > H2_OUTBOUND)
		session->error = NGHTTP2_ENHANCE_YOUR_CALM;
	front_conn_mark(session->conn);
}

static void h2_begin(struct front_conn *conn, struct str bytes)
{
	struct h2_session *session = mem_alloc(1, sizeof *session);

	session->conn = conn;
	session->idle_since = clock_mono_ms();
	TAILQ_INIT(&session->streams);
	TAILQ_INIT(&session->waiting);
	TAILQ_INIT(&session->dirty);
	conn->session = session;
	conn->front->sessions++;
	front_conn_move(conn, CONN_SESSION);
	session->library = h2_events_open(session);
	h2_frames_begin(session);
	offer_settings(session);
	feed(session, bytes);
}

/* Cookies and tokens have stood there (S69). Who reads nothing is not read from. */
static void h2_read(struct front_conn *conn)
{
	char bytes[READ];
	ssize_t n = front_conn_receive(conn, bytes, sizeof bytes);

	if (n == -1)
		front_conn_drop(conn);
	if (n <= 0)
		return;
	feed(session_of(conn), (struct str){bytes, (size_t)n});
	explicit_bzero(bytes, (size_t)n);
	if (front_conn_queued(conn) >= H2_OUT)
		front_conn_hear(conn, false);
}

/* --- requests --- */

static void tell_of(struct h2_stream *s)
{
	struct front *front = s->session->conn->front;
	struct front_request *req = &s->req;
	enum fault fault = h2_head_read(&s->head, &front->reader_limits, s->is_whole);

	s->is_told = true;
	req->method = s->head.reader.method;
	req->target = s->head.reader.target;
	req->fields = s->head.reader.fields;
	req->fields_count = s->head.reader.fields_count;
	if (fault != FAULT_NONE) {
		h2_reply_refuse(s, fault);
		return;
	}
	req->content_length = h2_head_content_length(&s->head, s->is_whole);
	if (s->is_whole)
		s->mode = CONTENT_NONE;
	s->is_owned = true;
	front->on_request(front->arg, req);
}

/* For a request that was refused, and is sent again. Not for who has many already: he would end
 * others' connections by asking. */
static void make_room(struct h2_session *session)
{
	if (session->lacks_room && session->count <= H2_A_TURN)
		front_limit_make_room(session->conn);
	session->lacks_room = false;
}

/* The others of the front have their turn between them (S58). */
static void tell_of_some(struct h2_session *session)
{
	struct front_conn *conn = session->conn;
	struct h2_stream *s;

	if (session->turn != conn->front->turns) {
		session->turn = conn->front->turns;
		session->told = 0;
	}
	while ((s = TAILQ_FIRST(&session->waiting)) && session->told < H2_A_TURN) {
		TAILQ_REMOVE(&session->waiting, s, turn);
		s->is_waiting = false;
		h2_stream_mark(s);
		if (s->is_closed)
			continue;
		session->told++;
		tell_of(s);
	}
	if (s)
		front_conn_mark(conn);
}

/* As a connection of HTTP/1 that its client has closed. */
static void end_tunnel(struct h2_stream *s)
{
	h2_stream_reset(s, NGHTTP2_NO_ERROR);
	h2_stream_leave(s);
}

static void look_after(struct h2_stream *s)
{
	struct front *front = s->session->conn->front;

	if (!s->is_closed) {
		h2_content_deliver(s);
		if (s->has_left)
			end_tunnel(s);
		h2_reply_drained(s);
		return;
	}
	if (s->is_malformed && !s->is_told)
		front->on_refused(front->arg, s->req.peer_text, FAULT_BAD_REQUEST);
	h2_stream_leave(s);
	h2_stream_free(s);
}

static void look_after_all(struct h2_session *session)
{
	struct h2_stream *s;

	while ((s = TAILQ_FIRST(&session->dirty))) {
		TAILQ_REMOVE(&session->dirty, s, turn);
		s->is_dirty = false;
		look_after(s);
	}
}

/* --- turns --- */

static void send_frames(struct h2_session *session)
{
	struct front_conn *conn = session->conn;
	size_t queued;

	do {
		queued = front_conn_queued(conn);
		if (nghttp2_session_send(session->library) != 0)
			session->error = session->error ? session->error : NGHTTP2_INTERNAL_ERROR;
		queued = front_conn_queued(conn) - queued;
		front_conn_flush(conn);
	} while (queued > 0 && front_conn_is_flushed(conn));
	if (!nghttp2_session_want_write(session->library))
		session->is_wiped = false;
}

static void leave_all(struct h2_session *session)
{
	struct h2_stream *s;

	TAILQ_FOREACH(s, &session->streams, all)
	{
		h2_stream_leave(s);
		h2_stream_discount(s);
	}
}

static void free_all(struct h2_session *session)
{
	struct h2_stream *s;

	while ((s = TAILQ_FIRST(&session->streams)))
		h2_stream_free(s);
}

/* While its last bytes are taken it has no streams that would count. */
static void close_session(struct h2_session *session)
{
	leave_all(session);
	free_all(session);
	front_reply_linger(session->conn);
}

/* Says why, and closes. FAULT_NONE: nobody has done anything wrong. */
static void end_session(struct h2_session *session, uint32_t error, enum fault fault)
{
	struct front_conn *conn = session->conn;
	struct front *front = conn->front;

	if (fault != FAULT_NONE)
		front->on_refused(front->arg, conn->req.peer_text, fault);
	nghttp2_session_terminate_session(session->library, error);
	send_frames(session);
	close_session(session);
}

static enum fault fault_of(uint32_t error)
{
	return error == NGHTTP2_ENHANCE_YOUR_CALM ? FAULT_FLOOD : FAULT_BAD_REQUEST;
}

/* There may be streams: taken back before anybody was told of them, or of a library that has
 * given the connection up. */
static bool is_over(const struct h2_session *session)
{
	return !nghttp2_session_want_read(session->library) &&
	       !nghttp2_session_want_write(session->library);
}

static void h2_go_on(struct front_conn *conn)
{
	struct h2_session *session = session_of(conn);

	make_room(session);
	tell_of_some(session);
	for (int i = 0; i < ROUNDS && session->error == 0; i++) {
		look_after_all(session);
		send_frames(session);
	}
	if (session->error)
		end_session(session, session->error, fault_of(session->error));
	else if (is_over(session))
		close_session(session);
	else if (front_conn_queued(conn) < H2_OUT)
		front_conn_hear(conn, true);
}

/* --- once a second --- */

static bool is_stuck(const struct h2_stream *s, int64_t now, int64_t ms)
{
	return s->out && evbuffer_get_length(s->out) > 0 && now - s->out_since > ms;
}

static void check_stream(struct h2_stream *s, int64_t now)
{
	const struct front *front = s->session->conn->front;
	bool is_late = s->is_tunnel && front->draining && now - front->drained_ms > FRONT_TUNNEL_MS;

	if (is_late || is_stuck(s, now, STALL_MS)) {
		h2_stream_reset(s, NGHTTP2_CANCEL);
		h2_stream_leave(s);
	} else if (s->lingers_since > 0 && now - s->lingers_since > LINGER_MS) {
		h2_stream_reset(s, NGHTTP2_NO_ERROR); /* RFC 9113 §8.1 */
	} else {
		h2_content_check(s, now);
	}
}

/* Two steps: what was sent before the first was read is answered, too (RFC 9113 §6.8). */
static void tell_to_leave(struct h2_session *session)
{
	if (session->leaving == 0)
		nghttp2_submit_shutdown_notice(session->library);
	else if (session->leaving == 1)
		nghttp2_submit_goaway(session->library, NGHTTP2_FLAG_NONE,
			nghttp2_session_get_last_proc_stream_id(session->library), NGHTTP2_NO_ERROR,
			NULL, 0);
	session->leaving++;
	front_conn_mark(session->conn);
}

static bool is_too_slow(const struct h2_session *session, int64_t now)
{
	int64_t since = session->has_settings ? session->head_since : session->conn->since;

	return since > 0 && now - since > session->conn->front->limits.head_timeout_ms;
}

static bool is_idle_too_long(const struct h2_session *session, int64_t now)
{
	const struct front *front = session->conn->front;
	int64_t most = front->draining ? front->drain_idle_ms : front->limits.idle_timeout_ms;

	return session->count == 0 &&
	       (now - session->idle_since > most || (front->draining && most == 0));
}

static void h2_check(struct front_conn *conn, int64_t now)
{
	struct h2_session *session = session_of(conn);
	struct h2_stream *s, *next;

	for (s = TAILQ_FIRST(&session->streams); s; s = next) {
		next = TAILQ_NEXT(s, all);
		check_stream(s, now);
	}
	if (conn->front->draining && session->leaving < 2)
		tell_to_leave(session);
	if (is_too_slow(session, now))
		end_session(session, NGHTTP2_ENHANCE_YOUR_CALM, FAULT_REQUEST_TIMEOUT);
	else if (is_idle_too_long(session, now))
		end_session(session, NGHTTP2_NO_ERROR, FAULT_NONE);
	else
		front_conn_mark(conn);
}

/* A head, content or the end of an answer stands still until its client goes on. */
static bool waits_for_client(const struct h2_stream *s)
{
	return s->is_owned ? h2_content_is_awaited(s) : !s->is_waiting;
}

static bool h2_is_idle(const struct front_conn *conn)
{
	const struct h2_stream *s;

	TAILQ_FOREACH(s, &session_of(conn)->streams, all)
	{
		if (!waits_for_client(s))
			return false;
	}
	return true;
}

static bool h2_is_stalled(const struct front_conn *conn)
{
	const struct h2_stream *s;
	int64_t now = clock_mono_ms();

	TAILQ_FOREACH(s, &session_of(conn)->streams, all)
	{
		if (!waits_for_client(s) && !is_stuck(s, now, STALLED_MS))
			return false;
	}
	return true;
}

/* --- end --- */

static void h2_drop(struct front_conn *conn)
{
	leave_all(session_of(conn));
}

static void h2_free(struct front_conn *conn)
{
	struct h2_session *session = session_of(conn);

	free_all(session);
	nghttp2_session_del(session->library);
	conn->front->sessions--;
	free(session);
}

const struct front_second h2_wire = {
	.guess = h2_guess,
	.begin = h2_begin,
	.read = h2_read,
	.go_on = h2_go_on,
	.written = h2_go_on,
	.check = h2_check,
	.is_idle = h2_is_idle,
	.is_stalled = h2_is_stalled,
	.drop = h2_drop,
	.free = h2_free,
};
