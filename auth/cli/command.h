/*
 * auth/cli/command.h - what `sparkgate token` and `sparkgate session` share: verbs with their
 * options, the store they work on, and an answer on standard output: for eyes on a terminal, else
 * JSON.
 *
 * A command has a struct of its own that begins with a struct command.
 */
#ifndef SPARKGATE_AUTH_CLI_COMMAND_H
#define SPARKGATE_AUTH_CLI_COMMAND_H

#include "auth/cli/command_table.h"
#include "auth/store/store.h"

enum { COMMAND_FINE, COMMAND_REFUSED, COMMAND_USAGE }; /* exit codes */

struct command {
	/* Options of every verb. Without `config` and `data`: the default folder, if it has a
	 * store. */
	const char *config, *data, *listen, *json;
	bool wants_help;
	const struct command_kind *kind;
	const struct command_verb *verb;
	const char **operands; /* what is no option; borrowed from argv */
	int operands_count;
	struct conf *conf;
	struct store *store;
	FILE *out;
	struct err err; /* printed at the end if there is a text */
};

struct command_option {
	const char *name;
	size_t at;	/* of a const char * in the command's struct; a switch gets its own name */
	unsigned verbs; /* bits of those that take it */
	bool is_switch;
};

struct command_verb {
	const char *name;
	unsigned bit;
	bool takes_operands;
	bool makes_store;  /* else it wants one that is there: reading makes nothing */
	const char *usage; /* how it is called, an empty line, what the options are */
	/* How its answer looks on a terminal: of a list these columns, of an object its members. */
	const struct command_column *columns;
	size_t columns_count;
	/* -1 with a reason: these options do not go together. NULL: all do. */
	int (*check)(struct command *command);
	int (*run)(struct command *command); /* gives the exit code */
};

struct command_kind {
	const char *name, *usage;
	const char *hint, *none; /* for who names no verb; on a terminal, for an empty list */
	const struct command_verb *verbs;
	size_t verbs_count;
	const struct command_option *options; /* besides those of every verb */
	size_t options_count;
};

/* `command` is zeroed but for `out`. argv[0] is the kind's name. Gives the exit code. */
int command_run(
	const struct command_kind *kind, struct command *command, int argc, char **argv, FILE *err);

/* The same of a kind with one verb, which argv[0] names. */
int command_run_verb(const struct command_kind *kind, const struct command_verb *verb,
	struct command *command, int argc, char **argv, FILE *err);

/* The issuer of the gateway whose store it is. One that ran from a folder has left word there: it
 * may listen elsewhere than by default. -1 with the command's err. */
int command_find_issuer(struct command *command, char issuer[static STORE_ISSUER]);

/* --- for the record --- */

/* "cli:" and the account that runs the command. */
void command_name_account(char *out, size_t size);
/* Before an audit line: some time for log.gelf's name, if it has one. */
void command_await_log(const struct command *command);

/* --- answers --- */

/* Takes json, writes it: an object or an array of objects. Gives the exit code. */
int command_print(struct command *command, json_t *json);

#endif
