/*
 * proxy/relay/static_cache.h - Spark's own scripts, style sheets and fonts as one server thread
 * keeps them (T50).
 *
 * S0: a driver's UI runs users' code, and a worker is whoever registered as one. So what a UI
 * answered is given to that very UI's readers and to nobody else: a key has the mount, the address
 * behind it and the path. Only memory is shared: content is found by the SHA-256 of all its bytes,
 * never by a name, so that a hundred workers of one version cost one copy, and a file that was
 * tampered with is another file. Nothing that a client sent, but the path, is in a key or in what
 * is asked of the UI: nobody can put an answer there that others did not ask for.
 *
 * Bounded in bytes and entries; what was not used for longest goes first. One thread, no locks.
 */
#ifndef SPARKGATE_PROXY_RELAY_STATIC_CACHE_H
#define SPARKGATE_PROXY_RELAY_STATIC_CACHE_H

#include "base/text/digest.h"
#include "proxy/http/content_coding.h"
#include "proxy/registry/registry.h"

struct evbuffer;
struct static_cache;

enum {
	STATIC_FILE_MAX = 2 * 1024 * 1024, /* bytes of content */
	STATIC_ENTRIES = 4096,
	STATIC_CACHE_MIN = 64 * 1024, /* bytes of a cache */
	STATIC_FIELDS_MAX = 8 * 1024, /* bytes of a file's field lines */
	STATIC_KEY_MAX = 1024,
	STATIC_ETAG_MAX = 40,
};

/* `bytes`, at least STATIC_CACHE_MIN: of everything that is kept, but for content that is out of
 * the cache and still on its way to a client. */
struct static_cache *static_cache_new(size_t bytes, unsigned entries);
void static_cache_free(struct static_cache *cache); /* NULL is fine */
/* The longest content to be put: STATIC_FILE_MAX, or less of a small cache. */
size_t static_cache_file_max(const struct static_cache *cache);

struct static_key { /* not to be initialised */
	size_t len;
	char at[STATIC_KEY_MAX];
};
/* The representation in `coding` of the file at `path` of the UI behind `mount`, which is of this
 * Spark version. False when all that is too long. */
MUST_CHECK bool static_key_write(struct static_key *key, const struct mount *mount,
	const char *spark_version, struct str path, enum content_coding_kind coding);

struct static_file {
	struct str validators;	  /* field lines that a 304 has as well */
	struct str fields;	  /* all others but Date and framing */
	struct str etag;	  /* as in `validators`, quotes and all */
	struct str last_modified; /* as the UI said it; "": it did not */
	struct str content;
};
/* A strong one, for the representation that has this digest (RFC 9110 §8.8.3). */
void static_etag_write(
	char out[static STATIC_ETAG_MAX], const unsigned char digest[static DIGEST_LEN]);

enum static_found {
	STATIC_MISS,
	STATIC_HIT,
	STATIC_REFUSED, /* not to be kept; do not try for now */
};
/* `now` in any unit and from any start, the same as for `until`. `*file`: borrowed until the next
 * call that changes the cache. */
enum static_found static_cache_find(struct static_cache *cache, const struct static_key *key,
	int64_t now, const struct static_file **file);
/*
 * Copies `file`, good until then, in the place of what was there. `digest`: SHA-256 of the content,
 * or of what it was packed from and how; equal ones share the first one's content. Gives it back as
 * find does.
 */
const struct static_file *static_cache_put(struct static_cache *cache, const struct static_key *key,
	const struct static_file *file, const unsigned char digest[static DIGEST_LEN],
	int64_t until);
/* The content that has this digest, if any file has it; borrowed as `*file` is. */
bool static_cache_content(struct static_cache *cache, const unsigned char digest[static DIGEST_LEN],
	struct str *content);
/* Of these, too, only so many are kept, and they never push out a file. */
void static_cache_refuse(struct static_cache *cache, const struct static_key *key, int64_t until);
/* Adds the content to `out` without copying it: it lives until the last byte is sent. */
void static_cache_send(const struct static_file *file, struct evbuffer *out);

struct static_cache_counts {
	unsigned entries, contents;
	size_t bytes;
};
struct static_cache_counts static_cache_count(const struct static_cache *cache);

#endif
