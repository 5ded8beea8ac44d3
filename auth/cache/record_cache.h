/*
 * auth/cache/record_cache.h - records of the store a server thread used lately, so that an
 * unchanged store costs nothing per request.
 *
 * Bounded, least recently used go first. Only records that exist get in, and their keys are
 * random values of our own, so nobody can aim at a bucket. One thread.
 */
#ifndef SPARKGATE_AUTH_CACHE_RECORD_CACHE_H
#define SPARKGATE_AUTH_CACHE_RECORD_CACHE_H

#include "auth/policy/identity.h"

enum { RECORD_CACHE_KEY = 32, RECORD_CACHE_MAX = 8192 };

struct record_cache;

struct record_cache_entry {
	uint64_t generation;  /* of the store when the record was read */
	int64_t last_seen_at; /* wall seconds, like all here */
	int64_t saved_at;     /* the last use the store was told of */
	int64_t read_ms;      /* monotonic; when the store was asked for it */
	int64_t refresh_at;   /* of a session: when the provider is to be asked again; 0: never */
	int64_t ends_at;
	struct identity *who; /* of a session; one reference */
	enum role role;	      /* of a token */
	bool is_active;	      /* of a token */
};

struct record_cache *record_cache_new(size_t max);
void record_cache_free(struct record_cache *cache); /* NULL is fine */
/* NULL: not here. `now` is in wall seconds. Borrowed until the next call. */
struct record_cache_entry *record_cache_find(
	struct record_cache *cache, const unsigned char key[static RECORD_CACHE_KEY], int64_t now);
/* The entry of this key, zeroed when it is new; `now` as above. Borrowed until the next call. */
struct record_cache_entry *record_cache_put(
	struct record_cache *cache, const unsigned char key[static RECORD_CACHE_KEY], int64_t now);
void record_cache_drop(
	struct record_cache *cache, const unsigned char key[static RECORD_CACHE_KEY]);
size_t record_cache_count(const struct record_cache *cache);

#endif
