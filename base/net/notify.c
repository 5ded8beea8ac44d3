#define _GNU_SOURCE
#include "base/net/notify.h"

#include "base/str.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_S = 1 };

/* A path, or a name in the abstract namespace, which begins with @ for its NUL. 0: neither. */
static socklen_t address_of(const char *name, struct sockaddr_un *out)
{
	size_t len = strlen(name);
	bool is_abstract = name[0] == '@';

	if ((!is_abstract && name[0] != '/') || len < 2 ||
		len + !is_abstract > sizeof out->sun_path)
		return 0;
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(out->sun_path, name, len);
	if (is_abstract)
		out->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + !is_abstract);
}

bool notify_send(const char *state)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	const char *name = secure_getenv("NOTIFY_SOCKET");
	struct sockaddr_un to;
	size_t len = strlen(state);

	if (name == NULL || *name == '\0')
		return true;
	socklen_t to_len = address_of(name, &to);
	int fd = to_len ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
	if (fd == -1)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	ssize_t sent = sendto(fd, state, len, MSG_NOSIGNAL, (struct sockaddr *)&to, to_len);
	close(fd);
	return sent == (ssize_t)len;
}

static uint64_t number_of(const char *variable)
{
	const char *text = secure_getenv(variable);
	uint64_t number = 0;

	return text && str_to_u64(str_of(text), &number) ? number : 0;
}

int64_t notify_watchdog_ms(void)
{
	uint64_t us = number_of("WATCHDOG_USEC");
	bool is_ours = secure_getenv("WATCHDOG_PID") == NULL ||
		       number_of("WATCHDOG_PID") == (uint64_t)getpid();

	return is_ours && us <= INT64_MAX ? (int64_t)(us / 1000) : 0;
}
