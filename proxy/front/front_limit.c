/* Who goes when there is no room for who comes (S59, S60): the connection that has been idle
 * longest, never the newest; and of a client that holds too many, one of its own. */
#include "base/clock.h"
#include "base/log/log.h"
#include "base/net/listen.h"
#include "proxy/front/crowd.h"
#include "proxy/front/front_int.h"

#include <event2/event.h>
#include <event2/listener.h>
#include <stddef.h>

enum {
	ENDS_A_TURN = 64,  /* then those that were accepted are heard first */
	STALLED_MS = 1000, /* without progress of an answer */
	TELL_TICKS = 10,
};

/* Nobody serves it: it waits for the client's next byte, or for the client to take the last of an
 * answer. A handshake, a head or content that drips and who is refused are among them. */
static bool waits_for_client(const struct front_conn *conn)
{
	return conn->state == CONN_READING || conn->state == CONN_ENDING ||
	       conn->state == CONN_LINGERING || front_content_is_wanted(conn) ||
	       (conn->state == CONN_SESSION && conn->front->second->is_idle(conn));
}

/* An exchange has it, and goes on only when the client takes more, which it has not for a while. */
static bool holds_exchange_up(const struct front_conn *conn)
{
	if (conn->state == CONN_SESSION && conn->front->second->is_stalled(conn))
		return true;
	return !front_conn_is_flushed(conn) && clock_mono_ms() - conn->since > STALLED_MS;
}

/* conns is in the order of last bytes. Those that are served are put aside until they have some
 * again, so that nobody looks at them twice. */
static struct front_conn *find_idle(struct front *front, const struct front_conn *newest)
{
	struct front_conn *conn;

	while ((conn = TAILQ_FIRST(&front->conns)) != newest && conn) {
		if (waits_for_client(conn))
			return conn;
		TAILQ_REMOVE(&front->conns, conn, all);
		TAILQ_INSERT_TAIL(&front->shelf, conn, all);
		conn->shelved = true;
	}
	return NULL;
}

static struct front_conn *find_stalled(struct front *front)
{
	struct front_conn *conn;

	if (front->all_busy) /* until the next tick: it was a long way */
		return NULL;
	TAILQ_FOREACH(conn, &front->shelf, all)
	{
		if (holds_exchange_up(conn))
			return conn;
	}
	front->all_busy = true;
	return NULL;
}

/* The kernel keeps who comes next: bytes of those that were let in are read before one of them can
 * be the longest idle. */
static void rest_listener(struct front *front)
{
	front->rests = true;
	if (front->listener) /* not while draining */
		evconnlistener_disable(front->listener);
	event_active(front->turn_end, EV_TIMEOUT, 0);
}

static bool is_many_a_turn(const struct front *front, unsigned count)
{
	return count >= ENDS_A_TURN || count >= front->limits.connections / 4;
}

void front_limit_note_fresh(struct front *front)
{
	if (is_many_a_turn(front, ++front->fresh_count))
		rest_listener(front);
}

static void end_for_newer(struct front_conn *conn)
{
	struct front *front = conn->front;

	front_conn_drop(conn);
	front->ends++;
	front->untold++;
	if (is_many_a_turn(front, front->ends))
		rest_listener(front);
}

static bool make_room_for(struct front *front, const struct front_conn *newest)
{
	struct front_conn *idle = find_idle(front, newest);

	if (idle == NULL)
		idle = find_stalled(front);
	if (idle)
		end_for_newer(idle);
	return idle != NULL;
}

void front_limit_make_room(const struct front_conn *newest)
{
	(void)make_room_for(newest->front, newest);
}

static struct front_conn *conn_of(struct crowd_member *member)
{
	return (struct front_conn *)(void *)((char *)member - offsetof(struct front_conn, member));
}

/* Its client's count goes down with it, unless another thread was quicker. */
static bool end_if_over(struct front_conn *conn)
{
	if (!waits_for_client(conn) || !crowd_leave_if_over(conn->front->crowd, &conn->member))
		return false;
	end_for_newer(conn);
	return true;
}

/* One of the client's own, here or, at its next tick, on another thread. */
static bool make_room_of_own(struct front_conn *newest)
{
	struct crowd_member *member;

	TAILQ_FOREACH(member, crowd_members(&newest->member), own)
	{
		struct front_conn *conn = conn_of(member);
		if (conn != newest && waits_for_client(conn)) {
			end_if_over(conn);
			return true;
		}
	}
	return !crowd_is_far_over(newest->front->crowd, &newest->member);
}

static bool is_welcome(struct front_conn *newest)
{
	struct front *front = newest->front;
	bool over = front->crowd &&
		    crowd_enter(front->crowd, newest->req.peer, front->seat, &newest->member);

	if (over && !make_room_of_own(newest))
		return false;
	return front->count <= front->limits.connections || make_room_for(front, newest);
}

void front_limit_admit(struct front_conn *newest, const struct sockaddr *peer, size_t len)
{
	memcpy(&newest->peer, peer, len < sizeof newest->peer ? len : sizeof newest->peer);
	newest->req.peer = (struct sockaddr *)&newest->peer;
	listen_peer_text(newest->req.peer, newest->req.peer_text);
	TAILQ_INSERT_TAIL(&newest->front->conns, newest, all);
	newest->front->count++;
	if (!is_welcome(newest))
		front_conn_drop(newest);
}

void front_limit_turn_end(struct front *front)
{
	front->ends = front->fresh_count = 0;
	if (!front->rests)
		return;
	front->rests = false;
	if (front->listener)
		evconnlistener_enable(front->listener);
}

static void tell_of_ends(struct front *front)
{
	if (front->ticks++ % TELL_TICKS != 0 || front->untold == 0)
		return;
	log_warn("front",
		"%u idle connections were closed to make room for newer ones "
		"(server.limits.connections, server.limits.per_client)",
		front->untold);
	front->untold = 0;
}

void front_limit_tick(struct front *front)
{
	struct front_conn *conn, *next;
	unsigned unease = front->crowd ? crowd_unease(front->crowd) : front->unease;

	front->all_busy = false;
	tell_of_ends(front);
	while ((conn = TAILQ_FIRST(&front->shelf)))
		front_conn_touch(conn);
	if (unease == front->unease)
		return;
	front->unease = unease;
	for (conn = TAILQ_FIRST(&front->conns); conn; conn = next) {
		next = TAILQ_NEXT(conn, all);
		if (conn->member.client)
			end_if_over(conn);
	}
}

void front_use_crowd(struct front *front, struct crowd *crowd)
{
	front->crowd = crowd;
	front->seat = crowd ? crowd_sit(crowd) : 0;
}
