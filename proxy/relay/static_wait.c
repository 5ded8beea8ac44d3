#include "proxy/relay/static_wait.h"

#include "proxy/request/exchange.h"

#include <event2/event.h>
#include <stdlib.h>

TAILQ_HEAD(static_wait_list, static_wait);

struct static_wait {
	struct exchange *exchange;
	struct static_fetches *of;
	struct static_fetch *fetch; /* NULL: it has ended */
	bool is_woken;		    /* in of->woken */
	TAILQ_ENTRY(static_wait) entry;
};

struct static_fetches {
	TAILQ_HEAD(, static_fetch) under_way;
	struct static_wait_list woken;
	struct event *wake;
};

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct static_fetches *fetches = arg;
	struct static_wait *wait;

	(void)fd, (void)what;
	while ((wait = TAILQ_FIRST(&fetches->woken))) {
		TAILQ_REMOVE(&fetches->woken, wait, entry);
		wait->is_woken = false;
		wait->exchange->send(wait->exchange); /* may free it */
	}
}

struct static_fetches *static_fetches_new(struct event_base *base)
{
	struct static_fetches *fetches = mem_alloc(1, sizeof *fetches);

	TAILQ_INIT(&fetches->under_way);
	TAILQ_INIT(&fetches->woken);
	fetches->wake = event_new(base, -1, 0, on_wake, fetches);
	return fetches;
}

void static_fetches_free(struct static_fetches *fetches)
{
	event_free(fetches->wake);
	free(fetches);
}

void static_fetch_begin(
	struct static_fetch *fetch, struct static_fetches *fetches, const struct static_key *key)
{
	fetch->of = fetches;
	fetch->key = key;
	TAILQ_INIT(&fetch->waits);
	TAILQ_INSERT_TAIL(&fetches->under_way, fetch, entry);
}

/* The callback that ends a fetch is inside another exchange: those who waited go on after it. */
void static_fetch_end(struct static_fetch *fetch)
{
	struct static_fetches *fetches = fetch->of;
	struct static_wait *wait;

	TAILQ_REMOVE(&fetches->under_way, fetch, entry);
	while ((wait = TAILQ_FIRST(&fetch->waits))) {
		TAILQ_REMOVE(&fetch->waits, wait, entry);
		wait->fetch = NULL;
		wait->is_woken = true;
		TAILQ_INSERT_TAIL(&fetches->woken, wait, entry);
		event_active(fetches->wake, EV_TIMEOUT, 0);
	}
}

static struct static_fetch *find_fetch(
	const struct static_fetches *fetches, const struct static_key *key)
{
	struct static_fetch *fetch;

	TAILQ_FOREACH(fetch, &fetches->under_way, entry)
	{
		if (fetch->key->len == key->len && memcmp(fetch->key->at, key->at, key->len) == 0)
			return fetch;
	}
	return NULL;
}

struct static_wait *static_wait_new(
	struct static_fetches *fetches, const struct static_key *key, struct exchange *x)
{
	struct static_fetch *fetch = find_fetch(fetches, key);
	struct static_wait *wait;

	if (fetch == NULL)
		return NULL;
	wait = mem_alloc(1, sizeof *wait);
	wait->exchange = x;
	wait->of = fetches;
	wait->fetch = fetch;
	TAILQ_INSERT_TAIL(&fetch->waits, wait, entry);
	return wait;
}

void static_wait_free(struct static_wait *wait)
{
	if (wait == NULL)
		return;
	if (wait->fetch)
		TAILQ_REMOVE(&wait->fetch->waits, wait, entry);
	else if (wait->is_woken)
		TAILQ_REMOVE(&wait->of->woken, wait, entry);
	free(wait);
}
