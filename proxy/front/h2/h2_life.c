/* A stream's life: its memory, whether there is room for it, and its end. */
#include "proxy/front/h2/h2_int.h"

#include "base/block.h"
#include "base/clock.h"

#include <event2/buffer.h>

struct h2_stream *h2_stream_new(struct h2_session *session, int32_t id)
{
	struct h2_stream *s = block_alloc(sizeof *s);
	struct front_conn *conn = session->conn;

	s->session = session;
	s->id = id;
	s->req.wire = &h2_requests;
	s->req.http_2 = true;
	s->req.peer = conn->req.peer;
	memcpy(s->req.peer_text, conn->req.peer_text, sizeof s->req.peer_text);
	s->req.body = conn->front->nothing;
	s->mode = CONTENT_UNWANTED;
	h2_head_init(&s->head, conn->front->limits.head);
	TAILQ_INSERT_TAIL(&session->streams, s, all);
	session->count++;
	conn->front->streams++;
	return s;
}

bool h2_stream_is_welcome(struct h2_stream *s)
{
	struct front_conn *conn = s->session->conn;
	struct front *front = conn->front;

	if (front->count + front->streams > front->limits.connections) {
		s->session->lacks_room = true;
		return false;
	}
	s->is_counted = front->crowd && crowd_count(front->crowd, &conn->member);
	return s->is_counted || conn->member.client == NULL;
}

void h2_stream_discount(struct h2_stream *s)
{
	struct front_conn *conn = s->session->conn;

	if (s->is_counted)
		crowd_discount(conn->front->crowd, &conn->member);
	s->is_counted = false;
}

void h2_stream_leave(struct h2_stream *s)
{
	const struct front_handler *handler = s->is_owned ? s->handler : NULL;

	s->is_owned = false;
	s->handler = NULL;
	if (handler && handler->on_closed)
		handler->on_closed(s->arg);
	h2_content_stop(s);
}

void h2_stream_free(struct h2_stream *s)
{
	struct h2_session *session = s->session;

	if (s->is_waiting)
		TAILQ_REMOVE(&session->waiting, s, turn);
	if (s->is_dirty)
		TAILQ_REMOVE(&session->dirty, s, turn);
	TAILQ_REMOVE(&session->streams, s, all);
	if (--session->count == 0)
		session->idle_since = clock_mono_ms();
	session->conn->front->streams--;
	h2_stream_discount(s);
	h2_content_free(s);
	h2_head_free(&s->head);
	if (s->out)
		evbuffer_free(s->out);
	block_free(s);
}
