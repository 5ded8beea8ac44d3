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
	EVENT_MAX = 16 * 1024, /* bytes: Kubernetes' own have a tenth, and others make some, too */
	JSON_MAX = 4 * 1024 * 1024,
};

/* --- which are kept --- */

static int newer_first(const void *a, const void *b)
{
	const struct pods_event *left = a, *right = b;

	return (left->it.at_ms < right->it.at_ms) - (left->it.at_ms > right->it.at_ms);
}

static void drop_old(struct endpoint_pods *p)
{
	qsort(p->events, p->events_count, sizeof p->events[0], newer_first);
	while (p->events_count > PODS_EVENTS) {
		json_decref(p->events[--p->events_count].json);
		p->has_more_events = true;
	}
}

static bool is_ours(const struct endpoint_pods *p, const char *uid)
{
	struct err err = {""};

	if (strcmp(uid, p->told->answer.uid) == 0)
		return true;
	for (size_t i = 0; i < p->executors_count; i++) {
		struct kube_status pod;
		if (kube_status_read(p->executors[i], &pod, &err) == 0 && strcmp(pod.uid, uid) == 0)
			return true;
	}
	return false;
}

static bool is_known(const struct endpoint_pods *p, const struct kube_incident *it)
{
	for (size_t i = 0; i < p->events_count; i++) {
		const struct kube_incident *one = &p->events[i].it;
		if (one->at_ms == it->at_ms && strcmp(one->uid, it->uid) == 0 &&
			strcmp(one->reason, it->reason) == 0 &&
			strcmp(one->message, it->message) == 0)
			return true;
	}
	return false;
}

static void on_event(struct endpoint_pods *p, struct str item)
{
	struct err err = {""};
	struct pods_event event = {.json = NULL};

	if (item.len <= EVENT_MAX)
		event.json = json_of_text(item, &err);
	if (event.json == NULL || kube_incident_read(event.json, &event.it, &err) == -1 ||
		!is_ours(p, event.it.uid) || is_known(p, &event.it)) {
		json_decref(event.json);
		return;
	}
	p->events[p->events_count++] = event;
	if (p->events_count == ARRAY_LEN(p->events))
		drop_old(p);
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
	for (size_t i = 0; i < p->events_count; i++)
		write_event(&w, &p->events[i].it);
	json_writer_close(&w);
	json_writer_bool(&w, "has_more", p->has_more_events);
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
	struct kube_incident *list = mem_alloc(p->events_count + 1, sizeof *list);
	struct page_view view = public_view(&p->x->web);
	struct page_pods about = pods_about(p, NULL);
	struct sbuf page;

	for (size_t i = 0; i < p->events_count; i++)
		list[i] = p->events[i].it;
	sbuf_init(&page, PAGE_MAX);
	page_events(&page, &view, &about,
		&(struct page_incidents){list, p->events_count, p->has_more_events});
	web_html(&p->x->web, 200, &page, PODS_VARY, FAULT_NONE);
	sbuf_clear(&page);
	free(list);
}

static void answer(struct endpoint_pods *p)
{
	drop_old(p);
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
		p->has_more_events = true;
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
	p->has_more_events |= more[0] != '\0';
	if (p->has_failed || p->executors_count == 0)
		answer(p);
	else
		ask_all(p, "");
}

void pods_serve_events(struct endpoint_pods *p)
{
	struct sbuf path;

	sbuf_init(&path, KUBE_PATH_MAX);
	kube_path_of_events(&path, p->told->answer.namespace, p->told->answer.uid, PAGE_ITEMS);
	pods_ask_list(p, path.at, KUBE_RIGHT_EVENTS, on_event, after_drivers);
	sbuf_clear(&path);
}
