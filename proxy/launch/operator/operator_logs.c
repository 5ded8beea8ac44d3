/* proxy/launch/operator/operator_logs.c - the log of an order's driver or of one of its executors:
 * an address of the API server, or what was kept once the pod is gone. */
#include "proxy/discovery/known/app_word.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/known/known_ui.h"
#include "proxy/discovery/kubernetes/kube_ask.h"
#include "proxy/discovery/kubernetes/kube_resource.h"
#include "proxy/discovery/kubernetes/kube_status.h"
#include "proxy/discovery/pods/keep_log.h"
#include "proxy/discovery/pods/kept_end.h"
#include "proxy/launch/operator/operator_target.h"

#include "base/text/json_text.h"

#include <stdlib.h>

enum { KEPT_BYTES = 1024 * 1024, PODS_LISTED = 5 };

#define DRIVER	 "spark-kubernetes-driver"
#define EXECUTOR "spark-kubernetes-executor"

static void say_none(struct operator_errand *e, const char *why)
{
	operator_errand_say(e, LAUNCH_SAID, why);
	e->log.kind = LAUNCH_LOG_NONE;
}

/* The receiver opens the connection, with what opens the API server now. */
static void lead_to(struct operator_errand *e, const char *pod, const char *container, bool runs)
{
	struct sbuf path;

	sbuf_init(&path, KUBE_PATH_MAX);
	kube_path_of_one(
		&path, "/api/v1", e->target->cluster->launch.operator.namespace, "pods", pod);
	sbuf_printf(&path, "/log?container=%s", container);
	if (e->since[0])
		sbuf_printf(&path, "&sinceTime=%s", e->since);
	e->log.kind = LAUNCH_LOG_BODY;
	e->log.is_running = runs;
	e->log.url = mem_printf("%s%s", e->access.server, path.at);
	e->log.authorization = mem_strdup(e->access.authorization);
	e->log.ca = mem_strdup(e->access.ca);
	e->log.certificate = mem_strdup(e->access.certificate);
	e->log.key = mem_strdup(e->access.key);
	sbuf_clear(&path);
}

/* --- the driver's --- */

static void take_kept(const struct app *a, struct operator_errand *e)
{
	struct kept_end kept = {.uid = NULL};

	if (e->since[0]) {
		say_none(e, "The pod is not there any more, and a kept log has no times of lines: "
			    "ask without since.");
		return;
	}
	keep_log_answer(a, KEPT_BYTES, &kept, NULL);
	if (kept.log) {
		e->log.kind = LAUNCH_LOG_TEXT;
		e->log.text = kept.log;
		e->log.text_len = kept.log_len;
		kept.log = NULL;
	} else if (kept.problem && kept.problem[0]) {
		say_none(e, kept.problem);
	} else {
		say_none(e,
			"The driver\xe2\x80\x99s pod is not there any more, and its log was not "
			"kept (kubernetes.keep_logs).");
	}
	kept_end_clear(&kept);
}

static void find_drivers(const struct app *a, struct operator_errand *e)
{
	if (a->watch == NULL)
		take_kept(a, e);
	else if (strcmp(a->state, "WAITING") == 0)
		say_none(e, a->reason ? a->reason : "The driver has not started yet.");
	else if (operator_errand_open(e))
		lead_to(e, a->pod_object, DRIVER, a->running);
	operator_errand_end_soon(e);
}

/* --- an executor's --- */

/* Whoever makes a pod chooses its labels, but not the uid of a driver that it does not know. */
static void on_executor(struct operator_errand *e, struct str item)
{
	struct err err = {""};
	struct kube_status pod;
	json_t *json = json_of_text(item, &err);

	if (json && e->log.url == NULL && kube_status_read(json, &pod, &err) == 0 &&
		strcmp(pod.owner, e->driver_uid) == 0)
		lead_to(e, pod.name, EXECUTOR, strcmp(pod.phase, "Running") == 0);
	json_decref(json);
}

static void after_executors(struct operator_errand *e, const char *more)
{
	(void)more;
	if (e->log.kind == LAUNCH_LOG_NONE && e->log.reason[0] == '\0')
		say_none(e, "There is no such executor, or its pod is not there any more. What was "
			    "kept of executors is on the application\xe2\x80\x99s page of logs.");
	operator_errand_end(e);
}

static void ask_executors(const struct app *a, struct str number, struct operator_errand *e)
{
	struct sbuf path;

	(void)str_copy(str_of(a->pod), e->driver_uid, sizeof e->driver_uid);
	sbuf_init(&path, KUBE_PATH_MAX);
	kube_path_of_executors(
		&path, e->target->cluster->launch.operator.namespace, a->known.id, PODS_LISTED);
	sbuf_puts(&path, "%2Cspark-exec-id%3D");
	sbuf_urlencode(&path, number);
	operator_errand_list(e, path.at, on_executor, after_executors);
	sbuf_clear(&path);
}

/* --- whose --- */

/* Of the application that the order is known to run, if it is the resource's own. */
static const struct app *find_app(
	const struct operator_target *t, const struct launch_order *order, const char *name)
{
	static const char letters[] = {KUBE_OWNER_KUBEFLOW, KUBE_OWNER_APACHE};
	const struct cluster *c = NULL;
	char key[KUBE_RESOURCE_KEY_SIZE];
	const struct app *a;

	if (t->world.discovery)
		c = cluster_find(t->world.discovery, str_of(t->cluster->name));
	if (c == NULL || order->app_id[0] == '\0' ||
		!kube_resource_key(
			letters[t->kind], t->cluster->launch.operator.namespace, name, key))
		return NULL;
	a = (const struct app *)known_ui_find(c, KNOWN_UI_APP, str_of(order->app_id));
	return a && app_has_pod(a) && a->resource && strcmp(a->resource, key) == 0 ? a : NULL;
}

void operator_logs(struct launch_target *target, const struct launch_order *order,
	const struct launch_log_wish *wish, launch_on_log *done, void *arg)
{
	struct operator_target *t = (struct operator_target *)target;
	struct operator_errand *e = operator_errand_new(t, order, NULL, done, arg);
	struct str container = str_of(wish->container), number;
	const struct app *a;
	uint64_t n;

	(void)str_copy(str_of(wish->since), e->since, sizeof e->since);
	a = find_app(t, order, e->name);
	number = str_from(container, sizeof "executor-" - 1);
	if (a && str_eq(container, STR("driver"))) {
		find_drivers(a, e);
		return;
	}
	if (a && str_starts(container, STR("executor-")) && str_to_u64(number, &n) &&
		kube_is_label(str_of(a->known.id)) && operator_errand_open(e)) {
		ask_executors(a, number, e);
		return;
	}
	if (e->log.reason[0] == '\0')
		say_none(e, a ? "There is no such container: it is driver or executor-N."
			      : "No pod of its driver is known.");
	operator_errand_end_soon(e);
}
