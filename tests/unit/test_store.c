/* Every test runs on both kinds of store; what only a file can do is in test_store_file.c. */
#include "auth/store_memory.h"
#include "auth/store_sqlite.h"
#include "tests/support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW = 1700000000 };

struct fixture {
	char *folder, *path; /* NULL: in memory */
	struct store *store;
};

static int open_memory(void **state)
{
	struct fixture *f = mem_alloc(1, sizeof *f);

	f->store = store_memory_open(NULL);
	*state = f;
	return f->store ? 0 : -1;
}

static int open_file(void **state)
{
	struct fixture *f = mem_alloc(1, sizeof *f);

	f->folder = scratch_new();
	f->path = mem_printf("%s/data/state.db", f->folder);
	f->store = store_sqlite_open(f->path, NULL);
	*state = f;
	return f->store ? 0 : -1;
}

static int close_both(void **state)
{
	struct fixture *f = *state;

	if (f->store)
		f->store->ops->close(f->store);
	scratch_free(f->folder);
	free(f->path);
	free(f);
	return 0;
}

static struct store_token sample_token(const char *id)
{
	struct store_token t = {.client_name = "nightly",
		.issuer = "http://127.0.0.1:8480",
		.subject = "client:nightly",
		.created_by = "cli:root",
		.note = "for the nightly job",
		.role = ROLE_USER,
		.state = STATE_ACTIVE,
		.created_at = NOW,
		.expires_at = NOW + 60};

	assert_true(str_copy(str_of(id), t.id, sizeof t.id));
	return t;
}

static struct store_opening sample_session(unsigned char mark)
{
	static unsigned char sealed[] = "sealed", label[] = "label";
	struct store_opening opening = {.session = {.sealed = {sealed, sizeof sealed},
						.label = {label, sizeof label},
						.created_at = NOW,
						.last_seen_at = NOW,
						.expires_at = NOW + 100}};

	memset(opening.session.key, mark, DIGEST_LEN);
	memset(opening.session.person, 0x70, DIGEST_LEN);
	return opening;
}

static enum store_answer open_session(struct store *store, unsigned char mark)
{
	struct store_opening opening = sample_session(mark);

	return store->ops->session_open(store, &opening);
}

static enum store_answer get_session(struct store *store, unsigned char mark)
{
	struct store_session session;
	unsigned char key[DIGEST_LEN];

	memset(key, mark, sizeof key);
	enum store_answer answer = store->ops->session_get(store, key, &session);
	if (answer == STORE_FOUND)
		store_session_clear(&session);
	return answer;
}

/* --- tokens --- */

static void token_comes_back_as_it_was_added(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;
	struct store_token in = sample_token("t1"), out;

	memset(&out, 0xee, sizeof out);
	assert_int_equal(store->ops->token_add(store, &in), 0);
	assert_int_equal(store->ops->token_get(store, STR("t1"), &out), STORE_FOUND);
	assert_string_equal(out.id, in.id);
	assert_string_equal(out.client_name, in.client_name);
	assert_string_equal(out.issuer, in.issuer);
	assert_string_equal(out.subject, in.subject);
	assert_string_equal(out.created_by, in.created_by);
	assert_string_equal(out.note, in.note);
	assert_string_equal(out.last_used_from, "");
	assert_int_equal(out.role, ROLE_USER);
	assert_int_equal(out.state, STATE_ACTIVE);
	assert_int_equal(out.created_at, NOW);
	assert_int_equal(out.expires_at, NOW + 60);
	assert_int_equal(out.last_used_at, 0);
}

static void token_id_is_taken_once(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;
	struct store_token token = sample_token("t1");

	assert_int_equal(store->ops->token_add(store, &token), 0);
	assert_int_equal(store->ops->token_add(store, &token), -1);
}

