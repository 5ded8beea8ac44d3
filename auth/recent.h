/*
 * auth/recent.h - records of the store a worker used lately, so that an unchanged store costs
 * nothing per request.
 *
 * Bounded, least recently used go first. Only records that exist get in, and their keys are
 * random values of our own, so nobody can aim at a bucket. One thread.
 */
#ifndef SPARKGATE_AUTH_RECENT_H
#define SPARKGATE_AUTH_RECENT_H

#include "auth/identity.h"

enum { RECENT_KEY = 32, RECENT_MAX = 8192 };

struct recent;

struct recent_entry {
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

struct recent *recent_new(size_t max);
void recent_free(struct recent *recent); /* NULL is fine */
/* NULL: not here. Borrowed until the next call. */
struct recent_entry *recent_find(
	struct recent *recent, const unsigned char key[static RECENT_KEY], int64_t now);
/* The entry of this key, zeroed when it is new. Borrowed until the next call. */
struct recent_entry *recent_put(struct recent *recent, const unsigned char key[static RECENT_KEY]);
void recent_drop(struct recent *recent, const unsigned char key[static RECENT_KEY]);
size_t recent_count(const struct recent *recent);

#endif
