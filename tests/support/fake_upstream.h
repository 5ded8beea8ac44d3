/*
 * tests/support/fake_upstream.h - a server that misbehaves to order: every byte of its answers, and
 * when it closes, is the test's.
 *
 * Lives in the test's own event loop, so that nothing happens but between two turns of it.
 */
#ifndef SPARKGATE_TESTS_FAKE_UPSTREAM_H
#define SPARKGATE_TESTS_FAKE_UPSTREAM_H

#include "base/str.h"

#include <sys/socket.h>

struct event_base;
struct fake_upstream;

enum fake_then { FAKE_KEEP, FAKE_CLOSE, FAKE_RESET, FAKE_SILENCE };

struct fake_play {	   /* what one request meets */
	struct str answer; /* borrowed until other plays are given */
	size_t filler;	   /* so many bytes 'x' behind it */
	size_t step;	   /* bytes a write, one write a turn; 0: as many as go */
	unsigned wait_ms;  /* before it answers */
	enum fake_then then;
	bool hasty; /* answers the head, and never reads the body */
};

/* Listens on 127.0.0.1, any free port. Gives. */
struct fake_upstream *fake_upstream_start(struct event_base *base);
void fake_upstream_stop(struct fake_upstream *fake);
const struct sockaddr *fake_upstream_addr(const struct fake_upstream *fake, socklen_t *len);

/* The next requests, in the order they come; the last play goes on for ever. Borrows `plays`. */
void fake_upstream_play(struct fake_upstream *fake, const struct fake_play *plays, size_t count);
void fake_upstream_say(struct fake_upstream *fake, struct str bytes); /* on every open connection */
void fake_upstream_hang_up(struct fake_upstream *fake);		      /* closes them all */
/* As Spark's listeners are (T58): a backlog of one, and an acceptor that takes one connection every
 * `ms`; 0: none any more. */
void fake_upstream_narrow(struct fake_upstream *fake, unsigned ms);
void fake_upstream_refuse(struct fake_upstream *fake); /* takes no more connections */

struct fake_upstream_counts {
	unsigned accepted, open, requests;
	uint64_t sent;
};
struct fake_upstream_counts fake_upstream_count(const struct fake_upstream *fake);
/* The last whole request, head and body. */
struct str fake_upstream_last(const struct fake_upstream *fake);

#endif
