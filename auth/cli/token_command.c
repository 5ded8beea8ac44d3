#include "auth/cli/token_command.h"

#include "auth/cli/token_command_int.h"
#include "auth/policy/scope_doubt.h"
#include "auth/token/signing_key.h"
#include "auth/token/token_desk.h"
#include "auth/token/token_json.h"
#include "conf/values/values_units.h"

#include <stdlib.h>

/* --- create --- */

/* `name` is the option's; `none` what it says for no token of this kind, or NULL. */
static int read_ttl(
	const char *name, const char *text, const char *none, int64_t *ttl, struct err *err)
{
	int64_t ms = 0;

	if (text == NULL)
		return 0;
	if (none && strcmp(text, none) == 0) {
		*ttl = -1;
		return 0;
	}
	if (values_parse_duration(text, &ms) == -1 || ms < 1000)
		return err_set(
			err, "%s: got \"%.40s\", expected a duration such as 12h", name, text);
	*ttl = ms / 1000;
	return 0;
}

static int read_ttls(struct command *command, struct token_request *request)
{
	const struct token_command *options = token_command_of(command);

	if (read_ttl("--access-ttl", options->access_ttl, NULL, &request->access_ttl,
		    &command->err) == -1)
		return -1;
	return read_ttl(
		"--refresh-ttl", options->refresh_ttl, "0", &request->refresh_ttl, &command->err);
}

static int read_role(const struct command *command, enum role *role, struct err *err)
{
	const char *type = token_command_of(command)->token_type;

	*role = ROLE_USER;
	if (type == NULL || strcmp(type, role_name(ROLE_USER)) == 0)
		return 0;
	*role = ROLE_ADMIN;
	if (strcmp(type, role_name(ROLE_ADMIN)) == 0)
		return 0;
	return err_set(err, "--token-type: got \"%.40s\", expected admin or user", type);
}

static int make_token(struct command *command, const char *issuer,
	const struct token_request *request, struct store_token *record,
	struct token_secrets *secrets)
{
	struct keyring *ring = keyring_open(command->conf, command->store, &command->err);
	struct signer *signer =
		ring ? signing_key_open(command->conf, command->store, ring, &command->err) : NULL;
	const struct token_desk desk = {.store = command->store,
		.conf = command->conf,
		.signer = signer,
		.issuer = issuer,
		.is_unlimited = true};
	enum token_outcome outcome = TOKEN_UNAVAILABLE;
	char maker[STORE_SUBJECT];

	command_name_account(maker, sizeof maker);
	command_await_log(command);
	if (signer)
		outcome = token_desk_make(&desk, maker, request, record, secrets, &command->err);
	signer_free(signer);
	keyring_unref(ring);
	return outcome == TOKEN_DONE ? 0 : -1;
}

/* It is made all the same. Of a gateway without a configuration nobody here knows the clusters. */
static void warn_of_scope(struct command *command, const struct store_token *record)
{
	char *doubt =
		command->config ? scope_doubt(command->conf, NULL, str_of(record->scope)) : NULL;

	if (doubt && command->err.text[0] == '\0')
		err_set(&command->err, "warning: %s", doubt);
	free(doubt);
}

int token_command_create(struct command *command)
{
	const struct token_command *options = token_command_of(command);
	char issuer[STORE_ISSUER];
	struct store_token record;
	struct token_secrets secrets;
	struct token_request request = {.client_name = options->client_name,
		.user = options->user,
		.note = options->note,
		.scope = options->scope,
		.is_registration = options->registration != NULL};

	if (command_find_issuer(command, issuer) == -1 ||
		read_role(command, &request.role, &command->err) == -1 ||
		read_ttls(command, &request) == -1 ||
		make_token(command, issuer, &request, &record, &secrets) == -1)
		return COMMAND_REFUSED;
	json_t *json = token_json_new(&record, &secrets);
	token_secrets_clear(&secrets);
	int result = command_print(command, json);
	warn_of_scope(command, &record);
	return result;
}

/* --- the command --- */

static int check_create(struct command *command)
{
	const struct token_command *options = token_command_of(command);

	return options->client_name ? 0 : err_set(&command->err, "give --client-name");
}

static int check_ids(struct command *command)
{
	return command->operands_count > 0 ? 0
					   : err_set(&command->err, "give the IDs of the tokens");
}

static int check_id(struct command *command)
{
	return command->operands_count == 1 ? 0
					    : err_set(&command->err, "give the ID of one token");
}

