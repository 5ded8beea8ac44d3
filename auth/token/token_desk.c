#include "auth/token/token_desk.h"

#include "auth/token/audit.h"
#include "base/clock.h"

static void tell_owner(const struct token_desk *desk, enum token_event event)
{
	if (desk->on_event)
		desk->on_event(desk->arg, event);
}

enum store_answer token_desk_count(const struct token_desk *desk, enum store_answer answer)
{
	if (answer == STORE_FAILED)
		tell_owner(desk, TOKEN_STORE_FAILED);
	return answer;
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

static enum token_outcome check_ttl(int64_t ttl, int64_t max, const char *name, struct err *err)
{
	if (ttl >= 1 && ttl <= max)
		return TOKEN_DONE;
	err_set(err, "%s: expected 1s to %llds (tokens.%s.max)", name, (long long)max, name);
	return TOKEN_INVALID;
}

static enum token_outcome check_ttls(
	const struct conf *conf, const struct issue_request *issue, struct err *err)
{
	enum token_outcome outcome =
		check_ttl(issue->access_ttl, conf->access_ttl_s.max, "access_ttl", err);

	if (outcome != TOKEN_DONE || issue->refresh_ttl == 0)
		return outcome;
	return check_ttl(issue->refresh_ttl, conf->refresh_ttl_s.max, "refresh_ttl", err);
}

/* tokens.per_user, of people; named clients are the administrator's own business. */
enum token_outcome token_desk_has_room(
	const struct token_desk *desk, const char *user, struct err *err)
{
	struct store *store = desk->store;
	unsigned most = desk->conf->tokens_per_user;

	if (user == NULL || desk->is_unlimited)
		return TOKEN_DONE;
	int64_t living = store->ops->token_count(store, user, clock_wall_s(), most);
	if (living == -1) {
		tell_owner(desk, TOKEN_STORE_FAILED);
		return TOKEN_UNAVAILABLE;
	}
	if (living < most)
		return TOKEN_DONE;
	err_set(err, "%s already has %u active tokens, the limit (tokens.per_user)", user, most);
	return TOKEN_CONFLICT;
}

enum token_outcome token_desk_make(const struct token_desk *desk, const char *maker,
	const struct token_request *request, struct store_token *record,
	struct token_secrets *secrets, struct err *err)
{
	const struct conf *conf = desk->conf;
	const struct issue_request issue = {.issuer = desk->issuer,
		.client_name = request->client_name,
		.user = request->user,
		.note = request->note,
		.created_by = maker,
		.scope = request->scope,
		.standing = request->standing,
		.role = request->role,
		.access_ttl = access_ttl_of(conf, request),
		.refresh_ttl = refresh_ttl_of(conf, request),
		.registration_ttl = request->is_registration ? conf->registration_ttl_s : 0};
	enum token_outcome outcome = check_ttls(conf, &issue, err);

	if (outcome == TOKEN_DONE)
		outcome = token_desk_has_room(desk, request->user, err);
	if (outcome != TOKEN_DONE)
		return outcome;
	enum issue_outcome issued =
		issue_token(desk->store, desk->signer, &issue, record, secrets, err);
	if (issued != ISSUE_DONE)
		return issued == ISSUE_UNFIT ? TOKEN_INVALID : TOKEN_UNAVAILABLE;
	tell_owner(desk, TOKEN_MADE);
	audit_token(maker, desk->asks, "create", record);
	return TOKEN_DONE;
}

/* --- changing --- */

static enum token_outcome outcome_of(const struct token_desk *desk, enum store_answer answer)
{
	switch (token_desk_count(desk, answer)) {
	case STORE_FOUND:
		return TOKEN_DONE;
	case STORE_NONE:
		return TOKEN_UNKNOWN;
	case STORE_FAILED:
		break;
	}
	return TOKEN_UNAVAILABLE;
}

enum token_outcome token_desk_get(
	const struct token_desk *desk, struct str id, struct store_token *record)
{
	return outcome_of(desk, desk->store->ops->token_get(desk->store, id, record));
}

/* Who takes the last administrator's token back may lock everybody out (S35). */
static enum token_outcome check_last(
	const struct token_desk *desk, const struct store_token *token, struct err *err)
{
	switch (token_desk_count(desk, store_is_last_admin(desk->store, token, clock_wall_s()))) {
	case STORE_FAILED:
		return TOKEN_UNAVAILABLE;
	case STORE_NONE:
		return TOKEN_DONE;
	case STORE_FOUND:
		break;
	}
	err_set(err, "this is the last active administrator token: to do it anyway, %s",
		desk->force_hint);
	return TOKEN_CONFLICT;
}

static enum token_outcome check_change(const struct token_desk *desk,
	const struct store_token *record, enum token_state state, bool force, struct err *err)
{
	if (record->state == STATE_REVOKED) {
		err_set(err, "a revoked token stays revoked");
		return TOKEN_CONFLICT;
	}
	return state == STATE_ACTIVE || force ? TOKEN_DONE : check_last(desk, record, err);
}

enum token_outcome token_desk_change(const struct token_desk *desk, const char *user,
	struct store_token *record, enum token_state state, bool force, struct err *err)
{
	static const char *const names[] = {[STATE_ACTIVE] = "enable",
		[STATE_DISABLED] = "disable",
		[STATE_REVOKED] = "revoke"};
	struct store *store = desk->store;

	if (record->state == state)
		return TOKEN_DONE;
	enum token_outcome outcome = check_change(desk, record, state, force, err);
	if (outcome == TOKEN_DONE)
		outcome = outcome_of(
			desk, store->ops->token_set_state(store, str_of(record->id), state));
	if (outcome != TOKEN_DONE)
		return outcome;
	record->state = state;
	tell_owner(desk, TOKEN_CHANGED);
	audit_token(user, desk->asks, names[state], record);
	return TOKEN_DONE;
}
