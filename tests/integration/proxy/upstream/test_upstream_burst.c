/* Many requests at once at a listener with a backlog of one, as every web UI of Spark has (S51). */
#include "base/clock.h"
#include "tests/support/upstream_world.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

enum { RESENT_MS = 1000 }; /* when Linux sends a SYN again */

static void assert_ok(struct seen *s)
{
	assert_int_equal(s->ends, 1);
	assert_int_equal(s->bytes, 5);
	seen_clear(s);
}

static void start_all(struct upstream_world *w, struct seen *seen, size_t count)
{
	for (size_t i = 0; i < count; i++)
		upstream_world_start(w, &seen[i], "GET", 0);
}

static void finish_all(struct upstream_world *w, struct seen *seen, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		upstream_world_finish(w, &seen[i]);
		assert_ok(&seen[i]);
	}
}

static void turn_for(struct upstream_world *w, int64_t ms)
{
	int64_t end = clock_mono_ms() + ms;

	UNTIL(w, clock_mono_ms() >= end);
}

/* --- who may knock --- */

static void s51_a_burst_at_a_backlog_of_one_waits_for_no_syn(void **state)
{
	PLAY({.answer = STR(OK), .wait_ms = 1});
	struct seen seen[100] = {{0}};
	int64_t began = clock_mono_ms();

	fake_upstream_narrow(w->fake, 5);
	start_all(w, seen, ARRAY_LEN(seen));
	finish_all(w, seen, ARRAY_LEN(seen));
	assert_in_range(clock_mono_ms() - began, 0, RESENT_MS - 1);
	assert_int_equal(fake_upstream_count(w->fake).requests, 100);
}

static void s51_pools_of_all_threads_knock_twice_together_and_the_places_come_back(void **state)
{
	struct upstream_world *w = *state, other = *w;
	struct seen mine[4] = {{0}}, theirs[4] = {{0}};

	fake_upstream_narrow(w->fake, 0);
	other.up = upstream_new(w->base, &upstream_default_limits);
	start_all(w, mine, 4);
	start_all(&other, theirs, 4);
	assert_int_equal(upstream_count(w->up).opened, 2);
	assert_int_equal(upstream_count(other.up).opened, 0);
	for (size_t i = 4; i-- > 0;)
		upstream_world_cancel(&mine[i]);
	UNTIL(w, upstream_count(other.up).opened >= 2);
	for (size_t i = 4; i-- > 0;)
		upstream_world_cancel(&theirs[i]);
	upstream_free(other.up);
}

static void s51_a_ui_that_thinks_does_not_keep_others_out(void **state)
{
	PLAY({.answer = STR(OK), .wait_ms = 600});
	struct seen seen[8] = {{0}};

	fake_upstream_narrow(w->fake, 5);
	start_all(w, seen, ARRAY_LEN(seen));
	UNTIL(w, fake_upstream_count(w->fake).requests == 8 || seen[0].ends);
	assert_int_equal(seen[0].ends, 0); /* all were asked before the first had an answer */
	finish_all(w, seen, ARRAY_LEN(seen));
}

static void s51_while_others_are_answered_nobody_in_line_is_sent_away(void **state)
{
	PLAY({.answer = STR(OK), .wait_ms = 20});
	struct seen seen[20] = {{0}};

	LIMIT(limits.per_address = 1, limits.wait_ms = 150);
	start_all(w, seen, ARRAY_LEN(seen));
	finish_all(w, seen, ARRAY_LEN(seen));
}

/* --- connections that do not come about --- */

/* Takes what the listener's queue can hold. */
static void fill_queue(const struct upstream_world *w, int fillers[static 2])
{
	socklen_t len;
	const struct sockaddr *addr = fake_upstream_addr(w->fake, &len);

	for (size_t i = 0; i < 2; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(connect(fillers[i], addr, len), 0);
	}
}

static void s51_a_syn_that_was_dropped_is_sent_anew_before_the_kernel_does(void **state)
{
	PLAY({.answer = STR(OK)});
	struct seen s = {0};
	int fillers[2];
	int64_t began = clock_mono_ms();

	fake_upstream_narrow(w->fake, 0);
	fill_queue(w, fillers);
	upstream_world_start(w, &s, "POST", 0); /* nothing was sent: any request may */
	turn_for(w, 60);
	assert_int_equal(upstream_count(w->up).opened, 1);
	fake_upstream_narrow(w->fake, 1);
	upstream_world_finish(w, &s);
	assert_ok(&s);
	assert_in_range(clock_mono_ms() - began, 60, RESENT_MS - 1);
	assert_int_equal(fake_upstream_count(w->fake).requests, 1);
	for (size_t i = 0; i < 2; i++)
		close(fillers[i]);
}

static void s51_who_knocks_in_vain_gets_the_connection_that_comes_free(void **state)
{
	PLAY({.answer = STR(OK), .wait_ms = 300});
	struct seen first = {0}, second = {0};
	int fillers[2];

	upstream_world_start(w, &first, "GET", 0);
	UNTIL(w, fake_upstream_count(w->fake).requests == 1);
	fake_upstream_narrow(w->fake, 0);
	fill_queue(w, fillers);
	upstream_world_start(w, &second, "POST", 0);
	upstream_world_finish(w, &first);
	assert_ok(&first);
	upstream_world_finish(w, &second);
	assert_ok(&second);
	assert_int_equal(upstream_count(w->up).reused, 1);
	assert_int_equal(fake_upstream_count(w->fake).accepted, 1);
	for (size_t i = 0; i < 2; i++)
		close(fillers[i]);
}

/* --- connections that only seem to have come about --- */

