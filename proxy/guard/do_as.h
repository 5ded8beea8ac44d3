/*
 * proxy/guard/do_as.h - doAs, by which Spark's UIs let an administrator see what somebody else
 * would (T45).
 *
 * The gateway alone says who asks, so no client's doAs passes. Pure.
 */
#ifndef SPARKGATE_PROXY_GUARD_DO_AS_H
#define SPARKGATE_PROXY_GUARD_DO_AS_H

#include "base/sbuf.h"

/* A query or form without doAs parameters, in any case and spelling. False: `params` has none, use
 * it as it is. */
bool do_as_strip(struct str params, struct sbuf *out);
/* Whether `params` has one. */
bool do_as_is_in(struct str params);

#endif
