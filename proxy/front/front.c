/* A front: its listener, its turns, its timer. */
#include "proxy/front/front_int.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "proxy/front/front_tls.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>

/* Out of descriptors: the listener rests until the next tick, for it would report at once again. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	log_err("front", "a connection could not be accepted: %s", strerror(EVUTIL_SOCKET_ERROR()));
	evconnlistener_disable(listener);
}

static void look_after_conn(struct front_conn *conn)
{
	if (conn->broken && conn->state != CONN_DEAD)
		front_conn_drop(conn);
	else if (conn->state != CONN_DEAD)
		front_read_go_on(conn);
}

/* Those who have more to be done wait until all others have had their turn: an event that is made
 * active here would still be of this one, a timer that has run out is of the next. */
static void put_off(struct front *front)
{
	struct front_conn *conn;

	TAILQ_FOREACH(conn, &front->dirty, turn) front_conn_flush(conn);
	if (!TAILQ_EMPTY(&front->dirty))
		event_add(front->next_turn, &(struct timeval){0});
}

/* Each connection is looked after once, whatever it still wants (S58). */
static void on_front_turn_end(int fd, short what, void *arg)
{
	struct front *front = arg;
	struct front_conns batch = TAILQ_HEAD_INITIALIZER(batch);
	struct front_conn *conn;

	(void)fd, (void)what;
	front->is_ending_turn = true;
	if (front->ops->adopt)
		front->ops->adopt(front);
	TAILQ_CONCAT(&batch, &front->dirty, turn);
	while ((conn = TAILQ_FIRST(&batch))) {
		TAILQ_REMOVE(&batch, conn, turn);
		conn->dirty = false;
		look_after_conn(conn);
	}
	while ((conn = TAILQ_FIRST(&front->dead)))
		front_conn_free(conn);
	put_off(front);
	front->is_ending_turn = false;
	front->turns++;
	front_limit_turn_end(front);
}

static void check_conn(struct front *front, struct front_conn *conn, int64_t now)
{
	int64_t age_ms = now - conn->since;
	bool idle = front_input_is_idle(conn);
	int64_t idle_ms = front->draining ? front->drain_idle_ms : front->limits.idle_timeout_ms;
	bool shaking = conn->ssl && !front_tls_is_shaken(conn->ssl);
	bool is_answering = conn->state == CONN_REPLYING || conn->state == CONN_TUNNEL ||
			    conn->state == CONN_ENDING || conn->state == CONN_SESSION;

	if (shaking && age_ms > front->limits.head_timeout_ms)
		front_conn_drop(conn);
	else if (conn->state == CONN_READING && idle &&
		 (age_ms > idle_ms || (front->draining && idle_ms == 0)))
		front_conn_drop(conn);
	else if (conn->state == CONN_READING && !idle && age_ms > front->limits.head_timeout_ms)
		front_reply_refuse(conn, FAULT_REQUEST_TIMEOUT);
	else if (conn->state == CONN_LINGERING && age_ms > LINGER_MS)
		front_conn_drop(conn);
	else if (conn->state == CONN_TUNNEL && front->draining &&
		 now - front->drained_ms > FRONT_TUNNEL_MS)
		front_conn_drop(conn);
	else if (is_answering && age_ms > STALL_MS && !front_conn_is_flushed(conn))
		front_conn_drop(conn);
	else if (conn->state == CONN_SESSION)
		front->second->check(conn, now);
	else
		front_content_check(conn, now);
}

/* One timer for all connections: no event is added or removed for a request's sake. */
static void on_front_tick(int fd, short what, void *arg)
{
	struct front *front = arg;
	int64_t now = clock_mono_ms();
	struct front_conn *next;

	(void)fd, (void)what;
	if (front->listener && !front->draining)
		evconnlistener_enable(front->listener);
	front_limit_tick(front);
	for (struct front_conn *conn = TAILQ_FIRST(&front->conns); conn; conn = next) {
		next = TAILQ_NEXT(conn, all);
		check_conn(front, conn, now);
	}
}

struct front *front_new(struct event_base *base, enum front_kind kind, int listen_fd,
	const struct front_limits *limits, front_on_request *on_request,
	front_on_refused *on_refused, void *arg)
{
	struct front *front = mem_alloc(1, sizeof *front);

	*front = (struct front){.ops = kind == FRONT_EVHTTP ? &front_evhttp_ops : &front_direct_ops,
		.base = base,
		.limits = *limits,
		.on_request = on_request,
		.on_refused = on_refused,
		.arg = arg};
	front->reader_limits = (struct request_reader_limits){
		limits->head, limits->head, H1_FIELDS_MAX, INT64_MAX};
	front->turns = 1;
	TAILQ_INIT(&front->conns);
	TAILQ_INIT(&front->shelf);
	TAILQ_INIT(&front->dirty);
	TAILQ_INIT(&front->dead);
	TAILQ_INIT(&front->fresh);
	front->nothing = evbuffer_new();
	front->turn_end = event_new(base, -1, 0, on_front_turn_end, front);
	front->next_turn = event_new(base, -1, 0, on_front_turn_end, front);
	front->tick = event_new(base, -1, EV_PERSIST, on_front_tick, front);
	event_add(front->tick, &(struct timeval){.tv_sec = 1});
	front->ops->listen(front, listen_fd);
	if (front->listener == NULL)
		abort();
	evconnlistener_set_error_cb(front->listener, on_accept_error);
	return front;
}

void front_use_tls(struct front *front, struct front_tls *tls, int64_t hsts_s)
{
	front->tls = tls;
	if (tls && hsts_s)
		snprintf(front->hsts, sizeof front->hsts,
			"Strict-Transport-Security: max-age=%lld\r\n", (long long)hsts_s);
}

void front_use_second(struct front *front, const struct front_second *second, bool in_the_clear)
{
	front->second = second;
	front->second_in_the_clear = in_the_clear;
}

static void on_unlisten(int fd, short what, void *arg)
{
	struct front *front = arg;

	(void)fd, (void)what;
	front->ops->stop(front);
}

/* The listener may be another process's, too. Closed before the loop has told the kernel that it
 * waits no more (base/net/descriptor.h), it would be told of that one's connections for ever. */
void front_drain(struct front *front, int64_t idle_ms)
{
	static const struct timeval soon = {0, 1};

	if (front->draining)
		return;
	front->draining = true;
	front->drained_ms = clock_mono_ms();
	front->drain_idle_ms = idle_ms;
	evconnlistener_disable(front->listener);
	front->unlisten = event_new(front->base, -1, 0, on_unlisten, front);
	event_add(front->unlisten, &soon);
	on_front_tick(-1, 0, front);
}

void front_free(struct front *front)
{
	struct front_conn *conn;

	if (front == NULL)
		return;
	if (front->ops->adopt)
		front->ops->adopt(front);
	front_limit_tick(front);
	front->is_freed = true;
	while ((conn = TAILQ_FIRST(&front->conns)))
		front_conn_drop(conn);
	while (!TAILQ_EMPTY(&front->dead))
		on_front_turn_end(-1, 0, front);
	if (front->listener)
		front->ops->stop(front);
	if (front->unlisten)
		event_free(front->unlisten);
	if (front->ops->free)
		front->ops->free(front);
	event_free(front->turn_end);
	event_free(front->next_turn);
	event_free(front->tick);
	evbuffer_free(front->nothing);
	free(front);
}

unsigned front_connections(const struct front *front)
{
	return front->count;
}

struct front_second_counts front_count_second(const struct front *front)
{
	return (struct front_second_counts){front->sessions, front->streams, front->resets};
}