static void unknown_token_ids_find_nothing(void **state)
{
	static const char *const ids[] = {"", "t2", "' OR '1'='1", "T1",
		"0123456789012345678901234567890123456789012345678901234567890123456789"};
	struct store *store = ((struct fixture *)*state)->store;
	struct store_token token = sample_token("t1"), out;

	assert_int_equal(store->ops->token_add(store, &token), 0);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		assert_int_equal(store->ops->token_get(store, str_of(ids[i]), &out), STORE_NONE);
	assert_int_equal(store->ops->token_get(store, (struct str){"t1\0x", 4}, &out), STORE_NONE);
}

static enum token_state state_of(struct store *store, const char *id)
{
	struct store_token out;

	assert_int_equal(store->ops->token_get(store, str_of(id), &out), STORE_FOUND);
	return out.state;
}

static void revoked_token_stays_revoked(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;
	struct store_token token = sample_token("t1");

	assert_int_equal(store->ops->token_add(store, &token), 0);
	assert_int_equal(
		store->ops->token_set_state(store, STR("t1"), STATE_DISABLED), STORE_FOUND);
	assert_int_equal(state_of(store, "t1"), STATE_DISABLED);
	assert_int_equal(store->ops->token_set_state(store, STR("t1"), STATE_ACTIVE), STORE_FOUND);
	assert_int_equal(state_of(store, "t1"), STATE_ACTIVE);
	assert_int_equal(store->ops->token_set_state(store, STR("t1"), STATE_REVOKED), STORE_FOUND);
	assert_int_equal(store->ops->token_set_state(store, STR("t1"), STATE_ACTIVE), STORE_FOUND);
	assert_int_equal(state_of(store, "t1"), STATE_REVOKED);
	assert_int_equal(store->ops->token_set_state(store, STR("t9"), STATE_REVOKED), STORE_NONE);
}

static void collect(void *arg, const struct store_token *token)
{
	char *ids = arg;

	strncat(ids, token->id, 60 - strlen(ids));
}

static void tokens_are_listed_newest_first(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;
	char ids[64] = "";

	for (int i = 0; i < 3; i++) {
		char id[2] = {(char)('a' + i), '\0'};
		struct store_token token = sample_token(id);
		token.created_at += i;
		assert_int_equal(store->ops->token_add(store, &token), 0);
	}
	assert_int_equal(store->ops->token_list(store, collect, ids), 0);
	assert_string_equal(ids, "cba");
}

static void touches_are_kept_and_never_go_back(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;
	struct store_token token = sample_token("t1");
	struct store_touch touches[] = {
		{.is_token = true, .id = "t1", .from = "192.0.2.1", .at = NOW + 9},
		{.is_token = true, .id = "t1", .from = "192.0.2.2", .at = NOW + 5},
		{.is_token = true, .id = "gone", .from = "192.0.2.3", .at = NOW + 9},
		{.is_token = false, .at = NOW + 7},
	};
	struct store_session session;

	memset(touches[3].key, 1, DIGEST_LEN);
	assert_int_equal(store->ops->token_add(store, &token), 0);
	assert_int_equal(open_session(store, 1), STORE_FOUND);
	assert_int_equal(store->ops->touch(store, touches, ARRAY_LEN(touches)), 0);
	assert_int_equal(store->ops->token_get(store, STR("t1"), &token), STORE_FOUND);
	assert_int_equal(token.last_used_at, NOW + 9);
	assert_string_equal(token.last_used_from, "192.0.2.1");
	assert_int_equal(store->ops->session_get(store, touches[3].key, &session), STORE_FOUND);
	assert_int_equal(session.last_seen_at, NOW + 7);
	store_session_clear(&session);
}

/* --- sessions and links --- */

static void expect_bytes(const struct store_bytes *got, const struct store_bytes *want)
{
	assert_int_equal(got->len, want->len);
	assert_memory_equal(got->at, want->at, want->len);
}

static void expect_same(const struct store_session *got, const struct store_session *want)
{
	assert_memory_equal(got->key, want->key, DIGEST_LEN);
	assert_memory_equal(got->person, want->person, DIGEST_LEN);
	assert_memory_equal(got->provider_sid, want->provider_sid, DIGEST_LEN);
	expect_bytes(&got->sealed, &want->sealed);
	expect_bytes(&got->label, &want->label);
	assert_int_equal(got->created_at, want->created_at);
	assert_int_equal(got->last_seen_at, want->last_seen_at);
	assert_int_equal(got->expires_at, want->expires_at);
}

