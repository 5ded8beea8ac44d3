/* The pool against a server that misbehaves: answers, their ends, and which connections live on. */
#include "base/clock.h"
#include "tests/support/upstream_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_body(struct seen *s, const char *wanted)
{
	assert_int_equal(s->ends, 1);
	assert_int_equal(s->bytes, strlen(wanted));
	assert_string_equal(s->body.at ? s->body.at : "", wanted);
	seen_clear(s);
}

static void assert_fault(struct seen *s, enum fault fault)
{
	assert_int_equal(s->faults, 1);
	assert_int_equal(s->fault, fault);
	seen_clear(s);
}

/* What one request meets that is asked with `method`. */
static struct seen meet(struct upstream_world *w, const struct fake_play *play, const char *method)
{
	fake_upstream_play(w->fake, play, 1);
	return upstream_world_ask(w, method);
}

/* --- answers --- */

static void an_answer_arrives_and_its_connection_is_used_again(void **state)
{
	PLAY({.answer = STR(OK)});

	for (unsigned i = 0; i < 3; i++) {
		struct seen s = upstream_world_ask(w, "GET");
		assert_int_equal(s.status, 200);
		assert_body(&s, "hello");
	}
	assert_int_equal(fake_upstream_count(w->fake).accepted, 1);
	assert_int_equal(upstream_count(w->up).opened, 1);
	assert_int_equal(upstream_count(w->up).reused, 2);
	assert_int_equal(upstream_count(w->up).idle, 1);
}

static void a_refused_connection_is_told_later_not_from_inside_start(void **state)
{
	struct upstream_world *w = *state;
	struct seen s = {0};

	fake_upstream_refuse(w->fake);
	upstream_world_start(w, &s, "GET", 0);
	assert_int_equal(s.faults, 0);
	upstream_world_finish(w, &s);
	assert_fault(&s, FAULT_UPSTREAM_CONNECT);
}

