#include "proxy/discovery/claim.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/spark/app_id.h"
#include "proxy/discovery/kubernetes/kube_pod.h"
#include "proxy/discovery/kubernetes/kube_watch.h"
#include "proxy/discovery/known/owner_batch.h"

#include <stdlib.h>

enum {
	/* An application starts some seconds after its pod was made, by another machine's clock;
	 * several API servers have a clock each. */
	SKEW_MS = 10 * 1000,
	NAMESPACE_MAX = 63, /* a label of DNS (RFC 1123) */
};

/* --- names that are not a pod's to take --- */

/* Beside a master, whose workers' and drivers' ids may follow a pattern of the operator's. */
static bool is_like_a_masters(const struct cluster *c, struct str id)
{
	return c->masters_count &&
	       (str_starts(id, STR("worker-")) || str_starts(id, STR("driver-")));
}

static bool is_taken_in_cluster(const struct cluster *c, struct str id)
{
	return known_ui_find(c, KNOWN_UI_WORKER, id) || known_ui_find(c, KNOWN_UI_DRIVER, id);
}

bool claim_may_name(const struct cluster *c, struct str id)
{
	const struct app *a = (const struct app *)known_ui_find(c, KNOWN_UI_APP, id);

	if (app_id_is_numbered(id) || is_like_a_masters(c, id))
		return false;
	return (a && a->owner) || !is_taken_in_cluster(c, id);
}

/* --- one pod's claim --- */

/* A driver's pod is there before its application starts, and until it has started. */
static bool fits_start(const struct app *a, int64_t created_ms, int64_t ended_ms)
{
	if (a->told_ms == 0)
		return true;
	return created_ms <= a->told_ms + SKEW_MS &&
	       (ended_ms == 0 || ended_ms >= a->told_ms - SKEW_MS);
}

/* Another namespace's pod against the one that is known (not one whose UI names ids: it may have
 * been there before any application): the one that was made first, by the API
 * server's clock and whatever its phase. Times too near to tell leave the application to nobody who
 * is limited to a namespace; the one that runs is shown. */
static bool wins_over_known(struct app *a, const struct kube_pod *pod, bool is_live)
{
	int64_t later = pod->created_ms - a->pod_created_ms;

	if (later > SKEW_MS || later < -SKEW_MS)
		return later < 0;
	if (!a->is_disputed && a->owner == NULL)
		log_warn("discovery",
			"cluster %s: pods of namespaces %s and %s claim application %s: nobody "
			"whose role is limited to one of them sees it",
			a->known.cluster->name, a->namespace, pod->namespace, a->known.id);
	a->is_disputed = true;
	cluster_changed(a->known.cluster);
	if (is_live != a->running)
		return is_live;
	return later < 0 || (later == 0 && a->pod && strcmp(pod->uid, a->pod) < 0);
}

/* Of what was not settled. An application that has ended does not rise again. */
static bool fits(const struct app *a, const struct kube_pod *pod)
{
	bool is_live = kube_is_live(pod);

	return fits_start(a, pod->created_ms, is_live ? 0 : pod->ended_ms) &&
	       (a->namespace || !(a->completed_in_history && is_live));
}

bool claim_allows(struct app *a, const struct kube_pod *pod)
{
	bool is_live = kube_is_live(pod);
	bool is_settled = a->owner && a->owner[0];

	if (a->is_masters || pod->created_ms == 0)
		return false;
	if (a->watch && strcmp(a->pod, pod->uid) == 0)
		return true;
	if (is_settled ? strcmp(a->owner, pod->namespace) != 0 : a->asked_ms && !fits(a, pod))
		return false;
	if (a->namespace == NULL)
		return true;
	if (strcmp(a->namespace, pod->namespace) != 0)
		return is_settled || (!pod->is_named_by_ui && wins_over_known(a, pod, is_live));
	if (a->watch == NULL)
		return true;
	return is_live && (!a->running || pod->created_ms < a->pod_created_ms);
}

/* --- parting --- */

void claim_drop(struct app *a)
{
	a->watch = NULL;
	a->has_rivals = a->was_warned = a->is_disputed = a->is_risen = a->running = false;
	mem_replace_text(&a->namespace, NULL);
	mem_replace_text(&a->pod, NULL);
	mem_replace_text(&a->pod_object, NULL);
	app_forget_told(a);
	a->state = a->completed_in_history ? "FINISHED" : "UNKNOWN";
	cluster_changed(a->known.cluster);
}

/* Taken before the store had said whose it is, so it is judged again. */
static bool is_fit(const struct app *a)
{
	return !a->is_risen && !is_taken_in_cluster(a->known.cluster, str_of(a->known.id)) &&
	       fits_start(a, a->pod_created_ms, a->running ? 0 : a->pod_ended_ms);
}

static bool is_wrong(const struct app *a)
{
	if (a->namespace == NULL || a->known.is_gone)
		return false;
	if (a->owner)
		return a->owner[0] && strcmp(a->namespace, a->owner) != 0;
	return a->asked_ms && !is_fit(a);
}

/* As if that pod had never been there. */
static void evict(struct app *a)
{
	struct known_ui *ui = &a->known;
	struct cluster *c = ui->cluster;
	struct kube_watch *rivals = a->has_rivals ? a->watch : NULL;

	log_warn("discovery", "cluster %s: a pod of namespace %s is not taken for application %s",
		c->name, a->namespace, ui->id);
	claim_drop(a);
	mem_replace_text(&a->name, ui->id); /* the other was the pod's */
	if (rivals)
		kube_watch_relist(rivals);
	if (is_taken_in_cluster(c, str_of(ui->id))) {
		known_ui_free(ui);
	} else if (a->in_history) {
		known_ui_end(ui);
		for (size_t i = 0; i < c->histories_count; i++)
			c->histories[i]->all_due_ms = 0; /* for its own name and times */
		cluster_hurry_history(c);
	} else {
		known_ui_leave(ui);
	}
}

