/*
 * proxy/sockets/keep.h - the service manager keeps the listening sockets while the service is
 * started again, so that connections wait in them, whether the last run ended well or not (S181).
 *
 * systemd's store of descriptors (sd_pid_notify_with_fds(3), FileDescriptorStoreMax=) gives them to
 * the next run by the names that inherit.h reads, and closes them when the service is stopped.
 */
#ifndef SPARKGATE_PROXY_SOCKETS_KEEP_H
#define SPARKGATE_PROXY_SOCKETS_KEEP_H

#include "proxy/sockets/listeners.h"

/* These, in the place of those that were kept before; but not those that a socket unit gives.
 * Without a manager nothing happens. */
void keep_listeners(const struct listeners *l);

#endif
