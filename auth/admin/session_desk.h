/*
 * auth/admin/session_desk.h - who is signed in, as administrators and people with the right
 * `sessions` see it and end it (S78).
 *
 * Who may is the caller's to ask. What is done here has its line in the audit log. Blocks on the
 * store; the keeper's thread, or a command's.
 */
#ifndef SPARKGATE_AUTH_ADMIN_SESSION_DESK_H
#define SPARKGATE_AUTH_ADMIN_SESSION_DESK_H

#include "auth/session/session_view.h"
#include "auth/token/token_desk.h"

struct session_desk {			 /* all borrowed */
	const struct token_desk *tokens; /* the store, the configuration, who hears of changes */
	const struct keyring *ring;
};

struct session_desk_query { /* borrowed */
	const char *user;   /* this subject's, all of them; NULL: a page of everybody's */
	const char *issuer; /* of this one only; NULL: of all that people come by */
	struct store_session_query page;
};
/* Newest first. `next` is set to the last one if there may be more, else its before_at is 0. */
enum token_outcome session_desk_list(const struct session_desk *desk,
	const struct session_desk_query *query, json_t *sessions, struct store_session_query *next);

struct session_desk_order {	   /* borrowed */
	const char *by, *by_name;  /* who ends it, for the record; the name may be NULL */
	const char *id;		   /* one session; or NULL and a person's, with their own tokens: */
	const char *user, *issuer; /* as above */
};
/* `*ended` is how many. TOKEN_UNKNOWN: there is no session of this id. */
enum token_outcome session_desk_end(
	const struct session_desk *desk, const struct session_desk_order *order, int *ended);

/* A person's own tokens end with all of their sessions (token_follow.h): of the platform's people,
 * not of some other issuer's. -1: the store failed. */
MUST_CHECK int session_desk_end_tokens(
	const struct token_desk *tokens, const char *user, const char *issuer, const char *by);

#endif
