/* The fence around our own requests, over real connections. */
#include "base/net/fetch.h"

#include "base/clock.h"
#include "tests/support/fake_http.h"
#include "tests/support/fetch_world.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define WORLD(test) cmocka_unit_test_setup_teardown(test, fetch_world_make, fetch_world_drop)

static void answer_is_handed_on_and_connections_are_kept(void **state)
{
	struct fetch_outcome outcome = {0};
	struct fetch_world *w = *state;

	for (int i = 0; i < 3; i++) {
		fetch_world_run(w, w->url, &outcome);
		assert_int_equal(outcome.status, 200);
		assert_string_equal(outcome.body, "hello");
		assert_int_equal(outcome.max_age_s, -1);
		assert_int_equal(outcome.peer_port, fake_http_port(w->server));
	}
	assert_int_equal(fake_http_connections(w->server), 1);
}

static void a_connection_for_one_question_is_not_kept(void **state)
{
	struct fetch_outcome outcome = {0};
	struct fetch_world *w = *state;

	w->request.is_once = true;
	for (int i = 0; i < 3; i++)
		fetch_world_run(w, w->url, &outcome);
	assert_int_equal(outcome.status, 200);
	assert_int_equal(fake_http_connections(w->server), 3);
}

static void what_must_not_arrive_twice_goes_on_no_kept_connection(void **state)
{
	struct fetch_outcome outcome = {0};
	struct fetch_world *w = *state;

	fetch_world_run(w, w->url, &outcome); /* is kept */
	w->request.post = "grant_type=refresh_token";
	w->request.is_unrepeatable = true;
	for (unsigned i = 2; i < 5; i++) {
		fetch_world_run(w, w->url, &outcome);
		assert_int_equal(outcome.status, 200);
		assert_int_equal(fake_http_connections(w->server), i);
	}
}

static void ssrf_refused_address_is_never_connected_to(void **state)
{
	struct fetch_outcome outcome = {.is_refusing = true};
	struct fetch_world *w = *state;
	char by_name[64];

	w->request.allow = fetch_world_filter;
	fetch_world_run(w, w->url, &outcome);
	assert_int_equal(outcome.status, 0);
	assert_non_null(strstr(outcome.error, "outside the allowed networks"));
	assert_true(outcome.asked > 0);
	snprintf(by_name, sizeof by_name, "http://2130706433:%u/x", fake_http_port(w->server));
	fetch_world_run(w, by_name, &outcome);
	assert_int_equal(outcome.status, 0);
	assert_int_equal(fake_http_connections(w->server), 0);
}

static void ssrf_filter_is_asked_for_a_kept_connection_too(void **state)
{
	struct fetch_outcome outcome = {0};
	struct fetch_world *w = *state;

	fetch_world_run(w, w->url, &outcome);
	w->request.allow = fetch_world_filter;
	outcome.is_refusing = true;
	fetch_world_run(w, w->url, &outcome);
	assert_int_equal(outcome.status, 0);
	assert_int_equal(fake_http_hits(w->server, "/x"), 1);
	outcome.is_refusing = false;
	fetch_world_run(w, w->url, &outcome);
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
	struct fetch_outcome outcome = {0};
	struct fetch_world *w = *state;
	char url[64];

	fake_http_handle(w->server, redirect, NULL);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/r", fake_http_port(w->server));
	fetch_world_run(w, url, &outcome);
	assert_int_equal(outcome.status, 302);
	assert_int_equal(fake_http_hits(w->server, "/x"), 0);
}

static void proxies_of_the_environment_are_ignored(void **state)
{
	struct fetch_outcome outcome = {0};
	struct fetch_world *w = *state;

	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
	fetch_world_run(w, w->url, &outcome);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	assert_int_equal(outcome.status, 200);
}

static void other_schemes_are_refused(void **state)
{
	static const char *const urls[] = {"ftp://127.0.0.1/", "file:///etc/hostname",
		"gopher://127.0.0.1/", "dict://127.0.0.1/", "no url", ""};
	struct fetch_world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		struct fetch_outcome outcome = {0};

		fetch_world_run(w, urls[i], &outcome);
		assert_int_equal(outcome.status, 0);
	}
}

