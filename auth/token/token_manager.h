/*
 * auth/token/token_manager.h - who may make, see and take back which access tokens (S34,
 * S35). Keeper thread only; blocks on the store.
 *
 * An administrator: anybody's. Everybody else: their own, with no more rights than they have. What
 * somebody may not see is not there for them. A narrowed token manages tokens only if its scope
 * says so, and makes none that is wider.
 */
#ifndef SPARKGATE_AUTH_TOKEN_TOKEN_MANAGER_H
#define SPARKGATE_AUTH_TOKEN_TOKEN_MANAGER_H

#include "auth/service/auth.h"
#include "auth/token/issue.h"

enum token_outcome {
	TOKEN_DONE,
	TOKEN_INVALID,	   /* 400: the reason says which member is wrong */
	TOKEN_FORBIDDEN,   /* 403 */
	TOKEN_UNKNOWN,	   /* 404: there is none, or it is not for this caller to know */
	TOKEN_CONFLICT,	   /* 409: not in this state, too many, or the last of its kind */
	TOKEN_UNAVAILABLE, /* 503 */
};

struct token_request { /* borrowed */
	const char *client_name;
	const char *user;  /* NULL: a token for the named client; of who is no administrator: one's
			      own */
	const char *note;  /* or NULL */
	const char *scope; /* auth/policy/scope.h, or NULL */
	enum role role;
	int64_t access_ttl;  /* seconds; 0: the default */
	int64_t refresh_ttl; /* seconds; 0: the default, -1: no refresh token */
};

/* Why this caller may not manage any tokens; NULL: they may. A token belongs to a subject, so that
 * only one issuer's people have some (S31): the provider's, else the first one's. */
const char *token_manager_why_not(
	const struct auth_service *service, const struct identity *caller);
/* For another user there is a registration token only: nobody sees another's secret. Gives
 * `secrets`: token_secrets_clear() them. */
enum token_outcome token_manager_create(struct auth_service *service, const struct identity *caller,
	const struct token_request *request, struct store_token *record,
	struct token_secrets *secrets, struct err *err);
enum token_outcome token_manager_get(struct auth_service *service, const struct identity *caller,
	struct str id, struct store_token *record);
/* query->subject is replaced for who is no administrator. `*count` is how many there were. */
enum token_outcome token_manager_list(struct auth_service *service, const struct identity *caller,
	struct store_token_query *query, store_on_token *on_token, void *arg, int *count);
/* Revoking what is revoked is TOKEN_DONE. The last living administrator's token is revoked or
 * disabled by `force` only. */
enum token_outcome token_manager_set_state(struct auth_service *service,
	const struct identity *caller, struct str id, enum token_state state, bool force,
	struct store_token *record, struct err *err);

/* --- for who has shown the token itself (auth/token/token_grant.c) --- */

/* The same without asking who: `record` was read just now. `user` is for the audit line. */
enum token_outcome token_manager_change(struct auth_service *service, const char *user,
	struct store_token *record, enum token_state state, bool force, struct err *err);

#endif
