#include "proxy/discovery/known/cluster.h"

#include "auth/token/ui_token.h"
#include "base/clock.h"

#include <event2/event.h>
#include <stdlib.h>

enum {
	PUBLISH_SOON_MS = 20, /* answers come in bursts */
	PUBLISH_SHARE = 10,   /* at most a tenth of the time goes into building snapshots */
	PUBLISH_LATEST_MS = 2000,
	HURRY_MS = 300,
};

void cluster_publish_soon(struct discovery *d)
{
	int64_t wait = PUBLISH_SOON_MS + d->publish_cost_ms * PUBLISH_SHARE;
	int64_t ms = wait < PUBLISH_LATEST_MS ? wait : PUBLISH_LATEST_MS;
	const struct timeval later = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	if (!event_pending(d->publish_timer, EV_TIMEOUT, NULL))
		event_add(d->publish_timer, &later);
}

void cluster_changed(struct cluster *c)
{
	c->is_changed = true;
	c->lists_due_ms = 0;
	cluster_publish_soon(c->discovery);
}

struct fetch *cluster_ask(
	const struct cluster *c, enum ui_kind kind, const struct fetch_request *request)
{
	struct discovery *d = c->discovery;
	const char *of = c->finder ? c->finder : c->name;
	/* S108: whoever made it sees what it is shown. */
	struct str token = ui_tokens_get(
		d->tokens, d->conf, str_of(of), c->finder ? UI_DRIVER : kind, clock_wall_s());
	char *field = token.at ? mem_printf("Authorization: Bearer %s", token.at) : NULL;
	const char *const headers[] = {field, NULL};
	struct fetch_request asked = *request;

	asked.headers = field ? headers : NULL;
	asked.ca_file = c->conf->ca_file;
	struct fetch *fetch = fetch_start(d->uis, &asked);
	secret_free(field);
	return fetch;
}

struct cluster *cluster_find(const struct discovery *d, struct str name)
{
	for (size_t i = 0; i < d->clusters_count; i++) {
		if (str_eq(str_of(d->clusters[i]->name), name))
			return d->clusters[i];
	}
	return NULL;
}

bool cluster_history_is_cut(const struct cluster *c)
{
	bool is_cut = false;

	for (size_t i = 0; i < c->histories_count; i++)
		is_cut |= c->histories[i]->is_cut;
	return is_cut;
}

struct history *cluster_history_of(const struct app *a)
{
	const struct cluster *c = a->known.cluster;

	for (size_t i = 0; a->in_history && i < c->histories_count; i++) {
		if (c->histories[i] && c->histories[i]->slot == a->history_slot)
			return c->histories[i];
	}
	return NULL;
}

static void hurry(struct history *h)
{
	struct timeval later = {0, 0};

	if (event_pending(h->hurry, EV_TIMEOUT, NULL))
		return;
	/* Thousands may end together. */
	if (h->server.fetch || clock_mono_ms() < h->hurried_ms + HURRY_MS)
		later.tv_usec = HURRY_MS * 1000;
	event_add(h->hurry, &later);
}

void cluster_hurry_history(struct cluster *c)
{
	for (size_t i = 0; i < c->histories_count; i++)
		hurry(c->histories[i]);
}
