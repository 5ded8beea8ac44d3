#include "proxy/discovery/poll_history.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/merge_polls.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	SLOWER = 3,		       /* polls of a master per poll here */
	ALL_AGAIN_MS = 15 * 60 * 1000, /* what its cleaner removed is noticed then */
	OVERLAP_MS = 10 * 60 * 1000,   /* an application is listed some time after it ended */
	LIMIT_MIN = 1000,
	HISTORY_JSON_MAX = 32 * 1024 * 1024,
	VERSION_MAX_BYTES = 4096,
};

static void on_history_version(const struct fetch_result *result, void *arg)
{
	struct history *h = arg;
	struct cluster *c = h->server.cluster;
	char version[SPARK_VERSION_MAX];

	h->version_fetch = NULL;
	if (result->status != 200 || spark_version_parse(result->body, version) == -1)
		return;
	/* A master knows better what its cluster runs. */
	if (c->masters_count == 0 && strcmp(c->version, version) != 0) {
		memcpy(c->version, version, sizeof version);
		cluster_changed(c);
	}
}

static void ask_history_version(struct history *h)
{
	const struct cluster *c = h->server.cluster;

	/* Of several servers the first tells it. */
	if (h->version_fetch == NULL && c->masters_count == 0 && c->histories[0] == h)
		h->version_fetch = polled_server_ask(
			&h->server, "/api/v1/version", VERSION_MAX_BYTES, on_history_version, h);
}

static void remember_newest(struct history *h, const struct spark_apps *list)
{
	int64_t now = clock_wall_ms();

	for (size_t i = 0; i < list->count; i++) {
		int64_t ended = list->apps[i].ended_ms;
		/* One from the future must not hide all that end before it. */
		if (ended <= now && ended > h->newest_ms)
			h->newest_ms = ended;
	}
}

static void take_list(struct history *h, const struct spark_apps *list)
{
	bool is_cut = list->count + list->skipped >= h->limit;
	uint64_t listing = 0;

	if (h->reading_all) {
		listing = ++h->listings;
		h->all_due_ms = clock_mono_ms() + ALL_AGAIN_MS;
		ask_history_version(h);
	}
	remember_newest(h, list);
	merge_history(h, list, listing, is_cut);
}

static void on_history_list(const struct fetch_result *result, void *arg)
{
	struct history *h = arg;
	struct spark_apps list;
	struct err err = {""};

	h->server.due_ms = clock_mono_ms() + SLOWER * h->server.cluster->conf->poll_ms;
	if (!polled_server_note(&h->server, result, 200)) {
		/* Too long or too slow: the newest half of it will do. */
		if (h->reading_all && h->server.addr_len && result->status == 0 &&
			h->limit > LIMIT_MIN)
			h->limit /= 2;
		return;
	}
	if (spark_apps_parse(result->body, &list, &err) == -1) {
		polled_server_set_up(&h->server, false, err.text);
		return;
	}
	take_list(h, &list);
	spark_apps_clear(&list);
}

void history_poll(struct history *h)
{
	int64_t now = clock_mono_ms();
	char since[32], path[128];

	if (h->server.fetch || now < h->server.due_ms)
		return;
	h->reading_all = h->listings == 0 || now >= h->all_due_ms || h->newest_ms <= OVERLAP_MS;
	if (h->reading_all) {
		snprintf(path, sizeof path, "/api/v1/applications?limit=%u", h->limit);
	} else {
		/* Running ones are always in this answer. Spark wants a zone name, not "Z". */
		clock_format(h->newest_ms - OVERLAP_MS, since);
		since[strcspn(since, "Z")] = '\0';
		snprintf(path, sizeof path, "/api/v1/applications?minEndDate=%sGMT&limit=%u", since,
			h->limit);
	}
	polled_server_poll(&h->server, path, HISTORY_JSON_MAX, on_history_list);
}

static void on_hurry(evutil_socket_t fd, short what, void *arg)
{
	struct history *h = arg;

	(void)fd;
	(void)what;
	if (h->server.fetch) { /* it began before the application ended */
		cluster_hurry_history(h->server.cluster);
		return;
	}
	h->hurried_ms = clock_mono_ms();
	h->server.due_ms = 0;
	history_poll(h);
}

struct history *history_new(struct cluster *c, const struct url *url, unsigned slot)
{
	struct history *h = mem_alloc(1, sizeof *h);

	polled_server_init(&h->server, c, UI_HISTORY, url);
	h->server.fence = c->found ? &c->fence : NULL;
	h->slot = slot;
	h->limit = APPS_MAX;
	h->hurry = evtimer_new(c->discovery->base, on_hurry, h);
	if (h->hurry == NULL)
		abort();
	return h;
}

void history_free(struct history *h)
{
	if (h->version_fetch)
		fetch_cancel(h->version_fetch);
	event_free(h->hurry);
	polled_server_clear(&h->server);
	free(h);
}
