#include "proxy/front_int.h"

#include "base/clock.h"
#include "proxy/front_tls.h"
#include "proxy/listen.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	LINGER_MS = 2000,	  /* how long a refused client may go on sending before it is cut */
	STALL_MS = 120 * 1000,	  /* a client that takes nothing of its answer */
	PIPELINE_MAX = 64 * 1024, /* bytes read ahead while an answer is under way */
	WRITE_MAX = 256 * 1024,
};

void front_conn_move(struct front_conn *conn, enum conn_state state)
{
	static const unsigned from[] = {
		[CONN_READING] = 1 << CONN_FRESH | 1 << CONN_ENDING,
		[CONN_REPLYING] = 1 << CONN_READING,
		[CONN_TUNNEL] = 1 << CONN_REPLYING,
		[CONN_ENDING] = 1 << CONN_REPLYING | 1 << CONN_TUNNEL,
		[CONN_LINGERING] = 1 << CONN_READING | 1 << CONN_ENDING,
	};

	assert(from[state] & 1u << conn->state);
	conn->state = state;
	conn->since = clock_mono_ms();
}

/* evhttp's last word on a connection, whoever ended it: the only place where one is freed. */
static void on_evhttp_close(struct evhttp_connection *evcon, void *arg)
{
	struct front_conn *conn = arg;
	struct front *front = conn->front;

	(void)evcon;
	if (conn->secure && !front_tls_is_shaken(conn->bev))
		front_tls_mend(conn->bev);
	event_del(&conn->interest);
	evbuffer_remove_cb_entry(bufferevent_get_input(conn->bev), conn->watch);
	if (conn->dirty)
		TAILQ_REMOVE(&front->dirty, conn, turn);
	TAILQ_REMOVE(&front->conns, conn, all);
	front->by_fd[bufferevent_getfd(conn->bev)] = NULL;
	front->count--;
	evbuffer_free(conn->out);
	free(conn->fields);
	free(conn);
}

void front_conn_drop(struct front_conn *conn)
{
	bool is_owned = conn->state == CONN_REPLYING || conn->state == CONN_TUNNEL;
	const struct front_handler *handler = is_owned ? conn->handler : NULL;

	conn->handler = NULL;
	if (handler)
		handler->on_closed(conn->arg);
	evhttp_connection_free(conn->evcon);
}

static void linger_on_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *input = bufferevent_get_input(bev);

	(void)arg;
	evbuffer_drain(input, evbuffer_get_length(input));
}

static void linger_shut(struct bufferevent *bev, void *arg)
{
	const struct front_conn *conn = arg;

	if (conn->secure)
		front_tls_say_end(bev);
	shutdown(bufferevent_getfd(bev), SHUT_WR);
}

static void linger_on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev, (void)what;
	front_conn_drop(arg);
}

/* Closing with unread bytes would reset the connection and take the answer with it: shut our side,
 * throw away what comes, and close when the client does or LINGER_MS have passed. */
static void linger(struct front_conn *conn)
{
	front_conn_move(conn, CONN_LINGERING);
	bufferevent_setcb(conn->bev, linger_on_read, linger_shut, linger_on_event, conn);
	bufferevent_setwatermark(conn->bev, EV_READ, 0, 0);
	front_conn_flush(conn);
	if (front_conn_is_flushed(conn))
		linger_shut(conn->bev, conn);
	linger_on_read(conn->bev, conn);
	bufferevent_enable(conn->bev, EV_READ);
}

static void refuse(struct front_conn *conn, enum fault fault)
{
	conn->front->on_refused(conn->front->arg, conn->req.peer_text, fault);
	front_reply_refusal(conn, fault);
	linger(conn);
}

/* True when everything before the tap's fault has been answered. */
static bool fault_is_due(const struct front_conn *conn)
{
	return conn->tap.fault != FAULT_NONE && conn->dispatched == conn->tap.requests;
}

void front_conn_next(struct front_conn *conn)
{
	struct evhttp_request *evreq = conn->evreq;

	conn->evreq = NULL;
	if (fault_is_due(conn) && !conn->close_after) {
		refuse(conn, conn->tap.fault);
	} else if (conn->close_after) {
		linger(conn);
	} else {
		front_conn_move(conn, CONN_READING);
		evhttp_send_reply_end(evreq); /* nothing is queued: evhttp reads on at once */
	}
}

