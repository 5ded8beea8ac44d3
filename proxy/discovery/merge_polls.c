/* proxy/discovery/merge_polls.c - a poll's answer becomes what the cluster looks like now. Linear
 * in rows. */
#include "proxy/discovery/discovery_int.h"

#include "base/log/log.h"

#include <stdlib.h>

static const size_t known_ui_sizes[] = {
	[KNOWN_UI_WORKER] = sizeof(struct worker),
	[KNOWN_UI_APP] = sizeof(struct app),
	[KNOWN_UI_DRIVER] = sizeof(struct driver),
};

/* --- places come and go --- */

struct known_ui *known_ui_find(const struct cluster *c, enum known_ui_kind kind, struct str id)
{
	struct known_ui *p;

	HASH_FIND(hh, c->known[kind], id.at, id.len, p);
	return p;
}

struct known_ui *known_ui_add(struct cluster *c, enum known_ui_kind kind, const char *id)
{
	struct known_ui *p = mem_alloc(1, known_ui_sizes[kind]);

	p->cluster = c;
	p->kind = kind;
	p->id = mem_strdup(id);
	p->state = MOUNT_UNVERIFIED;
	p->why = "";
	HASH_ADD_KEYPTR(hh, c->known[kind], p->id, strlen(p->id), p);
	cluster_changed(c);
	return p;
}

void known_ui_keep(struct known_ui *p)
{
	struct cluster *c = p->cluster;

	if (!p->is_gone)
		return;
	p->is_gone = false;
	TAILQ_REMOVE(&c->gone[p->kind], p, gone_link);
	c->gone_count[p->kind]--;
	cluster_changed(c);
}

void known_ui_free(struct known_ui *p)
{
	verify_ui_forget(p);
	known_ui_keep(p);
	HASH_DELETE(hh, p->cluster->known[p->kind], p);
	cluster_changed(p->cluster);
	if (p->kind == KNOWN_UI_WORKER) {
		free(((struct worker *)p)->host);
	} else if (p->kind == KNOWN_UI_APP) {
		free(((struct app *)p)->name);
		free(((struct app *)p)->user);
		free(((struct app *)p)->namespace);
		free(((struct app *)p)->pod);
		free(((struct app *)p)->owner);
	} else {
		free(((struct driver *)p)->worker);
	}
	free(p->id);
	free(p->origin);
	free(p->authority);
	free(p);
}

void cluster_forget(struct cluster *c)
{
	for (int kind = KNOWN_UI_WORKER; kind <= KNOWN_UI_DRIVER; kind++) {
		while (c->known[kind])
			known_ui_free(c->known[kind]);
	}
}

void known_ui_end(struct known_ui *p)
{
	verify_ui_forget(p);
	known_ui_set_state(p, MOUNT_GONE, "");
}

/* Its page says so for as long as there is room. */
void known_ui_leave(struct known_ui *p)
{
	struct cluster *c = p->cluster;

	known_ui_end(p);
	cluster_changed(c);
	p->is_gone = true;
	TAILQ_INSERT_TAIL(&c->gone[p->kind], p, gone_link);
	if (++c->gone_count[p->kind] > GONE_MAX)
		known_ui_free(TAILQ_FIRST(&c->gone[p->kind]));
}

void known_ui_enter(struct known_ui *p)
{
	known_ui_keep(p);
	/* Not worth a log line: thousands enter when the gateway starts. */
	p->state = MOUNT_UNVERIFIED;
	p->why = "it is being checked";
	cluster_changed(p->cluster);
	verify_ui_known(p);
}

/* --- fields --- */

#define SET(changed, field, value) ((changed) |= (field) != (value), (field) = (value))

bool known_ui_set_text(char **slot, const char *text)
{
	size_t len = strlen(text);
	char *cut;
	bool changed;

	if (len <= SPARK_NAME_MAX)
		return text_replace(slot, text);
	for (len = SPARK_NAME_MAX; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80;)
		len--;
	cut = mem_strndup(text, len);
	changed = text_replace(slot, cut);
	free(cut);
	return changed;
}

