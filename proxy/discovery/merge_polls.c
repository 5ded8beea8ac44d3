#include "proxy/discovery/merge_polls.h"

#include "base/log/log.h"
#include "proxy/discovery/app_user.h"
#include "proxy/discovery/claim.h"
#include "proxy/discovery/known/app_names.h"
#include "proxy/discovery/known/app_word.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/read_lists.h"

#include <stdlib.h>

#define SET(changed, field, value) ((changed) |= (field) != (value), (field) = (value))

/* --- a master's answer --- */

static void show_worker(struct worker *w, const char *web_ui)
{
	struct known_ui *ui = &w->known;
	struct url url;
	bool moved;

	if (url_parse(str_of(web_ui), &url, NULL) == -1 || strcmp(url.path, "/") != 0) {
		verify_queue_remove(ui);
		known_ui_keep(ui);
		known_ui_set_origin(ui, NULL);
		known_ui_set_state(ui, MOUNT_REFUSED, "its UI address is not understood");
		return;
	}
	moved = known_ui_set_origin(ui, &url);
	if (strcmp(w->state, "DEAD") == 0) {
		known_ui_keep(ui);
		if (ui->state != MOUNT_GONE)
			known_ui_end(ui);
	} else if (moved || ui->state == MOUNT_GONE) {
		known_ui_enter(ui);
	}
}

static void merge_worker(struct cluster *c, const struct spark_worker *row)
{
	struct known_ui *ui = known_ui_find(c, KNOWN_UI_WORKER, str_of(row->id));
	struct worker *w;
	bool changed = false;

	if (ui && ui->last_poll == c->polls)
		return; /* listed twice */
	if (ui == NULL)
		ui = known_ui_add(c, KNOWN_UI_WORKER, row->id);
	ui->last_poll = c->polls;
	w = (struct worker *)ui;
	changed |= known_ui_set_text(&w->host, row->host);
	SET(changed, w->state, row->state);
	SET(changed, w->cores, row->cores);
	SET(changed, w->cores_used, row->cores_used);
	SET(changed, w->memory_mb, row->memory_mb);
	SET(changed, w->memory_used_mb, row->memory_used_mb);
	if (changed)
		cluster_changed(c);
	show_worker(w, row->web_ui);
}

static bool set_from_row(struct app *a, const struct spark_app *row)
{
	bool changed = false;

	SET(changed, a->state, row->state);
	SET(changed, a->started_ms, row->started_ms);
	SET(changed, a->duration_ms, row->duration_ms);
	return changed;
}

/* A name that several run under leads to any of them, but for what was learnt before. */
static bool is_ambiguous(const struct app *a)
{
	return a->running && a->has_twin && (a->known.origin == NULL || a->known.via_master);
}

static void show_app(struct app *a, bool was_running)
{
	static const char ambiguous[] =
		"another application of this ID runs, and Spark does not say which UI is whose";
	struct known_ui *ui = &a->known;

	if (is_ambiguous(a)) {
		verify_queue_remove(ui);
		known_ui_keep(ui);
		known_ui_set_origin(ui, NULL);
		ui->via_master = false;
		known_ui_set_state(ui, MOUNT_UNVERIFIED, ambiguous);
	} else if (a->running &&
		   (!was_running || ui->why == ambiguous || ui->state == MOUNT_GONE)) {
		known_ui_set_origin(ui, NULL);
		ui->via_master = false;
		known_ui_enter(ui);
	} else if (!a->running && ui->state != MOUNT_GONE) {
		known_ui_keep(ui);
		known_ui_end(ui);
	}
}

static bool set_spark_id(struct app *a, const struct spark_app *row)
{
	bool is_same = row->spark_id == NULL || strcmp(row->spark_id, a->known.id) == 0;

	return mem_replace_text(&a->spark_id, is_same ? NULL : row->spark_id);
}

static bool take_names(struct app *a, const struct spark_app *row)
{
	bool changed = set_spark_id(a, row);

	SET(changed, a->has_twin, row->has_twin);
	SET(changed, a->has_later, row->has_later);
	SET(changed, a->has_stranger, row->has_stranger);
	return changed;
}

