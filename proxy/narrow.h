/*
 * proxy/narrow.h - what a request is about, for a token that is narrowed to clusters and
 * applications (auth/scope.h). Pure.
 *
 * Default deny: a path that is not known to be about one application is about all of them.
 */
#ifndef SPARKGATE_PROXY_NARROW_H
#define SPARKGATE_PROXY_NARROW_H

#include "auth/scope.h"
#include "proxy/route.h"

/* Whether what the route names may be seen by whom `scope` (NULL: nobody) narrows. A permalink is
 * nothing yet: narrow_app() says where it leads. */
bool narrow_shows(const struct scope *scope, const struct registry *reg, const struct route *route);
/* The application of this id, else the newest one of this name, among those that may be seen; NULL:
 * none of them. */
const struct app_info *narrow_app(const struct scope *scope, const struct registry *reg,
	const struct cluster_info *cluster, struct str id_or_name);

#endif
