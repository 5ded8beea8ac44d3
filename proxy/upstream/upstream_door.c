/*
 * proxy/upstream/upstream_door.c - how many connections to one address may be new at once.
 *
 * Every web UI of Spark listens with a backlog of one (T58): Linux queues two connections that were
 * not accepted yet and drops the SYN of a third, which is sent again after a second, then after two
 * more. So of all threads of this process two at most stand at the door of one address. One leaves
 * it with its first byte, which says that it was accepted, or after HOLD_MS: by then an acceptor
 * that lives has been there, and a UI that thinks about its answer must not keep others out.
 *
 * The counts are by a hash of the address: who shares one waits for HOLD_MS at worst.
 */
#include "proxy/upstream/upstream_int.h"

#include "base/clock.h"

#include <stdatomic.h>

enum { DOOR_SLOTS = 4096, DOOR_MAX = 2, HOLD_MS = 50, LOOK_MS = 5 };

static _Atomic unsigned char knocking[DOOR_SLOTS];

static const struct timeval door_interval = {.tv_usec = LOOK_MS * 1000};

static _Atomic unsigned char *knocking_at(const struct address *address)
{
	return &knocking[siphash_secret(&address->addr, address->len) % DOOR_SLOTS];
}

static void watch(struct upstream *up)
{
	if (!event_pending(&up->door_tick, EV_TIMEOUT, NULL))
		event_add(&up->door_tick, &door_interval);
}

/* Turns that other threads give back are not told of: the tick looks. */
static void wait_outside(struct address *address, struct upstream *up)
{
	if (!address->is_blocked)
		TAILQ_INSERT_TAIL(&up->blocked, address, blocked);
	address->is_blocked = true;
	watch(up);
}

bool door_enter(struct address *address, struct upstream *up)
{
	_Atomic unsigned char *taken = knocking_at(address);
	unsigned char before = atomic_load(taken);

	while (before < DOOR_MAX) {
		if (atomic_compare_exchange_weak(taken, &before, (unsigned char)(before + 1)))
			return true;
	}
	wait_outside(address, up);
	return false;
}

void door_enter_back(struct address *address)
{
	atomic_fetch_sub(knocking_at(address), 1);
}

void door_knock(struct conn *conn)
{
	conn->knocks = true;
	TAILQ_INSERT_TAIL(&conn->up->door, conn, door);
	watch(conn->up);
}

void door_leave(struct conn *conn)
{
	if (!conn->knocks)
		return;
	conn->knocks = false;
	TAILQ_REMOVE(&conn->up->door, conn, door);
	door_enter_back(conn->address);
	turn_came_free(conn->address);
}

static void let_in(struct upstream *up)
{
	struct address *address;

	while ((address = TAILQ_FIRST(&up->blocked))) {
		TAILQ_REMOVE(&up->blocked, address, blocked);
		address->is_blocked = false;
		turn_came_free(address);
	}
}

static void on_door_tick(int fd, short what, void *arg)
{
	struct upstream *up = arg;
	int64_t now = clock_mono_ms();
	struct conn *conn;

	(void)fd, (void)what;
	while ((conn = TAILQ_FIRST(&up->door)) && now - conn->since >= HOLD_MS)
		door_leave(conn);
	let_in(up);
	if (!TAILQ_EMPTY(&up->door))
		watch(up);
}

void door_init(struct upstream *up)
{
	TAILQ_INIT(&up->blocked);
	TAILQ_INIT(&up->door);
	event_assign(&up->door_tick, up->base, -1, 0, on_door_tick, up);
}

void door_clear(struct upstream *up)
{
	let_in(up);
	assert(TAILQ_EMPTY(&up->door));
	event_del(&up->door_tick);
}
