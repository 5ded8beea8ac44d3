/*
 * auth/token/token_desk.h - tokens of our own made, changed and taken back: the rules that hold for
 * everybody.
 *
 * The API and the pages come by token_manager.h, which knows who may; who shows a token comes by
 * token_grant.h; what a session's end takes along by token_follow.h; the command line, which may
 * do everything, comes straight. What is done here has its line in the audit log. Blocks on the
 * store; one thread.
 */
#ifndef SPARKGATE_AUTH_TOKEN_TOKEN_DESK_H
#define SPARKGATE_AUTH_TOKEN_TOKEN_DESK_H

#include "auth/token/issue.h"

struct keyset;

enum token_outcome {
	TOKEN_DONE,
	TOKEN_INVALID,	   /* 400: the reason says which member is wrong */
	TOKEN_FORBIDDEN,   /* 403 */
	TOKEN_UNKNOWN,	   /* 404: there is none, or it is not for this caller to know */
	TOKEN_CONFLICT,	   /* 409: not in this state, too many, or the last of its kind */
	TOKEN_UNAVAILABLE, /* 503 */
};

enum token_event { TOKEN_MADE, TOKEN_CHANGED, TOKEN_STORE_FAILED };

struct token_desk { /* all borrowed */
	struct store *store;
	const struct conf *conf;
	const struct signer *signer; /* NULL: no tokens are made here */
	const struct keyset *keys;   /* for token_grant.h; else NULL */
	const char *issuer;	     /* of our own tokens */
	const char *force_hint;	     /* how its users insist: "give --force" */
	bool is_unlimited;	     /* tokens.per_user is not for these users */
	struct str asks;	     /* what people call who asks, for the audit line; or empty */
	void (*on_event)(void *arg, enum token_event event); /* NULL: nobody wants to know */
	void *arg;
};

struct token_request { /* borrowed */
	const char *client_name;
	const char *user;  /* NULL: a token for the named client; of who is no administrator: one's
			      own */
	const char *note;  /* or NULL */
	const char *scope; /* auth/policy/scope.h, or NULL */
	const char
		*standing; /* of who makes it for themselves, or NULL; token_manager.h fills it */
	enum role role;
	int64_t access_ttl;   /* seconds; 0: the default */
	int64_t refresh_ttl;  /* seconds; 0: the default, -1: no refresh token */
	bool is_registration; /* a registration token only: its receiver makes the others of it */
};

/* `maker` is on record as who made it. TOKEN_DONE gives `secrets`: token_secrets_clear() them. */
enum token_outcome token_desk_make(const struct token_desk *desk, const char *maker,
	const struct token_request *request, struct store_token *record,
	struct token_secrets *secrets, struct err *err);
/* TOKEN_CONFLICT, with a reason: this person has all the tokens they may have (tokens.per_user). */
enum token_outcome token_desk_has_room(
	const struct token_desk *desk, const char *user, struct err *err);
enum token_outcome token_desk_get(
	const struct token_desk *desk, struct str id, struct store_token *record);
/* `record` was read just now. What is in that state is TOKEN_DONE; what is revoked stays so; the
 * last living administrator's token is revoked or disabled by `force` only (S35). */
enum token_outcome token_desk_change(const struct token_desk *desk, const char *user,
	struct store_token *record, enum token_state state, bool force, struct err *err);

/* Tells of a failure of the store; gives `answer`. */
enum store_answer token_desk_count(const struct token_desk *desk, enum store_answer answer);

#endif
