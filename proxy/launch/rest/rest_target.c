/* A standalone master's REST submission server as a target; where its drivers' logs are read. */
#include "proxy/launch/rest/rest_errand.h"

#include "auth/token/ui_token.h"
#include "base/clock.h"
#include "base/sbuf.h"
#include "proxy/registry/registry.h"

#include <stdio.h>
#include <stdlib.h>

static struct launch_target *open_target(const struct launch_world *world, const struct conf *conf,
	const struct conf_cluster *cluster)
{
	struct rest_target *at = mem_alloc(1, sizeof *at);

	at->target.ops = &launch_target_rest;
	at->world = *world;
	at->conf = conf_share(conf);
	at->cluster = cluster;
	at->tokens = ui_tokens_new();
	return &at->target;
}

static void close_target(struct launch_target *target)
{
	struct rest_target *at = rest_target_of(target);

	while (!LIST_EMPTY(&at->errands))
		errand_free(LIST_FIRST(&at->errands));
	ui_tokens_free(at->tokens);
	conf_unref(at->conf);
	free(at);
}

/* --- logs --- */

static char *log_url(const struct mount *mount, const char *handle, const char *stream)
{
	struct sbuf url;

	sbuf_init(&url, 4096);
	sbuf_printf(
		&url, "%s://%s%s", mount->tls ? "https" : "http", mount->authority, mount->prefix);
	rest_add_log_path(&url, handle, stream);
	return sbuf_take(&url);
}

static void find_driver_log(struct rest_target *at, const struct launch_order *order,
	const struct launch_log_wish *wish, struct launch_log *log)
{
	const struct mount *worker = order->place[0] ? rest_worker(at, order->place) : NULL;
	bool is_both = wish->stream[0] == '\0';

	if (worker == NULL) {
		snprintf(log->reason, sizeof log->reason, "%s",
			order->place[0] ? "The worker that ran the driver is not there any more."
					: "The driver does not run yet.");
		return;
	}
	struct str token = ui_tokens_get(
		at->tokens, at->conf, str_of(at->cluster->name), UI_WORKER, clock_wall_s());
	log->kind = LAUNCH_LOG_PAGES;
	log->authorization = token.at ? mem_printf("Authorization: Bearer %s", token.at) : NULL;
	log->ca_file = mem_strdup(at->cluster->ca_file);
	log->address = worker->addr;
	log->url = log_url(worker, order->handle, is_both ? "stderr" : wish->stream);
	log->second_url = is_both ? log_url(worker, order->handle, "stdout") : NULL;
}

static void find_log(struct launch_target *target, const struct launch_order *order,
	const struct launch_log_wish *wish, launch_on_log *done, void *arg)
{
	struct launch_log log = {.kind = LAUNCH_LOG_NONE};

	if (wish->since[0])
		snprintf(log.reason, sizeof log.reason,
			"A worker keeps no times of lines: ask without since.");
	else if (strcmp(wish->container, "driver") == 0)
		find_driver_log(rest_target_of(target), order, wish, &log);
	else
		snprintf(log.reason, sizeof log.reason,
			"Logs of executors are on the application's own page.");
	done(arg, &log);
}

const struct launch_target_ops launch_target_rest = {
	.open = open_target,
	.close = close_target,
	.submit = rest_submit,
	.find = rest_find,
	.status = rest_status,
	.kill = rest_kill,
	.logs = find_log,
};
