/*
 * auth/secret_memo.h - the digests of the tokens and session ids that come again and again.
 *
 * A browser or a scraper sends the same secret with every request; comparing it with the one kept
 * costs a twentieth of a digest. Few slots, each in the place its secret's last bytes say, and only
 * of secrets that were good: a flood of others changes nothing here. Compared in a time that tells
 * nothing, overwritten before they are freed. One thread.
 */
#ifndef SPARKGATE_AUTH_SECRET_MEMO_H
#define SPARKGATE_AUTH_SECRET_MEMO_H

#include "auth/digest.h"

enum { SECRET_MEMO_SLOTS = 64, SECRET_MEMO_MAX = 2048 }; /* bytes of one; longer: not kept */

struct secret_memo;

struct secret_memo *secret_memo_new(void);
void secret_memo_free(struct secret_memo *memo); /* NULL is fine */
/* The digest put for this secret; NULL: not here. Borrowed until the next call. */
const unsigned char *secret_memo_find(const struct secret_memo *memo, struct str secret);
/* Copies both, if they are not here yet; takes the place of what was in the slot. */
void secret_memo_put(
	struct secret_memo *memo, struct str secret, const unsigned char digest[static DIGEST_LEN]);

#endif
