#include "auth/session/token_secret.h"

#include "base/text/b64url.h"
#include "auth/session/session.h"
#include "base/rnd.h"

#include <openssl/crypto.h>

static const char *const prefixes[] = {[TOKEN_REFRESH] = "sgrt_", [TOKEN_REGISTRATION] = "sgrg_"};

static void digest_text(const char *text, size_t len, unsigned char out[static DIGEST_LEN])
{
	digest_sha256((struct str){text, len}, out);
}

static void make_family(char out[static TOKEN_SECRET_FAMILY + 1])
{
	unsigned char bytes[16];
	char text[sizeof bytes * 4 / 3 + 3];

	rnd_bytes(bytes, sizeof bytes);
	b64url_encode(bytes, sizeof bytes, text);
	memcpy(out, text, TOKEN_SECRET_FAMILY + 1);
	OPENSSL_cleanse(bytes, sizeof bytes);
	OPENSSL_cleanse(text, sizeof text);
}

static char *assemble(enum token_secret_kind kind, const char *id, const char *family_text,
	const char *fresh, unsigned char family[static DIGEST_LEN],
	unsigned char secret[static DIGEST_LEN])
{
	char *text = mem_printf("%s%s%s%s", prefixes[kind], id, family_text, fresh);

	digest_text(family_text, TOKEN_SECRET_FAMILY, family);
	digest_text(text, TOKEN_SECRET_LEN, secret);
	return text;
}

char *token_secret_make(enum token_secret_kind kind, const char *id, const char *family_text,
	unsigned char family[static DIGEST_LEN], unsigned char secret[static DIGEST_LEN])
{
	char mine[TOKEN_SECRET_FAMILY + 1], fresh[SESSION_ID_LEN + 1];

	if (family_text)
		memcpy(mine, family_text, sizeof mine);
	else
		make_family(mine);
	session_new_id(fresh);
	char *text = assemble(kind, id, mine, fresh, family, secret);
	OPENSSL_cleanse(mine, sizeof mine);
	OPENSSL_cleanse(fresh, sizeof fresh);
	return text;
}

char *token_secret_next(const char *id, const char *family_text,
	const unsigned char fresh[static DIGEST_LEN], unsigned char family[static DIGEST_LEN],
	unsigned char secret[static DIGEST_LEN])
{
	char text[DIGEST_LEN * 4 / 3 + 3];

	b64url_encode(fresh, DIGEST_LEN, text);
	char *next = assemble(TOKEN_REFRESH, id, family_text, text, family, secret);
	OPENSSL_cleanse(text, sizeof text);
	return next;
}

static bool read_kind(struct str text, enum token_secret_kind *out)
{
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		if (str_starts(text, str_of(prefixes[i]))) {
			*out = (enum token_secret_kind)i;
			return true;
		}
	}
	return false;
}

bool token_secret_is_ours(struct str text)
{
	enum token_secret_kind kind;

	return read_kind(text, &kind);
}

static bool is_hex(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (memchr("0123456789abcdef", text[i], 16) == NULL)
			return false;
	}
	return true;
}

bool token_secret_parse(struct str text, struct token_secret *out)
{
	const char *id = text.at + TOKEN_SECRET_PREFIX, *family = id + TOKEN_ID_LEN;
	struct str fresh = {family + TOKEN_SECRET_FAMILY, SESSION_ID_LEN};

	memset(out, 0, sizeof *out);
	if (text.len != TOKEN_SECRET_LEN || !read_kind(text, &out->kind) ||
		!is_hex(id, TOKEN_ID_LEN) || !session_is_id(fresh))
		return false;
	memcpy(out->id, id, TOKEN_ID_LEN);
	memcpy(out->family_text, family, TOKEN_SECRET_FAMILY);
	digest_text(family, TOKEN_SECRET_FAMILY, out->family);
	digest_text(text.at, text.len, out->secret);
	return true;
}
