#include "auth/token_command.h"

#include "auth/issue.h"
#include "base/clock.h"
#include "conf/values_units.h"

#include <jansson.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

enum { EXIT_FINE, EXIT_REFUSED, EXIT_USAGE };

static const char usage[] =
	"usage: sparkgate token create --config FILE|--data DIR --client-name NAME [--user NAME]\n"
	"                              [--token-type admin|user] [--access-ttl 12h] [--note TEXT]\n"
	"       sparkgate token list   --config FILE|--data DIR\n"
	"       sparkgate token revoke --config FILE|--data DIR ID...\n";

struct options {
	const char *config, *data, *listen;
	const char *client_name, *user, *token_type, *access_ttl, *refresh_ttl, *note;
	char **ids;
	int ids_count;
};

struct command { /* what a verb works with */
	struct options options;
	struct conf *conf;
	struct store *store;
	char issuer[STORE_ISSUER];
	FILE *out;
	struct err err;
};

/* --- arguments --- */

enum { FOR_CREATE = 1, FOR_ALL = 2 };

static const struct option {
	const char *name;
	size_t at; /* in struct options */
	int verbs;
} known[] = {
	{"--config", offsetof(struct options, config), FOR_ALL},
	{"--data", offsetof(struct options, data), FOR_ALL},
	{"--listen", offsetof(struct options, listen), FOR_ALL},
	{"--client-name", offsetof(struct options, client_name), FOR_CREATE},
	{"--user", offsetof(struct options, user), FOR_CREATE},
	{"--token-type", offsetof(struct options, token_type), FOR_CREATE},
	{"--access-ttl", offsetof(struct options, access_ttl), FOR_CREATE},
	{"--refresh-ttl", offsetof(struct options, refresh_ttl), FOR_CREATE},
	{"--note", offsetof(struct options, note), FOR_CREATE},
};

static const struct option *find_option(const char *arg, size_t len, bool is_create)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strlen(known[i].name) == len && memcmp(known[i].name, arg, len) == 0)
			return known[i].verbs == FOR_ALL || is_create ? &known[i] : NULL;
	}
	return NULL;
}

/* "--name VALUE" or "--name=VALUE"; -1 with a reason. */
static int take_option(
	struct options *options, int argc, char **argv, int *i, bool is_create, struct err *err)
{
	size_t len = strcspn(argv[*i], "=");
	const struct option *option = find_option(argv[*i], len, is_create);

	if (option == NULL)
		return err_set(
			err, "\"%.*s\" is not an option of this command", (int)len, argv[*i]);
	const char **value = (const char **)((char *)options + option->at);
	if (*value)
		return err_set(err, "%s is given twice", option->name);
	if (argv[*i][len] == '=')
		*value = argv[*i] + len + 1;
	else if (*i + 1 < argc)
		*value = argv[++*i];
	return *value ? 0 : err_set(err, "%s lacks its value", option->name);
}

static int parse(struct options *options, int argc, char **argv, struct err *err)
{
	bool is_create = strcmp(argv[1], "create") == 0, is_revoke = strcmp(argv[1], "revoke") == 0;

	/* Ids and options in any order: the ids move to the front. */
	options->ids = argv + 2;
	for (int i = 2; i < argc; i++) {
		if (argv[i][0] != '-' && is_revoke)
			options->ids[options->ids_count++] = argv[i];
		else if (argv[i][0] != '-')
			return err_set(err, "\"%s\" is not expected here", argv[i]);
		else if (take_option(options, argc, argv, &i, is_create, err) == -1)
			return -1;
	}
	if ((options->config != NULL) == (options->data != NULL))
		return err_set(err, "give --config FILE or --data DIR");
	if (is_revoke && options->ids_count == 0)
		return err_set(err, "give the ids of the tokens to revoke");
	if (is_create && options->client_name == NULL)
		return err_set(err, "give --client-name");
	return 0;
}

/* --- store --- */

