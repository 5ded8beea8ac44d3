/* proxy/front/front_content.c - the content of requests: read when it is asked for, bounded, and
 * handed on whole or in pieces (S55, S56, S57). */
#include "proxy/front/front_int.h"

#include "base/clock.h"

#include <assert.h>
#include <event2/buffer.h>
#include <stdlib.h>

enum {
	DIRECT_FROM = 4096,	      /* bytes of a run that are worth a block of their own */
	DIRECT_SIZE = 64 * 1024 - 64, /* with evbuffer's own header it is a block of 64 KiB */
};

void front_content_begin(struct front_conn *conn, bool follows)
{
	struct front_input *in = conn->in;

	in->mode = follows ? CONTENT_UNWANTED : CONTENT_NONE;
	conn->req.content_length = follows ? request_reader_content_length(&in->reader) : 0;
	conn->req.body = conn->front->nothing;
}

bool front_content_is_wanted(const struct front_conn *conn)
{
	const struct front_input *in = conn->in;

	return conn->state == CONN_REPLYING && in &&
	       (in->mode == CONTENT_HELD || (in->mode == CONTENT_STREAMED && !in->paused));
}

bool front_content_is_discarded(const struct front_conn *conn)
{
	return conn->in && conn->in->mode == CONTENT_DISCARDED;
}

/* --- asked for --- */

static bool expects_continue(const struct front_request *req)
{
	struct str wanted = h1_find(req->fields, req->fields_count, FIELD_EXPECT);

	return !req->http_1_0 && str_eq_nocase(wanted, STR("100-continue"));
}

/* RFC 9110 §15.2.1. */
static void tell_to_go_on(struct front_conn *conn)
{
	front_conn_queue(conn, STR("HTTP/1.1 100 Continue\r\n\r\n"));
	front_conn_flush(conn);
}

static void want_content(struct front_conn *conn, enum content_mode mode)
{
	struct front_input *in = conn->in;

	in->mode = mode;
	in->content_since = clock_mono_ms();
	if (in->at == in->len && expects_continue(&conn->req))
		tell_to_go_on(conn);
	if (conn->content == NULL)
		conn->content = evbuffer_new();
	front_conn_hear(conn, true);
	front_conn_mark(conn); /* not from here: who asks is still on the stack */
}

/* What is held counts as long as it is, as far as that is known. */
static size_t bytes_of_budget(const struct front_request *req, enum content_mode mode)
{
	int64_t known = req->content_length;

	return mode == CONTENT_STREAMED ? FRONT_QUEUE_HIGH : known > 0 ? (size_t)known : 0;
}

enum fault front_content_ask(
	struct front_request *req, enum content_mode mode, uint64_t max, struct budget *budget)
{
	struct front_conn *conn = (struct front_conn *)req;
	struct front_input *in = conn->in;

	assert(conn->state == CONN_REPLYING && in->mode == CONTENT_UNWANTED);
	if (!request_reader_bound_content(&in->reader, max))
		return FAULT_BODY_TOO_LARGE;
	in->share.of = budget;
	if (!budget_share_take(&in->share, bytes_of_budget(req, mode))) {
		in->share.of = NULL;
		return FAULT_MEMORY;
	}
	want_content(conn, mode);
	return FAULT_NONE;
}

void front_content_listen(struct front_request *req, bool wanted)
{
	struct front_conn *conn = (struct front_conn *)req;
	struct front_input *in = conn->in;

	if (in->mode != CONTENT_STREAMED || in->paused == !wanted)
		return;
	in->paused = !wanted;
	in->content_since = clock_mono_ms();
	front_conn_hear(conn, wanted);
	if (wanted)
		front_conn_mark(conn);
}

/* --- taken --- */

static void fail_content(struct front_conn *conn, enum fault fault)
{
	conn->in->mode = CONTENT_DISCARDED;
	conn->close_after = true;
	if (conn->handler && conn->handler->on_content_fault)
		conn->handler->on_content_fault(conn->arg, fault);
}

static void hand_piece_on(struct front_conn *conn, bool is_last)
{
	struct evbuffer *content = conn->content;

	if (conn->handler && conn->handler->on_piece)
		conn->handler->on_piece(conn->arg, content, is_last);
	evbuffer_drain(content, evbuffer_get_length(content));
}

static void keep_piece(struct front_conn *conn, bool is_last)
{
	if (!is_last)
		return;
	conn->req.body = conn->content;
	if (conn->handler && conn->handler->on_held)
		conn->handler->on_held(conn->arg);
}

