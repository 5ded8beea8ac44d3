#include "base/net/descriptor.h"

#include <event2/event.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_told(evutil_socket_t none, short what, void *arg)
{
	(void)none, (void)what;
	close((int)(intptr_t)arg);
}

void descriptor_close(struct event_base *base, int fd)
{
	/* Not at once: that would be in this turn. */
	static const struct timeval soon = {0, 1};

	(void)shutdown(fd, SHUT_RDWR); /* the other side need not wait */
	if (base == NULL ||
		event_base_once(base, -1, EV_TIMEOUT, on_told, (void *)(intptr_t)fd, &soon) == -1)
		close(fd);
}
