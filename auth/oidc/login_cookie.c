#include "auth/oidc/login_cookie.h"

#include "base/rnd.h"
#include "base/text/b64url.h"
#include "auth/session/cookie.h"
#include "auth/jose/jwt.h"
#include "auth/oidc/oidc_url.h"
#include "auth/keys/seal.h"
#include "conf/providers.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* A state's text: random bytes, digest of the browser's value, its beginning as 8 bytes, the
 * session then, whether it is begun again, the path. */
enum {
	ID_LEN = 32,
	BROWSER_AT = ID_LEN,
	BEGAN_AT = BROWSER_AT + DIGEST_LEN,
	SESSION_AT = BEGAN_AT + 8,
	AGAIN_AT = SESSION_AT + LOGIN_SESSION,
	PATH_AT = AGAIN_AT + 1,
	TEXT_MAX = PATH_AT + LOGIN_PATH_MAX,
	SEALED_MAX = TEXT_MAX + SEAL_OVERHEAD,
	LOOKED_AT = 2 * LOGIN_SLOTS, /* cookies: a browser has no more of ours */
};
static_assert((SEALED_MAX + 2) / 3 * 4 <= LOGIN_STATE_MAX, "the longest state fits");

static const char slots[] = "0123456789abcdefghijklmnopqrstuv";
static_assert(sizeof slots - 1 == LOGIN_SLOTS, "each slot has a letter");

static const char *const purposes[AUTH_SITES] = {
	[AUTH_SITE_PUBLIC] = "state of a sign-in",
	[AUTH_SITE_ADMIN] = "state of a sign-in to the admin site",
};

struct browser { /* one of our cookies */
	char name[SESSION_COOKIE_MAX];
	char value[SESSION_ID_LEN + 1]; /* secret */
};

void login_cookie_clear(struct login_cookie *login)
{
	free(login->issuer);
	secret_free(login->return_path);
	secret_free(login->set_cookie);
	OPENSSL_cleanse(login, sizeof *login);
}

void login_cookie_prefix(
	const struct conf *conf, enum auth_site site, char out[static SESSION_COOKIE_MAX])
{
	size_t len;

	session_cookie_name(conf, site, "-login", out);
	len = strlen(out);
	assert(len + 2 < SESSION_COOKIE_MAX); /* and a slot's letter */
	memcpy(out + len, "-", 2);
}

static const struct url *url_of_site(const struct conf *conf, enum auth_site site)
{
	return &sign_in_site_listen(conf, site)->public_url;
}

/* --- the browser's value --- */

static bool is_slot(struct str name, struct str prefix)
{
	return str_starts(name, prefix) && name.len == prefix.len + 1 &&
	       str_find_byte(str_of(slots), name.at[prefix.len]) != -1;
}

static bool is_of(struct str value, const unsigned char *digest)
{
	unsigned char found[DIGEST_LEN];

	digest_sha256(value, found);
	return CRYPTO_memcmp(found, digest, DIGEST_LEN) == 0;
}

/* The first of the browser's values, or the one of this digest: "" when there is none. Gives how
 * many values it has. */
static size_t find_browser(const struct conf *conf, const struct login_cookie_jar *jar,
	const unsigned char *digest, struct browser *out)
{
	char prefix[SESSION_COOKIE_MAX];
	struct cookie_walk walk = {jar->cookies, jar->count, {NULL, 0}};
	struct str name, value;
	size_t count = 0;

	memset(out, 0, sizeof *out);
	login_cookie_prefix(conf, jar->site, prefix);
	while (count < LOOKED_AT && cookie_next(&walk, &name, &value)) {
		if (!is_slot(name, str_of(prefix)) || !session_is_id(value))
			continue;
		count++;
		if (out->value[0] == '\0' && (digest == NULL || is_of(value, digest)) &&
			str_copy(name, out->name, sizeof out->name))
			(void)str_copy(value, out->value, sizeof out->value);
	}
	return count;
}

/* Slots come round, so that as many sign-ins of one moment as there are slots take different ones.
 * Two gateways may take the same: the sign-in whose cookie is replaced begins again. */
