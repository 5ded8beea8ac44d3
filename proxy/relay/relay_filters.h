/*
 * proxy/relay/relay_filters.h - what a UI's content goes through on its way: unpacked, lists cut to
 * what their reader may see (S76), links mended, those that kill taken out, packed.
 *
 * Each filter is there only if the answer needs it; mostly none is.
 */
#ifndef SPARKGATE_PROXY_RELAY_RELAY_FILTERS_H
#define SPARKGATE_PROXY_RELAY_RELAY_FILTERS_H

#include "proxy/relay/relay_headers.h"
#include "proxy/request/exchange.h"

/* The answer will be a list that is cut: no part of it is asked for and no condition is put, and
 * its limit is ours. */
bool relay_filters_is_list(const struct exchange *x);
/* Gives the query to send, perhaps in `out`, which has room for 16 bytes more. */
struct str relay_filters_query(struct exchange *x, struct str query, struct sbuf *out);

/* Sets them up, and says in the plan what they change. False: nothing of the answer may be seen. */
MUST_CHECK bool relay_filters_plan(
	struct exchange *x, const struct h1_response *head, struct relay_headers_plan *plan);
/* One step of `in` through the filters that are there, to `*out`. 0: all of it; 1: there is more to
 * unpack; -1: the content is corrupt. */
MUST_CHECK int relay_filters_step(struct exchange *x, struct evbuffer *in, struct evbuffer **out);
void relay_filters_free(struct exchange *x);

#endif
