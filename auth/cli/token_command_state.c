/* `sparkgate token revoke`, `token disable` and `token enable`. */
#include "auth/cli/token_command_int.h"
#include "base/clock.h"

/* --- revoke, disable, enable: the same on several ids --- */

struct change {
	enum token_state state;
	const char *done; /* what the ids are called afterwards */
};

enum outcome { DONE, REFUSED, UNKNOWN, FAILED, OUTCOMES };

/* FOUND: allowed. Else a reason. */
static bool is_allowed(
	struct command *command, const struct store_token *token, const struct change *change)
{
	if (token->state == change->state)
		return true;
	if (token->state == STATE_REVOKED) {
		err_set(&command->err, "%s: a revoked token stays revoked", token->id);
		return false;
	}
	if (change->state == STATE_ACTIVE || token_command_of(command)->force)
		return true;
	switch (store_is_last_admin(command->store, token, clock_wall_s())) {
	case STORE_NONE:
		return true;
	case STORE_FOUND:
		err_set(&command->err,
			"%s: this is the last living administrator's token: give --force",
			token->id);
		return false;
	case STORE_FAILED:
		break;
	}
	err_set(&command->err, "the store cannot be read");
	return false;
}

static enum outcome change_one(struct command *command, const char *text,
	const struct change *change, struct store_token *token)
{
	struct store *store = command->store;
	enum store_answer answer = token_command_find(command, text, token);

	if (answer != STORE_FOUND)
		return answer == STORE_NONE ? UNKNOWN : FAILED;
	if (!is_allowed(command, token, change))
		return REFUSED;
	if (token->state == change->state)
		return DONE;
	answer = store->ops->token_set_state(store, str_of(token->id), change->state);
	if (answer == STORE_FAILED)
		err_set(&command->err, "the store cannot be written");
	if (answer == STORE_FOUND)
		token_command_audit(command, token);
	return answer == STORE_FOUND ? DONE : answer == STORE_NONE ? UNKNOWN : FAILED;
}

/* Several ids may fail for several reasons: the last is told, and the answer names them all. */
static int change_all(struct command *command, const struct change *change)
{
	const char *const names[OUTCOMES] = {change->done, "refused", "unknown", "failed"};
	json_t *answer = json_object(), *lists[OUTCOMES];
	struct err last = {.text = ""};

	for (size_t i = 0; i < OUTCOMES; i++) {
		lists[i] = json_array();
		json_object_set_new(answer, names[i], lists[i]);
	}
	for (int i = 0; i < command->operands_count; i++) {
		struct store_token token;
		const char *text = command->operands[i];

		command->err.text[0] = '\0';
		enum outcome outcome = change_one(command, text, change, &token);
		bool is_known = outcome == DONE || outcome == REFUSED;
		json_array_append_new(lists[outcome], json_string(is_known ? token.id : text));
		if (outcome != DONE)
			last = command->err;
	}
	command->err = last;
	int result = command_print(command, answer);
	return last.text[0] ? COMMAND_REFUSED : result;
}

int token_command_revoke(struct command *command)
{
	return change_all(command, &(struct change){STATE_REVOKED, "revoked"});
}

int token_command_disable(struct command *command)
{
	return change_all(command, &(struct change){STATE_DISABLED, "disabled"});
}

int token_command_enable(struct command *command)
{
	return change_all(command, &(struct change){STATE_ACTIVE, "enabled"});
}