static char next_slot(void)
{
	static atomic_uint turn;

	return slots[atomic_fetch_add_explicit(&turn, 1, memory_order_relaxed) % LOGIN_SLOTS];
}

static void take_browser(
	const struct conf *conf, const struct login_cookie_jar *jar, struct browser *out)
{
	find_browser(conf, jar, NULL, out);
	if (out->value[0])
		return;
	session_new_id(out->value);
	login_cookie_prefix(conf, jar->site, out->name);
	size_t len = strlen(out->name);
	out->name[len] = next_slot();
	out->name[len + 1] = '\0';
}

/* `value` empty: the cookie ends. */
static char *write_cookie(
	const struct conf *conf, enum auth_site site, const char *name, const char *value)
{
	return mem_printf("%s=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%d%s", name, value,
		value[0] ? LOGIN_SECONDS : 0, url_of_site(conf, site)->tls ? "; Secure" : "");
}

/* Nonce or verifier: nobody makes it without the browser's value, nor without the state's bits. */
static void make_secret(const struct browser *browser, const char *purpose, const unsigned char *id,
	char out[static SESSION_ID_LEN + 1])
{
	const struct str parts[] = {str_of(purpose), {(const char *)id, ID_LEN}};
	unsigned char digest[DIGEST_LEN];
	char text[DIGEST_LEN * 4 / 3 + 3];

	digest_hmac(str_of(browser->value), parts, ARRAY_LEN(parts), digest);
	b64url_encode(digest, sizeof digest, text);
	memcpy(out, text, SESSION_ID_LEN + 1);
	OPENSSL_cleanse(digest, sizeof digest);
	OPENSSL_cleanse(text, sizeof text);
}

/* --- the state --- */

/* S24 is the caller's to keep; a Location field needs no less than visible ASCII. */
static bool is_path(struct str path)
{
	for (size_t i = 0; i < path.len; i++) {
		if (path.at[i] <= 0x20 || path.at[i] > 0x7e)
			return false;
	}
	return path.len > 0 && path.len <= LOGIN_PATH_MAX && path.at[0] == '/';
}

static char *path_of(const struct conf *conf, enum auth_site site, struct str path)
{
	ptrdiff_t fragment = str_find_byte(path, '#');

	if (path.len > LOGIN_PATH_MAX && fragment != -1)
		path.len = (size_t)fragment;
	return is_path(path) ? mem_strndup(path.at, path.len)
			     : mem_printf("%s/", sign_in_site_listen(conf, site)->base);
}

/* Gives base64url of the seal. */
static char *seal_state(
	const struct keyring *ring, const char *issuer, enum auth_site site, struct str text)
{
	struct store_bytes sealed;
	char *state;

	seal(ring, purposes[site], STR(""), str_of(issuer), text, &sealed);
	state = mem_alloc(sealed.len * 4 / 3 + 3, 1);
	b64url_encode(sealed.at, sealed.len, state);
	free(sealed.at);
	return state;
}

/* The issuer whose seal it is: borrows; NULL: nobody's. */
static const char *unseal_state(const struct keyring *ring, const struct conf *conf,
	enum auth_site site, struct str state, char **text, size_t *len)
{
	unsigned char sealed[SEALED_MAX];
	long sealed_len = b64url_decode(state, sealed, sizeof sealed);

	for (size_t i = 0; i < conf->oidc_count && sealed_len != -1; i++) {
		const char *issuer = conf->oidc[i].issuer;

		if (unseal(ring, purposes[site], STR(""), str_of(issuer),
			    (struct str){(const char *)sealed, (size_t)sealed_len}, text, len) == 0)
			return issuer;
	}
	return NULL;
}

/* Gives the state. */
static char *write_state(const struct keyring *ring, const char *issuer,
	const struct login_cookie_jar *jar, const unsigned char *id, const struct browser *browser,
	const char *path, bool is_again, int64_t now)
{
	unsigned char text[TEXT_MAX];
	size_t len = strlen(path);

	memcpy(text, id, ID_LEN);
	digest_sha256(str_of(browser->value), text + BROWSER_AT);
	for (size_t i = 0; i < 8; i++)
		text[BEGAN_AT + i] = (unsigned char)((uint64_t)now >> (56 - 8 * i));
	memcpy(text + SESSION_AT, jar->session, LOGIN_SESSION);
	text[AGAIN_AT] = is_again;
	memcpy(text + PATH_AT, path, len);
	char *state = seal_state(
		ring, issuer, jar->site, (struct str){(const char *)text, PATH_AT + len});
	OPENSSL_cleanse(text, sizeof text);
	return state;
}

