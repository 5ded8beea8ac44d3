#include "proxy/launch/operator/operator_errand.h"

#include "proxy/discovery/kubernetes/kube_ask.h"
#include "proxy/launch/operator/operator_answer.h"
#include "proxy/launch/operator/operator_target.h"

#include <event2/event.h>
#include <stdlib.h>

enum { LIST_TIMEOUT_MS = 10 * 1000 };

/* --- its life --- */

static void on_soon(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	operator_errand_end(arg);
}

struct operator_errand *operator_errand_new(struct operator_target *target,
	const struct launch_order *order, launch_done *done, launch_on_log *on_log, void *arg)
{
	struct operator_errand *e = mem_alloc(1, sizeof *e);

	e->target = target;
	e->done = done;
	e->on_log = on_log;
	e->arg = arg;
	spark_application_name(order->id, order->name, e->name);
	e->answer = (struct launch_answer){.outcome = LAUNCH_SAID,
		.handle = e->handle,
		.place = "",
		.app_id = e->app_id,
		.reason = e->reason};
	e->soon = event_new(target->world.base, -1, 0, on_soon, e);
	if (e->soon == NULL)
		abort();
	LIST_INSERT_HEAD(&target->errands, e, link);
	return e;
}

void operator_errand_free(struct operator_errand *e)
{
	LIST_REMOVE(e, link);
	if (e->call)
		operator_call_cancel(e->call);
	if (e->fetch)
		fetch_cancel(e->fetch);
	if (e->is_list)
		kube_list_clear(&e->list);
	event_free(e->soon);
	kube_access_clear(&e->access);
	launch_log_clear(&e->log);
	json_decref(e->answer.events);
	free(e->pods);
	free(e);
}

void operator_errand_end(struct operator_errand *e)
{
	if (e->on_log) {
		struct launch_log log = e->log;

		e->log = (struct launch_log){.kind = LAUNCH_LOG_NONE};
		e->on_log(e->arg, &log);
	} else {
		e->done(e->arg, &e->answer);
	}
	operator_errand_free(e);
}

void operator_errand_end_soon(struct operator_errand *e)
{
	event_active(e->soon, EV_TIMEOUT, 0);
}

void operator_errand_say(struct operator_errand *e, enum launch_outcome outcome, const char *reason)
{
	struct str text = str_of(reason);

	e->answer.outcome = outcome;
	text.len = str_fit_chars(text, sizeof e->reason - 1);
	(void)str_copy(text, e->reason, sizeof e->reason);
	(void)str_copy(text, e->log.reason, sizeof e->log.reason);
}

/* --- questions --- */

bool operator_errand_open(struct operator_errand *e)
{
	struct err err = {""};

	if (kube_access_load(e->target->cluster->kubernetes.kubeconfig, &e->access, &err) == 0)
		return true;
	operator_errand_say(e, LAUNCH_NOT_NOW, err.text);
	return false;
}

static void on_list_item(struct str item, void *arg)
{
	struct operator_errand *e = arg;

	e->on_item(e, item);
}

static size_t on_list_part(struct str part, void *arg)
{
	struct operator_errand *e = arg;

	if (!e->is_broken && kube_list_feed(&e->list, part, on_list_item, e) == -1)
		e->is_broken = true;
	return part.len;
}

static void on_list_done(const struct fetch_result *answer, void *arg)
{
	char version[KUBE_VERSION_MAX], more[KUBE_CONTINUE_MAX] = "";
	struct operator_errand *e = arg;
	struct err err = {"The API server\xe2\x80\x99s answer is not understood."};
	struct operator_result result = {.end = OPERATOR_DONE};
	const struct operator_deed deed = {
		"list", "pods and events", "", e->target->cluster->launch.operator.namespace };

	e->fetch = NULL;
	if (answer->status != 200) {
		operator_answer_read(&deed, answer, &result);
		operator_errand_say(e, LAUNCH_NOT_NOW, result.why);
	} else if (e->is_broken || kube_list_finish(&e->list, version, more, &err) == -1) {
		operator_errand_say(e, LAUNCH_NOT_NOW, err.text);
	}
	kube_list_clear(&e->list);
	e->is_list = false;
	e->then(e, more);
}

void operator_errand_list(struct operator_errand *e, const char *path,
	void (*on_item)(struct operator_errand *errand, struct str item),
	void (*then)(struct operator_errand *errand, const char *more))
{
	const struct fetch_request request = {.timeout_ms = LIST_TIMEOUT_MS,
		.max_bytes = 2 * KUBE_OBJECT_MAX,
		.on_part = on_list_part,
		.done = on_list_done,
		.arg = e};

	kube_list_init(&e->list);
	e->is_list = true;
	e->is_broken = false;
	e->on_item = on_item;
	e->then = then;
	e->fetch = kube_ask(e->target->world.fetcher, &e->access, path, &request);
}
