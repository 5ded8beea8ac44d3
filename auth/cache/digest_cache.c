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

/* CRYPTO_memcmp() takes a byte at a time, and a token has a thousand (bench row ext-auth: a tenth
 * of an answer). So what differs is gathered in words first, without a branch, and then asked for.
 */
static bool is_same_secret(const char *kept, struct str secret)
{
	static const uint64_t none;
	uint64_t differs = 0, a[4], b[4];

	for (size_t at = 0; at + sizeof a <= secret.len; at += sizeof a) {
		memcpy(a, kept + at, sizeof a);
		memcpy(b, secret.at + at, sizeof b);
		differs |= (a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]);
	}
	size_t first = secret.len - secret.len % sizeof a; /* of what is left */
	int tail = CRYPTO_memcmp(kept + first, secret.at + first, secret.len - first);
	return (CRYPTO_memcmp(&differs, &none, sizeof differs) | tail) == 0;
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
