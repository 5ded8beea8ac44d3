#include "auth/cache/digest_cache.h"

#include "base/mem.h"
#include "base/siphash.h"

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

static size_t slot_of(struct str secret)
{
	return siphash_secret(secret.at + secret.len - TAIL, TAIL) % DIGEST_CACHE_SLOTS;
}

static bool is_kept(struct str secret)
{
	return secret.len >= TAIL && secret.len <= DIGEST_CACHE_MAX;
}

const unsigned char *digest_cache_find(const struct digest_cache *cache, struct str secret)
{
	if (!is_kept(secret))
		return NULL;
	const struct slot *slot = &cache->slots[slot_of(secret)];
	bool found = slot->secret && slot->len == secret.len &&
		     CRYPTO_memcmp(slot->secret, secret.at, secret.len) == 0;
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
