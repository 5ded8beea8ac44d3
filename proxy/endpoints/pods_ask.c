/* proxy/endpoints/pods_ask.c - questions to the API server about pods, and what it could not give.
 */
#include "proxy/endpoints/pods_state.h"

#include "base/text/json_text.h"

#include <stdlib.h>

enum { LIST_TIMEOUT_MS = 10 * 1000, PART_MAX = 2 * KUBE_OBJECT_MAX, SAID_SHOWN = 256 };

/* --- what could not be had --- */

void pods_problem(struct endpoint_pods *p, char *sentence)
{
	if (p->problems_count < PODS_PROBLEMS)
		p->problems[p->problems_count++] = sentence;
	else
		free(sentence);
}

/* A Status of Kubernetes; NULL: that is none. Gives. */
static char *said(const struct fetch_result *result)
{
	struct err err = {""};
	json_t *json = json_of_text(result->body, &err);
	const char *message = json_string_value(json_object_get(json, "message"));
	char *text = NULL;

	if (message && message[0])
		text = mem_printf("The API server says: %.*s", SAID_SHOWN, message);
	json_decref(json);
	return text;
}

/* The log says it once for a cluster, whatever thread sees it. */
static void note_refusal(struct endpoint_pods *p, enum kube_right need)
{
	struct server_thread *thread = p->x->thread;
	struct pod_question *note =
		pod_question_new(NULL, p->x->route.cluster->name, p->app->id, NULL, NULL);

	note->is_note = true;
	note->refused = need;
	thread->shared->ask_keeper(thread->shared->suspect_arg, note);
}

void pods_trouble(struct endpoint_pods *p, const struct fetch_result *result, enum kube_right need)
{
	static const struct {
		int status;
		const char *sentence;
	} rows[] = {{401, "The API server does not take the gateway\xe2\x80\x99s account (401)."},
		{404, "The pod or its container is not there any more."},
		{429, "The API server has too much to do (429). Try again in a few seconds."}};
	char *text = NULL;

	p->has_failed = true;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].status == result->status)
			text = mem_strdup(rows[i].sentence);
	}
	if (result->status == 403) {
		note_refusal(p, need);
		text = mem_printf("The API server does not allow it (403): the role of the "
				  "gateway\xe2\x80\x99s account in the namespace %.64s lacks %s.",
			p->told->answer.namespace, kube_rights[need].needs);
	}
	if (text == NULL && result->status)
		text = said(result);
	if (text == NULL && result->status)
		text = mem_printf("The API server answers with status %d.", result->status);
	if (text == NULL)
		text = mem_printf("The API server does not answer: %.200s.", result->error);
	pods_problem(p, text);
}

/* --- lists --- */

static void on_list_item(struct str item, void *arg)
{
	struct endpoint_pods *p = arg;

	p->on_item(p, item);
}

static size_t on_list_part(struct str part, void *arg)
{
	struct endpoint_pods *p = arg;

	if (!p->is_broken && kube_list_feed(&p->list, part, on_list_item, p) == -1)
		p->is_broken = true;
	return part.len;
}

static void on_list_done(const struct fetch_result *result, void *arg)
{
	char version[KUBE_VERSION_MAX], more[KUBE_CONTINUE_MAX] = "";
	struct endpoint_pods *p = arg;
	struct err err = {"the list is too long around its items"};

	p->fetch = NULL;
	if (result->status != 200)
		pods_trouble(p, result, p->need);
	else if (p->is_broken || kube_list_finish(&p->list, version, more, &err) == -1) {
		p->has_failed = true;
		pods_problem(p, mem_printf("The API server\xe2\x80\x99s answer is not understood: "
					   "%.200s.",
					err.text));
	}
	kube_list_clear(&p->list);
	p->is_list = false;
	p->then(p, more);
}

void pods_ask_list(struct endpoint_pods *p, const char *path, enum kube_right need,
	void (*on_item)(struct endpoint_pods *p, struct str item),
	void (*then)(struct endpoint_pods *p, const char *more))
{
	const struct fetch_request request = {.timeout_ms = LIST_TIMEOUT_MS,
		.max_bytes = PART_MAX,
		.on_part = on_list_part,
		.done = on_list_done,
		.arg = p};

	kube_list_init(&p->list);
	p->is_list = true;
	p->is_broken = p->has_failed = false;
	p->need = need;
	p->on_item = on_item;
	p->then = then;
	p->fetch = kube_ask(p->x->thread->kube, &p->told->answer.access, path, &request);
}
