#include "auth/cli/token_command.h"

#include "auth/jose/jws.h"
#include "auth/token/signer.h"
#include "auth/backends/sqlite/store_sqlite.h"
#include "tests/support/command_world.h"
#include "tests/support/scratch.h"

#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static int run(struct command_world *w, const char *line)
{
	return command_world_run(w, token_command_run, line);
}

static const char *text(const json_t *json, const char *key)
{
	return command_world_text(json, key);
}

/* Gives the id of a token made with these options. */
static char *make(struct command_world *f, const char *options)
{
	char *line = mem_printf("create --data DATA %s", options);

	assert_int_equal(run(f, line), 0);
	json_t *json = command_world_answer(f);
	char *id = mem_strdup(text(json, "id"));
	json_decref(json);
	free(line);
	return id;
}

static void create_prints_one_object_with_the_token(void **state)
{
	struct command_world *f = *state;

	assert_int_equal(run(f, "create --data DATA --client-name nightly --note hello"), 0);
	assert_string_equal(f->err, "");
	json_t *json = command_world_answer(f);
	assert_int_equal(strlen(text(json, "id")), 32);
	assert_string_equal(text(json, "client_name"), "nightly");
	assert_string_equal(text(json, "subject"), "client:nightly");
	assert_true(json_is_null(json_object_get(json, "user")));
	assert_string_equal(text(json, "role"), "user");
	assert_string_equal(text(json, "token_type"), "user");
	assert_string_equal(text(json, "state"), "active");
	assert_string_equal(text(json, "note"), "hello");
	assert_string_equal(text(json, "issuer"), "http://127.0.0.1:8480");
	assert_true(str_starts(str_of(text(json, "created_by")), STR("cli:")));
	assert_int_equal(strlen(text(json, "expires_at")), 24);
	json_decref(json);
}

static json_t *payload_of(const char *token)
{
	struct jws jws;

	assert_int_equal(jws_parse(str_of(token), &jws, NULL), 0);
	json_t *payload = json_loadb(jws.payload, jws.payload_len, 0, NULL);
	assert_string_equal(jws.typ, "at+jwt");
	jws_clear(&jws);
	return payload;
}

static void token_is_signed_by_the_folders_key_and_names_its_record(void **state)
{
	struct command_world *f = *state;

	assert_int_equal(run(f, "create --data DATA --client-name ci --user ann "
				"--token-type=admin --access-ttl 12h"),
		0);
	json_t *json = command_world_answer(f);
	struct signer *signer = signer_open(f->data, NULL);
	const char *token = text(json, "access_token");
	assert_true(jws_verify(str_of(token), signer_key(signer)));
	json_t *claims = payload_of(token);
	assert_string_equal(text(claims, "jti"), text(json, "id"));
	assert_string_equal(text(claims, "sub"), "ann");
	assert_string_equal(text(claims, "aud"), SIGNER_AUDIENCE);
	assert_int_equal(signer_role(claims), ROLE_ADMIN);
	assert_int_equal(json_integer_value(json_object_get(claims, "exp")) -
				 json_integer_value(json_object_get(claims, "iat")),
		12 * 3600);
	assert_string_equal(text(json, "user"), "ann");
	json_decref(claims);
	json_decref(json);
	signer_free(signer);
}

static void s34_nothing_secret_is_on_disk_or_listed(void **state)
{
	struct command_world *f = *state;

	assert_int_equal(run(f, "create --data DATA --client-name ci"), 0);
	json_t *json = command_world_answer(f);
	const char *token = text(json, "access_token"), *signature = strrchr(token, '.');
	assert_false(scratch_has(f->folder, str_of(signature)));
	assert_int_equal(run(f, "list --data DATA"), 0);
	assert_null(strstr(f->out, signature));
	assert_null(strstr(f->out, "access_token"));
	json_decref(json);
}

static void s34_folder_and_files_are_the_owners_alone(void **state)
{
	static const char *const names[] = {"", "/state.db", "/signing-key.pem"};
	struct command_world *f = *state;

	free(make(f, "--client-name ci"));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *path = mem_printf("%s%s", f->data, names[i]);
		struct stat st;
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 077, 0);
		free(path);
	}
}

