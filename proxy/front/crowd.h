/*
 * proxy/front/crowd.h - how many connections, and requests on them, each client address holds on a
 * listener, over all threads (S60), and which of them a thread has.
 *
 * An IPv4 address is a client, and so is a /64 of IPv6. Those of server.trusted_proxies are not
 * counted: behind them are many. There are never more entries than connections. Any thread, but a
 * member is its own thread's, and so is the list of a seat.
 */
#ifndef SPARKGATE_PROXY_FRONT_CROWD_H
#define SPARKGATE_PROXY_FRONT_CROWD_H

#include "conf/conf.h"

#include <stdbool.h>
#include <sys/queue.h>

struct crowd;
struct crowd_client;

enum { CROWD_SLACK = 8 }; /* over the limit until another thread has ended one */

struct crowd_member {		     /* a connection */
	struct crowd_client *client; /* NULL: not counted */
	unsigned seat;
	unsigned requests; /* on it, that count beside it */
	TAILQ_ENTRY(crowd_member) own;
};
TAILQ_HEAD(crowd_members, crowd_member);

/* For at most `seats` threads. */
struct crowd *crowd_new(const struct conf *conf, unsigned seats);
void crowd_free(struct crowd *crowd); /* nobody is in it any more; NULL is fine */
void crowd_set_conf(struct crowd *crowd, const struct conf *conf);
unsigned crowd_sit(struct crowd *crowd); /* gives a seat to the thread of one listening socket */

/* Counts a connection of `peer`, unless that is exempt. True: it is one more than its client may
 * have. */
bool crowd_enter(struct crowd *crowd, const struct sockaddr *peer, unsigned seat,
	struct crowd_member *member);
void crowd_leave(struct crowd *crowd, struct crowd_member *member);
/* As crowd_leave(), if the client holds more than it may and this is not its newest on any thread;
 * else nothing, and false. */
bool crowd_leave_if_over(struct crowd *crowd, struct crowd_member *member);
/* A request on a connection that has several counts as another connection, until the member leaves
 * at the latest. False: its client has as many as it may. Where nobody counts the member: false,
 * too. */
MUST_CHECK bool crowd_count(struct crowd *crowd, struct crowd_member *member);
void crowd_discount(struct crowd *crowd, struct crowd_member *member); /* once for each */
/* More than its other threads may have to end for it. */
bool crowd_is_far_over(struct crowd *crowd, const struct crowd_member *member);
/* It is the last of its client's on this seat. */
void crowd_touch(struct crowd_member *member);
/* Its client's on the same seat, in the order of crowd_touch(). */
struct crowd_members *crowd_members(const struct crowd_member *member);
/* One more each time that somebody came over the limit, or the limit changed: each thread is to
 * look for what is idle of theirs. */
unsigned crowd_unease(const struct crowd *crowd);

#endif
