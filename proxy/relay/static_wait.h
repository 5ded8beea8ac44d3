/*
 * proxy/relay/static_wait.h - who waits for a static file that another request already fetches
 * (T50).
 *
 * A page that many open at once asks its UI once for each script. Who waits has been let in, as who
 * fetches; when the fetch ends, in whatever way, it looks into the cache again, and asks by itself
 * if the file is not there. It waits once, and so no longer than an upstream may take. Nothing is
 * held for it but its place.
 *
 * One server thread, no locks.
 */
#ifndef SPARKGATE_PROXY_RELAY_STATIC_WAIT_H
#define SPARKGATE_PROXY_RELAY_STATIC_WAIT_H

#include "proxy/relay/static_cache.h"

#include <sys/queue.h>

struct event_base;
struct exchange;
struct static_fetches; /* all of a thread that are under way */
struct static_wait;    /* one exchange that waits, or has */

/* Who has waited is sent once more (exchange.send), from the event loop. */
struct static_fetches *static_fetches_new(struct event_base *base);
void static_fetches_free(struct static_fetches *fetches); /* when no exchange is left */

struct static_fetch { /* in place, while it is under way */
	struct static_fetches *of;
	const struct static_key *key;
	TAILQ_HEAD(, static_wait) waits;
	TAILQ_ENTRY(static_fetch) entry;
};
/* Borrows the key until the end. */
void static_fetch_begin(
	struct static_fetch *fetch, struct static_fetches *fetches, const struct static_key *key);
void static_fetch_end(struct static_fetch *fetch);

/* Gives what `x` waits by; NULL: nobody fetches the file. */
struct static_wait *static_wait_new(
	struct static_fetches *fetches, const struct static_key *key, struct exchange *x);
void static_wait_free(struct static_wait *wait); /* NULL is fine */

#endif
