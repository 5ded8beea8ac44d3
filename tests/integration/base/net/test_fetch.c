/* The fence around our own requests, over real connections. */
#include "base/net/fetch.h"

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

struct world {
	struct event_base *base;
	struct fetcher *fetcher;
	struct fake_http *server;
	char url[64];
	struct fetch_request request;
};

struct outcome {
	bool is_done;
	int status;
	char body[64], error[128];
	int64_t max_age_s;
	unsigned peer_port;
	unsigned asked;	  /* times the filter was */
	bool is_refusing; /* the filter */
};

static int make_world(void **state)
{
	struct world *w = mem_alloc(1, sizeof *w);

	w->base = event_base_new();
	w->fetcher = fetcher_new(w->base);
	w->server = fake_http_start("127.0.0.1");
	snprintf(w->url, sizeof w->url, "http://127.0.0.1:%u/x", fake_http_port(w->server));
	fake_http_set(w->server, "/x", 200, "text/plain", "hello");
	*state = w;
	return 0;
}

static int drop_world(void **state)
{
	struct world *w = *state;

	fetcher_free(w->fetcher);
	event_base_free(w->base);
	fake_http_stop(w->server);
	free(w);
	return 0;
}

static void on_done(const struct fetch_result *result, void *arg)
{
	struct outcome *outcome = arg;

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

static bool filter(const struct sockaddr *addr, void *arg)
{
	struct outcome *outcome = arg;

	assert_int_equal(addr->sa_family, AF_INET);
	assert_int_equal(
		((const struct sockaddr_in *)addr)->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	outcome->asked++;
	return !outcome->is_refusing;
}

static struct fetch *start(struct world *w, const char *url, struct outcome *outcome)
{
	struct fetch_request request = w->request;

	request.url = url;
	request.timeout_ms = request.timeout_ms ? request.timeout_ms : 5000;
	request.max_bytes = request.max_bytes ? request.max_bytes : 1000;
	request.done = on_done;
	request.arg = outcome;
	return fetch_start(w->fetcher, &request);
}

static void wait_for(struct world *w, const struct outcome *outcome)
{
	int64_t end = clock_mono_ms() + PATIENCE_MS;
	struct timeval slice = {.tv_usec = 5000};

	while (!outcome->is_done) {
		assert_true(clock_mono_ms() < end);
		event_base_loopexit(w->base, &slice);
		event_base_dispatch(w->base);
	}
}

static void run(struct world *w, const char *url, struct outcome *outcome)
{
	outcome->is_done = false;
	start(w, url, outcome);
	assert_false(outcome->is_done);
	wait_for(w, outcome);
}

static void answer_is_handed_on_and_connections_are_kept(void **state)
{
	struct outcome outcome = {0};
	struct world *w = *state;

	for (int i = 0; i < 3; i++) {
		run(w, w->url, &outcome);
		assert_int_equal(outcome.status, 200);
		assert_string_equal(outcome.body, "hello");
		assert_int_equal(outcome.max_age_s, -1);
		assert_int_equal(outcome.peer_port, fake_http_port(w->server));
	}
	assert_int_equal(fake_http_connections(w->server), 1);
}

static void a_connection_for_one_question_is_not_kept(void **state)
{
	struct outcome outcome = {0};
	struct world *w = *state;

	w->request.is_once = true;
	for (int i = 0; i < 3; i++)
		run(w, w->url, &outcome);
	assert_int_equal(outcome.status, 200);
	assert_int_equal(fake_http_connections(w->server), 3);
}

static void what_must_not_arrive_twice_goes_on_no_kept_connection(void **state)
{
	struct outcome outcome = {0};
	struct world *w = *state;

	run(w, w->url, &outcome); /* is kept */
	w->request.post = "grant_type=refresh_token";
	w->request.is_unrepeatable = true;
	for (unsigned i = 2; i < 5; i++) {
		run(w, w->url, &outcome);
		assert_int_equal(outcome.status, 200);
		assert_int_equal(fake_http_connections(w->server), i);
	}
}

static void ssrf_refused_address_is_never_connected_to(void **state)
{
	struct outcome outcome = {.is_refusing = true};
	struct world *w = *state;
	char by_name[64];

	w->request.allow = filter;
	run(w, w->url, &outcome);
	assert_int_equal(outcome.status, 0);
	assert_non_null(strstr(outcome.error, "outside the allowed networks"));
	assert_true(outcome.asked > 0);
	snprintf(by_name, sizeof by_name, "http://2130706433:%u/x", fake_http_port(w->server));
	run(w, by_name, &outcome);
	assert_int_equal(outcome.status, 0);
	assert_int_equal(fake_http_connections(w->server), 0);
}

static void ssrf_filter_is_asked_for_a_kept_connection_too(void **state)
{
	struct outcome outcome = {0};
	struct world *w = *state;

	run(w, w->url, &outcome);
	w->request.allow = filter;
	outcome.is_refusing = true;
	run(w, w->url, &outcome);
	assert_int_equal(outcome.status, 0);
	assert_int_equal(fake_http_hits(w->server, "/x"), 1);
	outcome.is_refusing = false;
	run(w, w->url, &outcome);
	assert_int_equal(outcome.status, 200);
}

static bool redirect(void *arg, const struct fake_request *request, struct fake_answer *answer)
{
	(void)arg;
	(void)request;
	answer->status = 302;
	answer->extra = "Location: /x\r\n";
	return true;
}

static void redirects_are_not_followed(void **state)
{
	struct outcome outcome = {0};
	struct world *w = *state;
	char url[64];

	fake_http_handle(w->server, redirect, NULL);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/r", fake_http_port(w->server));
	run(w, url, &outcome);
	assert_int_equal(outcome.status, 302);
	assert_int_equal(fake_http_hits(w->server, "/x"), 0);
}

static void proxies_of_the_environment_are_ignored(void **state)
{
	struct outcome outcome = {0};
	struct world *w = *state;

	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
	run(w, w->url, &outcome);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	assert_int_equal(outcome.status, 200);
}

static void other_schemes_are_refused(void **state)
{
	static const char *const urls[] = {"ftp://127.0.0.1/", "file:///etc/hostname",
		"gopher://127.0.0.1/", "dict://127.0.0.1/", "no url", ""};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		struct outcome outcome = {0};

		run(w, urls[i], &outcome);
		assert_int_equal(outcome.status, 0);
	}
}

static void long_body_is_an_error_and_not_cut(void **state)
{
	struct outcome outcome = {0};
	struct world *w = *state;

	w->request.max_bytes = 5;
	run(w, w->url, &outcome);
	assert_int_equal(outcome.status, 200);
	w->request.max_bytes = 4;
	run(w, w->url, &outcome);
	assert_int_equal(outcome.status, 0);
	assert_string_equal(outcome.error, "the answer is too long");
	assert_string_equal(outcome.body, "");
}

static void slow_answer_times_out(void **state)
{
	struct outcome outcome = {0};
	struct world *w = *state;

	fake_http_delay(w->server, 30000);
	w->request.timeout_ms = 50;
	run(w, w->url, &outcome);
	assert_int_equal(outcome.status, 0);
	fake_http_delay(w->server, 0);
}

static void cancelled_fetch_is_never_answered(void **state)
{
	struct outcome gone = {0}, other = {0};
	struct world *w = *state;
	struct fetch *fetch = start(w, w->url, &gone);

	start(w, w->url, &other);
	fetch_cancel(fetch);
	wait_for(w, &other);
	assert_false(gone.is_done);
}

static void freeing_the_fetcher_cancels_all(void **state)
{
	struct outcome outcome[20] = {{0}};
	struct world *w = *state;

	fake_http_delay(w->server, 30000);
	for (size_t i = 0; i < ARRAY_LEN(outcome); i++)
		start(w, w->url, &outcome[i]);
	event_base_loop(w->base, EVLOOP_NONBLOCK);
	fetcher_free(w->fetcher);
	w->fetcher = NULL;
	for (size_t i = 0; i < ARRAY_LEN(outcome); i++)
		assert_false(outcome[i].is_done);
	fake_http_delay(w->server, 0);
}

static void many_run_at_once(void **state)
{
	struct outcome outcome[50] = {{0}};
	struct world *w = *state;
	int64_t begin = clock_mono_ms();

	fake_http_delay(w->server, 100);
	for (size_t i = 0; i < ARRAY_LEN(outcome); i++)
		start(w, w->url, &outcome[i]);
	for (size_t i = 0; i < ARRAY_LEN(outcome); i++) {
		wait_for(w, &outcome[i]);
		assert_int_equal(outcome[i].status, 200);
	}
	/* One after the other would take 5 s. */
	assert_true(clock_mono_ms() - begin < 4000);
	fake_http_delay(w->server, 0);
}

static void post_and_headers_are_sent(void **state)
{
	static const char *const headers[] = {"Content-Type: text/plain", "X-One: 1", NULL};
	struct outcome outcome = {0};
	struct world *w = *state;

	w->request.headers = headers;
	run(w, w->url, &outcome);
	char *head = fake_http_last_head(w->server, "/x");
	assert_non_null(strstr(head, "X-One: 1\r\n"));
	assert_int_equal(strncmp(head, "GET /x HTTP/1.1\r\n", 17), 0);
	free(head);
	w->request.post = "a=b";
	run(w, w->url, &outcome);
	head = fake_http_last_head(w->server, "/x");
	assert_int_equal(strncmp(head, "POST /x HTTP/1.1\r\n", 18), 0);
	assert_null(strstr(head, "Expect"));
	free(head);
}

static const char *cache_control;

static bool with_age(void *arg, const struct fake_request *request, struct fake_answer *answer)
{
	(void)arg;
	(void)request;
	answer->extra = cache_control;
	return true;
}

/* --- as it comes --- */

struct eater {
	struct outcome outcome; /* first: it is what `done` gets */
	struct world *world;
	struct fetch *fetch; /* cancelled by the first part */
	size_t bite, eaten, parts, longest;
};

static size_t on_part(struct str part, void *arg)
{
	struct eater *e = arg;
	size_t bite = e->bite < part.len ? e->bite : part.len;

	e->parts++;
	e->longest = part.len > e->longest ? part.len : e->longest;
	if (e->fetch) {
		fetch_cancel(e->fetch);
		start(e->world, e->world->url, &e->outcome); /* others may begin */
		return part.len;
	}
	bite -= bite % 10;
	for (size_t i = 0; i < bite; i++)
		assert_int_equal(part.at[i], '0' + (char)((e->eaten + i) % 10));
	e->eaten += bite;
	return bite;
}

static char *digits(size_t count)
{
	char *text = mem_alloc(count + 1, 1);

	for (size_t i = 0; i < count; i++)
		text[i] = (char)('0' + i % 10);
	return text;
}

static void answer_is_handed_over_as_it_comes_and_what_is_left_comes_again(void **state)
{
	struct world *w = *state;
	struct eater e = {.bite = 2000000};
	char *text = digits(9000007);

	fake_http_set(w->server, "/x", 200, "text/plain", text);
	w->request.on_part = on_part;
	w->request.max_bytes = 2500000; /* of what waits */
	run(w, w->url, &e.outcome);
	assert_int_equal(e.outcome.status, 200);
	assert_string_equal(e.outcome.body, "0123456");
	assert_int_equal(e.eaten, 9000000);
	assert_true(e.parts > 4 && e.longest <= 2500000);
	free(text);
}

static void what_nobody_eats_may_not_grow(void **state)
{
	struct world *w = *state;
	struct eater e = {.bite = 0};
	char *text = digits(600000);

	fake_http_set(w->server, "/x", 200, "text/plain", text);
	w->request.on_part = on_part;
	w->request.max_bytes = 500000;
	run(w, w->url, &e.outcome);
	assert_int_equal(e.outcome.status, 0);
	assert_string_equal(e.outcome.error, "the answer is too long");
	free(text);
}

static void refusal_is_not_handed_over_in_parts(void **state)
{
	struct world *w = *state;
	struct eater e = {.bite = 1000};

	fake_http_set(w->server, "/x", 410, "text/plain", "expired");
	w->request.on_part = on_part;
	run(w, w->url, &e.outcome);
	assert_int_equal(e.outcome.status, 410);
	assert_string_equal(e.outcome.body, "expired");
	assert_int_equal(e.parts, 0);
}

static void who_eats_may_cancel_and_start_others(void **state)
{
	struct world *w = *state;
	struct eater e = {.world = w};

	w->request.on_part = on_part;
	e.fetch = start(w, w->url, &e.outcome);
	w->request.on_part = NULL;
	wait_for(w, &e.outcome);
	assert_string_equal(e.outcome.body, "hello");
	assert_int_equal(e.parts, 1);
	assert_int_equal(fake_http_hits(w->server, "/x"), 2);
}

static void max_age_is_read(void **state)
{
	static const struct {
		const char *field;
		int64_t seconds;
	} cases[] = {
		{"Cache-Control: max-age=60\r\n", 60},
		{"cache-control: public, Max-Age=60 , must-revalidate\r\n", 60},
		{"Cache-Control: max-age=60\r\nAge: 20\r\n", 40},
		{"Cache-Control: max-age=60\r\nAge: 200\r\n", 0},
		{"Cache-Control: no-store, max-age=60\r\n", 0},
		{"Cache-Control: no-cache\r\n", 0},
		{"Cache-Control: max-age=x\r\n", -1},
		{"Cache-Control: max-age=-1\r\n", -1},
		{"", -1},
	};
	struct outcome outcome = {0};
	struct world *w = *state;
	char url[64];

	snprintf(url, sizeof url, "http://127.0.0.1:%u/age", fake_http_port(w->server));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		fake_http_handle(w->server, NULL, NULL);
		cache_control = cases[i].field;
		fake_http_handle(w->server, with_age, NULL);
		run(w, url, &outcome);
		assert_int_equal(outcome.max_age_s, cases[i].seconds);
	}
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)