/* Runs before evhttp's own read callback sees the bytes. */
static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
	struct front_conn *conn = arg;
	struct evbuffer_iovec vec[16];
	struct evbuffer_ptr at;

	if (info->n_added == 0 || conn->state == CONN_LINGERING)
		return;
	if (tap_is_idle(&conn->tap) && conn->state == CONN_READING)
		conn->since = clock_mono_ms();
	evbuffer_ptr_set(input, &at, evbuffer_get_length(input) - info->n_added, EVBUFFER_PTR_SET);
	int count = evbuffer_peek(input, -1, &at, vec, ARRAY_LEN(vec));
	assert(count <= (int)ARRAY_LEN(vec)); /* one read is at most 4 KiB */
	for (int i = 0; i < count; i++)
		tap_feed(&conn->tap, vec[i].iov_base, vec[i].iov_len);
	if (conn->state == CONN_READING && fault_is_due(conn))
		refuse(conn, conn->tap.fault);
}

static void on_early_read(struct bufferevent *bev, void *arg)
{
	struct front_conn *conn = arg;

	if (evbuffer_get_length(bufferevent_get_input(bev)) <= PIPELINE_MAX)
		return;
	event_del(&conn->interest);
	bufferevent_disable(bev, EV_READ); /* evhttp enables it again after this answer */
}

static void on_interest(int fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
}

static void on_write(struct bufferevent *bev, void *arg)
{
	struct front_conn *conn = arg;

	(void)bev;
	conn->since = clock_mono_ms();
	if (conn->state == CONN_ENDING) {
		front_conn_flush(conn);
		if (front_conn_is_flushed(conn))
			front_conn_next(conn);
	} else if (conn->handler) {
		conn->handler->on_drained(conn->arg);
	}
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev, (void)what;
	front_conn_drop(arg);
}

static void on_tunnel_read(struct bufferevent *bev, void *arg)
{
	struct front_conn *conn = arg;
	struct evbuffer *input = bufferevent_get_input(bev);

	if (conn->state == CONN_TUNNEL && conn->handler)
		conn->handler->on_bytes(conn->arg, input);
	else
		evbuffer_drain(input, evbuffer_get_length(input));
}

void front_conn_open_tunnel(struct front_conn *conn)
{
	struct evbuffer *input = bufferevent_get_input(conn->bev);

	front_conn_move(conn, CONN_TUNNEL);
	evbuffer_cb_clear_flags(input, conn->watch, EVBUFFER_CB_ENABLED);
	event_del(&conn->interest); /* while reading is off it would spin */
	bufferevent_setcb(conn->bev, on_tunnel_read, on_write, on_event, conn);
	bufferevent_setwatermark(conn->bev, EV_READ, 0, 0);
	bufferevent_enable(conn->bev, EV_READ);
	if (evbuffer_get_length(input) > 0)
		bufferevent_trigger(conn->bev, EV_READ, BEV_OPT_DEFER_CALLBACKS);
}

static struct str method_of(struct evhttp_request *evreq)
{
	switch (evhttp_request_get_command(evreq)) {
	case EVHTTP_REQ_GET:
		return STR("GET");
	case EVHTTP_REQ_HEAD:
		return STR("HEAD");
	case EVHTTP_REQ_POST:
		return STR("POST");
	case EVHTTP_REQ_PUT:
		return STR("PUT");
	case EVHTTP_REQ_DELETE:
		return STR("DELETE");
	case EVHTTP_REQ_PATCH:
		return STR("PATCH");
	default:
		return STR("OPTIONS"); /* the tap lets no other through */
	}
}

static size_t collect_fields(struct evhttp_request *evreq, struct h1_field *fields)
{
	struct evkeyval *field;
	size_t n = 0;

	TAILQ_FOREACH(field, evhttp_request_get_input_headers(evreq), next)
	{
		if (n < H1_FIELDS_MAX)
			fields[n++] = (struct h1_field){str_of(field->key), str_of(field->value)};
	}
	return n;
}

static bool wants_close(const struct front_request *req)
{
	return h1_connection_has(req->fields, req->fields_count, STR("close")) ||
	       (req->http_1_0 &&
		       !h1_connection_has(req->fields, req->fields_count, STR("keep-alive")));
}

