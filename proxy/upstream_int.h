/* proxy/upstream_int.h - what upstream.c (pool and calls) and upstream_conn.c (one connection) share. */
#ifndef SPARKGATE_PROXY_UPSTREAM_INT_H
#define SPARKGATE_PROXY_UPSTREAM_INT_H

#include "proxy/upstream.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/queue.h>
#include <uthash.h>

enum { READ_SIZE = 64 * 1024 };

enum call_state {
	CALL_WAITING, /* for a connection to its address */
	CALL_ASKING,  /* has a connection; no whole head yet */
	CALL_READING, /* the head was handed on */
	CALL_FAILED,  /* the fault will be told at the end of this turn */
	CALL_DEAD,    /* told; freed at the next turn, because its callbacks may be on the stack */
};

struct upstream_call {
	struct upstream *up;
	struct address *address;
	struct conn *conn; /* NULL while waiting and when dead */
	const struct upstream_handler *handler;
	void *arg;
	enum call_state state;
	enum fault fault;
	struct evbuffer *request; /* kept whole until the answer begins: it may be sent again */
	size_t sent;
	bool is_head, idempotent, retried, paused, keep_alive;
	struct h1_content content;
	int64_t since; /* monotonic ms: of the state, or of the last byte */
	TAILQ_ENTRY(upstream_call) all;
	TAILQ_ENTRY(upstream_call) turn; /* waiting, failed or dead */
};
TAILQ_HEAD(calls, upstream_call);

enum conn_state { CONN_CONNECTING, CONN_BUSY, CONN_IDLE, CONN_CLOSED };

struct conn {
	struct upstream *up;
	struct address *address;
	struct upstream_call *call; /* BUSY, CONNECTING */
	enum conn_state state;
	int fd;
	struct event readable, writable;
	bool reading; /* readable is registered */
	bool reused, filled; /* the last read filled its buffer: more is coming */
	struct evbuffer *in; /* the start of a head that is not complete; NULL mostly */
	int64_t since; /* idle since */
	TAILQ_ENTRY(conn) list;
};
TAILQ_HEAD(conns, conn);

struct address {
	struct sockaddr_storage addr;
	socklen_t len;
	unsigned open, waiting;
	struct conns idle; /* newest first */
	struct calls waiters;
	UT_hash_handle hh;
};

struct upstream {
	struct event_base *base;
	struct upstream_limits limits;
	struct address *addresses;
	struct calls calls, failed, dead;
	struct conns closed; /* freed at the next turn */
	struct event turn_end, tick;
	struct evbuffer *content; /* between the wire and on_body; empty between callbacks */
	unsigned idle;
	struct upstream_counts counts;
	char scratch[READ_SIZE];
};

/* upstream_conn.c */
/* A connection under way to the call's address, or NULL when the kernel refused at once. */
struct conn *conn_open(struct upstream_call *call);
void conn_send(struct conn *conn); /* what the call's request has left */
bool conn_is_alive(const struct conn *conn); /* MSG_PEEK: nothing to read, not closed */
void conn_close(struct conn *conn); /* leaves pool and call; freed at the next turn */
void conn_resume(struct conn *conn);

/* upstream.c */
void call_fail(struct upstream_call *call, enum fault fault); /* tells at the end of this turn */
void call_end(struct upstream_call *call, bool reusable); /* complete: tells now */
/* The connection ended before a byte of the answer: once more on a fresh one, or fail. */
void call_retry(struct upstream_call *call, enum fault fault);
void upstream_reap(struct upstream *up); /* frees the dead; only from the event loop itself */

#endif
