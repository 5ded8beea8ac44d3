/*
 * proxy/registry/registry_part.h - one cluster of a registry: immutable, and shared by all
 * snapshots until something of the cluster changes.
 *
 * registry.c puts parts together; discovery keeps those that did not change. Built on one thread;
 * references may be dropped on any.
 */
#ifndef SPARKGATE_PROXY_REGISTRY_REGISTRY_PART_H
#define SPARKGATE_PROXY_REGISTRY_REGISTRY_PART_H

#include "proxy/registry/registry_builder.h"
#include "proxy/registry/registry_table.h"

#include <stdatomic.h>

/* Who comes first when two claim one address: those that may be connected to before those that may
 * not, so that a dead worker's old address leads to the one that lives there now. */
enum { RANK_ALIAS, RANK_MOUNT, RANKS = RANK_MOUNT + MOUNT_GONE + 1 };

/* What is looked up from any cluster. */
struct part_public {
	struct registry_key key;
	const struct mount *mount;
};

struct chunk;
struct registry_part {
	atomic_uint refs;
	struct chunk *chunks; /* all strings and structs below */
	struct cluster_info info;
	struct registry_table table;
	struct part_public *publics; /* by rank */
	size_t ends[RANKS];	     /* of each rank's in them */
};

struct part_builder;
/* Borrows `base`. */
struct part_builder *part_builder_new(const char *base);
/* As registry_builder_mount() and registry_builder_alias(). */
const struct mount *part_builder_mount(struct part_builder *b, const struct mount *mount);
void part_builder_alias(struct part_builder *b, const struct mount *mount, const char *authority);
/* Takes the builder. Gives the part: registry_part_unref(). */
struct registry_part *part_builder_finish(struct part_builder *b, const struct cluster_info *info);

#endif
