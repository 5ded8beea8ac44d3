/* `sparkgate token list` and `token show`. */
#include "auth/cli/command_list.h"
#include "auth/token/issue.h"
#include "auth/cli/token_command_int.h"
#include "auth/token/token_json.h"
#include "base/clock.h"

enum { PREFIX_LEAST = 8 }; /* digits; who types less takes another's by mistake */

/* --- how a token looks on a terminal --- */

static int64_t time_of(const json_t *row, const char *key)
{
	return clock_parse(str_of(json_string_value(json_object_get(row, key)))) / 1000;
}

static int64_t end_of(const json_t *row)
{
	static const char *const ends[] = {
		"expires_at", "refresh_expires_at", "registration_expires_at"};
	int64_t end = 0;

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		int64_t at = time_of(row, ends[i]);
		if (at > end)
			end = at;
	}
	return end;
}

/* What is active may be over by now, or not yet registered. */
static void write_state(struct sbuf *out, const json_t *row, const char *key, int64_t now)
{
	const char *state = json_string_value(json_object_get(row, key));

	if (state && strcmp(state, token_state_name(STATE_ACTIVE)) == 0) {
		if (end_of(row) <= now)
			state = "expired";
		else if (time_of(row, "registration_expires_at") != 0)
			state = "pending";
	}
	sbuf_puts(out, state ? state : "-");
}

/* When nothing of it is good any more, renewed or not. */
static void write_end(struct sbuf *out, const json_t *row, const char *key, int64_t now)
{
	(void)key;
	command_table_add_age(out, end_of(row), now);
}

const struct command_column token_command_columns[TOKEN_COMMAND_COLUMNS] = {
	{"ID", "id", NULL, 12, 0},
	{"STATE", "state", write_state, 0, 0},
	{"ROLE", "role", NULL, 0, 1},
	{"OWNER", "user", NULL, 6, 0},
	{"CLIENT", "client_name", NULL, 7, 0},
	{"SCOPE", "scope", NULL, 5, 5},
	{"CREATED", "created_at", command_table_age, 0, 4},
	{"EXPIRES", "ends", write_end, 0, 2},
	{"LAST USED", "last_used_at", command_table_age, 0, 3},
};

/* --- pages of the store --- */

struct listing {
	json_t *page;		 /* NULL: not wanted */
	struct str prefix;	 /* of ids */
	struct store_token *out; /* the last one met, or NULL */
	size_t met;
	struct store_token_query query;
};

static void on_token(void *arg, const struct store_token *token)
{
	struct listing *listing = arg;

	listing->query.before_at = token->created_at;
	memcpy(listing->query.before_id, token->id, sizeof token->id);
	if (!str_starts(str_of(token->id), listing->prefix))
		return;
	listing->met++;
	if (listing->page)
		json_array_append_new(listing->page, token_json(token));
	if (listing->out)
		*listing->out = *token;
}

/* The page after the last one; `*got` tokens of the store. -1 with a reason. */
static int next_page(struct command *command, struct listing *listing, int *got)
{
	struct store *store = command->store;

	listing->query.limit = STORE_PAGE;
	*got = store->ops->token_list(store, &listing->query, on_token, listing);
	return *got == -1 ? err_set(&command->err, "the store cannot be read") : 0;
}

/* --- list, show --- */

/* Written between two pages, when the store is not held: whoever reads may take their time. */
static int walk(struct command *command, struct command_list *list)
{
	const struct token_command *options = token_command_of(command);
	struct listing listing = {.page = json_array(),
		.query = {.subject = options->user,
			.alive_at = options->active ? clock_wall_s() : 0}};
	int got = STORE_PAGE, result = 0;

	while (result == 0 && got == STORE_PAGE) {
		result = next_page(command, &listing, &got);
		if (result == 0)
			result = command_list_page(list, listing.page);
		json_array_clear(listing.page);
	}
	json_decref(listing.page);
	return result;
}

int token_command_list(struct command *command)
{
	return command_list_print(command, walk);
}

/* The ellipsis of a cell comes along with what is copied from it. */
static struct str without_ellipsis(const char *text)
{
	static const struct str ellipsis = {"\xe2\x80\xa6", 3};
	struct str id = str_of(text);

	if (str_ends(id, ellipsis))
		id.len -= ellipsis.len;
	return id;
}

static enum store_answer find_by_prefix(
	struct command *command, struct str prefix, struct store_token *out)
{
	struct listing listing = {.prefix = prefix, .out = out};
	int got = STORE_PAGE;

	while (got == STORE_PAGE) {
		if (next_page(command, &listing, &got) == -1)
			return STORE_FAILED;
	}
	if (listing.met == 1)
		return STORE_FOUND;
	if (listing.met > 1)
		err_set(&command->err, "%zu IDs begin with these digits; give more digits",
			listing.met);
	return STORE_NONE;
}

enum store_answer token_command_find(
	struct command *command, const char *text, struct store_token *out)
{
	struct str id = without_ellipsis(text);
	enum store_answer answer = command->store->ops->token_get(command->store, id, out);

	if (answer == STORE_NONE && id.len >= PREFIX_LEAST && id.len < TOKEN_ID_LEN)
		answer = find_by_prefix(command, id, out);
	if (answer == STORE_NONE && !command->err.text[0])
		err_set(&command->err, "no token has this ID");
	else if (answer == STORE_FAILED)
		err_set(&command->err, "the store cannot be read");
	return answer;
}

int token_command_show(struct command *command)
{
	struct store_token record;

	if (token_command_find(command, command->operands[0], &record) != STORE_FOUND)
		return COMMAND_REFUSED;
	return command_print(command, token_json(&record));
}
