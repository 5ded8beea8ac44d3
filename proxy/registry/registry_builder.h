/*
 * proxy/registry/registry_builder.h - building a snapshot; for discovery and for tests.
 *
 * Everything handed over is copied into the snapshot's own memory. A cluster's mounts come first,
 * because its applications and workers point at them, then the cluster itself, then the next one;
 * the order of mounts is their precedence when two claim the same name or address. One thread,
 * until registry_builder_finish().
 */
#ifndef SPARKGATE_PROXY_REGISTRY_REGISTRY_BUILDER_H
#define SPARKGATE_PROXY_REGISTRY_REGISTRY_BUILDER_H

#include "base/mem.h"
#include "proxy/registry/registry.h"

struct registry_builder;
struct registry_part; /* a cluster, shared by snapshots */

/* `base` is the path below which everything lives: "" or "/base". */
struct registry_builder *registry_builder_new(const char *base);
/* Copies; `path` and `label` are not read but made from cluster, kind and id (route.h).
 * NULL strings become "". Borrow the copy for the info structs below. */
const struct mount *registry_builder_mount(struct registry_builder *b, const struct mount *mount);
/* Another "host:port" by which pages link to the same UI (standby masters, resolved addresses). It
 * comes before the addresses of mounts: only what the operator or the master itself said belongs
 * here. */
void registry_builder_alias(
	struct registry_builder *b, const struct mount *mount, const char *authority);
/* Copies with its arrays, and sorts the applications; `path` is made here. Mount pointers must be
 * this builder's. Borrows what registry_part_ref() may keep for the next snapshot. */
struct registry_part *registry_builder_cluster(
	struct registry_builder *b, const struct cluster_info *info);
/* A cluster as an earlier snapshot with the same base has it. Shares. */
void registry_builder_keep(struct registry_builder *b, struct registry_part *part);
/* Takes the builder. Gives the snapshot. */
struct registry *registry_builder_finish(struct registry_builder *b);

struct registry_part *registry_part_ref(struct registry_part *part);
void registry_part_unref(struct registry_part *part); /* NULL is fine */

#endif