static void merge_app(struct cluster *c, const struct spark_app *row)
{
	struct known_ui *ui = known_ui_find(c, KNOWN_UI_APP, str_of(row->id));
	struct app *a;
	bool changed = false, was_running, is_another;

	if (ui == NULL && HASH_COUNT(c->known[KNOWN_UI_APP]) >= 2 * APPS_MAX)
		return;
	if (ui && ui->last_poll == c->polls)
		return;
	if (ui == NULL)
		ui = known_ui_add(c, KNOWN_UI_APP, row->id);
	ui->last_poll = c->polls;
	known_ui_keep(ui);
	a = (struct app *)ui;
	if (a->watch || a->namespace)
		claim_drop(a); /* of all that say whose an application is, its master knows */
	is_another = a->is_masters && a->run_ms != row->started_ms;
	if (!a->is_masters || is_another)
		app_forget_told(a);
	a->is_masters = true;
	a->told_ms = a->run_ms = row->started_ms;
	was_running = a->running && !is_another;
	changed |= take_names(a, row);
	app_user_tell(a, row->user);
	changed |= known_ui_set_text(&a->name, row->name);
	changed |= set_from_row(a, row);
	SET(changed, a->cores, row->cores);
	SET(changed, a->in_master, true);
	SET(changed, a->running, row->running);
	if (a->running)
		app_say_runs(a);
	a->had_ui = true;
	if (changed)
		cluster_changed(c);
	show_app(a, was_running);
}

static void merge_driver(struct cluster *c, const struct spark_driver *row)
{
	struct known_ui *ui = known_ui_find(c, KNOWN_UI_DRIVER, str_of(row->id));

	if (ui == NULL)
		ui = known_ui_add(c, KNOWN_UI_DRIVER, row->id);
	ui->last_poll = c->polls;
	known_ui_keep(ui);
	if (mem_replace_text(&((struct driver *)ui)->worker, row->worker))
		cluster_changed(c);
}

static void master_forgets_app(struct app *a)
{
	if (!a->in_master)
		return; /* known from history only */
	a->in_master = false;
	if (a->running) { /* how it ended only its history can say */
		a->running = false;
		a->state = a->completed_in_history ? "FINISHED" : "UNKNOWN";
		app_say_ended(a, 0, 0);
	}
	if (a->in_history)
		known_ui_end(&a->known);
	else
		known_ui_leave(&a->known);
}

static void sweep_unlisted(struct cluster *c, enum known_ui_kind kind)
{
	struct known_ui *ui, *next;

	/* Leaving may free the one that is gone longest, never a listed one such as `next`... */
	for (ui = c->known[kind]; ui; ui = next) {
		next = ui->hh.next;
		while (next && next->is_gone) /* ...if those are stepped over first. */
			next = next->hh.next;
		if (ui->last_poll == c->polls || ui->is_gone)
			continue;
		if (kind == KNOWN_UI_APP)
			master_forgets_app((struct app *)ui);
		else
			known_ui_leave(ui);
	}
}

void merge_master(struct cluster *c, const struct spark_master *m)
{
	bool changed = false;

	c->polls++;
	SET(changed, c->cores, m->cores);
	SET(changed, c->cores_used, m->cores_used);
	SET(changed, c->memory_mb, m->memory_mb);
	SET(changed, c->memory_used_mb, m->memory_used_mb);
	if (changed)
		cluster_changed(c);
	for (size_t i = 0; i < m->workers_count; i++)
		merge_worker(c, &m->workers[i]);
	for (size_t i = 0; i < m->apps_count; i++)
		merge_app(c, &m->apps[i]);
	for (size_t i = 0; i < m->drivers_count; i++)
		merge_driver(c, &m->drivers[i]);
	for (int kind = KNOWN_UI_WORKER; kind <= KNOWN_UI_DRIVER; kind++)
		sweep_unlisted(c, kind);
}

/* --- a history server's answer --- */

/* What the pod of an application does not tell. */
static bool app_complete(struct app *a, const struct spark_app *row)
{
	bool changed = false;

	if (a->running || row->running)
		return changed;
	if (strcmp(a->state, "UNKNOWN") == 0)
		SET(changed, a->state, row->state);
	if (a->duration_ms == -1)
		SET(changed, a->duration_ms, row->duration_ms);
	return changed;
}

/* S73: whose pattern a name fits may see it, and a log of anybody's may have its id. */
static bool set_from_log(struct app *a, const struct spark_app *row)
{
	bool changed = a->is_masters ? false : known_ui_set_text(&a->name, row->name);

	return set_from_row(a, row) || changed;
}

