/*
 * The front that is libevent's evhttp, behind the strict reader.
 *
 * evhttp accepts connections; its bufferevents read them and shake hands; it parses heads and keeps
 * connections alive. Its read callback is called by us, with heads only that the reader has judged
 * (it forgives what two readers could read differently, proxy/HTTP.md); what it reads must be what
 * the reader has read. Content never reaches it, for evhttp tells of a request when all of its
 * content is in memory: the lines that announce it are left out of the head, and so are those by
 * which it would close. Answers are written as on the other front.
 */
#include "proxy/front/front_int.h"

#include "proxy/front/evhttp_memory.h"
#include "proxy/front/front_tls.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { HEAD_SLACK = 1024 }; /* over the reader's limit, which comes first */

/* --- bytes --- */

static void evhttp_on_bytes(struct bufferevent *bev, void *arg)
{
	struct front_conn *conn = arg;

	evbuffer_add_buffer(conn->raw, bufferevent_get_input(bev));
	if (!conn->deaf)
		front_read_on_readable(conn->fd, EV_READ, conn);
}

/* The client has gone, or its bytes are no TLS. What came before is looked at first. */
static void evhttp_on_event(struct bufferevent *bev, short what, void *arg)
{
	struct front_conn *conn = arg;

	if (what & BEV_EVENT_CONNECTED)
		return;
	if (conn->ssl && !front_tls_is_shaken(conn->ssl))
		front_tls_mend_bufferevent(bev);
	if (conn->deaf) {
		conn->broken = true;
		front_conn_mark(conn);
		return;
	}
	front_read_on_readable(conn->fd, EV_CLOSED, conn);
}

/* evhttp sets its own callbacks, and turns reading off and on, whenever it does something. */
static void take_callbacks(struct front_conn *conn)
{
	bufferevent_setcb(conn->bev, evhttp_on_bytes, NULL, evhttp_on_event, conn);
	if (conn->deaf || conn->ends)
		bufferevent_disable(conn->bev, EV_READ);
	else
		bufferevent_enable(conn->bev, EV_READ);
}

static bool evhttp_fills_room(const struct front_conn *conn)
{
	return conn->ssl == NULL;
}

/* A bufferevent reads 4 KiB at a time (proxy/HTTP.md). Of long content what stands behind that is
 * taken from the socket itself; that it has ended the bufferevent will see. */
static size_t read_behind(struct front_conn *conn, char *bytes, size_t room)
{
	if (room == 0 || conn->ends || !front_content_reads_directly(conn))
		return 0;
	ssize_t n = recv(conn->fd, bytes, room, MSG_DONTWAIT);
	return n > 0 ? (size_t)n : 0;
}

static ssize_t evhttp_receive(struct front_conn *conn, char *bytes, size_t room)
{
	if (evbuffer_get_length(conn->raw) == 0)
		return conn->ends ? -1 : 0;
	evhttp_memory_wipe(true);
	int n = evbuffer_remove(conn->raw, bytes, room);
	evhttp_memory_wipe(false);
	if (n > 0 && evbuffer_get_length(conn->raw) == 0)
		n += (int)read_behind(conn, bytes + n, room - (size_t)n);
	return n;
}

static bool evhttp_holds_more(const struct front_conn *conn)
{
	return evbuffer_get_length(conn->raw) > 0 || conn->ends;
}

static void evhttp_hear(struct front_conn *conn, bool wanted)
{
	if (!wanted || conn->ends)
		bufferevent_disable(conn->bev, EV_READ);
	else
		bufferevent_enable(conn->bev, EV_READ);
	if (wanted && evhttp_holds_more(conn))
		front_conn_mark(conn);
}

/* --- heads --- */

/* Lines that evhttp is not told: they would make it wait for content, ask for it, or close. */
static bool is_withheld(const struct h1_field *field)
{
	unsigned char id = field->kind.id;

	return id == FIELD_CONTENT_LENGTH || id == FIELD_TRANSFER_ENCODING || id == FIELD_EXPECT ||
	       id == FIELD_CONNECTION;
}

