/*
 * proxy/endpoints/endpoint_pods.c - <cluster>/apps/<id>/logs and /events: of an application whose
 * driver is, or was, a pod.
 *
 * The keeper says which pod that is and what opens the API server; the rest is asked of the API
 * server with the gateway's own account, by this thread. Nothing of a request gets there but names
 * that were found in its answers, and a number of lines.
 */
#include "proxy/endpoints/endpoint.h"

#include "base/text/json_text.h"
#include "proxy/endpoints/pods_state.h"
#include "proxy/guard/guard.h"
#include "proxy/registry/topic.h"

#include <stdlib.h>

/* Requests of a thread; such as last leave room for others, and so does one person. */
enum { AT_ONCE = 16, FOLLOWED_AT_ONCE = 8, ONES_AT_ONCE = 4 };

void endpoint_pods_free(struct endpoint_pods *pods)
{
	pods_free(pods);
}

void endpoint_pods_go_on(struct exchange *x)
{
	pods_go_on(x->pods);
}

/* --- pages --- */

static void answer_page(struct endpoint_pods *p)
{
	struct page_view view = public_view(&p->x->web);
	struct kube_status driver;
	struct err err = {""};
	struct sbuf page;
	bool has_driver = p->driver && kube_status_read(p->driver, &driver, &err) == 0;
	struct page_pods about = pods_about(p, has_driver ? &driver : NULL);
	const struct page_log log = {.pod = p->target.name ? p->target.name : about.driver_name,
		.container = p->container,
		.text = sbuf_str(&p->log),
		.is_cut = p->log_is_cut,
		.is_kept = p->is_kept};

	sbuf_init(&page, PAGE_MAX);
	page_logs(&page, &view, &about, p->has_log ? &log : NULL);
	web_html(&p->x->web, 200, &page, PODS_VARY, FAULT_NONE);
	sbuf_clear(&page);
}

/* --- whose log --- */

static const json_t *find_executor(struct endpoint_pods *p)
{
	struct kube_status pod;
	struct err err = {""};

	for (size_t i = 0; i < p->executors_count; i++) {
		if (kube_status_read(p->executors[i], &pod, &err) == 0 &&
			strcmp(pod.name, p->asked.pod) == 0) {
			p->is_gone = i >= p->executors_there;
			return p->executors[i];
		}
	}
	return NULL;
}

static const json_t *find_pod(struct endpoint_pods *p)
{
	if (p->asked.pod[0] && strcmp(p->asked.pod, p->told->answer.pod) != 0)
		return find_executor(p);
	p->is_gone = p->told->answer.known == POD_GONE;
	return p->driver;
}

/* NULL: there is no such container. */
static const struct kube_container *find_target(struct endpoint_pods *p)
{
	const json_t *pod = find_pod(p);
	const struct kube_container *c;
	struct err err = {""};

	if (pod == NULL || kube_status_read(pod, &p->target, &err) == -1)
		return NULL;
	c = p->asked.container[0] ? kube_status_find(&p->target, p->asked.container)
				  : kube_status_main(&p->target);
	if (c)
		(void)str_copy(str_of(c->name), p->container, sizeof p->container);
	return c;
}

static bool has_begun(const struct kube_container *c)
{
	return strcmp(c->state, "running") == 0 || strcmp(c->state, "terminated") == 0;
}

static void serve_text(struct endpoint_pods *p)
{
	if (find_target(p) == NULL)
		web_fault(&p->x->web, FAULT_NOT_FOUND,
			"This application has no such pod, or the pod no such container.");
	else if (p->is_gone)
		pods_send_kept(p);
	else
		pods_stream_log(p, pods_look_again);
}

static void serve_page(struct endpoint_pods *p)
{
	const struct kube_container *c = find_target(p);

	if (c == NULL)
		pods_problem(p, mem_strdup("This application has no such pod, or the pod no such "
					   "container."));
	if (c && !p->is_gone && has_begun(c)) {
		pods_read_tail(p, answer_page);
		return;
	}
	if (c && p->is_gone)
		pods_take_kept(p, true);
	answer_page(p);
}

/* The driver's pod is, and its executors went with it. */
static void serve_gone(struct endpoint_pods *p)
{
	struct err err = {""};

	p->told->answer.known = POD_GONE;
	if (p->driver == NULL && p->told->answer.kept.pod)
		p->driver = json_of_text(str_of(p->told->answer.kept.pod), &err);
	pods_add_kept_executors(p);
	(void)find_target(p);
	if (p->asked.is_text) {
		pods_send_kept(p);
		return;
	}
	pods_take_kept(p, true);
	answer_page(p);
}