/* Of several servers the newest word counts. What it says then is not known any more. */
static bool is_newest(const struct app *a, const struct history *h, const struct spark_app *row)
{
	return !a->in_history || a->history_slot == h->slot || row->updated_ms > a->history_ms;
}

static bool is_in_several(const struct app *a)
{
	return (a->in_histories & (a->in_histories - 1)) != 0;
}

static bool set_from_history(struct app *a, const struct history *h, const struct spark_app *row)
{
	bool changed = false;

	a->told_ms = row->started_ms;
	a->history_ms = row->updated_ms;
	a->has_many_logs = row->has_many_logs;
	app_names_tell_history(a, row->name, row->has_many_logs);
	SET(changed, a->history_slot, h->slot);
	SET(changed, a->in_history, true);
	SET(changed, a->completed_in_history, !row->running);
	changed |= set_spark_id(a, row);
	changed |= mem_replace_text(&a->attempt, row->attempt ? row->attempt : "");
	changed |= known_ui_set_text(&a->log_source, row->log_source ? row->log_source : "");
	/* The master knows better as long as it knows, and a pod for good. */
	if (a->namespace)
		changed |= app_complete(a, row);
	else if (!a->in_master)
		changed |= set_from_log(a, row);
	return changed;
}

/* What a list lacks may be there all the same. */
static void set_cut(struct history *h, bool is_cut)
{
	if (h->is_cut != is_cut)
		cluster_changed(h->server.cluster);
	h->is_cut = is_cut;
}

static void merge_listed(struct history *h, const struct spark_app *row, uint64_t listing)
{
	struct cluster *c = h->server.cluster;
	struct known_ui *ui = known_ui_find(c, KNOWN_UI_APP, str_of(row->id));
	struct app *a;
	bool changed = false;

	if (ui == NULL && HASH_COUNT(c->known[KNOWN_UI_APP]) >= APPS_MAX) {
		set_cut(h, true);
		return;
	}
	if (ui == NULL) {
		ui = known_ui_add(c, KNOWN_UI_APP, row->id);
		ui->state = MOUNT_GONE;
	}
	a = (struct app *)ui;
	known_ui_keep(ui);
	if (listing)
		a->last_history[h->slot] = listing;
	app_user_tell_history(a, row->user);
	if (is_newest(a, h, row))
		changed |= set_from_history(a, h, row);
	a->in_histories |= 1u << h->slot;
	/* S73: the log that another server has may be another one. */
	a->has_many_logs |= is_in_several(a);
	changed |= read_lists_doubt(a);
	if (changed)
		cluster_changed(c);
}

/* What another server says of it is asked for again. */
static void lean_on_another(struct app *a)
{
	a->history_ms = 0;
	a->history_slot = 0;
	while (!(a->in_histories & 1u << a->history_slot))
		a->history_slot++;
	struct history *h = cluster_history_of(a);
	if (h)
		h->all_due_ms = 0;
}

static void app_unlist(struct app *a, const struct history *h)
{
	a->in_histories &= ~(1u << h->slot);
	cluster_changed(a->known.cluster);
	if (a->in_histories) {
		if (a->history_slot == h->slot)
			lean_on_another(a);
		return;
	}
	a->in_history = a->completed_in_history = false;
	if (!a->in_master && a->watch == NULL)
		known_ui_free(&a->known);
}

void merge_history(struct history *h, const struct spark_apps *list, uint64_t listing, bool cut)
{
	struct cluster *c = h->server.cluster;
	struct known_ui *ui, *next;

	if (listing)
		set_cut(h, cut);
	for (size_t i = 0; i < list->count; i++)
		merge_listed(h, &list->apps[i], listing);
	if (listing == 0)
		return;
	for (ui = c->known[KNOWN_UI_APP]; ui; ui = next) {
		struct app *a = (struct app *)ui;
		next = ui->hh.next;
		/* A list that was cut lacks the incomplete ones, which come last. */
		if (a->in_histories & 1u << h->slot && a->last_history[h->slot] != listing &&
			!(cut && !a->completed_in_history))
			app_unlist(a, h);
	}
}

void merge_no_history(struct history *h)
{
	struct known_ui *ui, *next;

	for (ui = h->server.cluster->known[KNOWN_UI_APP]; ui; ui = next) {
		struct app *a = (struct app *)ui;
		next = ui->hh.next;
		if (a->in_histories & 1u << h->slot)
			app_unlist(a, h);
	}
}
