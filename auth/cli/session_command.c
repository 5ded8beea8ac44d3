#include "auth/cli/session_command.h"

#include "auth/admin/session_desk.h"
#include "auth/token/audit.h"
#include "auth/cli/command.h"
#include "auth/session/session_index.h"
#include "base/clock.h"
#include "conf/providers.h"

#include <stdlib.h>

struct session_command {
	struct command base; /* first: a command of this kind is its base */
	const char *id, *user, *issuer, *all;
};

static const struct session_command *options_of(const struct command *command)
{
	return (const struct session_command *)command;
}

/* --- choosing sessions by their labels --- */

struct chosen { /* a store must not be called from its list: what to end is noted first */
	const struct session_command *options;
	const struct conf *conf;
	const struct keyring *ring;
	json_t *rows;			   /* NULL: not wanted */
	unsigned char (*keys)[DIGEST_LEN]; /* owned */
	size_t count, room;
};

/* A subject, as the gateway calls it. */
static bool is_of(const char *user, const struct conf *conf, const struct session_data *label)
{
	char *person = session_view_person(conf, label);
	bool is = person && strcmp(user, person) == 0;

	free(person);
	return is;
}

static bool is_meant(const struct chosen *chosen, const struct store_session *session,
	const struct session_data *label)
{
	const struct session_command *options = chosen->options;
	char id[SESSION_VIEW_ID];

	session_view_id(session->key, id);
	if (options->id && strcmp(options->id, id) != 0)
		return false;
	if (options->user && !is_of(options->user, chosen->conf, label))
		return false;
	return !options->issuer || (label->issuer && strcmp(options->issuer, label->issuer) == 0);
}

static void note_key(struct chosen *chosen, const unsigned char key[static DIGEST_LEN])
{
	if (chosen->count == chosen->room) {
		chosen->room = chosen->room ? 2 * chosen->room : 64;
		chosen->keys = mem_resize(chosen->keys, chosen->room, sizeof *chosen->keys);
	}
	memcpy(chosen->keys[chosen->count++], key, DIGEST_LEN);
}

static void on_session(void *arg, const struct store_session *session)
{
	struct chosen *chosen = arg;
	struct session_data label;

	session_view_label(chosen->ring, session, &label);
	if (is_meant(chosen, session, &label)) {
		note_key(chosen, session->key);
		if (chosen->rows)
			json_array_append_new(
				chosen->rows, session_view_json(chosen->conf, session, &label));
	}
	session_data_clear(&label);
}

/* Takes the ring. -1 with a reason; free chosen->keys either way. */
static int choose(struct command *command, struct keyring *ring, struct chosen *chosen)
{
	int result = -1;

	chosen->options = options_of(command);
	chosen->conf = command->conf;
	chosen->ring = ring;
	if (ring && command->store->ops->session_list(command->store, STORE_ALL, NULL,
			    clock_wall_s(), on_session, chosen) == 0)
		result = 0;
	else if (ring)
		err_set(&command->err, "the store cannot be read");
	keyring_unref(ring);
	return result;
}

static struct keyring *open_ring(struct command *command)
{
	return keyring_peek(command->conf, command->store, &command->err);
}

/* --- list --- */

static int list_sessions(struct command *command)
{
	struct chosen chosen = {.rows = json_array()};
	int result = choose(command, open_ring(command), &chosen);

	free(chosen.keys);
	if (result == 0)
		return command_print(command, chosen.rows);
	json_decref(chosen.rows);
	return COMMAND_REFUSED;
}

/* --- end: each gives how many have ended, or -1 with a reason --- */

static int cannot_write(struct command *command)
{
	return err_set(&command->err, "the store cannot be written");
}

static int end_all(struct command *command)
{
	int ended = command->store->ops->session_end_all(command->store, STORE_ALL, NULL);

	return ended == -1 ? cannot_write(command) : ended;
}

static int end_keys(struct command *command, const struct chosen *chosen)
{
	int ended = 0;

	for (size_t i = 0; i < chosen->count; i++) {
		switch (command->store->ops->session_end(command->store, chosen->keys[i])) {
		case STORE_FOUND:
			ended++;
			break;
		case STORE_NONE: /* somebody else was faster */
			break;
		case STORE_FAILED:
			return cannot_write(command);
		}
	}
	return ended;
}

static int end_by_label(struct command *command)
{
	struct chosen chosen = {.rows = NULL};
	int ended = choose(command, open_ring(command), &chosen);

	if (ended == 0)
		ended = end_keys(command, &chosen);
	free(chosen.keys);
	if (ended == 0 && options_of(command)->id)
		err_set(&command->err, "no session has this ID");
	return ended;
}

/* The index finds a session that opens between a list and its end as well. */
static int end_person(struct command *command)
{
	const struct session_command *options = options_of(command);
	const struct session_index person = {STORE_BY_PERSON, str_of(options->issuer),
		conf_subject(command->conf, str_of(options->issuer), str_of(options->user))};

	if (person.name.at == NULL) /* the issuer has no such person (S190) */
		return 0;
	struct keyring *ring = open_ring(command);

	if (ring == NULL)
		return -1;
	int ended = session_index_end(command->store, ring, &person);
	keyring_unref(ring);
	return ended == -1 ? cannot_write(command) : ended;
}

