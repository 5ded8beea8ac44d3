/* auth/cli/token_command_int.h - the parts of `sparkgate token`: its options, its verbs. */
#ifndef SPARKGATE_AUTH_CLI_TOKEN_COMMAND_INT_H
#define SPARKGATE_AUTH_CLI_TOKEN_COMMAND_INT_H

#include "auth/cli/command.h"

struct token_command {
	struct command base; /* first: a command of this kind is its base */
	const char *client_name, *user, *token_type, *access_ttl, *refresh_ttl, *scope, *note;
	const char *registration, *active, *force;
};

static inline const struct token_command *token_command_of(const struct command *command)
{
	return (const struct token_command *)command;
}

/* Verbs: each gives the exit code. */
int token_command_create(struct command *command);
int token_command_list(struct command *command);
int token_command_show(struct command *command);
int token_command_revoke(struct command *command);
int token_command_disable(struct command *command);
int token_command_enable(struct command *command);

enum { TOKEN_COMMAND_COLUMNS = 9 };
extern const struct command_column token_command_columns[TOKEN_COMMAND_COLUMNS];

/* By its id, or by the beginning of it that a table shows, if that is the only one. FAILED and NONE
 * with a reason in command->err. */
MUST_CHECK enum store_answer token_command_find(
	struct command *command, const char *text, struct store_token *out);

#endif
