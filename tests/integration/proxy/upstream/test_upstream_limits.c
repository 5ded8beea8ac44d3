/* The pool's bounds: connections, waiting, time, memory; and calls that nobody wants any more. */
#include "base/clock.h"
#include "tests/support/upstream_world.h"

#include <malloc.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

static void assert_fault(struct seen *s, enum fault fault)
{
	assert_int_equal(s->faults, 1);
	assert_int_equal(s->fault, fault);
	seen_clear(s);
}

static void assert_ok(struct seen *s)
{
	assert_int_equal(s->ends, 1);
	assert_int_equal(s->bytes, 5);
	seen_clear(s);
}

/* --- waiting for a connection --- */

static void the_limit_of_an_address_is_respected_and_the_line_is_served_in_order(void **state)
{
	PLAY({.answer = STR(OK), .wait_ms = 1});
	struct seen seen[12] = {{0}};

	LIMIT(limits.per_address = 2);
	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		upstream_world_start(w, &seen[i], "GET", 0);
	assert_int_equal(upstream_count(w->up).waiting, 10);
	for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
		upstream_world_finish(w, &seen[i]);
		assert_true(upstream_count(w->up).connections <= 2);
		assert_true(i < 2 || seen[i].turn > seen[i - 2].turn);
		assert_ok(&seen[i]);
	}
	assert_int_equal(fake_upstream_count(w->fake).accepted, 2);
}

static void a_connection_that_closes_makes_room_for_who_waits(void **state)
{
	PLAY({.answer = STR("HTTP/1.1 200 OK\r\n\r\nhello"), .then = FAKE_CLOSE});
	struct seen seen[5] = {{0}};

	LIMIT(limits.per_address = 1);
	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		upstream_world_start(w, &seen[i], "GET", 0);
	for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
		upstream_world_finish(w, &seen[i]);
		assert_ok(&seen[i]);
	}
	assert_int_equal(fake_upstream_count(w->fake).accepted, 5);
}

static struct seen overtaker;

static void start_another(struct seen *seen)
{
	upstream_world_start(seen->arg, &overtaker, "GET", 0);
}

static void a_call_started_when_another_ends_does_not_overtake_who_waits(void **state)
{
	PLAY({.answer = STR(OK)});
	struct seen first = {.then = start_another, .arg = w}, waiter = {0};

	LIMIT(limits.per_address = 1);
	overtaker = (struct seen){0};
	upstream_world_start(w, &first, "GET", 0);
	upstream_world_start(w, &waiter, "GET", 0);
	UNTIL(w, overtaker.ends == 1);
	assert_true(first.turn < waiter.turn && waiter.turn < overtaker.turn);
	assert_ok(&first);
	assert_ok(&waiter);
	assert_ok(&overtaker);
}

static void waiter_past_deadline_gets_busy(void **state)
{
	PLAY({.then = FAKE_SILENCE});
	struct seen first = {0}, waiter = {0};

	LIMIT(limits.per_address = 1, limits.wait_ms = 50);
	upstream_world_start(w, &first, "GET", 0);
	upstream_world_start(w, &waiter, "GET", 0);
	upstream_world_finish(w, &waiter);
	assert_fault(&waiter, FAULT_BUSY);
	assert_int_equal(first.ends + first.faults, 0);
	upstream_world_cancel(&first);
}

static void one_waiter_too_many_is_busy_at_once_but_not_inside_start(void **state)
{
	PLAY({.then = FAKE_SILENCE});
	struct seen seen[4] = {{0}};

	LIMIT(limits.per_address = 1, limits.waiters = 2);
	for (size_t i = 0; i < 4; i++)
		upstream_world_start(w, &seen[i], "GET", 0);
	assert_int_equal(seen[3].faults, 0);
	upstream_world_finish(w, &seen[3]);
	assert_fault(&seen[3], FAULT_BUSY);
	assert_int_equal(upstream_count(w->up).waiting, 2);
	for (size_t i = 0; i < 3; i++)
		upstream_world_cancel(&seen[i]);
	assert_int_equal(upstream_count(w->up).waiting, 0);
}

/* --- whose connection --- */

static void ask_at(struct upstream_world *w, struct fake_upstream *fake)
{
	struct seen s = {0};
	socklen_t len;
	const struct sockaddr *addr = fake_upstream_addr(fake, &len);

	upstream_world_start_at(w, &s, addr, len);
	upstream_world_finish(w, &s);
	assert_ok(&s);
}