/* As it came, but for the lines that are withheld. */
static void put_head(const struct front_input *in, struct evbuffer *out)
{
	const struct reader *reader = &in->reader;
	const char *at = in->bytes, *end = in->bytes + in->head_len - 2;

	for (size_t i = 0; i < reader->fields_count; i++) {
		const struct h1_field *field = &reader->fields[i];
		bool is_last = i + 1 == reader->fields_count;
		if (!is_withheld(field))
			continue;
		evbuffer_add(out, at, (size_t)(field->name.at - at));
		at = is_last ? end : field[1].name.at;
	}
	evbuffer_add(out, at, (size_t)(end - at));
	evbuffer_add_printf(out, "Connection: keep-alive\r\n\r\n");
}

static void evhttp_on_request(struct evhttp_request *evreq, void *arg)
{
	struct front *front = arg;

	assert(front->parsing);
	front->parsing->evreq = evreq;
}

static void let_evhttp_parse(struct front_conn *conn)
{
	struct evbuffer *input = bufferevent_get_input(conn->bev);

	evbuffer_unfreeze(input, 0); /* a bufferevent lets nobody else put something there */
	put_head(conn->in, input);
	conn->front->parsing = conn;
	evhttp_memory_wipe(true);
	conn->evhttp_read(conn->bev, conn->evcon);
	evhttp_memory_wipe(false);
	conn->front->parsing = NULL;
	take_callbacks(conn);
}

/* It had something to say against the head, and wrote a page of its own. */
static void drop_evhttps_answer(struct front_conn *conn)
{
	struct evbuffer *output = bufferevent_get_output(conn->bev);

	bufferevent_disable(conn->bev, EV_WRITE);
	evbuffer_unfreeze(output, 1);
	evbuffer_drain(output, evbuffer_get_length(output));
	evbuffer_freeze(output, 1);
}

static struct str method_of(const struct evhttp_request *evreq)
{
	static const struct {
		enum evhttp_cmd_type type;
		const char *method;
	} table[] = {{EVHTTP_REQ_GET, "GET"}, {EVHTTP_REQ_HEAD, "HEAD"}, {EVHTTP_REQ_POST, "POST"},
		{EVHTTP_REQ_PUT, "PUT"}, {EVHTTP_REQ_DELETE, "DELETE"},
		{EVHTTP_REQ_OPTIONS, "OPTIONS"}, {EVHTTP_REQ_PATCH, "PATCH"}};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (table[i].type == evhttp_request_get_command(evreq))
			return str_of(table[i].method);
	}
	return STR("");
}

/* evhttp's text takes the reader's place, where both read the same. */
static bool take_text(struct str *ours, struct str theirs)
{
	if (!str_eq(*ours, theirs))
		return false;
	*ours = theirs;
	return true;
}

static bool take_fields(struct reader *reader, const struct evkeyvalq *headers)
{
	const struct evkeyval *theirs = TAILQ_FIRST(headers);

	for (size_t i = 0; i < reader->fields_count; i++) {
		struct h1_field *field = &reader->fields[i];
		if (is_withheld(field))
			continue;
		if (theirs == NULL || !take_text(&field->name, str_of(theirs->key)) ||
			!take_text(&field->value, str_trim(str_of(theirs->value))))
			return false;
		theirs = TAILQ_NEXT(theirs, next);
	}
	return theirs && TAILQ_NEXT(theirs, next) == NULL; /* the line that was put there */
}

/* Two readers of one head: what they do not agree on is not served (S1). */
static enum fault evhttp_take_head(struct front_conn *conn)
{
	struct front_request *req = &conn->req;

	let_evhttp_parse(conn);
	if (conn->evreq == NULL) {
		drop_evhttps_answer(conn);
		return FAULT_BAD_TARGET; /* the grammar of the rest is known to be fine */
	}
	bool is_same =
		take_text(&req->method, method_of(conn->evreq)) &&
		take_text(&req->target, str_of(evhttp_request_get_uri(conn->evreq))) &&
		take_fields(&conn->in->reader, evhttp_request_get_input_headers(conn->evreq));
	return is_same ? FAULT_NONE : FAULT_BAD_REQUEST;
}

