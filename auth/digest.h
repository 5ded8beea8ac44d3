/* auth/digest.h - SHA-256: what the store keeps in place of every secret (S34). */
#ifndef SPARKGATE_AUTH_DIGEST_H
#define SPARKGATE_AUTH_DIGEST_H

#include "base/str.h"

enum { DIGEST_LEN = 32 };

/* Any thread. */
void digest_sha256(struct str bytes, unsigned char out[static DIGEST_LEN]);

#endif
