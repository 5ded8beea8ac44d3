#include "tests/support/fetch_world.h"

#include "base/clock.h"
#include "tests/support/fake_http.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000 };

int fetch_world_make(void **state)
{
	struct fetch_world *w = mem_alloc(1, sizeof *w);

	w->base = event_base_new();
	w->fetcher = fetcher_new(w->base);
	w->server = fake_http_start("127.0.0.1");
	snprintf(w->url, sizeof w->url, "http://127.0.0.1:%u/x", fake_http_port(w->server));
	fake_http_set(w->server, "/x", 200, "text/plain", "hello");
	*state = w;
	return 0;
}

int fetch_world_drop(void **state)
{
	struct fetch_world *w = *state;

	fetcher_free(w->fetcher);
	event_base_free(w->base);
	fake_http_stop(w->server);
	free(w);
	return 0;
}

static void on_done(const struct fetch_result *result, void *arg)
{
	struct fetch_outcome *outcome = arg;

	assert_false(outcome->is_done);
	outcome->is_done = true;
	outcome->status = result->status;
	outcome->max_age_s = result->max_age_s;
	(void)str_copy(result->body, outcome->body, sizeof outcome->body);
	(void)str_copy(str_of(result->error), outcome->error, sizeof outcome->error);
	if (result->peer.ss_family == AF_INET)
		outcome->peer_port = ntohs(((const struct sockaddr_in *)&result->peer)->sin_port);
	assert_true((result->status == 0) == (result->error[0] != '\0'));
}

bool fetch_world_filter(const struct sockaddr *addr, void *arg)
{
	struct fetch_outcome *outcome = arg;

	assert_int_equal(addr->sa_family, AF_INET);
	assert_int_equal(
		((const struct sockaddr_in *)addr)->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	outcome->asked++;
	return !outcome->is_refusing;
}

struct fetch *fetch_world_start(
	struct fetch_world *w, const char *url, struct fetch_outcome *outcome)
{
	struct fetch_request request = w->request;

	request.url = url;
	request.timeout_ms = request.timeout_ms ? request.timeout_ms : 5000;
	request.max_bytes = request.max_bytes ? request.max_bytes : 1000;
	request.done = on_done;
	request.arg = outcome;
	return fetch_start(w->fetcher, &request);
}

void fetch_world_wait(struct fetch_world *w, const struct fetch_outcome *outcome)
{
	int64_t end = clock_mono_ms() + PATIENCE_MS;
	struct timeval slice = {.tv_usec = 5000};

	while (!outcome->is_done) {
		assert_true(clock_mono_ms() < end);
		event_base_loopexit(w->base, &slice);
		event_base_dispatch(w->base);
	}
}

void fetch_world_run(struct fetch_world *w, const char *url, struct fetch_outcome *outcome)
{
	outcome->is_done = false;
	fetch_world_start(w, url, outcome);
	assert_false(outcome->is_done);
	fetch_world_wait(w, outcome);
}