#define HEAD  "usage: sparkgate token "
#define WHERE " [--config FILE|--data DIR]"
#define EVERY                                                                                      \
	"  --config FILE        the gateway's configuration: its store and its key\n"              \
	"  --data DIR           the folder of a gateway that runs without a configuration;\n"      \
	"                       without either, where such a gateway keeps it by default\n"        \
	"  --json               JSON, also on a terminal; pipes and files always get JSON\n"
#define IDS                                                                                        \
	"An ID has 32 digits. The first 8 or more are enough while no other ID begins with "       \
	"them.\n"

static const char create_usage[] =
	HEAD "create" WHERE " --client-name NAME [--user NAME]\n"
	     "         [--token-type user|admin] [--scope SCOPE] [--access-ttl 1h]\n"
	     "         [--refresh-ttl 7d|0] [--registration] [--note TEXT] [--json]\n"
	     "\n"
	     "Prints an access token and a refresh token. They are shown only now.\n"
	     "\n"
	     "  --client-name NAME   the program that uses it\n"
	     "  --user NAME          its owner; default: the client itself\n"
	     "  --token-type TYPE    user (default) or admin\n"
	     "  --scope SCOPE        limits the token: \"cluster:NAME namespace:NAME\n"
	     "                       app:PATTERN\" and of view logs environment download dump\n"
	     "                       kill submit tokens metrics audit sessions launch\n"
	     "  --access-ttl TIME    life of the access token\n"
	     "  --refresh-ttl TIME   life of the refresh token, 0 for none\n"
	     "  --registration       print a registration token instead, which works once: its\n"
	     "                       receiver exchanges it at <public_url>_gate/oauth/token\n"
	     "  --note TEXT          shown in the list\n" EVERY;

static const char list_usage[] =
	HEAD "list" WHERE " [--user SUBJECT] [--active] [--json]\n"
	     "\n"
	     "  --user SUBJECT       only this owner's (\"client:NAME\": a client's)\n"
	     "  --active             only active tokens\n" EVERY;

static const char show_usage[] = HEAD "show" WHERE " [--json] ID\n\n" IDS "\n" EVERY;

static const char revoke_usage[] =
	HEAD "revoke" WHERE " [--force] [--json] ID...\n\n"
	     "Revokes tokens permanently, with all tokens refreshed from them. " IDS "\n"
	     "  --force              even the last active administrator token\n" EVERY;

static const char disable_usage[] =
	HEAD "disable" WHERE " [--force] [--json] ID...\n\n"
	     "Refuses tokens until they are enabled. " IDS "\n"
	     "  --force              even the last active administrator token\n" EVERY;

static const char enable_usage[] = HEAD "enable" WHERE " [--json] ID...\n\n" IDS "\n" EVERY;

static const char usage[] = HEAD "create|list|show|revoke|disable|enable" WHERE " ...\n"
				 "       sparkgate token VERB --help\n";

enum { CREATE = 1, LIST = 2, SHOW = 4, REVOKE = 8, DISABLE = 16, ENABLE = 32 };

#define VERB(name, bit, operands, makes, check)                                                    \
	{                                                                                          \
#name, bit, operands, makes, name##_usage, token_command_columns,                  \
			TOKEN_COMMAND_COLUMNS, check, token_command_##name                         \
	}

static const struct command_verb verbs[] = {
	VERB(create, CREATE, false, true, check_create),
	VERB(list, LIST, false, false, NULL),
	VERB(show, SHOW, true, false, check_id),
	VERB(revoke, REVOKE, true, false, check_ids),
	VERB(disable, DISABLE, true, false, check_ids),
	VERB(enable, ENABLE, true, false, check_ids),
};

static const struct command_option options[] = {
	{"--client-name", offsetof(struct token_command, client_name), CREATE, false},
	{"--user", offsetof(struct token_command, user), CREATE | LIST, false},
	{"--token-type", offsetof(struct token_command, token_type), CREATE, false},
	{"--scope", offsetof(struct token_command, scope), CREATE, false},
	{"--access-ttl", offsetof(struct token_command, access_ttl), CREATE, false},
	{"--refresh-ttl", offsetof(struct token_command, refresh_ttl), CREATE, false},
	{"--registration", offsetof(struct token_command, registration), CREATE, true},
	{"--note", offsetof(struct token_command, note), CREATE, false},
	{"--active", offsetof(struct token_command, active), LIST, true},
	{"--force", offsetof(struct token_command, force), REVOKE | DISABLE, true},
};

int token_command_run(int argc, char **argv, FILE *out, FILE *err)
{
	static const struct command_kind kind = {.name = "token",
		.usage = usage,
		.hint = "create, list, show, revoke, disable or enable",
		.none = "no tokens",
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
