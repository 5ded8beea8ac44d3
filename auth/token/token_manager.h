/*
 * auth/token/token_manager.h - who may make, see and take back which access tokens (S34, S35).
 *
 * An administrator: anybody's. Everybody else: their own, with no more rights than they have. What
 * somebody may not see is not there for them. A limited token manages tokens only if its scope
 * says so, and makes none that is wider. Besides, the rules of token_desk.h hold.
 */
#ifndef SPARKGATE_AUTH_TOKEN_TOKEN_MANAGER_H
#define SPARKGATE_AUTH_TOKEN_TOKEN_MANAGER_H

#include "auth/token/token_desk.h"

/* Why this caller may not manage any tokens; NULL: they may. A token belongs to a subject, so that
 * only issuers whose subjects are told apart have some (S31, S190): providers, else the first one
 * of tokens. */
const char *token_manager_why_not(const struct token_desk *desk, const struct identity *caller);
/* For another user there is a registration token only: nobody sees another's secret. Gives
 * `secrets`: token_secrets_clear() them. */
enum token_outcome token_manager_create(const struct token_desk *desk,
	const struct identity *caller, const struct token_request *request,
	struct store_token *record, struct token_secrets *secrets, struct err *err);
/* Whether they could make it for themselves now, and with which role. */
enum token_outcome token_manager_may_create(const struct token_desk *desk,
	const struct identity *caller, const struct token_request *request, enum role *role,
	struct err *err);
enum token_outcome token_manager_get(const struct token_desk *desk, const struct identity *caller,
	struct str id, struct store_token *record);
/* query->subject is replaced for who is no administrator. `*count` is how many there were. */
enum token_outcome token_manager_list(const struct token_desk *desk, const struct identity *caller,
	struct store_token_query *query, store_on_token *on_token, void *arg, int *count);
/* As token_desk_change(). */
enum token_outcome token_manager_set_state(const struct token_desk *desk,
	const struct identity *caller, struct str id, enum token_state state, bool force,
	struct store_token *record, struct err *err);

#endif
