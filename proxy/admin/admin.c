#include "proxy/admin/admin.h"

#include "base/rnd.h"
#include "proxy/admin/admin_call.h"
#include "proxy/front/crowd.h"
#include "proxy/launch/artifacts/artifact_bench.h"
#include "proxy/serve/pulse.h"
#include "proxy/web/web_fault.h"

#include <stdlib.h>

static void admin_on_request(void *arg, struct front_request *req)
{
	bool is_api = admin_api_is_path(req->target);
	struct target target = {.path = STR("")};
	bool is_read = target_parse(req->target, &target, NULL) == 0;
	const struct web_site *site = is_api ? &admin_api_site
				      : is_read && admin_probe_is_path(target.path)
					      ? &admin_probe_site
					      : &admin_pages_site;
	struct admin_call *call = admin_call_new(arg, req, site);

	call->web.target = target;
	if (site == &admin_pages_site)
		admin_pages_serve(call);
	else if (is_read)
		web_serve(&call->web);
	else
		web_fault(&call->web, FAULT_BAD_TARGET, NULL);
}

static void admin_on_refused(void *arg, const char *peer, enum fault fault)
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

	*admin = (struct admin){.base = keeper,
		.inbox = inbox,
		.service = service,
		.shared = shared,
		.port = port,
		.threads = threads,
		.count = count};
	rnd_bytes(&admin->next_id, sizeof admin->next_id);
	admin->auth = auth_new(service, keeper, inbox, AUTH_SITE_ADMIN);
	admin->metrics = metrics_new();
	admin->bench = artifact_bench_new(keeper, shared->uploads);
	admin->front = front_new(keeper, FRONT_EVHTTP, listen_fd, &limits, admin_on_request,
		admin_on_refused, admin);
	admin->crowd = crowd_new(conf, 1);
	front_use_crowd(admin->front, admin->crowd);
	admin->pulse = pulse_new(keeper, count, look_at_thread, admin);
	return admin;
}

void admin_free(struct admin *admin)
{
	if (admin == NULL)
		return;
	/* What was asked, and what was answered. */
	inbox_drain(admin->inbox);
	inbox_drain(admin->inbox);
	launch_questions_leave(&admin->questions);
	auth_free(admin->auth); /* answers what is under way */
	metrics_free(admin->metrics);
	front_free(admin->front);
	artifact_bench_free(admin->bench);
	crowd_free(admin->crowd);
	pulse_free(admin->pulse);
	free(admin);
}

void admin_set_conf(struct admin *admin, const struct conf *conf)
{
	crowd_set_conf(admin->crowd, conf);
}

void admin_use_tls(struct admin *admin, struct front_tls *tls, int64_t hsts_s)
{
	front_use_tls(admin->front, tls, hsts_s);
}

void admin_drain(struct admin *admin)
{
	admin->draining = true;
}

bool admin_sees_stalled(const struct admin *admin)
{
	return pulse_is_stalled(admin->pulse);
}

void admin_leave(struct admin *admin, int64_t idle_ms)
{
	front_drain(admin->front, idle_ms);
}

bool admin_has_connections(const struct admin *admin)
{
	return front_connections(admin->front) > 0;
}

void admin_set_discovery(struct admin *admin, const struct discovery *discovery)
{
	admin->discovery = discovery;
}
