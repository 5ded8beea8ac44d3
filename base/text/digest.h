/*
 * base/text/digest.h - SHA-256, and what is built on it: what the store keeps in place of every
 * secret (S34), keyed names (S26), keys derived from keys.
 *
 * Any thread.
 */
#ifndef SPARKGATE_BASE_TEXT_DIGEST_H
#define SPARKGATE_BASE_TEXT_DIGEST_H

#include "base/mem.h"
#include "base/str.h"

enum { DIGEST_LEN = 32 };

void digest_sha256(struct str bytes, unsigned char out[static DIGEST_LEN]);

/* SHA-256 of what comes in pieces. One thread at a time. */
struct digest_run;
struct digest_run *digest_run_new(void); /* gives */
void digest_run_add(struct digest_run *run, const void *bytes, size_t len);
/* Once; nothing can be added any more. */
void digest_run_end(struct digest_run *run, unsigned char out[static DIGEST_LEN]);
void digest_run_free(struct digest_run *run); /* NULL is fine */

/* HMAC-SHA-256 (RFC 2104) of the parts, one after the other. */
void digest_hmac(struct str key, const struct str *parts, size_t count,
	unsigned char out[static DIGEST_LEN]);
/* HKDF-SHA-256 (RFC 5869) for one block of output; an empty salt is the RFC's default one. */
void digest_hkdf(struct str material, struct str salt, struct str info,
	unsigned char out[static DIGEST_LEN]);

#endif
