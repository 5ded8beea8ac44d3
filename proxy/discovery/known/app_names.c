#include "proxy/discovery/known/app_names.h"

#include "base/clock.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/known/owner_batch.h"

#include <stdlib.h>

enum { KEPT_MAX = 190 }; /* bytes that fit into the store beside a namespace */

/* --- what is told --- */

void app_names_tell(struct app *a, const char *name)
{
	if (a->is_name_settled || a->is_masters || !known_ui_set_text(&a->pod_name, name))
		return;
	a->name_asked_ms = 0;
	cluster_changed(a->known.cluster);
}

void app_names_tell_history(struct app *a, const char *name, bool has_many_logs)
{
	if (known_ui_set_text(&a->log_name, has_many_logs || a->is_masters ? "" : name))
		cluster_changed(a->known.cluster);
}

/* --- what is settled --- */

static bool is_due(const struct app *a, int64_t now)
{
	return owner_is_namespace(a) && !a->known.is_gone &&
	       (a->name_asked_ms == 0 || now - a->name_asked_ms > OWNERS_AGAIN_MS);
}

static bool has_claim(const struct app *a)
{
	return a->pod_name && strlen(a->pod_name) <= KEPT_MAX &&
	       (a->is_name_settled || (a->namespace && strcmp(a->namespace, a->owner) == 0));
}

static void add_to_batch(struct owner_batch *b, struct app *a)
{
	char *key = mem_printf("name %s/%s %s", a->known.cluster->name, a->known.id, a->owner);
	char *claim = has_claim(a)
			      ? mem_printf("name %s" STORE_OWNER_GROUP "%s", a->owner, a->pod_name)
			      : NULL;

	owner_batch_add(b, a, key, claim);
	free(key);
	free(claim);
}

/* What has another form was not written by a gateway. */
static void take_answer(struct app *a, const struct store_owner *o, int64_t now)
{
	const char *name = strchr(o->name, STORE_OWNER_GROUP[0]);

	a->name_asked_ms = now;
	if (!o->is_settled || name == NULL || name[1] == '\0')
		return;
	a->is_name_settled = true;
	mem_replace_text(&a->pod_name, name + 1); /* the snapshot comes next */
}

static const struct owner_asking asking = {is_due, add_to_batch};

void app_names_settle(struct cluster *c)
{
	struct owner_batch *b;
	int64_t now = clock_mono_ms();

	if (!owner_batch_any_due(c, &asking))
		return;
	b = mem_alloc(1, sizeof *b);
	owner_batch_fill(b, c, &asking);
	if (owner_batch_ask(c->discovery, b)) {
		for (size_t i = 0; i < b->count; i++)
			take_answer(b->apps[i], &b->owners[i], now);
		if (b->count == OWNERS_AT_ONCE)
			cluster_changed(c); /* the others in a moment */
	}
	free(b);
}

const char *app_names_first(const struct app *a)
{
	return a->pod_name && !a->is_masters ? a->pod_name : a->name;
}

const char *app_names_other(const struct app *a)
{
	const char *first = app_names_first(a);

	if (a->is_masters || a->log_name == NULL || (first && strcmp(a->log_name, first) == 0))
		return "";
	return a->log_name;
}