static void a_connection_is_used_again_for_its_own_address_only(void **state)
{
	PLAY({.answer = STR(OK)});
	struct fake_upstream *other = fake_upstream_start(w->base);

	fake_upstream_play(other, plays, ARRAY_LEN(plays));
	for (unsigned i = 0; i < 3; i++) {
		ask_at(w, w->fake);
		ask_at(w, other);
	}
	assert_int_equal(upstream_count(w->up).idle, 2);
	assert_int_equal(upstream_count(w->up).opened, 2);
	assert_int_equal(upstream_count(w->up).reused, 4);
	assert_int_equal(fake_upstream_count(w->fake).requests, 3);
	assert_int_equal(fake_upstream_count(other).requests, 3);
	fake_upstream_stop(other);
	UNTIL(w, upstream_count(w->up).connections == 1);
}

static void a_full_address_does_not_hold_up_another(void **state)
{
	PLAY({.then = FAKE_SILENCE});
	static const struct fake_play ok = {.answer = STR(OK)};
	struct fake_upstream *other = fake_upstream_start(w->base);
	struct seen busy = {0}, waiter = {0};

	LIMIT(limits.per_address = 1);
	fake_upstream_play(other, &ok, 1);
	upstream_world_start(w, &busy, "GET", 0);
	upstream_world_start(w, &waiter, "GET", 0);
	ask_at(w, other);
	assert_int_equal(upstream_count(w->up).waiting, 1);
	upstream_world_cancel(&busy);
	upstream_world_cancel(&waiter);
	fake_upstream_stop(other);
}

static void a_pool_that_is_freed_closes_its_idle_connections(void **state)
{
	PLAY({.answer = STR(OK), .wait_ms = 200});
	struct seen seen[3] = {{0}};

	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		upstream_world_start(w, &seen[i], "GET", 0);
	for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
		upstream_world_finish(w, &seen[i]);
		assert_ok(&seen[i]);
	}
	assert_int_equal(upstream_count(w->up).idle, 3);
	upstream_world_limit(w, &upstream_default_limits); /* frees it for another */
	UNTIL(w, fake_upstream_count(w->fake).open == 0);
}

/* --- time --- */

static void a_server_that_does_not_take_connections_is_given_up(void **state)
{
	struct upstream_world *w = *state;
	int listener = socket(AF_INET, SOCK_STREAM, 0), fillers[4];
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof addr;
	struct seen s = {0};

	LIMIT(limits.connect_ms = 50);
	assert_int_equal(bind(listener, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(listener, 0), 0);
	getsockname(listener, (struct sockaddr *)&addr, &len);
	for (size_t i = 0; i < ARRAY_LEN(fillers); i++) { /* of its queue */
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fillers[i], (struct sockaddr *)&addr, len);
	}
	upstream_world_start_at(w, &s, (struct sockaddr *)&addr, len);
	upstream_world_finish(w, &s);
	assert_fault(&s, FAULT_UPSTREAM_CONNECT);
	for (size_t i = 0; i < ARRAY_LEN(fillers); i++)
		close(fillers[i]);
	close(listener);
}

static void a_server_that_is_silent_times_out(void **state)
{
	PLAY({.then = FAKE_SILENCE});

	LIMIT(limits.head_ms = 50);
	struct seen s = upstream_world_ask(w, "GET");
	assert_fault(&s, FAULT_UPSTREAM_TIMEOUT);
	assert_int_equal(upstream_count(w->up).connections, 0);
}

static void a_head_that_drips_in_does_not_stretch_its_deadline(void **state)
{
	static char hints[64 * 1024];
	static const char hint[] = "HTTP/1.1 103 Early Hints\r\n\r\n";
	struct upstream_world *w = *state;
	struct fake_play play = {.answer = {hints, 0}, .step = 1};

	while (play.answer.len + sizeof hint < sizeof hints) {
		memcpy(hints + play.answer.len, hint, sizeof hint - 1);
		play.answer.len += sizeof hint - 1;
	}
	LIMIT(limits.head_ms = 50);
	fake_upstream_play(w->fake, &play, 1);
	struct seen s = upstream_world_ask(w, "GET");
	assert_fault(&s, FAULT_UPSTREAM_TIMEOUT);
	assert_true(fake_upstream_count(w->fake).sent > 0);
}

static void content_that_stalls_is_cut(void **state)
{
	PLAY({.answer = STR("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello")});

	LIMIT(limits.stall_ms = 50);
	struct seen s = upstream_world_ask(w, "GET");
	assert_int_equal(s.bytes, 5);
	assert_fault(&s, FAULT_UPSTREAM_DIED);
}

static void a_paused_call_does_not_stall(void **state)
{
	PLAY({.answer = STR("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello")});
	struct seen s = {.pauses_on_body = true};

	LIMIT(limits.stall_ms = 50);
	upstream_world_start(w, &s, "GET", 0);
	UNTIL(w, s.bytes == 5);
	int64_t enough = clock_mono_ms() + 400;
	UNTIL(w, clock_mono_ms() > enough);
	assert_int_equal(s.ends + s.faults, 0);
	s.pauses_on_body = false;
	upstream_resume(s.call);
	fake_upstream_say(w->fake, STR("!"));
	upstream_world_finish(w, &s);
	assert_int_equal(s.ends, 1);
	seen_clear(&s);
}

