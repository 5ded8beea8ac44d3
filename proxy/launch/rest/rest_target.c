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

static char *driver_url(const struct mount *mount, const void *handle, const char *stream)
{
	struct sbuf path;

	sbuf_init(&path, 2048);
	rest_add_log_path(&path, handle, stream);
	char *url = mem_printf("%s://%s%s%s", mount->tls ? "https" : "http", mount->authority,
		mount->prefix, sbuf_str(&path).at);
	sbuf_clear(&path);
	return url;
}

static void find_driver_log(struct rest_target *at, const struct launch_order *order,
	const struct launch_log_wish *wish, struct launch_log *log)
{
	const struct mount *worker = order->place[0] ? rest_worker(at, order->place) : NULL;

	if (worker == NULL) {
		snprintf(log->reason, sizeof log->reason, "%s",
			order->place[0] ? "The worker that ran the driver is not there any more."
					: "The driver does not run yet.");
		return;
	}
	rest_fill_log(at, worker, wish->stream, driver_url, order->handle, log);
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
	else if (order->app_id[0] == '\0')
		snprintf(
			log.reason, sizeof log.reason, "Nobody knows yet which application it is.");
	else if (rest_executor_log(rest_target_of(target), order, wish, done, arg))
		return;
	else
		snprintf(log.reason, sizeof log.reason,
			"Expected driver, or an executor such as executor-0.");
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
