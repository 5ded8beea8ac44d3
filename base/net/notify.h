/*
 * base/net/notify.h - what the service manager that started this process is told: the protocol of
 * sd_notify(3), datagrams of VARIABLE=VALUE lines to the Unix socket that NOTIFY_SOCKET names.
 *
 * Without a manager nothing is sent. Any thread. A manager that does not read is waited for, a
 * second at most. Sockets of virtual machines (AF_VSOCK) are not known here.
 */
#ifndef SPARKGATE_BASE_NET_NOTIFY_H
#define SPARKGATE_BASE_NET_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NOTIFY_FDS_MAX = 128 }; /* of one message; the kernel's limit is 253 */

/* "READY=1\nSTATUS=..."; false: there is a manager, and it could not be told. */
bool notify_send(const char *state);
/* The same with descriptors, NOTIFY_FDS_MAX at most, of which the manager gets copies. */
bool notify_send_fds(const char *state, const int *fds, size_t count);
/* Milliseconds in which the manager expects WATCHDOG=1 of this process (WATCHDOG_USEC,
 * WATCHDOG_PID); 0: it expects none. */
int64_t notify_watchdog_ms(void);

#endif
