/*
 * base/net/listen.h - listening sockets: one per server thread on the same address (SO_REUSEPORT).
 *
 * The first of a process claims the address alone (S61): with SO_REUSEPORT a second gateway would
 * get some of the connections, and nobody would be told.
 */
#ifndef SPARKGATE_BASE_NET_LISTEN_H
#define SPARKGATE_BASE_NET_LISTEN_H

#include "base/err.h"

#include <sys/socket.h>

/* Non-blocking, close-on-exec, TCP_NODELAY (accepted sockets inherit it). `*addr` gets the port the
 * kernel chose when it was 0, so that the next thread binds the same. The descriptor, or -1 with a
 * reason, and errno. */
MUST_CHECK int listen_open(struct sockaddr_storage *addr, socklen_t len, struct err *err);
/* The same beside whoever has opened it: this process, or, for who joins it, another. */
MUST_CHECK int listen_share(struct sockaddr_storage *addr, socklen_t len, struct err *err);
/* A socket that somebody else has made listen becomes like one of ours. -1 and errno. */
MUST_CHECK int listen_adopt(int fd);
/* Writes the address without the port, e.g. "127.0.0.1". */
void listen_peer_text(const struct sockaddr *addr, char out[static 46]);
unsigned listen_port(const struct sockaddr_storage *addr);

#endif
