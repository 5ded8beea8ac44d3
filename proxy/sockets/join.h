/*
 * proxy/sockets/join.h - which gateways listen on an address, and on which store: what --join asks
 * before it shares one (S61).
 *
 * A gateway says so by the name of an abstract Unix socket for each of its addresses. Such names
 * live where TCP ports do, in the network namespace, are seen by every user and container there,
 * and end with the process, however that ends.
 */
#ifndef SPARKGATE_PROXY_SOCKETS_JOIN_H
#define SPARKGATE_PROXY_SOCKETS_JOIN_H

#include "base/err.h"

#include <sys/socket.h>

/* `store`: a name without slashes that tells stores apart. The descriptor that holds the name, or
 * -1 if it could not be had: then nobody can join. */
int join_announce(const struct sockaddr_storage *addr, const char *store);
/* Everybody who said that they listen on `addr`, or on every address, is on `store`, and there is
 * somebody. Waits some seconds for one that is just starting. -1 and a reason. */
MUST_CHECK int join_check(const struct sockaddr_storage *addr, const char *store, struct err *err);

#endif
