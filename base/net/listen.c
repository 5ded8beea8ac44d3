#include "base/net/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static int set(int fd, int level, int option)
{
	int on = 1;

	return setsockopt(fd, level, option, &on, sizeof on);
}

/*
 * Without SO_REUSEPORT the kernel gives the address to nobody else, in one step: a bound socket
 * that does not listen yet may have a twin, and the second listen() of the two fails. SO_REUSEADDR
 * is for what a process that ended has left in TIME_WAIT, no more. From the moment that it listens
 * others may share, if they ask for that from the start.
 */
static int claim_socket(int fd, struct sockaddr_storage *addr, socklen_t len, bool shares)
{
	if (set(fd, SOL_SOCKET, SO_REUSEADDR) == -1 || set(fd, IPPROTO_TCP, TCP_NODELAY) == -1 ||
		(shares && set(fd, SOL_SOCKET, SO_REUSEPORT) == -1))
		return -1;
	if (bind(fd, (struct sockaddr *)addr, len) == -1 || listen(fd, BACKLOG) == -1 ||
		set(fd, SOL_SOCKET, SO_REUSEPORT) == -1)
		return -1;
	return getsockname(fd, (struct sockaddr *)addr, &len);
}

static int open_socket(struct sockaddr_storage *addr, socklen_t len, bool shares, struct err *err)
{
	int fd = socket(addr->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	char host[46];

	if (fd != -1 && claim_socket(fd, addr, len, shares) == 0)
		return fd;
	int code = errno;
	listen_peer_text((struct sockaddr *)addr, host);
	err_set(err,
		addr->ss_family == AF_INET6 ? "cannot listen on [%s]:%u: %s"
					    : "cannot listen on %s:%u: %s",
		host, listen_port(addr), strerror(code));
	if (fd != -1)
		close(fd);
	errno = code;
	return -1;
}

int listen_open(struct sockaddr_storage *addr, socklen_t len, struct err *err)
{
	return open_socket(addr, len, false, err);
}

int listen_share(struct sockaddr_storage *addr, socklen_t len, struct err *err)
{
	return open_socket(addr, len, true, err);
}

int listen_adopt(int fd)
{
	return set(fd, IPPROTO_TCP, TCP_NODELAY) == -1 ? -1 : set(fd, SOL_SOCKET, SO_REUSEPORT);
}

void listen_peer_text(const struct sockaddr *addr, char out[static 46])
{
	const void *bytes =
		addr->sa_family == AF_INET6
			? (const void *)&((const struct sockaddr_in6 *)(const void *)addr)
				  ->sin6_addr
			: (const void *)&((const struct sockaddr_in *)(const void *)addr)->sin_addr;

	if ((addr->sa_family != AF_INET && addr->sa_family != AF_INET6) ||
		inet_ntop(addr->sa_family, bytes, out, 46) == NULL)
		snprintf(out, 46, "-");
}

unsigned listen_port(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)(const void *)addr)->sin6_port);
	return ntohs(((const struct sockaddr_in *)(const void *)addr)->sin_port);
}
