#include "proxy/discovery/merge_pods.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "proxy/discovery/app_user.h"
#include "proxy/discovery/claim.h"
#include "proxy/discovery/known/app_names.h"
#include "proxy/discovery/known/app_word.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/kubernetes/kube_pod.h"
#include "proxy/discovery/kubernetes/kube_resource.h"
#include "proxy/discovery/kubernetes/kube_watch.h"
#include "proxy/discovery/kubernetes/pod_probe.h"
#include "proxy/discovery/pods/ask_rights.h"
#include "proxy/discovery/pods/keep_log.h"
#include "proxy/discovery/resources/known_resource.h"

#include <stdlib.h>

/* --- whose pod it is --- */

static bool is_apps_pod(const struct kube_watch *w, const struct kube_pod *pod)
{
	if (pod->app_id[0] && claim_may_name(w->cluster, str_of(pod->app_id)))
		return true;
	log_debug("discovery",
		"cluster %s: pod %.64s/%.128s has no label spark-app-selector that a pod can have",
		w->cluster->name, pod->namespace, pod->name);
	return false;
}

static void note_rival(struct app *a, const struct kube_pod *pod)
{
	if (!a->was_warned)
		log_warn("discovery",
			"cluster %s: pod %.64s/%.128s is not taken for application %s, "
			"which another one is",
			a->known.cluster->name, pod->namespace, pod->name, a->known.id);
	a->was_warned = true;
	/* It may be the next one. */
	if (a->owner == NULL || strcmp(a->owner, pod->namespace) == 0)
		a->has_rivals = true;
	/* Of one namespace nothing tells whose is right. */
	if (a->watch && strcmp(a->namespace, pod->namespace) == 0)
		app_user_tell(a, pod->user);
}

static struct app *app_of(struct kube_watch *w, const struct kube_pod *pod)
{
	struct cluster *c = w->cluster;
	struct known_ui *ui = known_ui_find(c, KNOWN_UI_APP, str_of(pod->app_id));
	struct app *a = (struct app *)ui;

	if (ui && claim_allows(a, pod))
		return a;
	if (ui) {
		note_rival(a, pod);
		return NULL;
	}
	if (HASH_COUNT(c->known[KNOWN_UI_APP]) >= 2 * APPS_MAX)
		return NULL;
	return (struct app *)known_ui_add(c, KNOWN_UI_APP, pod->app_id);
}

/* --- what it looks like --- */

/* How it ended is said once: what comes later, as it is cleared away, may be less. */
static void say_life(struct app *a, const struct kube_pod *pod)
{
	bool had_ended = a->ended_ms != 0;

	if (kube_is_live(pod))
		app_say_runs(a);
	else
		app_say_ended(a, pod->ended_ms, pod->life.exit_code);
	if (pod->life.reason[0] || kube_is_live(pod) || !had_ended)
		app_say(a, pod->life.reason);
}

#define SET(changed, field, value) ((changed) |= (field) != (value), (field) = (value))

static bool set_from_pod(struct app *a, const struct kube_pod *pod)
{
	static const char *const states[] = {[KUBE_PENDING] = "WAITING",
		[KUBE_RUNNING] = "RUNNING",
		[KUBE_SUCCEEDED] = "FINISHED",
		[KUBE_FAILED] = "FAILED",
		[KUBE_LOST] = "UNKNOWN"};
	int64_t started = pod->started_ms ? pod->started_ms : pod->created_ms, duration = -1;
	bool changed = known_ui_set_text(&a->name, pod->app_name);
	char key[KUBE_RESOURCE_KEY_SIZE];

	if (!kube_is_live(pod) && pod->ended_ms >= started && started > 0)
		duration = pod->ended_ms - started;
	changed |= mem_replace_text(&a->namespace, pod->namespace);
	app_names_tell(a, pod->app_name);
	changed |= mem_replace_text(&a->resource,
		kube_resource_key(pod->owner, pod->namespace, pod->resource, key) ? key : NULL);
	changed |= mem_replace_text(&a->schedule, pod->schedule[0] ? pod->schedule : NULL);
	SET(changed, a->state, pod->life.is_killed ? "KILLED" : states[pod->phase]);
	SET(changed, a->started_ms, started);
	/* What a history server told stays. */
	if (kube_is_live(pod) || duration != -1)
		SET(changed, a->duration_ms, duration);
	SET(changed, a->running, kube_is_live(pod));
	SET(changed, a->server, pod->server);
	a->had_ui = true;
	say_life(a, pod);
	return changed;
}

