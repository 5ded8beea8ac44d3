/* The content of requests: asked for, held, streamed, bounded (S55-S57); turns (S58); callbacks
 * that nobody has set (S52). */
#include "tests/support/front_server.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define POST(target) "POST " target " HTTP/1.1\r\nHost: a\r\n"

/* What has come within `ms` milliseconds, into `out`. */
static size_t hear(int fd, int ms, char *out, size_t size)
{
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO,
		&(struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000},
		sizeof(struct timeval));
	ssize_t n = recv(fd, out, size - 1, 0);
	out[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static void s55_nobody_is_told_to_go_on_before_the_content_is_wanted(void **state)
{
	int fd = dial(*state);
	char got[256];

	say(fd, POST("/hold") "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
	assert_int_equal(hear(fd, 300, got, sizeof got), 0);
	close(fd);
}

static void s55_an_answer_without_the_content_closes(void **state)
{
	bool ended;
	char *got =
		ask_text(*state, POST("/unread") "Content-Length: 100000\r\n\r\nbeginning", &ended);

	assert_true(ended);
	assert_int_equal(count(got, "HTTP/1.1 200"), 1);
	assert_non_null(strstr(got, "Connection: close\r\n"));
	free(got);
}

static void s55_content_that_came_with_the_head_is_passed_over(void **state)
{
	bool ended;
	char *got = ask_text(*state,
		POST("/unread") "Content-Length: 3\r\n\r\nabc" POST(
			"/unread") "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
				   "GET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		&ended);

	assert_int_equal(count(got, "HTTP/1.1 200"), 3);
	assert_non_null(strstr(got, "GET /end 0\n"));
	free(got);
}

static void s55_slow_content_that_is_held_gets_408(void **state)
{
	int fd = dial(*state);
	bool ended;

	say(fd, POST("/x") "Content-Length: 10\r\n\r\nabc");
	char *got = read_all(fd, &ended);
	assert_int_equal(strncmp(got, "HTTP/1.1 408", 12), 0);
	assert_true(ended);
	free(got);
}

static void stream(struct server *s, bool chunked, size_t total)
{
	static char piece[65536];
	char head[256], expected[64];
	int fd = dial(s);
	bool ended;

	memset(piece, 'u', sizeof piece);
	snprintf(head, sizeof head, POST("/stream") "%s%zu\r\n\r\n",
		chunked ? "Transfer-Encoding: chunked\r\nX-Total: " : "Content-Length: ", total);
	say(fd, head);
	for (size_t at = 0; at < total; at += sizeof piece) {
		if (chunked)
			say(fd, "10000\r\n");
		send_all(fd, piece, sizeof piece);
		if (chunked)
			say(fd, "\r\n");
	}
	if (chunked)
		say(fd, "0\r\n\r\n");
	say(fd, "GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	char *got = read_all(fd, &ended);
	snprintf(expected, sizeof expected, "POST /stream %zu\n", total);
	assert_non_null(strstr(got, expected));
	assert_non_null(strstr(got, "GET /next 0\n"));
	assert_true(atomic_load(&s->largest_piece) <= 64 * 1024);
	free(got);
}

static void s56_content_of_any_length_is_handed_on_in_pieces(void **state)
{
	stream(*state, false, 64 << 20);
	stream(*state, true, 16 << 20);
}

static void s57_content_over_the_budget_gets_503_and_the_next_is_taken(void **state)
{
	struct server *s = *state;
	struct budget budget;
	int first = dial(s);
	bool ended;

	budget_init(&budget, 1000);
	s->budget = &budget;
	say(first, POST("/x") "Content-Length: 600\r\n\r\nabc");
	while (budget_used(&budget) != 600)
		usleep(1000);
	char *got = ask_text(s, POST("/x") "Content-Length: 500\r\n\r\n", &ended);
	assert_int_equal(strncmp(got, "HTTP/1.1 503", 12), 0);
	free(got);
	close(first);
	while (budget_used(&budget) != 0)
		usleep(1000);
	got = ask_text(s,
		POST("/x") "Connection: close\r\nTransfer-Encoding: "
			   "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		&ended);
	assert_int_equal(strncmp(got, "HTTP/1.1 200", 12), 0);
	assert_int_equal(budget_used(&budget), 0);
	free(got);
	s->budget = NULL;
}

static void s57_chunked_content_is_counted_as_it_comes(void **state)
{
	struct server *s = *state;
	struct budget budget;
	bool ended;

	budget_init(&budget, 5);
	s->budget = &budget;
	char *got = ask_text(s,
		POST("/x") "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\nabc\r\n0\r\n\r\n",
		&ended);
	assert_int_equal(strncmp(got, "HTTP/1.1 503", 12), 0);
	assert_int_equal(budget_used(&budget), 0);
	free(got);
	s->budget = NULL;
}

static void repeat(char *out, const char *text, int times)
{
	size_t len = strlen(text);

	for (int i = 0; i < times; i++)
		memcpy(out + (size_t)i * len, text, len + 1);
}

/* Both stand there when the gate opens; from then on they take turns. */
static void s58_who_sends_many_at_once_has_no_more_turns_than_others(void **state)
{
	struct server *s = *state;
	int one = dial(s), other = dial(s);
	char bytes[8192];

	pthread_mutex_lock(&s->gate);
	repeat(bytes, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n", 50);
	say(one, "GET /gate HTTP/1.1\r\nHost: a\r\n\r\n");
	say(one, bytes);
	repeat(bytes, "GET /b HTTP/1.1\r\nHost: a\r\n\r\n", 50);
	say(other, bytes);
	usleep(50 * 1000); /* both are with the kernel */
	pthread_mutex_unlock(&s->gate);
	assert_true(wait_for(&s->served, 101));
	for (size_t i = 4; s->order[i + 2]; i++) {
		if (s->order[i] == s->order[i + 1] && s->order[i] == s->order[i + 2] && i < 90)
			fail_msg("not in turn: %s", s->order);
	}
	close(one);
	close(other);
}

static void s52_a_callback_that_nobody_set_is_not_called(void **state)
{
	int fd = dial(*state);
	static char got[65536];
	bool ended;

	say(fd, "GET /open HTTP/1.1\r\nHost: a\r\n\r\n");
	for (size_t all = 0, n = 1; all < (8 << 20) && n > 0; all += n)
		n = hear(fd, 2000, got, sizeof got);
	close(fd);
	char *next =
		ask_text(*state, "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &ended);
	assert_int_equal(strncmp(next, "HTTP/1.1 200", 12), 0);
	free(next);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, front_setup, front_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(s52_a_callback_that_nobody_set_is_not_called),
		TEST(s55_nobody_is_told_to_go_on_before_the_content_is_wanted),
		TEST(s55_an_answer_without_the_content_closes),
		TEST(s55_content_that_came_with_the_head_is_passed_over),
		TEST(s55_slow_content_that_is_held_gets_408),
		TEST(s56_content_of_any_length_is_handed_on_in_pieces),
		TEST(s57_content_over_the_budget_gets_503_and_the_next_is_taken),
		TEST(s57_chunked_content_is_counted_as_it_comes),
		TEST(s58_who_sends_many_at_once_has_no_more_turns_than_others),
	};

	return FRONT_RUN_ON_BOTH(tests);
}
