#include "proxy/relay/static_cache.h"
#include "base/hash/hash_table.h"

#include <assert.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <sys/queue.h>

struct content { /* shared by entries, and by answers that are on their way */
	unsigned char digest[DIGEST_LEN];
	unsigned entries, refs; /* refs: of entries and answers */
	UT_hash_handle hh;
	size_t len;
	char at[];
};

struct entry {
	struct static_file file; /* first: what callers see is the entry */
	struct content *content; /* NULL: refused */
	int64_t until;
	size_t cost; /* bytes, but for the content */
	TAILQ_ENTRY(entry) order;
	UT_hash_handle hh;
	char at[]; /* the key, then what `file` points to */
};
TAILQ_HEAD(entries, entry);

struct static_cache {
	struct entry *by_key;
	struct content *by_digest;
	struct entries order; /* the first was used last */
	size_t bytes, bytes_max;
	unsigned entries_max;
};

struct static_cache *static_cache_new(size_t bytes, unsigned entries)
{
	struct static_cache *cache = mem_alloc(1, sizeof *cache);

	assert(bytes >= STATIC_CACHE_MIN && entries > 0);
	cache->bytes_max = bytes;
	cache->entries_max = entries;
	TAILQ_INIT(&cache->order);
	return cache;
}

size_t static_cache_file_max(const struct static_cache *cache)
{
	size_t quarter = cache->bytes_max / 4;

	return quarter < STATIC_FILE_MAX ? quarter : STATIC_FILE_MAX;
}

/* --- contents --- */

static void content_unref(struct content *content)
{
	if (--content->refs == 0)
		free(content);
}

static size_t content_cost(const struct content *content)
{
	return sizeof *content + content->len;
}

static struct content *find_content(struct static_cache *cache, const unsigned char *digest)
{
	struct content *content;

	HASH_FIND(hh, cache->by_digest, digest, DIGEST_LEN, content);
	return content;
}

bool static_cache_content(struct static_cache *cache, const unsigned char digest[static DIGEST_LEN],
	struct str *content)
{
	const struct content *found = find_content(cache, digest);

	if (found)
		*content = (struct str){found->at, found->len};
	return found != NULL;
}

/* The entry's share of the content that has this digest, which is made of `bytes` unless it is
 * there. */
static struct content *content_join(
	struct static_cache *cache, const unsigned char *digest, struct str bytes)
{
	struct content *content = find_content(cache, digest);

	if (content == NULL) {
		content = mem_alloc(1, sizeof *content + bytes.len);
		memcpy(content->digest, digest, DIGEST_LEN);
		if (bytes.len)
			memcpy(content->at, bytes.at, bytes.len);
		content->len = bytes.len;
		HASH_ADD(hh, cache->by_digest, digest, DIGEST_LEN, content);
		cache->bytes += content_cost(content);
	}
	content->entries++;
	content->refs++;
	return content;
}

static void content_leave(struct static_cache *cache, struct content *content)
{
	if (--content->entries == 0) {
		HASH_DEL(cache->by_digest, content);
		cache->bytes -= content_cost(content);
	}
	content_unref(content);
}

static void on_content_sent(const void *bytes, size_t len, void *arg)
{
	(void)bytes, (void)len;
	content_unref(arg);
}

void static_cache_send(const struct static_file *file, struct evbuffer *out)
{
	struct content *content = ((const struct entry *)file)->content;

	if (content->len == 0)
		return;
	content->refs++;
	if (evbuffer_add_reference(out, content->at, content->len, on_content_sent, content) == -1)
		abort(); /* out of memory, as base/mem.h has it */
}

/* --- entries --- */

static void entry_drop(struct static_cache *cache, struct entry *entry)
{
	HASH_DEL(cache->by_key, entry);
	TAILQ_REMOVE(&cache->order, entry, order);
	cache->bytes -= entry->cost;
	if (entry->content)
		content_leave(cache, entry->content);
	free(entry);
}

void static_cache_free(struct static_cache *cache)
{
	struct entry *entry;

	if (cache == NULL)
		return;
	while ((entry = TAILQ_FIRST(&cache->order)))
		entry_drop(cache, entry);
	free(cache);
}

static struct entry *find_entry(struct static_cache *cache, const struct static_key *key)
{
	struct entry *entry;

	HASH_FIND(hh, cache->by_key, key->at, key->len, entry);
	return entry;
}

enum static_found static_cache_find(struct static_cache *cache, const struct static_key *key,
	int64_t now, const struct static_file **file)
{
	struct entry *entry = find_entry(cache, key);

	if (entry == NULL)
		return STATIC_MISS;
	if (now >= entry->until) {
		entry_drop(cache, entry);
		return STATIC_MISS;
	}
	if (entry->content == NULL)
		return STATIC_REFUSED;
	if (entry != TAILQ_FIRST(&cache->order)) {
		TAILQ_REMOVE(&cache->order, entry, order);
		TAILQ_INSERT_HEAD(&cache->order, entry, order);
	}
	*file = &entry->file;
	return STATIC_HIT;
}

