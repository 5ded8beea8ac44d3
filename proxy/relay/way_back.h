/*
 * proxy/relay/way_back.h - the links that lead from a page of Spark's back to the home page.
 *
 * They stand first in the page's body and out of its flow (proxy/pages/static/way-back.css), so
 * that nothing of Spark's moves. T54: no script and no style of their own. `ui.home_link: false`
 * leaves them out.
 */
#ifndef SPARKGATE_PROXY_RELAY_WAY_BACK_H
#define SPARKGATE_PROXY_RELAY_WAY_BACK_H

#include "base/sbuf.h"
#include "proxy/registry/registry.h"

struct exchange;

enum { WAY_BACK_MAX = 8 * 1024 };

struct way_back { /* borrowed */
	const char
		*origin;  /* of the gateway's own pages, where the page has another one; else "" */
	const char *base; /* "" or "/base" */
	const struct cluster_info *cluster;
	const struct app_info *app;  /* whose page it is; NULL: of no application */
	const struct mount *live;    /* where it runs, if that is another place; NULL: none */
	const struct mount *history; /* which lists it, if that is another place; NULL: none */
};
/* `out` has room for WAY_BACK_MAX. */
void way_back_write(struct sbuf *out, const struct way_back *way);

/* Adds them to the page that is about to be relayed: x->rewrite_context and x->banner. What a
 * script fetches to put it into a page has none of its own. */
void way_back_add(struct exchange *x);

#endif
