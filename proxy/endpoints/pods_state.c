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
		.is_gone = told->known == POD_GONE,
		.executors = (const json_t *const *)p->executors,
		.executors_count = p->executors_count,
		.has_more_executors = p->has_more_executors,
		.problems = (const char *const *)p->problems,
		.problems_count = p->problems_count};
}