static void s51_a_silent_connection_is_taken_for_not_made_while_others_answer(void **state)
{
	PLAY({.answer = STR(OK), .wait_ms = 5});
	struct seen seen[20] = {{0}};
	int64_t began = clock_mono_ms();

	fake_upstream_narrow(w->fake, 5);
	start_all(w, seen, ARRAY_LEN(seen));
	UNTIL(w, fake_upstream_count(w->fake).accepted == 1);
	fake_upstream_narrow(w->fake, 0); /* what is in the queue stays there for good */
	finish_all(w, seen, ARRAY_LEN(seen));
	assert_in_range(upstream_count(w->up).retried, 1, 2);
	assert_int_equal(fake_upstream_count(w->fake).requests, 20);
	assert_in_range(clock_mono_ms() - began, RESENT_MS, 5 * RESENT_MS);
}

/* Asks again and again for so long; all but the first are answered. */
static void ask_for(struct upstream_world *w, int64_t ms)
{
	int64_t end = clock_mono_ms() + ms;

	while (clock_mono_ms() < end) {
		struct seen s = upstream_world_ask(w, "GET");
		assert_ok(&s);
		turn_for(w, 20);
	}
}

static void s51_a_request_that_is_not_idempotent_is_never_sent_twice(void **state)
{
	PLAY({.then = FAKE_SILENCE}, {.answer = STR(OK)});
	struct seen post = {0};

	upstream_world_start(w, &post, "POST", 0);
	UNTIL(w, fake_upstream_count(w->fake).requests == 1);
	ask_for(w, 1500);
	assert_int_equal(upstream_count(w->up).retried, 0);
	assert_non_null(post.call);
	upstream_world_cancel(&post);
}

static void s51_a_silent_request_is_sent_a_second_time_and_no_third(void **state)
{
	PLAY({.then = FAKE_SILENCE}, {.answer = STR(OK)});
	static const struct fake_play silence = {.then = FAKE_SILENCE};
	struct seen silent = {0};

	upstream_world_start(w, &silent, "GET", 0);
	UNTIL(w, fake_upstream_count(w->fake).requests == 1);
	ask_for(w, 100);
	unsigned before = fake_upstream_count(w->fake).requests;
	fake_upstream_play(w->fake, &silence, 1);
	UNTIL(w, fake_upstream_count(w->fake).requests == before + 1);
	fake_upstream_play(w->fake, plays + 1, 1);
	ask_for(w, 1300);
	assert_int_equal(upstream_count(w->up).retried, 1);
	assert_non_null(silent.call);
	upstream_world_cancel(&silent);
	UNTIL(w, upstream_count(w->up).connections == upstream_count(w->up).idle);
}

static void s51_whichever_connection_answers_first_has_the_request(void **state)
{
	PLAY({.answer = STR(OK), .wait_ms = 1600}, {.answer = STR(OK)});
	static const struct fake_play silence = {.then = FAKE_SILENCE};
	struct seen slow = {0};

	upstream_world_start(w, &slow, "GET", 0);
	UNTIL(w, fake_upstream_count(w->fake).requests == 1);
	ask_for(w, 100);
	fake_upstream_play(w->fake, &silence, 1); /* for the second attempt */
	upstream_world_finish(w, &slow);
	assert_ok(&slow);
	assert_int_equal(upstream_count(w->up).retried, 1);
	assert_int_equal(upstream_count(w->up).connections, upstream_count(w->up).idle);
}

static void s51_a_second_attempt_that_breaks_leaves_the_first(void **state)
{
	PLAY({.answer = STR(OK), .wait_ms = 1600}, {.answer = STR(OK)});
	static const struct fake_play broken = {.then = FAKE_RESET};
	struct seen slow = {0};

	upstream_world_start(w, &slow, "GET", 0);
	UNTIL(w, fake_upstream_count(w->fake).requests == 1);
	ask_for(w, 100);
	fake_upstream_play(w->fake, &broken, 1);
	upstream_world_finish(w, &slow);
	assert_ok(&slow);
	assert_int_equal(upstream_count(w->up).retried, 1);
}

static void s51_a_slow_ui_does_not_get_all_its_work_twice(void **state)
{
	PLAY({.answer = STR(OK), .wait_ms = 2500});
	static const struct fake_play quick = {.answer = STR(OK)};
	struct seen slow[8] = {{0}};
	int64_t began = clock_mono_ms();

	start_all(w, slow, ARRAY_LEN(slow));
	UNTIL(w, fake_upstream_count(w->fake).requests == 8);
	fake_upstream_play(w->fake, &quick, 1);
	ask_for(w, 100);
	fake_upstream_play(w->fake, plays, 1);
	UNTIL(w, clock_mono_ms() - began > 1500);
	assert_int_equal(upstream_count(w->up).retried, 2);
	finish_all(w, slow, ARRAY_LEN(slow));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, upstream_world_open, upstream_world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(s51_a_burst_at_a_backlog_of_one_waits_for_no_syn),
		TEST(s51_pools_of_all_threads_knock_twice_together_and_the_places_come_back),
		TEST(s51_a_ui_that_thinks_does_not_keep_others_out),
		TEST(s51_while_others_are_answered_nobody_in_line_is_sent_away),
		TEST(s51_a_syn_that_was_dropped_is_sent_anew_before_the_kernel_does),
		TEST(s51_who_knocks_in_vain_gets_the_connection_that_comes_free),
		TEST(s51_a_silent_connection_is_taken_for_not_made_while_others_answer),
		TEST(s51_a_request_that_is_not_idempotent_is_never_sent_twice),
		TEST(s51_a_silent_request_is_sent_a_second_time_and_no_third),
		TEST(s51_whichever_connection_answers_first_has_the_request),
		TEST(s51_a_second_attempt_that_breaks_leaves_the_first),
		TEST(s51_a_slow_ui_does_not_get_all_its_work_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
