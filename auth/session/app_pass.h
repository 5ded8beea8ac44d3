/*
 * auth/session/app_pass.h - what takes a session to the host name of one application: a code that
 * is good once, and the cookie it is changed for (S0).
 *
 * Both name the session that was signed in on the public host, sealed for one label under the key
 * ring, so that no other host's code or cookie opens here and nothing new is on record: each
 * request is judged by that very session, and ends with it. A code is good in one browser only: the
 * one that asked for it at that host and has the cookie of then (S50). Pure but for a seal's
 * randomness; any thread.
 */
#ifndef SPARKGATE_AUTH_SESSION_APP_PASS_H
#define SPARKGATE_AUTH_SESSION_APP_PASS_H

#include "auth/keys/keyring.h"
#include "auth/session/cookie.h"
#include "auth/session/session.h"

enum {
	APP_CODE_SECONDS = 30,
	APP_PATH_MAX = 4096, /* so that the code fits a request target */
};

struct app_pass_code {
	char session[SESSION_ID_LEN + 1];  /* secret */
	unsigned char once[DIGEST_LEN];	   /* to be noted in the store: it is good once */
	unsigned char browser[DIGEST_LEN]; /* of the entry cookie it is good with */
	int64_t ends_at;		   /* wall seconds */
	char *path;			   /* to open: path and query */
};
void app_pass_code_clear(struct app_pass_code *code); /* wipes and frees */

/* Gives 256 random bits, the browser's digest, the session's id and the path, sealed, in base64url:
 * secret_free() it. Path is at most APP_PATH_MAX bytes of visible ASCII. */
char *app_pass_code_new(const struct keyring *ring, struct str label, struct str session,
	const unsigned char browser[static DIGEST_LEN], struct str path, int64_t now);
/* Gives: app_pass_code_clear() it. -1, and all zero: not made here for this label. Whether it is
 * too old or used is the caller's to see. */
MUST_CHECK int app_pass_code_read(
	const struct keyring *ring, struct str label, struct str text, struct app_pass_code *out);

/* --- the entry cookie: a random value that a browser gets before it asks for a code --- */

enum {
	APP_ENTRY_SECONDS = 600,
	APP_ENTRY_LEN = 43 /* base64url of the value, and of its digest */
};

/* The digest, in base64url, of a value that the browser has, or of a new one if it has none. Gives
 * the whole Set-Cookie value: secret_free() it. Its name, "__Host-sparkgate-entry-" over https,
 * else "sparkgate-entry-", ends in a part of the digest. */
char *app_pass_entry_new(const struct url *public_url, const struct str *cookies, size_t count,
	char digest[static APP_ENTRY_LEN + 1]);
/* Reads such a digest. False: it is none. */
MUST_CHECK bool app_pass_entry_read(struct str text, unsigned char digest[static DIGEST_LEN]);
/* Whether these cookies have the value of that digest. */
MUST_CHECK bool app_pass_entry_is(const struct url *public_url, const struct str *cookies,
	size_t count, const unsigned char digest[static DIGEST_LEN]);

/* --- the application's cookie --- */

/* "__Host-sparkgate-app" over https, else "sparkgate-app". */
const char *app_pass_cookie_name(const struct url *public_url);
/* Gives a whole Set-Cookie value: secret_free() it. */
char *app_pass_cookie_new(const struct keyring *ring, const struct url *public_url,
	struct str label, struct str session);
/* The ids of sessions that these cookies hold for the label: secrets. Gives how many (S25). */
size_t app_pass_cookie_read(const struct keyring *ring, const struct url *public_url,
	struct str label, const struct str *cookies, size_t count,
	char sessions[static COOKIES_TRIED][SESSION_ID_LEN + 1]);

#endif
