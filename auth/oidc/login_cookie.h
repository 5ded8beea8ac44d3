/*
 * auth/oidc/login_cookie.h - sign-ins under way: what a browser holds, and what travels in `state`
 * (S21, S23).
 *
 * Pure but for randomness. The browser has a random value in a cookie. `state` is sealed for the
 * site and the issuer of the provider, so that it names its provider and is good for no other
 * (mix-up). It holds where to come back to, the digest of the browser's value, and bits of its own;
 * nonce and verifier are made of these and the browser's value. So nobody but the browser that
 * began can finish a sign-in; and one whose cookie is gone still tells where it was to lead.
 *
 * One value serves all sign-ins that a browser begins one after the other. Those of one moment,
 * before any has an answer, get a value each, in cookies of different names: LOGIN_SLOTS of them,
 * and never more. Path=/; HttpOnly; SameSite=Lax; Max-Age=600: the way back is a navigation from
 * another site.
 */
#ifndef SPARKGATE_AUTH_OIDC_LOGIN_COOKIE_H
#define SPARKGATE_AUTH_OIDC_LOGIN_COOKIE_H

#include "auth/keys/keyring.h"
#include "auth/issuers/oidc_provider.h"
#include "auth/session/session.h"

enum {
	LOGIN_SLOTS = 32,      /* cookies of a site; all together stay under 4 KiB (S23) */
	LOGIN_SECONDS = 600,   /* from its beginning to the callback */
	LOGIN_PATH_MAX = 1536, /* Keycloak repeats `state` in lines of 4096 bytes at most */
	LOGIN_STATE_MAX = 2304,
	LOGIN_SESSION = 8, /* bytes: which session the browser had when it began */
};

/* "__Host-sparkgate-login-" over https, else "sparkgate-login-", and a letter of its slot; the
 * admin site's "...sparkgate-admin-login-". Before the last hyphen stands conf's cookie_tail. */
void login_cookie_prefix(
	const struct conf *conf, enum auth_site site, char out[static SESSION_COOKIE_MAX]);

struct login_cookie_jar { /* what a browser sent; borrowed */
	enum auth_site site;
	const struct str *cookies;
	size_t count;
	/* Differs when the session that these name does. */
	unsigned char session[LOGIN_SESSION];
};

struct login_cookie_start { /* both given */
	char *location;	    /* the provider's authorization URL */
	char *set_cookie;   /* a whole Set-Cookie value */
};
/*
 * Begins a sign-in at `provider`, whose issuer is one of `conf`, at `now` (wall seconds), that
 * comes back to `return_path`: one that the site takes (S24). What is none becomes "<base>/", as
 * does what is too long; a fragment that is too long is left out. `is_again`: for one that came
 * back without its cookie.
 */
struct login_cookie_start login_cookie_begin(const struct keyring *ring, const struct conf *conf,
	const struct oidc_provider *provider, const struct login_cookie_jar *jar,
	struct str return_path, bool is_again, int64_t now);

struct login_cookie {	   /* secrets: login_cookie_clear() it */
	char *issuer;	   /* owned: of the provider that it began at */
	char *return_path; /* owned; starts with '/' */
	bool is_again;
	bool is_known; /* this browser began it less than LOGIN_SECONDS ago; else no more is set: */
	bool is_same_session;		/* the browser has no other one than when it began */
	bool is_one_of_many;		/* that the browser began in one moment */
	unsigned char once[DIGEST_LEN]; /* to be noted in the store: it is good once */
	char nonce[SESSION_ID_LEN + 1];
	char verifier[SESSION_ID_LEN + 1]; /* of PKCE (RFC 7636 §4.1) */
	char *set_cookie;		   /* owned: the Set-Cookie value that ends the cookie */
};
void login_cookie_clear(struct login_cookie *login); /* wipes and frees */

/* The sign-in of this state. False: the state is none of ours, for this site and an issuer of
 * `conf`. */
MUST_CHECK bool login_cookie_finish(const struct keyring *ring, const struct conf *conf,
	const struct login_cookie_jar *jar, struct str state, int64_t now,
	struct login_cookie *out);

#endif
