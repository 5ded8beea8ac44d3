#include "auth/session/session_data.h"

#include "auth/session/session.h"
#include "auth/backends/sqlite/store_sqlite.h"
#include "tests/support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define KEY STR("key material of the tests, of some length")
#define OLD STR("what was the key before, of some length")
#define ID  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

enum { SEAL_SAMPLE = 24 };

struct fixture {
	struct keyring *ring;
	struct session_data data;
	struct store_session session;
};

static int set_up(void **state)
{
	struct fixture *f = mem_alloc(1, sizeof *f);

	f->ring = keyring_new(KEY, STR(""));
	f->data = (struct session_data){.issuer = mem_strdup("https://idp.example/realms/x"),
		.subject = mem_strdup("f3b1-ann"),
		.name = mem_strdup("Ann \"the admin\" Müller"),
		.token_id = NULL,
		.role = ROLE_ADMIN,
		.via = mem_strdup("oidc"),
		.client = mem_strdup("192.0.2.7"),
		.sid = mem_strdup("providers-session"),
		.id_token = mem_strdup("the.id.token"),
		.refresh_token = mem_strdup("the-refresh-token"),
		.refresh_at = INT64_C(1700000300)};
	*state = f;
	return session_key(STR(ID), f->session.key);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	store_session_clear(&f->session);
	session_data_clear(&f->data);
	keyring_unref(f->ring);
	free(f);
	return 0;
}

static void seal_it(struct fixture *f)
{
	store_session_clear(&f->session);
	assert_int_equal(session_data_seal(f->ring, &f->data, STR(ID), &f->session), 0);
}

static void session_holds_what_was_put_into_it(void **state)
{
	struct fixture *f = *state;
	struct session_data out;

	seal_it(f);
	assert_int_equal(session_data_open(f->ring, STR(ID), &f->session, &out), 0);
	assert_string_equal(out.issuer, f->data.issuer);
	assert_string_equal(out.subject, f->data.subject);
	assert_string_equal(out.name, f->data.name);
	assert_string_equal(out.token_id, "");
	assert_int_equal(out.role, ROLE_ADMIN);
	assert_string_equal(out.via, "oidc");
	assert_string_equal(out.client, "192.0.2.7");
	assert_string_equal(out.sid, f->data.sid);
	assert_string_equal(out.id_token, f->data.id_token);
	assert_string_equal(out.refresh_token, f->data.refresh_token);
	assert_int_equal(out.refresh_at, f->data.refresh_at);
	session_data_clear(&out);
	assert_null(out.refresh_token);
}

static void s26_label_needs_no_cookie_and_has_no_tokens(void **state)
{
	struct fixture *f = *state;
	struct session_data out;

	seal_it(f);
	assert_int_equal(session_data_open_label(f->ring, &f->session, &out), 0);
	assert_string_equal(out.issuer, f->data.issuer);
	assert_string_equal(out.subject, f->data.subject);
	assert_string_equal(out.name, f->data.name);
	assert_int_equal(out.role, ROLE_ADMIN);
	assert_string_equal(out.via, "oidc");
	assert_string_equal(out.client, "192.0.2.7");
	assert_string_equal(out.sid, "");
	assert_string_equal(out.id_token, "");
	assert_string_equal(out.refresh_token, "");
	assert_int_equal(out.refresh_at, 0);
	session_data_clear(&out);
}

static void expect_closed(struct fixture *f, const struct keyring *ring, struct str id)
{
	struct session_data out;

	assert_int_equal(session_data_open(ring, id, &f->session, &out), -1);
	assert_null(out.subject);
}

