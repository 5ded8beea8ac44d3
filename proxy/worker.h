/*
 * proxy/worker.h - one thread that serves requests: its event loop, listener, pool and caches.
 *
 * Workers share nothing they write: what they know of clusters and keys arrives as snapshots, what
 * others want of them through their inbox.
 */
#ifndef SPARKGATE_PROXY_WORKER_H
#define SPARKGATE_PROXY_WORKER_H

#include "auth/auth.h"
#include "base/share.h"
#include "conf/conf.h"
#include "proxy/metrics.h"

struct worker;
struct crowd;
struct discovery;
struct front_tls;

struct worker_shared { /* borrowed by all workers for their life */
	struct auth_service *auth;
	struct share_slot *registry; /* of struct registry */
	struct share_slot *conf;     /* of struct conf */
	void (*suspect)(void *arg, const char *cluster,
		const char *mount_id); /* a UI refused a connection; any thread */
	void *suspect_arg;
	/* Of content that requests carry: all of it, and of people who are not known yet (S57). */
	struct budget *memory, *strangers;
	struct front_tls *tls; /* of the listener; NULL: in the clear */
	struct crowd *crowd;   /* clients of the listener, over all threads */
	unsigned threads;
	unsigned port; /* really listened on */
};

/* `listen_fd` is taken. Starts the thread. */
struct worker *worker_new(const struct worker_shared *shared, int listen_fd);
/* Asks it to finish what is under way and stop; any thread. */
void worker_drain(struct worker *worker);
/* True once nothing is under way. Any thread. */
bool worker_is_done(const struct worker *worker);
/* Stops at once and waits for the thread; frees. */
void worker_free(struct worker *worker);
struct metrics *worker_metrics(struct worker *worker); /* borrows */
struct worker_counts {
	unsigned connections, exchanges, upstream_connections;
	size_t static_bytes; /* in its cache of static files */
};
unsigned worker_turns(const struct worker *worker); /* of its loop, a few a second; any thread */
struct worker_counts worker_count(const struct worker *worker); /* any thread, approximate */

#endif
