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

/* True when `scope` (NULL: not narrowed) leaves this; else `lacks` has what is missing. */
bool narrow_allows(const struct scope *scope, const struct registry *reg, const struct route *route,
	enum action action, char lacks[SCOPE_LACKS]);

#endif
