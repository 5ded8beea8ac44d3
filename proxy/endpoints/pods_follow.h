/* proxy/endpoints/pods_follow.h - a log that is followed ends with the session or token of who
 * reads it, and with their right (S37). */
#ifndef SPARKGATE_PROXY_ENDPOINTS_PODS_FOLLOW_H
#define SPARKGATE_PROXY_ENDPOINTS_PODS_FOLLOW_H

#include "proxy/request/exchange.h"

struct pods_follow;

/* Asks again every second, after `look`; `end` is called when they may not any more. */
struct pods_follow *pods_follow_new(struct exchange *x, enum fault (*look)(struct exchange *x),
	void (*end)(struct exchange *x, enum fault fault));
void pods_follow_end(struct pods_follow *follow, enum fault fault); /* calls `end` */
void pods_follow_free(struct pods_follow *follow);		    /* NULL is fine */

#endif
