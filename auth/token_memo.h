/*
 * auth/token_memo.h - the digests of the tokens that come again and again.
 *
 * A browser or a scraper sends the same token with every request; comparing it with the one kept
 * costs a twentieth of a digest. Few slots, each in the place its token's last bytes say, and only
 * of tokens that are good: a flood of others changes nothing here. The tokens are secrets: compared
 * in a time that tells nothing, overwritten before they are freed. One thread.
 */
#ifndef SPARKGATE_AUTH_TOKEN_MEMO_H
#define SPARKGATE_AUTH_TOKEN_MEMO_H

#include "base/str.h"

enum { TOKEN_KEY = 32 };			       /* bytes of a digest */
enum { TOKEN_MEMO_SLOTS = 64, TOKEN_MEMO_MAX = 2048 }; /* of a token's bytes; longer: not kept */

struct token_memo;

struct token_memo *token_memo_new(void);
void token_memo_free(struct token_memo *memo); /* NULL is fine */
/* The digest put for this token; NULL: not here. Borrowed until the next call. */
const unsigned char *token_memo_find(const struct token_memo *memo, struct str token);
/* Copies both; takes the place of what was in its slot. */
void token_memo_put(
	struct token_memo *memo, struct str token, const unsigned char digest[static TOKEN_KEY]);

#endif
