#!/bin/sh
# With libevent's EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST, a socket that is deleted and closed stays in epoll for ever if another
# process shares it.
#
# Versions: libevent 2.1.12-stable-8+deb12u1, the package of Debian 12, on Linux 6.18. It needs a C compiler on Debian 12.
# Seen:     event_del() and close() in one turn of the loop, of a listening socket that another process has, too (here: a
#           second descriptor of it). Without the flag epoll knows no descriptor afterwards. With it /proc/self/fdinfo
#           still shows the closed number, and from the next connection on the loop turns without a pause: all of the
#           processor is used, no callback runs, and nothing is logged.
# Guess:    event_del() takes a descriptor out of epoll, or close() does. The flag's documentation warns of descriptors
#           made by dup(), and most programs have none: but a socket that a service manager or another process gave, or
#           gets, is just that.
# Matters:  A server that hands its listening sockets to its successor and then drains burns a processor until it ends,
#           as soon as its successor has a connection in its queue. The deletion has to reach the kernel one turn before close().
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
for package in libevent-dev libevent-core-2.1-7; do
	apt-get -o APT::Sandbox::User=root download -qq "$package=2.1.12-stable-8+deb12u1"
done
for file in *.deb; do
	dpkg -x "$file" .
done
cat >shared.c <<'C'
#include <arpa/inet.h>
#include <dirent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct world {
	struct event *listener;
	int fd, calls;
};

static void on_listener(evutil_socket_t fd, short what, void *arg)
{
	struct world *w = arg;

	(void)fd, (void)what;
	w->calls++;
}

/* In one turn of the loop, as a server does that gives its socket away. */
static void leave(evutil_socket_t fd, short what, void *arg)
{
	struct world *w = arg;

	(void)fd, (void)what;
	event_free(w->listener);
	close(w->fd);
}

/* How many descriptors an epoll of this process knows by that number. */
static int known_to_epoll(int number)
{
	DIR *all = opendir("/proc/self/fdinfo");
	struct dirent *one;
	int found = 0, target;

	while ((one = readdir(all))) {
		char path[300], line[300];
		snprintf(path, sizeof path, "/proc/self/fdinfo/%s", one->d_name);
		FILE *file = fopen(path, "r");
		while (file && fgets(line, sizeof line, file))
			found += sscanf(line, "tfd: %d", &target) == 1 && target == number;
		if (file)
			fclose(file);
	}
	closedir(all);
	return found;
}

static int try(int flag, int expect_known, int expect_busy)
{
	struct event_config *config = event_config_new();
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	struct world w = {.fd = socket(AF_INET, SOCK_STREAM, 0)};
	struct timeval none = {0, 1000}, half = {0, 500000};

	event_config_set_flag(config, flag);
	struct event_base *base = event_base_new_with_config(config);
	if (bind(w.fd, (struct sockaddr *)&at, len) || listen(w.fd, 8) || getsockname(w.fd, (struct sockaddr *)&at, &len))
		exit(2);
	int others = dup(w.fd); /* as another process has it */
	w.listener = event_new(base, w.fd, EV_READ | EV_PERSIST, on_listener, &w);
	event_add(w.listener, NULL);
	event_base_once(base, -1, EV_TIMEOUT, leave, &w, &none);
	event_base_loopexit(base, &(struct timeval){0, 100000});
	event_base_dispatch(base);
	int known = known_to_epoll(w.fd);
	int client = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(client, (struct sockaddr *)&at, len))
		exit(2);
	clock_t before = clock();
	struct event *waits = event_new(base, others, EV_WRITE, on_listener, &w); /* never: keeps the loop alive */
	event_add(waits, NULL);
	event_base_loopexit(base, &half);
	event_base_dispatch(base);
	double used = (double)(clock() - before) / CLOCKS_PER_SEC;
	int busy = used > 0.05;
	printf("%-10s known to epoll after close(): %d, processor in half a second with a connection: %.2f s, callbacks: %d\n",
		flag ? "changelist" : "plain", known, used, w.calls);
	event_free(waits), close(others), close(client), event_base_free(base), event_config_free(config);
	return known != expect_known || busy != expect_busy;
}

int main(void)
{
	return try(0, 0, 0) | try(EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST, 1, 1);
}
C
lib=usr/lib/$(cc -print-multiarch)
cc -Iusr/include -I"usr/include/$(cc -print-multiarch)" -L"$lib" shared.c -o shared -levent_core
LD_LIBRARY_PATH=$lib ./shared
