/*
 * auth/keys/seal.h - AES-256-GCM around what the store and cookies keep (S26).
 *
 * Layout: version byte, 4 bytes naming the ring's key, 12 bytes nonce, ciphertext, 16 bytes tag.
 * The content key is HKDF-SHA-256 of the ring's key with `secret` (a session's cookie value; may be
 * empty) for `purpose`. Authenticated with it: purpose, version, key name and `context` (the store
 * key), so that nothing sealed can be put in another's place. Pure but for the nonce; any thread.
 */
#ifndef SPARKGATE_AUTH_KEYS_SEAL_H
#define SPARKGATE_AUTH_KEYS_SEAL_H

#include "auth/keys/keyring.h"
#include "auth/store/store.h"

enum { SEAL_HEAD = 1 + KEYRING_NAME + 12, SEAL_TAG = 16, SEAL_OVERHEAD = SEAL_HEAD + SEAL_TAG };

/* Gives plain.len + SEAL_OVERHEAD bytes in `out`. */
void seal(const struct keyring *ring, const char *purpose, struct str secret, struct str context,
	struct str plain, struct store_bytes *out);
/* Gives the text, with a NUL after it: seal_plain_free() it. -1: not ours, not for this place, or
 * changed. */
MUST_CHECK int unseal(const struct keyring *ring, const char *purpose, struct str secret,
	struct str context, struct str sealed, char **plain, size_t *len);
void seal_plain_free(char *plain, size_t len); /* wipes; NULL is fine */

#endif