static int load_conf(struct command *command)
{
	/* The folder is all that matters of it; a configuration also needs something to show. */
	const struct conf_flags flags = {.master = "http://127.0.0.1:8080",
		.listen = command->options.listen,
		.data = command->options.data};

	command->conf = command->options.config ? conf_load(command->options.config, &command->err)
						: conf_from_flags(&flags, &command->err);
	return command->conf ? 0 : -1;
}

/* A gateway run from a folder has left its issuer there: it may listen elsewhere than by default.
 */
static int choose_issuer(struct command *command)
{
	if (issue_own_issuer(command->conf, command->issuer, &command->err) == -1)
		return -1;
	if (command->options.config || command->options.listen)
		return 0;
	if (command->store->ops->meta_get(command->store, "issuer", command->issuer,
		    sizeof command->issuer) == STORE_FAILED)
		return err_set(&command->err, "the store cannot be read");
	return 0;
}

static int open_store(struct command *command)
{
	if (load_conf(command) == -1)
		return -1;
	if (command->conf->store_kind == CONF_STORE_MEMORY)
		return err_set(&command->err,
			"the store is memory:, which only the running gateway can see");
	command->store = store_open(command->conf, &command->err);
	return command->store ? choose_issuer(command) : -1;
}

/* --- JSON --- */

static json_t *time_json(int64_t at)
{
	char text[32];

	if (at == 0)
		return json_null();
	clock_format(at * 1000, text);
	return json_string(text);
}

static json_t *text_json(const char *text)
{
	json_t *json = text[0] ? json_string(text) : NULL;

	return json ? json : json_null();
}

/* Everything but secrets, of which the store has none. */
static json_t *token_json(const struct store_token *t)
{
	bool is_client = str_starts(str_of(t->subject), STR("client:"));

	return json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
		"id", t->id, "token_type", role_name(t->role), "client_name",
		text_json(t->client_name), "user", text_json(is_client ? "" : t->subject),
		"subject", t->subject, "issuer", t->issuer, "role", role_name(t->role), "state",
		token_state_name(t->state), "created_by", text_json(t->created_by), "created_at",
		time_json(t->created_at), "expires_at", time_json(t->expires_at), "last_used_at",
		time_json(t->last_used_at), "last_used_from", text_json(t->last_used_from), "note",
		text_json(t->note));
}

/* Takes json. */
static int print(struct command *command, json_t *json)
{
	int result = json ? json_dumpf(json, command->out, JSON_INDENT(2)) : -1;

	json_decref(json);
	if (result == 0 && fputc('\n', command->out) != EOF && fflush(command->out) == 0)
		return EXIT_FINE;
	err_set(&command->err, "the answer cannot be written");
	return EXIT_REFUSED;
}

/* --- create --- */

static int read_ttl(const struct command *command, int64_t *ttl, struct err *err)
{
	const char *text = command->options.access_ttl;
	int64_t ms = 0, max = command->conf->access_ttl_s.max;

	*ttl = command->conf->access_ttl_s.def;
	if (text == NULL)
		return 0;
	if (values_parse_duration(text, &ms) == -1 || ms < 1000)
		return err_set(
			err, "--access-ttl: got \"%.40s\", expected a duration such as 12h", text);
	*ttl = ms / 1000;
	if (*ttl > max)
		return err_set(err,
			"--access-ttl: got \"%.40s\", expected at most %llds "
			"(tokens.access_ttl.max)",
			text, (long long)max);
	return 0;
}

static int read_role(const struct command *command, enum role *role, struct err *err)
{
	const char *type = command->options.token_type;

	*role = ROLE_USER;
	if (type == NULL || strcmp(type, role_name(ROLE_USER)) == 0)
		return 0;
	*role = ROLE_ADMIN;
	if (strcmp(type, role_name(ROLE_ADMIN)) == 0)
		return 0;
	return err_set(err, "--token-type: got \"%.40s\", expected admin or user", type);
}

/* "cli:" and the account that ran the command, for the record. */
static void name_creator(char *out, size_t size)
{
	const struct passwd *account = getpwuid(getuid());

	if (account)
		snprintf(out, size, "cli:%.200s", account->pw_name);
	else
		snprintf(out, size, "cli:%lu", (unsigned long)getuid());
}

