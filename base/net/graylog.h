/*
 * base/net/graylog.h - log lines to a Graylog server, GELF over UDP (`log.gelf`), for the gateway
 * and for commands. One for the process.
 *
 * Nobody ever waits for it: a datagram that the kernel does not take at once is dropped and
 * counted. A name is looked up on a thread of its own, and again twice a minute, for containers
 * move.
 */
#ifndef SPARKGATE_BASE_NET_GRAYLOG_H
#define SPARKGATE_BASE_NET_GRAYLOG_H

#include <stdbool.h>
#include <stdint.h>

/* Log lines go to this UDP port as well from now on; to nobody when `host` is NULL. The same host
 * and port again change nothing. One thread at a time. Borrows. */
void graylog_use(const char *host, unsigned port);
/* For who logs and leaves: gives the name at most `ms` to be looked up. False: it was not. */
bool graylog_wait(int64_t ms);

struct graylog_counts {
	uint64_t sent, dropped; /* messages, of all threads */
};
struct graylog_counts graylog_count(void); /* any thread */

#endif
