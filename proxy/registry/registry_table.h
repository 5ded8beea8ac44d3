/*
 * proxy/registry/registry_table.h - from names to what they stand for: open addressing, filled
 * once, then only read.
 *
 * A key belongs to a space, so that an application's id and its name do not meet. Keys are borrowed
 * and outlive the table.
 */
#ifndef SPARKGATE_PROXY_REGISTRY_REGISTRY_TABLE_H
#define SPARKGATE_PROXY_REGISTRY_REGISTRY_TABLE_H

#include "base/str.h"

enum registry_space {
	SPACE_CLUSTER,
	SPACE_PROXY,
	SPACE_UI,
	SPACE_AUTHORITY,
	SPACE_APP_ID,
	SPACE_APP_NAME,
	SPACE_LABEL,
};

struct registry_key {
	const char *at;
	uint32_t len, space;
	uint64_t hash;
};

struct registry_slot;
struct registry_table {
	struct registry_slot *slots; /* a power of two of them, at most 2/3 used */
	size_t mask;
};

/* With room for so many keys. */
void registry_table_init(struct registry_table *t, size_t keys);
void registry_table_clear(struct registry_table *t);
struct registry_key registry_key_of(enum registry_space space, struct str text);
/* The first to come keeps the key: false, it is another's. `value` is not NULL. */
bool registry_table_add(
	struct registry_table *t, const struct registry_key *key, const void *value);
/* It will be asked for soon: its slot is fetched into the processor's cache. */
void registry_table_soon(const struct registry_table *t, const struct registry_key *key);
/* NULL: nothing; the empty key has nothing. O(1). */
const void *registry_table_get(const struct registry_table *t, const struct registry_key *key);

#endif
