/*
 * auth/graylog.h - log lines to a Graylog server, GELF over UDP (`log.gelf`), for the gateway and
 * for commands. One for the process.
 *
 * Nobody ever waits for it: a datagram that the kernel does not take at once is dropped and
 * counted. A name is looked up on a thread of its own, and again twice a minute, for containers
 * move.
 */
#ifndef SPARKGATE_AUTH_GRAYLOG_H
#define SPARKGATE_AUTH_GRAYLOG_H

#include "conf/conf.h"

/* Log lines go to `to` as well from now on; to nobody when its host is NULL. The same place again
 * changes nothing. One thread at a time. */
void graylog_use(const struct conf_endpoint *to);
/* For who logs and leaves: gives the name at most `ms` to be looked up. False: it was not. */
bool graylog_wait(int64_t ms);

struct graylog_counts {
	uint64_t sent, dropped; /* messages, of all threads */
};
struct graylog_counts graylog_count(void); /* any thread */

#endif
