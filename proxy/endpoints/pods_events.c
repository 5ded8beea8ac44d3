/* proxy/endpoints/pods_events.c - events of Kubernetes about an application's pods, newest first.
 */
#include "proxy/endpoints/pods_state.h"

#include "base/clock.h"
#include "base/text/json_text.h"
#include "base/text/json_writer.h"
#include "proxy/request/public_site.h"
#include "proxy/web/web_reply.h"

#include <stdlib.h>

enum {
	PAGE_ITEMS = 500,
	PAGES_MAX = 10,
	JSON_MAX = 4 * 1024 * 1024,
};

static bool is_ours(const char *uid, const void *arg)
{
	const struct endpoint_pods *p = arg;
	const struct pod_answer *told = &p->told->answer;
	struct err err = {""};

	if (strcmp(uid, told->uid) == 0)
		return true;
	for (size_t i = 0; i < told->executors_count; i++) {
		if (strcmp(told->executors[i], uid) == 0)
			return true;
	}
	for (size_t i = 0; i < p->executors_count; i++) {
		struct kube_status pod;
		if (kube_status_read(p->executors[i], &pod, &err) == 0 && strcmp(pod.uid, uid) == 0)
			return true;
	}
	return false;
}

static void on_event(struct endpoint_pods *p, struct str item)
{
	incidents_add(&p->events, item, is_ours, p);
}

/* --- answers --- */

static void write_event(struct json_writer *w, const struct kube_incident *it)
{
	char at[32];

	clock_format(it->at_ms, at);
	json_writer_object(w, NULL);
	if (it->at_ms)
		json_writer_text(w, "time", str_of(at));
	json_writer_text(w, "type", str_of(it->type));
	json_writer_text(w, "reason", str_of(it->reason));
	json_writer_text(w, "message", str_of(it->message));
	json_writer_text(w, "pod", str_of(it->pod));
	json_writer_text(w, "source", str_of(it->source));
	json_writer_number(w, "count", it->count);
	json_writer_close(w);
}

static void answer_json(struct endpoint_pods *p)
{
	struct json_writer w;
	struct sbuf json;

	sbuf_init(&json, JSON_MAX);
	json_writer_init(&w, &json);
	json_writer_list(&w, "events");
	for (size_t i = 0; i < p->events.count; i++)
		write_event(&w, &p->events.at[i].it);
	json_writer_close(&w);
	json_writer_bool(&w, "has_more", p->events.has_more);
	json_writer_list(&w, "problems");
	for (size_t i = 0; i < p->problems_count; i++)
		json_writer_text(&w, NULL, str_of(p->problems[i]));
	json_writer_close(&w);
	json_writer_end(&w);
	web_json(&p->x->web, 200, &json, PODS_VARY, FAULT_NONE);
	sbuf_clear(&json);
}

static void answer_page(struct endpoint_pods *p)
{
	struct kube_incident *list = mem_alloc(p->events.count + 1, sizeof *list);
	struct page_view view = public_view(&p->x->web);
	struct page_pods about = pods_about(p, NULL);
	struct sbuf page;

	for (size_t i = 0; i < p->events.count; i++)
		list[i] = p->events.at[i].it;
	sbuf_init(&page, PAGE_MAX);
	page_events(&page, &view, &about,
		&(struct page_incidents){list, p->events.count, p->events.has_more});
	web_html(&p->x->web, 200, &page, PODS_VARY, FAULT_NONE);
	sbuf_clear(&page);
	free(list);
}

/* What Kubernetes tells now, and what was kept when the driver ended. */
static void answer(struct endpoint_pods *p)
{
	const struct pod_answer *told = &p->told->answer;

	if (told->kept_events)
		incidents_add_kept(&p->events, str_of(told->kept_events));
	incidents_settle(&p->events);
	if (p->asked.wants_page)
		answer_page(p);
	else
		answer_json(p);
}

/* --- questions --- */

static void ask_all(struct endpoint_pods *p, const char *more);

static void after_page(struct endpoint_pods *p, const char *more)
{
	bool is_last = p->has_failed || more[0] == '\0';

	if (!is_last && ++p->events_pages == PAGES_MAX) {
		p->events.has_more = true;
		is_last = true;
	}
	if (is_last)
		answer(p);
	else
		ask_all(p, more);
}

/* Of all pods of the namespace: an API server looks through all of them for one pod's, too. */
static void ask_all(struct endpoint_pods *p, const char *more)
{
	char copy[KUBE_CONTINUE_MAX];
	struct sbuf path;

	(void)str_copy(str_of(more), copy, sizeof copy);
	sbuf_init(&path, KUBE_PATH_MAX + 3 * KUBE_CONTINUE_MAX);
	kube_path_of_events(&path, p->told->answer.namespace, NULL, PAGE_ITEMS);
	if (copy[0])
		kube_path_add_continue(&path, copy);
	pods_ask_list(p, path.at, KUBE_RIGHT_EVENTS, on_event, after_page);
	sbuf_clear(&path);
}

/* Then of its executors, if there are any. */
static void after_drivers(struct endpoint_pods *p, const char *more)
{
	p->events.has_more |= more[0] != '\0';
	if (p->has_failed || p->executors_count + p->told->answer.executors_count == 0)
		answer(p);
	else
		ask_all(p, "");
}

void pods_serve_events(struct endpoint_pods *p)
{
	const struct pod_answer *told = &p->told->answer;
	struct sbuf path;

	if (told->access.server[0] == '\0') {
		pods_problem(p, mem_strdup("The gateway has no access to the API server."));
		answer(p);
		return;
	}
	sbuf_init(&path, KUBE_PATH_MAX);
	kube_path_of_events(&path, told->namespace, told->uid, PAGE_ITEMS);
	pods_ask_list(p, path.at, KUBE_RIGHT_EVENTS, on_event, after_drivers);
	sbuf_clear(&path);
}
