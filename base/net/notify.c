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

static bool send_message(const struct msghdr *message)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	ssize_t sent = sendmsg(fd, message, MSG_NOSIGNAL);
	close(fd);
	return sent == (ssize_t)message->msg_iov->iov_len;
}

bool notify_send_fds(const char *state, const int *fds, size_t count)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(NOTIFY_FDS_MAX * sizeof(int))];
	} control = {.room = {0}};
	const char *name = secure_getenv("NOTIFY_SOCKET");
	struct sockaddr_un to;
	struct iovec text = {(void *)(uintptr_t)state, strlen(state)};

	if (name == NULL || *name == '\0')
		return true;
	struct msghdr message = {.msg_name = &to,
		.msg_namelen = address_of(name, &to),
		.msg_iov = &text,
		.msg_iovlen = 1};
	if (message.msg_namelen == 0 || count > NOTIFY_FDS_MAX)
		return false;
	if (count > 0) {
		control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(count * sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.head), fds, count * sizeof(int));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	return send_message(&message);
}

bool notify_send(const char *state)
{
	return notify_send_fds(state, NULL, 0);
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