static void idle_connections_are_closed_before_spark_closes_them(void **state)
{
	PLAY({.answer = STR(OK)});

	assert_in_range(upstream_default_limits.idle_ms, 1, 6900); /* T52, and a tick */
	LIMIT(limits.idle_ms = 50);
	struct seen s = upstream_world_ask(w, "GET");
	assert_ok(&s);
	assert_int_equal(upstream_count(w->up).idle, 1);
	UNTIL(w, fake_upstream_count(w->fake).open == 0);
	assert_int_equal(upstream_count(w->up).connections, 0);
}

static void no_more_connections_idle_than_allowed(void **state)
{
	PLAY({.answer = STR(OK), .wait_ms = 200});
	struct seen seen[4] = {{0}};

	LIMIT(limits.idle_total = 2);
	for (size_t i = 0; i < 4; i++)
		upstream_world_start(w, &seen[i], "GET", 0);
	for (size_t i = 0; i < 4; i++)
		UNTIL(w, seen[i].ends == 1);
	assert_int_equal(fake_upstream_count(w->fake).accepted, 4);
	assert_int_equal(upstream_count(w->up).connections, 2);
	for (size_t i = 0; i < 4; i++)
		assert_ok(&seen[i]);
}

/* --- memory --- */

enum { LARGE = 128 << 20 }; /* a kernel may buffer 32 MiB of it, or a little more */

static void assert_stops_reading(struct upstream_world *w, struct seen *s)
{
	uint64_t before = s->bytes, sent;

	do { /* the kernel's buffers fill up, and then nothing moves any more */
		sent = fake_upstream_count(w->fake).sent;
		int64_t soon = clock_mono_ms() + 100;
		UNTIL(w, clock_mono_ms() > soon);
	} while (fake_upstream_count(w->fake).sent > sent);
	assert_int_equal(s->bytes, before);
	assert_true(sent % LARGE < LARGE / 2);
}

static void paused_call_holds_bounded_memory(void **state)
{
	PLAY({.answer = STR("HTTP/1.1 200 OK\r\nContent-Length: 134217728\r\n\r\n"),
		     .filler = LARGE},
		{.answer = STR("HTTP/1.1 200 OK\r\n\r\n"), .filler = LARGE, .then = FAKE_CLOSE});

	for (unsigned i = 0; i < 2; i++) {
		struct seen s = {.pauses_on_body = true};
		size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
		upstream_world_start(w, &s, "GET", 0);
		UNTIL(w, s.bytes > 0);
		assert_stops_reading(w, &s);
		uint64_t first = s.bytes;
		upstream_resume(s.call); /* one more read, and it is paused again */
		UNTIL(w, s.bytes > first);
		assert_stops_reading(w, &s);
		assert_true(mallinfo2().uordblks + mallinfo2().hblkhd < before + 512 * 1024);
		s.pauses_on_body = false;
		upstream_resume(s.call);
		upstream_world_finish(w, &s);
		assert_int_equal(s.ends, 1);
		assert_int_equal(s.bytes, LARGE);
		seen_clear(&s);
	}
}

/* --- calls that nobody wants any more --- */

static void a_call_may_be_cancelled_in_its_callbacks(void **state)
{
	PLAY({.answer = STR(OK)});
	struct seen head = {.cancels_on_head = true}, body = {.cancels_on_body = true};

	upstream_world_start(w, &head, "GET", 0);
	upstream_world_start(w, &body, "GET", 0);
	UNTIL(w, head.call == NULL && body.call == NULL);
	UNTIL(w, fake_upstream_count(w->fake).open == 0);
	assert_int_equal(head.heads, 1);
	assert_int_equal(head.bytes + head.ends + head.faults, 0);
	assert_int_equal(body.bytes, 5);
	assert_int_equal(body.ends + body.faults, 0);
	seen_clear(&body);
}

static void a_call_may_be_cancelled_before_its_connection_stands(void **state)
{
	PLAY({.answer = STR(OK)});
	struct seen connecting = {0}, waiting = {0}, failed = {0};

	LIMIT(limits.per_address = 1, limits.waiters = 1);
	upstream_world_start(w, &connecting, "GET", 0);
	upstream_world_start(w, &waiting, "GET", 0);
	upstream_world_start(w, &failed, "GET", 0);
	upstream_world_cancel(&failed);
	upstream_world_cancel(&waiting);
	upstream_world_cancel(&connecting);
	assert_int_equal(upstream_count(w->up).calls, 0);
	assert_int_equal(upstream_count(w->up).connections, 0);
	struct seen s = upstream_world_ask(w, "GET");
	assert_ok(&s);
	assert_int_equal(failed.faults + waiting.ends + connecting.ends, 0);
}

