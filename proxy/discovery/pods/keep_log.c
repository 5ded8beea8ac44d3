#include "proxy/discovery/pods/keep_log.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/known/known_ui.h"
#include "proxy/discovery/pods/event_keep.h"
#include "proxy/discovery/pods/executor_keep.h"
#include "proxy/discovery/pods/kept_end.h"
#include "proxy/discovery/pods/log_queue.h"
#include "proxy/discovery/shelf/log_shelf.h"

#include <event2/event.h>
#include <stdlib.h>

enum { SWEEP_S = 60, AT_ONCE = 16, WAITING_MAX = 2000 };

struct log_keeper {
	struct cluster *cluster;
	struct log_shelf *shelf;
	char *folder;
	int64_t keep_s;
	uint64_t max_bytes;
	struct event *sweep;
	struct log_queue queue;
	struct event_keep *events;
};

/* --- one log --- */

static void on_read(struct log_read *r, const char *problem)
{
	struct log_keeper *k = r->cluster->keeper;

	log_read_keep(r, k->shelf, problem);
	log_queue_end(&k->queue, r);
	log_queue_read_next(&k->queue, &k->cluster->conf->kubernetes, true);
}

/* --- which --- */

static void begin(struct log_keeper *k, struct app *a, const struct kube_pod *pod)
{
	struct log_read *r = log_read_new(k->cluster, a->known.id, pod, on_read);

	a->is_log_read = true;
	event_keep_begin(k->events, a->known.id, pod);
	if (log_queue_add(&k->queue, r, &k->cluster->conf->kubernetes))
		log_queue_read_next(&k->queue, &k->cluster->conf->kubernetes, false);
	else
		log_read_free(r);
}

/* What is kept of the application, with this state or these events; NULL: as they are. */
static void renew(struct log_keeper *k, const char *app_id, const char *state, const char *events)
{
	struct shelf_record record;
	struct err err = {""};

	if (!log_shelf_read(k->shelf, app_id, LOG_SHELF_TEXT, &record))
		return;
	if (state)
		(void)mem_replace_text(&record.pod, state);
	if (events)
		(void)mem_replace_text(&record.events, events);
	if (log_shelf_put(k->shelf, &record, &err) == -1)
		log_warn("discovery", "cluster %s: a kept log cannot be changed: %s",
			k->cluster->name, err.text);
	shelf_record_clear(&record);
}

/* The log may have come to its end before the pod said how. */
static void renew_state(struct log_keeper *k, const struct app *a, const struct kube_pod *pod)
{
	struct shelf_record record;
	char *state = log_read_state_of(pod);
	bool is_same = !log_shelf_read(k->shelf, a->known.id, 0, &record) ||
		       strcmp(record.pod, state) == 0;

	shelf_record_clear(&record);
	if (!is_same)
		renew(k, a->known.id, state, NULL);
	free(state);
}

/* Those of its pods; before its log was read to its end, or afterwards. */
static void on_events(const char *app_id, const char *uid, char *events, void *arg)
{
	struct log_keeper *k = arg;
	struct log_read *r = log_queue_find(&k->queue, uid);

	if (r && strcmp(r->app_id, app_id) == 0) {
		free(r->events);
		r->events = events;
		return;
	}
	if (strcmp(events, "[]") != 0 && log_shelf_has(k->shelf, app_id, uid))
		renew(k, app_id, NULL, events);
	free(events);
}

static bool is_long_ago(const struct log_keeper *k, const struct kube_pod *pod)
{
	return pod->ended_ms && clock_wall_ms() - pod->ended_ms > k->keep_s * 1000;
}

void keep_log_of(struct app *a, const struct kube_pod *pod)
{
	struct log_keeper *k = a->known.cluster->keeper;
	struct log_read *r;

	if (k == NULL || pod->json == NULL || (kube_is_live(pod) && !pod->is_deleted))
		return;
	r = log_queue_find(&k->queue, pod->uid);
	if (r)
		log_read_take_state(r, pod);
	else if (log_shelf_has(k->shelf, a->known.id, pod->uid))
		renew_state(k, a, pod);
	else if (!a->is_log_read && !is_long_ago(k, pod))
		begin(k, a, pod);
}

/* Of a pod whose end nobody has seen there is no log, only what it said last. */
void keep_log_gone(struct app *a, const struct kube_pod *pod)
{
	struct log_keeper *k = a->known.cluster->keeper;
	struct log_read *r = k ? log_queue_find(&k->queue, pod->uid) : NULL;

	if (k == NULL || pod->json == NULL)
		return;
	if (r) {
		log_read_take_state(r, pod);
	} else if (log_shelf_has(k->shelf, a->known.id, pod->uid)) {
		renew_state(k, a, pod);
		log_shelf_touch(k->shelf, a->known.id);
	} else {
		r = log_read_new(k->cluster, a->known.id, pod, NULL);
		log_read_keep(r, k->shelf, log_read_too_late);
		log_read_free(r);
		if (!a->is_log_read)
			event_keep_begin(k->events, a->known.id, pod);
	}
}

