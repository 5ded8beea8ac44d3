#include "proxy/discovery/pods/executor_keep.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/known/known_ui.h"
#include "proxy/discovery/kubernetes/kube_ask.h"
#include "proxy/discovery/kubernetes/kube_status.h"
#include "proxy/discovery/pods/known_executors.h"
#include "proxy/discovery/pods/log_queue.h"
#include "proxy/discovery/pods/pod_question.h"
#include "proxy/discovery/shelf/log_shelf.h"

#include <stdlib.h>

enum { TURNS_OF_FAILED = 8, TURNS_OF_OTHERS = 4, WAITING_MAX = 1000 };

struct executor_keep {
	struct cluster *cluster;
	struct log_shelf *shelf;
	struct log_queue failed, others;
};

/* --- one log --- */

/* Those whose turn it is. */
static void start_waiting(struct executor_keep *k, bool have_waited)
{
	log_queue_read_next(&k->failed, &k->cluster->conf->kubernetes, have_waited);
	log_queue_read_next(&k->others, &k->cluster->conf->kubernetes, have_waited);
}

static struct log_read *find_read(struct executor_keep *k, const char *uid)
{
	struct log_read *r = log_queue_find(&k->failed, uid);

	return r ? r : log_queue_find(&k->others, uid);
}

/* That one failed is kept without its log, too. */
static void on_read(struct log_read *r, const char *problem)
{
	struct executor_keep *k = r->cluster->executor_keep;
	bool has_failed = log_queue_find(&k->failed, r->uid) == r;

	if (has_failed || r->text.len)
		log_read_keep(r, k->shelf, problem);
	log_queue_end(has_failed ? &k->failed : &k->others, r);
	start_waiting(k, true);
}

/* --- which --- */

static struct log_read *read_new(
	struct executor_keep *k, const struct kube_pod *pod, const struct kube_status *status)
{
	struct log_read *r = log_read_new(k->cluster, status->app_id, pod, on_read);

	r->driver = mem_strdup(status->owner);
	return r;
}

/* Half of an application's places are for those that failed. */
static bool has_room(const struct executor_keep *k, const struct kube_status *status)
{
	return kube_status_has_failed(status)
		       ? log_queue_count_of(&k->failed, status->owner) < SHELF_EXECUTORS_EACH
		       : log_queue_count_of(&k->others, status->owner) < SHELF_EXECUTORS_EACH / 2;
}

static void begin(
	struct executor_keep *k, const struct kube_pod *pod, const struct kube_status *status)
{
	struct log_queue *queue = kube_status_has_failed(status) ? &k->failed : &k->others;
	struct log_read *r;

	if (!has_room(k, status))
		return;
	r = read_new(k, pod, status);
	if (log_queue_add(queue, r, &k->cluster->conf->kubernetes))
		start_waiting(k, false);
	else
		log_read_free(r);
}

/* The log may have come to its end before the pod said how. */
static void renew(struct executor_keep *k, const struct kube_pod *pod)
{
	struct shelf_record record;
	struct err err = {""};
	char *state;

	if (!log_shelf_read_executor(k->shelf, pod->uid, LOG_SHELF_TEXT, &record))
		return;
	state = log_read_state_of(pod);
	if (strcmp(record.pod, state) != 0) {
		(void)mem_replace_text(&record.pod, state);
		if (log_shelf_put(k->shelf, &record, &err) == -1)
			log_warn("discovery", "cluster %s: a kept log cannot be changed: %s",
				k->cluster->name, err.text);
	}
	free(state);
	shelf_record_clear(&record);
}

static bool is_long_ago(const struct executor_keep *k, const struct kube_status *status)
{
	const struct kube_container *main = kube_status_main(status);
	int64_t keep_ms = k->cluster->conf->kubernetes.keep_logs_s * 1000;

	return main && main->ended_ms && clock_wall_ms() - main->ended_ms > keep_ms;
}

static void look_at(
	struct executor_keep *k, const struct kube_pod *pod, const struct kube_status *status)
{
	struct log_read *r = find_read(k, pod->uid);

	if (r)
		log_read_take_state(r, pod);
	else if (log_shelf_has_executor(k->shelf, pod->uid))
		renew(k, pod);
	else if ((kube_status_has_ended(status) || pod->is_deleted) && !is_long_ago(k, status))
		begin(k, pod, status);
}

