/*
 * tests/support/front_server.h - a front on a thread of its own that answers with what it saw, and
 * clients that speak to it in bytes.
 *
 * "GET /x 3": method, target and bytes of content, which is held, but for /stream, and for /unread,
 * which is answered without. /gate waits for `gate`, /open is begun with 8 MiB and never ended, by
 * a handler that wants to hear of nothing. /hold is never answered, /big is 8 MiB, /cut breaks off,
 * /chunked has no length.
 */
#ifndef SPARKGATE_TESTS_FRONT_SERVER_H
#define SPARKGATE_TESTS_FRONT_SERVER_H

#include "proxy/front/front.h"

#include <pthread.h>
#include <stdatomic.h>

struct server {
	pthread_t thread;
	struct event_base *base;
	struct front *front;
	unsigned port;
	atomic_int served, refused, closed;
	_Atomic bool stop;
	struct front_request *held;  /* a request that nobody answers */
	struct front_request *asked; /* the last one; with content, nobody asks beside it */
	struct budget *budget;	     /* of content; NULL: none */
	size_t streamed;
	_Atomic size_t largest_piece;
	char order[256]; /* the second letters of the targets, as they were told of */
	pthread_mutex_t gate;
};

/* The whole group on one front, and once more on the other. */
#define FRONT_RUN_ON_BOTH(tests)                                                                   \
	(cmocka_run_group_tests_name("front: direct", tests, front_is_direct, NULL) +              \
		cmocka_run_group_tests_name("front: evhttp", tests, front_is_evhttp, NULL))
int front_is_direct(void **state); /* of cmocka, for a group: server_start() starts that one */
int front_is_evhttp(void **state);

struct server *server_start(unsigned connections);
int front_setup(void **state); /* of cmocka: 1000 connections */
int front_teardown(void **state);

int dial(const struct server *s);
void send_all(int fd, const char *bytes, size_t len);
void say(int fd, const char *text);
/* Everything until the end of the connection, which it closes; `*ended` says whether there was one.
 * Gives. */
char *read_all(int fd, bool *ended);
char *ask(const struct server *s, const char *bytes, size_t len, bool *ended);
char *ask_text(const struct server *s, const char *text, bool *ended);
unsigned count(const char *text, const char *needle);
bool wait_for(atomic_int *value, int wanted); /* at most 5 s */

#endif