static void show_running(struct known_ui *ui, const struct kube_pod *pod)
{
	struct url url;
	bool has_address = pod->ip[0] && kube_pod_url(pod, &url);

	if (has_address) {
		if (known_ui_set_origin(ui, &url) || ui->state == MOUNT_GONE)
			known_ui_enter(ui);
		return;
	}
	verify_queue_remove(ui);
	known_ui_set_origin(ui, NULL);
	if (pod->ip[0]) {
		known_ui_set_state(ui, MOUNT_REFUSED, "its pod's address is not understood");
	} else {
		known_ui_set_state(ui, MOUNT_UNVERIFIED, "its pod has no address yet");
		ui->lack = LACKS_START;
	}
}

static void take_pod(struct kube_watch *w, struct app *a, const struct kube_pod *pod)
{
	struct known_ui *ui = &a->known;
	bool was_running = a->running;

	if (mem_replace_text(&a->pod, pod->uid)) {
		a->is_log_read = false;
		if (a->watch)
			known_ui_set_origin(ui, NULL); /* another pod: it says anew who it is */
	}
	(void)mem_replace_text(&a->pod_object, pod->name);
	a->watch = w;
	a->pod_created_ms = pod->created_ms;
	a->pod_ended_ms = pod->ended_ms;
	a->last_pods = w->listings;
	known_ui_keep(ui);
	if (a->namespace == NULL && a->completed_in_history && kube_is_live(pod))
		a->is_risen = true;
	if (a->namespace && strcmp(a->namespace, pod->namespace) != 0)
		app_forget_told(a);
	app_user_tell(a, pod->user);
	if (set_from_pod(a, pod))
		cluster_changed(w->cluster);
	if (a->running) {
		show_running(ui, pod);
	} else if (ui->state != MOUNT_GONE) {
		known_ui_end(ui);
		if (was_running)
			cluster_hurry_history(w->cluster);
	}
}

/* --- it goes --- */

/* Before what was said last. */
static void say_gone(struct app *a, const char *how)
{
	const char *gone = a->never_started ? "Its pod is gone; it had not started"
					    : "Its pod is gone; it had not ended";
	char *text = mem_printf(
		"%s%s%s", how ? how : gone, a->reason ? ": " : "", a->reason ? a->reason : "");

	app_say(a, text);
	free(text);
}

static void app_loses_pod(struct app *a, const char *how)
{
	struct kube_watch *w = a->watch;
	struct cluster *c = a->known.cluster;
	bool was_running = a->running, has_rivals = a->has_rivals;

	a->never_started = was_running && a->known.origin == NULL;
	if (was_running)
		say_gone(a, how);

	a->watch = NULL;
	a->has_rivals = a->was_warned = false;
	if (was_running) { /* how it ended only its history can say */
		a->running = false;
		a->state = a->completed_in_history ? "FINISHED" : "UNKNOWN";
		if (a->started_ms)
			a->duration_ms = clock_wall_ms() - a->started_ms;
		app_say_ended(a, 0, 0);
		cluster_changed(c);
	}
	if (a->in_history)
		known_ui_end(&a->known);
	else
		known_ui_leave(&a->known);
	if (was_running)
		cluster_hurry_history(c);
	if (has_rivals)
		kube_watch_relist(w);
}

static struct app *holder_of(const struct kube_watch *w, const struct kube_pod *pod)
{
	struct known_ui *ui = known_ui_find(w->cluster, KNOWN_UI_APP, str_of(pod->app_id));
	struct app *a = (struct app *)ui;

	return ui && a->watch == w && strcmp(a->pod, pod->uid) == 0 ? a : NULL;
}

void merge_pod_gone(struct kube_watch *w, const struct kube_pod *pod)
{
	struct app *a = holder_of(w, pod);

	pod_probes_drop(w->cluster->probes, w, pod->uid);
	if (a == NULL)
		return;
	if (!kube_is_live(pod)) /* its last word, if nothing came in between */
		take_pod(w, a, pod);
	keep_log_gone(a, pod);
	app_loses_pod(a, NULL);
}

/* --- it comes, or changes --- */

static void merge_found(struct kube_watch *w, const struct kube_pod *pod)
{
	struct app *a = is_apps_pod(w, pod) ? app_of(w, pod) : NULL;

	if (a == NULL)
		return;
	take_pod(w, a, pod);
	keep_log_of(a, pod);
}

static void merge_lost(struct kube_watch *w, const struct kube_pod *pod, const char *how)
{
	struct app *a = holder_of(w, pod);

	if (a)
		app_loses_pod(a, how);
}

/* One pod, with as many applications as its UIs name. */
static void merge_uis(struct kube_watch *w, const struct kube_pod *pod)
{
	static const struct pod_probe_handler handler = {merge_found, merge_lost};
	struct cluster *c = w->cluster;
	struct kube_pod lasting = *pod;

	lasting.json = NULL;
	if (c->probes == NULL)
		c->probes = pod_probes_new(c, &handler);
	pod_probes_put(c->probes, w, &lasting);
}