static void s26_session_opens_only_with_its_cookie_and_under_its_own_key(void **state)
{
	struct fixture *f = *state;
	struct keyring *other = keyring_new(OLD, STR(""));
	struct session_data out;

	seal_it(f);
	expect_closed(f, f->ring, STR("BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
	expect_closed(f, f->ring, STR(""));
	expect_closed(f, other, STR(ID));
	f->session.key[0] ^= 1; /* moved to another place */
	expect_closed(f, f->ring, STR(ID));
	assert_int_equal(session_data_open_label(f->ring, &f->session, &out), -1);
	keyring_unref(other);
}

static void s26_neither_blob_stands_in_for_the_other(void **state)
{
	struct fixture *f = *state;
	struct session_data out;

	seal_it(f);
	struct store_bytes sealed = f->session.sealed;
	f->session.sealed = f->session.label;
	f->session.label = sealed;
	expect_closed(f, f->ring, STR(ID));
	expect_closed(f, f->ring, STR(""));
	assert_int_equal(session_data_open_label(f->ring, &f->session, &out), -1);
}

static void s26_rotated_ring_opens_old_sessions_and_finds_their_person(void **state)
{
	struct fixture *f = *state;
	struct keyring *rotated = keyring_new(OLD, KEY);
	struct str issuer = str_of(f->data.issuer), subject = str_of(f->data.subject);
	unsigned char person[DIGEST_LEN], sid[DIGEST_LEN];
	struct session_data out;

	seal_it(f);
	assert_int_equal(session_data_open(rotated, STR(ID), &f->session, &out), 0);
	session_data_clear(&out);
	assert_true(session_data_person(rotated, 0, issuer, subject, person));
	assert_memory_not_equal(person, f->session.person, DIGEST_LEN);
	assert_true(session_data_person(rotated, 1, issuer, subject, person));
	assert_memory_equal(person, f->session.person, DIGEST_LEN);
	assert_true(session_data_provider_sid(rotated, 1, issuer, str_of(f->data.sid), sid));
	assert_memory_equal(sid, f->session.provider_sid, DIGEST_LEN);
	keyring_unref(rotated);
}

static void session_without_the_providers_sid_has_no_index_of_it(void **state)
{
	static const unsigned char none[DIGEST_LEN];
	struct fixture *f = *state;

	free(f->data.sid);
	f->data.sid = NULL;
	memset(f->session.provider_sid, 1, DIGEST_LEN);
	seal_it(f);
	assert_memory_equal(f->session.provider_sid, none, DIGEST_LEN);
}

static char *repeat(const char *text, size_t count)
{
	char *out = mem_alloc(count * strlen(text) + 1, 1);

	for (size_t i = 0; i < count; i++)
		memcpy(out + i * strlen(text), text, strlen(text));
	return out;
}

static void s31_who_it_is_is_kept_whole_or_not_at_all(void **state)
{
	struct fixture *f = *state;
	const struct {
		char **at;
		const char *text;
		size_t count;
	} rows[] = {
		{&f->data.issuer, "i", STORE_ISSUER},
		{&f->data.subject, "s", STORE_SUBJECT},
		{&f->data.subject, "", 0},
		{&f->data.subject, "\xff", 1},
		{&f->data.refresh_token, "t", STORE_SEALED},
		{&f->data.client, "c", STORE_LABEL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *was = *rows[i].at;
		*rows[i].at = repeat(rows[i].text, rows[i].count);
		assert_int_equal(session_data_seal(f->ring, &f->data, STR(ID), &f->session), -1);
		assert_null(f->session.sealed.at);
		assert_null(f->session.label.at);
		free(*rows[i].at);
		*rows[i].at = was;
	}
	seal_it(f);
}

static void long_name_is_cut_between_characters(void **state)
{
	struct fixture *f = *state;
	struct session_data out;

	free(f->data.name);
	f->data.name = repeat("\xc3\xbc", 200); /* u with two dots */
	seal_it(f);
	assert_int_equal(session_data_open_label(f->ring, &f->session, &out), 0);
	assert_int_equal(strlen(out.name), 254);
	session_data_clear(&out);
}

/* --- who it is --- */

static char everyone[] = "everyone", platform[] = "platform";

/* The role of who holds everyone and platform, in a session whose record says user. */
static enum role role_by(
	struct fixture *f, const struct conf *conf, const char *standing, const char *token_id)
{
	struct session_data data = f->data;
	enum role role;

	data.role = ROLE_USER;
	data.standing = mem_strdup(standing);
	data.token_id = mem_strdup(token_id);
	struct identity *who = session_data_identity(conf, &data, 0);
	role = who ? who->role : ROLE_NONE;
	identity_unref(who);
	free(data.standing);
	free(data.token_id);
	return role;
}

static void s72_roles_are_the_configurations_of_today_but_no_higher_than_the_tokens(void **state)
{
	static const char both[] =
		"{\"names\":[\"everyone\",\"platform\"],\"user\":\"ada\",\"groups\":[]}";
	char *users[] = {everyone}, *admins[] = {platform};
	struct conf conf = {.roles_user = {users, 1}, .roles_admin = {admins, 1}};
	struct fixture *f = *state;

	assert_int_equal(role_by(f, &conf, both, ""), ROLE_ADMIN);
	assert_int_equal(role_by(f, &conf, both, "a1"), ROLE_USER);
	conf.roles_admin.count = 0;
	assert_int_equal(role_by(f, &conf, both, ""), ROLE_USER);
	conf.roles_user.count = 0;
	assert_int_equal(role_by(f, &conf, both, "a1"), ROLE_NONE);
	/* From before, or by a link: the role alone. What is none of ours is nobody's session. */
	assert_int_equal(role_by(f, &conf, "", ""), ROLE_USER);
	assert_int_equal(role_by(f, &conf, "{}", ""), ROLE_NONE);
}

static void json_that_is_not_ours_is_refused(void **state)
{
	static const char *const bad[] = {"", "[]", "null", "{}", "{\"role\":\"user\"}",
		"{\"role\":\"root\",\"issuer\":\"i\",\"subject\":\"s\"}",
		"{\"role\":1,\"issuer\":\"i\",\"subject\":\"s\"}",
		"{\"role\":\"user\",\"issuer\":\"i\"}",
		"{\"role\":\"user\",\"issuer\":\"i\",\"subject\":7}",
		"{\"role\":\"user\",\"issuer\":\"i\",\"issuer\":\"j\",\"subject\":\"s\"}"};
	static const char good[] = "{\"role\":\"user\",\"issuer\":\"i\",\"subject\":\"s\",\"x\":1}";
	struct session_data out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(session_data_decode(str_of(bad[i]), &out), -1);
	assert_int_equal(session_data_decode(STR(good), &out), 0);
	assert_string_equal(out.subject, "s");
	session_data_clear(&out);
}

static void s26_dump_of_the_store_tells_nothing(void **state)
{
	struct fixture *f = *state;
	char *folder = scratch_new(), *path = mem_printf("%s/state.db", folder);
	struct store *store = store_sqlite_open(path, NULL);
	struct store_opening opening = {.has_old = false};
	const char *const secrets[] = {ID, f->data.issuer, f->data.subject, "Ann", f->data.client,
		f->data.sid, f->data.id_token, f->data.refresh_token};

	seal_it(f);
	opening.session = f->session;
	assert_int_equal(store->ops->session_open(store, &opening), STORE_FOUND);
	for (int pass = 0; pass < 2; pass++) { /* in the WAL, then in the file */
		assert_true(scratch_has(
			folder, (struct str){(const char *)f->session.sealed.at, SEAL_SAMPLE}));
		for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
			assert_false(scratch_has(folder, str_of(secrets[i])));
		if (pass == 0)
			store->ops->close(store);
	}
	scratch_free(folder);
	free(path);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(session_holds_what_was_put_into_it),
		T(s26_label_needs_no_cookie_and_has_no_tokens),
		T(s26_session_opens_only_with_its_cookie_and_under_its_own_key),
		T(s26_neither_blob_stands_in_for_the_other),
		T(s26_rotated_ring_opens_old_sessions_and_finds_their_person),
		T(session_without_the_providers_sid_has_no_index_of_it),
		T(s31_who_it_is_is_kept_whole_or_not_at_all),
		T(long_name_is_cut_between_characters),
		T(s72_roles_are_the_configurations_of_today_but_no_higher_than_the_tokens),
		T(json_that_is_not_ours_is_refused),
		T(s26_dump_of_the_store_tells_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