static void fill_request(struct front_conn *conn, struct evhttp_request *evreq)
{
	struct front_request *req = &conn->req;

	if (conn->fields == NULL)
		conn->fields = mem_alloc(H1_FIELDS_MAX, sizeof *conn->fields);
	req->method = method_of(evreq);
	req->target = str_of(evhttp_request_get_uri(evreq));
	req->fields = conn->fields;
	req->fields_count = collect_fields(evreq, conn->fields);
	req->body = evhttp_request_get_input_buffer(evreq);
	req->http_1_0 = evreq->minor == 0;
	conn->close_after = wants_close(req);
}

static void on_evhttp_request(struct evhttp_request *evreq, void *arg)
{
	struct front *front = arg;
	struct evhttp_connection *evcon = evhttp_request_get_connection(evreq);
	struct bufferevent *bev = evhttp_connection_get_bufferevent(evcon);
	struct front_conn *conn = front->by_fd[bufferevent_getfd(bev)];

	conn->evreq = evreq;
	conn->dispatched++;
	fill_request(conn, evreq);
	front_conn_move(conn, CONN_REPLYING);
	bufferevent_setcb(bev, on_early_read, on_write, on_event, conn);
	/* evhttp has just turned reading off (http.c evhttp_read_header): a client that leaves
	 * would not be noticed. */
	bufferevent_enable(bev, EV_READ);
	if (!conn->secure)
		event_add(&conn->interest, NULL);
	front->on_request(front->arg, &conn->req);
}

void front_set_handler(struct front_request *req, const struct front_handler *handler, void *arg)
{
	struct front_conn *conn = (struct front_conn *)req;

	conn->handler = handler;
	conn->arg = arg;
}

/* evhttp asks for a bufferevent for each accepted connection, and says only afterwards which it is.
 */
static struct bufferevent *on_accept(struct event_base *base, void *arg)
{
	struct front *front = arg;
	struct front_conn *conn = mem_alloc(1, sizeof *conn);

	conn->front = front;
	conn->secure = front->tls != NULL;
	conn->bev = conn->secure ? front_tls_accept(front->tls, base)
				 : bufferevent_socket_new(base, -1, 0);
	conn->out = evbuffer_new();
	conn->since = clock_mono_ms();
	tap_init(&conn->tap, &front->tap_limits);
	bufferevent_set_max_single_write(conn->bev, WRITE_MAX);
	TAILQ_INSERT_TAIL(&front->fresh, conn, turn);
	event_active(front->turn_end, EV_TIMEOUT, 0);
	return conn->bev;
}

static void index_by_fd(struct front *front, struct front_conn *conn)
{
	size_t fd = (size_t)bufferevent_getfd(conn->bev);

	if (fd >= front->by_fd_len) {
		size_t len = (fd + 64) * 2;
		front->by_fd = mem_resize(front->by_fd, len, sizeof(struct front_conn *));
		memset(front->by_fd + front->by_fd_len, 0,
			(len - front->by_fd_len) * sizeof(struct front_conn *));
		front->by_fd_len = len;
	}
	front->by_fd[fd] = conn;
}

/* In the turn that accepted it, before a byte can have been read. */
static void adopt(struct front *front, struct front_conn *conn)
{
	socklen_t len = sizeof conn->peer;
	void *ctx;

	bufferevent_getcb(conn->bev, NULL, NULL, NULL, &ctx);
	conn->evcon = ctx; /* evhttp registers itself as the callbacks' argument */
	evhttp_connection_set_closecb(conn->evcon, on_evhttp_close, conn);
	conn->watch = evbuffer_add_cb(bufferevent_get_input(conn->bev), on_input, conn);
	event_assign(&conn->interest, front->base, bufferevent_getfd(conn->bev),
		EV_READ | EV_PERSIST, on_interest, conn);
	if (!conn->secure) /* TLS reads on its own */
		event_add(&conn->interest, NULL);
	getpeername(bufferevent_getfd(conn->bev), (struct sockaddr *)&conn->peer, &len);
	conn->req.peer = (struct sockaddr *)&conn->peer;
	listen_peer_text(conn->req.peer, conn->req.peer_text);
	TAILQ_INSERT_TAIL(&front->conns, conn, all);
	index_by_fd(front, conn);
	front_conn_move(conn, CONN_READING);
	if (++front->count > front->limits.connections)
		front_conn_drop(conn);
}