static void head_204_304_have_no_content(void **state)
{
	static const struct fake_play head = {
		.answer = STR("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")};
	static const struct fake_play chunked = {
		.answer = STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")};
	static const struct fake_play none = {.answer = STR("HTTP/1.1 204 No Content\r\n\r\n")};
	static const struct fake_play same = {
		.answer = STR("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n")};
	struct upstream_world *w = *state;
	struct seen seen[] = {meet(w, &head, "HEAD"), meet(w, &chunked, "HEAD"),
		meet(w, &none, "GET"), meet(w, &same, "GET")};

	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		assert_body(&seen[i], "");
	assert_int_equal(fake_upstream_count(w->fake).accepted, 1);
}

static void an_answer_is_the_same_in_pieces_of_any_size(void **state)
{
	struct upstream_world *w = *state;
	struct fake_play play = {
		.answer = STR("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
			      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			      "5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nT: x\r\n\r\n")};

	for (play.step = 1; play.step <= play.answer.len; play.step++) {
		struct seen s = meet(w, &play, "GET");
		assert_int_equal(s.status, 200);
		assert_body(&s, "hello world");
	}
	assert_int_equal(fake_upstream_count(w->fake).accepted, 1);
}

static void interim_answers_are_eaten(void **state)
{
	PLAY({.answer = STR(
		      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nA: b\r\n\r\n" OK)});
	struct seen s = upstream_world_ask(w, "GET");

	assert_int_equal(s.heads, 1);
	assert_int_equal(s.status, 200);
	assert_body(&s, "hello");
}

static void an_answer_until_close_ends_with_the_connection(void **state)
{
	PLAY({.answer = STR("HTTP/1.1 200 OK\r\n\r\nhello"), .then = FAKE_CLOSE});
	struct seen s = upstream_world_ask(w, "GET");

	assert_body(&s, "hello");
	assert_int_equal(upstream_count(w->up).connections, 0);
}

static void an_answer_until_close_that_is_reset_is_not_taken_for_whole(void **state)
{
	PLAY({.answer = STR("HTTP/1.1 200 OK\r\n\r\nhello"), .then = FAKE_RESET});
	struct seen s = upstream_world_ask(w, "GET");

	assert_fault(&s, FAULT_UPSTREAM_DIED);
}

static void large_answers_arrive_whole(void **state)
{
	static const struct fake_play length = {
		.answer = STR("HTTP/1.1 200 OK\r\nContent-Length: 8388613\r\n\r\nhello"),
		.filler = 8 << 20};
	static const struct fake_play close = {.answer = STR("HTTP/1.1 200 OK\r\n\r\nhello"),
		.filler = 8 << 20,
		.then = FAKE_CLOSE};
	struct upstream_world *w = *state;
	struct seen first = meet(w, &length, "GET"), second = meet(w, &close, "GET");

	assert_int_equal(first.ends, 1);
	assert_int_equal(first.bytes, (8 << 20) + 5);
	assert_int_equal(second.ends, 1);
	assert_int_equal(second.bytes, (8 << 20) + 5);
	assert_int_equal(fake_upstream_count(w->fake).accepted, 1);
	seen_clear(&first);
	seen_clear(&second);
}

static void a_large_request_is_sent_whole(void **state)
{
	PLAY({.answer = STR(OK)});
	struct seen s = {0};

	upstream_world_start(w, &s, "POST", 4 << 20);
	upstream_world_finish(w, &s);
	assert_body(&s, "hello");
	assert_in_range(fake_upstream_last(w->fake).len, 4 << 20, (4 << 20) + 200);
	assert_int_equal(upstream_count(w->up).idle, 1);
}

/* --- answers that break off or make no sense --- */

static void upstream_dying_mid_content_faults(void **state)
{
	static const struct fake_play plays[] = {
		{.answer = STR("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello")},
		{.answer = STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello")},
		{.answer = STR(
			 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")},
		{.answer = STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
			       "0\r\n")},
	};
	struct upstream_world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(plays); i++) {
		struct fake_play play = plays[i];
		for (play.then = FAKE_CLOSE; play.then <= FAKE_RESET; play.then++) {
			struct seen s = meet(w, &play, "GET");
			assert_int_equal(s.heads, 1);
			assert_int_equal(s.bytes, 5);
			assert_fault(&s, FAULT_UPSTREAM_DIED);
		}
	}
	assert_int_equal(upstream_count(w->up).connections, 0);
}

static void upstream_dying_before_or_in_the_head_faults(void **state)
{
	static const struct fake_play plays[] = {
		{.answer = STR("")},
		{.answer = STR("HTTP/1.1 200 OK\r\nContent-Le")},
		{.answer = STR("HTTP/1.1 100 Continue\r\n\r\n")},
	};
	struct upstream_world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(plays); i++) {
		struct fake_play play = plays[i];
		for (play.then = FAKE_CLOSE; play.then <= FAKE_RESET; play.then++) {
			struct seen s = meet(w, &play, "GET");
			assert_int_equal(s.heads, 0);
			assert_fault(&s, FAULT_UPSTREAM_PROTOCOL);
		}
	}
	assert_int_equal(upstream_count(w->up).retried, 0);
}

static void a_malformed_head_is_refused_and_its_connection_closed(void **state)
{
	static const struct fake_play plays[] = {
		{.answer = STR("HTTP/1.1 200 OK\nContent-Length: 0\n\n")},
		{.answer = STR(
			 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n")},
		{.answer = STR("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n")},
		{.answer = STR("SSH-2.0-OpenSSH_9.2\r\n")},
		{.answer = STR("HTTP/1.1 200 OK\r\nA: "), .filler = 128 * 1024},
		{.answer = STR("HTTP/1.1 200 OK\r\nA: "), .filler = 128 * 1024, .step = 1000},
	};
	struct upstream_world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(plays); i++) {
		struct seen s = meet(w, &plays[i], "GET");
		assert_int_equal(s.heads, 0);
		assert_fault(&s, FAULT_UPSTREAM_PROTOCOL);
		assert_int_equal(upstream_count(w->up).connections, 0);
	}
}

static void a_malformed_chunk_cuts_the_answer(void **state)
{
	PLAY({.answer = STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: "
			    "chunked\r\n\r\n5\r\nhello\r\n0x5\r\n")});
	struct seen s = upstream_world_ask(w, "GET");

	assert_int_equal(s.bytes, 5);
	assert_fault(&s, FAULT_UPSTREAM_DIED);
	assert_int_equal(upstream_count(w->up).connections, 0);
}

/* --- which connections live on --- */

static void an_answer_that_says_so_closes_its_connection(void **state)
{
	static const struct fake_play plays[] = {
		{.answer = STR(
			 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")},
		{.answer = STR("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")},
	};
	struct upstream_world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(plays); i++) {
		struct seen s = meet(w, &plays[i], "GET");
		assert_body(&s, "");
		assert_int_equal(upstream_count(w->up).connections, 0);
	}
}

static void junk_after_body_closes(void **state)
{
	static const struct fake_play plays[] = {
		{.answer = STR(OK "HTTP/1.1 200 OK\r\n\r\n")},
		{.answer = STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
			       "0\r\n\r\nx")},
	};
	struct upstream_world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(plays); i++) {
		struct seen s = meet(w, &plays[i], "GET");
		assert_body(&s, "hello");
		assert_int_equal(upstream_count(w->up).connections, 0);
	}
}

/* However the reads fall on the end of the content. */
static void junk_after_a_large_body_is_not_taken_for_content(void **state)
{
	struct upstream_world *w = *state;
	char head[80];

	for (int len = 900000; len < 1000000; len += 4999) {
		snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len);
		struct fake_play play = {.answer = str_of(head), .filler = 1200000};
		struct seen s = meet(w, &play, "GET");
		assert_int_equal(s.ends, 1);
		assert_int_equal(s.bytes, len);
		UNTIL(w, upstream_count(w->up).connections == 0);
		seen_clear(&s);
	}
}

static void pool_drops_connection_with_unread_bytes(void **state)
{
	PLAY({.answer = STR(OK)});
	struct seen first = upstream_world_ask(w, "GET"), second;

	/* No turn of the loop between: only the proof before reuse can notice. */
	fake_upstream_say(w->fake, STR("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"));
	second = upstream_world_ask(w, "GET");
	assert_body(&first, "hello");
	assert_body(&second, "hello");
	assert_int_equal(fake_upstream_count(w->fake).accepted, 2);
	/* And with turns. */
	fake_upstream_say(w->fake, STR("x"));
	UNTIL(w, upstream_count(w->up).connections == 0);
}

static void idle_connection_closed_by_peer_is_not_reused(void **state)
{
	PLAY({.answer = STR(OK)});
	struct seen first = upstream_world_ask(w, "POST"), second;

	fake_upstream_hang_up(w->fake);
	second = upstream_world_ask(w, "POST");
	assert_body(&first, "hello");
	assert_body(&second, "hello");
	assert_int_equal(upstream_count(w->up).opened, 2);
	assert_int_equal(upstream_count(w->up).reused, 0);
	fake_upstream_hang_up(w->fake);
	UNTIL(w, upstream_count(w->up).connections == 0);
}

/* Nothing tells of the end afterwards: it has come with the answer. */
static void end_that_comes_with_the_answer_leaves_no_idle_connection(void **state)
{
	PLAY({.answer = STR(OK), .then = FAKE_CLOSE});

	for (int i = 0; i < 20; i++) {
		struct seen s = upstream_world_ask(w, "POST");
		assert_body(&s, "hello");
		UNTIL(w, upstream_count(w->up).connections == 0);
	}
}

static void stale_socket_is_retried_once_for_get_and_never_for_post(void **state)
{
	PLAY({.answer = STR(OK)}, {.then = FAKE_CLOSE}, {.answer = STR(OK)}, {.then = FAKE_RESET},
		{.answer = STR(OK)});
	struct seen s[3];

	s[0] = upstream_world_ask(w, "GET");
	s[1] = upstream_world_ask(w, "GET");
	assert_body(&s[0], "hello");
	assert_body(&s[1], "hello");
	assert_int_equal(upstream_count(w->up).retried, 1);
	assert_int_equal(fake_upstream_count(w->fake).requests, 3);
	s[2] = upstream_world_ask(w, "POST");
	assert_fault(&s[2], FAULT_UPSTREAM_PROTOCOL);
	assert_int_equal(upstream_count(w->up).retried, 1);
	assert_int_equal(fake_upstream_count(w->fake).requests, 4);
}

static void what_is_sent_again_is_the_whole_request(void **state)
{
	PLAY({.answer = STR(OK)}, {.then = FAKE_CLOSE}, {.answer = STR(OK)});
	struct seen first = upstream_world_ask(w, "GET"), second = {0};

	upstream_world_start(w, &second, "GET", 1 << 20);
	upstream_world_finish(w, &second);
	assert_body(&first, "hello");
	assert_body(&second, "hello");
	assert_true(str_starts(fake_upstream_last(w->fake), STR("GET / HTTP/1.1\r\nHost: x\r\n")));
	assert_in_range(fake_upstream_last(w->fake).len, 1 << 20, (1 << 20) + 200);
}

static void a_request_is_sent_again_on_a_fresh_connection(void **state)
{
	static const struct fake_play ok = {.answer = STR(OK), .wait_ms = 10};
	static const struct fake_play dies[] = {{.then = FAKE_CLOSE}, {.answer = STR(OK)}};
	struct upstream_world *w = *state;
	struct seen s[3] = {{0}};

	fake_upstream_play(w->fake, &ok, 1);
	upstream_world_start(w, &s[0], "GET", 0);
	upstream_world_start(w, &s[1], "GET", 0);
	upstream_world_finish(w, &s[0]);
	upstream_world_finish(w, &s[1]);
	assert_int_equal(upstream_count(w->up).idle, 2);
	fake_upstream_play(w->fake, dies, 2);
	s[2] = upstream_world_ask(w, "GET");
	assert_int_equal(upstream_count(w->up).opened, 3);
	assert_int_equal(upstream_count(w->up).idle, 2);
	for (size_t i = 0; i < 3; i++)
		assert_body(&s[i], "hello");
}

static void a_request_is_sent_again_only_once(void **state)
{
	PLAY({.answer = STR(OK)}, {.then = FAKE_CLOSE}, {.then = FAKE_CLOSE}, {.answer = STR(OK)});
	struct seen first = upstream_world_ask(w, "GET"), second = upstream_world_ask(w, "GET");

	assert_body(&first, "hello");
	assert_fault(&second, FAULT_UPSTREAM_PROTOCOL);
	assert_int_equal(fake_upstream_count(w->fake).requests, 3);
}

static void a_stale_socket_to_a_server_that_went_is_a_refused_connection(void **state)
{
	PLAY({.answer = STR(OK)}, {.then = FAKE_CLOSE});
	struct seen first = upstream_world_ask(w, "GET"), second;

	fake_upstream_refuse(w->fake);
	second = upstream_world_ask(w, "GET");
	assert_body(&first, "hello");
	assert_fault(&second, FAULT_UPSTREAM_CONNECT);
}

static void after_a_byte_of_an_answer_nothing_is_sent_again(void **state)
{
	static const struct fake_play ok = {.answer = STR(OK)};
	static const struct fake_play dies[] = {
		{.answer = STR("H"), .then = FAKE_CLOSE},
		{.answer = STR("HTTP/1.1 100 Continue\r\n\r\n"), .then = FAKE_CLOSE},
	};
	struct upstream_world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(dies); i++) {
		struct seen first = meet(w, &ok, "GET"), second = meet(w, &dies[i], "GET");
		assert_body(&first, "hello");
		assert_fault(&second, FAULT_UPSTREAM_PROTOCOL);
	}
	assert_int_equal(upstream_count(w->up).retried, 0);
	assert_int_equal(upstream_count(w->up).reused, 2);
}

static void an_answer_before_the_request_is_sent_is_taken_and_the_connection_closed(void **state)
{
	static const char refusal[] = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno";
	static const struct fake_play plays[] = {
		{.answer = {refusal, sizeof refusal - 1}, .hasty = true},
		{.answer = {refusal, sizeof refusal - 1}, .hasty = true, .then = FAKE_CLOSE},
	};
	struct upstream_world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(plays); i++) {
		struct seen s = {0};
		fake_upstream_play(w->fake, &plays[i], 1);
		upstream_world_start(w, &s, "POST", 32 << 20);
		upstream_world_finish(w, &s);
		assert_int_equal(s.status, 413);
		assert_body(&s, "no");
		assert_int_equal(upstream_count(w->up).connections, 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, upstream_world_open, upstream_world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_arrives_and_its_connection_is_used_again),
		TEST(a_refused_connection_is_told_later_not_from_inside_start),
		TEST(head_204_304_have_no_content),
		TEST(an_answer_is_the_same_in_pieces_of_any_size),
		TEST(interim_answers_are_eaten),
		TEST(an_answer_until_close_ends_with_the_connection),
		TEST(an_answer_until_close_that_is_reset_is_not_taken_for_whole),
		TEST(large_answers_arrive_whole),
		TEST(a_large_request_is_sent_whole),
		TEST(upstream_dying_mid_content_faults),
		TEST(upstream_dying_before_or_in_the_head_faults),
		TEST(a_malformed_head_is_refused_and_its_connection_closed),
		TEST(a_malformed_chunk_cuts_the_answer),
		TEST(an_answer_that_says_so_closes_its_connection),
		TEST(junk_after_body_closes),
		TEST(junk_after_a_large_body_is_not_taken_for_content),
		TEST(pool_drops_connection_with_unread_bytes),
		TEST(idle_connection_closed_by_peer_is_not_reused),
		TEST(end_that_comes_with_the_answer_leaves_no_idle_connection),
		TEST(stale_socket_is_retried_once_for_get_and_never_for_post),
		TEST(what_is_sent_again_is_the_whole_request),
		TEST(a_request_is_sent_again_on_a_fresh_connection),
		TEST(a_request_is_sent_again_only_once),
		TEST(a_stale_socket_to_a_server_that_went_is_a_refused_connection),
		TEST(after_a_byte_of_an_answer_nothing_is_sent_again),
		TEST(an_answer_before_the_request_is_sent_is_taken_and_the_connection_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