static char *issue(
	struct command *command, const struct issue_request *request, struct store_token *record)
{
	struct signer *signer = signer_open(command->conf->data_dir, &command->err);
	char *token =
		signer ? issue_token(command->store, signer, request, record, &command->err) : NULL;

	signer_free(signer);
	return token;
}

static int create_one(struct command *command)
{
	char creator[STORE_SUBJECT];
	struct store_token record;
	struct issue_request request = {.issuer = command->issuer,
		.client_name = command->options.client_name,
		.user = command->options.user,
		.note = command->options.note,
		.created_by = creator};

	if (command->options.refresh_ttl) {
		err_set(&command->err,
			"--refresh-ttl: refresh tokens are not issued by this version");
		return EXIT_REFUSED;
	}
	name_creator(creator, sizeof creator);
	if (read_role(command, &request.role, &command->err) == -1 ||
		read_ttl(command, &request.ttl, &command->err) == -1)
		return EXIT_REFUSED;
	char *token = issue(command, &request, &record);
	if (token == NULL)
		return EXIT_REFUSED;
	json_t *json = token_json(&record);
	json_object_set_new(json, "access_token", json_string(token));
	secret_free(token);
	return print(command, json);
}

/* --- list, revoke --- */

static void add_token(void *arg, const struct store_token *token)
{
	json_array_append_new(arg, token_json(token));
}

static int list_all(struct command *command)
{
	json_t *tokens = json_array();

	if (command->store->ops->token_list(command->store, add_token, tokens) == 0)
		return print(command, tokens);
	json_decref(tokens);
	err_set(&command->err, "the store cannot be read");
	return EXIT_REFUSED;
}

static int revoke_ids(struct command *command)
{
	json_t *revoked = json_array(), *unknown = json_array();
	int result;

	for (int i = 0; i < command->options.ids_count; i++) {
		const char *id = command->options.ids[i];

		switch (command->store->ops->token_set_state(
			command->store, str_of(id), STATE_REVOKED)) {
		case STORE_FOUND:
			json_array_append_new(revoked, json_string(id));
			break;
		case STORE_NONE:
			json_array_append_new(unknown, json_string(id));
			break;
		case STORE_FAILED:
			err_set(&command->err, "the store cannot be written");
			break;
		}
	}
	if (json_array_size(unknown) > 0)
		err_set(&command->err, "%zu of these ids are not on record",
			json_array_size(unknown));
	result = print(command, json_pack("{s:o, s:o}", "revoked", revoked, "unknown", unknown));
	return command->err.text[0] ? EXIT_REFUSED : result;
}

/* --- the command --- */

static const struct verb {
	const char *name;
	int (*run)(struct command *command);
} verbs[] = {{"create", create_one}, {"list", list_all}, {"revoke", revoke_ids}};

static int refuse_usage(FILE *err, const char *why)
{
	fprintf(err, "sparkgate token: %s\n%s", why, usage);
	return EXIT_USAGE;
}

static int run(const struct verb *verb, struct command *command, FILE *err)
{
	int code = open_store(command) == -1 ? EXIT_REFUSED : verb->run(command);

	if (command->err.text[0])
		fprintf(err, "%s\n", command->err.text);
	if (command->store)
		command->store->ops->close(command->store);
	conf_unref(command->conf);
	return code;
}

int token_command_run(int argc, char **argv, FILE *out, FILE *err)
{
	struct command command = {.out = out};

	if (argc < 2)
		return refuse_usage(err, "say what to do");
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (strcmp(argv[1], verbs[i].name) != 0)
			continue;
		if (parse(&command.options, argc, argv, &command.err) == -1)
			return refuse_usage(err, command.err.text);
		return run(&verbs[i], &command, err);
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		fputs(usage, out);
		return EXIT_FINE;
	}
	return refuse_usage(err, "create, list or revoke");
}

int token_command(int argc, char **argv)
{
	return token_command_run(argc, argv, stdout, stderr);
}
