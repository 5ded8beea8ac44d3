#include "proxy/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static int prepare(int fd, struct sockaddr_storage *addr, socklen_t len)
{
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == -1 ||
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == -1)
		return -1;
	if (bind(fd, (struct sockaddr *)addr, len) == -1 || listen(fd, BACKLOG) == -1)
		return -1;
	return getsockname(fd, (struct sockaddr *)addr, &len);
}

int listen_open(struct sockaddr_storage *addr, socklen_t len, struct err *err)
{
	int fd = socket(addr->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd != -1 && prepare(fd, addr, len) == 0)
		return fd;
	err_set(err, "cannot listen on port %u: %s", listen_port(addr), strerror(errno));
	if (fd != -1)
		close(fd);
	return -1;
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
