#include "auth/command.h"

#include "base/clock.h"

#include <string.h>

/* --- arguments --- */

static const struct command_option everywhere[] = {
	{"--config", offsetof(struct command, config), ~0u, false},
	{"--data", offsetof(struct command, data), ~0u, false},
	{"--listen", offsetof(struct command, listen), ~0u, false},
};

static const struct command_option *find_in(const struct command_option *options, size_t count,
	unsigned verb, const char *arg, size_t len)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(options[i].name) == len && memcmp(options[i].name, arg, len) == 0)
			return options[i].verbs & verb ? &options[i] : NULL;
	}
	return NULL;
}

static const struct command_option *find_option(
	const struct command_kind *kind, unsigned verb, const char *arg, size_t len)
{
	const struct command_option *found =
		find_in(everywhere, ARRAY_LEN(everywhere), verb, arg, len);

	return found ? found : find_in(kind->options, kind->options_count, verb, arg, len);
}

/* "--name VALUE", "--name=VALUE", or "--switch"; -1 with a reason. */
static int take_option(const struct command_kind *kind, struct command *command, unsigned verb,
	int argc, char **argv, int *i)
{
	size_t len = strcspn(argv[*i], "=");
	const struct command_option *option = find_option(kind, verb, argv[*i], len);
	struct err *err = &command->err;

	if (option == NULL)
		return err_set(
			err, "\"%.*s\" is not an option of this command", (int)len, argv[*i]);
	const char **value = (const char **)((char *)command + option->at);
	if (*value)
		return err_set(err, "%s is given twice", option->name);
	if (option->is_switch && argv[*i][len] == '=')
		return err_set(err, "%s takes no value", option->name);
	if (option->is_switch)
		*value = option->name;
	else if (argv[*i][len] == '=')
		*value = argv[*i] + len + 1;
	else if (*i + 1 < argc)
		*value = argv[++*i];
	return *value ? 0 : err_set(err, "%s lacks its value", option->name);
}

static int parse(const struct command_kind *kind, struct command *command,
	const struct command_verb *verb, int argc, char **argv)
{
	/* Operands and options in any order: the operands move to the front. */
	command->operands = argv + 2;
	for (int i = 2; i < argc; i++) {
		if (argv[i][0] != '-' && verb->takes_operands)
			command->operands[command->operands_count++] = argv[i];
		else if (argv[i][0] != '-')
			return err_set(&command->err, "\"%s\" is not expected here", argv[i]);
		else if (take_option(kind, command, verb->bit, argc, argv, &i) == -1)
			return -1;
	}
	if ((command->config != NULL) == (command->data != NULL))
		return err_set(&command->err, "give --config FILE or --data DIR");
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

static int open_store(struct command *command)
{
	if (load_conf(command) == -1)
		return -1;
	if (command->conf->store_kind == CONF_STORE_MEMORY)
		return err_set(&command->err,
			"the store is memory:, which only the running gateway can see");
	command->store = store_open(command->conf, &command->err);
	return command->store ? 0 : -1;
}

/* --- JSON --- */

json_t *command_time(int64_t wall_s)
{
	char text[32];

	if (wall_s == 0)
		return json_null();
	clock_format(wall_s * 1000, text);
	return json_string(text);
}

json_t *command_text(const char *text)
{
	json_t *json = text && text[0] ? json_string(text) : NULL;

	return json ? json : json_null();
}

int command_print(struct command *command, json_t *json)
{
	int result = json ? json_dumpf(json, command->out, JSON_INDENT(2)) : -1;

	json_decref(json);
	if (result == 0 && fputc('\n', command->out) != EOF && fflush(command->out) == 0)
		return COMMAND_FINE;
	err_set(&command->err, "the answer cannot be written");
	return COMMAND_REFUSED;
}

/* --- the command --- */

static int refuse_usage(const struct command_kind *kind, FILE *err, const char *why)
{
	fprintf(err, "sparkgate %s: %s\n%s", kind->name, why, kind->usage);
	return COMMAND_USAGE;
}

static int run(const struct command_verb *verb, struct command *command, FILE *err)
{
	int code = open_store(command) == -1 ? COMMAND_REFUSED : verb->run(command);

	if (command->err.text[0])
		fprintf(err, "%s\n", command->err.text);
	if (command->store)
		command->store->ops->close(command->store);
	conf_unref(command->conf);
	return code;
}

int command_run(
	const struct command_kind *kind, struct command *command, int argc, char **argv, FILE *err)
{
	if (argc < 2)
		return refuse_usage(kind, err, "say what to do");
	for (size_t i = 0; i < kind->verbs_count; i++) {
		if (strcmp(argv[1], kind->verbs[i].name) != 0)
			continue;
		if (parse(kind, command, &kind->verbs[i], argc, argv) == -1)
			return refuse_usage(kind, err, command->err.text);
		return run(&kind->verbs[i], command, err);
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		fputs(kind->usage, command->out);
		return COMMAND_FINE;
	}
	return refuse_usage(kind, err, kind->hint);
}
