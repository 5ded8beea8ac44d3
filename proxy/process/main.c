/* The command line (design "Command line"): what to do, then gateway_run(), or a command on the
 * store. */
#include "auth/cli/session_command.h"
#include "auth/cli/token_command.h"
#include "base/version.h"
#include "conf/load/warn.h"
#include "proxy/process/gateway.h"
#include "proxy/process/process.h"
#include "proxy/process/ready.h"

#include <stdlib.h>
#include <string.h>

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2 };

struct options {
	const char *config;
	struct conf_flags flags;
	bool check, print_config, ready, join, dumpable, version, help;
};

static const char usage[] =
	"usage: sparkgate --config FILE [--check | --print-config | --ready | --join]\n"
	"       sparkgate --master URL [--history URL] [--listen ADDR:PORT] [--data DIR]\n"
	"       sparkgate token create|list|show|revoke|disable|enable ...\n"
	"       sparkgate session list|end ...\n"
	"       sparkgate --version\n"
	"\n"
	"  --join      listen where another gateway on the same store listens already\n"
	"  --dumpable  let debuggers in, and the kernel write core files, which hold secrets\n";

/* The option's value into `*value`, from "--name VALUE" or "--name=VALUE". */
static bool take_value(const char *name, int argc, char **argv, int *i, const char **value)
{
	size_t len = strlen(name);

	if (strncmp(argv[*i], name, len) != 0)
		return false;
	if (argv[*i][len] == '=') {
		*value = argv[*i] + len + 1;
		return true;
	}
	if (argv[*i][len] != '\0' || *i + 1 >= argc)
		return false;
	*value = argv[++*i];
	return true;
}

static bool take_switch(const char *name, const char *arg, bool *on)
{
	if (strcmp(arg, name) != 0)
		return false;
	*on = true;
	return true;
}

static bool parse(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		bool known = take_value("--config", argc, argv, &i, &o->config) ||
			     take_value("--master", argc, argv, &i, &o->flags.master) ||
			     take_value("--history", argc, argv, &i, &o->flags.history) ||
			     take_value("--listen", argc, argv, &i, &o->flags.listen) ||
			     take_value("--data", argc, argv, &i, &o->flags.data) ||
			     take_switch("--check", argv[i], &o->check) ||
			     take_switch("--print-config", argv[i], &o->print_config) ||
			     take_switch("--ready", argv[i], &o->ready) ||
			     take_switch("--join", argv[i], &o->join) ||
			     take_switch("--dumpable", argv[i], &o->dumpable) ||
			     take_switch("--version", argv[i], &o->version) ||
			     take_switch("--help", argv[i], &o->help) ||
			     take_switch("-h", argv[i], &o->help);
		if (!known) {
			fprintf(stderr,
				"sparkgate: \"%s\" is not an option, or lacks its value\n%s",
				argv[i], usage);
			return false;
		}
	}
	bool from_flags = o->flags.master || o->flags.history;
	if (o->version || o->help || (o->config != NULL) != from_flags)
		return true;
	fputs(o->config ? "sparkgate: give a file or flags, not both\n" : usage, stderr);
	return false;
}

static int show_ready(struct conf *conf)
{
	struct err err = {""};
	int code = ready_ask(conf, &err) == 0 ? 0 : EXIT_REFUSED;

	puts(code == 0 ? "ready" : err.text);
	conf_unref(conf);
	return code;
}

static void print_warning(void *arg, const char *text)
{
	const char *const *file = arg;

	fprintf(stderr, "%s: warning: %s\n", *file, text);
}

static int run(const struct options *o)
{
	struct err err = {""};
	struct conf *conf =
		o->config ? conf_load(o->config, &err) : conf_from_flags(&o->flags, &err);

	if (conf == NULL) {
		fprintf(stderr, "%s\n", err.text);
		return EXIT_REFUSED;
	}
	if (o->ready)
		return show_ready(conf);
	if (!o->check && !o->print_config)
		return gateway_run(conf, o->join);
	if (o->print_config) {
		conf_print(conf, stdout);
	} else {
		const char *file = o->config ? o->config : "flags";

		conf_warn(conf, print_warning, &file);
		printf("%s: fine\n", file);
	}
	conf_unref(conf);
	return 0;
}

static int run_command(int argc, char **argv)
{
	process_forbid_dumps();
	return strcmp(argv[0], "token") == 0 ? token_command(argc, argv)
					     : session_command(argc, argv);
}

int main(int argc, char **argv)
{
	struct options options = {0};

	if (argc > 1 && (strcmp(argv[1], "token") == 0 || strcmp(argv[1], "session") == 0))
		return run_command(argc - 1, argv + 1);
	if (!parse(argc, argv, &options))
		return EXIT_USAGE;
	if (options.version || options.help) {
		fputs(options.version ? "sparkgate " SPARKGATE_VERSION "\n" : usage, stdout);
		return 0;
	}
	if (!options.dumpable)
		process_forbid_dumps();
	return run(&options);
}
