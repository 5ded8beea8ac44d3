#include "auth/session/session.h"

#include "base/text/b64url.h"
#include "base/rnd.h"

#include <openssl/crypto.h>
#include <stdio.h>

enum { ID_BYTES = 32 };

void session_new_id(char out[static SESSION_ID_LEN + 1])
{
	unsigned char bytes[ID_BYTES];
	char text[ID_BYTES * 4 / 3 + 3];

	rnd_bytes(bytes, sizeof bytes);
	b64url_encode(bytes, sizeof bytes, text);
	memcpy(out, text, SESSION_ID_LEN + 1);
	OPENSSL_cleanse(bytes, sizeof bytes);
	OPENSSL_cleanse(text, sizeof text);
}

bool session_is_id(struct str id)
{
	unsigned char bytes[ID_BYTES];
	bool is_id = id.len == SESSION_ID_LEN && b64url_decode(id, bytes, sizeof bytes) == ID_BYTES;

	OPENSSL_cleanse(bytes, sizeof bytes);
	return is_id;
}

int session_key(struct str id, unsigned char key[static DIGEST_LEN])
{
	const struct str message = STR("sparkgate session");

	if (!session_is_id(id))
		return -1;
	digest_hmac(id, &message, 1, key);
	return 0;
}

void session_form_token(struct str id, char out[static SESSION_FORM_LEN + 1])
{
	const struct str message = STR("sparkgate form");
	unsigned char digest[DIGEST_LEN];
	char text[DIGEST_LEN * 4 / 3 + 3];

	digest_hmac(id, &message, 1, digest);
	b64url_encode(digest, sizeof digest, text);
	memcpy(out, text, SESSION_FORM_LEN + 1);
	OPENSSL_cleanse(text, sizeof text);
}

void session_cookie_name(const struct conf *conf, enum auth_site site, const char *of,
	char out[static SESSION_COOKIE_MAX])
{
	bool tls = sign_in_site_listen(conf, site)->public_url.tls;

	snprintf(out, SESSION_COOKIE_MAX, "%ssparkgate%s%s%s", tls ? "__Host-" : "",
		site == AUTH_SITE_ADMIN ? "-admin" : "", of, conf->cookie_tail);
}

/* Lax, not Strict, where links and the way back from an identity provider lead: they are
 * navigations from another site (S25). */
static char *cookie(const struct conf *conf, enum auth_site site, const char *id, const char *age)
{
	char name[SESSION_COOKIE_MAX];

	session_cookie_name(conf, site, "", name);
	return mem_printf("%s=%s; Path=/; HttpOnly; SameSite=%s%s%s", name, id,
		site == AUTH_SITE_ADMIN ? "Strict" : "Lax", age,
		sign_in_site_listen(conf, site)->public_url.tls ? "; Secure" : "");
}

char *session_set_cookie(const struct conf *conf, enum auth_site site, const char *id)
{
	return cookie(conf, site, id, "");
}

char *session_clear_cookie(const struct conf *conf, enum auth_site site)
{
	return cookie(conf, site, "", "; Max-Age=0");
}

int64_t session_hard_end(const struct conf *conf, int64_t created_at, int64_t credential_ends)
{
	int64_t end = created_at + conf->session_max_s;

	return credential_ends && credential_ends < end ? credential_ends : end;
}

bool session_is_idle(const struct conf *conf, int64_t last_seen_at, int64_t now)
{
	return now - last_seen_at >= conf->session_idle_s;
}

int64_t session_save_interval(const struct conf *conf)
{
	int64_t quarter = conf->session_idle_s / 4;

	if (quarter < 1)
		return 1;
	return quarter < SESSION_SAVE_SECONDS ? quarter : SESSION_SAVE_SECONDS;
}
