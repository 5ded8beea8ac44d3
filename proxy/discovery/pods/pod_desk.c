#include "proxy/discovery/pods/pod_desk.h"

#include "proxy/discovery/known/app_word.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/known/known_ui.h"
#include "proxy/discovery/pods/executor_keep.h"
#include "proxy/discovery/pods/keep_log.h"
#include "proxy/discovery/pods/known_executors.h"
#include "proxy/discovery/pods/lacking_right.h"
#include "proxy/discovery/pods/pod_question.h"

#include <stdlib.h>

static void load_access(const struct cluster *c, struct pod_answer *answer)
{
	struct err err = {""};

	if (kube_access_load(c->conf->kubernetes.kubeconfig, &answer->access, &err) == -1)
		(void)str_copy(str_of(err.text), answer->why, sizeof answer->why);
}

/* A log is its pod's: whoever may not see all of the applications in there may not read it. */
static void add_others(const struct app *a, struct pod_answer *answer)
{
	struct known_ui *ui = a->known.cluster->known[KNOWN_UI_APP];

	for (; ui; ui = ui->hh.next) {
		const struct app *other = (const struct app *)ui;
		if (other == a || other->pod == NULL || strcmp(other->pod, a->pod) != 0)
			continue;
		answer->others = mem_resize(
			answer->others, answer->others_count + 1, sizeof *answer->others);
		answer->others[answer->others_count++] = mem_strdup(ui->id);
	}
}

static void add_executors(const struct app *a, struct pod_answer *answer)
{
	const char *uids[KNOWN_EXECUTORS_EACH];
	size_t count = known_executors_of(a->known.cluster, a->namespace, a->pod, uids);

	answer->executors = mem_alloc(count + 1, sizeof *answer->executors);
	for (size_t i = 0; i < count; i++)
		answer->executors[answer->executors_count++] = mem_strdup(uids[i]);
}

static void answer_of_pod(const struct app *a, struct pod_question *q)
{
	struct pod_answer *answer = &q->answer;

	answer->known = a->watch ? POD_THERE : POD_GONE;
	answer->namespace = mem_strdup(a->namespace);
	answer->pod = mem_strdup(a->pod_object);
	answer->uid = mem_strdup(a->pod);
	add_others(a, answer);
	if (q->is_about_others)
		return;
	add_executors(a, answer);
	executor_keep_answer(a, q);
	load_access(a->known.cluster, answer);
	if (!a->running)
		keep_log_answer(a, q->log_max, &answer->kept, &answer->kept_events);
}

static void answer_of_cluster(const struct cluster *c, struct pod_question *q)
{
	const struct known_ui *ui = known_ui_find(c, KNOWN_UI_APP, str_of(q->app_id));
	const struct app *a = (const struct app *)ui;

	if (a && app_has_pod(a))
		answer_of_pod(a, q);
}

void pod_desk_answer(struct discovery *d, struct pod_question *q)
{
	struct cluster *c = cluster_find(d, str_of(q->cluster));

	if (c && q->is_note)
		lacking_right_note(c, q->refused);
	else if (c)
		answer_of_cluster(c, q);
}
