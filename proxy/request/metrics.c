#include "proxy/request/metrics.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { UI_KINDS = UI_OTHER + 1, METHODS = 8, STATUSES = 600, VIAS = 3, BUCKETS = 12 };

static const char *const method_names[METHODS] = {
	"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "-"};
static const char *const kind_names[UI_KINDS] = {
	"gate", "master", "worker", "driver", "history", "other"};
static const char *const via_names[VIAS] = {"none", "session", "bearer"};
/* Microseconds; the last bucket is +Inf. */
static const int64_t bounds_us[BUCKETS - 1] = {
	1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000, 5000000, 30000000};

const char *const cache_use_names[CACHE_USES] = {"", "hit", "fill", "pass"};

typedef _Atomic uint64_t counter;

struct histogram {
	counter buckets[BUCKETS], sum_us;
};

struct metrics {
	counter requests[UI_KINDS][METHODS][STATUSES];
	counter decisions[VIAS][FAULT_COUNT];
	counter logins[METRICS_LOGINS][2]; /* ok */
	counter cached[CACHE_USES];
	struct histogram duration, upstream;
};

struct metrics *metrics_new(void)
{
	return mem_alloc(1, sizeof(struct metrics));
}

void metrics_free(struct metrics *m)
{
	free(m);
}

/* One writer: a load and a store, no locked instruction. */
static void add_counter(counter *c, uint64_t n)
{
	atomic_store_explicit(
		c, atomic_load_explicit(c, memory_order_relaxed) + n, memory_order_relaxed);
}

static uint64_t get_counter(const counter *c)
{
	return atomic_load_explicit(c, memory_order_relaxed);
}

static void observe(struct histogram *h, int64_t us)
{
	size_t i = 0;

	while (i < BUCKETS - 1 && us > bounds_us[i])
		i++;
	add_counter(&h->buckets[i], 1);
	add_counter(&h->sum_us, (uint64_t)us);
}

static size_t method_index(struct str method)
{
	size_t i = 0;

	while (i < METHODS - 1 && !str_eq(method, str_of(method_names[i])))
		i++;
	return i;
}

void metrics_count_request(struct metrics *m, const struct metrics_request *req)
{
	int status = req->status >= 0 && req->status < STATUSES ? req->status : 0;

	add_counter(&m->requests[req->upstream][method_index(req->method)][status], 1);
	observe(&m->duration, req->duration_us);
	if (req->cache != CACHE_NONE)
		add_counter(&m->cached[req->cache], 1);
	if (req->upstream_us >= 0)
		observe(&m->upstream, req->upstream_us);
}

void metrics_count_decision(struct metrics *m, enum metrics_via via, enum fault reason)
{
	add_counter(&m->decisions[via][reason], 1);
}

void metrics_count_login(struct metrics *m, enum metrics_login by, bool ok)
{
	add_counter(&m->logins[by][ok], 1);
}

static void help(struct sbuf *out, const char *name, const char *type, const char *text)
{
	sbuf_printf(
		out, "# HELP sparkgate_%s %s\n# TYPE sparkgate_%s %s\n", name, text, name, type);
}

static void write_requests(struct sbuf *out, struct metrics *const *all, size_t count)
{
	help(out, "requests_total", "counter",
		"Requests answered, by status, method and kind of UI.");
	for (size_t k = 0; k < UI_KINDS; k++) {
		for (size_t cell = 0; cell < METHODS * STATUSES; cell++) {
			uint64_t n = 0;
			for (size_t w = 0; w < count; w++)
				n += get_counter(
					&all[w]->requests[k][cell / STATUSES][cell % STATUSES]);
			if (n)
				sbuf_printf(out,
					"sparkgate_requests_total{code=\"%zu\",method=\"%s\","
					"upstream=\"%s\"} %llu\n",
					cell % STATUSES, method_names[cell / STATUSES],
					kind_names[k], (unsigned long long)n);
		}
	}
}

static void write_decisions(struct sbuf *out, struct metrics *const *all, size_t count)
{
	help(out, "auth_decisions_total", "counter",
		"Decisions, by credential, result and reason.");
	for (size_t cell = 0; cell < VIAS * FAULT_COUNT; cell++) {
		enum fault reason = (enum fault)(cell % FAULT_COUNT);
		uint64_t n = 0;
		for (size_t w = 0; w < count; w++)
			n += get_counter(&all[w]->decisions[cell / FAULT_COUNT][reason]);
		if (n)
			sbuf_printf(out,
				"sparkgate_auth_decisions_total{method=\"%s\",result=\"%s\",reason="
				"\"%s\"} %llu\n",
				via_names[cell / FAULT_COUNT],
				reason == FAULT_NONE ? "allow" : "deny", fault_row(reason)->word,
				(unsigned long long)n);
	}
}

static void write_logins(struct sbuf *out, struct metrics *const *all, size_t count)
{
	static const char *const by[METRICS_LOGINS] = {"token", "link", "oidc"}, *const result[] = {
											 "refused",
											 "ok"};

	help(out, "logins_total", "counter", "Sign-ins to the browser, by means and result.");
	for (size_t cell = 0; cell < (size_t)METRICS_LOGINS * 2; cell++) {
		uint64_t n = 0;
		for (size_t w = 0; w < count; w++)
			n += get_counter(&all[w]->logins[cell / 2][cell % 2]);
		sbuf_printf(out, "sparkgate_logins_total{method=\"%s\",result=\"%s\"} %llu\n",
			by[cell / 2], result[cell % 2], (unsigned long long)n);
	}
}

static void write_cached(struct sbuf *out, struct metrics *const *all, size_t count)
{
	help(out, "static_files_total", "counter",
		"Requests for Spark's static files, by what the cache did.");
	for (size_t use = CACHE_HIT; use < CACHE_USES; use++) {
		uint64_t n = 0;
		for (size_t w = 0; w < count; w++)
			n += get_counter(&all[w]->cached[use]);
		sbuf_printf(out, "sparkgate_static_files_total{cache=\"%s\"} %llu\n",
			cache_use_names[use], (unsigned long long)n);
	}
}

static const struct histogram *pick_bucket(const struct metrics *m, bool upstream)
{
	return upstream ? &m->upstream : &m->duration;
}

static void write_histogram(
	struct sbuf *out, struct metrics *const *all, size_t count, bool upstream)
{
	const char *name = upstream ? "upstream_duration_seconds" : "request_duration_seconds";
	uint64_t total = 0, sum_us = 0;

	help(out, name, "histogram",
		upstream ? "Until the UI's response head."
			 : "From the request's head to the end of its answer.");
	for (size_t i = 0; i < BUCKETS; i++) {
		for (size_t w = 0; w < count; w++)
			total += get_counter(&pick_bucket(all[w], upstream)->buckets[i]);
		if (i < BUCKETS - 1)
			sbuf_printf(out, "sparkgate_%s_bucket{le=\"%g\"} %llu\n", name,
				(double)bounds_us[i] / 1e6, (unsigned long long)total);
	}
	for (size_t w = 0; w < count; w++)
		sum_us += get_counter(&pick_bucket(all[w], upstream)->sum_us);
	sbuf_printf(out,
		"sparkgate_%s_bucket{le=\"+Inf\"} %llu\nsparkgate_%s_sum %.6f\nsparkgate_%s_count "
		"%llu\n",
		name, (unsigned long long)total, name, (double)sum_us / 1e6, name,
		(unsigned long long)total);
}

static void gauge(struct sbuf *out, const char *name, const char *text, unsigned value)
{
	help(out, name, "gauge", text);
	sbuf_printf(out, "sparkgate_%s %u\n", name, value);
}

/* A provider without a name has no label. */
static void write_provider(struct sbuf *out, const char *name, const char *provider)
{
	if (provider[0])
		sbuf_printf(out, "sparkgate_%s{provider=\"%s\"}", name, provider);
	else
		sbuf_printf(out, "sparkgate_%s", name);
}

static void write_providers(struct sbuf *out, const struct auth_health *health)
{
	help(out, "identity_provider_up", "gauge",
		"1 once the identity provider has said what it is.");
	for (size_t i = 0; i < health->count; i++) {
		write_provider(out, "identity_provider_up", health->providers[i].name);
		sbuf_printf(out, " %d\n", health->providers[i].is_up);
	}
	if (health->count < 2)
		return;
	help(out, "provider_sign_ins_total", "counter",
		"Codes of identity providers exchanged, by provider and result.");
	for (size_t i = 0; i < health->count; i++)
		sbuf_printf(out,
			"sparkgate_provider_sign_ins_total{provider=\"%s\",result=\"ok\"} "
			"%llu\n"
			"sparkgate_provider_sign_ins_total{provider=\"%s\",result=\"refused\"} "
			"%llu\n",
			health->providers[i].name,
			(unsigned long long)health->providers[i].sign_ins,
			health->providers[i].name,
			(unsigned long long)health->providers[i].refused);
}

static void write_gauges(struct sbuf *out, const struct metrics_gauges *g)
{
	gauge(out, "sessions", "Browser sessions in the store.", g->auth.sessions);
	gauge(out, "store_up", "1 while the store answers.", g->health.store);
	if (g->health.provider != AUTH_PROVIDER_NONE)
		write_providers(out, &g->health);
	gauge(out, "connections", "Client connections.", g->connections);
	gauge(out, "http2_connections", "Client connections that speak HTTP/2.",
		g->http2_connections);
	gauge(out, "http2_streams", "Requests under way on them.", g->http2_streams);
	help(out, "http2_resets_total", "counter", "Requests that clients of HTTP/2 took back.");
	sbuf_printf(
		out, "sparkgate_http2_resets_total %llu\n", (unsigned long long)g->http2_resets);
	gauge(out, "exchanges", "Requests under way.", g->exchanges);
	gauge(out, "upstream_connections", "Connections to UIs, busy and idle.",
		g->upstream_connections);
	help(out, "static_bytes", "gauge", "Bytes of static files in memory.");
	sbuf_printf(out, "sparkgate_static_bytes %llu\n", (unsigned long long)g->static_bytes);
	help(out, "tokens_active", "gauge",
		"Access tokens that are neither revoked nor expired, by role.");
	sbuf_printf(out,
		"sparkgate_tokens_active{role=\"user\"} "
		"%u\nsparkgate_tokens_active{role=\"admin\"} %u\n",
		g->auth.tokens_user, g->auth.tokens_admin);
	help(out, "store_errors_total", "counter", "Failed operations of the store.");
	sbuf_printf(out, "sparkgate_store_errors_total %llu\n",
		(unsigned long long)g->auth.store_errors);
	help(out, "session_refresh_total", "counter",
		"Sessions renewed at the identity provider, by result.");
	sbuf_printf(out,
		"sparkgate_session_refresh_total{result=\"ok\"} "
		"%llu\nsparkgate_session_refresh_total{result=\"error\"} %llu\n",
		(unsigned long long)g->auth.refreshes_ok,
		(unsigned long long)g->auth.refreshes_failed);
	help(out, "jwks_fetch_total", "counter", "Fetches of issuers' key sets, by result.");
	sbuf_printf(out,
		"sparkgate_jwks_fetch_total{result=\"ok\"} "
		"%llu\nsparkgate_jwks_fetch_total{result=\"error\"} %llu\n",
		(unsigned long long)g->auth.jwks_ok, (unsigned long long)g->auth.jwks_failed);
}

static void write_certificate(struct sbuf *out, const struct metrics_gauges *g)
{
	if (g->certificate_ends_at == 0)
		return;
	help(out, "certificate_expiry_seconds", "gauge",
		"Unix time at which the certificate of the public listener ends.");
	sbuf_printf(out, "sparkgate_certificate_expiry_seconds %lld\n",
		(long long)g->certificate_ends_at);
}

static void write_log(struct sbuf *out, const struct metrics_gauges *g)
{
	help(out, "log_lines_dropped_total", "counter",
		"Log lines that were lost because standard error did not take them.");
	sbuf_printf(out, "sparkgate_log_lines_dropped_total %llu\n",
		(unsigned long long)g->log_dropped);
}

static void write_gelf(struct sbuf *out, const struct metrics_gauges *g)
{
	help(out, "gelf_messages_total", "counter",
		"Log messages for log.gelf: sent, or dropped because the network did not take "
		"them.");
	sbuf_printf(out,
		"sparkgate_gelf_messages_total{result=\"sent\"} "
		"%llu\nsparkgate_gelf_messages_total{result=\"dropped\"} %llu\n",
		(unsigned long long)g->gelf.sent, (unsigned long long)g->gelf.dropped);
}

static void write_audit(struct sbuf *out, const struct metrics_gauges *g)
{
	help(out, "audit_events_lost_total", "counter",
		"Audit events that are in the log but not in the store: too many waited for it, or "
		"too many came from nobody.");
	sbuf_printf(out,
		"sparkgate_audit_events_lost_total{reason=\"full\"} "
		"%llu\nsparkgate_audit_events_lost_total{reason=\"strangers\"} %llu\n",
		(unsigned long long)g->auth.audit_lost,
		(unsigned long long)g->auth.audit_strangers);
}

void metrics_write(struct sbuf *out, struct metrics *const *all, size_t count,
	const struct metrics_gauges *gauges)
{
	write_requests(out, all, count);
	write_decisions(out, all, count);
	write_logins(out, all, count);
	write_cached(out, all, count);
	write_histogram(out, all, count, false);
	write_histogram(out, all, count, true);
	write_gauges(out, gauges);
	write_certificate(out, gauges);
	write_log(out, gauges);
	write_gelf(out, gauges);
	write_audit(out, gauges);
}
