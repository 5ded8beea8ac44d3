#include "proxy/discovery/resources/known_resource.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/kubernetes/kube_watch.h"

#include <stdlib.h>

static const struct resource_word deleted = {"", RESOURCE_ENDED, "DELETED", NULL, false};

struct known_resource *known_resource_find(const struct cluster *c, const char *key)
{
	struct known_resource *r;

	HASH_FIND_STR(c->resources, key, r);
	return r;
}

/* --- they come and go --- */

/* The list of those that are gone leads on without it. */
static void leave_gone(struct known_resource *r)
{
	struct cluster *c = r->cluster;
	struct known_resource **at = &c->resources_gone;

	while (*at && *at != r)
		at = &(*at)->next_gone;
	if (*at == NULL)
		return;
	*at = r->next_gone;
	r->next_gone = NULL;
	namespace_shares_give(&c->gone_resource_shares, r->namespace, 1);
}

static void resource_free(struct known_resource *r)
{
	if (r->watch == NULL)
		leave_gone(r);
	HASH_DELETE(hh, r->cluster->resources, r);
	namespace_shares_give(&r->cluster->resource_shares, r->namespace, 1);
	cluster_changed(r->cluster);
	free(r->key);
	free(r->namespace);
	free(r->uid);
	free(r->app_id);
	free(r->schedule);
	free(r->reason);
	free(r->earlier);
	free(r);
}

static struct known_resource *resource_new(
	struct cluster *c, const struct kube_resource *told, const char *key)
{
	struct known_resource *r = mem_alloc(1, sizeof *r);

	r->cluster = c;
	r->kind = told->kind;
	r->key = mem_strdup(key);
	r->name = kube_resource_name(r->key);
	r->namespace = mem_strdup(told->object->namespace);
	r->uid = mem_strdup(told->object->uid);
	r->created_ms = told->object->created_ms;
	HASH_ADD_KEYPTR(hh, c->resources, r->key, strlen(r->key), r);
	namespace_shares_take(&c->resource_shares, r->namespace, 1);
	cluster_changed(c);
	return r;
}

static bool has_room(const struct cluster *c, const char *namespace)
{
	return namespace_shares_have_room(
		&c->resource_shares, namespace, RESOURCES_MAX, &c->conf->kubernetes);
}

static struct known_resource *find_or_add(struct cluster *c, const struct kube_resource *told)
{
	char key[KUBE_RESOURCE_KEY_SIZE];
	struct known_resource *r;

	if (!kube_resource_key(
		    told->kind->letter, told->object->namespace, told->object->name, key))
		return NULL;
	r = known_resource_find(c, key);
	if (r && (r->watch == NULL || strcmp(r->uid, told->object->uid) != 0)) {
		resource_free(r); /* the name is used again */
		r = NULL;
	}
	if (r == NULL && has_room(c, told->object->namespace))
		r = resource_new(c, told, key);
	return r;
}

static bool set_text(char **slot, const char *text)
{
	return mem_replace_text(slot, text[0] ? text : NULL);
}

/* Kubeflow's operator clears its message when it begins to try again: why stays until it has. */
static bool forgets_why(const struct known_resource *r, const struct kube_resource *told)
{
	return r->reason && r->word && !told->has_message &&
	       strcmp(told->word->state, "RETRYING") == 0 &&
	       (strcmp(r->word->state, "RETRYING") == 0 || strcmp(r->word->state, "FAILED") == 0);
}

/* From now on another run is awaited, and whichever is known is the earlier one. */
static bool begins_to_wait(const struct known_resource *r, const struct resource_word *word)
{
	return !word->is_of_this_run && (r->word == NULL || r->word->is_of_this_run);
}

void known_resource_set(struct kube_watch *w, const struct kube_resource *told)
{
	struct known_resource *r = find_or_add(w->cluster, told);
	bool changed;

	if (r == NULL)
		return;
	r->watch = w;
	r->listing = w->listings;
	changed = set_text(&r->app_id, told->app_id);
	changed |= set_text(&r->schedule, told->schedule);
	if (!forgets_why(r, told))
		changed |= set_text(&r->reason, told->reason);
	changed |= r->word != told->word;
	if (begins_to_wait(r, told->word))
		mem_replace_text(&r->earlier, NULL);
	if (told->word->stage != RESOURCE_ENDED)
		r->ended_ms = 0;
	else if (told->ended_ms)
		r->ended_ms = told->ended_ms;
	else if (r->ended_ms == 0)
		r->ended_ms = clock_wall_ms();
	r->word = told->word;
	if (changed)
		cluster_changed(w->cluster);
}

/* Of the namespace that has most of them. */
static void forget_gone(struct cluster *c)
{
	const char *most = namespace_shares_most(&c->gone_resource_shares);
	struct known_resource *r = c->resources_gone;

	while (r && strcmp(r->namespace, most) != 0)
		r = r->next_gone;
	if (r)
		resource_free(r);
}

void known_resource_delete(struct known_resource *r)
{
	struct cluster *c = r->cluster;
	struct known_resource **last = &c->resources_gone;

	r->watch = NULL;
	if (r->word->stage != RESOURCE_ENDED) {
		r->word = &deleted;
		r->ended_ms = clock_wall_ms();
	}
	while (*last)
		last = &(*last)->next_gone;
	*last = r;
	namespace_shares_take(&c->gone_resource_shares, r->namespace, 1);
	if (c->gone_resource_shares.taken > RESOURCES_GONE_MAX)
		forget_gone(c);
	cluster_changed(c);
}

/* --- a watch --- */

void known_resources_sweep(struct kube_watch *w)
{
	struct known_resource *r, *next;

	/* Deleting may free the one that is gone longest: no watch has it. */
	for (r = w->cluster->resources; r; r = next) {
		next = r->hh.next;
		while (next && next->watch == NULL)
			next = next->hh.next;
		if (r->watch == w && r->listing != w->listings)
			known_resource_delete(r);
	}
}

void known_resources_forget(struct kube_watch *w)
{
	struct known_resource *r, *next;

	for (r = w->cluster->resources; r; r = next) {
		next = r->hh.next;
		if (r->watch == w)
			resource_free(r);
	}
}

void known_resources_free(struct cluster *c)
{
	while (c->resources)
		resource_free(c->resources);
	namespace_shares_clear(&c->resource_shares);
	namespace_shares_clear(&c->gone_resource_shares);
}
