/*
 * auth/cache/digest_cache.h - the digests of the tokens and session ids that come again and
 * again.
 *
 * A browser or a scraper sends the same secret with every request; comparing it with the one kept
 * costs a fraction of a digest. Few slots, each chosen by its secret's last bytes, and only for
 * secrets that were good: a flood of others changes nothing here. Compared in a time that tells
 * nothing, overwritten before they are freed. One thread.
 */
#ifndef SPARKGATE_AUTH_CACHE_DIGEST_CACHE_H
#define SPARKGATE_AUTH_CACHE_DIGEST_CACHE_H

#include "base/text/digest.h"

enum { DIGEST_CACHE_SLOTS = 64, DIGEST_CACHE_MAX = 2048 }; /* bytes of one; longer: not kept */

struct digest_cache;

struct digest_cache *digest_cache_new(void);
void digest_cache_free(struct digest_cache *cache); /* NULL is fine */
/* The digest put for this secret; NULL: not here. Borrowed until the next call. */
const unsigned char *digest_cache_find(const struct digest_cache *cache, struct str secret);
/* Copies both, if they are not here yet; takes the place of what was in the slot. */
void digest_cache_put(struct digest_cache *cache, struct str secret,
	const unsigned char digest[static DIGEST_LEN]);

#endif
