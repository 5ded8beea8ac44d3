/*
 * proxy/serve/server_thread.h - one thread that serves requests: its event loop, listener, pool and
 * caches.
 *
 * Server threads share nothing they write: what they know of clusters and keys arrives as
 * snapshots, what others want of them through their inbox.
 */
#ifndef SPARKGATE_PROXY_SERVE_SERVER_THREAD_H
#define SPARKGATE_PROXY_SERVE_SERVER_THREAD_H

#include "proxy/request/thread_shared.h"

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

struct metrics;
struct server_thread;

/* `listen_fd` is taken. Starts the thread. */
struct server_thread *server_thread_new(const struct thread_shared *shared, int listen_fd);
struct server_thread_leave {	 /* how clients are let go */
	int64_t idle_ms;	 /* as front_drain() has it */
	unsigned websocket_code; /* what tunnels close with (websocket.h) */
};
/* Asks it to finish what is under way and stop; any thread. */
void server_thread_drain(struct server_thread *thread, struct server_thread_leave leave);
/* True once nothing is under way. Any thread. */
bool server_thread_is_done(const struct server_thread *thread);
/* Stops at once and waits for the thread; frees. */
void server_thread_free(struct server_thread *thread);
/* new and free but for the thread: who asks turns its loop (a fuzz target). */
struct server_thread *server_thread_open(const struct thread_shared *shared, int listen_fd);
void server_thread_close(struct server_thread *thread);
struct metrics *server_thread_metrics(struct server_thread *thread); /* borrows */
struct server_thread_counts {
	unsigned connections, exchanges, upstream_connections;
	size_t static_bytes; /* in its cache of static files */
	unsigned http2_connections, http2_streams;
	uint64_t http2_resets; /* of streams, by clients */
};
unsigned server_thread_turns(
	const struct server_thread *thread); /* of its loop, a few a second; any thread */
struct server_thread_counts server_thread_count(
	const struct server_thread *thread); /* any thread, approximate */

#endif
