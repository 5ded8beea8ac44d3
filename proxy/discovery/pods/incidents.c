#include "proxy/discovery/pods/incidents.h"

#include "base/text/json_text.h"

#include <stdlib.h>

enum { ITEM_MAX = 16 * 1024 }; /* bytes: Kubernetes' own have a tenth, and others make some, too */

static int newer_first(const void *a, const void *b)
{
	const struct incident *left = a, *right = b;

	return (left->it.at_ms < right->it.at_ms) - (left->it.at_ms > right->it.at_ms);
}

void incidents_settle(struct incidents *all)
{
	qsort(all->at, all->count, sizeof all->at[0], newer_first);
	while (all->count > INCIDENTS_MAX) {
		json_decref(all->at[--all->count].json);
		all->has_more = true;
	}
}

static bool is_known(const struct incidents *all, const struct kube_incident *it)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct kube_incident *one = &all->at[i].it;
		if (one->at_ms == it->at_ms && strcmp(one->uid, it->uid) == 0 &&
			strcmp(one->reason, it->reason) == 0 &&
			strcmp(one->message, it->message) == 0)
			return true;
	}
	return false;
}

/* Takes `json`. */
static void add(struct incidents *all, json_t *json, const struct kube_incident *it)
{
	all->at[all->count++] = (struct incident){json, *it};
	if (all->count == ARRAY_LEN(all->at))
		incidents_settle(all);
}

void incidents_add(struct incidents *all, struct str item,
	bool (*is_ours)(const char *uid, const void *arg), const void *arg)
{
	struct err err = {""};
	json_t *json = item.len <= ITEM_MAX ? json_of_text(item, &err) : NULL;
	struct kube_incident it;

	if (json && all->is_cut) {
		json_t *cut = kube_incident_cut(json);
		json_decref(json);
		json = cut;
	}
	if (json && kube_incident_read(json, &it, &err) == 0 && is_ours(it.uid, arg) &&
		!is_known(all, &it))
		add(all, json, &it);
	else
		json_decref(json);
}

/* Kubernetes tells one that happens again as one that is newer. */
static bool is_told_of(const struct incidents *all, size_t count, const struct kube_incident *kept)
{
	size_t len = strlen(kept->message); /* which may be cut */

	for (size_t i = 0; i < count; i++) {
		const struct kube_incident *one = &all->at[i].it;
		if (strcmp(one->uid, kept->uid) == 0 && strcmp(one->reason, kept->reason) == 0 &&
			strncmp(one->message, kept->message, len) == 0)
			return true;
	}
	return false;
}

void incidents_add_kept(struct incidents *all, struct str text)
{
	struct err err = {""};
	json_t *list = json_of_text(text, &err);
	struct kube_incident it;
	size_t told;

	incidents_settle(all);
	told = all->count;
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *json = json_array_get(list, i);
		if (kube_incident_read(json, &it, &err) == 0 && !is_told_of(all, told, &it))
			add(all, json_incref(json), &it);
	}
	json_decref(list);
}

char *incidents_text(struct incidents *all, size_t max)
{
	json_t *list = json_array();
	size_t taken = sizeof "[]";
	char *text;

	incidents_settle(all);
	for (size_t i = 0; i < all->count; i++) {
		json_t *cut = kube_incident_cut(all->at[i].json);
		size_t len = json_dumpb(cut, NULL, 0, JSON_COMPACT) + 1;
		if (len > max - taken) {
			json_decref(cut);
			break;
		}
		taken += len;
		json_array_append_new(list, cut);
	}
	text = json_text(list);
	json_decref(list);
	return text;
}

void incidents_clear(struct incidents *all)
{
	while (all->count)
		json_decref(all->at[--all->count].json);
	all->has_more = false;
}
