#include "auth/token/token_follow.h"

#include "auth/token/audit.h"
#include "auth/policy/scope.h"

#include <stdlib.h>

struct found { /* a store must not be called from its list: what to end is noted first */
	const char *subject;
	enum role left;
	struct scope *scope;	 /* NULL: not narrowed */
	struct store_token last; /* of the page */
	char ids[STORE_PAGE][STORE_ID];
	size_t count;
};

static bool is_own(const struct found *found, const struct store_token *token)
{
	return strcmp(token->subject, found->subject) == 0 &&
	       strcmp(token->created_by, found->subject) == 0 &&
	       !str_starts(str_of(token->subject), STR("client:"));
}

static bool opens_more(const struct found *found, const struct store_token *token)
{
	if (token->role > found->left)
		return true;
	if (found->scope == NULL)
		return false;
	struct scope *scope = token->scope[0] ? scope_parse(str_of(token->scope), NULL) : NULL;
	bool is_within = scope_covers(found->scope, scope);
	scope_free(scope);
	return !is_within;
}

static void on_token(void *arg, const struct store_token *token)
{
	struct found *found = arg;

	found->last = *token;
	/* A disabled one, too: its owner might enable it again. */
	if (is_own(found, token) && token->state != STATE_REVOKED && opens_more(found, token))
		memcpy(found->ids[found->count++], token->id, STORE_ID);
}

static int revoke(struct store *store, const char *id, const char *by)
{
	struct store_token record;

	switch (store->ops->token_get(store, str_of(id), &record)) {
	case STORE_FAILED:
		return -1;
	case STORE_NONE:
		return 0;
	case STORE_FOUND:
		break;
	}
	if (store->ops->token_set_state(store, str_of(id), STATE_REVOKED) == STORE_FAILED)
		return -1;
	record.state = STATE_REVOKED;
	audit_token(by, "revoke", &record);
	return 1;
}

static int revoke_page(struct store *store, const struct found *found, const char *by)
{
	int total = 0;

	for (size_t i = 0; i < found->count; i++) {
		int revoked = revoke(store, found->ids[i], by);
		if (revoked == -1)
			return -1;
		total += revoked;
	}
	return total;
}

int token_follow(
	struct store *store, const char *subject, enum role left, const char *scope, const char *by)
{
	struct store_token_query query = {.subject = subject, .limit = STORE_PAGE};
	struct found *found = mem_alloc(1, sizeof *found);
	int count, ended = 0, total = 0;

	found->subject = subject;
	found->left = left;
	found->scope = scope[0] ? scope_parse(str_of(scope), NULL) : NULL;
	do {
		found->count = 0;
		count = store->ops->token_list(store, &query, on_token, found);
		ended = count == -1 ? -1 : revoke_page(store, found, by);
		total += ended;
		query.before_at = found->last.created_at;
		memcpy(query.before_id, found->last.id, sizeof query.before_id);
	} while (count == STORE_PAGE && ended != -1);
	scope_free(found->scope);
	free(found);
	return ended == -1 ? -1 : total;
}