static void list_shows_tokens_newest_first_with_their_state(void **state)
{
	struct command_world *f = *state;
	char *one = make(f, "--client-name one");
	char *two = make(f, "--client-name two");
	char *line = mem_printf("revoke --data DATA %s", one);

	assert_int_equal(run(f, line), 0);
	assert_int_equal(run(f, "list --data DATA"), 0);
	json_t *json = command_world_answer(f);
	assert_int_equal(json_array_size(json), 2);
	for (size_t i = 0; i < 2; i++) {
		json_t *row = json_array_get(json, i);
		bool is_one = strcmp(text(row, "id"), one) == 0;
		assert_string_equal(text(row, "state"), is_one ? "revoked" : "active");
		assert_true(json_is_null(json_object_get(row, "last_used_at")));
	}
	json_decref(json);
	free(line);
	free(one);
	free(two);
}

static void list_of_an_empty_store_is_an_empty_array(void **state)
{
	char *path = mem_printf("%s/state.db", ((struct command_world *)*state)->data);
	struct err err;
	assert_int_equal(mkdir(((struct command_world *)*state)->data, 0700), 0);
	struct store *store = store_sqlite_open(path, &err);

	assert_non_null(store);
	store->ops->close(store);
	free(path);
	assert_int_equal(run(*state, "list --data DATA"), 0);
	assert_string_equal(((struct command_world *)*state)->out, "[]\n");
}

static void reading_makes_nothing_where_there_is_nothing(void **state)
{
	static const char *const lines[] = {"list --data DATA", "list --data DATA --json",
		"show --data DATA 01234567", "revoke --data DATA 01234567",
		"disable --data DATA 01234567", "enable --data DATA 01234567"};
	struct command_world *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		assert_int_equal(run(f, lines[i]), 1);
		assert_string_equal(f->out, "");
		assert_non_null(strstr(f->err, "there is no store at "));
		assert_int_equal(access(f->data, F_OK), -1);
	}
	free(make(f, "--client-name ci")); /* making does */
	assert_int_equal(access(f->data, F_OK), 0);
}

static void revoke_names_what_is_unknown_and_fails(void **state)
{
	struct command_world *f = *state;
	char *id = make(f, "--client-name ci");
	char *line = mem_printf("revoke --data DATA %s nope", id);

	assert_int_equal(run(f, line), 1);
	json_t *json = command_world_answer(f);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(json, "revoked"), 0)), id);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(json, "unknown"), 0)), "nope");
	assert_non_null(strstr(f->err, "no token has this ID"));
	json_decref(json);
	free(line);
	free(id);
}

/* Runs `verb` on these ids (any text); fails the test unless it exits with `code`. */
static void change(struct command_world *f, const char *verb, const char *ids, int code)
{
	char *line = mem_printf("%s --data DATA %s", verb, ids);

	assert_int_equal(run(f, line), code);
	free(line);
}

static void expect_state(struct command_world *f, const char *id, const char *wanted)
{
	change(f, "show", id, 0);
	json_t *json = command_world_answer(f);
	assert_string_equal(text(json, "state"), wanted);
	json_decref(json);
}

static void disabled_token_can_be_enabled_and_a_revoked_one_cannot(void **state)
{
	struct command_world *f = *state;
	char *id = make(f, "--client-name ci");

	change(f, "disable", id, 0);
	expect_state(f, id, "disabled");
	change(f, "enable", id, 0);
	expect_state(f, id, "active");
	change(f, "revoke", id, 0);
	change(f, "revoke", id, 0); /* again is fine */
	change(f, "enable", id, 1);
	assert_non_null(strstr(f->err, "stays revoked"));
	json_t *json = command_world_answer(f);
	assert_int_equal(json_array_size(json_object_get(json, "enabled")), 0);
	assert_int_equal(json_array_size(json_object_get(json, "refused")), 1);
	expect_state(f, id, "revoked");
	json_decref(json);
	free(id);
}

static void s35_last_administrators_token_is_taken_back_by_force_only(void **state)
{
	struct command_world *f = *state;
	char *user = make(f, "--client-name ci"),
	     *one = make(f, "--client-name one --token-type admin"),
	     *two = make(f, "--client-name two --token-type admin"),
	     *forced = mem_printf("--force %s", one);

	change(f, "revoke", user, 0);
	change(f, "disable", two, 0);
	change(f, "revoke", one, 1);
	assert_non_null(strstr(f->err, "--force"));
	expect_state(f, one, "active");
	change(f, "disable", one, 1);
	change(f, "enable", two, 0);
	change(f, "disable", one, 0);
	change(f, "revoke", one, 0); /* is no living one */
	change(f, "revoke", two, 1);
	free(forced);
	forced = mem_printf("--force %s", two);
	change(f, "revoke", forced, 0);
	expect_state(f, two, "revoked");
	free(user);
	free(one);
	free(two);
	free(forced);
}

