#include "auth/cache/digest_cache.h"

#include "base/mem.h"
#include "base/siphash.h"

#include <stdlib.h>

enum { TAIL = 16 }; /* bytes of its end: of a signature, or as random */

struct slot {
	char *secret; /* NULL: empty */
	size_t len;
	unsigned char digest[DIGEST_LEN];
};

struct digest_cache {
	struct slot slots[SECRET_MEMO_SLOTS];
};

struct digest_cache *digest_cache_new(void)
{
	return mem_alloc(1, sizeof(struct digest_cache));
}

static void forget(struct slot *slot)
{
	if (slot->secret)
		explicit_bzero(slot->secret, slot->len);
	free(slot->secret);
	slot->secret = NULL;
}

void digest_cache_free(struct digest_cache *memo)
{
	for (size_t i = 0; memo && i < SECRET_MEMO_SLOTS; i++)
		forget(&memo->slots[i]);
	free(memo);
}

static size_t place_of(struct str secret)
{
	return siphash_secret(secret.at + secret.len - TAIL, TAIL) % SECRET_MEMO_SLOTS;
}

static bool is_kept(struct str secret)
{
	return secret.len >= TAIL && secret.len <= SECRET_MEMO_MAX;
}

static uint64_t differ_at(const char *a, const char *b, size_t at)
{
	uint64_t x, y;

	memcpy(&x, a + at, sizeof x);
	memcpy(&y, b + at, sizeof y);
	return x ^ y;
}

/* Every byte is looked at, eight at a time; `len` is at least that. */
static bool is_same(const char *a, const char *b, size_t len)
{
	uint64_t differ = differ_at(a, b, len - 8);

	for (size_t at = 0; at + 8 <= len; at += 8)
		differ |= differ_at(a, b, at);
	return differ == 0;
}

const unsigned char *digest_cache_find(const struct digest_cache *memo, struct str secret)
{
	if (!is_kept(secret))
		return NULL;
	const struct slot *slot = &memo->slots[place_of(secret)];
	bool found = slot->secret && slot->len == secret.len &&
		     is_same(slot->secret, secret.at, secret.len);
	return found ? slot->digest : NULL;
}

void digest_cache_put(
	struct digest_cache *memo, struct str secret, const unsigned char digest[static DIGEST_LEN])
{
	if (!is_kept(secret) || digest_cache_find(memo, secret))
		return;
	struct slot *slot = &memo->slots[place_of(secret)];
	forget(slot);
	slot->secret = mem_alloc(1, secret.len);
	memcpy(slot->secret, secret.at, secret.len);
	slot->len = secret.len;
	memcpy(slot->digest, digest, DIGEST_LEN);
}