/* Of one that failed at least that is kept. */
static void look_at_gone(
	struct executor_keep *k, const struct kube_pod *pod, const struct kube_status *status)
{
	struct log_read *r = find_read(k, pod->uid);

	if (r) {
		log_read_take_state(r, pod);
	} else if (log_shelf_has_executor(k->shelf, pod->uid)) {
		renew(k, pod);
		log_shelf_touch_executor(k->shelf, pod->uid);
	} else if (kube_status_has_failed(status) && !is_long_ago(k, status)) {
		r = read_new(k, pod, status);
		log_read_keep(r, k->shelf, log_read_too_late);
		log_read_free(r);
	}
}

/* --- the watch --- */

static void look(struct kube_watch *w, const struct kube_object *object,
	void (*at)(struct executor_keep *k, const struct kube_pod *pod,
		const struct kube_status *status))
{
	struct executor_keep *k = w->cluster->executor_keep;
	struct kube_status status;
	struct kube_pod pod;
	struct err err = {""};

	if (kube_status_read(object->json, &status, &err) == -1)
		return;
	known_executors_add(w->cluster, status.namespace, status.owner, status.uid);
	if (k == NULL || status.owner[0] == '\0' || !kube_is_label(str_of(status.app_id)))
		return;
	kube_pod_read(object, &pod);
	at(k, &pod, &status);
}

static void on_object(struct kube_watch *w, const struct kube_object *object)
{
	look(w, object, look_at);
}

static void on_gone(struct kube_watch *w, const struct kube_object *object)
{
	look(w, object, look_at_gone); /* nothing may have come in between */
}

static void on_list(struct kube_watch *w)
{
	(void)w; /* those that are gone are what this is for */
}

const struct kube_kind executor_keep_kind = {
	.api = "/api/v1",
	.plural = "pods",
	.words = "executors",
	.right = KUBE_RIGHT_DRIVERS,
	.is_optional = true,
	.selector = "spark-role=executor",
	.on_object = on_object,
	.on_gone = on_gone,
	.on_listed = on_list,
	.on_end = on_list,
};

/* --- what was kept --- */

static bool is_named(const char *pod, const char *name)
{
	struct err err = {""};
	struct kube_object object;
	json_t *json;
	bool is_it;

	if (kube_item_parse(str_of(pod), &json, &object, &err) == -1)
		return false;
	is_it = strcmp(object.name, name) == 0;
	json_decref(json);
	return is_it;
}

static void add_kept(const struct executor_keep *k, const char *uid, const struct pod_question *q,
	struct kept_end *out)
{
	struct shelf_record record;

	if (!log_shelf_read_executor(k->shelf, uid, 0, &record))
		return;
	if (q->executor && is_named(record.pod, q->executor)) {
		shelf_record_clear(&record);
		if (!log_shelf_read_executor(k->shelf, uid, q->log_max, &record))
			return;
	}
	kept_end_take(out, &record);
}

void executor_keep_answer(const struct app *a, struct pod_question *q)
{
	const struct executor_keep *k = a->known.cluster->executor_keep;
	struct pod_answer *answer = &q->answer;
	const char *uids[SHELF_EXECUTORS_EACH];
	size_t count;

	if (k == NULL)
		return;
	count = log_shelf_executors(k->shelf, a->namespace, a->known.id, a->pod, uids);
	answer->kept_executors = mem_alloc(count + 1, sizeof *answer->kept_executors);
	for (size_t i = 0; i < count; i++) {
		struct kept_end *one = &answer->kept_executors[answer->kept_executors_count];
		add_kept(k, uids[i], q, one);
		answer->kept_executors_count += one->pod != NULL;
	}
}

/* --- the whole --- */

struct executor_keep *executor_keep_new(struct cluster *c, struct log_shelf *shelf)
{
	struct executor_keep *k = mem_alloc(1, sizeof *k);

	k->cluster = c;
	k->shelf = shelf;
	log_queue_init(&k->failed, TURNS_OF_FAILED, WAITING_MAX);
	log_queue_init(&k->others, TURNS_OF_OTHERS, WAITING_MAX);
	return k;
}

void executor_keep_free(struct executor_keep *k)
{
	if (k == NULL)
		return;
	log_queue_clear(&k->failed);
	log_queue_clear(&k->others);
	free(k);
}
