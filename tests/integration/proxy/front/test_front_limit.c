/* S59: who goes when the front is full. */
#include "tests/support/front_server.h"

#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define GET "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"

enum { ROOM = 4 };

static bool is_open(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return n > 0 || (n == -1 && errno == EAGAIN);
}

static bool closes(int fd)
{
	for (int i = 0; i < 500 && is_open(fd); i++)
		nanosleep(&(struct timespec){0, 10000000}, NULL);
	return !is_open(fd);
}

/* One answer on a connection that stays. */
static bool answers(int fd)
{
	char bytes[1024];

	say(fd, GET);
	return recv(fd, bytes, sizeof bytes, 0) > 0;
}

/* Each is there before the next. */
static void fill(struct server *s, int fds[static ROOM], const char *said)
{
	for (int i = 0; i < ROOM; i++) {
		fds[i] = dial(s);
		assert_true(answers(fds[i]));
		if (said)
			say(fds[i], said);
	}
}

static void close_all(int fds[static ROOM])
{
	for (int i = 0; i < ROOM; i++)
		close(fds[i]);
}

static void s59_the_one_that_is_idle_longest_goes_for_a_newer_one(void **state)
{
	struct server *s = server_start(ROOM);
	int fds[ROOM];

	(void)state;
	fill(s, fds, NULL);
	assert_true(answers(fds[0])); /* now the second is */
	int newest = dial(s);
	assert_true(answers(newest));
	assert_true(closes(fds[1]));
	assert_true(is_open(fds[0]) && is_open(fds[2]) && is_open(fds[3]));
	close(newest);
	close_all(fds);
	front_teardown((void **)&s);
}

static void s59_whoever_drips_a_head_counts_from_its_last_byte(void **state)
{
	struct server *s = server_start(ROOM);
	int fds[ROOM];

	(void)state;
	fill(s, fds, "GET /x HTTP/1.1\r\nHo");
	int newest = dial(s);
	assert_true(answers(newest));
	assert_true(closes(fds[0]));
	say(fds[1], "st");
	nanosleep(&(struct timespec){0, 200000000}, NULL); /* so that it is read before */
	int another = dial(s);
	assert_true(answers(another));
	assert_true(closes(fds[2]));
	assert_true(is_open(fds[1]));
	close(newest);
	close(another);
	close_all(fds);
	front_teardown((void **)&s);
}

static void s59_who_was_refused_and_stays_makes_room(void **state)
{
	struct server *s = server_start(ROOM);
	int fds[ROOM], newest[ROOM];

	(void)state;
	fill(s, fds, "nonsense\r\n\r\n");
	for (int i = 0; i < ROOM; i++) {
		newest[i] = dial(s);
		assert_true(answers(newest[i]));
	}
	close_all(newest);
	close_all(fds);
	front_teardown((void **)&s);
}

static void s59_who_is_served_stays_and_only_then_the_newest_goes(void **state)
{
	struct server *s = server_start(2);
	int first = dial(s);
	bool ended;

	(void)state;
	say(first, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_true(wait_for(&s->served, 1));
	int second = dial(s);
	assert_true(answers(second));
	char *got = ask_text(s, "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &ended);
	assert_int_equal(count(got, "HTTP/1.1 200"), 1);
	free(got);
	assert_true(closes(second));
	assert_true(is_open(first));
	second = dial(s);
	say(second, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_true(wait_for(&s->served, 4));
	got = ask_text(s, GET, &ended); /* both are served: there is no room */
	assert_string_equal(got, "");
	assert_true(is_open(first) && is_open(second));
	free(got);
	close(first);
	close(second);
	front_teardown((void **)&s);
}

static void s59_who_takes_nothing_of_an_answer_makes_room(void **state)
{
	struct server *s = server_start(ROOM);
	int fds[ROOM];

	(void)state;
	for (int i = 0; i < ROOM; i++) {
		fds[i] = dial(s);
		say(fds[i], "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
		assert_true(wait_for(&s->served, i + 1));
	}
	int newest = dial(s);
	assert_true(answers(newest));
	close(newest);
	close_all(fds);
	front_teardown((void **)&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s59_the_one_that_is_idle_longest_goes_for_a_newer_one),
		cmocka_unit_test(s59_whoever_drips_a_head_counts_from_its_last_byte),
		cmocka_unit_test(s59_who_was_refused_and_stays_makes_room),
		cmocka_unit_test(s59_who_is_served_stays_and_only_then_the_newest_goes),
		cmocka_unit_test(s59_who_takes_nothing_of_an_answer_makes_room),
	};

	return FRONT_RUN_ON_BOTH(tests);
}
