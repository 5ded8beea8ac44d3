/*
 * proxy/filter/kill_links.h - links and forms that kill, taken out of Spark's pages where their
 * reader may not (T42, T43), streaming.
 *
 * <a href="…/kill/?id=7" …>(kill)</a> of drivers up to 4.2, and <form action="…/kill/" …>…</form>
 * of masters, and of drivers from 4.3 on. That nobody kills who may not is judged when it is asked
 * for: this is for who reads the page, so what is not understood stays as it is.
 *
 * Whoever mends the links has seen which there are (rewriter_kills()): what has none, which is
 * nearly every page, is moved whole, and only its end is looked at. Holds at most one element
 * (8 KiB) between calls. One thread.
 */
#ifndef SPARKGATE_PROXY_FILTER_KILL_LINKS_H
#define SPARKGATE_PROXY_FILTER_KILL_LINKS_H

#include "proxy/rewrite/rewrite.h"

struct evbuffer;

struct kill_context { /* copied */
	/* Whether the reader may kill what a form names; NULL: nothing on this page. `id` is the
	 * form's, of an application or a driver of a master; "" where none is said. */
	bool (*may_kill)(const void *arg, struct str id);
	const void *arg;
};

struct kill_links;
struct kill_links *kill_links_new(const struct kill_context *context);
void kill_links_free(struct kill_links *links); /* NULL is fine */
/* Moves all of `in` to `out`, but what is taken out; `last` flushes what is held. `kills`: of what
 * was fed into `in`. */
void kill_links_feed(struct kill_links *links, struct evbuffer *in, struct evbuffer *out,
	enum rewrite_kills kills, bool last);

#endif
