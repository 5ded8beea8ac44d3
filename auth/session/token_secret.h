/*
 * auth/session/token_secret.h - refresh and registration tokens: opaque, good once (S34, S36).
 *
 * A text of a prefix, the record's id, a part that the whole family shares and a part that is new
 * every time. The record has digests: of the family's part, and of the text that is good now. So a
 * text that was good once is told from one that never was, without keeping what was used.
 */
#ifndef SPARKGATE_AUTH_SESSION_TOKEN_SECRET_H
#define SPARKGATE_AUTH_SESSION_TOKEN_SECRET_H

#include "base/mem.h"
#include "base/str.h"
#include "base/text/digest.h"

enum token_secret_kind { TOKEN_REFRESH, TOKEN_REGISTRATION };
enum {
	TOKEN_ID_LEN = 32,	  /* hexadecimal digits of a token's id */
	TOKEN_SECRET_PREFIX = 5,  /* "sgrt_", "sgrg_" */
	TOKEN_SECRET_FAMILY = 22, /* 128 bits in base64url */
	TOKEN_SECRET_LEN = TOKEN_SECRET_PREFIX + TOKEN_ID_LEN + TOKEN_SECRET_FAMILY + 43,
};

struct token_secret {
	enum token_secret_kind kind;
	char id[TOKEN_ID_LEN + 1];
	char family_text[TOKEN_SECRET_FAMILY + 1]; /* wipe it */
	unsigned char family[DIGEST_LEN], secret[DIGEST_LEN];
};

/* Gives a text: secret_free() it. `family_text` NULL: a new family. Writes the digests. What is new
 * in it is random. */
char *token_secret_make(enum token_secret_kind kind, const char *id, const char *family_text,
	unsigned char family[static DIGEST_LEN], unsigned char secret[static DIGEST_LEN]);
/* The same of a refresh token's family, with these bytes for what is new (S88). */
char *token_secret_next(const char *id, const char *family_text,
	const unsigned char fresh[static DIGEST_LEN], unsigned char family[static DIGEST_LEN],
	unsigned char secret[static DIGEST_LEN]);
/* Whether it begins as ours do, good or not: nobody else is to see it. */
bool token_secret_is_ours(struct str text);
/* False when it can be none of ours. */
MUST_CHECK bool token_secret_parse(struct str text, struct token_secret *out);

#endif
