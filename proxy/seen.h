/*
 * proxy/seen.h - what of the registry a viewer may see, as the home page shows it.
 *
 * All of it, but for tokens that are narrowed (auth/scope.h): then only their clusters, and of
 * those, if they are narrowed to applications, only these. Borrows the registry.
 */
#ifndef SPARKGATE_PROXY_SEEN_H
#define SPARKGATE_PROXY_SEEN_H

#include "auth/scope.h"
#include "proxy/registry.h"

struct seen;

/* Borrows `scope` for the call only; NULL: not narrowed. */
struct seen *seen_new(const struct registry *reg, const struct scope *scope);
void seen_free(struct seen *seen);
size_t seen_count(const struct seen *seen); /* clusters */
const struct cluster_info *seen_at(const struct seen *seen, size_t index);

#endif
