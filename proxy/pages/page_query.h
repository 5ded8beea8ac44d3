/*
 * proxy/pages/page_query.h - what a home page's query string asks for, and which applications that
 * selects.
 *
 * Never fails: what is not understood is as if it were absent, for people edit these by hand.
 */
#ifndef SPARKGATE_PROXY_PAGES_PAGE_QUERY_H
#define SPARKGATE_PROXY_PAGES_PAGE_QUERY_H

#include "base/sbuf.h"
#include "proxy/registry/registry.h"

enum { PAGE_ROWS = 50, QUERY_TEXT_MAX = 200 };

enum page_state { STATE_ANY, STATE_RUNNING, STATE_FINISHED, STATE_WORKERS };

struct page_query {
	char q[QUERY_TEXT_MAX + 1];	    /* trimmed; "" none */
	char folded[QUERY_TEXT_MAX + 1];    /* q in ASCII lower case, for matching */
	unsigned char back[QUERY_TEXT_MAX]; /* how much of it still stands when a letter differs */
	enum page_state state;
	size_t page; /* from 1 */
};

void page_query_parse(struct page_query *out, struct str raw);
/* q lies in its name, id or user, whatever the case of letters; and its state is the asked one. */
bool page_query_selects(const struct page_query *query, const struct app_info *app);
/* The inside of an href: "<path>/?q=…&amp;state=…&amp;page=…", without what is default. */
void page_query_href(
	struct sbuf *out, const char *path, const char *q, enum page_state state, size_t page);

#endif
