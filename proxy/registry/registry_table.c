#include "proxy/registry/registry_table.h"

#include "base/mem.h"
#include "base/hash/siphash.h"

#include <stdlib.h>

struct registry_slot {
	const void *value; /* NULL: free */
	const char *key;
	uint32_t tag;	/* of the key's hash, so that another key's text is hardly ever looked at */
	uint32_t shape; /* its length and space */
};

_Static_assert(SPACE_LABEL < 8, "a space takes three bits of a shape");

static uint32_t tag_of(const struct registry_key *key)
{
	return (uint32_t)(key->hash >> 32);
}

static uint32_t shape_of(const struct registry_key *key)
{
	return key->len << 3 | key->space;
}

void registry_table_init(struct registry_table *t, size_t keys)
{
	size_t size = 16;

	while (size < keys + keys / 2)
		size *= 2;
	t->mask = size - 1;
	t->slots = mem_alloc(size, sizeof *t->slots);
}

void registry_table_clear(struct registry_table *t)
{
	free(t->slots);
}

struct registry_key registry_key_of(enum registry_space space, struct str text)
{
	uint64_t hash = siphash_secret(text.at, text.len) ^ space * 0x9e3779b97f4a7c15u;

	return (struct registry_key){text.at, (uint32_t)text.len, space, hash ^ hash >> 29};
}

/* The slot that has the key, or the free one where it would go. */
static struct registry_slot *find_slot(
	const struct registry_table *t, const struct registry_key *key)
{
	uint32_t tag = tag_of(key), shape = shape_of(key);

	for (size_t i = key->hash & t->mask;; i = (i + 1) & t->mask) {
		struct registry_slot *s = &t->slots[i];
		if (s->value == NULL)
			return s;
		if (s->tag == tag && s->shape == shape && memcmp(s->key, key->at, key->len) == 0)
			return s;
	}
}

bool registry_table_add(struct registry_table *t, const struct registry_key *key, const void *value)
{
	struct registry_slot *s = find_slot(t, key);

	if (s->value)
		return false;
	*s = (struct registry_slot){value, key->at, tag_of(key), shape_of(key)};
	return true;
}

const void *registry_table_get(const struct registry_table *t, const struct registry_key *key)
{
	return key->len ? find_slot(t, key)->value : NULL;
}

void registry_table_soon(const struct registry_table *t, const struct registry_key *key)
{
	__builtin_prefetch(&t->slots[key->hash & t->mask]);
}
