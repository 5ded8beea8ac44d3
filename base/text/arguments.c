#include "base/text/arguments.h"

#include <assert.h>
#include <string.h>

enum { FIRST_CODE = 256 }; /* above every character that getopt_long() gives */

void arguments_init(struct arguments *a, int argc, char **argv)
{
	*a = (struct arguments){.argc = argc,
		.argv = argv,
		.options = {{.name = "help", .has_arg = no_argument, .val = 'h'}}};
	optind = 0; /* glibc: forget what was read before */
	opterr = 0;
}

void arguments_add(struct arguments *a, const char *name, bool is_switch)
{
	assert(a->count < ARGUMENTS_MAX);
	int code = FIRST_CODE + (int)a->count;

	a->options[++a->count] = (struct option){.name = name + strlen("--"),
		.has_arg = is_switch ? no_argument : required_argument,
		.val = code};
}

static const char *name_of(const struct arguments *a, int code)
{
	return code == 'h' ? "help" : a->options[1 + code - FIRST_CODE].name;
}

/* Whether the word is this option spelled out, with or without "=VALUE". */
static bool is_whole(const struct arguments *a, const char *word, int code)
{
	const char *name = name_of(a, code);
	size_t len = strlen(name);

	if (code == 'h' && strcmp(word, "-h") == 0)
		return true;
	return strncmp(word, "--", 2) == 0 && strncmp(word + 2, name, len) == 0 &&
	       (word[2 + len] == '\0' || word[2 + len] == '=');
}

static int refuse_unknown(const char *word, struct err *err)
{
	err_set(err, "unknown option \"%.*s\"", (int)strcspn(word, "="), word);
	return ARGUMENTS_WRONG;
}

/* `code` is getopt's: '?' or ':', and optopt the option's if it has found one. */
static int refuse(const struct arguments *a, int code, const char *word, struct err *err)
{
	if ((optopt < FIRST_CODE && optopt != 'h') || !is_whole(a, word, optopt))
		return refuse_unknown(word, err);
	err_set(err, code == ':' ? "--%s needs a value" : "--%s takes no value",
		name_of(a, optopt));
	return ARGUMENTS_WRONG;
}

static int next_operand(struct arguments *a, const char **value)
{
	a->rest_is_operands = true;
	if (optind >= a->argc)
		return ARGUMENTS_END;
	*value = a->argv[optind++];
	return ARGUMENTS_OPERAND;
}

int arguments_next(struct arguments *a, const char **value, struct err *err)
{
	if (a->rest_is_operands)
		return next_operand(a, value);
	/* "-": operands come in their turn, so that the word is the one at optind. ":": what lacks
	 * its value is told from what is unknown. */
	int at = optind > 0 ? optind : 1;
	const char *word = at < a->argc ? a->argv[at] : NULL; /* then the next one is none */
	int code = getopt_long(a->argc, a->argv, "-:h", a->options, NULL);

	*value = optarg;
	if (code == -1)
		return next_operand(a, value);
	if (code == '?' || code == ':')
		return refuse(a, code, word, err);
	if (code == 1)
		return word[0] == '-' ? refuse_unknown(word, err) : ARGUMENTS_OPERAND;
	if (!is_whole(a, word, code))
		return refuse_unknown(word, err);
	return code == 'h' ? ARGUMENTS_HELP : code - FIRST_CODE;
}
