#include "auth/token/token_manager.h"

#include "auth/token/audit.h"
#include "auth/service/auth_int.h"
#include "auth/policy/scope.h"
#include "base/clock.h"

/* S31: whose subjects are names of owners. Another issuer's "ann" is somebody else. */
static bool is_of_the_platform(const struct auth_service *service, const struct identity *caller)
{
	const struct conf *conf = service->conf;
	const char *issuer = conf->oidc.issuer;

	if (strcmp(caller->issuer, service->issuer) == 0)
		return true;
	if (issuer == NULL && conf->bearer_count > 0)
		issuer = conf->bearer[0].issuer;
	return issuer && strcmp(caller->issuer, issuer) == 0 &&
	       !str_starts(str_of(caller->subject), STR("client:"));
}

const char *token_manager_why_not(const struct auth_service *service, const struct identity *caller)
{
	enum action lacks;

	if (caller->role == ROLE_NONE)
		return "no role of yours allows this";
	if (caller->role != ROLE_ADMIN && !is_of_the_platform(service, caller))
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

static int64_t access_ttl_of(const struct conf *conf, const struct token_request *request)
{
	return request->access_ttl ? request->access_ttl : conf->access_ttl_s.def;
}

static int64_t refresh_ttl_of(const struct conf *conf, const struct token_request *request)
{
	if (request->refresh_ttl == -1)
		return 0;
	return request->refresh_ttl ? request->refresh_ttl : conf->refresh_ttl_s.def;
}

/* tokens.per_user, of people; named clients are the administrator's own business. */
static enum token_outcome check_number(
	struct auth_service *service, const char *user, struct err *err)
{
	struct store *store = service->store;
	unsigned most = service->conf->tokens_per_user;

	if (user == NULL)
		return TOKEN_DONE;
	int64_t living = store->ops->token_count(store, user, clock_wall_s(), most);
	if (living == -1)
		return TOKEN_UNAVAILABLE;
	if (living < most)
		return TOKEN_DONE;
	err_set(err, "%s has %u living tokens already (tokens.per_user)", user, most);
	return TOKEN_CONFLICT;
}

static bool is_for_another(const struct identity *caller, const struct token_request *request)
{
	return request->user && strcmp(request->user, caller->subject) != 0;
}

static enum token_outcome check_rights(const struct auth_service *service,
	const struct identity *caller, const struct token_request *request, struct err *err)
{
	const char *why = token_manager_why_not(service, caller);

	if (why == NULL && request->role > caller->role)
		why = "nobody can give more rights than they have";
	if (why == NULL && is_for_another(caller, request) && caller->role != ROLE_ADMIN)
		why = "only an administrator makes tokens for others";
	if (why == NULL)
		return TOKEN_DONE;
	err_set(err, "%s", why);
	return TOKEN_FORBIDDEN;
}

static enum token_outcome check_ttl(int64_t ttl, int64_t max, const char *name, struct err *err)
{
	if (ttl >= 1 && ttl <= max)
		return TOKEN_DONE;
	err_set(err, "%s: expected 1s to %llds (tokens.%s.max)", name, (long long)max, name);
	return TOKEN_INVALID;
}

static enum token_outcome check_scope(
	const struct identity *caller, const struct token_request *request, struct err *err)
{
	bool is_narrow = request->scope && request->scope[0];
	struct scope *scope = is_narrow ? scope_parse(str_of(request->scope), err) : NULL;

	if (is_narrow && scope == NULL)
		return TOKEN_INVALID;
	bool is_within = scope_covers(caller->scope, scope);
	scope_free(scope);
	if (is_within)
		return TOKEN_DONE;
	err_set(err, "scope: nobody can give more rights than they have");
	return TOKEN_FORBIDDEN;
}

static enum token_outcome check_request(struct auth_service *service, const struct identity *caller,
	const struct token_request *request, struct err *err)
{
	const struct conf *conf = service->conf;
	enum token_outcome outcome = check_rights(service, caller, request, err);

	if (outcome == TOKEN_DONE)
		outcome = check_ttl(
			access_ttl_of(conf, request), conf->access_ttl_s.max, "access_ttl", err);
	if (outcome == TOKEN_DONE && refresh_ttl_of(conf, request) != 0)
		outcome = check_ttl(
			refresh_ttl_of(conf, request), conf->refresh_ttl_s.max, "refresh_ttl", err);
	return outcome == TOKEN_DONE ? check_scope(caller, request, err) : outcome;
}

enum token_outcome token_manager_create(struct auth_service *service, const struct identity *caller,
	const struct token_request *request, struct store_token *record,
	struct token_secrets *secrets, struct err *err)
{
	const struct conf *conf = service->conf;
	struct issue_request issue = {.issuer = service->issuer,
		.client_name = request->client_name,
		.user = request->user,
		.note = request->note,
		.created_by = caller->subject,
		.scope = request->scope,
		.role = request->role,
		.access_ttl = access_ttl_of(conf, request),
		.refresh_ttl = refresh_ttl_of(conf, request)};
	enum token_outcome outcome = check_request(service, caller, request, err);

	if (issue.user == NULL && caller->role != ROLE_ADMIN)
		issue.user = caller->subject;
	if (is_for_another(caller, request))
		issue.registration_ttl = conf->registration_ttl_s;
	if (outcome == TOKEN_DONE)
		outcome = check_number(service, issue.user, err);
	if (outcome != TOKEN_DONE)
		return outcome;
	enum issue_outcome issued =
		issue_token(service->store, service->signer, &issue, record, secrets, err);
	if (issued != ISSUE_DONE)
		return issued == ISSUE_UNFIT ? TOKEN_INVALID : TOKEN_UNAVAILABLE;
	service->counted = UINT64_MAX; /* none: count again */
	audit_token(caller->subject, "create", record);
	return TOKEN_DONE;
}

/* --- looking --- */

enum token_outcome token_manager_get(struct auth_service *service, const struct identity *caller,
	struct str id, struct store_token *record)
{
	struct store *store = service->store;

	if (token_manager_why_not(service, caller))
		return TOKEN_FORBIDDEN;
	switch (auth_service_count(service, store->ops->token_get(store, id, record))) {
	case STORE_FAILED:
		return TOKEN_UNAVAILABLE;
	case STORE_NONE:
		return TOKEN_UNKNOWN;
	case STORE_FOUND:
		break;
	}
	return is_own(caller, record) ? TOKEN_DONE : TOKEN_UNKNOWN;
}

enum token_outcome token_manager_list(struct auth_service *service, const struct identity *caller,
	struct store_token_query *query, store_on_token *on_token, void *arg, int *count)
{
	struct store *store = service->store;

	if (token_manager_why_not(service, caller))
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
	auth_service_count(service, STORE_FAILED);
	return TOKEN_UNAVAILABLE;
}

/* --- taking back --- */

/* Who takes the last administrator's token back may lock everybody out (S35). */
static enum token_outcome check_last(
	struct auth_service *service, const struct store_token *token, struct err *err)
{
	switch (store_is_last_admin(service->store, token, clock_wall_s())) {
	case STORE_FAILED:
		return TOKEN_UNAVAILABLE;
	case STORE_NONE:
		return TOKEN_DONE;
	case STORE_FOUND:
		break;
	}
	err_set(err, "this is the last living administrator's token: ask with force=true");
	return TOKEN_CONFLICT;
}

static const char *name_of_change(enum token_state state)
{
	static const char *const names[] = {[STATE_ACTIVE] = "enable",
		[STATE_DISABLED] = "disable",
		[STATE_REVOKED] = "revoke"};

	return names[state];
}

enum token_outcome token_manager_change(struct auth_service *service, const char *user,
	struct store_token *record, enum token_state state, bool force, struct err *err)
{
	struct store *store = service->store;
	enum token_outcome outcome = TOKEN_DONE;

	if (record->state == state)
		return outcome;
	if (record->state == STATE_REVOKED) {
		err_set(err, "a revoked token stays revoked");
		return TOKEN_CONFLICT;
	}
	if (state != STATE_ACTIVE && !force)
		outcome = check_last(service, record, err);
	if (outcome != TOKEN_DONE)
		return outcome;
	if (auth_service_count(service,
		    store->ops->token_set_state(store, str_of(record->id), state)) != STORE_FOUND)
		return TOKEN_UNAVAILABLE;
	record->state = state;
	auth_service_note_end(service);
	audit_token(user, name_of_change(state), record);
	return TOKEN_DONE;
}

enum token_outcome token_manager_set_state(struct auth_service *service,
	const struct identity *caller, struct str id, enum token_state state, bool force,
	struct store_token *record, struct err *err)
{
	enum token_outcome outcome = token_manager_get(service, caller, id, record);

	return outcome == TOKEN_DONE
		       ? token_manager_change(service, caller->subject, record, state, force, err)
		       : outcome;
}