static void evict_wrong(struct cluster *c)
{
	struct known_ui *ui, *next;

	/* Leaving may free the one that is gone longest, never `next`: such are stepped over. */
	for (ui = c->known[KNOWN_UI_APP]; ui; ui = next) {
		next = ui->hh.next;
		while (next && next->is_gone)
			next = next->hh.next;
		if (is_wrong((struct app *)ui))
			evict((struct app *)ui);
	}
}

/* --- settling --- */

bool claim_all_are_asked(const struct cluster *c)
{
	bool tried = true;

	for (size_t i = 0; i < c->histories_count; i++)
		tried = tried && c->histories[i]->server.tried;
	for (size_t i = 0; i < c->masters_count; i++)
		tried = tried && c->masters[i]->server.tried;
	for (size_t i = 0; i < c->uis_count; i++)
		tried = tried && c->uis[i]->server.tried;
	for (size_t i = 0; i < c->watches_count; i++)
		tried = tried && c->watches[i]->tried;
	return tried;
}

bool claim_all_have_told(const struct cluster *c)
{
	bool told = c->masters_count == 0 || c->polls > 0;

	for (size_t i = 0; i < c->histories_count; i++)
		told = told && c->histories[i]->listings > 0;
	for (size_t i = 0; i < c->watches_count; i++)
		told = told && c->watches[i]->was_up;
	return told;
}

/* A list under way may still bring another claim. */
static bool is_listed(const struct kube_watch *w)
{
	return w->tried && (w->version[0] || !w->up);
}

bool claim_is_complete(const struct cluster *c)
{
	if (!claim_all_are_asked(c))
		return false;
	for (size_t i = 0; i < c->histories_count; i++) {
		if (c->histories[i]->listings == 0)
			return false;
	}
	for (size_t i = 0; i < c->watches_count; i++) {
		if (!c->watches[i]->up || !is_listed(c->watches[i]))
			return false;
	}
	return true;
}

/* Of a list that was cut only what is in it tells when it started. */
static bool has_known_start(const struct app *a)
{
	return !cluster_history_is_cut(a->known.cluster) || a->in_history;
}

static bool is_due(const struct app *a, int64_t now)
{
	return !a->is_masters && (a->asked_ms == 0 || now - a->asked_ms > OWNERS_AGAIN_MS);
}

static bool is_claimed(const struct app *a)
{
	return a->namespace && a->owner == NULL && a->asked_ms && !a->is_masters;
}

/* No name of a cluster has a slash. */
static void add_to_batch(struct owner_batch *b, struct app *a, const char *claim)
{
	char *key = mem_printf("owner %s/%s", a->known.cluster->name, a->known.id);

	/* No namespace is so long that it is left out. */
	if (claim == NULL || strlen(claim) <= NAMESPACE_MAX)
		owner_batch_add(b, a, key, claim);
	free(key);
}

static void add_known(struct owner_batch *b, struct app *a)
{
	add_to_batch(b, a, a->owner);
}

static void take_answer(struct app *a, const struct store_owner *o)
{
	if (!o->is_settled)
		return;
	if (mem_replace_text(&a->owner, o->name))
		a->user_asked_ms = a->name_asked_ms = 0; /* another key */
	a->is_risen = false;
}

static bool run_batch(struct cluster *c, struct owner_batch *b)
{
	int64_t now = clock_mono_ms();

	if (!owner_batch_ask(c->discovery, b))
		return false;
	for (size_t i = 0; i < b->count; i++) {
		b->apps[i]->asked_ms = now;
		take_answer(b->apps[i], &b->owners[i]);
	}
	return true;
}

/* First what is settled already, so that nothing is claimed against it. */
static bool ask_for_known(struct cluster *c, struct owner_batch *b)
{
	static const struct owner_asking asking = {is_due, add_known};

	owner_batch_fill(b, c, &asking);
	if (b->count == OWNERS_AT_ONCE)
		cluster_changed(c); /* the others in a moment */
	return run_batch(c, b);
}

static void claim_what_is_new(struct cluster *c, struct owner_batch *b)
{
	bool is_ready = claim_is_complete(c);

	for (struct known_ui *ui = c->known[KNOWN_UI_APP]; ui && b->count < OWNERS_AT_ONCE;
		ui = ui->hh.next) {
		struct app *a = (struct app *)ui;
		if (is_ready && is_claimed(a) && has_known_start(a))
			add_to_batch(b, a, a->is_disputed ? "" : a->namespace);
	}
	if (b->count == OWNERS_AT_ONCE)
		cluster_changed(c);
	(void)run_batch(c, b);
}

void claim_settle(struct cluster *c)
{
	struct owner_batch *b;

	if (c->watches_count == 0)
		return;
	b = mem_alloc(1, sizeof *b);
	if (ask_for_known(c, b)) {
		evict_wrong(c);
		memset(b, 0, sizeof *b);
		claim_what_is_new(c, b);
		evict_wrong(c); /* another gateway may have been first */
	}
	free(b);
}

const char *claim_namespace(const struct app *a)
{
	const struct cluster *c = a->known.cluster;

	if (a->is_masters)
		return "";
	if (a->owner)
		return a->owner;
	if (!is_claimed(a) || a->is_disputed || !has_known_start(a) || !claim_all_are_asked(c))
		return "";
	return a->watch == NULL || is_listed(a->watch) ? a->namespace : "";
}
