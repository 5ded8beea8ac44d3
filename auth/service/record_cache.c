#include "auth/service/record_cache.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Keys are random already; eight bytes are 32 random bits even where they are hexadecimal digits.
 */
static unsigned hash_of(const void *key)
{
	uint64_t bytes;

	memcpy(&bytes, key, sizeof bytes);
	return (unsigned)(bytes * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}
#define HASH_FUNCTION(key, len, hash) ((hash) = hash_of(key))
#include <uthash.h>

struct item { /* uthash keeps insertion order: the first is the least recently used */
	struct record_cache_entry entry; /* first: an entry is its item */
	unsigned char key[RECENT_KEY];
	int64_t touched;
	UT_hash_handle hh;
};

struct record_cache {
	struct item *items;
	size_t max;
};

struct record_cache *record_cache_new(size_t max)
{
	struct record_cache *recent = mem_alloc(1, sizeof *recent);

	recent->max = max ? max : 1;
	return recent;
}

static void drop(struct record_cache *recent, struct item *item)
{
	HASH_DEL(recent->items, item);
	identity_unref(item->entry.who);
	free(item);
}

void record_cache_free(struct record_cache *recent)
{
	struct item *item, *next;

	if (recent == NULL)
		return;
	HASH_ITER(hh, recent->items, item, next)
	drop(recent, item);
	free(recent);
}

static struct item *find(struct record_cache *recent, const unsigned char *key)
{
	struct item *item;

	HASH_FIND(hh, recent->items, key, RECENT_KEY, item);
	return item;
}

struct record_cache_entry *record_cache_find(
	struct record_cache *recent, const unsigned char key[static RECENT_KEY], int64_t now)
{
	struct item *item = find(recent, key);

	if (item == NULL)
		return NULL;
	if (item->touched != now) { /* once a second is recent enough */
		item->touched = now;
		HASH_DEL(recent->items, item);
		HASH_ADD(hh, recent->items, key, RECENT_KEY, item);
	}
	return &item->entry;
}

struct record_cache_entry *record_cache_put(
	struct record_cache *recent, const unsigned char key[static RECENT_KEY])
{
	struct item *item = find(recent, key);

	if (item)
		return &item->entry;
	if (HASH_COUNT(recent->items) >= recent->max)
		drop(recent, recent->items);
	item = mem_alloc(1, sizeof *item);
	memcpy(item->key, key, RECENT_KEY);
	HASH_ADD(hh, recent->items, key, RECENT_KEY, item);
	return &item->entry;
}

void record_cache_drop(struct record_cache *recent, const unsigned char key[static RECENT_KEY])
{
	struct item *item = find(recent, key);

	if (item)
		drop(recent, item);
}

size_t record_cache_count(const struct record_cache *recent)
{
	return HASH_COUNT(recent->items);
}
