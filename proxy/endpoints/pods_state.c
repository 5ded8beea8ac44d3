#include "proxy/endpoints/pods_state.h"

#include <stdlib.h>

void pods_free(struct endpoint_pods *p)
{
	if (p == NULL)
		return;
	LIST_REMOVE(p, link);
	p->x->thread->kube_calls--;
	if (p->question)
		p->question->arg = NULL; /* freed when it comes back */
	pods_follow_free(p->follow);
	if (p->fetch)
		fetch_cancel(p->fetch);
	if (p->is_list)
		kube_list_clear(&p->list);
	json_decref(p->driver);
	for (size_t i = 0; i < p->executors_count; i++)
		json_decref(p->executors[i]);
	incidents_clear(&p->events);
	for (size_t i = 0; i < p->problems_count; i++)
		free(p->problems[i]);
	sbuf_clear(&p->log);
	pod_question_free(p->told);
	free(p);
}

struct page_pods pods_about(const struct endpoint_pods *p, const struct kube_status *driver)
{
	const struct pod_answer *told = &p->told->answer;

	return (struct page_pods){.cluster = p->x->route.cluster,
		.app = p->app,
		.driver = driver,
		.driver_name = told->pod,
		.executors = (const json_t *const *)p->executors,
		.executors_count = p->executors_count,
		.has_more_executors = p->has_more_executors,
		.problems = (const char *const *)p->problems,
		.problems_count = p->problems_count};
}

/* --- last lines --- */

/* Whole lines, as far as that is possible. */
void pods_add_tail(struct endpoint_pods *p, struct str bytes)
{
	if (bytes.len > PODS_TAIL_BYTES) {
		sbuf_reset(&p->log);
		bytes = str_from(bytes, bytes.len - PODS_TAIL_BYTES);
		p->log_is_cut = true;
	}
	if (p->log.len + bytes.len > PODS_TAIL_BYTES) {
		size_t over = p->log.len + bytes.len - PODS_TAIL_BYTES;
		sbuf_cut(&p->log, over < p->log.len ? over : p->log.len);
		p->log_is_cut = true;
	}
	sbuf_add_str(&p->log, bytes);
}

void pods_begin_tail_at_line(struct endpoint_pods *p)
{
	ptrdiff_t end = str_find_byte(sbuf_str(&p->log), '\n');

	if (p->log_is_cut && end != -1 && (size_t)end + 1 < p->log.len)
		sbuf_cut(&p->log, (size_t)end + 1);
}
