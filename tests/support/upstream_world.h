/* tests/support/upstream_world.h - one pool, one misbehaving server, and what came of each call. */
#ifndef SPARKGATE_TESTS_UPSTREAM_WORLD_H
#define SPARKGATE_TESTS_UPSTREAM_WORLD_H

#include "base/sbuf.h"
#include "proxy/upstream/upstream.h"
#include "tests/support/fake_upstream.h"

struct event;

struct upstream_world {
	struct event_base *base;
	struct event *alarm; /* no turn of the loop takes longer than 20 ms */
	struct fake_upstream *fake;
	struct upstream *up;
};

struct seen {			    /* zeroed before its start */
	struct upstream_call *call; /* NULL once over */
	unsigned heads, ends, faults;
	int status;
	enum fault fault;
	uint64_t bytes;
	struct sbuf body; /* the first 64 KiB of them */
	bool pauses_on_body, cancels_on_head, cancels_on_body;
	unsigned turn;			 /* ended as the how-many-eth of all */
	void (*then)(struct seen *seen); /* when over; NULL: nothing */
	void *arg;
};

/* cmocka's: *state is the world. The teardown fails when a call is left. */
int upstream_world_open(void **state);
int upstream_world_close(void **state);
/* Another pool, with these limits. */
void upstream_world_limit(struct upstream_world *w, const struct upstream_limits *limits);

/* GET and HEAD are idempotent, nothing else. `body_len` bytes of body. */
void upstream_world_start(
	struct upstream_world *w, struct seen *seen, const char *method, size_t body_len);
/* GET without a body, somewhere else. */
void upstream_world_start_at(
	struct upstream_world *w, struct seen *seen, const struct sockaddr *addr, socklen_t len);
/* The same over TLS: to 127.0.0.1. */
void upstream_world_start_secure(struct upstream_world *w, struct seen *seen, unsigned port,
	const struct upstream_secure *secure);
void upstream_world_cancel(struct seen *seen);
void upstream_world_turn(struct upstream_world *w); /* of the loop */
/* Until it is over. */
void upstream_world_finish(struct upstream_world *w, struct seen *seen);
/* Starts one and runs it until it is over. */
struct seen upstream_world_ask(struct upstream_world *w, const char *method);
void seen_clear(struct seen *seen);

/* Turns until the condition holds; fails after ten seconds. */
#define UNTIL(w, condition)                                                                        \
	do {                                                                                       \
		int64_t until = clock_mono_ms() + 10 * 1000;                                       \
		while (!(condition)) {                                                             \
			if (clock_mono_ms() > until)                                               \
				fail_msg("never came: %s", #condition);                            \
			upstream_world_turn(w);                                                    \
		}                                                                                  \
	} while (0)

/* A whole answer; what the fake plays in this test, and its world `w`. */
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define PLAY(...)                                                                                  \
	static const struct fake_play plays[] = {__VA_ARGS__};                                     \
	struct upstream_world *w = *state;                                                         \
	fake_upstream_play(w->fake, plays, ARRAY_LEN(plays))
/* Another pool: the default limits but for these. */
#define LIMIT(...)                                                                                 \
	do {                                                                                       \
		struct upstream_limits limits = upstream_default_limits;                           \
		__VA_ARGS__;                                                                       \
		upstream_world_limit(w, &limits);                                                  \
	} while (0)

#endif