static void session_comes_back_until_it_is_ended(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;
	struct store_opening opening = sample_session(1);
	struct store_session out;

	assert_int_equal(store->ops->session_open(store, &opening), STORE_FOUND);
	assert_int_equal(store->ops->session_get(store, opening.session.key, &out), STORE_FOUND);
	expect_same(&out, &opening.session);
	assert_int_equal(out.version, 1);
	store_session_clear(&out);
	assert_int_equal(store->ops->session_end(store, out.key), STORE_FOUND);
	assert_int_equal(get_session(store, 1), STORE_NONE);
	assert_int_equal(store->ops->session_end(store, out.key), STORE_NONE);
}

static void s22_opening_a_session_ends_the_old_one(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;
	struct store_opening next = sample_session(2);

	assert_int_equal(open_session(store, 1), STORE_FOUND);
	next.has_old = true;
	memset(next.old_key, 1, DIGEST_LEN);
	assert_int_equal(store->ops->session_open(store, &next), STORE_FOUND);
	assert_int_equal(get_session(store, 1), STORE_NONE);
	assert_int_equal(get_session(store, 2), STORE_FOUND);
}

static struct store_opening by_link(unsigned char mark, unsigned char link, int64_t now)
{
	struct store_opening opening = sample_session(mark);

	opening.session.created_at = now;
	opening.has_link = true;
	memset(opening.link, link, DIGEST_LEN);
	return opening;
}

static void link_opens_one_session(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;
	struct store_opening first = by_link(1, 9, NOW), second = by_link(2, 9, NOW);

	assert_int_equal(store->ops->link_add(store, first.link, NOW, NOW + 600), 0);
	assert_int_equal(store->ops->has_admin(store, NOW), STORE_NONE);
	assert_int_equal(store->ops->session_open(store, &first), STORE_FOUND);
	assert_int_equal(store->ops->session_open(store, &second), STORE_NONE);
	assert_int_equal(get_session(store, 2), STORE_NONE);
	assert_int_equal(store->ops->has_admin(store, NOW), STORE_FOUND);
}

static void link_that_is_unknown_too_old_or_replaced_opens_nothing(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;
	struct store_opening unknown = by_link(1, 8, NOW), late = by_link(1, 9, NOW + 600);
	struct store_opening replaced = by_link(1, 9, NOW), good = by_link(1, 7, NOW);

	assert_int_equal(store->ops->link_add(store, late.link, NOW, NOW + 600), 0);
	assert_int_equal(store->ops->session_open(store, &unknown), STORE_NONE);
	assert_int_equal(store->ops->session_open(store, &late), STORE_NONE);
	assert_int_equal(store->ops->link_add(store, good.link, NOW, NOW + 600), 0);
	assert_int_equal(store->ops->session_open(store, &replaced), STORE_NONE);
	assert_int_equal(get_session(store, 1), STORE_NONE);
	assert_int_equal(store->ops->has_admin(store, NOW), STORE_NONE);
	assert_int_equal(store->ops->session_open(store, &good), STORE_FOUND);
}

static void failed_opening_leaves_the_old_session_and_the_link(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;
	struct store_opening clash = by_link(1, 9, NOW), good = by_link(2, 9, NOW);

	assert_int_equal(open_session(store, 1), STORE_FOUND);
	assert_int_equal(store->ops->link_add(store, clash.link, NOW, NOW + 600), 0);
	assert_int_equal(
		store->ops->session_open(store, &clash), STORE_FAILED); /* the key is taken */
	assert_int_equal(get_session(store, 1), STORE_FOUND);
	assert_int_equal(store->ops->session_open(store, &good), STORE_FOUND);
}

