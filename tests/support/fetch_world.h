/* tests/support/fetch_world.h - a fetcher on a loop of its own, and a server that says "hello" at
 * /x. */
#ifndef SPARKGATE_TESTS_FETCH_WORLD_H
#define SPARKGATE_TESTS_FETCH_WORLD_H

#include "base/net/fetch.h"

struct event_base;
struct fake_http;

struct fetch_world {
	struct event_base *base;
	struct fetcher *fetcher;
	struct fake_http *server;
	char url[64];
	struct fetch_request request; /* what requests have besides their URL */
};

struct fetch_outcome {
	bool is_done;
	int status;
	char body[64], error[128];
	int64_t max_age_s;
	unsigned peer_port;
	unsigned asked;	  /* times the filter was */
	bool is_refusing; /* the filter */
};

/* For cmocka: sets `*state` up, and frees it. */
int fetch_world_make(void **state);
int fetch_world_drop(void **state);
/* An address filter whose `arg` is the outcome; loopback is all that it may be asked about. */
bool fetch_world_filter(const struct sockaddr *addr, void *arg);
struct fetch *fetch_world_start(
	struct fetch_world *w, const char *url, struct fetch_outcome *outcome);
void fetch_world_wait(struct fetch_world *w, const struct fetch_outcome *outcome);
/* Starts it and waits for its end. */
void fetch_world_run(struct fetch_world *w, const char *url, struct fetch_outcome *outcome);

#endif
