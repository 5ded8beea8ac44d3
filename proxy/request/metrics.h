/*
 * proxy/request/metrics.h - counters of each server thread, added up when Prometheus asks.
 *
 * A server thread writes its own counters only, relaxed: the hot path shares no cache line. Names
 * and labels stay: dashboards and alerts use them.
 */
#ifndef SPARKGATE_PROXY_REQUEST_METRICS_H
#define SPARKGATE_PROXY_REQUEST_METRICS_H

#include "auth/service/auth.h"
#include "base/net/graylog.h"
#include "auth/policy/policy.h"
#include "base/sbuf.h"
#include "proxy/http/fault.h"

struct metrics;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);

/* What the cache of static files did for a request (T50). */
enum cache_use { CACHE_NONE, CACHE_HIT, CACHE_FILL, CACHE_PASS, CACHE_USES };
extern const char *const cache_use_names[CACHE_USES]; /* CACHE_NONE: "" */

struct metrics_request {
	int status;
	struct str method;
	enum ui_kind upstream;
	int64_t duration_us;
	int64_t upstream_us; /* -1: no upstream was asked */
	enum cache_use cache;
};
void metrics_count_request(
	struct metrics *m, const struct metrics_request *req); /* the owner's thread */
/* `via`: "session", "bearer" or "none"; FAULT_NONE is an allowed request. */
enum metrics_via { METRICS_NONE, METRICS_SESSION, METRICS_BEARER };
void metrics_count_decision(struct metrics *m, enum metrics_via via, enum fault reason);
enum metrics_login { METRICS_LOGIN_TOKEN, METRICS_LOGIN_LINK, METRICS_LOGIN_OIDC, METRICS_LOGINS };
void metrics_count_login(struct metrics *m, enum metrics_login by, bool ok);

struct metrics_gauges { /* read at scrape time */
	struct auth_gauges auth;
	struct auth_health health;
	struct graylog_counts gelf;
	unsigned connections, exchanges, upstream_connections;
	unsigned http2_connections, http2_streams;
	uint64_t http2_resets;
	uint64_t static_bytes;
	uint64_t log_dropped;	     /* lines */
	int64_t certificate_ends_at; /* wall seconds; 0: the public listener has none */
};
/* Prometheus text format 0.0.4 of the sum of `count` server threads. Any thread. */
void metrics_write(struct sbuf *out, struct metrics *const *all, size_t count,
	const struct metrics_gauges *gauges);

#endif
