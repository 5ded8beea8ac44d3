#include "auth/cli/session_command.h"

#include "auth/session/session.h"
#include "auth/session/session_data.h"
#include "auth/backends/sqlite/store_sqlite.h"
#include "base/clock.h"
#include "tests/support/command_world.h"
#include "tests/support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define OLD_KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define NEW_KEY "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"
#define HERE	"https://idp.example"
#define THERE	"https://other.example"

static int run(struct command_world *w, const char *line)
{
	return command_world_run(w, session_command_run, line);
}

/* Opens a session as a gateway on this folder would, `age` seconds ago, sealed with this key. */
static void add(struct command_world *w, const char *key, const char *issuer, const char *subject,
	int64_t age)
{
	char *path = mem_printf("%s/state.db", w->data), id[SESSION_ID_LEN + 1];
	struct store *store = store_sqlite_open(path, NULL);
	struct keyring *ring = keyring_new(str_of(key), STR(""));
	struct session_data data = {.issuer = mem_strdup(issuer),
		.subject = mem_strdup(subject),
		.name = mem_printf("Name of %s", subject),
		.role = ROLE_USER,
		.via = mem_strdup("oidc"),
		.client = mem_strdup("192.0.2.7")};
	struct store_opening opening = {.has_old = false};
	struct store_session *session = &opening.session;

	session_new_id(id);
	assert_int_equal(session_key(str_of(id), session->key), 0);
	session->created_at = session->last_seen_at = clock_wall_s() - age;
	session->expires_at = session->created_at + 3600;
	assert_int_equal(session_data_seal(ring, &data, str_of(id), session), 0);
	assert_int_equal(store->ops->session_open(store, &opening), STORE_FOUND);
	store_session_clear(session);
	session_data_clear(&data);
	keyring_unref(ring);
	store->ops->close(store);
	free(path);
}

/* Ann from two issuers, Bob, and one whose session is over; the key is the folder's. */
static int set_up(void **state)
{
	int result = command_world_set_up(state);
	struct command_world *w = *state;

	add(w, OLD_KEY, HERE, "ann", 40);
	add(w, OLD_KEY, THERE, "ann", 30);
	add(w, OLD_KEY, HERE, "bob", 20);
	add(w, OLD_KEY, HERE, "late", 3600);
	free(scratch_write(w->data, "session.key", OLD_KEY "\n"));
	return result;
}

/* The sessions that a list with these options shows. Gives. */
static json_t *list(struct command_world *w, const char *options)
{
	char *line = mem_printf("list --data DATA%s", options);

	assert_int_equal(run(w, line), 0);
	assert_string_equal(w->err, "");
	free(line);
	return command_world_answer(w);
}

static void expect_listed(struct command_world *w, const char *options, size_t count)
{
	json_t *json = list(w, options);

	assert_int_equal(json_array_size(json), count);
	json_decref(json);
}

static void expect_ended(struct command_world *w, const char *options, int count)
{
	char *line = mem_printf("end --data DATA %s", options);

	assert_int_equal(run(w, line), 0);
	json_t *json = command_world_answer(w);
	assert_int_equal(json_integer_value(json_object_get(json, "ended")), count);
	json_decref(json);
	free(line);
}

static void list_shows_who_is_signed_in_newest_first(void **state)
{
	json_t *json = list(*state, "");
	const json_t *row = json_array_get(json, 0);

	assert_int_equal(json_array_size(json), 3);
	assert_int_equal(strlen(command_world_text(row, "id")), 16);
	assert_string_equal(command_world_text(row, "issuer"), HERE);
	assert_string_equal(command_world_text(row, "user"), "bob");
	assert_string_equal(command_world_text(row, "name"), "Name of bob");
	assert_string_equal(command_world_text(row, "role"), "user");
	assert_string_equal(command_world_text(row, "via"), "oidc");
	assert_string_equal(command_world_text(row, "client"), "192.0.2.7");
	assert_int_equal(strlen(command_world_text(row, "created_at")), 24);
	assert_int_equal(strlen(command_world_text(row, "last_seen_at")), 24);
	assert_int_equal(strlen(command_world_text(row, "expires_at")), 24);
	assert_int_equal(json_object_size(row), 10);
	json_decref(json);
}

static void list_can_be_of_one_person(void **state)
{
	expect_listed(*state, " --user ann", 2);
	expect_listed(*state, " --user ann --issuer " THERE, 1);
	expect_listed(*state, " --user nobody", 0);
	expect_listed(*state, " --user late", 0);
}

static void end_by_id_ends_one(void **state)
{
	struct command_world *w = *state;
	json_t *json = list(w, " --user bob");
	char *id = mem_strdup(command_world_text(json_array_get(json, 0), "id"));
	char *options = mem_printf("--id %s", id),
	     *line = mem_printf("end --data DATA --id %s", id);

	expect_ended(w, options, 1);
	expect_listed(w, "", 2);
	expect_listed(w, " --user bob", 0);
	assert_int_equal(run(w, line), 1);
	assert_non_null(strstr(w->err, "no session has this ID"));
	json_decref(json);
	free(id);
	free(options);
	free(line);
}

static void end_by_user_takes_every_issuer_or_one(void **state)
{
	struct command_world *w = *state;

	expect_ended(w, "--user ann --issuer " THERE, 1);
	expect_ended(w, "--user ann --issuer " THERE, 0);
	expect_listed(w, " --user ann", 1);
	expect_ended(w, "--user=ann", 1);
	expect_ended(w, "--user nobody", 0);
	expect_listed(w, "", 1);
}

