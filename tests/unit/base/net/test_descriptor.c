#include "base/net/descriptor.h"

#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct event_base *new_base(void)
{
	struct event_config *config = event_config_new();

	event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	struct event_base *base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

static void ignore(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
}

/* Takes one byte each time, and counts on being told again of the next. */
static void take_a_byte(evutil_socket_t fd, short what, void *arg)
{
	char byte;

	(void)what;
	*(int *)arg += read(fd, &byte, 1) == 1;
}

static void turn(struct event_base *base)
{
	usleep(1000); /* what is due in a microsecond is due */
	event_base_loop(base, EVLOOP_NONBLOCK);
}

/* One that is told once is closed, and the next descriptor counts on being told always. */
static void next_descriptor_is_told_of_what_is_left(void **state)
{
	struct event_base *base = new_base();
	int old[2], next[2], taken = 0;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, old), 0);
	struct event *once =
		event_new(base, old[0], EV_READ | EV_PERSIST | EV_ET | EV_CLOSED, ignore, NULL);
	event_add(once, NULL);
	turn(base);
	event_free(once);
	descriptor_close(base, old[0]);
	char byte;
	assert_int_equal(read(old[1], &byte, 1), 0); /* the other side knows */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, next), 0);
	struct event *always = event_new(base, next[0], EV_READ | EV_PERSIST, take_a_byte, &taken);
	event_add(always, NULL);
	assert_int_equal(write(next[1], "abc", 3), 3);
	for (int i = 0; i < 5; i++)
		turn(base);
	assert_int_equal(taken, 3);
	assert_int_equal(fcntl(old[0], F_GETFD), -1);
	event_free(always);
	close(next[0]);
	close(next[1]);
	close(old[1]);
	event_base_free(base);
}

static void where_no_loop_turns_it_is_closed_at_once(void **state)
{
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	descriptor_close(NULL, pair[0]);
	assert_int_equal(fcntl(pair[0], F_GETFD), -1);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(next_descriptor_is_told_of_what_is_left),
		cmocka_unit_test(where_no_loop_turns_it_is_closed_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