/* An administrator signs a person out everywhere. */
static int end_own_tokens(struct command *command)
{
	const struct session_command *options = options_of(command);
	char account[STORE_SUBJECT], own[STORE_ISSUER];
	struct err err;

	if (!options->user)
		return 0;
	if (issue_own_issuer(command->conf, own, &err) == -1)
		own[0] = '\0';
	command_name_account(account, sizeof account);
	const struct token_desk desk = {
		.store = command->store, .conf = command->conf, .issuer = own};
	int ended = session_desk_end_tokens(&desk, options->user, options->issuer, account);
	return ended == -1 ? cannot_write(command) : ended;
}

static void audit(const struct command *command, int ended)
{
	const struct session_command *options = options_of(command);
	char account[STORE_SUBJECT];

	command_name_account(account, sizeof account);
	command_await_log(command);
	audit_sessions(account, &(struct audit_sessions){.id = options->id,
					.subject = options->user,
					.issuer = options->issuer,
					.ended = ended});
}

static int end_sessions(struct command *command)
{
	const struct session_command *options = options_of(command);
	int (*end)(struct command * command) = end_by_label;

	if (options->all)
		end = end_all;
	else if (options->issuer)
		end = end_person;
	int ended = end(command);
	if (ended != 0)
		audit(command, ended);
	if (ended == -1 || end_own_tokens(command) == -1)
		return COMMAND_REFUSED;
	int result = command_print(command, json_pack("{s:i}", "ended", ended));
	return command->err.text[0] ? COMMAND_REFUSED : result;
}

/* --- the command --- */

static int check_list(struct command *command)
{
	const struct session_command *options = options_of(command);

	if (options->issuer && !options->user)
		return err_set(&command->err, "--issuer needs --user");
	return 0;
}

static int check_end(struct command *command)
{
	const struct session_command *options = options_of(command);

	if ((options->id != NULL) + (options->user != NULL) + (options->all != NULL) != 1)
		return err_set(&command->err, "give one of --id, --user and --all");
	return check_list(command);
}

#define HEAD  "usage: sparkgate session "
#define WHERE " [--config FILE|--data DIR]"
#define EVERY                                                                                      \
	"  --config FILE        the gateway's configuration: its store and its key\n"              \
	"  --data DIR           the folder of a gateway that runs without a configuration;\n"      \
	"                       without either, where such a gateway keeps it by default\n"        \
	"  --json               JSON, also on a terminal; pipes and files always get JSON\n"
#define WHOSE                                                                                      \
	"  --user SUBJECT       this person's\n"                                                   \
	"  --issuer URL         of this provider\n"

static const char list_usage[] = HEAD "list" WHERE " [--user SUBJECT [--issuer URL]] [--json]\n"
				      "\n" WHOSE EVERY;

static const char end_usage[] =
	HEAD "end" WHERE " --id ID | --all |\n"
	     "         --user SUBJECT [--issuer URL] [--json]\n"
	     "\n"
	     "  --id ID              one session; the list shows its ID\n"
	     "  --all                everybody's\n" WHOSE
	     "\nWith --user, the person's own tokens end, too (tokens.follow_sessions).\n\n" EVERY;

static const char usage[] = HEAD "list|end" WHERE " ...\n"
				 "       sparkgate session VERB --help\n";

enum { LIST = 1, END = 2 };

static const struct command_column columns[] = {
	{"ID", "id", NULL, 0, 0},
	{"USER", "user", NULL, 6, 0},
	{"NAME", "name", NULL, 6, 3},
	{"ROLE", "role", NULL, 0, 4},
	{"ISSUER", "issuer", NULL, 8, 6},
	{"FROM", "client", NULL, 7, 5},
	{"SINCE", "created_at", command_table_age, 0, 2},
	{"LAST SEEN", "last_seen_at", command_table_age, 0, 0},
	{"EXPIRES", "expires_at", command_table_age, 0, 1},
};

static const struct command_verb verbs[] = {
	{"list", LIST, false, false, list_usage, columns, ARRAY_LEN(columns), check_list,
		list_sessions},
	{"end", END, false, false, end_usage, columns, ARRAY_LEN(columns), check_end, end_sessions},
};

static const struct command_option options[] = {
	{"--user", offsetof(struct session_command, user), LIST | END, false},
	{"--issuer", offsetof(struct session_command, issuer), LIST | END, false},
	{"--id", offsetof(struct session_command, id), END, false},
	{"--all", offsetof(struct session_command, all), END, true},
};

int session_command_run(int argc, char **argv, FILE *out, FILE *err)
{
	static const struct command_kind kind = {.name = "session",
		.usage = usage,
		.hint = "list or end",
		.none = "no sessions",
		.verbs = verbs,
		.verbs_count = ARRAY_LEN(verbs),
		.options = options,
		.options_count = ARRAY_LEN(options)};
	struct session_command command = {.base = {.out = out}};

	return command_run(&kind, &command.base, argc, argv, err);
}

int session_command(int argc, char **argv)
{
	return session_command_run(argc, argv, stdout, stderr);
}
