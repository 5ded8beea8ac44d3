/* The life of a server thread: what it holds, how it starts, its turns, and how it ends. */
#include "proxy/serve/server_thread.h"

#include "auth/token/ui_token.h"
#include "base/net/fetch.h"
#include "base/rnd.h"
#include "proxy/launch/artifacts/artifact_bench.h"
#include "proxy/front/h2/h2.h"
#include "proxy/rewrite/page_memo.h"
#include "proxy/guard/websocket.h"
#include "proxy/relay/static_cache.h"
#include "proxy/relay/static_wait.h"
#include "proxy/relay/tunnel.h"
#include "proxy/request/thread_context.h"
#include "proxy/serve/pipeline.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <stdlib.h>

enum { HEAD_MAX = 1024 * 1024 };

struct drain_task {
	struct task task;
	struct server_thread *thread;
	struct server_thread_leave leave;
	bool at_once;
};

static void thread_on_inbox(int fd, short what, void *arg)
{
	struct server_thread *thread = arg;

	(void)fd, (void)what;
	inbox_drain(thread->inbox);
}

/* What others may read of us is written here, a few times a second, and not on the hot path. */
static void thread_on_tick(int fd, short what, void *arg)
{
	struct server_thread *thread = arg;
	struct upstream_counts up = upstream_count(thread->upstream);
	struct upstream_counts wire = upstream_count(thread->wire);
	struct front_second_counts second = front_count_second(thread->front);

	(void)fd, (void)what;
	atomic_fetch_add_explicit(&thread->turns, 1, memory_order_relaxed);
	atomic_store(&thread->shown_connections, front_connections(thread->front));
	atomic_store(&thread->shown_exchanges, thread->exchanges);
	atomic_store(&thread->shown_http2, second.connections);
	atomic_store(&thread->shown_streams, second.streams);
	atomic_store(&thread->shown_resets, second.resets);
	atomic_store(&thread->shown_upstream, up.connections + wire.connections);
	if (thread->statics)
		atomic_store(
			&thread->shown_static_bytes, static_cache_count(thread->statics).bytes);
	/* An idle server thread must not keep the estate of an hour ago, nor its keys. */
	share_drop(share_get(thread->registry));
	tunnel_check_all(thread);
	struct share_hold *hold = share_get(thread->conf);
	ui_tokens_use(thread->ui_tokens, hold->value);
	share_drop(hold);
	if (thread->draining && thread->exchanges == 0 && front_connections(thread->front) == 0)
		atomic_store(&thread->done, true);
}

static void *run_thread(void *arg)
{
	struct server_thread *thread = arg;

	event_base_dispatch(thread->base);
	return NULL;
}

static struct event_base *new_event_base(void)
{
	struct event_config *config = event_config_new();

	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	struct event_base *base = event_base_new_with_config(config);
	event_config_free(config);
	if (base == NULL)
		abort();
	return base;
}

static struct front_limits front_limits_of(const struct conf *conf)
{
	unsigned share = conf->limit_connections / conf->threads;

	return (struct front_limits){.head = conf->limit_head,
		.connections = share ? share : 1,
		.head_timeout_ms = conf->limit_head_timeout_ms,
		.idle_timeout_ms = 75 * 1000};
}

static struct static_cache *statics_of(const struct conf *conf)
{
	size_t share = conf->limit_static_files / conf->threads;

	return share < STATIC_CACHE_MIN ? NULL : static_cache_new(share, STATIC_ENTRIES);
}

static void add_thread_events(struct server_thread *thread)
{
	thread->inbox_event = event_new(thread->base, inbox_fd(thread->inbox), EV_READ | EV_PERSIST,
		thread_on_inbox, thread);
	thread->tick = event_new(thread->base, -1, EV_PERSIST, thread_on_tick, thread);
	event_add(thread->inbox_event, NULL);
	event_add(thread->tick, &(struct timeval){.tv_usec = 250 * 1000});
}

static void open_front(struct server_thread *thread, int listen_fd, const struct conf *conf)
{
	const struct thread_shared *shared = thread->shared;
	struct front_limits limits = front_limits_of(conf);
	enum front_kind kind = (enum front_kind)conf->front;

	thread->front = front_new(
		thread->base, kind, listen_fd, &limits, pipeline_begin, pipeline_refused, thread);
	front_use_tls(thread->front, shared->tls, conf->tls.hsts_s);
	front_use_crowd(thread->front, shared->crowd);
	if (kind == FRONT_DIRECT)
		front_use_second(thread->front, &h2_wire, conf->h2c);
}

struct server_thread *server_thread_open(const struct thread_shared *shared, int listen_fd)
{
	struct server_thread *thread = mem_alloc(1, sizeof *thread);