static void end_all_needs_no_name(void **state)
{
	expect_ended(*state, "--all", 4); /* also the one that is over */
	expect_listed(*state, "", 0);
}

static void s26_rotated_key_still_names_and_finds_sessions(void **state)
{
	struct command_world *w = *state;
	static const char lines[] = NEW_KEY "\n" OLD_KEY "\n";

	free(scratch_write(w->data, "session.key", lines));
	add(w, NEW_KEY, HERE, "ann", 10);
	expect_listed(w, " --user ann --issuer " HERE, 2);
	expect_ended(w, "--user ann --issuer " HERE, 2);
	expect_listed(w, " --user ann", 1);
}

static void session_under_a_lost_key_has_no_name_but_can_be_ended(void **state)
{
	struct command_world *w = *state;

	free(scratch_write(w->data, "session.key", NEW_KEY "\n"));
	json_t *json = list(w, "");
	const json_t *row = json_array_get(json, 0);
	assert_true(json_is_null(json_object_get(row, "user")));
	assert_true(json_is_null(json_object_get(row, "role")));
	char *options = mem_printf("--id %s", command_world_text(row, "id"));
	expect_ended(w, options, 1);
	expect_listed(w, "", 2);
	json_decref(json);
	free(options);
}

static void bad_usage_exits_with_2_and_says_how(void **state)
{
	static const char *const lines[] = {"", "create", "list --data DATA extra",
		"list --data DATA --all", "list --data DATA --issuer x", "end --data DATA",
		"end --data DATA --id x --all", "end --data DATA --user x --all",
		"end --data DATA --all --issuer x", "end --data DATA --all=yes",
		"end --data DATA --issuer x", "end --data DATA --user",
		"end --data DATA --config y --all", "end --data DATA --all --all"};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct command_world *w = *state;
		assert_int_equal(run(w, lines[i]), 2);
		assert_non_null(strstr(w->err, "usage: sparkgate session"));
		assert_string_equal(w->out, "");
	}
}

static void reading_makes_nothing_where_there_is_nothing(void **state)
{
	struct command_world *w = *state;

	assert_int_equal(run(w, "list --data DATA"), 1);
	assert_non_null(strstr(w->err, "there is no store at "));
	assert_int_equal(run(w, "end --data DATA --all"), 1);
	assert_int_equal(access(w->data, F_OK), -1);
}

static void list_without_a_key_makes_none(void **state)
{
	struct command_world *w = *state;
	char *key = mem_printf("%s/session.key", w->data);

	assert_int_equal(unlink(key), 0);
	expect_listed(w, "", 3);
	assert_int_equal(access(key, F_OK), -1);
	free(key);
}

/* A token of the store, as made by this subject for itself or for a client. */
static void add_token(struct command_world *w, const char *id, const char *subject, const char *by)
{
	char *path = mem_printf("%s/state.db", w->data);
	struct store *store = store_sqlite_open(path, NULL);
	struct store_token token = {.role = ROLE_USER,
		.created_at = clock_wall_s(),
		.expires_at = clock_wall_s() + 1000,
		.ends_at = clock_wall_s() + 1000};

	snprintf(token.id, sizeof token.id, "%s", id);
	snprintf(token.client_name, sizeof token.client_name, "c");
	snprintf(token.issuer, sizeof token.issuer, "i");
	snprintf(token.subject, sizeof token.subject, "%s", subject);
	snprintf(token.created_by, sizeof token.created_by, "%s", by);
	assert_int_equal(store->ops->token_add(store, &token), 0);
	store->ops->close(store);
	free(path);
}

static enum token_state state_of(struct command_world *w, const char *id)
{
	char *path = mem_printf("%s/state.db", w->data);
	struct store *store = store_sqlite_open(path, NULL);
	struct store_token token;

	assert_int_equal(store->ops->token_get(store, str_of(id), &token), STORE_FOUND);
	store->ops->close(store);
	free(path);
	return token.state;
}

static void s70_person_who_is_signed_out_everywhere_has_no_own_tokens_left(void **state)
{
	struct command_world *w = *state;

	add_token(w, "own", "ann", "ann");
	add_token(w, "given", "ann", "boss");
	add_token(w, "others", "bob", "bob");
	add_token(w, "client", "client:c", "ann");
	expect_ended(w, "--user bob --issuer " THERE, 0); /* another's bob */
	assert_int_equal(state_of(w, "others"), STATE_ACTIVE);
	expect_ended(w, "--user ann", 2);
	assert_int_equal(state_of(w, "own"), STATE_REVOKED);
	assert_int_equal(state_of(w, "given"), STATE_ACTIVE);
	assert_int_equal(state_of(w, "others"), STATE_ACTIVE);
	assert_int_equal(state_of(w, "client"), STATE_ACTIVE);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, command_world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(list_shows_who_is_signed_in_newest_first),
		T(list_can_be_of_one_person),
		T(end_by_id_ends_one),
		T(end_by_user_takes_every_issuer_or_one),
		T(end_all_needs_no_name),
		T(s26_rotated_key_still_names_and_finds_sessions),
		T(session_under_a_lost_key_has_no_name_but_can_be_ended),
		cmocka_unit_test_setup_teardown(reading_makes_nothing_where_there_is_nothing,
			command_world_set_up, command_world_tear_down),
		T(list_without_a_key_makes_none),
		T(s70_person_who_is_signed_out_everywhere_has_no_own_tokens_left),
		T(bad_usage_exits_with_2_and_says_how),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