/* --- what was kept --- */

void keep_log_answer(const struct app *a, size_t max, struct kept_end *kept, char **events)
{
	const struct log_keeper *k = a->known.cluster->keeper;
	struct shelf_record record;

	if (k == NULL || !log_shelf_has(k->shelf, a->known.id, a->pod) ||
		!log_shelf_read(k->shelf, a->known.id, max, &record))
		return;
	if (events) {
		*events = record.events;
		record.events = NULL;
	}
	kept_end_take(kept, &record);
}

struct visit {
	struct log_keeper *keeper;
	const char *namespace;
	void (*each)(const struct kube_pod *pod, void *arg);
	void *arg;
};

static void visit_one(const char *app_id, void *arg)
{
	const struct visit *v = arg;
	struct shelf_record record;
	struct kube_object object;
	struct kube_pod pod;
	struct err err = {""};
	json_t *json;

	if (!log_shelf_read(v->keeper->shelf, app_id, 0, &record))
		return;
	if (kube_item_parse(str_of(record.pod), &json, &object, &err) == 0) {
		kube_pod_read(&object, &pod);
		if (strcmp(v->namespace, "*") == 0 || strcmp(v->namespace, pod.namespace) == 0)
			v->each(&pod, v->arg);
		json_decref(json);
	}
	shelf_record_clear(&record);
}

void keep_log_each(struct cluster *c, const char *namespace,
	void (*each)(const struct kube_pod *pod, void *arg), void *arg)
{
	struct visit v = {c->keeper, namespace, each, arg};

	if (c->keeper)
		log_shelf_each(c->keeper->shelf, visit_one, &v);
}

/* --- the whole --- */

/* What is kept of a pod that is still there does not grow old. */
static void refresh(const char *app_id, void *arg)
{
	struct log_keeper *k = arg;
	const struct app *a =
		(const struct app *)known_ui_find(k->cluster, KNOWN_UI_APP, str_of(app_id));

	if (a && a->watch && a->pod && log_shelf_has(k->shelf, app_id, a->pod))
		log_shelf_touch(k->shelf, app_id);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct log_keeper *k = arg;

	(void)fd, (void)what;
	log_shelf_each(k->shelf, refresh, k);
	log_shelf_sweep(k->shelf);
}

void keep_log_end(struct cluster *c)
{
	struct log_keeper *k = c->keeper;

	if (k == NULL)
		return;
	log_queue_clear(&k->queue);
	event_keep_free(k->events);
	executor_keep_free(c->executor_keep);
	c->executor_keep = NULL;
	log_shelf_free(k->shelf);
	event_free(k->sweep);
	free(k->folder);
	free(k);
	c->keeper = NULL;
}

/* Gives; NULL: the configuration has none. */
static char *folder_of(const struct cluster *c)
{
	const char *folder = c->conf->kubernetes.logs_dir;
	const char *data = c->discovery->conf->data_dir;

	if (folder)
		return mem_printf("%s/%s", folder, c->name);
	return data ? mem_printf("%s/logs/%s", data, c->name) : NULL;
}

static void begin_keeping(struct cluster *c, char *folder)
{
	const struct conf_kubernetes *conf = &c->conf->kubernetes;
	struct err err = {""};
	struct log_shelf *shelf =
		log_shelf_open(folder, conf->keep_logs_s * 1000, (uint64_t)conf->logs_max, &err);
	struct log_keeper *k;

	if (shelf == NULL) {
		log_warn("discovery", "cluster %s: no logs are kept: %s", c->name, err.text);
		free(folder);
		return;
	}
	k = mem_alloc(1, sizeof *k);
	*k = (struct log_keeper){.cluster = c,
		.shelf = shelf,
		.folder = folder,
		.keep_s = conf->keep_logs_s,
		.max_bytes = (uint64_t)conf->logs_max};
	log_queue_init(&k->queue, AT_ONCE, WAITING_MAX);
	c->executor_keep = executor_keep_new(c, shelf);
	k->events = event_keep_new(c, on_events, k);
	k->sweep = event_new(c->discovery->base, -1, EV_PERSIST, on_sweep, k);
	event_add(k->sweep, &(struct timeval){.tv_sec = SWEEP_S});
	c->keeper = k;
}

void keep_log_use(struct cluster *c)
{
	const struct conf_kubernetes *conf = &c->conf->kubernetes;
	bool is_wanted = c->conf->has_kubernetes && conf->keep_logs_s > 0;
	char *folder = is_wanted ? folder_of(c) : NULL;
	const struct log_keeper *k = c->keeper;

	if (k && folder && strcmp(k->folder, folder) == 0 && k->keep_s == conf->keep_logs_s &&
		k->max_bytes == (uint64_t)conf->logs_max) {
		free(folder);
		return;
	}
	keep_log_end(c);
	if (folder)
		begin_keeping(c, folder);
}
