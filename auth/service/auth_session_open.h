/* auth/service/auth_session_open.h - a session opened: what a link, a token and the provider's
 * sign-in have in common. */
#ifndef SPARKGATE_AUTH_SERVICE_AUTH_SESSION_OPEN_H
#define SPARKGATE_AUTH_SERVICE_AUTH_SESSION_OPEN_H

#include "auth/service/auth_keeper.h"
#include "auth/service/auth_pending.h"
#include "auth/session/session_data.h"

struct old_sessions { /* that the same browser has: one, or what its cookies of one name say */
	size_t count;
	struct {
		char id[SESSION_ID_LEN + 1]; /* secret */
		unsigned char key[DIGEST_LEN];
	} at[COOKIES_TRIED];
};

struct open_pending {
	struct sign_in_pending base; /* first */
	struct old_sessions old;
};

struct open_request {
	struct keeper_request base;  /* first */
	char id[SESSION_ID_LEN + 1]; /* secret: of the session that is opened */
	struct store_opening opening;
	struct old_sessions old; /* the first ends in the same transaction */
};

/* A sign-in that waits: notes the client, and the sessions that the browser has now. */
struct open_pending *auth_session_open_pending(struct auth *auth, const struct auth_rules *rules,
	const struct str *cookies, size_t count, struct str client, sign_in_done *done, void *arg);
/* Gives one of `size` zeroed bytes that ends the sessions the browser has now; `done` is
 * auth_session_open_done(). */
struct open_request *auth_session_open_request(struct open_pending *pending, size_t size);
/* Frees what is in it: the kinds' clear(). */
void auth_session_open_clear(struct keeper_request *request);

/* Makes a session with a new id (S22), sealed, in `request`; base.who is its person. Any thread.
 * -1: too long to be kept. */
MUST_CHECK int auth_session_open_seal(struct open_request *request, const struct conf *conf,
	const struct keyring *ring, const struct session_data *data, int64_t credential_ends);
/* Stores it; the keeper's half, ends in auth_keeper_return(). */
void auth_session_open_store(struct keeper_request *request);
/* The server thread's half: cookie, person, answer. */
void auth_session_open_done(struct auth_pending *pending, struct keeper_request *request);

#endif
