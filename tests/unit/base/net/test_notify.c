#define _GNU_SOURCE
/* What a service manager is told arrives, at a path and at an abstract name, and nobody is told
 * what is no name. */
#include "base/net/notify.h"

#include "tests/support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* A manager's socket, named as NOTIFY_SOCKET is. */
static int manager_at(const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(strlen(name) < sizeof at.sun_path);
	memcpy(at.sun_path, name, strlen(name));
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	else
		len++;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void assert_hears(int manager, const char *expected)
{
	char text[200] = "";

	assert_int_equal(recv(manager, text, sizeof text - 1, 0), strlen(expected));
	assert_string_equal(text, expected);
}

static void a_manager_at_a_path_hears_each_state_whole(void **state)
{
	char *folder = scratch_new(), name[100];

	(void)state;
	snprintf(name, sizeof name, "%s/socket", folder);
	int manager = manager_at(name);
	assert_true(notify_send("READY=1\nSTATUS=serving"));
	assert_hears(manager, "READY=1\nSTATUS=serving");
	close(manager);
	scratch_free(folder);
}

static void a_manager_at_an_abstract_name_hears_it_too(void **state)
{
	char name[64];

	(void)state;
	snprintf(name, sizeof name, "@test_notify/%d", (int)getpid());
	int manager = manager_at(name);
	assert_true(notify_send("WATCHDOG=1"));
	assert_hears(manager, "WATCHDOG=1");
	close(manager);
	assert_false(notify_send("WATCHDOG=1"));
}

static void a_manager_gets_descriptors_beside_a_state(void **state)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control;
	char name[64], text[64] = "";
	int ends[2], got[2], many[NOTIFY_FDS_MAX + 1] = {0};
	struct iovec iov = {text, sizeof text - 1};
	struct msghdr message = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control};

	(void)state;
	snprintf(name, sizeof name, "@test_notify/fds/%d", (int)getpid());
	int manager = manager_at(name);
	assert_int_equal(pipe(ends), 0);
	assert_true(notify_send_fds("FDSTORE=1\nFDNAME=x", ends, 2));
	assert_int_equal(recvmsg(manager, &message, 0), strlen("FDSTORE=1\nFDNAME=x"));
	assert_int_equal(control.head.cmsg_len, CMSG_LEN(sizeof got));
	memcpy(got, CMSG_DATA(&control.head), sizeof got);
	assert_int_equal(write(got[1], "w", 1), 1);
	assert_int_equal(read(ends[0], text, 1), 1);
	assert_false(notify_send_fds("FDSTORE=1", many, NOTIFY_FDS_MAX + 1));
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		close(got[i]);
	}
	close(manager);
}

static void without_a_manager_nothing_is_to_be_told(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_true(notify_send("READY=1"));
	setenv("NOTIFY_SOCKET", "", 1);
	assert_true(notify_send("READY=1"));
}

static void names_that_are_no_socket_of_a_manager_are_refused(void **state)
{
	char long_path[150] = "/";
	const char *const names[] = {"relative", "vsock:2:1", "@", "/", long_path};

	(void)state;
	memset(long_path + 1, 'x', sizeof long_path - 2);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		setenv("NOTIFY_SOCKET", names[i], 1);
		assert_false(notify_send("READY=1"));
	}
}

static void a_manager_that_does_not_read_is_not_waited_for_for_ever(void **state)
{
	char name[64];
	unsigned sent = 0;

	(void)state;
	snprintf(name, sizeof name, "@test_notify/full/%d", (int)getpid());
	int manager = manager_at(name);
	while (sent < 100000 && notify_send("WATCHDOG=1"))
		sent++;
	assert_true(sent > 0 && sent < 100000);
	close(manager);
}

static void the_watchdog_is_only_that_of_this_process(void **state)
{
	char pid[20];

	(void)state;
	assert_int_equal(notify_watchdog_ms(), 0);
	setenv("WATCHDOG_USEC", "30000000", 1);
	assert_int_equal(notify_watchdog_ms(), 30000);
	snprintf(pid, sizeof pid, "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify_watchdog_ms(), 30000);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(notify_watchdog_ms(), 0);
	unsetenv("WATCHDOG_PID");
	setenv("WATCHDOG_USEC", "often", 1);
	assert_int_equal(notify_watchdog_ms(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_manager_at_a_path_hears_each_state_whole),
		cmocka_unit_test(a_manager_at_an_abstract_name_hears_it_too),
		cmocka_unit_test(a_manager_gets_descriptors_beside_a_state),
		cmocka_unit_test(without_a_manager_nothing_is_to_be_told),
		cmocka_unit_test(names_that_are_no_socket_of_a_manager_are_refused),
		cmocka_unit_test(a_manager_that_does_not_read_is_not_waited_for_for_ever),
		cmocka_unit_test(the_watchdog_is_only_that_of_this_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