static void serve_what_is_asked(struct endpoint_pods *p)
{
	if (p->x->route.kind == ROUTE_APP_EVENTS)
		pods_serve_events(p);
	else if (p->asked.is_text)
		serve_text(p);
	else
		serve_page(p);
}

/* --- its pods --- */

static json_t *read_pod(struct str item, struct kube_status *out)
{
	struct err err = {""};
	json_t *whole = json_of_text(item, &err), *pod;

	if (whole == NULL)
		return NULL;
	pod = kube_status_cut(whole);
	json_decref(whole);
	if (kube_status_read(pod, out, &err) == 0)
		return pod;
	json_decref(pod);
	return NULL;
}

static void on_executor(struct endpoint_pods *p, struct str item)
{
	struct kube_status status;
	json_t *pod = read_pod(item, &status);

	if (pod && p->executors_count < PODS_EXECUTORS &&
		kube_status_is_executor(
			&status, p->told->answer.namespace, p->app->id, p->told->answer.uid))
		p->executors[p->executors_count++] = pod;
	else
		json_decref(pod);
}

static void after_executors(struct endpoint_pods *p, const char *more)
{
	p->has_more_executors = more[0] != '\0';
	pods_add_kept_executors(p);
	serve_what_is_asked(p);
}

static bool wants_executors(const struct endpoint_pods *p)
{
	bool is_of_driver =
		p->asked.pod[0] == '\0' || strcmp(p->asked.pod, p->told->answer.pod) == 0;

	return kube_is_label(str_of(p->app->id)) && !(p->asked.is_text && is_of_driver);
}

static void ask_executors(struct endpoint_pods *p)
{
	struct sbuf path;

	sbuf_init(&path, KUBE_PATH_MAX);
	kube_path_of_executors(&path, p->told->answer.namespace, p->app->id, PODS_EXECUTORS);
	/* One by its name, though it may be behind those that are listed. */
	if (p->asked.is_text)
		kube_path_add_name(&path, p->asked.pod);
	pods_ask_list(p, path.at, KUBE_RIGHT_PODS, on_executor, after_executors);
	sbuf_clear(&path);
}

/* Another one may have taken the name. */
static void on_driver(struct endpoint_pods *p, struct str item)
{
	struct kube_status status;
	json_t *pod = read_pod(item, &status);

	if (pod && p->driver == NULL && strcmp(status.uid, p->told->answer.uid) == 0)
		p->driver = pod;
	else
		json_decref(pod);
}

static void after_driver(struct endpoint_pods *p, const char *more)
{
	(void)more;
	if (p->has_failed && p->asked.is_text)
		web_fault(&p->x->web, FAULT_KUBERNETES, p->problems[0]);
	else if (p->driver == NULL && p->x->route.kind == ROUTE_APP_LOGS)
		serve_gone(p);
	else if (p->driver && wants_executors(p))
		ask_executors(p);
	else
		serve_what_is_asked(p);
}

static void ask_driver(struct endpoint_pods *p)
{
	struct sbuf path;

	sbuf_init(&path, KUBE_PATH_MAX);
	kube_path_of_pod(&path, p->told->answer.namespace, p->told->answer.pod);
	pods_ask_list(p, path.at, KUBE_RIGHT_PODS, on_driver, after_driver);
	sbuf_clear(&path);
}

/* --- what the keeper says --- */

static void give_last_lines(struct endpoint_pods *p)
{
	bool is_open = pods_judge(p, &p->told->answer) == PODS_OPEN;

	if (is_open)
		pods_take_kept(p, false);
	const struct page_lines lines = {sbuf_str(&p->log), p->log_is_cut};
	p->then_end(p->x, p->app, p->has_log ? &lines : NULL);
}

static void go_on(struct endpoint_pods *p)
{
	const struct pod_answer *told = &p->told->answer;
	struct exchange *x = p->x;
	bool is_events = x->route.kind == ROUTE_APP_EVENTS;
	enum pods_verdict verdict = pods_judge(p, told);

	if (verdict == PODS_NOT_THERE)
		web_fault(&x->web, FAULT_NOT_FOUND,
			"The gateway knows no pod of this application\xe2\x80\x99s driver.");
	else if (verdict != PODS_OPEN)
		web_fault(&x->web, FAULT_FORBIDDEN,
			"The driver\xe2\x80\x99s pod has applications that you may not see.");
	else if (told->known == POD_GONE && !is_events)
		serve_gone(p);
	else if (told->access.server[0] == '\0' && told->kept_events == NULL)
		web_fault(&x->web, FAULT_KUBERNETES, NULL);
	else if (told->known == POD_GONE)
		pods_serve_events(p);
	else
		ask_driver(p);
}

