#include "proxy/discovery/resources/merge_resources.h"

#include "base/log/log.h"
#include "proxy/discovery/known/app_word.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/kubernetes/kube_watch.h"
#include "proxy/discovery/resources/known_resource.h"

#include <stdlib.h>

/* --- which application it runs --- */

static bool is_newer(const struct app *a, const struct app *b)
{
	return b == NULL || a->pod_created_ms > b->pod_created_ms;
}

/* Of applications that name it the one whose pod is the newest, and not older than itself. */
static void link_by_label(struct app *a, bool (*is_of)(const struct app *a, const char *namespace))
{
	struct known_resource *r =
		a->resource ? known_resource_find(a->known.cluster, a->resource) : NULL;

	if (r && a->pod_created_ms >= r->created_ms && is_of(a, r->namespace) &&
		is_newer(a, r->app))
		r->app = a;
}

/* Its operator's word, while that is about this run; a new pod may be there before. */
static void link_by_id(
	struct known_resource *r, bool (*is_of)(const struct app *a, const char *namespace))
{
	struct app *a;

	if (r->app_id == NULL || !r->word->is_of_this_run)
		return;
	a = (struct app *)known_ui_find(r->cluster, KNOWN_UI_APP, str_of(r->app_id));
	r->app = a && is_of(a, r->namespace) ? a : NULL;
}

/* How the run ended that a resource had before, or last, where its pod was gone too soon. */
static const struct {
	const char *state, *run, *says;
} ends[] = {
	{"FINISHED", "FINISHED", NULL},
	{"FAILED", "FAILED", NULL},
	{"REFUSED", "REFUSED", NULL},
	{"RETRYING", "FAILED", NULL},
	{"RESTARTING", "KILLED", "Its specification has changed."},
	{"SUSPENDED", "KILLED", "It was suspended."},
	{"RESUMING", "KILLED", "It was suspended."},
	{"DELETED", "KILLED", "Its resource was deleted."},
};

/* That its pod is gone is all that is known else, but for why it had not started. */
static void say_end(struct app *a, const char *says, const char *told)
{
	bool is_why = says && a->never_started && a->reason;
	char *text = mem_printf("%s%s%s",
		says   ? says
		: told ? told
		       : "",
		is_why ? " " : "", is_why ? a->reason : "");

	if (text[0])
		app_say(a, text);
	free(text);
}

static void tell_end(struct app *a, const struct known_resource *r)
{
	for (size_t i = 0; i < ARRAY_LEN(ends) && !a->running; i++) {
		if (strcmp(a->state, "UNKNOWN") != 0 || strcmp(r->word->state, ends[i].state) != 0)
			continue;
		a->state = ends[i].run;
		say_end(a, ends[i].says, r->reason);
		cluster_changed(a->known.cluster);
	}
}

/* What waits for another run stands beside the application of the run before. A driver may have
 * ended before its operator has said that it was submitted: that is this run. */
static bool is_of_earlier_run(const struct app *a, const struct known_resource *r)
{
	return !a->running && r->word->stage == RESOURCE_WAITS && r->earlier &&
	       strcmp(r->earlier, a->known.id) == 0;
}

/* The first that is found ended while another run is awaited; a later one is that run. */
static void note_earlier(struct known_resource *r, const struct app *a)
{
	if (!a->running && !r->word->is_of_this_run && r->earlier == NULL)
		mem_replace_text(&r->earlier, a->known.id);
}

static void settle_link(struct known_resource *r)
{
	struct app *a = r->app;

	if (a) {
		tell_end(a, r);
		note_earlier(r, a);
	}
	if (a && is_of_earlier_run(a, r))
		r->app = NULL;
	if (r->app)
		r->app->shows = r;
}

void merge_resources_link(
	struct cluster *c, bool (*is_of)(const struct app *a, const char *namespace))
{
	struct known_resource *r;

	for (r = c->resources; r; r = r->hh.next)
		r->app = NULL;
	for (struct known_ui *ui = c->known[KNOWN_UI_APP]; ui; ui = ui->hh.next) {
		((struct app *)ui)->shows = NULL;
		if (c->resources)
			link_by_label((struct app *)ui, is_of);
	}
	for (r = c->resources; r; r = r->hh.next) {
		link_by_id(r, is_of);
		settle_link(r);
	}
}

/* --- rows --- */

/* How an application ended before its resource was deleted counts. */
static bool is_end_told(const struct app *a, const struct known_resource *r)
{
	return strcmp(r->word->state, "UNKNOWN") == 0 ||
	       (strcmp(r->word->state, "DELETED") == 0 && strcmp(a->state, "KILLED") != 0);
}

