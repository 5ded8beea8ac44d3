#include "auth/store/store.h"

#include <assert.h>
#include <stdlib.h>

const char *token_state_name(enum token_state state)
{
	static const char *const names[] = {[STATE_ACTIVE] = "active",
		[STATE_DISABLED] = "disabled",
		[STATE_REVOKED] = "revoked"};

	assert((size_t)state < ARRAY_LEN(names));
	return names[state];
}

bool token_state_parse(struct str name, enum token_state *out)
{
	for (int state = STATE_ACTIVE; state <= STATE_REVOKED; state++) {
		if (str_eq(name, str_of(token_state_name((enum token_state)state)))) {
			*out = (enum token_state)state;
			return true;
		}
	}
	return false;
}

const char *device_state_name(enum device_state state)
{
	static const char *const names[] = {[DEVICE_WAITING] = "waiting",
		[DEVICE_ALLOWED] = "allowed",
		[DEVICE_DENIED] = "denied"};

	assert((size_t)state < ARRAY_LEN(names));
	return names[state];
}

bool device_state_parse(struct str name, enum device_state *out)
{
	for (int state = DEVICE_WAITING; state <= DEVICE_DENIED; state++) {
		if (str_eq(name, str_of(device_state_name((enum device_state)state)))) {
			*out = (enum device_state)state;
			return true;
		}
	}
	return false;
}

void store_session_clear(struct store_session *session)
{
	free(session->sealed.at);
	free(session->label.at);
	session->sealed = session->label = (struct store_bytes){NULL, 0};
}

enum store_answer store_is_last_admin(
	struct store *store, const struct store_token *token, int64_t now)
{
	struct store_counts counts;

	if (token->role != ROLE_ADMIN || token->scope[0] || token->state != STATE_ACTIVE ||
		token->ends_at <= now)
		return STORE_NONE;
	if (store->ops->count(store, now, &counts) == -1)
		return STORE_FAILED;
	return counts.tokens_admin > 1 ? STORE_NONE : STORE_FOUND;
}
