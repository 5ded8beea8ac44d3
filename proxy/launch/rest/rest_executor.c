/*
 * The log of an executor of a launch's application: the worker that has it is looked for.
 *
 * Not the driver is asked, whose word on addresses is its author's, but each worker of the master's
 * list that discovery has verified: which executors it runs, or has run (S158).
 */
#include "proxy/launch/rest/rest_errand.h"

#include "base/text/json_text.h"
#include "base/text/json_value.h"
#include "proxy/registry/registry.h"

#include <stdio.h>
#include <stdlib.h>

enum { WORKERS_MAX = 200 };

static void end_log(struct errand *errand, struct launch_log *log)
{
	errand->on_log(errand->log_arg, log);
	errand_free(errand);
}

/* No master is alive, for example. */
static void on_nothing(void *arg, const struct launch_answer *answer)
{
	const struct errand *errand = arg;
	struct launch_log log = {.kind = LAUNCH_LOG_NONE};

	snprintf(log.reason, sizeof log.reason, "%s", answer->reason);
	errand->on_log(errand->log_arg, &log);
}

struct of_executor {
	const char *app_id;
	uint64_t number;
};

static char *executor_url(const struct mount *worker, const void *of, const char *stream)
{
	const struct of_executor *executor = of;
	struct sbuf app;

	sbuf_init(&app, 4 * STORE_LAUNCH_APP);
	sbuf_urlencode(&app, str_of(executor->app_id));
	char *url = mem_printf("%s://%s%s/log/?appId=%s&executorId=%llu&logType=%s",
		worker->tls ? "https" : "http", worker->authority, worker->prefix,
		sbuf_str(&app).at, (unsigned long long)executor->number, stream);
	sbuf_clear(&app);
	return url;
}

static bool has_it(const json_t *list, const struct errand *errand)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		const json_t *id = json_object_get(one, "id");

		if (json_is_integer(id) && (uint64_t)json_integer_value(id) == errand->executor &&
			strcmp(json_value_string(one, "appid"), errand->order->app_id) == 0)
			return true;
	}
	return false;
}

static void ask_next(struct errand *errand);

static const struct mount *worker_at(const struct errand *errand, size_t item)
{
	const json_t *one = json_array_get(errand->list, item);

	return rest_worker(errand->at, json_value_string(one, "id"));
}

static void on_worker(struct errand *errand, const struct fetch_result *result)
{
	json_t *json = result->status == 200 ? json_of_text(result->body, NULL) : NULL;
	bool is_there = has_it(json_object_get(json, "executors"), errand) ||
			has_it(json_object_get(json, "finishedexecutors"), errand);
	const struct mount *worker = is_there ? worker_at(errand, errand->item - 1) : NULL;

	json_decref(json);
	if (worker == NULL) {
		ask_next(errand);
		return;
	}
	const struct of_executor of = {errand->order->app_id, errand->executor};
	struct launch_log log = {.kind = LAUNCH_LOG_NONE};
	rest_fill_log(errand->at, worker, errand->stream, executor_url, &of, &log);
	end_log(errand, &log);
}

static void ask_next(struct errand *errand)
{
	struct launch_log log = {.kind = LAUNCH_LOG_NONE};

	while (errand->item < json_array_size(errand->list) && errand->item < WORKERS_MAX) {
		const struct mount *worker = worker_at(errand, errand->item++);

		if (worker == NULL)
			continue;
		errand_ask_mount(errand, worker, "/json/", on_worker);
		return;
	}
	snprintf(log.reason, sizeof log.reason,
		"No worker has an executor of this number, or not any more.");
	end_log(errand, &log);
}

static void look_through(struct errand *errand)
{
	errand->list = json_object_get(errand->master, "workers");
	errand->item = 0;
	ask_next(errand);
}

bool rest_executor_log(struct rest_target *at, const struct launch_order *order,
	const struct launch_log_wish *wish, launch_on_log *done, void *arg)
{
	struct str container = str_of(wish->container);
	uint64_t number;

	if (!str_starts(container, STR("executor-")) ||
		!str_to_u64(str_from(container, strlen("executor-")), &number))
		return false;
	struct errand *errand = errand_new(at, order, on_nothing, NULL);
	errand->arg = errand;
	errand->on_log = done;
	errand->log_arg = arg;
	errand->executor = number;
	(void)str_copy(str_of(wish->stream), errand->stream, sizeof errand->stream);
	errand_find_master(errand, look_through);
	return true;
}