static void long_body_is_an_error_and_not_cut(void **state)
{
	struct fetch_outcome outcome = {0};
	struct fetch_world *w = *state;

	w->request.max_bytes = 5;
	fetch_world_run(w, w->url, &outcome);
	assert_int_equal(outcome.status, 200);
	w->request.max_bytes = 4;
	fetch_world_run(w, w->url, &outcome);
	assert_int_equal(outcome.status, 0);
	assert_string_equal(outcome.error, "the answer is too long");
	assert_string_equal(outcome.body, "");
}

static void slow_answer_times_out(void **state)
{
	struct fetch_outcome outcome = {0};
	struct fetch_world *w = *state;

	fake_http_delay(w->server, 30000);
	w->request.timeout_ms = 50;
	fetch_world_run(w, w->url, &outcome);
	assert_int_equal(outcome.status, 0);
	fake_http_delay(w->server, 0);
}

static void cancelled_fetch_is_never_answered(void **state)
{
	struct fetch_outcome gone = {0}, other = {0};
	struct fetch_world *w = *state;
	struct fetch *fetch = fetch_world_start(w, w->url, &gone);

	fetch_world_start(w, w->url, &other);
	fetch_cancel(fetch);
	fetch_world_wait(w, &other);
	assert_false(gone.is_done);
}

static void freeing_the_fetcher_cancels_all(void **state)
{
	struct fetch_outcome outcome[20] = {{0}};
	struct fetch_world *w = *state;

	fake_http_delay(w->server, 30000);
	for (size_t i = 0; i < ARRAY_LEN(outcome); i++)
		fetch_world_start(w, w->url, &outcome[i]);
	event_base_loop(w->base, EVLOOP_NONBLOCK);
	fetcher_free(w->fetcher);
	w->fetcher = NULL;
	for (size_t i = 0; i < ARRAY_LEN(outcome); i++)
		assert_false(outcome[i].is_done);
	fake_http_delay(w->server, 0);
}

static void many_run_at_once(void **state)
{
	struct fetch_outcome outcome[50] = {{0}};
	struct fetch_world *w = *state;
	int64_t begin = clock_mono_ms();

	fake_http_delay(w->server, 100);
	for (size_t i = 0; i < ARRAY_LEN(outcome); i++)
		fetch_world_start(w, w->url, &outcome[i]);
	for (size_t i = 0; i < ARRAY_LEN(outcome); i++) {
		fetch_world_wait(w, &outcome[i]);
		assert_int_equal(outcome[i].status, 200);
	}
	/* One after the other would take 5 s. */
	assert_true(clock_mono_ms() - begin < 4000);
	fake_http_delay(w->server, 0);
}

static void post_and_headers_are_sent(void **state)
{
	static const char *const headers[] = {"Content-Type: text/plain", "X-One: 1", NULL};
	struct fetch_outcome outcome = {0};
	struct fetch_world *w = *state;

	w->request.headers = headers;
	fetch_world_run(w, w->url, &outcome);
	char *head = fake_http_last_head(w->server, "/x");
	assert_non_null(strstr(head, "X-One: 1\r\n"));
	assert_int_equal(strncmp(head, "GET /x HTTP/1.1\r\n", 17), 0);
	free(head);
	w->request.post = "a=b";
	fetch_world_run(w, w->url, &outcome);
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
	struct fetch_outcome outcome = {0};
	struct fetch_world *w = *state;
	char url[64];

	snprintf(url, sizeof url, "http://127.0.0.1:%u/age", fake_http_port(w->server));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		fake_http_handle(w->server, NULL, NULL);
		cache_control = cases[i].field;
		fake_http_handle(w->server, with_age, NULL);
		fetch_world_run(w, url, &outcome);
		assert_int_equal(outcome.max_age_s, cases[i].seconds);
	}
}

static void s51_a_host_with_a_limit_is_asked_over_so_many_connections_and_all_are_answered(
	void **state)
{
	struct fetch_world *w = *state;
	struct fetch_outcome outcomes[20] = {{0}};

	fetcher_limit_each_host(w->fetcher, 2);
	fake_http_delay(w->server, 5);
	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
		fetch_world_start(w, w->url, &outcomes[i]);
	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
		fetch_world_wait(w, &outcomes[i]);
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
		WORLD(max_age_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
