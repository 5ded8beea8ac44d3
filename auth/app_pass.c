#include "auth/app_pass.h"

#include "auth/b64url.h"
#include "auth/cookie.h"
#include "auth/seal.h"
#include "base/rnd.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdlib.h>

/* A code's text: random bytes, its end as 8 bytes, the session's id, the path. */
enum {
	END_AT = DIGEST_LEN,
	SESSION_AT = END_AT + 8,
	PATH_AT = SESSION_AT + SESSION_ID_LEN,
	TEXT_MAX = PATH_AT + APP_PATH_MAX,
};
static const char code_purpose[] = "application code", cookie_purpose[] = "application cookie";

void app_code_clear(struct app_code *code)
{
	free(code->path);
	OPENSSL_cleanse(code, sizeof *code);
}

/* Gives base64url of the seal. */
static char *seal_text(
	const struct keyring *ring, const char *purpose, struct str label, struct str text)
{
	struct store_bytes sealed;
	char *out;

	seal(ring, purpose, STR(""), label, text, &sealed);
	out = mem_alloc(sealed.len * 4 / 3 + 3, 1);
	b64url_encode(sealed.at, sealed.len, out);
	free(sealed.at);
	return out;
}

static int unseal_text(const struct keyring *ring, const char *purpose, struct str label,
	struct str sealed, char **text, size_t *len)
{
	unsigned char bytes[TEXT_MAX + SEAL_OVERHEAD];
	long count = b64url_decode(sealed, bytes, sizeof bytes);

	if (count == -1)
		return -1;
	return unseal(ring, purpose, STR(""), label,
		(struct str){(const char *)bytes, (size_t)count}, text, len);
}

char *app_code_new(const struct keyring *ring, struct str label, struct str session,
	struct str path, int64_t now)
{
	uint64_t ends_at = (uint64_t)(now + APP_CODE_SECONDS);
	char text[TEXT_MAX];

	assert(session.len == SESSION_ID_LEN && path.len <= APP_PATH_MAX);
	rnd_bytes(text, END_AT);
	for (size_t i = 0; i < 8; i++)
		text[END_AT + i] = (char)(ends_at >> (56 - 8 * i));
	memcpy(text + SESSION_AT, session.at, session.len);
	memcpy(text + PATH_AT, path.at, path.len);
	char *code = seal_text(ring, code_purpose, label, (struct str){text, PATH_AT + path.len});
	OPENSSL_cleanse(text, sizeof text);
	return code;
}

static void read_text(const char *text, size_t len, struct app_code *out)
{
	uint64_t ends_at = 0;

	digest_sha256((struct str){text, END_AT}, out->once);
	for (size_t i = 0; i < 8; i++)
		ends_at = ends_at << 8 | (unsigned char)text[END_AT + i];
	out->ends_at = (int64_t)ends_at;
	memcpy(out->session, text + SESSION_AT, SESSION_ID_LEN);
	out->path = mem_strndup(text + PATH_AT, len - PATH_AT);
}

int app_code_read(
	const struct keyring *ring, struct str label, struct str text, struct app_code *out)
{
	char *plain = NULL;
	size_t len = 0;

	memset(out, 0, sizeof *out);
	if (unseal_text(ring, code_purpose, label, text, &plain, &len) == -1)
		return -1;
	if (len > PATH_AT)
		read_text(plain, len, out);
	seal_plain_free(plain, len);
	return len > PATH_AT ? 0 : -1;
}

const char *app_cookie_name(const struct url *public_url)
{
	return public_url->tls ? "__Host-sparkgate-app" : "sparkgate-app";
}

char *app_cookie_new(const struct keyring *ring, const struct url *public_url, struct str label,
	struct str session)
{
	char *value = seal_text(ring, cookie_purpose, label, session);
	char *cookie = mem_printf("%s=%s; Path=/; HttpOnly; SameSite=Lax%s",
		app_cookie_name(public_url), value, public_url->tls ? "; Secure" : "");

	secret_free(value);
	return cookie;
}

bool app_cookie_read(const struct keyring *ring, const struct url *public_url, struct str label,
	const struct str *cookies, size_t count, char session[static SESSION_ID_LEN + 1])
{
	struct str value;
	char *plain = NULL;
	size_t len = 0;

	if (!cookie_find(cookies, count, str_of(app_cookie_name(public_url)), &value) ||
		unseal_text(ring, cookie_purpose, label, value, &plain, &len) == -1)
		return false;
	bool is_id = str_copy((struct str){plain, len}, session, SESSION_ID_LEN + 1) &&
		     session_is_id(str_of(session));
	seal_plain_free(plain, len);
	return is_id;
}
