/*
 * auth/session/session.h - what a browser's session is made of: an opaque id, its cookie, its
 * limits (S22, S25).
 *
 * Pure but for the randomness of a new id. The id is the secret: the store knows only its digest.
 */
#ifndef SPARKGATE_AUTH_SESSION_SESSION_H
#define SPARKGATE_AUTH_SESSION_SESSION_H

#include "base/text/digest.h"
#include "auth/session/sign_in_site.h"
#include "base/text/url.h"
#include "conf/conf.h"

enum {
	SESSION_ID_LEN = 43, /* 256 bits in base64url */
	SESSION_SAVE_SECONDS = 60,
};

/* Makes an id: a secret, wipe it after use. */
void session_new_id(char out[static SESSION_ID_LEN + 1]);
/* Whether this is 256 bits in their one canonical spelling (S14): an id, a link's secret. */
bool session_is_id(struct str id);
/* The name under which the store has the session: keyed by the id, it tells nothing of it (S26). -1
 * when `id` cannot be one of ours. */
MUST_CHECK int session_key(struct str id, unsigned char key[static DIGEST_LEN]);

/* "__Host-sparkgate" over https, where browsers hold its Secure, Path=/ and no Domain; else
 * "sparkgate". Behind it stands "-admin" for the admin site, as browsers send both to both where
 * only the port differs, then what it is of, "" for a session, then conf's cookie_tail. */
enum { SESSION_COOKIE_MAX = 80 };
void session_cookie_name(const struct conf *conf, enum auth_site site, const char *of,
	char out[static SESSION_COOKIE_MAX]);
/* Gives a whole Set-Cookie value: secret_free() it. SameSite is Lax, of the admin site Strict. */
char *session_set_cookie(const struct conf *conf, enum auth_site site, const char *id);
/* Gives the value that ends the cookie. */
char *session_clear_cookie(const struct conf *conf, enum auth_site site);

/* What a form of this session carries, so that nobody sends one who has not seen a page of it
 * (S35): nobody makes it without the id, and the id is not to be had from it. */
enum { SESSION_FORM_LEN = 43 };
void session_form_token(struct str id, char out[static SESSION_FORM_LEN + 1]);

/* Wall seconds at which a session is over whatever its use: `max` after its making, or with the
 * credential that opened it (0: that has no end). */
int64_t session_hard_end(const struct conf *conf, int64_t created_at, int64_t credential_ends);
/* True when it was not used for too long. */
bool session_is_idle(const struct conf *conf, int64_t last_seen_at, int64_t now);
/* Seconds after which a use is worth telling the store again: a minute, less under a short idle
 * limit. */
int64_t session_save_interval(const struct conf *conf);

#endif
