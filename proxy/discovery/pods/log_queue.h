/*
 * proxy/discovery/pods/log_queue.h - logs that are to be kept: which are read, and which wait for
 * their turn. Slow ones of one namespace leave turns for others (S145).
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_PODS_LOG_QUEUE_H
#define SPARKGATE_PROXY_DISCOVERY_PODS_LOG_QUEUE_H

#include "proxy/discovery/known/namespace_shares.h"
#include "proxy/discovery/pods/log_read.h"

struct log_queue {
	uint64_t at_once_max; /* that are read, each with up to 1 MiB in memory */
	uint64_t waiting_max;
	struct log_read_list waiting, reading;
	struct namespace_shares waiting_shares, reading_shares;
	bool is_starting;
};

void log_queue_init(struct log_queue *q, uint64_t at_once_max, uint64_t waiting_max);
void log_queue_clear(struct log_queue *q); /* frees all of it */
/* Takes `r`, which waits then. False: there is no room. */
MUST_CHECK bool log_queue_add(
	struct log_queue *q, struct log_read *r, const struct conf_kubernetes *conf);
/* Whose turn it is, which is with those that are read now; NULL: nobody's. */
struct log_read *log_queue_next(struct log_queue *q, const struct conf_kubernetes *conf);
/* Starts those whose turn it is. One that ends at once comes back here, to no effect. */
void log_queue_read_next(struct log_queue *q, const struct conf_kubernetes *conf, bool have_waited);
void log_queue_end(struct log_queue *q, struct log_read *r); /* it was read: frees it */
/* Of the pod with this uid; NULL: there is none. */
struct log_read *log_queue_find(const struct log_queue *q, const char *uid);
/* How many there are of executors of the driver's pod with this uid. */
size_t log_queue_count_of(const struct log_queue *q, const char *driver);

#endif
