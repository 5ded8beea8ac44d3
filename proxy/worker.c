#include "proxy/worker_int.h"

#include "auth/ui_token.h"
#include "base/rnd.h"
#include "proxy/exchange.h"
#include "proxy/link_memo.h"
#include "proxy/static_cache.h"
#include "proxy/tunnel.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <stdlib.h>

enum { HEAD_MAX = 1024 * 1024 };

struct drain_task {
	struct task task;
	struct worker *worker;
	bool at_once;
};

static void on_inbox(int fd, short what, void *arg)
{
	struct worker *worker = arg;

	(void)fd, (void)what;
	inbox_drain(worker->inbox);
}

/* What others may read of us is written here, a few times a second, and not on the hot path. */
static void on_tick(int fd, short what, void *arg)
{
	struct worker *worker = arg;
	struct upstream_counts up = upstream_count(worker->upstream);
	struct upstream_counts wire = upstream_count(worker->wire);

	(void)fd, (void)what;
	atomic_fetch_add_explicit(&worker->turns, 1, memory_order_relaxed);
	atomic_store(&worker->shown_connections, front_connections(worker->front));
	atomic_store(&worker->shown_exchanges, worker->exchanges);
	atomic_store(&worker->shown_upstream, up.connections + wire.connections);
	if (worker->statics)
		atomic_store(
			&worker->shown_static_bytes, static_cache_count(worker->statics).bytes);
	/* An idle worker must not keep the estate of an hour ago, nor its keys. */
	share_drop(share_get(worker->registry));
	tunnel_check_all(worker);
	struct share_hold *hold = share_get(worker->conf);
	ui_tokens_use(worker->ui_tokens, hold->value);
	share_drop(hold);
	if (worker->draining && worker->exchanges == 0 && front_connections(worker->front) == 0)
		atomic_store(&worker->done, true);
}

static void *run(void *arg)
{
	struct worker *worker = arg;

	event_base_dispatch(worker->base);
	return NULL;
}

static struct event_base *new_base(void)
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

static void add_events(struct worker *worker)
{
	worker->inbox_event = event_new(
		worker->base, inbox_fd(worker->inbox), EV_READ | EV_PERSIST, on_inbox, worker);
	worker->tick = event_new(worker->base, -1, EV_PERSIST, on_tick, worker);
	event_add(worker->inbox_event, NULL);
	event_add(worker->tick, &(struct timeval){.tv_usec = 250 * 1000});
}

struct worker *worker_open(const struct worker_shared *shared, int listen_fd)
{
	struct worker *worker = mem_alloc(1, sizeof *worker);

	worker->shared = shared;
	worker->base = new_base();
	worker->inbox = inbox_new();
	worker->metrics = metrics_new();
	sbuf_init(&worker->head, HEAD_MAX);
	for (size_t i = 0; i < ARRAY_LEN(worker->filters); i++)
		worker->filters[i] = evbuffer_new();
	worker->nothing = evbuffer_new();
	worker->links = link_memo_new();
	worker->registry = share_reader_new(shared->registry);
	worker->conf = share_reader_new(shared->conf);
	worker->auth = auth_new(shared->auth, worker->base, worker->inbox, AUTH_SITE_PUBLIC);
	worker->ui_tokens = ui_tokens_new();
	worker->upstream = upstream_new(worker->base, &upstream_default_limits);
	rnd_bytes(&worker->next_id, sizeof worker->next_id);
	struct share_hold *hold = share_get(worker->conf);
	struct front_limits limits = front_limits_of(hold->value);
	int64_t hsts_s = ((const struct conf *)hold->value)->tls.hsts_s;
	worker->statics = statics_of(hold->value);
	worker->wire = tunnel_wire_new(worker->base, hold->value);
	share_drop(hold);
	worker->front = front_new(
		worker->base, listen_fd, &limits, exchange_begin, exchange_refused, worker);
	front_use_tls(worker->front, shared->tls, hsts_s);
	front_use_crowd(worker->front, shared->crowd);
	add_events(worker);
	return worker;
}

struct worker *worker_new(const struct worker_shared *shared, int listen_fd)
{
	struct worker *worker = worker_open(shared, listen_fd);

	if (pthread_create(&worker->thread, NULL, run, worker) != 0)
		abort();
	return worker;
}

static void on_drain_task(struct task *task)
{
	struct drain_task *drain = (struct drain_task *)task;

	drain->worker->draining = true;
	front_drain(drain->worker->front);
	if (drain->at_once)
		event_base_loopbreak(drain->worker->base);
	free(drain);
}

static void post_drain(struct worker *worker, bool at_once)
{
	struct drain_task *drain = mem_alloc(1, sizeof *drain);

	*drain = (struct drain_task){{on_drain_task, NULL}, worker, at_once};
	inbox_post(worker->inbox, &drain->task);
}

void worker_drain(struct worker *worker)
{
	post_drain(worker, false);
}

bool worker_is_done(const struct worker *worker)
{
	return atomic_load(&worker->done);
}

void worker_close(struct worker *worker)
{
	front_free(worker->front);
	/* Answers of the store that are still on their way end their exchanges here. */
	auth_free(worker->auth);
	event_free(worker->inbox_event);
	event_free(worker->tick);
	inbox_free(worker->inbox);
	upstream_free(worker->upstream);
	static_cache_free(worker->statics);
	upstream_free(worker->wire);
	ui_tokens_free(worker->ui_tokens);
	share_reader_free(worker->registry);
	share_reader_free(worker->conf);
	event_base_free(worker->base);
	metrics_free(worker->metrics);
	for (size_t i = 0; i < ARRAY_LEN(worker->filters); i++)
		evbuffer_free(worker->filters[i]);
	sbuf_clear(&worker->head);
	evbuffer_free(worker->nothing);
	link_memo_free(worker->links);
	free(worker);
}

void worker_free(struct worker *worker)
{
	if (worker == NULL)
		return;
	post_drain(worker, true);
	pthread_join(worker->thread, NULL);
	worker_close(worker);
}

struct metrics *worker_metrics(struct worker *worker)
{
	return worker->metrics;
}

unsigned worker_turns(const struct worker *worker)
{
	return atomic_load_explicit(&worker->turns, memory_order_relaxed);
}

struct worker_counts worker_count(const struct worker *worker)
{
	return (struct worker_counts){atomic_load(&worker->shown_connections),
		atomic_load(&worker->shown_exchanges), atomic_load(&worker->shown_upstream),
		atomic_load(&worker->shown_static_bytes)};
}