void merge_pod(struct kube_watch *w, const struct kube_pod *pod)
{
	if (pod->is_history)
		return;
	if (pod->uis_count)
		merge_uis(w, pod);
	else
		merge_found(w, pod);
}

/* --- the list --- */

/* Those that `listing` lacked; 0: all. */
static void sweep_pods(struct kube_watch *w, uint64_t listing)
{
	struct known_ui *ui, *next;

	pod_probes_sweep(w->cluster->probes, w, listing);

	/* Leaving may free the one that is gone longest, never one with a pod such as `next`... */
	for (ui = w->cluster->known[KNOWN_UI_APP]; ui; ui = next) {
		struct app *a = (struct app *)ui;
		next = ui->hh.next;
		while (next && next->is_gone) /* ...if those are stepped over first. */
			next = next->hh.next;
		if (a->watch == w && (listing == 0 || a->last_pods != listing))
			app_loses_pod(a, NULL);
	}
}

/* Known again after a restart, though it is gone: people want to know how it ended. */
static void recall_pod(const struct kube_pod *pod, void *arg)
{
	struct known_ui *ui;
	struct kube_watch *w = arg;

	ui = known_ui_find(w->cluster, KNOWN_UI_APP, str_of(pod->app_id));
	if (ui && ((const struct app *)ui)->pod)
		return;
	merge_pod(w, pod);
	ui = known_ui_find(w->cluster, KNOWN_UI_APP, str_of(pod->app_id));
	/* Not as one that goes now: what is kept does not grow young. */
	if (ui && ((const struct app *)ui)->watch == w)
		app_loses_pod((struct app *)ui, NULL);
}

static void recall_pods(struct kube_watch *w)
{
	if (w->has_recalled)
		return;
	w->has_recalled = true;
	keep_log_each(w->cluster, kube_watch_namespace(w), recall_pod, w);
}

void merge_pods_end(struct kube_watch *w)
{
	sweep_pods(w, w->listings);
	recall_pods(w);
	ask_rights_of(w->cluster, kube_watch_namespace(w));
}

void merge_no_pods(struct kube_watch *w)
{
	sweep_pods(w, 0);
}

/* --- rows of pods that have no application yet --- */

struct waiting_rows {
	const struct cluster *cluster;
	struct app_info *rows;
	size_t *count;
};

static const char *why_it_waits(const struct kube_pod *pod)
{
	if (pod->life.reason[0])
		return pod->life.reason;
	return pod->ip[0] ? "No application answers at its ports yet"
			  : "Its pod has no address yet";
}

/* Its operator's resource has a row of its own. */
static bool has_resource(const struct cluster *c, const struct kube_pod *pod)
{
	char key[KUBE_RESOURCE_KEY_SIZE];

	return kube_resource_key(pod->owner, pod->namespace, pod->resource, key) &&
	       known_resource_find(c, key);
}

static void add_waiting(const struct kube_pod *pod, const char *key, void *arg)
{
	const struct waiting_rows *w = arg;

	if (has_resource(w->cluster, pod))
		return;
	w->rows[(*w->count)++] = (struct app_info){.id = key,
		.name = pod->app_name,
		.state = pod->phase == KUBE_PENDING ? "PENDING" : "WAITING",
		.reason = why_it_waits(pod),
		.namespace = pod->namespace,
		.resource_kind = "Pod",
		.resource_name = pod->name,
		.started_ms = pod->created_ms,
		.duration_ms = -1,
		.running = true,
		.server = pod->server,
		.is_planned = true};
}

void merge_pods_waiting_rows(const struct cluster *c, struct app_info *rows, size_t *count)
{
	struct waiting_rows w = {c, rows, count};

	pod_probes_waiting(c->probes, add_waiting, &w);
}

void merge_pods_show(const struct app *a, struct app_info *row)
{
	const char *key = a->watch ? pod_probes_key(a->known.cluster->probes, a->pod) : NULL;

	if (key == NULL || row->resource_key)
		return;
	row->resource_key = key;
	row->resource_name = a->pod_object;
}

/* --- the watch --- */

static void on_object(struct kube_watch *w, const struct kube_object *object)
{
	struct kube_pod pod;

	kube_pod_read(object, &pod);
	merge_pod(w, &pod);
}

static void on_gone(struct kube_watch *w, const struct kube_object *object)
{
	struct kube_pod pod;

	kube_pod_read(object, &pod);
	merge_pod_gone(w, &pod);
}

const struct kube_kind merge_pods_kind = {
	.api = "/api/v1",
	.plural = "pods",
	.words = "pods",
	.right = KUBE_RIGHT_DRIVERS,
	.is_selected = true,
	.on_object = on_object,
	.on_gone = on_gone,
	.on_listed = merge_pods_end,
	.on_end = merge_no_pods,
};