/* --- a sign-in --- */

static char *location_of(const struct oidc_provider *provider, const struct conf *conf,
	enum auth_site site, const char *state, const struct browser *browser,
	const unsigned char *id)
{
	unsigned char digest[DIGEST_LEN];
	char challenge[DIGEST_LEN * 4 / 3 + 3], nonce[SESSION_ID_LEN + 1],
		verifier[SESSION_ID_LEN + 1];
	const struct oidc_authorization authorization = {
		conf_provider_of(conf, str_of(provider->issuer)), state, nonce, challenge, site};

	make_secret(browser, "nonce", id, nonce);
	make_secret(browser, "verifier", id, verifier);
	digest_sha256(str_of(verifier), digest);
	b64url_encode(digest, sizeof digest, challenge);
	char *location = oidc_authorization_url(provider, conf, &authorization);
	OPENSSL_cleanse(verifier, sizeof verifier);
	return location;
}

struct login_cookie_start login_cookie_begin(const struct keyring *ring, const struct conf *conf,
	const struct oidc_provider *provider, const struct login_cookie_jar *jar,
	struct str return_path, bool is_again, int64_t now)
{
	char *path = path_of(conf, jar->site, return_path);
	struct login_cookie_start start;
	unsigned char id[ID_LEN];
	struct browser browser;

	rnd_bytes(id, sizeof id);
	take_browser(conf, jar, &browser);
	char *state = write_state(ring, provider->issuer, jar, id, &browser, path, is_again, now);
	start.location = location_of(provider, conf, jar->site, state, &browser, id);
	start.set_cookie = write_cookie(conf, jar->site, browser.name, browser.value);
	OPENSSL_cleanse(&browser, sizeof browser);
	OPENSSL_cleanse(id, sizeof id);
	secret_free(state);
	free(path);
	return start;
}

/* Another gateway's clock may be a little ahead of ours. */
static bool is_fresh(const unsigned char *text, int64_t now)
{
	uint64_t began_at = 0;

	for (size_t i = 0; i < 8; i++)
		began_at = began_at << 8 | text[BEGAN_AT + i];
	return now - (int64_t)began_at < LOGIN_SECONDS && (int64_t)began_at <= now + JWT_SKEW;
}

static void read_state(const struct conf *conf, const struct login_cookie_jar *jar,
	const unsigned char *text, size_t len, int64_t now, struct login_cookie *out)
{
	struct browser browser;

	out->return_path = mem_strndup((const char *)text + PATH_AT, len - PATH_AT);
	out->is_again = text[AGAIN_AT] != 0;
	out->is_one_of_many = find_browser(conf, jar, text + BROWSER_AT, &browser) > 1;
	out->is_known = is_fresh(text, now) && browser.value[0];
	if (!out->is_known)
		return;
	out->is_same_session = memcmp(text + SESSION_AT, jar->session, LOGIN_SESSION) == 0;
	digest_sha256((struct str){(const char *)text, ID_LEN}, out->once);
	make_secret(&browser, "nonce", text, out->nonce);
	make_secret(&browser, "verifier", text, out->verifier);
	out->set_cookie = write_cookie(conf, jar->site, browser.name, "");
	OPENSSL_cleanse(&browser, sizeof browser);
}

bool login_cookie_finish(const struct keyring *ring, const struct conf *conf,
	const struct login_cookie_jar *jar, struct str state, int64_t now, struct login_cookie *out)
{
	char *text = NULL;
	size_t len = 0;

	memset(out, 0, sizeof *out);
	const char *issuer = unseal_state(ring, conf, jar->site, state, &text, &len);
	if (issuer == NULL)
		return false;
	out->issuer = mem_strdup(issuer);
	if (len > PATH_AT)
		read_state(conf, jar, (const unsigned char *)text, len, now, out);
	seal_plain_free(text, len);
	return out->return_path != NULL;
}
