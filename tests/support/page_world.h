/*
 * tests/support/page_world.h - registries to render pages of: clusters in every state a person may
 * meet, and names that were chosen to do harm.
 */
#ifndef SPARKGATE_TESTS_PAGE_WORLD_H
#define SPARKGATE_TESTS_PAGE_WORLD_H

#include "proxy/registry/registry.h"

enum { PAGE_WORLD_FINISHED = 10000 };

extern const char page_world_hostile[]; /* the name of an application of "prod" */

/* One healthy cluster, "local", below `base`. */
struct registry *page_world_small(const char *base);
/* Its master alive and nothing registered yet. */
struct registry *page_world_fresh(const char *base);
/* "prod" with 10,000 finished applications, "local", and clusters that are down, new, history only,
 * UIs only. */
struct registry *page_world_large(const char *base);
/* `clusters` of them with `apps` applications each. */
struct registry *page_world_many(size_t clusters, size_t apps);

#endif
