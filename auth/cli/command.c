#include "auth/cli/command.h"

#include "auth/audit/audit_inbox.h"
#include "auth/backends/store_open.h"
#include "auth/token/issue.h"
#include "base/net/graylog.h"
#include "base/clock.h"
#include "base/log/log.h"
#include "base/text/arguments.h"
#include "base/text/term.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOG_WAIT_MS = 2000 };

/* --- arguments --- */

static const struct command_option everywhere[] = {
	{"--config", offsetof(struct command, config), ~0u, false},
	{"--data", offsetof(struct command, data), ~0u, false},
	{"--listen", offsetof(struct command, listen), ~0u, false},
	{"--json", offsetof(struct command, json), ~0u, true},
};

/* The options of a verb, by the numbers that their reader gives. */
struct taken {
	struct arguments arguments;
	const struct command_option *options[ARGUMENTS_MAX];
};

static void take(
	struct taken *taken, const struct command_option *options, size_t count, unsigned verb)
{
	for (size_t i = 0; i < count; i++) {
		if (!(options[i].verbs & verb))
			continue;
		taken->options[taken->arguments.count] = &options[i];
		arguments_add(&taken->arguments, options[i].name, options[i].is_switch);
	}
}

static int put_operand(struct command *command, const char *word)
{
	if (!command->verb->takes_operands)
		return err_set(&command->err, "\"%s\" is not expected here", word);
	command->operands[command->operands_count++] = word;
	return 0;
}

static int put_option(
	struct command *command, const struct command_option *option, const char *text)
{
	const char **value = (const char **)((char *)command + option->at);

	if (*value)
		return err_set(&command->err, "%s is given twice", option->name);
	*value = option->is_switch ? option->name : text;
	return 0;
}

/* Operands and options in any order, up to --help. */
static int read_all(struct command *command, struct taken *taken)
{
	const char *text;
	int result = 0;

	while (result == 0) {
		int got = arguments_next(&taken->arguments, &text, &command->err);
		if (got == ARGUMENTS_WRONG)
			return -1;
		command->wants_help = got == ARGUMENTS_HELP;
		if (got == ARGUMENTS_END || got == ARGUMENTS_HELP)
			return 0;
		result = got == ARGUMENTS_OPERAND ? put_operand(command, text)
						  : put_option(command, taken->options[got], text);
	}
	return result;
}

/* argv[0] is the verb. */
static int parse(struct command *command, int argc, char **argv)
{
	const struct command_kind *kind = command->kind;
	const struct command_verb *verb = command->verb;
	struct taken taken;

	arguments_init(&taken.arguments, argc, argv);
	take(&taken, everywhere, ARRAY_LEN(everywhere), verb->bit);
	take(&taken, kind->options, kind->options_count, verb->bit);
	if (read_all(command, &taken) == -1)
		return -1;
	if (command->wants_help)
		return 0;
	if (command->config && command->data)
		return err_set(&command->err, "give --config FILE or --data DIR, not both");
	return verb->check ? verb->check(command) : 0;
}

/* --- store --- */

static int load_conf(struct command *command)
{
	/* The folder is all that matters of it; a configuration also needs something to show. */
	const struct conf_flags flags = {.master = "http://127.0.0.1:8080",
		.listen = command->listen,
		.data = command->data};

	command->conf = command->config ? conf_load(command->config, &command->err)
					: conf_from_flags(&flags, &command->err);
	return command->conf ? 0 : -1;
}

/* A mistyped folder is told from one without tokens, and nothing is made in it. Nor where nobody
 * said what is meant: a token that the gateway does not know would be of no use. */
static int expect_store(struct command *command)
{
	const struct conf *conf = command->conf;
	bool is_named = command->config || command->data;

	if ((command->verb->makes_store && is_named) || conf->store_kind != CONF_STORE_SQLITE ||
		access(conf->store_path, F_OK) == 0)
		return 0;
	if (!is_named)
		return err_set(&command->err,
			"there is no store at %s: give --config FILE or --data DIR",
			conf->store_path);
	return err_set(&command->err,
		"there is no store at %s: check the path, or create a token first",
		conf->store_path);
}

static int open_store(struct command *command)
{
	if (load_conf(command) == -1 || expect_store(command) == -1)
		return -1;
	if (command->conf->store_kind == CONF_STORE_MEMORY)
		return err_set(&command->err, "the store is memory:, which only the running "
					      "gateway can read; use its API or page");
	log_set_format((enum log_format)command->conf->log_format);
	graylog_use(command->conf->log_gelf.host, command->conf->log_gelf.port);
	command->store = store_open(command->conf, &command->err);
	audit_inbox_open();
	return command->store ? 0 : -1;
}

