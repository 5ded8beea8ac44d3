/* proxy/admin/admin_probe.c - /ping, /ready and /metrics: for whoever reaches the admin listener,
 * by whatever name. */
#include "proxy/admin/admin_call.h"
#include "proxy/front/front_tls.h"

#include "base/log/log_queue.h"
#include "base/text/json_writer.h"
#include "proxy/discovery/discovery.h"
#include "proxy/serve/pulse.h"
#include "proxy/serve/server_thread.h"
#include "proxy/web/web_reply.h"

#include <stdlib.h>

enum { METRICS_MAX = 4 * 1024 * 1024, READY_MAX = 1024 * 1024, STALLED_MAX = 64 * 1024 };

static void answer_probe(struct web_call *call, int status, const char *type, struct str content)
{
	web_reply(call, &(struct web_reply){status, type, content, NULL, WEB_WIPED}, FAULT_NONE);
}

static void serve_ping(struct web_call *call)
{
	struct sbuf stalled;

	sbuf_init(&stalled, STALLED_MAX);
	bool any = pulse_tell_stalled(admin_call_of(call)->admin->pulse, &stalled);
	answer_probe(call, any ? 503 : 200, "text/plain; charset=utf-8",
		any ? sbuf_str(&stalled) : STR("pong\n"));
	sbuf_clear(&stalled);
}

/* Those that have names. */
static void write_providers(struct json_writer *w, const struct auth_health *health)
{
	json_writer_object(w, "identity_providers");
	for (size_t i = 0; i < health->count; i++) {
		if (health->providers[i].name[0])
			json_writer_text(w, health->providers[i].name,
				health->providers[i].is_up ? STR("ok") : STR("down"));
	}
	json_writer_close(w);
}

/* Without the provider tokens and sessions are good all the same, and other UIs are without
 * Kubernetes: only details. */
static void write_ready(
	struct sbuf *out, const struct admin *admin, struct auth_health health, bool is_ready)
{
	static const char *const providers[] = {[AUTH_PROVIDER_NONE] = "none",
		[AUTH_PROVIDER_SILENT] = "down",
		[AUTH_PROVIDER_READY] = "ok"};
	struct json_writer w;

	json_writer_init(&w, out);
	json_writer_text(&w, "status", is_ready ? STR("ready") : STR("not ready"));
	json_writer_text(&w, "store", health.store ? STR("ok") : STR("down"));
	json_writer_text(&w, "identity_provider", str_of(providers[health.provider]));
	write_providers(&w, &health);
	json_writer_object(&w, "kubernetes");
	if (admin->discovery)
		discovery_describe_pods(admin->discovery, &w);
	json_writer_close(&w);
	json_writer_object(&w, "resources");
	if (admin->discovery)
		discovery_describe_resources(admin->discovery, &w);
	json_writer_close(&w);
	json_writer_list(&w, "lacking_rights");
	if (admin->discovery)
		discovery_describe_rights(admin->discovery, &w);
	json_writer_close(&w);
	json_writer_bool(&w, "draining", admin->draining);
	json_writer_end(&w);
}

static void serve_ready(struct web_call *call)
{
	const struct admin *admin = admin_call_of(call)->admin;
	struct auth_health health = auth_service_health(admin->service);
	bool is_ready = health.store && !admin->draining;
	struct sbuf json;

	sbuf_init(&json, READY_MAX);
	write_ready(&json, admin, health, is_ready);
	web_json(call, is_ready ? 200 : 503, &json, NULL, FAULT_NONE);
	sbuf_clear(&json);
}

static void serve_metrics(struct web_call *call)
{
	const struct admin *admin = admin_call_of(call)->admin;
	struct metrics_gauges gauges = {.auth = auth_service_gauges(admin->service),
		.health = auth_service_health(admin->service),
		.gelf = graylog_count(),
		.log_dropped = log_queue_dropped(),
		.certificate_ends_at =
			admin->shared->tls ? front_tls_ends_at(admin->shared->tls) : 0};
	struct metrics **all = mem_alloc(admin->count + 1, sizeof(struct metrics *));
	struct sbuf text;

	for (size_t i = 0; i < admin->count; i++) {
		struct server_thread_counts counts = server_thread_count(admin->threads[i]);
		all[i] = server_thread_metrics(admin->threads[i]);
		gauges.connections += counts.connections;
		gauges.exchanges += counts.exchanges;
		gauges.upstream_connections += counts.upstream_connections;
		gauges.static_bytes += counts.static_bytes;
		gauges.http2_connections += counts.http2_connections;
		gauges.http2_streams += counts.http2_streams;
		gauges.http2_resets += counts.http2_resets;
	}
	sbuf_init(&text, METRICS_MAX);
	all[admin->count] = admin->metrics;
	metrics_write(&text, all, admin->count + 1, &gauges);
	if (admin->discovery)
		discovery_write_metrics(admin->discovery, &text);
	answer_probe(call, 200, "text/plain; version=0.0.4; charset=utf-8", sbuf_str(&text));
	sbuf_clear(&text);
	free(all);
}

static const struct web_row rows[] = {
	{"GET, HEAD", "/ping", WEB_ANYBODY, serve_ping, WEB_NOTHING},
	{"GET, HEAD", "/ready", WEB_ANYBODY, serve_ready, WEB_NOTHING},
	{"GET, HEAD", "/metrics", WEB_ANYBODY, serve_metrics, WEB_NOTHING},
};

const struct web_site admin_probe_site = {
	.id = AUTH_SITE_ADMIN,
	.is_program = true,
	.is_at_root = true,
	.rows = rows,
	.rows_count = ARRAY_LEN(rows),
	.add_fields = admin_add_no_fields,
	.on_wait = admin_on_wait,
	.on_answer = admin_on_answer,
	.on_end = admin_on_end,
};

bool admin_probe_is_path(struct str path)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (str_eq(path, str_of(rows[i].path)))
			return true;
	}
	return false;
}
