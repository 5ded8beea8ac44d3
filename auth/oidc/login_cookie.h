/*
 * auth/oidc/login_cookie.h - sign-ins under way: at most four a browser, in one sealed cookie of
 * their own (S21, S23).
 *
 * Pure but for randomness. What a sign-in needs until the browser comes back is with the browser
 * that began it, and nobody else can finish it. Path=/; HttpOnly; SameSite=Lax; Max-Age=600: the
 * way back is a navigation from another site. Sealed for the site and the configured issuer, so
 * that an answer of another provider finds no sign-in (mix-up).
 */
#ifndef SPARKGATE_AUTH_OIDC_LOGIN_COOKIE_H
#define SPARKGATE_AUTH_OIDC_LOGIN_COOKIE_H

#include "auth/keys/keyring.h"
#include "auth/issuers/oidc_provider.h"
#include "auth/session/session.h"

enum {
	LOGINS_MAX = 4,		 /* the oldest go first, also when four do not fit */
	LOGIN_SECONDS = 600,	 /* from its beginning to the callback */
	LOGIN_COOKIE_MAX = 3584, /* bytes of name and value, so that others fit beside it (S23) */
};

struct login_cookie { /* secrets: login_cookie_clear() it */
	char state[SESSION_ID_LEN + 1], nonce[SESSION_ID_LEN + 1];
	char verifier[SESSION_ID_LEN + 1]; /* of PKCE (RFC 7636 §4.1) */
	char *return_path;		   /* owned; starts with '/' */
	int64_t began_at;		   /* wall seconds */
};
void login_cookie_clear(struct login_cookie *login); /* wipes and frees */

/* "__Host-sparkgate-login" over https, else "sparkgate-login"; the admin site's
 * "...sparkgate-admin-login". */
const char *login_cookie_name(enum auth_site site, const struct url *public_url);

struct login_cookie_start { /* both given */
	char *location;	    /* the provider's authorization URL */
	char *set_cookie;   /* a whole Set-Cookie value: what was under way and this */
};
/*
 * Begins a sign-in to `site` at `provider`, at `now` (wall seconds), that comes back to
 * `return_path`: one that form_is_return_path() takes (S24). What is none or does not even fit
 * alone becomes "<base>/".
 */
struct login_cookie_start login_cookie_begin(const struct keyring *ring, const struct conf *conf,
	enum auth_site site, const struct oidc_provider *provider, const struct str *cookies,
	size_t count, struct str return_path, int64_t now);

/* The sign-in of this state, if this browser began it less than LOGIN_SECONDS ago: fills `out`, and
 * gives in `*set_cookie` the Set-Cookie value without it. False: `*set_cookie` is NULL. */
MUST_CHECK bool login_cookie_finish(const struct keyring *ring, const struct conf *conf,
	enum auth_site site, const struct str *cookies, size_t count, struct str state, int64_t now,
	struct login_cookie *out, char **set_cookie);

#endif
