/* proxy/front_int.h - what front.c (connections) and front_reply.c (answers) share. */
#ifndef SPARKGATE_PROXY_FRONT_INT_H
#define SPARKGATE_PROXY_FRONT_INT_H

#include "proxy/front.h"
#include "proxy/tap.h"

#include <event2/event_struct.h>
#include <sys/queue.h>

struct bufferevent;
struct event;
struct evhttp;
struct evhttp_connection;
struct evhttp_request;
struct evbuffer_cb_entry;

enum conn_state {
	CONN_FRESH,	/* accepted in this turn of the loop; evhttp's object is not known yet */
	CONN_READING,	/* evhttp reads a request */
	CONN_REPLYING,	/* the exchange owns it */
	CONN_TUNNEL,	/* no HTTP any more: bytes both ways, neither the tap's nor evhttp's */
	CONN_ENDING,	/* answered; the last bytes are on their way */
	CONN_LINGERING, /* our side is shut; what still comes is thrown away */
};

struct front_conn {
	struct front_request req; /* first: a request is its connection */
	struct front *front;
	enum conn_state state;
	int64_t since; /* monotonic ms: of the state, of a head's first byte, or of the last
			  progress */
	struct bufferevent *bev;
	struct evhttp_connection *evcon;
	struct evhttp_request *evreq;
	struct evbuffer_cb_entry *watch;
	/* evhttp turns reading off and on around each request; a second reader of the same
	 * descriptor that never leaves makes both free of system calls (evmap_io_del_: the last one
	 * counts). */
	struct event interest;
	struct tap tap;
	uint64_t dispatched;	 /* requests that evhttp has handed on */
	struct h1_field *fields; /* H1_FIELDS_MAX; only while replying */
	struct evbuffer *out;
	const struct front_handler *handler;
	void *arg;
	struct sockaddr_storage peer;
	bool secure; /* TLS */
	bool chunked, no_content, close_after, dirty;
	TAILQ_ENTRY(front_conn) all;
	TAILQ_ENTRY(front_conn) turn; /* fresh or dirty: looked after at the end of this turn */
};
TAILQ_HEAD(front_conns, front_conn);

struct front {
	struct event_base *base;
	struct evhttp *http;
	struct evhttp_bound_socket *bound;
	struct front_limits limits;
	struct tap_limits tap_limits;
	front_on_request *on_request;
	front_on_refused *on_refused;
	void *arg;
	struct front_conns conns, fresh, dirty;
	unsigned count;
	struct front_conn **by_fd;
	size_t by_fd_len;
	struct front_tls *tls; /* NULL: in the clear */
	char hsts[64];	       /* the field line, or "" */
	struct event *turn_end, *tick;
	bool draining;
};

/* The one place where a connection changes its state. */
void front_conn_move(struct front_conn *conn, enum conn_state state);
/* The answer is written: on to the next request, or close. */
void front_conn_next(struct front_conn *conn);
/* Takes the connection away from evhttp's reading and the tap. */
void front_conn_open_tunnel(struct front_conn *conn);
/* Frees it now; on_closed is called first if an exchange owns it. */
void front_conn_drop(struct front_conn *conn);
/* Writes what is queued; what the socket does not take waits for it. */
void front_conn_flush(struct front_conn *conn);
bool front_conn_is_flushed(const struct front_conn *conn);
void front_reply_refusal(struct front_conn *conn, enum fault fault);

#endif
