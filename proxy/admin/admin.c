#include "proxy/admin/admin.h"

#include "base/log/log_queue.h"
#include "base/text/url.h"
#include "proxy/admin/admin_page.h"
#include "proxy/admin/api.h"
#include "proxy/front/crowd.h"
#include "proxy/discovery/discovery.h"
#include "proxy/front/front.h"
#include "proxy/serve/pulse.h"

#include <event2/buffer.h>
#include <stdlib.h>

enum { METRICS_MAX = 4 * 1024 * 1024, READY_MAX = 1024 * 1024, STALLED_MAX = 64 * 1024 };

struct admin {
	struct front *front;
	struct auth_service *service;
	struct auth *auth;
	struct api *api;
	struct metrics *metrics; /* of signing in here */
	struct admin_pages *pages;
	const struct discovery *discovery;
	struct server_thread *const *threads;
	size_t count;
	struct pulse *pulse; /* of the server threads */
	struct crowd *crowd;
	bool draining;
};

static void answer(struct front_request *req, int status, const char *type, struct str content)
{
	struct evbuffer *bytes = evbuffer_new();
	bool is_head = str_eq(req->method, STR("HEAD"));
	struct sbuf fields;

	sbuf_init(&fields, 1024);
	sbuf_printf(&fields,
		"Content-Type: %s\r\nCache-Control: no-store\r\nX-Content-Type-Options: "
		"nosniff\r\n",
		type);
	front_reply_head(req, status, &fields, (int64_t)content.len, is_head);
	evbuffer_add(bytes, content.at, content.len);
	front_reply_body(req, bytes);
	evbuffer_free(bytes);
	sbuf_clear(&fields);
	front_reply_end(req);
}

static void serve_ping(struct admin *admin, struct front_request *req)
{
	struct sbuf stalled;

	sbuf_init(&stalled, STALLED_MAX);
	bool any = pulse_tell_stalled(admin->pulse, &stalled);
	answer(req, any ? 503 : 200, "text/plain; charset=utf-8",
		any ? sbuf_str(&stalled) : STR("pong\n"));
	sbuf_clear(&stalled);
}

static void describe_pods(const struct admin *admin, struct sbuf *json)
{
	if (admin->discovery)
		discovery_describe_pods(admin->discovery, json);
	else
		sbuf_puts(json, "{}");
}

static void serve_ready(struct admin *admin, struct front_request *req)
{
	static const char *const providers[] = {[AUTH_PROVIDER_NONE] = "none",
		[AUTH_PROVIDER_SILENT] = "down",
		[AUTH_PROVIDER_READY] = "ok"};
	struct auth_health health = auth_service_health(admin->service);
	bool ready = health.store && !admin->draining;
	struct sbuf json;

	sbuf_init(&json, READY_MAX);
	/* Without the provider tokens and sessions are good all the same, and other UIs are without
	 * Kubernetes: only details. */
	sbuf_printf(&json,
		"{\"status\":\"%s\",\"store\":\"%s\",\"identity_provider\":\"%s\",\"kubernetes\":",
		ready ? "ready" : "not ready", health.store ? "ok" : "down",
		providers[health.provider]);
	describe_pods(admin, &json);
	sbuf_printf(&json, ",\"draining\":%s}\n", admin->draining ? "true" : "false");
	answer(req, ready ? 200 : 503, "application/json", sbuf_str(&json));
	sbuf_clear(&json);
}

static void serve_metrics(struct admin *admin, struct front_request *req)
{
	struct metrics_gauges gauges = {.auth = auth_service_gauges(admin->service),
		.health = auth_service_health(admin->service),
		.gelf = graylog_count(),
		.log_dropped = log_queue_dropped()};
	struct metrics **all = mem_alloc(admin->count + 1, sizeof(struct metrics *));
	struct sbuf text;

	for (size_t i = 0; i < admin->count; i++) {
		struct server_thread_counts counts = server_thread_count(admin->threads[i]);
		all[i] = server_thread_metrics(admin->threads[i]);
		gauges.connections += counts.connections;
		gauges.exchanges += counts.exchanges;
		gauges.upstream_connections += counts.upstream_connections;
		gauges.static_bytes += counts.static_bytes;
	}
	sbuf_init(&text, METRICS_MAX);
	all[admin->count] = admin->metrics;
	metrics_write(&text, all, admin->count + 1, &gauges);
	answer(req, 200, "text/plain; version=0.0.4; charset=utf-8", sbuf_str(&text));
	sbuf_clear(&text);
	free(all);
}

static const struct {
	const char *path;
	void (*serve)(struct admin *admin, struct front_request *req);
} pages[] = {{"/ping", serve_ping}, {"/ready", serve_ready}, {"/metrics", serve_metrics}};

static void on_request(void *arg, struct front_request *req)
{
	struct admin *admin = arg;
	struct target target;
	bool is_get = str_eq(req->method, STR("GET")) || str_eq(req->method, STR("HEAD"));

	if (api_is_path(req->target)) {
		api_serve(admin->api, req);
		return;
	}
	if (target_parse(req->target, &target, NULL) == -1)
		target.path = STR("");
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		if (!str_eq(target.path, str_of(pages[i].path)))
			continue;
		if (is_get)
			pages[i].serve(admin, req);
		else
			answer(req, 405, "text/plain; charset=utf-8", STR("method not allowed\n"));
		return;
	}
	admin_pages_serve(admin->pages, req);
}

static void on_refused(void *arg, const char *peer, enum fault fault)
{
	(void)arg, (void)peer, (void)fault;
}

static unsigned look_at_thread(void *arg, size_t number)
{
	const struct admin *admin = arg;

	return server_thread_turns(admin->threads[number]);
}

struct admin *admin_new(struct event_base *keeper, struct inbox *inbox, int listen_fd,
	unsigned port, const struct thread_shared *shared, const struct conf *conf,
	struct auth_service *service, struct server_thread *const *threads, size_t count)
{
	struct admin *admin = mem_alloc(1, sizeof *admin);
	struct front_limits limits = {.head = conf->limit_head,
		.connections = 256,
		.head_timeout_ms = conf->limit_head_timeout_ms,
		.idle_timeout_ms = 75 * 1000};

	*admin = (struct admin){.service = service, .threads = threads, .count = count};
	admin->auth = auth_new(service, keeper, inbox, AUTH_SITE_ADMIN);
	admin->api = api_new(service, admin->auth, shared->memory);
	admin->metrics = metrics_new();
	admin->pages = admin_pages_new(service, admin->auth, admin->metrics, shared, port);
	admin->front =
		front_new(keeper, FRONT_EVHTTP, listen_fd, &limits, on_request, on_refused, admin);
	admin->crowd = crowd_new(conf, 1);
	front_use_crowd(admin->front, admin->crowd);
	admin->pulse = pulse_new(keeper, count, look_at_thread, admin);
	return admin;
}

void admin_free(struct admin *admin)
{
	if (admin == NULL)
		return;
	auth_free(admin->auth); /* answers what is under way */
	api_free(admin->api);
	admin_pages_free(admin->pages);
	metrics_free(admin->metrics);
	front_free(admin->front);
	crowd_free(admin->crowd);
	pulse_free(admin->pulse);
	free(admin);
}

void admin_set_conf(struct admin *admin, const struct conf *conf)
{
	crowd_set_conf(admin->crowd, conf);
}

void admin_drain(struct admin *admin)
{
	admin->draining = true;
}

void admin_set_discovery(struct admin *admin, const struct discovery *discovery)
{
	admin->discovery = discovery;
}