static void s51_a_host_with_a_limit_is_asked_over_so_many_connections_and_all_are_answered(
	void **state)
{
	struct world *w = *state;
	struct outcome outcomes[20] = {{0}};

	fetcher_limit_each_host(w->fetcher, 2);
	fake_http_delay(w->server, 5);
	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
		start(w, w->url, &outcomes[i]);
	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
		wait_for(w, &outcomes[i]);
		assert_int_equal(outcomes[i].status, 200);
	}
	assert_int_equal(fake_http_connections(w->server), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(answer_is_handed_on_and_connections_are_kept),
		WORLD(s51_a_host_with_a_limit_is_asked_over_so_many_connections_and_all_are_answered),
		WORLD(a_connection_for_one_question_is_not_kept),
		WORLD(what_must_not_arrive_twice_goes_on_no_kept_connection),
		WORLD(ssrf_refused_address_is_never_connected_to),
		WORLD(ssrf_filter_is_asked_for_a_kept_connection_too),
		WORLD(redirects_are_not_followed),
		WORLD(proxies_of_the_environment_are_ignored),
		WORLD(other_schemes_are_refused),
		WORLD(long_body_is_an_error_and_not_cut),
		WORLD(slow_answer_times_out),
		WORLD(cancelled_fetch_is_never_answered),
		WORLD(freeing_the_fetcher_cancels_all),
		WORLD(many_run_at_once),
		WORLD(post_and_headers_are_sent),
		WORLD(answer_is_handed_over_as_it_comes_and_what_is_left_comes_again),
		WORLD(what_nobody_eats_may_not_grow),
		WORLD(refusal_is_not_handed_over_in_parts),
		WORLD(who_eats_may_cancel_and_start_others),
		WORLD(max_age_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
