/* Whose certificate our own requests trust, over real TLS. */
#include "base/net/fetch.h"

#include "base/clock.h"
#include "tests/support/fake_tls.h"
#include "tests/support/scratch.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000 };

struct world {
	struct event_base *base;
	struct fetcher *fetcher;
	struct fake_tls *server;
	char *folder, *ca_file, *url;
};

static char *url_of(const struct fake_tls *server, const char *host)
{
	return mem_printf("https://%s:%u/", host, fake_tls_port(server));
}

static int make_world(void **state)
{
	struct world *w = mem_alloc(1, sizeof *w);

	w->base = event_base_new();
	w->fetcher = fetcher_new(w->base);
	w->folder = scratch_new();
	w->ca_file = mem_printf("%s/ca.pem", w->folder);
	w->server = fake_tls_start("localhost", w->ca_file);
	w->url = url_of(w->server, "localhost");
	*state = w;
	return 0;
}

static int drop_world(void **state)
{
	struct world *w = *state;

	fetcher_free(w->fetcher);
	event_base_free(w->base);
	fake_tls_stop(w->server);
	scratch_free(w->folder);
	free(w->ca_file);
	free(w->url);
	free(w);
	return 0;
}

struct outcome {
	bool is_done;
	int status;
};

static void on_done(const struct fetch_result *result, void *arg)
{
	struct outcome *outcome = arg;

	outcome->is_done = true;
	outcome->status = result->status;
}

/* The status; 0: there was no answer. */
static int ask(struct world *w, const char *url, const char *ca_file)
{
	struct outcome outcome = {0};
	struct timeval slice = {.tv_usec = 5000};
	int64_t end = clock_mono_ms() + PATIENCE_MS;

	fetch_start(w->fetcher, &(struct fetch_request){.url = url,
					.ca_file = ca_file,
					.timeout_ms = 5000,
					.max_bytes = 100,
					.done = on_done,
					.arg = &outcome});
	while (!outcome.is_done) {
		assert_true(clock_mono_ms() < end);
		event_base_loopexit(w->base, &slice);
		event_base_dispatch(w->base);
	}
	return outcome.status;
}

static void private_authority_is_trusted_where_it_is_named(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask(w, w->url, w->ca_file), 200);
	assert_int_equal(fake_tls_requests(w->server), 1);
}

static void private_authority_is_trusted_nowhere_else(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask(w, w->url, NULL), 0);
	assert_int_equal(fake_tls_requests(w->server), 0);
}

static void certificate_of_another_host_is_refused(void **state)
{
	struct world *w = *state;
	char *url = url_of(w->server, "127.0.0.1");

	assert_int_equal(ask(w, url, w->ca_file), 0);
	assert_int_equal(fake_tls_requests(w->server), 0);
	free(url);
}

static void certificate_of_another_authority_is_refused(void **state)
{
	struct world *w = *state;
	char *theirs = mem_printf("%s/theirs.pem", w->folder);
	struct fake_tls *other = fake_tls_start("localhost", theirs);

	assert_int_equal(ask(w, w->url, theirs), 0);
	assert_int_equal(fake_tls_requests(w->server), 0);
	fake_tls_stop(other);
	free(theirs);
}

static void kept_connection_is_used_by_who_trusts_it_only(void **state)
{
	struct world *w = *state;
	char *missing = mem_printf("%s/missing.pem", w->folder);

	assert_int_equal(ask(w, w->url, w->ca_file), 200);
	assert_int_equal(ask(w, w->url, w->ca_file), 200);
	assert_int_equal(fake_tls_connections(w->server), 1);
	assert_int_equal(ask(w, w->url, NULL), 0);
	assert_int_equal(ask(w, w->url, missing), 0);
	assert_int_equal(fake_tls_requests(w->server), 2);
	assert_int_equal(ask(w, w->url, w->ca_file), 200);
	free(missing);
}

/* Kubernetes renews its authorities under the gateway's feet. */
static void replaced_authority_counts_from_the_next_connection_on(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask(w, w->url, w->ca_file), 200);
	struct fake_tls *renewed = fake_tls_start("localhost", w->ca_file);
	char *url = url_of(renewed, "localhost");
	assert_int_equal(ask(w, url, w->ca_file), 200);
	free(url);
	fake_tls_stop(renewed);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(private_authority_is_trusted_where_it_is_named),
		WORLD(private_authority_is_trusted_nowhere_else),
		WORLD(certificate_of_another_host_is_refused),
		WORLD(certificate_of_another_authority_is_refused),
		WORLD(kept_connection_is_used_by_who_trusts_it_only),
		WORLD(replaced_authority_counts_from_the_next_connection_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
