#include "auth/cache/token_cache.h"

#include "auth/cache/idle.h"
#include "base/mem.h"
#include "base/rnd.h"

#include <openssl/evp.h>
#include <stdlib.h>

/* The key is a salted SHA-256 already: its first bytes are the hash, and nobody can aim at a
 * bucket. */
#define HASH_FUNCTION(key, len, hash) memcpy(&(hash), (key), sizeof(hash))
#include <uthash.h>

enum { SALT = 16 };

struct entry {
	unsigned char key[TOKEN_KEY];
	uint64_t generation;
	int64_t until;	      /* wall seconds */
	int64_t touched;      /* wall seconds */
	struct identity *who; /* NULL: a bad token */
	const char *reason;
	UT_hash_handle hh;
};

struct half { /* uthash keeps insertion order: the first is the least recently used */
	struct entry *entries;
	size_t max;
};

struct token_cache {
	struct half good, bad;
	struct digest_cache *digests;
	EVP_MD *sha256;
	EVP_MD_CTX *work;
	unsigned char salt[SALT];
};

struct token_cache *token_cache_new(size_t good, size_t bad)
{
	struct token_cache *cache = mem_alloc(1, sizeof *cache);

	cache->good.max = good ? good : 1;
	cache->bad.max = bad ? bad : 1;
	cache->digests = digest_cache_new();
	/* Fetched once: SHA256() looks the algorithm up at every call in OpenSSL 3. */
	cache->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	cache->work = EVP_MD_CTX_new();
	rnd_bytes(cache->salt, sizeof cache->salt);
	if (cache->sha256 == NULL || cache->work == NULL)
		abort();
	return cache;
}

/* Takes the entry off its table; its memory stays. */
static void take_out(struct half *half, struct entry *entry)
{
	HASH_DEL(half->entries, entry);
	identity_unref(entry->who);
}

static void drop_item(struct half *half, struct entry *entry)
{
	take_out(half, entry);
	free(entry);
}

static void clear_half(struct half *half)
{
	struct entry *entry, *next;

	HASH_ITER(hh, half->entries, entry, next)
	drop_item(half, entry);
}

void token_cache_clear(struct token_cache *cache)
{
	clear_half(&cache->good);
	clear_half(&cache->bad);
}

void token_cache_free(struct token_cache *cache)
{
	if (cache == NULL)
		return;
	token_cache_clear(cache);
	digest_cache_free(cache->digests);
	EVP_MD_CTX_free(cache->work);
	EVP_MD_free(cache->sha256);
	free(cache);
}

void token_cache_key(
	struct token_cache *cache, struct str token, unsigned char key[static TOKEN_KEY])
{
	/* Begun anew each time: a copy of a context allocates in OpenSSL 3. */
	if (EVP_DigestInit_ex(cache->work, cache->sha256, NULL) != 1 ||
		EVP_DigestUpdate(cache->work, cache->salt, SALT) != 1 ||
		EVP_DigestUpdate(cache->work, token.at, token.len) != 1 ||
		EVP_DigestFinal_ex(cache->work, key, NULL) != 1)
		abort();
}

/* The entry if it still holds; a dead one is dropped. */
static struct entry *find_in(
	struct half *half, const unsigned char *key, int64_t now, uint64_t generation)
{
	struct entry *entry;

	HASH_FIND(hh, half->entries, key, TOKEN_KEY, entry);
	if (entry == NULL)
		return NULL;
	if (now >= entry->until || now < entry->touched || generation != entry->generation) {
		drop_item(half, entry);
		return NULL;
	}
	if (entry->touched != now) { /* once a second is recent enough for an LRU */
		entry->touched = now;
		HASH_DEL(half->entries, entry);
		HASH_ADD(hh, half->entries, key, TOKEN_KEY, entry);
	}
	return entry;
}

struct token_cache_found token_cache_find(struct token_cache *cache, struct str token, int64_t now,
	uint64_t generation, unsigned char key[static TOKEN_KEY])
{
	const unsigned char *known = digest_cache_find(cache->digests, token);

	if (known)
		memcpy(key, known, TOKEN_KEY);
	else
		token_cache_key(cache, token, key);
	struct entry *entry = find_in(&cache->good, key, now, generation);
	if (entry && known == NULL)
		digest_cache_put(cache->digests, token, key);
	if (entry)
		return (struct token_cache_found){.kind = TOKEN_GOOD, .who = entry->who};
	entry = find_in(&cache->bad, key, now, generation);
	if (entry)
		return (struct token_cache_found){.kind = TOKEN_BAD, .reason = entry->reason};
	return (struct token_cache_found){.kind = TOKEN_MISS};
}

static void forget_idle(struct half *half, int64_t now)
{
	for (int i = 0; i < CACHE_FORGETS; i++) {
		struct entry *oldest = half->entries;

		if (oldest == NULL || (now < oldest->until && !cache_is_left(oldest->touched, now)))
			return;
		drop_item(half, oldest);
	}
}

/* The same token's entry, or the least recently used one of a full half: the new one takes its
 * memory. NULL: there is room. */
static struct entry *replaced(struct half *half, const unsigned char *key)
{
	struct entry *old;

	HASH_FIND(hh, half->entries, key, TOKEN_KEY, old);
	if (old == NULL && HASH_COUNT(half->entries) >= half->max)
		old = half->entries;
	return old;
}

static struct entry *put_item(
	struct half *half, const unsigned char *key, int64_t now, uint64_t generation)
{
	forget_idle(half, now);
	struct entry *entry = replaced(half, key);

	if (entry) {
		take_out(half, entry);
		memset(entry, 0, sizeof *entry);
	} else {
		entry = mem_alloc(1, sizeof *entry);
	}
	memcpy(entry->key, key, sizeof entry->key);
	entry->generation = generation;
	entry->touched = now;
	HASH_ADD(hh, half->entries, key, TOKEN_KEY, entry);
	return entry;
}

void token_cache_put(struct token_cache *cache, const unsigned char key[static TOKEN_KEY],
	int64_t now, uint64_t generation, struct identity *who, int64_t until)
{
	struct entry *entry = put_item(&cache->good, key, now, generation);

	entry->who = identity_ref(who);
	entry->until = until;
}

void token_cache_put_bad(struct token_cache *cache, const unsigned char key[static TOKEN_KEY],
	int64_t now, uint64_t generation, const char *reason)
{
	struct entry *entry = put_item(&cache->bad, key, now, generation), *good;

	HASH_FIND(hh, cache->good.entries, entry->key, TOKEN_KEY, good);
	if (good)
		drop_item(&cache->good, good);
	entry->reason = reason;
	entry->until = now + TOKEN_CACHE_BAD_SECONDS;
}

void token_cache_drop_id(struct token_cache *cache, struct str token_id)
{
	struct entry *entry, *next;

	HASH_ITER(hh, cache->good.entries, entry, next)
	{
		if (str_eq(str_of(entry->who->token_id), token_id))
			drop_item(&cache->good, entry);
	}
}

size_t token_cache_count(const struct token_cache *cache)
{
	return HASH_COUNT(cache->good.entries) + HASH_COUNT(cache->bad.entries);
}
