/*
 * proxy/filter/list_filter.h - of a list of applications only what its reader may see, streaming
 * (S76).
 *
 * The list of a history server, /json/ of masters and workers, and their first pages, from Spark
 * 2.4 to 4.3. An element or row that is not shown is never written, however the chunks are cut;
 * what is not understood is not written either. Of JSON objects only members pass that are known to
 * name nobody, of pages only rows and items that are.
 *
 *   list_kind.c     which answers are lists, and what becomes of a query's limit
 *   list_filter.c   chunk by chunk
 *   list_json.c     members and elements, as they come
 *   json_item.c     one element: whose it is
 *   list_html.c     rows, headings and items of a page
 *   list_page.c     the page of a history server, which tells only whether there are any
 *
 * Linear in bytes. Holds at most one element, row or heading (32 KiB) and one tag (8 KiB) between
 * calls, whatever the length of the list. One thread.
 */
#ifndef SPARKGATE_PROXY_FILTER_LIST_FILTER_H
#define SPARKGATE_PROXY_FILTER_LIST_FILTER_H

#include "auth/policy/policy.h"
#include "base/sbuf.h"

struct evbuffer;

enum list_kind {
	LIST_NONE,    /* not a list: all of it passes */
	LIST_NOTHING, /* nothing of it passes: nobody knows what it names */
	LIST_HISTORY, /* JSON: an array of applications */
	LIST_MASTER,  /* JSON: an object with arrays of applications and drivers */
	LIST_WORKER,  /* JSON: an object with arrays of executors and drivers */
	LIST_MASTER_PAGE,
	LIST_WORKER_PAGE,
	LIST_PROXIED_PAGE, /* an application's, which passes, or a master's */
	LIST_HISTORY_PAGE,
};

/* What an answer of that UI is to somebody who does not see all of its applications. `path` is the
 * part below the mount. Default deny: what no row knows is LIST_NOTHING. */
enum list_kind list_kind_of(enum ui_kind ui, struct str path, struct str content_type);
/* Whether the answer to that request will be a list: asked before there is one. */
bool list_is_at(enum ui_kind ui, struct str path);
/*
 * The query of a history server's list without its `limit`, which counts what is shown and not what
 * is there. `*limit` is how many; UINT64_MAX: all. One that Spark would not read stays as a word
 * that it does not read either. `query` may have at == NULL.
 */
void list_take_limit(struct str query, struct sbuf *rest, uint64_t *limit);

struct list_item {	  /* as the list has it; borrowed for the call */
	const char *id;	  /* never NULL or empty */
	const char *name; /* NULL: it is not said, or is no plain text */
	const char *user; /* the same; also NULL where attempts do not agree */
};
struct list_context { /* copied */
	bool (*shows)(void *arg, const struct list_item *item);
	/* shows() will be asked of this one: what it needs may be fetched. NULL is fine. */
	void (*soon)(const void *arg, const char *id);
	/* LIST_HISTORY_PAGE: whether any is to be shown of those that have ended, or have not. */
	bool (*shows_any)(const void *arg, bool completed);
	void *arg;
	uint64_t limit; /* of LIST_HISTORY: so many are shown */
};

struct list_filter;
struct list_filter *list_filter_new(enum list_kind kind, const struct list_context *context);
void list_filter_free(struct list_filter *filter); /* NULL is fine */
/* Takes all of `in`, and adds to `out` what passes; `last`: nothing follows. */
void list_filter_feed(
	struct list_filter *filter, struct evbuffer *in, struct evbuffer *out, bool last);

#endif
