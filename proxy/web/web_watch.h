/*
 * proxy/web/web_watch.h - whether who asked still may, of work for a call that goes on (S37).
 *
 * The credentials are asked about again, with nothing remembered. That counts as no use of them. A
 * store that cannot be asked for a while is no reason to end the work: nothing new is decided
 * (S33). One for a call, on its thread; it may be freed while auth still owes an answer.
 */
#ifndef SPARKGATE_PROXY_WEB_WEB_WATCH_H
#define SPARKGATE_PROXY_WEB_WEB_WATCH_H

#include "proxy/web/web_call.h"

struct web_watch;

struct web_watcher { /* none is NULL, and each may free the watch */
	/* Whether they may do it, as at the beginning. */
	enum fault (*judge)(void *arg, const struct identity *who);
	void (*still)(void *arg);		  /* they are known, and may */
	void (*end)(void *arg, enum fault fault); /* not any more */
};

/* Borrows all three. */
struct web_watch *web_watch_new(
	struct web_call *call, const struct web_watcher *watcher, void *arg);
/* Not while the call's client has left. Does nothing while an answer is awaited. May call the
 * watcher at once. */
void web_watch_ask(struct web_watch *watch);
/* Whether they were known to within the last second. */
bool web_watch_is_fresh(const struct web_watch *watch);
void web_watch_free(struct web_watch *watch); /* NULL is fine */

#endif
