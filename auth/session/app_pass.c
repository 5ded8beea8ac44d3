#include "auth/session/app_pass.h"

#include "base/text/b64url.h"
#include "auth/keys/seal.h"
#include "base/rnd.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

/* A code's text: random bytes, the browser's digest, its end as 8 bytes, the session's id, the
 * path.
 */
enum {
	BROWSER_AT = DIGEST_LEN,
	END_AT = BROWSER_AT + DIGEST_LEN,
	SESSION_AT = END_AT + 8,
	PATH_AT = SESSION_AT + SESSION_ID_LEN,
	TEXT_MAX = PATH_AT + APP_PATH_MAX,
};
static const char code_purpose[] = "application code", cookie_purpose[] = "application cookie";

void app_pass_code_clear(struct app_pass_code *code)
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

char *app_pass_code_new(const struct keyring *ring, struct str label, struct str session,
	const unsigned char browser[static DIGEST_LEN], struct str path, int64_t now)
{
	uint64_t ends_at = (uint64_t)(now + APP_CODE_SECONDS);
	char text[TEXT_MAX];

	assert(session.len == SESSION_ID_LEN && path.len <= APP_PATH_MAX);
	rnd_bytes(text, BROWSER_AT);
	memcpy(text + BROWSER_AT, browser, DIGEST_LEN);
	for (size_t i = 0; i < 8; i++)
		text[END_AT + i] = (char)(ends_at >> (56 - 8 * i));
	memcpy(text + SESSION_AT, session.at, session.len);
	memcpy(text + PATH_AT, path.at, path.len);
	char *code = seal_text(ring, code_purpose, label, (struct str){text, PATH_AT + path.len});
	OPENSSL_cleanse(text, sizeof text);
	return code;
}

static void read_sealed_text(const char *text, size_t len, struct app_pass_code *out)
{
	uint64_t ends_at = 0;

	digest_sha256((struct str){text, BROWSER_AT}, out->once);
	memcpy(out->browser, text + BROWSER_AT, DIGEST_LEN);
	for (size_t i = 0; i < 8; i++)
		ends_at = ends_at << 8 | (unsigned char)text[END_AT + i];
	out->ends_at = (int64_t)ends_at;
	memcpy(out->session, text + SESSION_AT, SESSION_ID_LEN);
	out->path = mem_strndup(text + PATH_AT, len - PATH_AT);
}

int app_pass_code_read(
	const struct keyring *ring, struct str label, struct str text, struct app_pass_code *out)
{
	char *plain = NULL;
	size_t len = 0;

	memset(out, 0, sizeof *out);
	if (unseal_text(ring, code_purpose, label, text, &plain, &len) == -1)
		return -1;
	if (len > PATH_AT)
		read_sealed_text(plain, len, out);
	seal_plain_free(plain, len);
	return len > PATH_AT ? 0 : -1;
}

/* --- the entry cookie --- */

enum { ENTRY_TAG = 8, ENTRY_NAME = 48 }; /* so much of the digest is in the name */

static const char *entry_prefix(const struct url *public_url)
{
	return public_url->tls ? "__Host-sparkgate-entry-" : "sparkgate-entry-";
}

static void write_digest(struct str value, char out[static APP_ENTRY_LEN + 1])
{
	char text[DIGEST_LEN * 4 / 3 + 3];
	unsigned char bytes[DIGEST_LEN];

	digest_sha256(value, bytes);
	b64url_encode(bytes, sizeof bytes, text);
	memcpy(out, text, APP_ENTRY_LEN + 1);
}

/* A name of its own for each value: tabs that open together ask before any has an answer, and the
 * last one's cookie must not take the others' place. */
static void write_name(
	const struct url *public_url, const char *digest, char out[static ENTRY_NAME])
{
	snprintf(out, ENTRY_NAME, "%s%.*s", entry_prefix(public_url), (int)ENTRY_TAG, digest);
}

/* The value of any entry cookie that the browser has, so that it does not collect them. */
static bool find_entry(
	const struct url *public_url, const struct str *cookies, size_t count, struct str *value)
{
	struct cookie_walk walk = {cookies, count, {NULL, 0}};
	struct str prefix = str_of(entry_prefix(public_url)), name;

	while (cookie_next(&walk, &name, value)) {
		if (str_starts(name, prefix) && session_is_id(*value))
			return true;
	}
	return false;
}

char *app_pass_entry_new(const struct url *public_url, const struct str *cookies, size_t count,
	char digest[static APP_ENTRY_LEN + 1])
{
	char value[SESSION_ID_LEN + 1], name[ENTRY_NAME];
	struct str known;

	if (!find_entry(public_url, cookies, count, &known) ||
		!str_copy(known, value, sizeof value))
		session_new_id(value);
	write_digest(str_of(value), digest);
	write_name(public_url, digest, name);
	char *cookie = mem_printf("%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax%s", name,
		value, APP_ENTRY_SECONDS, public_url->tls ? "; Secure" : "");
	OPENSSL_cleanse(value, sizeof value);
	return cookie;
}

bool app_pass_entry_read(struct str text, unsigned char digest[static DIGEST_LEN])
{
	return text.len == APP_ENTRY_LEN && b64url_decode(text, digest, DIGEST_LEN) == DIGEST_LEN;
}

bool app_pass_entry_is(const struct url *public_url, const struct str *cookies, size_t count,
	const unsigned char digest[static DIGEST_LEN])
{
	char text[DIGEST_LEN * 4 / 3 + 3], name[ENTRY_NAME];
	unsigned char found[DIGEST_LEN];
	struct str values[COOKIES_TRIED];
	bool is_it = false;

	b64url_encode(digest, DIGEST_LEN, text);
	write_name(public_url, text, name);
	size_t n = cookie_find(cookies, count, str_of(name), values);
	for (size_t i = 0; i < n && !is_it; i++) {
		digest_sha256(values[i], found);
		is_it = CRYPTO_memcmp(found, digest, DIGEST_LEN) == 0;
	}
	return is_it;
}

/* --- the application's cookie --- */

const char *app_pass_cookie_name(const struct url *public_url)
{
	return public_url->tls ? "__Host-sparkgate-app" : "sparkgate-app";
}

char *app_pass_cookie_new(const struct keyring *ring, const struct url *public_url,
	struct str label, struct str session)
{
	char *value = seal_text(ring, cookie_purpose, label, session);
	char *cookie = mem_printf("%s=%s; Path=/; HttpOnly; SameSite=Lax%s",
		app_pass_cookie_name(public_url), value, public_url->tls ? "; Secure" : "");

	secret_free(value);
	return cookie;
}

static bool read_session(const struct keyring *ring, struct str label, struct str value,
	char session[static SESSION_ID_LEN + 1])
{
	char *plain = NULL;
	size_t len = 0;

	if (unseal_text(ring, cookie_purpose, label, value, &plain, &len) == -1)
		return false;
	bool is_id = str_copy((struct str){plain, len}, session, SESSION_ID_LEN + 1) &&
		     session_is_id(str_of(session));
	seal_plain_free(plain, len);
	return is_id;
}

size_t app_pass_cookie_read(const struct keyring *ring, const struct url *public_url,
	struct str label, const struct str *cookies, size_t count,
	char sessions[static COOKIES_TRIED][SESSION_ID_LEN + 1])
{
	struct str values[COOKIES_TRIED];
	size_t found = cookie_find(
		       cookies, count, str_of(app_pass_cookie_name(public_url)), values),
	       read = 0;

	for (size_t i = 0; i < found; i++)
		read += read_session(ring, label, values[i], sessions[read]);
	return read;
}
