/* A stream as its content and its answer know it: marked, to be looked after, or broken off. */
#include "proxy/front/h2/h2_int.h"

struct h2_stream *h2_stream_of(struct front_request *req)
{
	return (struct h2_stream *)req;
}

void h2_stream_mark(struct h2_stream *s)
{
	if (s->is_dirty || s->is_waiting)
		return;
	s->is_dirty = true;
	TAILQ_INSERT_TAIL(&s->session->dirty, s, turn);
	front_conn_mark(s->session->conn);
}

void h2_stream_reset(struct h2_stream *s, uint32_t code)
{
	if (s->is_closed)
		return;
	nghttp2_submit_rst_stream(s->session->library, NGHTTP2_FLAG_NONE, s->id, code);
	front_conn_mark(s->session->conn);
}
