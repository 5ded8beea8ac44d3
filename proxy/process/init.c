#include "proxy/process/init.h"

#include "base/sbuf.h"
#include "base/text/arguments.h"
#include "conf/conf.h"
#include "conf/load/data_folder.h"
#include "conf/load/load.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { INIT_FINE, INIT_REFUSED, INIT_USAGE }; /* exit codes */
enum { FILE_MAX = 64 * 1024, ANSWER_LEN = 1024 };

#define SERVICE_GROUP "sparkgate"

struct init {
	const char *output, *force, *master, *history, *network, *listen, *public_url;
	const char *issuer, *client_id, *secret_file, *roles_claim, *admin_role, *user_role, *store;
	bool wants_help;
	FILE *in, *out, *err;
	unsigned mistakes;
};

static const struct init_option {
	const char *name;
	size_t at; /* of a const char * in struct init */
	bool is_switch;
	const char *question; /* NULL: nobody is asked */
	size_t needs;	      /* ... nor if this one has no answer; 0: none */
} options[] = {
	{"--output", offsetof(struct init, output), false, NULL, 0},
	{"--force", offsetof(struct init, force), true, NULL, 0},
	{"--master", offsetof(struct init, master), false,
		"Web address of the Spark master, such as http://spark-master:8080 (several: "
		"commas; none: empty)",
		0},
	{"--history", offsetof(struct init, history), false,
		"Web address of the history server, such as http://spark-history:18080 (none: "
		"empty)",
		0},
	{"--network", offsetof(struct init, network), false,
		"Networks of workers and drivers, such as 10.1.0.0/16 (private addresses: empty)",
		offsetof(struct init, master)},
	{"--public-url", offsetof(struct init, public_url), false,
		"What browsers open, such as https://spark.example.net/ (only this machine: empty)",
		0},
	{"--listen", offsetof(struct init, listen), false,
		"Address and port to listen on (127.0.0.1:8480: empty)", 0},
	{"--issuer", offsetof(struct init, issuer), false,
		"Issuer of the OpenID provider, such as https://idp.example.net/realms/spark "
		"(none: empty)",
		0},
	{"--client-id", offsetof(struct init, client_id), false, "The gateway's client id there",
		offsetof(struct init, issuer)},
	{"--client-secret-file", offsetof(struct init, secret_file), false,
		"File with its client secret (a public client: empty)",
		offsetof(struct init, issuer)},
	{"--roles-claim", offsetof(struct init, roles_claim), false,
		"Claim with people's roles, such as realm_access.roles or groups",
		offsetof(struct init, issuer)},
	{"--admin-role", offsetof(struct init, admin_role), false, "Role of administrators there",
		offsetof(struct init, issuer)},
	{"--user-role", offsetof(struct init, user_role), false, "Role of users there",
		offsetof(struct init, issuer)},
	{"--store", offsetof(struct init, store), false, NULL, 0},
};

static const char usage[] =
	"usage: sparkgate init [--output FILE] [--force] [--master URL,...] [--history URL]\n"
	"         [--network CIDR,...] [--public-url URL] [--listen ADDR:PORT] [--store STORE]\n"
	"         [--issuer URL --client-id ID [--client-secret-file FILE]\n"
	"          --roles-claim CLAIM --admin-role ROLE --user-role ROLE]\n"
	"\n"
	"Writes a configuration, and checks it first. At a terminal it asks for what is not said.\n"
	"\n"
	"  --output FILE        sparkgate.yaml in this folder if left out\n"
	"  --force              replaces a file that is there\n";

static const char **value_of(struct init *init, size_t at)
{
	return (const char **)((char *)init + at);
}

/* --- what is said --- */

static int read_arguments(struct init *init, int argc, char **argv, struct err *err)
{
	struct arguments arguments;
	const char *value;
	int got;

	arguments_init(&arguments, argc, argv);
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		arguments_add(&arguments, options[i].name, options[i].is_switch);
	while ((got = arguments_next(&arguments, &value, err)) != ARGUMENTS_END) {
		if (got == ARGUMENTS_WRONG)
			return -1;
		if (got == ARGUMENTS_OPERAND)
			return err_set(err, "\"%s\" is not expected here", value);
		if (got == ARGUMENTS_HELP) {
			init->wants_help = true;
			return 0;
		}
		*value_of(init, options[got].at) =
			options[got].is_switch ? options[got].name : value;
	}
	return 0;
}

/* Answers live as long as the process. */
static void ask(struct init *init, const struct init_option *option)
{
	const char **value = value_of(init, option->at);
	char line[ANSWER_LEN];

	if (*value || option->question == NULL ||
		(option->needs && *value_of(init, option->needs) == NULL))
		return;
	fprintf(init->out, "%s: ", option->question);
	fflush(init->out);
	if (fgets(line, sizeof line, init->in) == NULL)
		return;
	struct str text = str_trim(str_cut_line_end(str_of(line)));
	if (text.len)
		*value = mem_strndup(text.at, text.len);
}

/* --- the file --- */

static void put(struct sbuf *out, const char *before, const char *value, const char *after)
{
	if (value == NULL)
		return;
	sbuf_puts(out, before);
	sbuf_putc(out, '"');
	sbuf_json(out, str_of(value));
	sbuf_putc(out, '"');
	sbuf_puts(out, after);
}

