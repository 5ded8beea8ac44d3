/* proxy/launch/operator/operator_events.c - what Kubernetes tells in its events of an order's
 * resource, its driver's pod and its executors', as long as the API server has them (an hour). */
#include "base/clock.h"
#include "base/text/json_text.h"
#include "base/text/json_value.h"
#include "proxy/discovery/kubernetes/kube_ask.h"
#include "proxy/discovery/kubernetes/kube_status.h"
#include "proxy/launch/operator/operator_target.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	PAGE_ITEMS = 500,
	PAGES_MAX = 10,
	EVENT_MAX = 16 * 1024,
	TEXT_MAX = 1024,
};

/* --- what is told --- */

static const char *about_of(const struct operator_errand *e, const char *uid)
{
	for (size_t i = 0; i < e->pods_count; i++) {
		if (strcmp(e->pods[i].uid, uid) == 0)
			return e->pods[i].about;
	}
	return NULL;
}

static void add_event(struct operator_errand *e, const struct kube_incident *it, const char *about)
{
	char text[TEXT_MAX], at[32];
	struct str line;

	if (json_array_size(e->answer.events) >= ERRAND_EVENTS)
		return;
	clock_format(it->at_ms, at);
	snprintf(text, sizeof text, "%.100s: %s", it->reason, it->message);
	line = (struct str){text, str_fit_chars(str_of(text), sizeof text - 1)};
	json_array_append_new(e->answer.events,
		json_pack("{s:s, s:s%, s:s}", "at", at, "text", line.at, line.len, "about", about));
}

static json_t *read_event(struct str item, struct kube_incident *it)
{
	struct err err = {""};
	json_t *event = item.len <= EVENT_MAX ? json_of_text(item, &err) : NULL;

	if (event)
		kube_incident_read_any(event, it);
	return event;
}

static void on_pods_event(struct operator_errand *e, struct str item)
{
	struct kube_incident it;
	json_t *event = read_event(item, &it);
	const char *about = event ? about_of(e, it.uid) : NULL;

	if (about)
		add_event(e, &it, about);
	json_decref(event);
}

static void on_resources_event(struct operator_errand *e, struct str item)
{
	struct kube_incident it;
	json_t *event = read_event(item, &it);

	if (event)
		add_event(e, &it, "application");
	json_decref(event);
}

/* --- questions, one after the other --- */

static void ask_events(struct operator_errand *e, const char *more);

static void after_events(struct operator_errand *e, const char *more)
{
	bool has_failed = e->answer.outcome != LAUNCH_SAID;

	if (has_failed || more[0] == '\0' || ++e->pages == PAGES_MAX)
		operator_errand_end(e);
	else
		ask_events(e, more);
}

/* Of all pods of the namespace: an API server looks through all of them for one pod's, too. */
static void ask_events(struct operator_errand *e, const char *more)
{
	char copy[KUBE_CONTINUE_MAX];
	struct sbuf path;

	(void)str_copy(str_of(more), copy, sizeof copy);
	sbuf_init(&path, KUBE_PATH_MAX + 3 * KUBE_CONTINUE_MAX);
	kube_path_of_events(&path, e->target->cluster->launch.operator.namespace, NULL, PAGE_ITEMS);
	if (copy[0])
		kube_path_add_continue(&path, copy);
	operator_errand_list(e, path.at, on_pods_event, after_events);
	sbuf_clear(&path);
}

static void after_resources_events(struct operator_errand *e, const char *more)
{
	(void)more;
	if (e->answer.outcome != LAUNCH_SAID || e->pods_count == 0)
		operator_errand_end(e);
	else
		ask_events(e, "");
}

static void after_pods(struct operator_errand *e, const char *more)
{
	struct sbuf path;

	(void)more;
	if (e->answer.outcome != LAUNCH_SAID) {
		operator_errand_end(e);
		return;
	}
	sbuf_init(&path, KUBE_PATH_MAX);
	kube_path_of_events_about(&path, e->target->cluster->launch.operator.namespace,
		"SparkApplication", e->name, PAGE_ITEMS);
	operator_errand_list(e, path.at, on_resources_event, after_resources_events);
	sbuf_clear(&path);
}

/* --- whose --- */

static void on_pod(struct operator_errand *e, struct str item)
{
	struct err err = {""};
	struct kube_status pod;
	json_t *json = json_of_text(item, &err);
	const json_t *labels = json_object_get(json_object_get(json, "metadata"), "labels");
	struct errand_pod *out = &e->pods[e->pods_count];

	if (json && e->pods_count < ERRAND_PODS && kube_status_read(json, &pod, &err) == 0 &&
		str_copy(str_of(pod.uid), out->uid, sizeof out->uid)) {
		const char *number = json_value_string(labels, "spark-exec-id");
		if (strcmp(pod.role, "executor") == 0)
			snprintf(out->about, sizeof out->about, "executor-%.10s", number);
		else
			(void)str_copy(STR("driver"), out->about, sizeof out->about);
		e->pods_count++;
	}
	json_decref(json);
}

void operator_events(struct launch_target *target, const struct launch_order *order,
	launch_done *done, void *arg)
{
	struct operator_target *t = (struct operator_target *)target;
	struct operator_errand *e = operator_errand_new(t, order, done, NULL, arg);
	struct sbuf path;

	e->answer.events = json_array();
	if (!operator_errand_open(e)) {
		operator_errand_end_soon(e);
		return;
	}
	e->pods = mem_alloc(ERRAND_PODS + 1, sizeof *e->pods);
	sbuf_init(&path, KUBE_PATH_MAX);
	kube_path_of_kind(&path, "/api/v1", t->cluster->launch.operator.namespace, "pods");
	sbuf_printf(&path, "?limit=%d&labelSelector=", ERRAND_PODS);
	sbuf_urlencode(&path, STR(SPARK_LABEL_LAUNCH "="));
	sbuf_urlencode(&path, str_of(order->id));
	operator_errand_list(e, path.at, on_pod, after_pods);
	sbuf_clear(&path);
}