/* A copy of `from` at `*to`, which moves on behind it. */
static struct str keep_content(char **to, struct str from)
{
	struct str kept = {*to, from.len};

	if (from.len)
		memcpy(*to, from.at, from.len);
	*to += from.len;
	return kept;
}

static struct entry *entry_add(struct static_cache *cache, const struct static_key *key,
	const struct static_file *file, int64_t until)
{
	size_t texts =
		file->validators.len + file->fields.len + file->etag.len + file->last_modified.len;
	struct entry *entry, *old = find_entry(cache, key);

	if (old)
		entry_drop(cache, old);
	entry = mem_alloc(1, sizeof *entry + key->len + texts);
	char *at = entry->at;
	struct str kept_key = keep_content(&at, (struct str){key->at, key->len});
	entry->file.validators = keep_content(&at, file->validators);
	entry->file.fields = keep_content(&at, file->fields);
	entry->file.etag = keep_content(&at, file->etag);
	entry->file.last_modified = keep_content(&at, file->last_modified);
	entry->until = until;
	entry->cost = sizeof *entry + key->len + texts;
	cache->bytes += entry->cost;
	HASH_ADD_KEYPTR(hh, cache->by_key, kept_key.at, kept_key.len, entry);
	return entry;
}

/* The one that was just put is at the other end, and room enough for it there always is. */
static void make_cache_room(struct static_cache *cache)
{
	while (cache->bytes > cache->bytes_max || HASH_COUNT(cache->by_key) > cache->entries_max)
		entry_drop(cache, TAILQ_LAST(&cache->order, entries));
}

const struct static_file *static_cache_put(struct static_cache *cache, const struct static_key *key,
	const struct static_file *file, const unsigned char digest[static DIGEST_LEN],
	int64_t until)
{
	assert(file->content.len <= static_cache_file_max(cache));
	assert(file->validators.len + file->fields.len <= STATIC_FIELDS_MAX);
	/* Joined before what was there leaves: it may be the same. */
	struct content *content = content_join(cache, digest, file->content);
	struct entry *entry = entry_add(cache, key, file, until);

	entry->content = content;
	entry->file.content = (struct str){content->at, content->len};
	TAILQ_INSERT_HEAD(&cache->order, entry, order);
	make_cache_room(cache);
	return &entry->file;
}

void static_cache_refuse(struct static_cache *cache, const struct static_key *key, int64_t until)
{
	struct entry *last = TAILQ_LAST(&cache->order, entries);
	bool is_full = HASH_COUNT(cache->by_key) >= cache->entries_max;

	if (is_full && last->content)
		return;
	if (is_full)
		entry_drop(cache, last);
	struct entry *entry = entry_add(cache, key, &(struct static_file){.etag = {"", 0}}, until);
	TAILQ_INSERT_TAIL(&cache->order, entry, order);
	make_cache_room(cache);
}

struct static_cache_counts static_cache_count(const struct static_cache *cache)
{
	return (struct static_cache_counts){
		HASH_COUNT(cache->by_key), HASH_COUNT(cache->by_digest), cache->bytes};
}

/* --- names --- */

static bool add_to_key(struct static_key *key, const void *bytes, size_t len)
{
	if (len > sizeof key->at - key->len)
		return false;
	memcpy(key->at + key->len, bytes, len);
	key->len += len;
	return true;
}

/* With its NUL, so that no two texts run into each other; a path has none inside. */
static bool key_add_text(struct static_key *key, const char *text)
{
	return add_to_key(key, text, strlen(text) + 1);
}

bool static_key_write(struct static_key *key, const struct mount *mount, const char *spark_version,
	struct str path, enum content_coding_kind coding)
{
	key->len = 0;
	return key_add_text(key, content_coding_name(coding)) &&
	       add_to_key(key, mount->tls ? "s" : "p", 1) &&
	       add_to_key(key, &mount->addr, mount->addr_len) && key_add_text(key, mount->path) &&
	       key_add_text(key, mount->authority) && key_add_text(key, mount->prefix) &&
	       key_add_text(key, spark_version) && add_to_key(key, path.at, path.len);
}

void static_etag_write(
	char out[static STATIC_ETAG_MAX], const unsigned char digest[static DIGEST_LEN])
{
	static const char digits[] = "0123456789abcdef";
	char *at = out;

	*at++ = '"';
	for (size_t i = 0; i < 16; i++) { /* 128 bits are enough to tell files apart */
		*at++ = digits[digest[i] >> 4];
		*at++ = digits[digest[i] & 15];
	}
	memcpy(at, "\"", 2);
}