/* --- a master's answer --- */

static void worker_place(struct worker *w, const char *web_ui)
{
	struct known_ui *p = &w->known;
	struct url url;
	bool moved;

	if (url_parse(str_of(web_ui), &url, NULL) == -1 || strcmp(url.path, "/") != 0) {
		verify_ui_forget(p);
		known_ui_keep(p);
		known_ui_set_origin(p, NULL);
		known_ui_set_state(p, MOUNT_REFUSED, "its UI address is not understood");
		return;
	}
	moved = known_ui_set_origin(p, &url);
	if (strcmp(w->state, "DEAD") == 0) {
		known_ui_keep(p);
		if (p->state != MOUNT_GONE)
			known_ui_end(p);
	} else if (moved || p->state == MOUNT_GONE) {
		known_ui_enter(p);
	}
}

static void merge_worker(struct cluster *c, const struct spark_worker *row)
{
	struct known_ui *p = known_ui_find(c, KNOWN_UI_WORKER, str_of(row->id));
	struct worker *w;
	bool changed = false;

	if (p && p->seen == c->polls)
		return; /* listed twice */
	if (p == NULL)
		p = known_ui_add(c, KNOWN_UI_WORKER, row->id);
	p->seen = c->polls;
	w = (struct worker *)p;
	changed |= known_ui_set_text(&w->host, row->host);
	SET(changed, w->state, row->state);
	SET(changed, w->cores, row->cores);
	SET(changed, w->cores_used, row->cores_used);
	SET(changed, w->memory_mb, row->memory_mb);
	SET(changed, w->memory_used_mb, row->memory_used_mb);
	if (changed)
		cluster_changed(c);
	worker_place(w, row->web_ui);
}

static bool app_set(struct app *a, const struct spark_app *row)
{
	bool changed = known_ui_set_text(&a->name, row->name);

	changed |= known_ui_set_text(&a->user, row->user);
	SET(changed, a->state, row->state);
	SET(changed, a->started_ms, row->started_ms);
	SET(changed, a->duration_ms, row->duration_ms);
	return changed;
}

static void app_place(struct app *a, bool was_running)
{
	struct known_ui *p = &a->known;

	if (a->running && (!was_running || p->state == MOUNT_GONE)) {
		known_ui_set_origin(p, NULL);
		p->via_master = false;
		known_ui_enter(p);
	} else if (!a->running && p->state != MOUNT_GONE) {
		known_ui_keep(p);
		known_ui_end(p);
	}
}

static void merge_app(struct cluster *c, const struct spark_app *row)
{
	struct known_ui *p = known_ui_find(c, KNOWN_UI_APP, str_of(row->id));
	struct app *a;
	bool changed = false, was_running;

	if (p == NULL && HASH_COUNT(c->known[KNOWN_UI_APP]) >= 2 * APPS_MAX)
		return;
	if (p && p->seen == c->polls)
		return;
	if (p == NULL)
		p = known_ui_add(c, KNOWN_UI_APP, row->id);
	p->seen = c->polls;
	known_ui_keep(p);
	a = (struct app *)p;
	if (a->watch || a->namespace)
		claim_drop(a); /* of all that say whose an application is, its master knows */
	a->is_masters = true;
	a->told_ms = row->started_ms;
	was_running = a->running;
	changed |= app_set(a, row);
	SET(changed, a->cores, row->cores);
	SET(changed, a->in_master, true);
	SET(changed, a->running, row->running);
	a->had_ui = true;
	if (changed)
		cluster_changed(c);
	app_place(a, was_running);
}