static void on_told(struct pod_question *question)
{
	struct endpoint_pods *p = question->arg;

	if (p == NULL) {
		pod_question_free(question);
		return;
	}
	p->question = NULL;
	p->told = question;
	if (p->then_end)
		give_last_lines(p);
	else
		go_on(p);
}

static struct endpoint_pods *pods_new(struct exchange *x, const struct app_info *app)
{
	struct endpoint_pods *p = mem_alloc(1, sizeof *p);
	struct server_thread *thread = x->thread;

	if (thread->kube == NULL)
		thread->kube = fetcher_new(thread->base);
	thread->kube_calls++;
	LIST_INSERT_HEAD(&thread->pods, p, link);
	x->pods = p;
	p->x = x;
	p->app = app;
	sbuf_init(&p->log, PODS_TAIL_BYTES);
	return p;
}

static void begin(struct exchange *x, const struct app_info *app, const struct pods_asked *asked)
{
	struct endpoint_pods *p = pods_new(x, app);

	p->asked = *asked;
	pods_ask_keeper(p, asked->is_text ? PODS_KEPT_BYTES : PODS_TAIL_BYTES, on_told);
}

void endpoint_pods_last_lines(struct exchange *x, const struct app_info *app,
	void (*then)(
		struct exchange *x, const struct app_info *app, const struct page_lines *lines))
{
	if (x->thread->kube_calls >= AT_ONCE) {
		then(x, app, NULL); /* the page leads to them */
		return;
	}
	struct endpoint_pods *p = pods_new(x, app);
	p->then_end = then;
	pods_ask_keeper(p, PODS_END_BYTES, on_told);
}

/* --- what is asked --- */

/* By Accept alone: a token opens the page, too. */
static bool is_for_people(const struct exchange *x)
{
	return str_find(guard_single_field(x->web.asked, FIELD_ACCEPT), STR("text/html")) != -1;
}

static bool read_name(const struct exchange *x, const char *field, char out[KUBE_NAME_MAX])
{
	return web_field(&x->web, field, out, KUBE_NAME_MAX) &&
	       (out[0] == '\0' || kube_is_name(str_of(out)));
}

/* False: some of it is not understood. */
static bool read_asked(const struct exchange *x, struct pods_asked *out)
{
	char tail[24], format[8], follow[8];

	*out = (struct pods_asked){.tail = 0};
	if (!read_name(x, "pod", out->pod) || !read_name(x, "container", out->container) ||
		!web_field(&x->web, "tail", tail, sizeof tail) ||
		!web_field(&x->web, "format", format, sizeof format) ||
		!web_field(&x->web, "follow", follow, sizeof follow))
		return false;
	if (tail[0] && (!str_to_u64(str_of(tail), &out->tail) || out->tail == 0 ||
			       out->tail > PODS_TAIL_MAX))
		return false;
	if ((format[0] && strcmp(format, "text") != 0) ||
		(follow[0] && strcmp(follow, "true") != 0))
		return false;
	out->follows = follow[0] != '\0';
	out->wants_page = format[0] == '\0' && is_for_people(x);
	out->is_text = x->route.kind == ROUTE_APP_LOGS && !out->wants_page;
	return true;
}

static bool is_same_person(const struct identity *a, const struct identity *b)
{
	return strcmp(a->subject, b->subject) == 0 && strcmp(a->issuer, b->issuer) == 0;
}

/* S111: who reads slowly keeps what a request takes. */
static bool has_room(const struct exchange *x, const struct pods_asked *asked)
{
	const struct endpoint_pods *p;
	unsigned count = 0;

	LIST_FOREACH(p, &x->thread->pods, link)
	{
		count += is_same_person(p->x->web.who, x->web.who);
	}
	return count < ONES_AT_ONCE &&
	       x->thread->kube_calls < (asked->follows ? FOLLOWED_AT_ONCE : AT_ONCE);
}

void endpoint_serve_pods(struct exchange *x)
{
	const struct app_info *app = registry_app_near(x->route.cluster, x->route.name);
	struct pods_asked asked;

	if (app == NULL)
		web_fault(&x->web, FAULT_NOT_FOUND, NULL);
	else if (!web_is_get(&x->web))
		web_fault(&x->web, FAULT_METHOD, NULL);
	else if (!read_asked(x, &asked))
		web_fault(&x->web, FAULT_BAD_REQUEST,
			"The query has pod, container, tail (1 to 10000 lines), follow=true and "
			"format=text.");
	else if (!has_room(x, &asked))
		web_fault(&x->web, FAULT_BUSY, NULL);
	else
		begin(x, app, &asked);
}