static void beginning_of_an_id_will_do_when_it_is_the_only_one(void **state)
{
	struct command_world *f = *state;
	char *id = make(f, "--client-name ci"), *cell = mem_printf("%.11s\xe2\x80\xa6", id),
	     *mistyped = mem_printf("%.7s", id);

	free(make(f, "--client-name other"));
	change(f, "show", cell, 0);
	json_t *json = command_world_answer(f);
	assert_string_equal(text(json, "id"), id);
	change(f, "revoke", mistyped, 1); /* too short to be meant */
	expect_state(f, id, "active");
	change(f, "disable", cell, 0);
	expect_state(f, id, "disabled");
	json_decref(json);
	free(id);
	free(cell);
	free(mistyped);
}

static size_t count_listed(struct command_world *f, const char *line)
{
	assert_int_equal(run(f, line), 0);
	json_t *json = command_world_answer(f);
	size_t count = json_array_size(json);
	json_decref(json);
	return count;
}

static void list_can_be_of_one_user_or_of_what_is_good(void **state)
{
	struct command_world *f = *state;
	char *id = make(f, "--client-name ci --user ann");

	free(make(f, "--client-name ci --user bob"));
	free(make(f, "--client-name ci"));
	change(f, "disable", id, 0);
	assert_int_equal(count_listed(f, "list --data DATA"), 3);
	assert_int_equal(count_listed(f, "list --data DATA --user ann"), 1);
	assert_int_equal(count_listed(f, "list --data DATA --user client:ci"), 1);
	assert_int_equal(count_listed(f, "list --data DATA --active"), 2);
	assert_int_equal(count_listed(f, "list --data DATA --active --user ann"), 0);
	free(id);
}

static void registration_token_comes_alone(void **state)
{
	struct command_world *f = *state;

	assert_int_equal(
		run(f, "create --data DATA --client-name ci --user ann --registration"), 0);
	json_t *json = command_world_answer(f);
	assert_int_equal(strncmp(text(json, "registration_token"), "sgrg_", 5), 0);
	assert_null(json_object_get(json, "access_token"));
	assert_null(json_object_get(json, "refresh_token"));
	assert_true(json_is_null(json_object_get(json, "expires_at")));
	assert_int_equal(strlen(text(json, "registration_expires_at")), 24);
	json_decref(json);
}

static void refresh_token_comes_along_unless_refused(void **state)
{
	struct command_world *f = *state;

	assert_int_equal(run(f, "create --data DATA --client-name ci --refresh-ttl 2d"), 0);
	json_t *json = command_world_answer(f);
	assert_int_equal(strncmp(text(json, "refresh_token"), "sgrt_", 5), 0);
	json_decref(json);
	assert_int_equal(run(f, "create --data DATA --client-name ci --refresh-ttl 0"), 0);
	json = command_world_answer(f);
	assert_null(json_object_get(json, "refresh_token"));
	assert_true(json_is_null(json_object_get(json, "refresh_expires_at")));
	json_decref(json);
}

static void scope_is_on_record_and_in_the_token(void **state)
{
	struct command_world *f = *state;

	assert_int_equal(run(f, "create --data DATA --client-name ci --scope metrics"), 0);
	json_t *json = command_world_answer(f);
	assert_string_equal(text(json, "scope"), "metrics");
	json_t *claims = payload_of(text(json, "access_token"));
	assert_string_equal(text(claims, "scope"), "metrics");
	json_decref(claims);
	json_decref(json);
}

static void every_verb_has_help(void **state)
{
	static const char *const verbs[] = {
		"create", "list", "show", "revoke", "disable", "enable"};

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		struct command_world *f = *state;
		char *line = mem_printf("%s --help", verbs[i]),
		     *usage = mem_printf("usage: sparkgate token %s ", verbs[i]);
		assert_int_equal(run(f, line), 0);
		assert_int_equal(strncmp(f->out, usage, strlen(usage)), 0);
		assert_non_null(strstr(f->out, "\n  --json "));
		free(line);
		free(usage);
	}
}

