#include "auth/token_memo.h"

#include "base/mem.h"
#include "base/siphash.h"

#include <stdlib.h>

enum { TAIL = 16 }; /* bytes of a token's end: of its signature, or as random */

struct slot {
	char *token; /* NULL: empty */
	size_t len;
	unsigned char digest[TOKEN_KEY];
};

struct token_memo {
	struct slot slots[TOKEN_MEMO_SLOTS];
};

struct token_memo *token_memo_new(void)
{
	return mem_alloc(1, sizeof(struct token_memo));
}

static void forget(struct slot *slot)
{
	if (slot->token)
		explicit_bzero(slot->token, slot->len);
	free(slot->token);
	slot->token = NULL;
}

void token_memo_free(struct token_memo *memo)
{
	for (size_t i = 0; memo && i < TOKEN_MEMO_SLOTS; i++)
		forget(&memo->slots[i]);
	free(memo);
}

static size_t place_of(struct str token)
{
	return siphash_secret(token.at + token.len - TAIL, TAIL) % TOKEN_MEMO_SLOTS;
}

static bool is_kept(struct str token)
{
	return token.len >= TAIL && token.len <= TOKEN_MEMO_MAX;
}

static uint64_t differ_at(const char *a, const char *b, size_t at)
{
	uint64_t x, y;

	memcpy(&x, a + at, sizeof x);
	memcpy(&y, b + at, sizeof y);
	return x ^ y;
}

/* Every byte is looked at, eight at a time; `len` is at least that. */
static bool is_same(const char *a, const char *b, size_t len)
{
	uint64_t differ = differ_at(a, b, len - 8);

	for (size_t at = 0; at + 8 <= len; at += 8)
		differ |= differ_at(a, b, at);
	return differ == 0;
}

const unsigned char *token_memo_find(const struct token_memo *memo, struct str token)
{
	if (!is_kept(token))
		return NULL;
	const struct slot *slot = &memo->slots[place_of(token)];
	bool found =
		slot->token && slot->len == token.len && is_same(slot->token, token.at, token.len);
	return found ? slot->digest : NULL;
}

void token_memo_put(
	struct token_memo *memo, struct str token, const unsigned char digest[static TOKEN_KEY])
{
	if (!is_kept(token))
		return;
	struct slot *slot = &memo->slots[place_of(token)];
	forget(slot);
	slot->token = mem_alloc(1, token.len);
	memcpy(slot->token, token.at, token.len);
	slot->len = token.len;
	memcpy(slot->digest, digest, TOKEN_KEY);
}
