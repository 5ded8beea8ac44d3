#include "auth/token/token_manager.h"

#include "auth/policy/scope.h"
#include "auth/roles/standing.h"
#include "conf/providers.h"

#include <stdlib.h>

/* S31: whose subjects are names of owners. Another issuer's "ann" is somebody else. */
static bool is_of_the_platform(const struct token_desk *desk, const struct identity *caller)
{
	if (strcmp(caller->issuer, desk->issuer) == 0)
		return true;
	return conf_is_platform(desk->conf, str_of(caller->issuer)) &&
	       !str_starts(str_of(caller->subject), STR("client:"));
}

const char *token_manager_why_not(const struct token_desk *desk, const struct identity *caller)
{
	enum action lacks;

	if (caller->role == ROLE_NONE)
		return "no role of yours allows this";
	if (caller->role != ROLE_ADMIN && !is_of_the_platform(desk, caller))
		return "only the platform's own users have tokens here";
	return scope_allows(caller->scope, 1u << ACTION_TOKENS, &lacks)
		       ? NULL
		       : "the token lacks the scope \"tokens\"";
}

static bool is_own(const struct identity *caller, const struct store_token *token)
{
	return caller->role == ROLE_ADMIN || strcmp(caller->subject, token->subject) == 0;
}

/* --- making --- */

static bool is_for_another(const struct identity *caller, const struct token_request *request)
{
	return request->user && strcmp(request->user, caller->subject) != 0;
}

static enum token_outcome check_rights(const struct token_desk *desk, const struct identity *caller,
	const struct token_request *request, struct err *err)
{
	const char *why = token_manager_why_not(desk, caller);

	if (why == NULL && request->role > caller->role)
		why = "nobody can give more rights than they have";
	if (why == NULL && is_for_another(caller, request) && caller->role != ROLE_ADMIN)
		why = "only an administrator makes tokens for others";
	if (why == NULL)
		return TOKEN_DONE;
	err_set(err, "%s", why);
	return TOKEN_FORBIDDEN;
}

static enum token_outcome check_scope(
	const struct identity *caller, const struct token_request *request, struct err *err)
{
	bool has_scope = request->scope && request->scope[0];
	struct scope *scope = has_scope ? scope_parse(str_of(request->scope), err) : NULL;

	if (has_scope && scope == NULL)
		return TOKEN_INVALID;
	bool is_within = scope_covers(caller->scope, scope);
	scope_free(scope);
	if (is_within)
		return TOKEN_DONE;
	err_set(err, "scope: you cannot give more rights than you have");
	return TOKEN_FORBIDDEN;
}

/* S72: who has custom roles only makes tokens of these, whichever type is asked for. */
static enum role role_of(const struct identity *caller, const struct token_request *request)
{
	return caller->role == ROLE_CUSTOM && request->role == ROLE_USER ? ROLE_CUSTOM
									 : request->role;
}

/* The audit line has the name of who asks. */
static struct token_desk named_desk(const struct token_desk *desk, const struct identity *caller)
{
	struct token_desk named = *desk;

	named.asks = identity_name_beside(caller);
	return named;
}

static enum token_outcome make(const struct token_desk *desk, const struct identity *caller,
	struct token_request *own, struct store_token *record, struct token_secrets *secrets,
	struct err *err)
{
	bool is_own = own->user && strcmp(own->user, caller->subject) == 0;
	char *standing = is_own ? standing_text_of(caller->grants) : NULL;
	struct token_desk named = named_desk(desk, caller);

	own->standing = standing;
	enum token_outcome outcome =
		token_desk_make(&named, caller->subject, own, record, secrets, err);
	free(standing);
	return outcome;
}

enum token_outcome token_manager_may_create(const struct token_desk *desk,
	const struct identity *caller, const struct token_request *request, enum role *role,
	struct err *err)
{
	struct token_request own = *request;

	own.role = *role = role_of(caller, request);
	enum token_outcome outcome = check_rights(desk, caller, &own, err);
	if (outcome == TOKEN_DONE)
		outcome = check_scope(caller, request, err);
	return outcome == TOKEN_DONE ? token_desk_has_room(desk, request->user, err) : outcome;
}

enum token_outcome token_manager_create(const struct token_desk *desk,
	const struct identity *caller, const struct token_request *request,
	struct store_token *record, struct token_secrets *secrets, struct err *err)
{
	struct token_request own = *request;

	own.role = role_of(caller, request);
	enum token_outcome outcome = check_rights(desk, caller, &own, err);

	if (outcome == TOKEN_DONE)
		outcome = check_scope(caller, request, err);
	if (outcome != TOKEN_DONE)
		return outcome;
	if (own.user == NULL && caller->role != ROLE_ADMIN)
		own.user = caller->subject;
	own.is_registration = is_for_another(caller, request);
	return make(desk, caller, &own, record, secrets, err);
}

/* --- looking --- */

enum token_outcome token_manager_get(const struct token_desk *desk, const struct identity *caller,
	struct str id, struct store_token *record)
{
	if (token_manager_why_not(desk, caller))
		return TOKEN_FORBIDDEN;
	enum token_outcome outcome = token_desk_get(desk, id, record);
	return outcome != TOKEN_DONE || is_own(caller, record) ? outcome : TOKEN_UNKNOWN;
}

enum token_outcome token_manager_list(const struct token_desk *desk, const struct identity *caller,
	struct store_token_query *query, store_on_token *on_token, void *arg, int *count)
{
	struct store *store = desk->store;

	if (token_manager_why_not(desk, caller))
		return TOKEN_FORBIDDEN;
	*count = 0;
	/* Nobody's tokens but their own are there for who is no administrator. */
	if (caller->role != ROLE_ADMIN && query->subject &&
		strcmp(query->subject, caller->subject) != 0)
		return TOKEN_DONE;
	if (caller->role != ROLE_ADMIN)
		query->subject = caller->subject;
	*count = store->ops->token_list(store, query, on_token, arg);
	if (*count != -1)
		return TOKEN_DONE;
	token_desk_count(desk, STORE_FAILED);
	return TOKEN_UNAVAILABLE;
}

/* --- taking back --- */

enum token_outcome token_manager_set_state(const struct token_desk *desk,
	const struct identity *caller, struct str id, enum token_state state, bool force,
	struct store_token *record, struct err *err)
{
	enum token_outcome outcome = token_manager_get(desk, caller, id, record);
	struct token_desk named = named_desk(desk, caller);

	return outcome == TOKEN_DONE
		       ? token_desk_change(&named, caller->subject, record, state, force, err)
		       : outcome;
}