static void evhttp_next(struct front_conn *conn)
{
	struct evhttp_request *evreq = conn->evreq;

	conn->evreq = NULL;
	evhttp_memory_wipe(true);
	evhttp_send_reply_end(evreq); /* nothing is in its output: it is ready for another head */
	evhttp_memory_wipe(false);
	take_callbacks(conn);
}

/* --- connections --- */

/* evhttp asks for a bufferevent for each connection it accepts, and says only afterwards which it
 * is. */
static struct bufferevent *evhttp_accept(struct event_base *base, void *arg)
{
	struct front *front = arg;
	struct front_conn *conn = front_conn_new(front);

	conn->bev = front->tls ? front_tls_accept_bufferevent(front->tls, base)
			       : bufferevent_socket_new(base, -1, 0);
	if (conn->bev == NULL)
		abort();
	conn->raw = evbuffer_new();
	TAILQ_INSERT_TAIL(&front->fresh, conn, turn);
	event_active(front->turn_end, EV_TIMEOUT, 0);
	front_limit_note_fresh(front);
	return conn->bev;
}

static void adopt_conn(struct front_conn *conn)
{
	void *evcon; /* evhttp's callbacks have it as their argument */

	bufferevent_getcb(conn->bev, &conn->evhttp_read, NULL, NULL, &evcon);
	if (evcon == NULL)
		abort();
	conn->evcon = evcon;
	conn->fd = bufferevent_getfd(conn->bev);
	conn->ssl = conn->front->tls ? front_tls_of_bufferevent(conn->bev) : NULL;
	event_assign(&conn->writable, conn->front->base, conn->fd, EV_WRITE, front_read_on_writable,
		conn);
	take_callbacks(conn);
	const struct sockaddr *peer = evhttp_connection_get_addr(conn->evcon);
	front_limit_admit(conn, peer,
		peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					    : sizeof(struct sockaddr_in));
}

/* In the turn that accepted them, before a byte can have been read. */
static void evhttp_adopt(struct front *front)
{
	struct front_conn *conn;

	while ((conn = TAILQ_FIRST(&front->fresh))) {
		TAILQ_REMOVE(&front->fresh, conn, turn);
		adopt_conn(conn);
	}
}

static void evhttp_close(struct front_conn *conn)
{
	bufferevent_setcb(conn->bev, NULL, NULL, NULL, NULL);
	bufferevent_disable(conn->bev, EV_READ | EV_WRITE);
	conn->ssl = NULL; /* it is the bufferevent's */
}

static void evhttp_free_conn(struct front_conn *conn)
{
	evhttp_memory_wipe(true);
	evbuffer_free(conn->raw);
	evhttp_connection_free(conn->evcon);
	evhttp_memory_wipe(false);
}

/* --- the front --- */

static void evhttp_listen(struct front *front, int fd)
{
	struct evhttp *http = evhttp_new(front->base);

	if (http == NULL)
		abort();
	evhttp_set_max_headers_size(http, (ev_ssize_t)front->limits.head + HEAD_SLACK);
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
						 EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
						 EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
	evhttp_set_bevcb(http, evhttp_accept, front);
	evhttp_set_gencb(http, evhttp_on_request, front);
	front->http = http;
	front->bound = evhttp_accept_socket_with_handle(http, fd);
	if (front->bound)
		front->listener = evhttp_bound_socket_get_listener(front->bound);
}

static void evhttp_stop(struct front *front)
{
	evhttp_del_accept_socket(front->http, front->bound);
	front->bound = NULL;
	front->listener = NULL;
}

static void evhttp_free_front(struct front *front)
{
	evhttp_free(front->http);
}

const struct front_ops front_evhttp_ops = {
	.listen = evhttp_listen,
	.stop = evhttp_stop,
	.adopt = evhttp_adopt,
	.free = evhttp_free_front,
	.receive = evhttp_receive,
	.holds_more = evhttp_holds_more,
	.hear = evhttp_hear,
	.take_head = evhttp_take_head,
	.next = evhttp_next,
	.close = evhttp_close,
	.free_conn = evhttp_free_conn,
	.fills_room = evhttp_fills_room,
};