static void put_list(struct sbuf *out, const char *before, const char *values)
{
	struct str rest = str_of(values), piece;
	const char *comma = "";

	if (values == NULL)
		return;
	sbuf_puts(out, before);
	while (str_next(&rest, ',', &piece)) {
		sbuf_puts(out, comma);
		sbuf_putc(out, '"');
		sbuf_json(out, str_trim(piece));
		sbuf_putc(out, '"');
		comma = ", ";
	}
	sbuf_puts(out, "]\n");
}

static void write_sign_in(const struct init *init, struct sbuf *out)
{
	if (init->issuer == NULL)
		return;
	sbuf_puts(out, "auth:\n  oidc:\n");
	put(out, "    issuer: ", init->issuer, "\n");
	put(out, "    client_id: ", init->client_id, "\n");
	put(out, "    client_secret_file: ", init->secret_file, "\n");
	sbuf_puts(out, "  roles:\n");
	put(out, "    claim: ", init->roles_claim, "\n");
	put_list(out, "    admin: [", init->admin_role);
	put_list(out, "    user: [", init->user_role);
}

/* Root's is the package's, which is the default. Others cannot write there. */
static void write_store(const struct init *init, struct sbuf *out)
{
	struct err err = {""};
	char *folder = init->store || geteuid() == 0 ? NULL : data_folder_of(NULL, &err);
	char *own = folder ? mem_printf("sqlite:%s/state.db", folder) : NULL;

	put(out, "store: ", own ? own : init->store, "\n");
	free(own);
	free(folder);
}

static void write_text(const struct init *init, struct sbuf *out)
{
	sbuf_puts(out, "# Written by sparkgate init. All keys: man sparkgate.yaml\n");
	if (init->public_url || init->listen)
		sbuf_puts(out, "server:\n");
	put(out, "  listen: ", init->listen, "\n");
	put(out, "  public_url: ", init->public_url, "\n");
	sbuf_puts(out, "clusters:\n  - name: local\n");
	put_list(out, "    masters: [", init->master);
	put(out, "    history: ", init->history, "\n");
	put_list(out, "    networks: [", init->network);
	write_sign_in(init, out);
	write_store(init, out);
}

/* The group of the package's service may read it. */
static void share_with_service(int fd)
{
	const struct group *group = geteuid() == 0 ? getgrnam(SERVICE_GROUP) : NULL;

	if (group && fchown(fd, (uid_t)-1, group->gr_gid) == 0)
		(void)!fchmod(fd, S_IRUSR | S_IWUSR | S_IRGRP);
}

static int write_file(char *path, struct str text, struct err *err)
{
	int fd = mkstemp(path); /* 0600 */
	ssize_t n = -1;

	if (fd != -1)
		n = write(fd, text.at, text.len);
	int code = errno;
	if (fd != -1) {
		share_with_service(fd);
		close(fd);
	}
	return n == (ssize_t)text.len ? 0 : err_set(err, "%s: %s", path, strerror(code));
}

/* It was checked under another name. */
static void on_mistake(void *arg, const char *text)
{
	struct init *init = arg;
	const char *key = strstr(text, "key \"");

	fprintf(init->err, "sparkgate init: %s\n", key ? key : text);
	init->mistakes++;
}

/* link() replaces nothing, rename() does. */
static int publish(const struct init *init, const char *path, struct err *err)
{
	int result = init->force ? rename(path, init->output) : link(path, init->output);

	if (result == 0)
		return 0;
	return err_set(err, "%s: %s%s", init->output, strerror(errno),
		errno == EEXIST ? " (--force replaces it)" : "");
}

static int write_checked(struct init *init, struct err *err)
{
	char *path = mem_printf("%s.XXXXXX", init->output);
	struct sbuf text;

	sbuf_init(&text, FILE_MAX);
	write_text(init, &text);
	int result = write_file(path, sbuf_str(&text), err);
	if (result == 0) {
		struct conf *conf = load_mistakes(path, on_mistake, init);
		result = conf ? publish(init, path, err) : -1;
		conf_unref(conf);
	}
	(void)unlink(path);
	sbuf_clear(&text);
	free(path);
	return result;
}

static int run(struct init *init)
{
	struct err err = {""};

	if (init->output == NULL)
		init->output = "sparkgate.yaml";
	for (size_t i = 0; isatty(fileno(init->in)) && i < ARRAY_LEN(options); i++)
		ask(init, &options[i]);
	if (init->master == NULL && init->history == NULL) {
		fprintf(init->err,
			"sparkgate init: there is nothing to show yet: give --master URL, "
			"or --history URL, or both\n");
		return INIT_REFUSED;
	}
	if (write_checked(init, &err) == -1) {
		if (err.text[0])
			fprintf(init->err, "sparkgate init: %s\n", err.text);
		return INIT_REFUSED;
	}
	fprintf(init->out,
		"%s is written. What to do next:\n"
		"  sparkgate doctor --config %s\n"
		"  sparkgate --config %s\n",
		init->output, init->output, init->output);
	return INIT_FINE;
}

int init_command_run(int argc, char **argv, FILE *in, FILE *out, FILE *err)
{
	struct init init = {.in = in, .out = out, .err = err};
	struct err why = {""};

	if (read_arguments(&init, argc, argv, &why) == -1) {
		fprintf(err, "sparkgate init: %s\n%s", why.text, usage);
		return INIT_USAGE;
	}
	if (!init.wants_help)
		return run(&init);
	fputs(usage, out);
	return INIT_FINE;
}

int init_command(int argc, char **argv)
{
	return init_command_run(argc, argv, stdin, stdout, stderr);
}
