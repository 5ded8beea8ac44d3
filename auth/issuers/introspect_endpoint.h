/*
 * auth/issuers/introspect_endpoint.h - where each issuer of opaque tokens is asked, how the gateway
 * shows it who asks, and what the operator is told of it.
 *
 * Keeper thread only. Warnings come once a minute for each issuer, for anybody may bring a token
 * that leads there.
 */
#ifndef SPARKGATE_AUTH_ISSUERS_INTROSPECT_ENDPOINT_H
#define SPARKGATE_AUTH_ISSUERS_INTROSPECT_ENDPOINT_H

#include "auth/issuers/client_auth.h"
#include "base/net/fetch.h"
#include "conf/conf.h"

enum { INTROSPECT_TIMEOUT_MS = 5000, INTROSPECT_WARN_MS = 60 * 1000 };

struct introspect_endpoint {
	const struct conf_bearer *row; /* borrowed */
	char *url;		       /* NULL: not discovered yet */
	struct client_ways ways;
	struct fetcher *fetcher;
	struct fetch *under_way;
	struct event *timer;
	int retry_s;	   /* before the next try to discover it, doubling */
	int64_t warned_ms; /* monotonic; 0: never */
	bool tells_type; /* it has said token_type of a token: without it, it is none that opens */
};

/* Gives an array of `*count`, one for each row of `conf` with introspection; borrows the rows.
 * Starts to discover what has no address. */
struct introspect_endpoint *introspect_endpoints_new(
	struct event_base *base, struct fetcher *fetcher, const struct conf *conf, size_t *count);
void introspect_endpoints_free(struct introspect_endpoint *endpoints, size_t count);

/* What happened there, for the log: it refuses the gateway's own client; it gives no word on a
 * token; it calls one inactive, which may be for its aud alone. */
void introspect_endpoint_refuses(struct introspect_endpoint *endpoint);
void introspect_endpoint_is_silent(
	struct introspect_endpoint *endpoint, const struct fetch_result *fetched);
void introspect_endpoint_says_inactive(struct introspect_endpoint *endpoint, struct str token);

#endif
