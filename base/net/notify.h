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
#include <stdint.h>

/* "READY=1\nSTATUS=..."; false: there is a manager, and it could not be told. */
bool notify_send(const char *state);
/* Milliseconds in which the manager expects WATCHDOG=1 of this process (WATCHDOG_USEC,
 * WATCHDOG_PID); 0: it expects none. */
int64_t notify_watchdog_ms(void);

#endif
