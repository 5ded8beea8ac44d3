/*
 * auth/keys/keyring.h - the gateway's sealing keys: one that seals, and the one before it that
 * still opens (S26).
 *
 * The key comes from session.key_file (a line or two: the new one, the old one), else from
 * session.key in the folder of an SQLite store (made at the first start, 0600), else, on a store
 * that replicas share, from the secret of the only OpenID client, which all of them have, and
 * failing that from a random text in the store itself. A key beside what it locks is worth little;
 * it is still right as the last resort, for what a session holds opens only with its cookie's value
 * as well, which no store has. Names in labels are then as safe as the store.
 *
 * Immutable; any thread.
 */
#ifndef SPARKGATE_AUTH_KEYS_KEYRING_H
#define SPARKGATE_AUTH_KEYS_KEYRING_H

#include "base/text/digest.h"
#include "base/err.h"

struct conf;
struct store;
struct keyring;

enum { KEYRING_NAME = 4 };

/* `store` is for the last resort. Blocks for a disk or a network. NULL and a reason. */
MUST_CHECK struct keyring *keyring_open(
	const struct conf *conf, struct store *store, struct err *err);
/* The same for who only reads: a key that is not there is not made, and none of what was sealed
 * opens then. */
MUST_CHECK struct keyring *keyring_peek(
	const struct conf *conf, struct store *store, struct err *err);
/* What to do when something in a shared store was sealed with another key than this
 * configuration's, which depends on where that is from. */
const char *keyring_way_back(const struct conf *conf);
/* From key material of at least 16 bytes each; `old` may be empty. */
struct keyring *keyring_new(struct str now, struct str old);
struct keyring *keyring_ref(struct keyring *ring); /* shares */
void keyring_unref(struct keyring *ring);	   /* wipes; NULL is fine */

/* A keyed digest of `purpose` and the parts (four at most), for indexes. `which` 0: under the
 * new key, 1: under the old one (indexes are looked up under both). False: there is no old key. */
bool keyring_digest(const struct keyring *ring, int which, const char *purpose,
	const struct str *parts, size_t count, unsigned char out[static DIGEST_LEN]);

/* --- for auth/keys/seal.c --- */

/* What a seal says of the key that made it: no secret. */
void keyring_name(const struct keyring *ring, unsigned char out[static KEYRING_NAME]);
/* The `which` of this name, or -1. */
int keyring_find(const struct keyring *ring, const unsigned char name[static KEYRING_NAME]);
/* Derives a key for `purpose` from the ring's and `secret` (may be empty). Wipe it. */
void keyring_derive(const struct keyring *ring, int which, const char *purpose, struct str secret,
	unsigned char out[static DIGEST_LEN]);

#endif
