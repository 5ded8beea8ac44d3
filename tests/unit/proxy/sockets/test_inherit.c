/* Sockets that a process is started with: which they are, by the environment. */
#include "proxy/sockets/inherit.h"

#include "base/mem.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void say(pid_t pid, const char *count, const char *names)
{
	char text[16];

	snprintf(text, sizeof text, "%d", (int)pid);
	setenv("LISTEN_PID", text, 1);
	setenv("LISTEN_FDS", count, 1);
	setenv("LISTEN_FDNAMES", names, 1);
}

/* As descriptor INHERIT_FIRST. */
static void place_socket(bool listens)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_not_equal(fd, -1);
	if (listens)
		assert_int_equal(listen(fd, 1), 0);
	if (fd == INHERIT_FIRST)
		return;
	assert_int_equal(dup2(fd, INHERIT_FIRST), INHERIT_FIRST);
	close(fd);
}

static void sockets_of_another_process_are_not_taken(void **state)
{
	struct inherited in;
	struct err err = {""};

	(void)state;
	say(getpid() + 1, "1", "public");
	assert_int_equal(inherit_take(&in, &err), 0);
	assert_int_equal(in.counts[INHERIT_PUBLIC], 0);
	assert_null(getenv("LISTEN_FDS")); /* nor by a program that is started */
	inherit_clear(&in);
}

static void socket_is_taken_by_its_name_and_closed_if_nobody_serves_it(void **state)
{
	struct inherited in;
	struct err err = {""};

	(void)state;
	place_socket(true);
	say(getpid(), "1", "admin");
	assert_int_equal(inherit_take(&in, &err), 0);
	assert_int_equal(in.counts[INHERIT_ADMIN], 1);
	assert_int_equal(in.fds[INHERIT_ADMIN][0], INHERIT_FIRST);
	assert_false(inherit_is_handover(&in));
	inherit_clear(&in);
	assert_int_equal(close(INHERIT_FIRST), -1);
}

static void what_does_not_fit_is_refused_with_its_name(void **state)
{
	static const struct {
		bool listens;
		const char *names, *told;
	} rows[] = {{true, "web", "\"web\", expected public, admin, redirect or admin-redirect"},
		{true, "", "\"\", expected public"}, {false, "public", "(public) is not a socket"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct inherited in;
		struct err err = {""};
		place_socket(rows[i].listens);
		say(getpid(), "1", rows[i].names);
		assert_int_equal(inherit_take(&in, &err), -1);
		assert_non_null(strstr(err.text, rows[i].told));
		inherit_clear(&in);
		close(INHERIT_FIRST);
	}
}

static void s181_a_socket_kept_of_the_last_run_is_told_apart_by_its_name(void **state)
{
	struct inherited in;
	struct err err = {""};

	(void)state;
	place_socket(true);
	say(getpid(), "1", "kept-public");
	assert_int_equal(inherit_take(&in, &err), 0);
	assert_int_equal(in.counts[INHERIT_PUBLIC], 1);
	assert_true(in.is_kept[INHERIT_PUBLIC]);
	inherit_drop(&in, INHERIT_PUBLIC, 0);
	assert_int_equal(close(INHERIT_FIRST), -1);
	inherit_clear(&in);
}

static void s181_what_is_kept_and_does_not_fit_is_closed_and_stops_no_start(void **state)
{
	static const struct {
		bool listens;
		const char *name;
	} rows[] = {{true, "kept-web"}, {true, "kept-handover"}, {true, "kept-"},
		{false, "kept-admin"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct inherited in;
		struct err err = {""};
		place_socket(rows[i].listens);
		say(getpid(), "1", rows[i].name);
		assert_int_equal(inherit_take(&in, &err), 0);
		assert_int_equal(close(INHERIT_FIRST), -1);
		inherit_clear(&in);
	}
}

static void s181_a_socket_units_socket_goes_before_one_that_is_kept(void **state)
{
	struct inherited in;
	struct err err = {""};

	(void)state;
	place_socket(true);
	assert_int_equal(dup2(INHERIT_FIRST, INHERIT_FIRST + 1), INHERIT_FIRST + 1);
	say(getpid(), "2", "public:kept-public");
	assert_int_equal(inherit_take(&in, &err), 0);
	assert_int_equal(in.counts[INHERIT_PUBLIC], 1);
	assert_false(in.is_kept[INHERIT_PUBLIC]);
	assert_int_equal(close(INHERIT_FIRST + 1), -1);
	inherit_clear(&in);
}

static void more_sockets_than_there_may_be_are_refused(void **state)
{
	struct inherited in;
	struct err err = {""};

	(void)state;
	say(getpid(), "100000", "public");
	assert_int_equal(inherit_take(&in, &err), -1);
	inherit_clear(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sockets_of_another_process_are_not_taken),
		cmocka_unit_test(socket_is_taken_by_its_name_and_closed_if_nobody_serves_it),
		cmocka_unit_test(what_does_not_fit_is_refused_with_its_name),
		cmocka_unit_test(s181_a_socket_kept_of_the_last_run_is_told_apart_by_its_name),
		cmocka_unit_test(s181_what_is_kept_and_does_not_fit_is_closed_and_stops_no_start),
		cmocka_unit_test(s181_a_socket_units_socket_goes_before_one_that_is_kept),
		cmocka_unit_test(more_sockets_than_there_may_be_are_refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