static void merge_driver(struct cluster *c, const struct spark_driver *row)
{
	struct known_ui *p = known_ui_find(c, KNOWN_UI_DRIVER, str_of(row->id));

	if (p == NULL)
		p = known_ui_add(c, KNOWN_UI_DRIVER, row->id);
	p->seen = c->polls;
	known_ui_keep(p);
	if (text_replace(&((struct driver *)p)->worker, row->worker))
		cluster_changed(c);
}

static void app_leave(struct app *a)
{
	if (!a->in_master)
		return; /* known from history only */
	a->in_master = false;
	if (a->running) { /* how it ended only its history can say */
		a->running = false;
		a->state = a->completed_in_history ? "FINISHED" : "UNKNOWN";
	}
	if (a->in_history)
		known_ui_end(&a->known);
	else
		known_ui_leave(&a->known);
}

static void sweep(struct cluster *c, enum known_ui_kind kind)
{
	struct known_ui *p, *next;

	/* Leaving may free the one that is gone longest, never a listed one such as `next`... */
	for (p = c->known[kind]; p; p = next) {
		next = p->hh.next;
		while (next && next->is_gone) /* ...if those are stepped over first. */
			next = next->hh.next;
		if (p->seen == c->polls || p->is_gone)
			continue;
		if (kind == KNOWN_UI_APP)
			app_leave((struct app *)p);
		else
			known_ui_leave(p);
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
		sweep(c, kind);
}

/* --- a history server's answer --- */

/* What the pod of an application does not tell. */
static bool app_complete(struct app *a, const struct spark_app *row)
{
	bool changed = known_ui_set_text(&a->user, row->user);

	if (a->running || row->running)
		return changed;
	if (strcmp(a->state, "UNKNOWN") == 0)
		SET(changed, a->state, row->state);
	if (a->duration_ms == -1)
		SET(changed, a->duration_ms, row->duration_ms);
	return changed;
}

static void merge_listed(struct cluster *c, const struct spark_app *row, uint64_t listing)
{
	struct known_ui *p = known_ui_find(c, KNOWN_UI_APP, str_of(row->id));
	struct app *a;
	bool changed = false;

	if (p == NULL && HASH_COUNT(c->known[KNOWN_UI_APP]) >= APPS_MAX)
		return;
	if (p == NULL) {
		p = known_ui_add(c, KNOWN_UI_APP, row->id);
		p->state = MOUNT_GONE;
	}
	a = (struct app *)p;
	known_ui_keep(p);
	if (listing)
		a->seen_history = listing;
	a->told_ms = row->started_ms;
	SET(changed, a->in_history, true);
	SET(changed, a->completed_in_history, !row->running);
	/* The master knows better as long as it knows, and a pod for good. */
	if (a->namespace)
		changed |= app_complete(a, row);
	else if (!a->in_master)
		changed |= app_set(a, row);
	if (changed)
		cluster_changed(c);
}

static void app_unlist(struct app *a)
{
	a->in_history = a->completed_in_history = false;
	cluster_changed(a->known.cluster);
	if (!a->in_master && a->watch == NULL)
		known_ui_free(&a->known);
}

void merge_history(struct cluster *c, const struct spark_apps *list, uint64_t listing, bool cut)
{
	struct known_ui *p, *next;

	for (size_t i = 0; i < list->count; i++)
		merge_listed(c, &list->apps[i], listing);
	if (listing == 0)
		return;
	for (p = c->known[KNOWN_UI_APP]; p; p = next) {
		struct app *a = (struct app *)p;
		next = p->hh.next;
		/* A list that was cut lacks the incomplete ones, which come last. */
		if (a->in_history && a->seen_history != listing &&
			!(cut && !a->completed_in_history))
			app_unlist(a);
	}
}

void merge_no_history(struct cluster *c)
{
	struct known_ui *p, *next;

	for (p = c->known[KNOWN_UI_APP]; p; p = next) {
		next = p->hh.next;
		if (((struct app *)p)->in_history)
			app_unlist((struct app *)p);
	}
}
