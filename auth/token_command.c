#include "auth/token_command.h"

#include "auth/command.h"
#include "auth/issue.h"
#include "auth/own_key.h"
#include "auth/token_json.h"
#include "conf/values_units.h"

#include <pwd.h>
#include <unistd.h>

static const char usage[] =
	"usage: sparkgate token create --config FILE|--data DIR --client-name NAME [--user NAME]\n"
	"                              [--token-type admin|user] [--access-ttl 12h] [--note TEXT]\n"
	"       sparkgate token list   --config FILE|--data DIR\n"
	"       sparkgate token revoke --config FILE|--data DIR ID...\n";

struct token_command {
	struct command base; /* first: a command of this kind is its base */
	const char *client_name, *user, *token_type, *access_ttl, *refresh_ttl, *note;
};

static const struct token_command *options_of(const struct command *command)
{
	return (const struct token_command *)command;
}

/* --- create --- */

/* A gateway run from a folder has left its issuer there: it may listen elsewhere than by default.
 */
static int choose_issuer(struct command *command, char issuer[STORE_ISSUER])
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

/* `name` is the option's and the keyword's: "access", "refresh". */
static int read_ttl(const char *name, const char *text, int64_t max, int64_t *ttl, struct err *err)
{
	int64_t ms = 0;

	if (text == NULL)
		return 0;
	if (values_parse_duration(text, &ms) == -1 || ms < 1000)
		return err_set(err, "--%s-ttl: got \"%.40s\", expected a duration such as 12h",
			name, text);
	*ttl = ms / 1000;
	if (*ttl > max)
		return err_set(err,
			"--%s-ttl: got \"%.40s\", expected at most %llds (tokens.%s_ttl.max)", name,
			text, (long long)max, name);
	return 0;
}

static int read_ttls(struct command *command, struct issue_request *request)
{
	const struct token_command *options = options_of(command);
	const struct conf *conf = command->conf;

	request->access_ttl = conf->access_ttl_s.def;
	request->refresh_ttl = conf->refresh_ttl_s.def;
	if (read_ttl("access", options->access_ttl, conf->access_ttl_s.max, &request->access_ttl,
		    &command->err) == -1)
		return -1;
	return read_ttl("refresh", options->refresh_ttl, conf->refresh_ttl_s.max,
		&request->refresh_ttl, &command->err);
}

static int read_role(const struct command *command, enum role *role, struct err *err)
{
	const char *type = options_of(command)->token_type;

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

static int issue(struct command *command, const struct issue_request *request,
	struct store_token *record, struct token_secrets *secrets)
{
	struct keyring *ring = keyring_open(command->conf, command->store, &command->err);
	struct signer *signer =
		ring ? own_key_open(command->conf, command->store, ring, &command->err) : NULL;
	int result = signer ? issue_token(command->store, signer, request, record, secrets,
				      &command->err)
			    : -1;

	signer_free(signer);
	keyring_unref(ring);
	return result;
}

static int create_one(struct command *command)
{
	const struct token_command *options = options_of(command);
	char creator[STORE_SUBJECT], issuer[STORE_ISSUER];
	struct store_token record;
	struct token_secrets secrets;
	struct issue_request request = {.issuer = issuer,
		.client_name = options->client_name,
		.user = options->user,
		.note = options->note,
		.created_by = creator};

	name_creator(creator, sizeof creator);
	if (choose_issuer(command, issuer) == -1 ||
		read_role(command, &request.role, &command->err) == -1 ||
		read_ttls(command, &request) == -1 ||
		issue(command, &request, &record, &secrets) == -1)
		return COMMAND_REFUSED;
	json_t *json = token_json_new(&record, &secrets);
	token_secrets_clear(&secrets);
	return command_print(command, json);
}

/* --- list, revoke --- */

struct listing {
	json_t *tokens;
	struct store_token_query query;
};

static void add_token(void *arg, const struct store_token *token)
{
	struct listing *listing = arg;

	json_array_append_new(listing->tokens, token_json(token));
	listing->query.before_at = token->created_at;
	memcpy(listing->query.before_id, token->id, sizeof token->id);
}

static int list_all(struct command *command)
{
	struct listing listing = {.tokens = json_array(), .query = {.limit = STORE_PAGE}};
	int got = STORE_PAGE;

	while (got == STORE_PAGE)
		got = command->store->ops->token_list(
			command->store, &listing.query, add_token, &listing);
	if (got != -1)
		return command_print(command, listing.tokens);
	json_decref(listing.tokens);
	err_set(&command->err, "the store cannot be read");
	return COMMAND_REFUSED;
}

static int revoke_ids(struct command *command)
{
	json_t *revoked = json_array(), *unknown = json_array();
	int result;

	for (int i = 0; i < command->operands_count; i++) {
		const char *id = command->operands[i];

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
	result = command_print(
		command, json_pack("{s:o, s:o}", "revoked", revoked, "unknown", unknown));
	return command->err.text[0] ? COMMAND_REFUSED : result;
}

/* --- the command --- */

static int check_create(struct command *command)
{
	return options_of(command)->client_name ? 0 : err_set(&command->err, "give --client-name");
}

static int check_revoke(struct command *command)
{
	return command->operands_count > 0
		       ? 0
		       : err_set(&command->err, "give the ids of the tokens to revoke");
}

enum { CREATE = 1, LIST = 2, REVOKE = 4 };

static const struct command_verb verbs[] = {
	{"create", CREATE, false, check_create, create_one},
	{"list", LIST, false, NULL, list_all},
	{"revoke", REVOKE, true, check_revoke, revoke_ids},
};

static const struct command_option options[] = {
	{"--client-name", offsetof(struct token_command, client_name), CREATE, false},
	{"--user", offsetof(struct token_command, user), CREATE, false},
	{"--token-type", offsetof(struct token_command, token_type), CREATE, false},
	{"--access-ttl", offsetof(struct token_command, access_ttl), CREATE, false},
	{"--refresh-ttl", offsetof(struct token_command, refresh_ttl), CREATE, false},
	{"--note", offsetof(struct token_command, note), CREATE, false},
};

int token_command_run(int argc, char **argv, FILE *out, FILE *err)
{
	static const struct command_kind kind = {.name = "token",
		.usage = usage,
		.hint = "create, list or revoke",
		.verbs = verbs,
		.verbs_count = ARRAY_LEN(verbs),
		.options = options,
		.options_count = ARRAY_LEN(options)};
	struct token_command command = {.base = {.out = out}};

	return command_run(&kind, &command.base, argc, argv, err);
}

int token_command(int argc, char **argv)
{
	return token_command_run(argc, argv, stdout, stderr);
}
