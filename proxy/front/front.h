/*
 * proxy/front/front.h - the clients' side of one server thread, HTTP/1.1 and HTTP/2.
 *
 * Accepts connections, has each byte judged by the strict reader (request_reader.h), bounds what
 * connections hold, and writes answers straight to the socket, with back-pressure. A request is
 * told of at its head; its content is read when somebody wants it. There are two fronts: one reads
 * its sockets itself, one is libevent's evhttp behind the reader (proxy/HTTP.md says why, and which
 * to choose). One thread.
 */
#ifndef SPARKGATE_PROXY_FRONT_FRONT_H
#define SPARKGATE_PROXY_FRONT_FRONT_H

#include "base/budget.h"
#include "base/sbuf.h"
#include "proxy/http/fault.h"
#include "proxy/http/front_request.h"

struct crowd;
struct event_base;
struct evbuffer;
struct front;
struct front_tls;

/* As server.front names them. All that stands here holds for both. */
enum front_kind { FRONT_DIRECT, FRONT_EVHTTP };

struct front_limits {
	size_t head;	      /* bytes of a request's head: FAULT_HEAD_TOO_LARGE */
	unsigned connections; /* of this thread; for one more the one that is idle longest goes */
	int64_t head_timeout_ms; /* for a whole head, and for content that is held */
	int64_t idle_timeout_ms; /* keep-alive */
};

/* What is NULL is not told. None is called from inside a function of this header. */
struct front_handler {
	void (*on_drained)(void *arg); /* what was queued is below FRONT_QUEUE_LOW again */
	void (*on_closed)(void *arg);  /* the client left: last call, the request is dead */
	void (*on_bytes)(void *arg, struct evbuffer *bytes); /* of a tunnel; all are moved out */
	void (*on_held)(void *arg); /* the content is whole, in req->body */
	/* Of content that is streamed, at most 64 KiB; what is not moved out is dropped. */
	void (*on_piece)(void *arg, struct evbuffer *bytes, bool is_last);
	/* The content cannot be had: nothing more of it is told. The request is still to be
	 * answered or cut. */
	void (*on_content_fault)(void *arg, enum fault fault);
};
enum { FRONT_QUEUE_HIGH = 256 * 1024, FRONT_QUEUE_LOW = 64 * 1024 };

/* Each request whose head the reader took comes to on_request, which sees to it that it is answered
 * or cut. Of a connection one a turn of the loop: who sends many at once has no more than others.
 */
typedef void front_on_request(void *arg, struct front_request *req);
/* A stream that the reader refused, for the log. */
typedef void front_on_refused(void *arg, const char *peer, enum fault fault);

/* `listen_fd` is taken. */
struct front *front_new(struct event_base *base, enum front_kind kind, int listen_fd,
	const struct front_limits *limits, front_on_request *on_request,
	front_on_refused *on_refused, void *arg);
/* TLS from the next connection on, and `hsts_s` seconds of it promised to browsers (RFC 6797; 0:
 * nothing is). Borrows `tls`, which outlives the front. */
void front_use_tls(struct front *front, struct front_tls *tls, int64_t hsts_s);
/* How many one client may have here, over all fronts that share it. Borrows `crowd`, which outlives
 * the front (NULL: nobody counts); before the first connection. */
void front_use_crowd(struct front *front, struct crowd *crowd);
/* HTTP/2 beside HTTP/1 (h2/h2.h): over TLS where it was agreed on, and `in_the_clear` to who begins
 * with it. A direct front's; before the first connection. */
struct front_second;
void front_use_second(struct front *front, const struct front_second *second, bool in_the_clear);
void front_free(struct front *front);
/* No new connections; the others are closed after their answer, or when they have been idle for
 * `idle_ms` (0: at once). Tunnels are their owners' to end, within FRONT_TUNNEL_MS. Who has the
 * listener, too, goes on accepting from it. */
enum { FRONT_TUNNEL_MS = 2000 };
void front_drain(struct front *front, int64_t idle_ms);
unsigned front_connections(const struct front *front);
struct front_second_counts {
	unsigned connections, streams;
	uint64_t resets; /* of streams, by clients, since the beginning */
};
struct front_second_counts front_count_second(const struct front *front);

void front_set_handler(struct front_request *req, const struct front_handler *handler, void *arg);

/*
 * Content. Nothing of it is read before one of these two asks for it, once, and before the answer
 * begins; until then the client waits, with `Expect: 100-continue` in so many words. They give a
 * fault at once when more than `max` bytes are announced, or when `budget` (borrows; NULL: none)
 * has no room for it; the request is then to be answered. An answer that begins earlier closes the
 * connection, unless all of the content has come with the head.
 */
/* Keeps it until it is whole. */
MUST_CHECK enum fault front_content_hold(
	struct front_request *req, uint64_t max, struct budget *budget);
/* Hands it on as it comes; counts as FRONT_QUEUE_HIGH bytes. */
MUST_CHECK enum fault front_content_stream(
	struct front_request *req, uint64_t max, struct budget *budget);
/* Back-pressure: whether more is wanted for now. Safe in callbacks. */
void front_content_want(struct front_request *req, bool wanted);

/*
 * Begins the answer: status and `fields` ("Name: value\r\n" lines without framing or connection
 * fields). `length`: bytes of content, or -1 when unknown (chunked, or until close for HTTP/1.0).
 * `no_content`: HEAD, 204, 304: `length` is only announced (-1: not at all).
 */
void front_reply_head(struct front_request *req, int status, const struct sbuf *fields,
	int64_t length, bool no_content);
/* Head and text of this answer are overwritten when they have been sent: a token or a cookie is in
 * them (S69). Before front_reply_head(). */
void front_reply_wiped(struct front_request *req);
/* Content of our own, copied; its length was announced. */
void front_reply_text(struct front_request *req, struct str text);
/* Moves `bytes` toward the client; gives what is queued now. Above FRONT_QUEUE_HIGH wait for
 * on_drained. */
size_t front_reply_body(struct front_request *req, struct evbuffer *bytes);
/* The content is complete. The request is gone; on_closed will not come. */
void front_reply_end(struct front_request *req);
/* Breaks the connection off, so that nobody takes what was sent for complete. The request is gone.
 */
void front_reply_cut(struct front_request *req);
/*
 * Answers 101 with `fields`: from here on bytes of the client come to on_bytes, front_reply_body()
 * passes bytes as they are, and front_reply_end() closes. At a drain: FRONT_TUNNEL_MS.
 */
void front_tunnel_begin(struct front_request *req, const struct sbuf *fields);
/* Whether more of the client's bytes are wanted. */
void front_tunnel_read(struct front_request *req, bool wanted);
/* Close the connection after this answer. Before front_reply_head(). */
void front_close_after(struct front_request *req);

#endif
