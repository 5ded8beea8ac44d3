#include "auth/cache/record_cache.h"

#include "auth/cache/idle.h"
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
	unsigned char key[RECORD_CACHE_KEY];
	int64_t touched;
	UT_hash_handle hh;
};

struct record_cache {
	struct item *items;
	size_t max;
};

struct record_cache *record_cache_new(size_t max)
{
	struct record_cache *cache = mem_alloc(1, sizeof *cache);

	cache->max = max ? max : 1;
	return cache;
}

static void drop_item(struct record_cache *cache, struct item *item)
{
	HASH_DEL(cache->items, item);
	identity_unref(item->entry.who);
	free(item);
}

void record_cache_free(struct record_cache *cache)
{
	struct item *item, *next;

	if (cache == NULL)
		return;
	HASH_ITER(hh, cache->items, item, next)
	drop_item(cache, item);
	free(cache);
}

static struct item *find_item(struct record_cache *cache, const unsigned char *key)
{
	struct item *item;

	HASH_FIND(hh, cache->items, key, RECORD_CACHE_KEY, item);
	return item;
}

struct record_cache_entry *record_cache_find(
	struct record_cache *cache, const unsigned char key[static RECORD_CACHE_KEY], int64_t now)
{
	struct item *item = find_item(cache, key);

	if (item == NULL)
		return NULL;
	if (item->touched != now) { /* once a second is recent enough */
		item->touched = now;
		HASH_DEL(cache->items, item);
		HASH_ADD(hh, cache->items, key, RECORD_CACHE_KEY, item);
	}
	return &item->entry;
}

static void forget_idle(struct record_cache *cache, int64_t now)
{
	for (int i = 0; i < CACHE_FORGETS; i++) {
		struct item *oldest = cache->items;

		if (oldest == NULL || !cache_is_left(oldest->touched, now))
			return;
		drop_item(cache, oldest);
	}
}

struct record_cache_entry *record_cache_put(
	struct record_cache *cache, const unsigned char key[static RECORD_CACHE_KEY], int64_t now)
{
	struct item *item = find_item(cache, key);

	if (item)
		return &item->entry;
	forget_idle(cache, now);
	if (HASH_COUNT(cache->items) >= cache->max)
		drop_item(cache, cache->items);
	item = mem_alloc(1, sizeof *item);
	memcpy(item->key, key, RECORD_CACHE_KEY);
	item->touched = now;
	HASH_ADD(hh, cache->items, key, RECORD_CACHE_KEY, item);
	return &item->entry;
}

void record_cache_drop(struct record_cache *cache, const unsigned char key[static RECORD_CACHE_KEY])
{
	struct item *item = find_item(cache, key);

	if (item)
		drop_item(cache, item);
}

size_t record_cache_count(const struct record_cache *cache)
{
	return HASH_COUNT(cache->items);
}
