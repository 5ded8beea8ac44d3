/*
 * proxy/rewrite/given_base.h - the prefix that somebody gave a Spark UI for another proxy
 * (spark.ui.proxyBase), as its redirects tell it (T1, T40).
 *
 * A page says what its root is; a redirect comes before any page. What it leads to is told from
 * what was asked for, and from the pages that Spark has. Pure; nothing is remembered.
 */
#ifndef SPARKGATE_PROXY_REWRITE_GIVEN_BASE_H
#define SPARKGATE_PROXY_REWRITE_GIVEN_BASE_H

#include "base/str.h"

/* Bytes of `path`, of a Location of the UI's own server, that are not the UI's. `asked`: the path
 * that it answers, below the UI; empty: not known. */
size_t given_base_len(struct str path, struct str asked, bool is_master);
/* Whether `path` is what was asked for, but for its last slash: Jetty's redirect, which has the
 * query of the request, unless spark.ui.proxyRedirectUri lost it. */
bool given_base_is_asked(struct str path, struct str asked);

#endif