static void on_turn_end(int fd, short what, void *arg)
{
	struct front *front = arg;
	struct front_conn *conn;

	(void)fd, (void)what;
	while ((conn = TAILQ_FIRST(&front->fresh))) {
		TAILQ_REMOVE(&front->fresh, conn, turn);
		adopt(front, conn);
	}
	while ((conn = TAILQ_FIRST(&front->dirty))) {
		TAILQ_REMOVE(&front->dirty, conn, turn);
		conn->dirty = false;
		front_conn_flush(conn);
	}
}

static void check_conn(struct front *front, struct front_conn *conn, int64_t age_ms)
{
	bool idle = tap_is_idle(&conn->tap);
	bool shaking = conn->secure && !front_tls_is_shaken(conn->bev);

	if (shaking && age_ms > front->limits.head_timeout_ms)
		front_conn_drop(conn);
	else if (conn->state == CONN_READING && idle &&
		 (age_ms > front->limits.idle_timeout_ms || front->draining))
		front_conn_drop(conn);
	else if (conn->state == CONN_READING && !idle && age_ms > front->limits.head_timeout_ms)
		refuse(conn, FAULT_REQUEST_TIMEOUT);
	else if (conn->state == CONN_LINGERING && age_ms > LINGER_MS)
		front_conn_drop(conn);
	else if (conn->state == CONN_TUNNEL && front->draining)
		front_conn_drop(conn);
	else if ((conn->state == CONN_REPLYING || conn->state == CONN_TUNNEL ||
			 conn->state == CONN_ENDING) &&
		 age_ms > STALL_MS && !front_conn_is_flushed(conn))
		front_conn_drop(conn);
}

/* One timer for all connections: no event is added or removed for a request's sake. */
static void on_tick(int fd, short what, void *arg)
{
	struct front *front = arg;
	int64_t now = clock_mono_ms();
	struct front_conn *next;

	(void)fd, (void)what;
	for (struct front_conn *conn = TAILQ_FIRST(&front->conns); conn; conn = next) {
		next = TAILQ_NEXT(conn, all);
		check_conn(front, conn, now - conn->since);
	}
}

static struct evhttp *http_new(struct front *front, int listen_fd)
{
	struct evhttp *http = evhttp_new(front->base);

	/* The tap's limits come first; these are the second fence. */
	evhttp_set_max_headers_size(http, (ev_ssize_t)front->limits.head + 1024);
	evhttp_set_max_body_size(http, (ev_ssize_t)front->limits.body + 1024);
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
						 EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
						 EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
	evhttp_set_bevcb(http, on_accept, front);
	evhttp_set_gencb(http, on_evhttp_request, front);
	front->bound = evhttp_accept_socket_with_handle(http, listen_fd);
	return http;
}

struct front *front_new(struct event_base *base, int listen_fd, const struct front_limits *limits,
	front_on_request *on_request, front_on_refused *on_refused, void *arg)
{
	struct front *front = mem_alloc(1, sizeof *front);

	*front = (struct front){.base = base,
		.limits = *limits,
		.on_request = on_request,
		.on_refused = on_refused,
		.arg = arg};
	front->tap_limits = (struct tap_limits){limits->head,
		limits->head < 8192 ? limits->head : 8192, H1_FIELDS_MAX, limits->body};
	TAILQ_INIT(&front->conns);
	TAILQ_INIT(&front->fresh);
	TAILQ_INIT(&front->dirty);
	front->turn_end = event_new(base, -1, 0, on_turn_end, front);
	front->tick = event_new(base, -1, EV_PERSIST, on_tick, front);
	event_add(front->tick, &(struct timeval){.tv_sec = 1});
	front->http = http_new(front, listen_fd);
	return front;
}

void front_use_tls(struct front *front, struct front_tls *tls, int64_t hsts_s)
{
	front->tls = tls;
	if (tls && hsts_s)
		snprintf(front->hsts, sizeof front->hsts,
			"Strict-Transport-Security: max-age=%lld\r\n", (long long)hsts_s);
}

void front_drain(struct front *front)
{
	if (front->draining)
		return;
	front->draining = true;
	evhttp_del_accept_socket(front->http, front->bound);
	on_tick(-1, 0, front);
}

void front_free(struct front *front)
{
	struct front_conn *conn;

	if (front == NULL)
		return;
	on_turn_end(-1, 0, front);
	while ((conn = TAILQ_FIRST(&front->conns)))
		front_conn_drop(conn);
	evhttp_free(front->http);
	event_free(front->turn_end);
	event_free(front->tick);
	free(front->by_fd);
	free(front);
}

unsigned front_connections(const struct front *front)
{
	return front->count;
}
