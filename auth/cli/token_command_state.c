/* `sparkgate token revoke`, `token disable` and `token enable`. */
#include "auth/cli/token_command_int.h"
#include "auth/token/token_desk.h"

/* --- revoke, disable, enable: the same on several ids --- */

struct change {
	enum token_state state;
	const char *done; /* what the ids are called afterwards */
};

enum outcome { DONE, REFUSED, UNKNOWN, FAILED, OUTCOMES };

static enum outcome change_found(
	struct command *command, const struct change *change, struct store_token *token)
{
	const struct token_desk desk = {
		.store = command->store, .conf = command->conf, .force_hint = "give --force"};
	bool is_forced = token_command_of(command)->force != NULL;
	char account[STORE_SUBJECT];
	struct err err = {""};

	command_name_account(account, sizeof account);
	command_await_log(command);
	switch (token_desk_change(&desk, account, token, change->state, is_forced, &err)) {
	case TOKEN_DONE:
		return DONE;
	case TOKEN_UNKNOWN:
		return UNKNOWN;
	case TOKEN_UNAVAILABLE:
		err_set(&command->err, "the store cannot be written");
		return FAILED;
	default:
		err_set(&command->err, "%s: %s", token->id, err.text);
		return REFUSED;
	}
}

static enum outcome change_one(struct command *command, const char *text,
	const struct change *change, struct store_token *token)
{
	switch (token_command_find(command, text, token)) {
	case STORE_FOUND:
		return change_found(command, change, token);
	case STORE_NONE:
		return UNKNOWN;
	case STORE_FAILED:
		break;
	}
	return FAILED;
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