/* What was done stands in the log already. */
static void close_store(struct command *command)
{
	if (command->store) {
		(void)audit_inbox_save(command->store);
		command->store->ops->close(command->store);
	}
	audit_inbox_close();
}

/* --- for the record --- */

int command_find_issuer(struct command *command, char issuer[static STORE_ISSUER])
{
	if (issue_own_issuer(command->conf, issuer, &command->err) == -1)
		return -1;
	if (command->config || command->listen)
		return 0;
	if (command->store->ops->meta_get(command->store, "issuer", issuer, STORE_ISSUER) ==
		STORE_FAILED)
		return err_set(&command->err, "the store cannot be read");
	return 0;
}

void command_name_account(char *out, size_t size)
{
	const struct passwd *account = getpwuid(getuid());

	if (account)
		snprintf(out, size, "cli:%.200s", account->pw_name);
	else
		snprintf(out, size, "cli:%lu", (unsigned long)getuid());
}

void command_await_log(const struct command *command)
{
	if (command->conf->log_gelf.host)
		(void)graylog_wait(LOG_WAIT_MS);
}

/* --- answers --- */

/* A terminal gets plain ASCII: JSON leaves DEL and the C1 controls as they are. */
static int print_json(const struct command *command, const json_t *json, size_t width)
{
	size_t flags = JSON_INDENT(2) | (width ? JSON_ENSURE_ASCII : 0);

	return json_dumpf(json, command->out, flags) == 0 && fputc('\n', command->out) != EOF ? 0
											      : -1;
}

static int print_text(const struct command *command, json_t *json, size_t width)
{
	const struct command_verb *verb = command->verb;

	if (json_is_object(json))
		return command_table_fields(
			command->out, json, verb->columns, verb->columns_count, clock_wall_s());
	if (json_array_size(json) == 0)
		return fprintf(command->out, "%s\n", command->kind->none) < 0 ? -1 : 0;
	return command_table_list(
		command->out, json, verb->columns, verb->columns_count, width, clock_wall_s());
}

int command_print(struct command *command, json_t *json)
{
	size_t width = term_width(command->out);
	int result = -1;

	if (json)
		result = width && !command->json ? print_text(command, json, width)
						 : print_json(command, json, width);
	json_decref(json);
	if (result == 0 && fflush(command->out) == 0)
		return COMMAND_FINE;
	err_set(&command->err, "the output cannot be written");
	return COMMAND_REFUSED;
}

/* --- the command --- */

/* The first paragraph of how it is called. */
static int refuse_usage(const char *kind, const char *usage, FILE *err, const char *why)
{
	const char *end = strstr(usage, "\n\n");
	size_t len = end ? (size_t)(end - usage) + 1 : strlen(usage);

	fprintf(err, "sparkgate %s: %s\n%.*s", kind, why, (int)len, usage);
	return COMMAND_USAGE;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int give_help(const char *usage, FILE *out)
{
	return fputs(usage, out) == EOF ? COMMAND_REFUSED : COMMAND_FINE;
}

static int run(struct command *command, FILE *err)
{
	int code = open_store(command) == -1 ? COMMAND_REFUSED : command->verb->run(command);

	if (command->err.text[0])
		fprintf(err, "%s\n", command->err.text);
	close_store(command);
	conf_unref(command->conf);
	return code;
}

int command_run_verb(const struct command_kind *kind, const struct command_verb *verb,
	struct command *command, int argc, char **argv, FILE *err)
{
	const char *usage = verb->usage;
	const char **operands = mem_alloc((size_t)argc, sizeof *operands);
	int code;

	command->kind = kind;
	command->verb = verb;
	command->operands = operands;
	if (parse(command, argc, argv) == -1)
		code = refuse_usage(command->kind->name, usage, err, command->err.text);
	else
		code = command->wants_help ? give_help(usage, command->out) : run(command, err);
	free(operands);
	return code;
}

int command_run(
	const struct command_kind *kind, struct command *command, int argc, char **argv, FILE *err)
{
	if (argc < 2)
		return refuse_usage(kind->name, kind->usage, err, "say what to do");
	for (size_t i = 0; i < kind->verbs_count; i++) {
		if (strcmp(argv[1], kind->verbs[i].name) == 0)
			return command_run_verb(
				kind, &kind->verbs[i], command, argc - 1, argv + 1, err);
	}
	if (is_help(argv[1]))
		return give_help(kind->usage, command->out);
	return refuse_usage(kind->name, kind->usage, err, kind->hint);
}
