/* proxy/worker_int.h - a worker as its exchanges see it; one thread. */
#ifndef SPARKGATE_PROXY_WORKER_INT_H
#define SPARKGATE_PROXY_WORKER_INT_H

#include "base/sbuf.h"
#include "proxy/front.h"
#include "proxy/upstream.h"
#include "proxy/worker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

struct link_memo;
struct tunnel;

struct worker {
	const struct worker_shared *shared;
	pthread_t thread;
	struct event_base *base;
	struct inbox *inbox;
	struct event *inbox_event, *tick;
	struct front *front;
	struct upstream *upstream, *wire; /* pooled; of tunnels */
	LIST_HEAD(, tunnel) tunnels;
	struct auth *auth;
	struct share_reader *registry, *conf;
	struct metrics *metrics;
	struct ui_tokens *ui_tokens;
	struct static_cache *statics; /* NULL: none is wanted */
	struct sbuf head;	      /* of the request that is sent on right now */
	struct evbuffer *filters[2];  /* content between two filters; empty between callbacks */
	struct link_memo *links;      /* of the last long page */
	struct evbuffer *nothing;     /* always empty: the end of a content that is not kept */
	unsigned exchanges;
	uint64_t next_id; /* request ids: random start, counted up */
	bool draining;
	_Atomic bool done;
	_Atomic unsigned turns; /* of the loop */
	_Atomic unsigned shown_connections, shown_exchanges, shown_upstream;
	_Atomic size_t shown_static_bytes;
};

/* worker_new() and worker_free() but for the thread: who asks turns `base` (a fuzz target). */
struct worker *worker_open(const struct worker_shared *shared, int listen_fd);
void worker_close(struct worker *worker);

#endif
