/* proxy/discovery/merge_polls.h - a poll's answer becomes what the cluster looks like now. Linear
 * in rows. */
#ifndef SPARKGATE_PROXY_DISCOVERY_MERGE_POLLS_H
#define SPARKGATE_PROXY_DISCOVERY_MERGE_POLLS_H

#include <stdbool.h>
#include <stdint.h>

struct cluster;
struct history;
struct spark_apps;
struct spark_master;

void merge_master(struct cluster *c, const struct spark_master *m);
/* `listing` numbers a listing of everything; 0: only a part. `cut`: older ones were left out. */
void merge_history(struct history *h, const struct spark_apps *apps, uint64_t listing, bool cut);
void merge_no_history(struct history *h); /* it is not configured any more */

#endif
