#include "auth/token/token_follow.h"

#include "auth/policy/scope.h"
#include "auth/roles/standing.h"

#include <stdlib.h>

struct found { /* a store must not be called from its list: what to end is noted first */
	const struct token_desk *desk;
	const char *subject;
	const struct grants *left;
	struct store_token last; /* of the page */
	char ids[STORE_PAGE][STORE_ID];
	size_t count;
};

static bool is_own_token(const struct found *found, const struct store_token *token)
{
	return strcmp(token->subject, found->subject) == 0 &&
	       strcmp(token->created_by, found->subject) == 0 &&
	       !str_starts(str_of(token->subject), STR("client:"));
}

/* Tokens that say what they are limited to and were made before there were custom roles: a limited
 * role was a user's with a scope of its namespaces. */
static bool is_within_namespaces(const struct grants *left, const struct store_token *token)
{
	char *text = grants_scope(left);
	struct scope *outer = text[0] ? scope_parse(str_of(text), NULL) : NULL;
	struct scope *inner = token->scope[0] ? scope_parse(str_of(token->scope), NULL) : NULL;
	bool is_within = token->role <= ROLE_USER && outer && inner && scope_covers(outer, inner);

	scope_free(outer);
	scope_free(inner);
	free(text);
	return is_within;
}

static bool opens_more(const struct found *found, const struct store_token *token)
{
	if (found->left == NULL)
		return true;
	if (token->standing[0])
		return !standing_is_within(found->desk->conf, str_of(token->standing), found->left);
	return token->role > grants_role(found->left) && !is_within_namespaces(found->left, token);
}

static void note_token(void *arg, const struct store_token *token)
{
	struct found *found = arg;

	found->last = *token;
	/* A disabled one, too: its owner might enable it again. */
	if (is_own_token(found, token) && token->state != STATE_REVOKED && opens_more(found, token))
		memcpy(found->ids[found->count++], token->id, STORE_ID);
}

/* 1; 0: it is gone; -1: the store failed. */
static int revoke_one(const struct token_desk *desk, const char *id, const char *by)
{
	struct store_token record;
	struct err err;
	enum token_outcome outcome = token_desk_get(desk, str_of(id), &record);

	if (outcome == TOKEN_DONE)
		outcome = token_desk_change(desk, by, &record, STATE_REVOKED, true, &err);
	return outcome == TOKEN_DONE ? 1 : outcome == TOKEN_UNAVAILABLE ? -1 : 0;
}

static int revoke_page(const struct token_desk *desk, const struct found *found, const char *by)
{
	int total = 0;

	for (size_t i = 0; i < found->count; i++) {
		int revoked = revoke_one(desk, found->ids[i], by);
		if (revoked == -1)
			return -1;
		total += revoked;
	}
	return total;
}

static int read_page(
	const struct token_desk *desk, const struct store_token_query *query, struct found *found)
{
	int count = desk->store->ops->token_list(desk->store, query, note_token, found);

	if (count == -1)
		token_desk_count(desk, STORE_FAILED);
	return count;
}

int token_follow(const struct token_desk *desk, const char *subject, const struct grants *left,
	const char *by)
{
	struct store_token_query query = {.subject = subject, .limit = STORE_PAGE};
	int count, ended = 0, total = 0;

	if (!desk->conf->tokens_follow_sessions)
		return 0;
	struct found *found = mem_alloc(1, sizeof *found);
	found->desk = desk;
	found->subject = subject;
	found->left = left;
	do {
		found->count = 0;
		count = read_page(desk, &query, found);
		ended = count == -1 ? -1 : revoke_page(desk, found, by);
		total += ended;
		query.before_at = found->last.created_at;
		memcpy(query.before_id, found->last.id, sizeof query.before_id);
	} while (count == STORE_PAGE && ended != -1);
	free(found);
	return ended == -1 ? -1 : total;
}
