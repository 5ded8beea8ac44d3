/*
 * proxy/upstream/upstream.h - requests to the UIs: a pool of connections of one server thread.
 *
 * Reads 64 KiB at a time, frames responses strictly (RFC 9112, h1.h), stops reading a connection
 * whose sink is full, proves a pooled connection alive before using it again and retries an
 * idempotent request once on a stale one. Few connections to an address are new at once: others
 * wait for their turn, or for what comes free. One thread; no locks.
 */
#ifndef SPARKGATE_PROXY_UPSTREAM_UPSTREAM_H
#define SPARKGATE_PROXY_UPSTREAM_UPSTREAM_H

#include "proxy/http/fault.h"
#include "proxy/http/h1.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct event_base;
struct evbuffer;
struct upstream;
struct upstream_call;

struct upstream_limits {
	unsigned per_address; /* connections to one address, busy and idle */
	unsigned waiters;     /* requests waiting for one address before FAULT_BUSY at once */
	int64_t wait_ms;      /* how long one waits while nobody is answered: then FAULT_BUSY */
	int64_t connect_ms;   /* the same of a connect: FAULT_UPSTREAM_CONNECT */
	int64_t head_ms;      /* until the response head: FAULT_UPSTREAM_TIMEOUT */
	int64_t stall_ms;     /* without a byte while reading is on: FAULT_UPSTREAM_DIED */
	int64_t idle_ms;      /* pooled, below 7 s (T52) */
	unsigned idle_total;  /* idle connections of the whole pool */
};
extern const struct upstream_limits upstream_default_limits;

struct upstream_secure {       /* TLS, and who must be there */
	const char *authority; /* "name:port", "[::1]:8480": the certificate is for this host */
	const char *ca_file;   /* PEM of who alone may have signed it; NULL: the system's */
};

struct upstream_request { /* borrowed until upstream_start() returns, but for the body */
	const struct sockaddr *addr;
	socklen_t addr_len;
	const struct upstream_secure *secure; /* NULL: in the clear */
	struct str head;		      /* whole request head with its empty line */
	struct evbuffer *body;		      /* moved out; NULL or empty: none */
	bool streams;			      /* more content follows, by upstream_send() */
	bool is_chunked;		      /* which puts the chunked coding on it */
	bool is_head;			      /* HEAD: the response has no content */
	bool idempotent;		      /* may be sent again on a stale connection */
	bool is_upgrade; /* 101 is a final answer; what follows is content without end */
};

struct upstream_handler { /* callbacks; never called from inside upstream_start() */
	/* The final response head; borrowed during the call. 1xx are eaten. */
	void (*on_head)(void *arg, const struct h1_response *head);
	/* Content bytes, unframed, at most 64 KiB. The handler moves them out; what it leaves is
	 * dropped. */
	void (*on_body)(void *arg, struct evbuffer *bytes);
	/* Exactly one of these two is the last call. on_end: the content is complete. */
	void (*on_end)(void *arg);
	void (*on_fault)(void *arg, enum fault fault);
	/* What waited of upstream_send() is below UPSTREAM_QUEUE_LOW again. NULL is fine. */
	void (*on_sent)(void *arg);
};
enum { UPSTREAM_QUEUE_HIGH = 256 * 1024, UPSTREAM_QUEUE_LOW = 64 * 1024 };

struct upstream *upstream_new(struct event_base *base, const struct upstream_limits *limits);
/* No calls may be under way, and none of the callbacks: their connections are freed here. */
void upstream_free(struct upstream *up);
/* The handler must outlive the call. The call is the pool's own and dies after its last callback.
 */
struct upstream_call *upstream_start(struct upstream *up, const struct upstream_request *req,
	const struct upstream_handler *handler, void *arg);
/*
 * Back-pressure: nothing more is read until resumed. What was read already, at most 64 KiB, is
 * still handed on, and on_end may come. Safe in callbacks.
 */
void upstream_pause(struct upstream_call *call);
void upstream_resume(struct upstream_call *call);
/*
 * Of a request that streams, or after an upgrade: moves `bytes` toward the UI; gives how many wait.
 * Above UPSTREAM_QUEUE_HIGH on_sent follows. They are dropped when the UI has answered with an
 * error, which means that it wants no more.
 */
size_t upstream_send(struct upstream_call *call, struct evbuffer *bytes);
void upstream_send_end(struct upstream_call *call); /* the content is complete */
/* The client left: no callback comes any more; the connection is closed, not pooled. Safe in
 * callbacks. */
void upstream_cancel(struct upstream_call *call);

struct upstream_counts { /* for metrics and leak tests */
	unsigned connections, idle, calls, waiting;
	uint64_t opened, reused, retried;
};
struct upstream_counts upstream_count(const struct upstream *up);

#endif
