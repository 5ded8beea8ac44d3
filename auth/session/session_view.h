/*
 * auth/session/session_view.h - a session as lists show it: the command line, the API and the page
 * say the same of it (S78).
 *
 * Its id is the beginning of the store's key, which is a digest of the cookie's value: it names the
 * session and opens nothing. Pure.
 */
#ifndef SPARKGATE_AUTH_SESSION_SESSION_VIEW_H
#define SPARKGATE_AUTH_SESSION_SESSION_VIEW_H

#include "auth/session/session_data.h"

#include <jansson.h>

enum { SESSION_VIEW_ID = 2 * STORE_KEY_PREFIX + 1 /* hexadecimal digits, with a NUL */ };

void session_view_id(const unsigned char key[static DIGEST_LEN], char out[static SESSION_VIEW_ID]);
/* False: it can be no session's. */
MUST_CHECK bool session_view_read_id(struct str id, unsigned char prefix[static STORE_KEY_PREFIX]);
/* What the label says; session_data_clear() it. Nothing, if it is sealed under a key that is in the
 * ring no more: a session without a name. */
void session_view_label(
	const struct keyring *ring, const struct store_session *session, struct session_data *out);
/* Gives what the gateway calls the person of a label; NULL: nobody knows. */
char *session_view_person(const struct conf *conf, const struct session_data *label);
/* Gives an object; what is not known is null. */
json_t *session_view_json(const struct conf *conf, const struct store_session *session,
	const struct session_data *label);

#endif
