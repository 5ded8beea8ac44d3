/*
 * proxy/discovery/found/found_memory.h - clusters that were deleted, in the store: what their links
 * say is the same after a restart and at other gateways.
 *
 * One text for each cluster that finds some: name, namespace, state and times of those that found.h
 * remembers. Blocking, as the store is; on the keeper.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_FOUND_FOUND_MEMORY_H
#define SPARKGATE_PROXY_DISCOVERY_FOUND_FOUND_MEMORY_H

#include "base/err.h"

struct discovery;

/* Takes what the store has, once for each finder, and writes what has changed since. False: the
 * store did not answer. */
MUST_CHECK bool found_memory_sync(struct discovery *d);

#endif