static void a_cancelled_calls_connection_is_never_used_again(void **state)
{
	PLAY({.then = FAKE_SILENCE}, {.answer = STR(OK)});
	struct seen s = {0};

	upstream_world_start(w, &s, "GET", 0);
	UNTIL(w, fake_upstream_count(w->fake).requests == 1);
	upstream_world_cancel(&s);
	struct seen next = upstream_world_ask(w, "GET");
	assert_ok(&next);
	assert_int_equal(upstream_count(w->up).reused, 0);
	UNTIL(w, fake_upstream_count(w->fake).open == 1);
}

enum { ABORTS = 10000, AT_ONCE = 16 };

static void abort_one(struct upstream_world *w, struct seen *s, unsigned *seed)
{
	static const char *const methods[] = {"GET", "HEAD", "POST", "GET"};

	if (s->call && rand_r(seed) % 4 == 0) {
		upstream_pause(s->call);
	} else if (s->call && rand_r(seed) % 4 == 0) {
		upstream_resume(s->call);
	} else {
		if (s->call)
			upstream_world_cancel(s);
		seen_clear(s);
		*s = (struct seen){.cancels_on_head = rand_r(seed) % 16 == 0,
			.cancels_on_body = rand_r(seed) % 8 == 0,
			.pauses_on_body = rand_r(seed) % 8 == 0};
		upstream_world_start(
			w, s, methods[rand_r(seed) % 4], rand_r(seed) % 4 ? 0 : 300000);
	}
	for (unsigned turns = (unsigned)rand_r(seed) % 4; turns > 0; turns--)
		event_base_loop(w->base, EVLOOP_NONBLOCK);
}

static void ten_thousand_aborts_at_random_states_leave_nothing(void **state)
{
	PLAY({.answer = STR(OK)},
		{.answer = STR("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n"),
			.filler = 300000},
		{.answer = STR(OK), .then = FAKE_CLOSE}, {.then = FAKE_CLOSE}, {.then = FAKE_RESET},
		{.answer = STR(OK OK)}, {.answer = STR(OK), .hasty = true},
		{.answer = STR("HTTP/1.1 200 OK\r\n\r\n"), .filler = 100000, .then = FAKE_RESET},
		{.answer = STR(
			 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
			.then = FAKE_CLOSE},
		{.answer = STR("nonsense\r\n")}, {.then = FAKE_SILENCE});
	struct seen seen[AT_ONCE] = {{0}};
	unsigned seed = 1;

	LIMIT(limits.per_address = 8, limits.waiters = 6, limits.idle_total = 4);
	for (unsigned i = 0; i < ABORTS; i++) {
		if (i % ARRAY_LEN(plays) == 0)
			fake_upstream_play(w->fake, plays, ARRAY_LEN(plays));
		abort_one(w, &seen[(unsigned)rand_r(&seed) % AT_ONCE], &seed);
		assert_true(upstream_count(w->up).connections <= 8);
	}
	for (size_t i = 0; i < AT_ONCE; i++) {
		if (seen[i].call)
			upstream_world_cancel(&seen[i]);
		seen_clear(&seen[i]);
	}
	assert_int_equal(upstream_count(w->up).calls, 0);
	assert_int_equal(upstream_count(w->up).waiting, 0);
	assert_int_equal(upstream_count(w->up).connections, upstream_count(w->up).idle);
	assert_true(upstream_count(w->up).reused > 0 && upstream_count(w->up).retried > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, upstream_world_open, upstream_world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_limit_of_an_address_is_respected_and_the_line_is_served_in_order),
		TEST(a_connection_that_closes_makes_room_for_who_waits),
		TEST(a_call_started_when_another_ends_does_not_overtake_who_waits),
		TEST(waiter_past_deadline_gets_busy),
		TEST(one_waiter_too_many_is_busy_at_once_but_not_inside_start),
		TEST(a_connection_is_used_again_for_its_own_address_only),
		TEST(a_full_address_does_not_hold_up_another),
		TEST(a_pool_that_is_freed_closes_its_idle_connections),
		TEST(a_server_that_does_not_take_connections_is_given_up),
		TEST(a_server_that_is_silent_times_out),
		TEST(a_head_that_drips_in_does_not_stretch_its_deadline),
		TEST(content_that_stalls_is_cut),
		TEST(a_paused_call_does_not_stall),
		TEST(idle_connections_are_closed_before_spark_closes_them),
		TEST(no_more_connections_idle_than_allowed),
		TEST(paused_call_holds_bounded_memory),
		TEST(a_call_may_be_cancelled_in_its_callbacks),
		TEST(a_call_may_be_cancelled_before_its_connection_stands),
		TEST(a_cancelled_calls_connection_is_never_used_again),
		TEST(ten_thousand_aborts_at_random_states_leave_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
