/* auth/service/auth_store_view.h - a server thread's view of the store's records: cached for
 * seconds, asked for when they are not. */
#ifndef SPARKGATE_AUTH_SERVICE_AUTH_STORE_VIEW_H
#define SPARKGATE_AUTH_SERVICE_AUTH_STORE_VIEW_H

#include "auth/service/auth_pending.h"

enum {
	AUTH_FRESH_MS = 5000,	   /* how long a record of a shared store is not read again */
	AUTH_GO_ON_MS = 30 * 1000, /* how long it goes on while the store is silent (S33) */
};

/* This thread's way to the store, opened at once, so that a shared one is connected by the time of
 * the first question, and again after it could not be. Borrows; NULL: not to be had now. */
struct store_reader *auth_store_view_reader(struct auth *auth);

enum record {
	RECORD_FOUND,
	RECORD_NONE,
	RECORD_SILENT, /* the store does not answer, and nothing recent enough is at hand */
	RECORD_LATER,  /* the question needs it first */
};
/* `*out` is borrowed until the next call. */
enum record auth_store_view_session(
	struct auth *auth, struct question *question, int64_t now, struct record_cache_entry **out);
enum record auth_store_view_token(struct auth *auth, struct question *question,
	const char *token_id, int64_t now, struct record_cache_entry **out);
/* Asks the store; auth_pending_resume() when it has answered. */
void auth_store_view_ask_session(struct auth_pending *pending);
void auth_store_view_ask_token(struct auth_pending *pending);
/* Forgets what is known of the session, so that it is read again. */
void auth_store_view_forget_session(struct auth *auth, struct question *question);
/* The same of a token: its record is read again, with what is not kept of it. */
void auth_store_view_forget_token(
	struct auth *auth, struct question *question, const char *token_id);
/* Notes a use; tells the keeper when the store's knowledge is older than `interval` seconds. */
void auth_store_view_touch(struct auth *auth, struct record_cache_entry *entry,
	struct store_touch *touch, int64_t interval);

#endif
