#include "auth/oidc/login_cookie.h"

#include "base/text/b64url.h"
#include "auth/session/cookie.h"
#include "auth/jose/jwt.h"
#include "auth/oidc/oidc_url.h"
#include "auth/keys/seal.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

/* A sign-in is a line: state, nonce, verifier, time and return path, with spaces between. */
enum {
	LINE_FIXED = 3 * (SESSION_ID_LEN + 1) + 22,
	SEALED_MAX = LOGIN_COOKIE_MAX * 3 / 4,
	TEXT_MAX = SEALED_MAX - SEAL_OVERHEAD,
};

static const char *const purposes[AUTH_SITES] = {
	[AUTH_SITE_PUBLIC] = "sign-ins under way",
	[AUTH_SITE_ADMIN] = "sign-ins under way to the admin site",
};

struct login_cookies { /* oldest first */
	struct login_cookie at[LOGINS_MAX];
	size_t count;
};

void login_cookie_clear(struct login_cookie *login)
{
	secret_free(login->return_path);
	OPENSSL_cleanse(login, sizeof *login);
}

/* Takes the i-th out; the caller has what was in it. */
static struct login_cookie take_login(struct login_cookies *logins, size_t i)
{
	struct login_cookie taken = logins->at[i];

	logins->count--;
	memmove(&logins->at[i], &logins->at[i + 1], (logins->count - i) * sizeof taken);
	return taken;
}

static void drop_login(struct login_cookies *logins, size_t i)
{
	struct login_cookie dropped = take_login(logins, i);

	login_cookie_clear(&dropped);
}

static void clear_all(struct login_cookies *logins)
{
	while (logins->count > 0)
		drop_login(logins, logins->count - 1);
	OPENSSL_cleanse(logins, sizeof *logins);
}

const char *login_cookie_name(enum auth_site site, const struct url *public_url)
{
	static const char *const names[AUTH_SITES][2] = {
		[AUTH_SITE_PUBLIC] = {"sparkgate-login", "__Host-sparkgate-login"},
		[AUTH_SITE_ADMIN] = {"sparkgate-admin-login", "__Host-sparkgate-admin-login"},
	};

	return names[site][public_url->tls];
}

static const struct url *url_of_site(const struct conf *conf, enum auth_site site)
{
	return &sign_in_site_listen(conf, site)->public_url;
}

/* --- reading
 * -------------------------------------------------------------------------------------- */

static bool read_line(struct str line, struct login_cookie *out)
{
	struct str state, nonce, verifier, began_at;
	uint64_t seconds;

	if (!str_next(&line, ' ', &state) || !str_copy(state, out->state, sizeof out->state) ||
		!str_next(&line, ' ', &nonce) || !str_copy(nonce, out->nonce, sizeof out->nonce) ||
		!str_next(&line, ' ', &verifier) ||
		!str_copy(verifier, out->verifier, sizeof out->verifier) ||
		!str_next(&line, ' ', &began_at) || !str_to_u64(began_at, &seconds) ||
		line.at == NULL)
		return false;
	out->began_at = (int64_t)seconds;
	out->return_path = mem_strndup(line.at, line.len);
	return true;
}

/* Another gateway's clock may be a little ahead of ours. */
static bool is_alive(const struct login_cookie *login, int64_t now)
{
	return now - login->began_at < LOGIN_SECONDS && login->began_at <= now + JWT_SKEW;
}

static void read_lines(struct str text, int64_t now, struct login_cookies *out)
{
	struct str line;

	while (out->count < LOGINS_MAX && str_next(&text, '\n', &line) && line.len > 0) {
		struct login_cookie login = {.began_at = 0};

		if (read_line(line, &login) && is_alive(&login, now))
			out->at[out->count++] = login;
		else
			login_cookie_clear(&login);
	}
}

/* What of the browser's sign-ins can still be finished; none when the cookie is not ours, not
 * there, or there twice (S25). */
static void read_cookie(const struct keyring *ring, const struct conf *conf, enum auth_site site,
	const struct str *cookies, size_t count, int64_t now, struct login_cookies *out)
{
	struct str name = str_of(login_cookie_name(site, url_of_site(conf, site))), value;
	unsigned char sealed[SEALED_MAX];
	char *text = NULL;
	size_t len = 0;

	memset(out, 0, sizeof *out);
	if (conf->oidc.issuer == NULL || !cookie_find(cookies, count, name, &value))
		return;
	long sealed_len = b64url_decode(value, sealed, sizeof sealed);
	if (sealed_len == -1 ||
		unseal(ring, purposes[site], STR(""), str_of(conf->oidc.issuer),
			(struct str){(const char *)sealed, (size_t)sealed_len}, &text, &len) == -1)
		return;
	read_lines((struct str){text, len}, now, out);
	seal_plain_free(text, len);
}

/* --- writing
 * -------------------------------------------------------------------------------------- */

static size_t size_of(const struct login_cookies *logins)
{
	size_t size = 0;

	for (size_t i = 0; i < logins->count; i++)
		size += LINE_FIXED + strlen(logins->at[i].return_path);
	return size;
}

/* Room for text such that name, '=' and base64url of its seal stay within LOGIN_COOKIE_MAX. */
static size_t room_for_text(const char *name)
{
	return (LOGIN_COOKIE_MAX - strlen(name) - 1) * 3 / 4 - SEAL_OVERHEAD;
}