static void bad_usage_exits_with_2_and_says_how(void **state)
{
	static const char *const lines[] = {"", "make", "create", "create --data DATA",
		"list --data DATA extra", "list --data DATA --client-name x", "revoke --data DATA",
		"revoke --data DATA id --note x", "create --data DATA --client-name",
		"create --data DATA --data DATA --client-name x",
		"create --data DATA --config y --client-name x", "create --data DATA --secret x",
		"show --data DATA", "show --data DATA one two", "show --data DATA --force one",
		"enable --data DATA --force one", "list --data DATA --active=yes",
		"list --data DATA --json=yes"};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct command_world *f = *state;
		assert_int_equal(run(f, lines[i]), 2);
		assert_non_null(strstr(f->err, "usage: sparkgate token"));
		assert_string_equal(f->out, "");
	}
}

static void s35_what_policy_does_not_allow_is_refused(void **state)
{
	static const char *const rows[][2] = {
		{"--client-name x --access-ttl 31d", "tokens.access_ttl.max"},
		{"--client-name x --access-ttl soon", "expected a duration"},
		{"--client-name x --access-ttl 0s", "expected a duration"},
		{"--client-name x --token-type root", "expected admin or user"},
		{"--client-name x --refresh-ttl 91d", "tokens.refresh_ttl.max"},
		{"--client-name x --scope everything", "scope"},
		{"--client-name x --user client:y", "must not start"},
		{"--client-name x --user=", "1 to 255 characters"},
		{"--client-name a\tb", "control character"},
		{"--client-name a\xff", "UTF-8"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct command_world *f = *state;
		char *line = mem_printf("create --data DATA %s", rows[i][0]);
		assert_int_equal(run(f, line), 1);
		assert_non_null(strstr(f->err, rows[i][1]));
		assert_string_equal(f->out, "");
		free(line);
	}
}

static void issuer_is_the_one_a_gateway_left_in_the_folder(void **state)
{
	struct command_world *f = *state;
	char *path = mem_printf("%s/state.db", f->data);
	struct store *store = store_sqlite_open(path, NULL);

	assert_non_null(store);
	assert_int_equal(store->ops->meta_set(store, "issuer", "http://gate.example"), 0);
	store->ops->close(store);
	assert_int_equal(run(f, "create --data DATA --client-name ci"), 0);
	json_t *json = command_world_answer(f);
	assert_string_equal(text(json, "issuer"), "http://gate.example");
	json_decref(json);
	free(path);
}

static void store_in_memory_cannot_be_reached(void **state)
{
	struct command_world *f = *state;
	char *path = scratch_write(f->folder, "gate.yaml",
		"server: {listen: 127.0.0.1:8480, public_url: http://127.0.0.1:8480/}\n"
		"admin: {listen: 127.0.0.1:8481, public_url: http://127.0.0.1:8481/}\n"
		"clusters: [{name: local, masters: [http://127.0.0.1:8080]}]\n"
		"store: 'memory:'\n");
	char *line = mem_printf("list --config %s", path);

	assert_int_equal(run(f, line), 1);
	assert_non_null(strstr(f->err, "memory:"));
	free(line);
	free(path);
}

#define T(test) cmocka_unit_test_setup_teardown(test, command_world_set_up, command_world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(create_prints_one_object_with_the_token),
		T(token_is_signed_by_the_folders_key_and_names_its_record),
		T(s34_nothing_secret_is_on_disk_or_listed),
		T(s34_folder_and_files_are_the_owners_alone),
		T(list_shows_tokens_newest_first_with_their_state),
		T(list_of_an_empty_store_is_an_empty_array),
		T(reading_makes_nothing_where_there_is_nothing),
		T(revoke_names_what_is_unknown_and_fails),
		T(disabled_token_can_be_enabled_and_a_revoked_one_cannot),
		T(s35_last_administrators_token_is_taken_back_by_force_only),
		T(beginning_of_an_id_will_do_when_it_is_the_only_one),
		T(list_can_be_of_one_user_or_of_what_is_good),
		T(registration_token_comes_alone),
		T(refresh_token_comes_along_unless_refused),
		T(scope_is_on_record_and_in_the_token),
		T(every_verb_has_help),
		T(bad_usage_exits_with_2_and_says_how),
		T(s35_what_policy_does_not_allow_is_refused),
		T(issuer_is_the_one_a_gateway_left_in_the_folder),
		T(store_in_memory_cannot_be_reached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
