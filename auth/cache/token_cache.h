/*
 * auth/cache/token_cache.h - tokens already judged, so that a second sight costs a hash and not a
 * signature.
 *
 * Keyed by a digest; the few tokens that come again and again are themselves remembered with theirs
 * (secret_memo.h). Good and bad tokens have separate, bounded, least-recently-used halves: a flood
 * of bad ones pushes out no good one. One thread.
 */
#ifndef SPARKGATE_AUTH_CACHE_TOKEN_CACHE_H
#define SPARKGATE_AUTH_CACHE_TOKEN_CACHE_H

#include "auth/policy/identity.h"
#include "auth/cache/digest_cache.h"

enum { TOKEN_CACHE_GOOD = 4096, TOKEN_CACHE_BAD = 1024, TOKEN_CACHE_BAD_SECONDS = 5 };

enum { TOKEN_KEY = DIGEST_LEN };

struct token_cache;

/* Room for so many good and bad tokens; at least 1 each. */
struct token_cache *token_cache_new(size_t good, size_t bad);
void token_cache_free(struct token_cache *cache); /* NULL is fine */

/* The digest under which this cache, and no other, knows the token. */
void token_cache_key(
	struct token_cache *cache, struct str token, unsigned char key[static TOKEN_KEY]);

struct token_cache_found {
	enum { TOKEN_MISS, TOKEN_GOOD, TOKEN_BAD } kind;
	struct identity *who; /* TOKEN_GOOD: borrowed until the next call */
	const char *reason;   /* TOKEN_BAD: as put */
};
/*
 * What is known of this token at `now` (wall seconds) under this key-set generation; its digest is
 * written to `key`. A cached token is not a valid token: who->expires_at and the generation are
 * checked again here, and the caller still has to check that who->token_id is not revoked.
 */
struct token_cache_found token_cache_find(struct token_cache *cache, struct str token, int64_t now,
	uint64_t generation, unsigned char key[static TOKEN_KEY]);
/* Good until `until` (wall seconds) at most. Shares `who`. What was judged at a moment that is
 * still to come, by a clock that has been put back since, is forgotten. */
void token_cache_put(struct token_cache *cache, const unsigned char key[static TOKEN_KEY],
	int64_t now, uint64_t generation, struct identity *who, int64_t until);
/* `reason` is a text that is never freed. Forgotten after TOKEN_CACHE_BAD_SECONDS. */
void token_cache_put_bad(struct token_cache *cache, const unsigned char key[static TOKEN_KEY],
	int64_t now, uint64_t generation, const char *reason);
/* Forgets the good tokens with this id (revocation). */
void token_cache_drop_id(struct token_cache *cache, struct str token_id);
void token_cache_clear(struct token_cache *cache);
size_t token_cache_count(const struct token_cache *cache); /* both halves */

#endif