/* What came is in conn->content. */
static void deliver_content(struct front_conn *conn, enum request_reader_event event)
{
	enum content_mode mode = conn->in->mode;
	bool is_last = event == READER_END;

	conn->in->content_since =
		mode == CONTENT_STREAMED ? clock_mono_ms() : conn->in->content_since;
	if (is_last)
		conn->in->mode = CONTENT_NONE;
	if (event == READER_BAD)
		fail_content(conn, conn->in->reader.fault);
	else if (mode == CONTENT_HELD)
		keep_piece(conn, is_last);
	else if (is_last || evbuffer_get_length(conn->content) > 0)
		hand_piece_on(conn, is_last);
}

/* Of announced content the room was taken before; other is as long as it turns out to be. */
static bool has_room_for(struct front_conn *conn, size_t bytes)
{
	return conn->in->mode != CONTENT_HELD || conn->req.content_length >= 0 ||
	       budget_share_take(&conn->in->share, bytes);
}

void front_content_take(struct front_conn *conn)
{
	while (front_content_is_wanted(conn) && conn->in->at < conn->in->len) {
		struct front_input *in = conn->in;
		struct str bytes = {in->bytes + in->at, in->len - in->at}, content;
		size_t used;
		enum request_reader_event event =
			request_reader_take(&in->reader, bytes, &used, &content);

		in->at += used;
		if (!has_room_for(conn, content.len)) {
			fail_content(conn, FAULT_MEMORY);
			return;
		}
		evbuffer_add(conn->content, content.at, content.len);
		deliver_content(conn, event);
	}
}

bool front_content_reads_directly(const struct front_conn *conn)
{
	const struct front_input *in = conn->in;

	return front_content_is_wanted(conn) && in->mode == CONTENT_STREAMED &&
	       conn->front->ops->fills_room(conn) && in->at == in->len &&
	       request_reader_run_ahead(&in->reader) >= DIRECT_FROM;
}

void front_content_read(struct front_conn *conn)
{
	uint64_t ahead = request_reader_run_ahead(&conn->in->reader);
	size_t room = ahead < DIRECT_SIZE ? (size_t)ahead : DIRECT_SIZE;
	struct evbuffer_iovec piece;

	if (evbuffer_reserve_space(conn->content, (ssize_t)room, &piece, 1) != 1)
		abort();
	ssize_t n = front_conn_receive(conn, piece.iov_base, room);
	piece.iov_len = n > 0 ? (size_t)n : 0;
	evbuffer_commit_space(conn->content, &piece, 1);
	if (n == -1)
		front_conn_drop(conn);
	else if (n > 0)
		deliver_content(conn, request_reader_pass_run(&conn->in->reader, (size_t)n));
}

/* --- not taken --- */

/* Whether all of it stands in the input: then it is passed over, and the next request can follow.
 */
static bool skip_what_came(struct front_input *in)
{
	enum request_reader_event event = READER_CONTENT;
	struct str content;
	size_t used;

	while (event == READER_CONTENT && in->at < in->len) {
		event = request_reader_take(&in->reader,
			(struct str){in->bytes + in->at, in->len - in->at}, &used, &content);
		in->at += used;
	}
	return event == READER_END;
}

void front_content_settle(struct front_conn *conn)
{
	struct front_input *in = conn->in;

	if (in == NULL || in->mode == CONTENT_NONE)
		return;
	if (in->mode == CONTENT_STREAMED) { /* it goes on: the UI has its reasons */
		conn->close_after = true;
		return;
	}
	bool is_whole = in->mode != CONTENT_DISCARDED && skip_what_came(in);
	budget_share_give(&in->share);
	in->mode = is_whole ? CONTENT_NONE : CONTENT_DISCARDED;
	conn->close_after |= !is_whole;
	if (!is_whole)
		front_conn_hear(conn, true);
}

void front_content_stop(struct front_conn *conn)
{
	if (conn->in == NULL || conn->in->mode != CONTENT_STREAMED)
		return;
	conn->in->mode = CONTENT_DISCARDED;
	front_conn_hear(conn, true);
}

void front_content_check(struct front_conn *conn, int64_t now)
{
	const struct front_input *in = conn->in;
	int64_t age;

	if (!front_content_is_wanted(conn))
		return;
	age = now - in->content_since;
	if (age > (in->mode == CONTENT_HELD ? conn->front->limits.head_timeout_ms : PIECE_STALL_MS))
		fail_content(conn, FAULT_REQUEST_TIMEOUT);
}