static size_t write_login_lines(const struct login_cookies *logins, char out[static TEXT_MAX + 1])
{
	size_t len = 0;

	for (size_t i = 0; i < logins->count; i++) {
		const struct login_cookie *login = &logins->at[i];
		int more = snprintf(out + len, TEXT_MAX + 1 - len, "%s %s %s %" PRId64 " %s\n",
			login->state, login->nonce, login->verifier, login->began_at,
			login->return_path);

		assert(more > 0 && (size_t)more <= TEXT_MAX - len);
		len += (size_t)more;
	}
	return len;
}

/* Gives what goes behind the name. */
static char *seal_value(const struct keyring *ring, const struct conf *conf, enum auth_site site,
	const struct login_cookies *logins)
{
	char text[TEXT_MAX + 1], *value;
	struct store_bytes sealed;
	size_t len = write_login_lines(logins, text);

	seal(ring, purposes[site], STR(""), str_of(conf->oidc.issuer), (struct str){text, len},
		&sealed);
	value = mem_alloc(sealed.len * 4 / 3 + 3, 1);
	b64url_encode(sealed.at, sealed.len, value);
	OPENSSL_cleanse(text, sizeof text);
	free(sealed.at);
	return value;
}

static char *write_cookie(const struct keyring *ring, const struct conf *conf, enum auth_site site,
	const struct login_cookies *logins)
{
	const struct url *public_url = url_of_site(conf, site);
	char *value = logins->count ? seal_value(ring, conf, site, logins) : mem_strdup("");
	char *cookie = mem_printf("%s=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%d%s",
		login_cookie_name(site, public_url), value, logins->count ? LOGIN_SECONDS : 0,
		public_url->tls ? "; Secure" : "");

	free(value);
	return cookie;
}

/* --- a sign-in
 * ------------------------------------------------------------------------------------ */

static char *base_path(const struct conf *conf, enum auth_site site)
{
	return mem_printf("%s/", sign_in_site_listen(conf, site)->base);
}

/* S24 is the caller's to keep; a line and a cookie need no less than visible ASCII. */
static bool is_path(struct str path)
{
	for (size_t i = 0; i < path.len; i++) {
		if (path.at[i] <= 0x20 || path.at[i] > 0x7e)
			return false;
	}
	return path.len > 0 && path.at[0] == '/';
}

static void add_login(struct login_cookies *logins, struct login_cookie login,
	const struct conf *conf, enum auth_site site)
{
	size_t room = room_for_text(login_cookie_name(site, url_of_site(conf, site)));

	if (logins->count == LOGINS_MAX)
		drop_login(logins, 0);
	logins->at[logins->count++] = login;
	while (logins->count > 1 && size_of(logins) > room)
		drop_login(logins, 0);
	if (size_of(logins) > room) {
		free(logins->at[0].return_path);
		logins->at[0].return_path = base_path(conf, site);
	}
}

static struct login_cookie new_login(
	const struct conf *conf, enum auth_site site, struct str return_path, int64_t now)
{
	struct login_cookie login = {.began_at = now};

	session_new_id(login.state);
	session_new_id(login.nonce);
	session_new_id(login.verifier);
	login.return_path = is_path(return_path) ? mem_strndup(return_path.at, return_path.len)
						 : base_path(conf, site);
	return login;
}

static char *location_of(const struct oidc_provider *provider, const struct conf *conf,
	enum auth_site site, const struct login_cookie *login)
{
	unsigned char digest[DIGEST_LEN];
	char challenge[DIGEST_LEN * 4 / 3 + 3];
	const struct oidc_authorization authorization = {
		login->state, login->nonce, challenge, site};

	digest_sha256(str_of(login->verifier), digest);
	b64url_encode(digest, sizeof digest, challenge);
	return oidc_authorization_url(provider, conf, &authorization);
}

struct login_cookie_start login_cookie_begin(const struct keyring *ring, const struct conf *conf,
	enum auth_site site, const struct oidc_provider *provider, const struct str *cookies,
	size_t count, struct str return_path, int64_t now)
{
	struct login_cookie login = new_login(conf, site, return_path, now);
	struct login_cookie_start start;
	struct login_cookies logins;

	read_cookie(ring, conf, site, cookies, count, now, &logins);
	start.location = location_of(provider, conf, site, &login);
	add_login(&logins, login, conf, site);
	start.set_cookie = write_cookie(ring, conf, site, &logins);
	clear_all(&logins);
	OPENSSL_cleanse(&login, sizeof login);
	return start;
}

static bool is_of(const struct login_cookie *login, struct str state)
{
	return state.len == SESSION_ID_LEN && CRYPTO_memcmp(login->state, state.at, state.len) == 0;
}

bool login_cookie_finish(const struct keyring *ring, const struct conf *conf, enum auth_site site,
	const struct str *cookies, size_t count, struct str state, int64_t now,
	struct login_cookie *out, char **set_cookie)
{
	struct login_cookies logins;

	memset(out, 0, sizeof *out);
	*set_cookie = NULL;
	read_cookie(ring, conf, site, cookies, count, now, &logins);
	for (size_t i = 0; i < logins.count && *set_cookie == NULL; i++) {
		if (!is_of(&logins.at[i], state))
			continue;
		*out = take_login(&logins, i);
		*set_cookie = write_cookie(ring, conf, site, &logins);
	}
	clear_all(&logins);
	return *set_cookie != NULL;
}