static void only_living_administrators_count(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;
	struct store_token token = sample_token("t1");

	token.role = ROLE_ADMIN;
	assert_int_equal(open_session(store, 1), STORE_FOUND);
	assert_int_equal(store->ops->has_admin(store, NOW), STORE_NONE);
	assert_int_equal(store->ops->token_add(store, &token), 0);
	assert_int_equal(store->ops->has_admin(store, NOW), STORE_FOUND);
	assert_int_equal(store->ops->has_admin(store, NOW + 60), STORE_NONE);
	assert_int_equal(
		store->ops->token_set_state(store, STR("t1"), STATE_DISABLED), STORE_FOUND);
	assert_int_equal(store->ops->has_admin(store, NOW), STORE_NONE);
}

static void purge_forgets_what_is_over_and_counts_follow(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;
	const struct conf conf = {.session_idle_s = 1800};
	struct store_token token = sample_token("t1");
	struct store_counts counts;

	assert_int_equal(open_session(store, 1), STORE_FOUND);
	assert_int_equal(store->ops->token_add(store, &token), 0);
	assert_int_equal(store->ops->count(store, NOW, &counts), 0);
	assert_int_equal(counts.sessions, 1);
	assert_int_equal(counts.tokens_user, 1);
	assert_int_equal(counts.tokens_admin, 0);
	assert_int_equal(store->ops->purge(store, &conf, NOW + 99), 0);
	assert_int_equal(get_session(store, 1), STORE_FOUND);
	assert_int_equal(store->ops->purge(store, &conf, NOW + 100), 0);
	assert_int_equal(get_session(store, 1), STORE_NONE);
	assert_int_equal(store->ops->token_get(store, STR("t1"), &token), STORE_FOUND);
	assert_int_equal(store->ops->purge(store, &conf, NOW + 60 + 30 * 24 * 3600), 0);
	assert_int_equal(store->ops->token_get(store, STR("t1"), &token), STORE_NONE);
}

static void on_read(void *arg, enum store_answer answer, struct store_session *session)
{
	enum store_answer *got = arg;

	assert_int_equal(session != NULL, answer == STORE_FOUND);
	assert_int_equal(*got, STORE_FAILED); /* once */
	*got = answer;
}

static enum store_answer read_session(struct store_reader *reader, unsigned char mark)
{
	enum store_answer got = STORE_FAILED;
	unsigned char key[DIGEST_LEN];

	memset(key, mark, sizeof key);
	reader->ops->session_get(reader, key, on_read, &got);
	return got;
}

static void reader_sees_what_the_writer_has_committed(void **state)
{
	struct store *store = ((struct fixture *)*state)->store;
	struct store_reader *reader = store->ops->reader(store, NULL, NULL);

	assert_non_null(reader);
	assert_int_equal(read_session(reader, 1), STORE_NONE);
	assert_int_equal(open_session(store, 1), STORE_FOUND);
	assert_int_equal(read_session(reader, 1), STORE_FOUND);
	reader->ops->close(reader);
	assert_int_equal(get_session(store, 1), STORE_FOUND);
}

#define ON_BOTH(test)                                                                              \
	{#test "_in_memory", test, open_memory, close_both, NULL},                                 \
	{                                                                                          \
#test "_in_a_file", test, open_file, close_both, NULL                              \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(token_comes_back_as_it_was_added),
		ON_BOTH(token_id_is_taken_once),
		ON_BOTH(unknown_token_ids_find_nothing),
		ON_BOTH(revoked_token_stays_revoked),
		ON_BOTH(tokens_are_listed_newest_first),
		ON_BOTH(touches_are_kept_and_never_go_back),
		ON_BOTH(session_comes_back_until_it_is_ended),
		ON_BOTH(s22_opening_a_session_ends_the_old_one),
		ON_BOTH(link_opens_one_session),
		ON_BOTH(link_that_is_unknown_too_old_or_replaced_opens_nothing),
		ON_BOTH(failed_opening_leaves_the_old_session_and_the_link),
		ON_BOTH(only_living_administrators_count),
		ON_BOTH(purge_forgets_what_is_over_and_counts_follow),
		ON_BOTH(reader_sees_what_the_writer_has_committed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
