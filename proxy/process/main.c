/* The command line: what to do, then gateway_run(), or a command on the
 * store. */
#include "auth/cli/link_command.h"
#include "auth/cli/session_command.h"
#include "auth/cli/token_command.h"
#include "base/log/journal.h"
#include "base/text/arguments.h"
#include "base/version.h"
#include "base/clock.h"
#include "conf/load/load.h"
#include "conf/warn/warn.h"
#include "proxy/doctor/doctor.h"
#include "proxy/front/front_tls.h"
#include "proxy/process/explain.h"
#include "proxy/process/gateway.h"
#include "proxy/process/init.h"
#include "proxy/process/process.h"
#include "proxy/process/ready.h"

#include <stdlib.h>
#include <string.h>

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2 };

struct options {
	const char *config;
	struct conf_flags flags;
	/* switches: NULL, or their own name */
	const char *check, *print_config, *ready, *join, *dumpable, *version;
	bool help;
};

static const struct flag {
	const char *name;
	size_t at; /* of a const char * in struct options */
	bool is_switch;
} flags[] = {
	{"--config", offsetof(struct options, config), false},
	{"--master", offsetof(struct options, flags.master), false},
	{"--history", offsetof(struct options, flags.history), false},
	{"--listen", offsetof(struct options, flags.listen), false},
	{"--data", offsetof(struct options, flags.data), false},
	{"--public-url", offsetof(struct options, flags.public_url), false},
	{"--network", offsetof(struct options, flags.network), false},
	{"--check", offsetof(struct options, check), true},
	{"--print-config", offsetof(struct options, print_config), true},
	{"--ready", offsetof(struct options, ready), true},
	{"--join", offsetof(struct options, join), true},
	{"--dumpable", offsetof(struct options, dumpable), true},
	{"--version", offsetof(struct options, version), true},
};

static const char usage[] =
	"usage: sparkgate --config FILE [--check | --print-config | --ready | --join]\n"
	"       sparkgate --master URL [--history URL] [--listen ADDR:PORT] [--data DIR]\n"
	"                 [--public-url URL] [--network CIDR,...] [--check]\n"
	"       sparkgate token create|list|show|revoke|disable|enable ...\n"
	"       sparkgate session list|end ...\n"
	"       sparkgate link ...\n"
	"       sparkgate doctor --config FILE\n"
	"       sparkgate init ...\n"
	"       sparkgate explain --config FILE --claims FILE [METHOD] PATH\n"
	"       sparkgate --version\n"
	"\n"
	"  --join      share the port of a gateway that already runs on the same store\n"
	"  --dumpable  allow debuggers and core files; core files contain secrets\n";

static void put(struct options *o, const struct flag *flag, const char *value)
{
	const char **at = (const char **)((char *)o + flag->at);

	*at = flag->is_switch ? flag->name : value;
}

/* Of an option that comes twice the last one counts. */
static int read_all(int argc, char **argv, struct options *o, struct err *err)
{
	struct arguments arguments;
	const char *value;
	int got;

	arguments_init(&arguments, argc, argv);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		arguments_add(&arguments, flags[i].name, flags[i].is_switch);
	while ((got = arguments_next(&arguments, &value, err)) != ARGUMENTS_END) {
		if (got == ARGUMENTS_WRONG)
			return -1;
		if (got == ARGUMENTS_OPERAND)
			return err_set(err, "\"%s\" is not expected here", value);
		if (got == ARGUMENTS_HELP)
			o->help = true;
		else
			put(o, &flags[got], value);
	}
	return 0;
}

static bool parse(int argc, char **argv, struct options *o)
{
	struct err err = {""};

	if (read_all(argc, argv, o, &err) == -1) {
		fprintf(stderr, "sparkgate: %s\n%s", err.text, usage);
		return false;
	}
	bool from_flags = o->flags.master || o->flags.history;
	if (o->version || o->help || (o->config != NULL) != from_flags)
		return true;
	fputs(o->config ? "sparkgate: use --config, or --master and --history, but not both\n"
			: usage,
		stderr);
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

static void print_mistake(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
}

/* Certificate and key are a pair, and last. */
static int check_certificate(
	const struct front_tls_files *files, const char *key, const char **file)
{
	struct err err = {""};
	char text[128];

	if (files->certificate == NULL)
		return 0;
	struct front_tls *tls = front_tls_new(files, &err);
	if (tls == NULL) {
		fprintf(stderr, "%s: key \"%s\": %s\n", *file, key, err.text);
		return -1;
	}
	if (front_tls_ends_soon(tls, clock_wall_s(), text))
		print_warning(file, text);
	front_tls_free(tls);
	return 0;
}

static int check_certificates(const struct conf *conf, const char **file)
{
	const struct front_tls_files server = front_tls_files_of_server(conf),
				     admin = front_tls_files_of_admin(conf);
	int result = check_certificate(&server, "server.tls", file);

	return check_certificate(&admin, "admin.tls", file) == -1 ? -1 : result;
}

static int show_check(const struct options *o)
{
	struct err err = {""};
	const char *file = o->config ? o->config : "flags";
	struct conf *conf = o->config ? load_mistakes(o->config, print_mistake, NULL)
				      : conf_from_flags(&o->flags, &err);
	int result = conf ? check_certificates(conf, &file) : -1;

	if (err.text[0])
		fprintf(stderr, "%s\n", err.text);
	if (conf)
		conf_warn(conf, print_warning, &file);
	if (result == 0)
		printf("%s: fine\n", file);
	conf_unref(conf);
	return result == 0 ? 0 : EXIT_REFUSED;
}

static int run(const struct options *o, char *const *argv)
{
	struct err err = {""};

	if (o->check)
		return show_check(o);
	struct conf *conf =
		o->config ? conf_load(o->config, &err) : conf_from_flags(&o->flags, &err);

	if (conf == NULL) {
		fprintf(stderr, "%s%s\n", journal_prefix(JOURNAL_ERR), err.text);
		return EXIT_REFUSED;
	}
	if (o->ready)
		return show_ready(conf);
	if (!o->print_config)
		return gateway_run(conf, o->join != NULL, argv);
	conf_print(conf, stdout);
	conf_unref(conf);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {{"token", token_command}, {"session", session_command}, {"link", link_command},
	{"doctor", doctor_command}, {"init", init_command}, {"explain", explain_command}};

/* Gives the exit code, or -1: argv[0] is no command. */
static int run_command(int argc, char **argv)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (argc == 0 || strcmp(argv[0], commands[i].name) != 0)
			continue;
		process_forbid_dumps();
		return commands[i].run(argc, argv);
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct options options = {0};

	int code = run_command(argc - 1, argv + 1);

	if (code != -1)
		return code;
	if (!parse(argc, argv, &options))
		return EXIT_USAGE;
	if (options.version || options.help) {
		fputs(options.version ? "sparkgate " SPARKGATE_VERSION "\n" : usage, stdout);
		return 0;
	}
	journal_look();
	if (!options.dumpable)
		process_forbid_dumps();
	return run(&options, argv);
}
