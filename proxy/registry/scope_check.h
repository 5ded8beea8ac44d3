/*
 * proxy/registry/scope_check.h - what a request is about, for a token that is limited to clusters
 * and applications (auth/policy/scope.h). Pure.
 *
 * Default deny: a path that is not known to be about one application is about all of them.
 */
#ifndef SPARKGATE_PROXY_REGISTRY_SCOPE_CHECK_H
#define SPARKGATE_PROXY_REGISTRY_SCOPE_CHECK_H

#include "auth/policy/scope.h"
#include "proxy/registry/route.h"

/* Whether what the route names may be seen by whom `scope` (NULL: nobody) limits. A permalink is
 * nothing yet: scope_check_app() says where it leads. */
bool scope_check_shows(
	const struct scope *scope, const struct registry *reg, const struct route *route);
/* The application of this id, else the newest one of this name, among those that may be seen; NULL:
 * none of them. */
const struct app_info *scope_check_app(const struct scope *scope, const struct registry *reg,
	const struct cluster_info *cluster, struct str id_or_name);

#endif