	thread->shared = shared;
	thread->base = new_event_base();
	thread->inbox = inbox_new();
	thread->metrics = metrics_new();
	sbuf_init(&thread->head, HEAD_MAX);
	for (size_t i = 0; i < ARRAY_LEN(thread->filters); i++)
		thread->filters[i] = evbuffer_new();
	thread->nothing = evbuffer_new();
	thread->pages = page_memo_new();
	thread->registry = share_reader_new(shared->registry);
	thread->conf = share_reader_new(shared->conf);
	thread->auth = auth_new(shared->auth, thread->base, thread->inbox, AUTH_SITE_PUBLIC);
	thread->ui_tokens = ui_tokens_new();
	thread->bench = artifact_bench_new(thread->base, shared->uploads);
	thread->upstream = upstream_new(thread->base, &upstream_default_limits);
	rnd_bytes(&thread->next_id, sizeof thread->next_id);
	struct share_hold *hold = share_get(thread->conf);
	thread->statics = statics_of(hold->value);
	thread->fetches = static_fetches_new(thread->base);
	thread->wire = tunnel_wire_new(thread->base, hold->value);
	open_front(thread, listen_fd, hold->value);
	share_drop(hold);
	add_thread_events(thread);
	return thread;
}

struct server_thread *server_thread_new(const struct thread_shared *shared, int listen_fd)
{
	struct server_thread *thread = server_thread_open(shared, listen_fd);

	if (pthread_create(&thread->thread, NULL, run_thread, thread) != 0)
		abort();
	return thread;
}

static void on_drain_task(struct task *task)
{
	struct drain_task *drain = (struct drain_task *)task;

	drain->thread->draining = true;
	tunnel_leave_all(drain->thread, drain->leave.websocket_code);
	front_drain(drain->thread->front, drain->leave.idle_ms);
	if (drain->at_once)
		event_base_loopbreak(drain->thread->base);
	free(drain);
}

static void post_drain(struct server_thread *thread, struct server_thread_leave leave, bool at_once)
{
	struct drain_task *drain = mem_alloc(1, sizeof *drain);

	*drain = (struct drain_task){{on_drain_task, NULL}, thread, leave, at_once};
	inbox_post(thread->inbox, &drain->task);
}

void server_thread_drain(struct server_thread *thread, struct server_thread_leave leave)
{
	post_drain(thread, leave, false);
}

bool server_thread_is_done(const struct server_thread *thread)
{
	return atomic_load(&thread->done);
}

/* The keeper frees what it still has of ours. */
static void leave_questions(struct server_thread *thread)
{
	struct pod_question *q;

	LIST_FOREACH(q, &thread->questions, asked)
	q->home = NULL;
	launch_questions_leave(&thread->launch_questions);
}

void server_thread_close(struct server_thread *thread)
{
	front_free(thread->front);
	fetcher_free(thread->kube);
	artifact_bench_free(thread->bench);
	/* Answers of the store that are still on their way end their exchanges here. */
	auth_free(thread->auth);
	event_free(thread->inbox_event);
	event_free(thread->tick);
	inbox_free(thread->inbox); /* takes answers that have come */
	leave_questions(thread);
	upstream_free(thread->upstream);
	static_cache_free(thread->statics);
	static_fetches_free(thread->fetches);
	upstream_free(thread->wire);
	ui_tokens_free(thread->ui_tokens);
	share_reader_free(thread->registry);
	share_reader_free(thread->conf);
	event_base_free(thread->base);
	metrics_free(thread->metrics);
	for (size_t i = 0; i < ARRAY_LEN(thread->filters); i++)
		evbuffer_free(thread->filters[i]);
	sbuf_clear(&thread->head);
	evbuffer_free(thread->nothing);
	page_memo_free(thread->pages);
	free(thread);
}

void server_thread_free(struct server_thread *thread)
{
	if (thread == NULL)
		return;
	post_drain(thread, (struct server_thread_leave){0, WEBSOCKET_GOING_AWAY}, true);
	pthread_join(thread->thread, NULL);
	server_thread_close(thread);
}

struct metrics *server_thread_metrics(struct server_thread *thread)
{
	return thread->metrics;
}

unsigned server_thread_turns(const struct server_thread *thread)
{
	return atomic_load_explicit(&thread->turns, memory_order_relaxed);
}

struct server_thread_counts server_thread_count(const struct server_thread *thread)
{
	return (struct server_thread_counts){atomic_load(&thread->shown_connections),
		atomic_load(&thread->shown_exchanges), atomic_load(&thread->shown_upstream),
		atomic_load(&thread->shown_static_bytes), atomic_load(&thread->shown_http2),
		atomic_load(&thread->shown_streams), atomic_load(&thread->shown_resets)};
}
