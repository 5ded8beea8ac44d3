#include "auth/cache/digest_cache.h"

#include "base/mem.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdlib.h>

enum { TAIL = 16 }; /* bytes of its end: of a signature, or as random */

struct slot {
	char *secret; /* NULL: empty */
	size_t len;
	unsigned char digest[DIGEST_LEN];
};

struct digest_cache {
	struct slot slots[DIGEST_CACHE_SLOTS];
};

struct digest_cache *digest_cache_new(void)
{
	return mem_alloc(1, sizeof(struct digest_cache));
}

static void forget_secret(struct slot *slot)
{
	if (slot->secret)
		explicit_bzero(slot->secret, slot->len);
	free(slot->secret);
	slot->secret = NULL;
}

void digest_cache_free(struct digest_cache *cache)
{
	for (size_t i = 0; cache && i < DIGEST_CACHE_SLOTS; i++)
		forget_secret(&cache->slots[i]);
	free(cache);
}

/* Good secrets alone are put, and nobody chooses how a signature or a random text ends: no keyed
 * hash is needed. */
static size_t slot_of(struct str secret)
{
	uint64_t ends[2];

	memcpy(ends, secret.at + secret.len - TAIL, sizeof ends);
	return (ends[0] ^ ends[1] * 3) * UINT64_C(0x9e3779b97f4a7c15) >> 58;
}
static_assert(DIGEST_CACHE_SLOTS == 1 << (64 - 58), "all slots, and no others");

static bool is_kept(struct str secret)
{
	return secret.len >= TAIL && secret.len <= DIGEST_CACHE_MAX;
}

enum { BLOCK = 4 }; /* words */

/* Bits in which two blocks differ, gathered without a branch. */
static inline void gather(uint64_t differs[static BLOCK], const char *a, const char *b)
{
	uint64_t one[BLOCK], other[BLOCK];

	memcpy(one, a, sizeof one);
	memcpy(other, b, sizeof other);
	for (size_t i = 0; i < BLOCK; i++)
		differs[i] |= one[i] ^ other[i];
}

/* CRYPTO_memcmp() takes a byte at a time, and a token has a thousand (bench row ext-auth: a tenth
 * of an answer). So what differs is gathered in words first, and then asked for: in a time that
 * tells nothing but the length. */
static bool is_same_secret(const char *kept, struct str secret)
{
	static const uint64_t none[BLOCK];
	uint64_t differs[BLOCK] = {0};
	size_t at = 0;

	for (; at + sizeof differs < secret.len; at += sizeof differs)
		gather(differs, kept + at, secret.at + at);
	if (at == 0) /* one block, which it does not fill */
		return CRYPTO_memcmp(kept, secret.at, secret.len) == 0;
	/* The last block ends with it, and begins within the one before. */
	at = secret.len - sizeof differs;
	gather(differs, kept + at, secret.at + at);
	return CRYPTO_memcmp(differs, none, sizeof differs) == 0;
}

const unsigned char *digest_cache_find(const struct digest_cache *cache, struct str secret)
{
	if (!is_kept(secret))
		return NULL;
	const struct slot *slot = &cache->slots[slot_of(secret)];
	bool found =
		slot->secret && slot->len == secret.len && is_same_secret(slot->secret, secret);
	return found ? slot->digest : NULL;
}

void digest_cache_put(struct digest_cache *cache, struct str secret,
	const unsigned char digest[static DIGEST_LEN])
{
	if (!is_kept(secret) || digest_cache_find(cache, secret))
		return;
	struct slot *slot = &cache->slots[slot_of(secret)];
	forget_secret(slot);
	slot->secret = mem_alloc(1, secret.len);
	memcpy(slot->secret, secret.at, secret.len);
	slot->len = secret.len;
	memcpy(slot->digest, digest, DIGEST_LEN);
}
