#include "proxy/discovery/pods/pod_question.h"

#include "base/mem.h"

#include <stdlib.h>

struct pod_question *pod_question_new(struct inbox *home, const char *cluster, const char *app_id,
	void (*done)(struct pod_question *question), void *arg)
{
	struct pod_question *q = mem_alloc(1, sizeof *q);

	q->home = home;
	q->cluster = mem_strdup(cluster);
	q->app_id = mem_strdup(app_id);
	q->done = done;
	q->arg = arg;
	return q;
}

static void free_texts(char **texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
}

static void clear_answer(struct pod_answer *answer)
{
	kube_access_clear(&answer->access);
	free_texts(answer->others, answer->others_count);
	free_texts(answer->executors, answer->executors_count);
	free(answer->namespace);
	free(answer->pod);
	free(answer->uid);
	kept_end_clear(&answer->kept);
	for (size_t i = 0; i < answer->kept_executors_count; i++)
		kept_end_clear(&answer->kept_executors[i]);
	free(answer->kept_executors);
	free(answer->kept_events);
}

void pod_question_free(struct pod_question *q)
{
	if (q == NULL)
		return;
	clear_answer(&q->answer);
	free(q->cluster);
	free(q->app_id);
	free(q->executor);
	free(q);
}