static void show_end(const struct app *a, const struct known_resource *r, struct app_info *row)
{
	row->is_idle = r->word->stage == RESOURCE_IDLE;
	row->state = r->word->state;
	if (row->is_idle || a->reason == NULL)
		row->reason = r->reason;
	if (row->ended_ms == 0 && !row->is_idle)
		row->ended_ms = r->ended_ms;
}

/* Its pod went before it began, and what that means its operator has still to say: a submission
 * that is refused leaves a pod for a moment. */
static bool is_awaited(const struct app *a, const struct known_resource *r)
{
	return !a->running && a->never_started && strcmp(a->state, "UNKNOWN") == 0 &&
	       r->word->stage == RESOURCE_WAITS;
}

static void show_awaited(const struct known_resource *r, struct app_info *row)
{
	row->state = r->word->state;
	row->reason = r->reason;
	row->running = row->is_planned = true;
	row->mount = NULL;
	row->duration_ms = -1;
	row->ended_ms = 0;
}

void merge_resources_show(const struct app *a, struct app_info *row)
{
	const struct known_resource *r = a->shows;

	if (a->resource)
		row->resource_name = kube_resource_name(a->resource);
	row->schedule = a->schedule;
	if (r == NULL)
		return;
	row->resource_key = r->key;
	row->resource_name = r->name;
	row->resource_kind = r->kind->kind;
	row->schedule = r->schedule ? r->schedule : a->schedule;
	if (is_awaited(a, r))
		show_awaited(r, row);
	else if (!a->running && r->word->stage >= RESOURCE_IDLE && !is_end_told(a, r))
		show_end(a, r, row);
	else if (a->running && a->reason == NULL)
		row->reason = r->reason;
}

struct app_info merge_resources_row(const struct known_resource *r)
{
	enum resource_stage stage = r->word->stage;

	return (struct app_info){
		.id = r->key,
		.name = r->name,
		.state = r->word->state,
		.reason = r->reason,
		.namespace = r->namespace,
		.resource_kind = r->kind->kind,
		.resource_name = r->name,
		.schedule = r->schedule,
		.started_ms = r->created_ms,
		.duration_ms = r->ended_ms > r->created_ms && r->created_ms > 0
				       ? r->ended_ms - r->created_ms
				       : -1,
		.ended_ms = r->ended_ms,
		.running = stage == RESOURCE_WAITS || stage == RESOURCE_RUNS,
		.is_idle = stage == RESOURCE_IDLE,
		.is_planned = true,
		.is_schedule = r->kind->letter == KUBE_OWNER_SCHEDULE,
	};
}

/* --- the watches --- */

static const struct resource_kind *kind_of(const struct kube_watch *w);

static void on_object(struct kube_watch *w, const struct kube_object *object)
{
	struct kube_resource told;

	if (kube_resource_read(kind_of(w), object, &told))
		known_resource_set(w, &told);
	else
		log_debug("discovery", "cluster %s: %.64s/%.128s: no link can have its name",
			w->cluster->name, object->namespace, object->name);
}

static void on_gone(struct kube_watch *w, const struct kube_object *object)
{
	char key[KUBE_RESOURCE_KEY_SIZE];
	struct known_resource *r = NULL;

	if (kube_resource_key(kind_of(w)->letter, object->namespace, object->name, key))
		r = known_resource_find(w->cluster, key);
	if (r && r->watch == w && strcmp(r->uid, object->uid) == 0)
		known_resource_delete(r);
}

static struct kube_kind kinds[RESOURCE_KINDS];

const struct kube_kind *const merge_resources_kinds[RESOURCE_KINDS] = {
	&kinds[0], &kinds[1], &kinds[2], &kinds[3]};

__attribute__((constructor)) static void fill_kinds(void)
{
	for (size_t i = 0; i < RESOURCE_KINDS; i++)
		kinds[i] = (struct kube_kind){.api = resource_kinds[i].api,
			.older_api = resource_kinds[i].older_api,
			.plural = resource_kinds[i].plural,
			.right = resource_kinds[i].right,
			.words = resource_kinds[i].words,
			.is_optional = true,
			.on_object = on_object,
			.on_gone = on_gone,
			.on_listed = known_resources_sweep,
			.on_end = known_resources_forget};
}

static const struct resource_kind *kind_of(const struct kube_watch *w)
{
	return &resource_kinds[w->kind - kinds];
}
