/* Tokens, links, counts and shared texts in every kind of store. */
#include "tests/support/store_contract.h"

#include "tests/support/store_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW = STORE_WORLD_NOW };

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
		.expires_at = NOW + 20,
		.secret_expires_at = NOW + 60,
		.ends_at = NOW + 60,
		.access_ttl = 20,
		.refresh_ttl = 60,
		.serial = 1,
		.scope = "cluster:a view",
		.standing = "{\"names\":[\"analysts\"],\"user\":\"ada\",\"groups\":[]}"};

	assert_true(str_copy(str_of(id), t.id, sizeof t.id));
	memset(t.secret, 0x51, sizeof t.secret);
	memset(t.family, 0x52, sizeof t.family);
	return t;
}

/* --- tokens --- */

static void assert_same_token(const struct store_token *a, const struct store_token *b)
{
	assert_string_equal(a->id, b->id);
	assert_string_equal(a->client_name, b->client_name);
	assert_string_equal(a->issuer, b->issuer);
	assert_string_equal(a->subject, b->subject);
	assert_string_equal(a->created_by, b->created_by);
	assert_string_equal(a->note, b->note);
	assert_string_equal(a->last_used_from, b->last_used_from);
	assert_string_equal(a->scope, b->scope);
	assert_string_equal(a->standing, b->standing);
	assert_int_equal(a->role, b->role);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->created_at, b->created_at);
	assert_int_equal(a->last_used_at, b->last_used_at);
	assert_int_equal(a->expires_at, b->expires_at);
	assert_int_equal(a->secret_expires_at, b->secret_expires_at);
	assert_int_equal(a->ends_at, b->ends_at);
	assert_int_equal(a->access_ttl, b->access_ttl);
	assert_int_equal(a->refresh_ttl, b->refresh_ttl);
	assert_int_equal(a->serial, b->serial);
	assert_memory_equal(a->secret, b->secret, DIGEST_LEN);
	assert_memory_equal(a->family, b->family, DIGEST_LEN);
}

static void token_comes_back_as_it_was_added(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_token in = sample_token("t1"), out;

	memset(&out, 0xee, sizeof out);
	assert_int_equal(store->ops->token_add(store, &in), 0);
	assert_int_equal(store->ops->token_get(store, STR("t1"), &out), STORE_FOUND);
	assert_same_token(&out, &in);
	in = sample_token("t2");
	memset(in.standing, 'x', sizeof in.standing - 1); /* as long as it may be */
	assert_int_equal(store->ops->token_add(store, &in), 0);
	assert_int_equal(store->ops->token_get(store, STR("t2"), &out), STORE_FOUND);
	assert_same_token(&out, &in);
}

/* S36: whoever comes with the same secret, one of them is first. */
static void one_time_secret_renews_a_token_once(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_token token = sample_token("t1"), out;
	unsigned char was[DIGEST_LEN];

	assert_int_equal(store->ops->token_add(store, &token), 0);
	memcpy(was, token.secret, sizeof was);
	memset(token.secret, 0x61, sizeof token.secret);
	token.expires_at = NOW + 40;
	token.secret_expires_at = token.ends_at = NOW + 90;
	token.serial = 2;
	assert_int_equal(store->ops->token_renew(store, &token, was), STORE_FOUND);
	assert_int_equal(store->ops->token_renew(store, &token, was), STORE_NONE);
	assert_int_equal(store->ops->token_get(store, STR("t1"), &out), STORE_FOUND);
	assert_same_token(&out, &token);
	struct store_counts counts;
	assert_int_equal(store->ops->count(store, NOW + 80, &counts), 0);
	assert_int_equal(counts.tokens_user, 1);
}

static void what_is_not_active_is_not_renewed(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_token token = sample_token("t1"), unknown = sample_token("t2");

	assert_int_equal(store->ops->token_add(store, &token), 0);
	assert_int_equal(store->ops->token_renew(store, &unknown, unknown.secret), STORE_NONE);
	assert_int_equal(
		store->ops->token_set_state(store, STR("t1"), STATE_DISABLED), STORE_FOUND);
	assert_int_equal(store->ops->token_renew(store, &token, token.secret), STORE_NONE);
	assert_int_equal(store->ops->token_set_state(store, STR("t1"), STATE_REVOKED), STORE_FOUND);
	assert_int_equal(store->ops->token_renew(store, &token, token.secret), STORE_NONE);
}

static void token_id_is_taken_once(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_token token = sample_token("t1");

	assert_int_equal(store->ops->token_add(store, &token), 0);
	assert_int_equal(store->ops->token_add(store, &token), -1);
}

static void unknown_token_ids_find_nothing(void **state)
{
	static const char *const ids[] = {"", "t2", "' OR '1'='1", "T1",
		"0123456789012345678901234567890123456789012345678901234567890123456789"};
	struct store *store = ((struct store_world *)*state)->store;
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
	struct store *store = ((struct store_world *)*state)->store;
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

static struct store_token_query everything(void)
{
	return (struct store_token_query){.limit = STORE_PAGE};
}

static void add_tokens(struct store *store, int count, bool is_one_second)
{
	for (int i = 0; i < count; i++) {
		char id[2] = {(char)('a' + i), '\0'};
		struct store_token token = sample_token(id);
		token.created_at += is_one_second ? 0 : i;
		if (i % 2)
			memcpy(token.subject, "odd", sizeof "odd");
		assert_int_equal(store->ops->token_add(store, &token), 0);
	}
}

static void tokens_are_listed_newest_first(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_token_query query = everything();
	char ids[64] = "";

	add_tokens(store, 3, false);
	assert_int_equal(store->ops->token_list(store, &query, collect, ids), 3);
	assert_string_equal(ids, "cba");
}

static void tokens_are_listed_page_by_page(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_token_query query = everything();
	char ids[64] = "";

	query.limit = 3;
	add_tokens(store, 8, true);
	for (int left = 8; left > 0; left -= 3) {
		assert_int_equal(
			store->ops->token_list(store, &query, collect, ids), left < 3 ? left : 3);
		query.before_at = sample_token("a").created_at;
		query.before_id[0] = ids[strlen(ids) - 1];
	}
	assert_string_equal(ids, "hgfedcba");
	assert_int_equal(store->ops->token_list(store, &query, collect, ids), 0);
}

static void tokens_are_listed_by_subject_and_by_life(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_token_query query = everything();
	char ids[64] = "", alive[64] = "", none[64] = "";

	add_tokens(store, 6, false);
	query.subject = "odd";
	assert_int_equal(store->ops->token_list(store, &query, collect, ids), 3);
	assert_string_equal(ids, "fdb");
	assert_int_equal(store->ops->token_set_state(store, STR("d"), STATE_REVOKED), STORE_FOUND);
	query.alive_at = NOW;
	assert_int_equal(store->ops->token_list(store, &query, collect, alive), 2);
	assert_string_equal(alive, "fb");
	query.alive_at = sample_token("a").ends_at;
	assert_int_equal(store->ops->token_list(store, &query, collect, none), 0);
}

static int64_t count_of(struct store *store, const char *subject, int64_t now)
{
	return store->ops->token_count(store, subject, now, 1);
}

static void living_tokens_of_a_subject_are_counted(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	int64_t end = sample_token("a").ends_at;

	add_tokens(store, 6, false);
	assert_int_equal(count_of(store, "odd", NOW), 3);
	assert_int_equal(count_of(store, "odd", end), 0);
	assert_int_equal(count_of(store, "nobody", NOW), 0);
	assert_int_equal(store->ops->token_set_state(store, STR("b"), STATE_DISABLED), STORE_FOUND);
	assert_int_equal(store->ops->token_set_state(store, STR("d"), STATE_REVOKED), STORE_FOUND);
	assert_int_equal(count_of(store, "odd", NOW), 1);
	assert_int_equal(store->ops->token_set_state(store, STR("b"), STATE_ACTIVE), STORE_FOUND);
	assert_int_equal(count_of(store, "odd", NOW), 2);
}

/* What has ended leaves the lists of the living, and comes back to them with its renewal. */
static void purge_takes_the_ended_from_among_the_living_only(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	const struct conf conf = {.session_idle_s = 1800};
	struct store_token_query query = everything();
	struct store_token token = sample_token("a");
	int64_t end = token.ends_at;
	char all[64] = "", none[64] = "", alive[64] = "";

	add_tokens(store, 3, false);
	assert_int_equal(store->ops->purge(store, &conf, end), 0);
	assert_int_equal(store->ops->token_list(store, &query, collect, all), 3);
	query.alive_at = NOW;
	assert_int_equal(store->ops->token_list(store, &query, collect, none), 0);
	assert_int_equal(count_of(store, token.subject, NOW), 0);
	token.ends_at = end + 50;
	assert_int_equal(store->ops->token_renew(store, &token, token.secret), STORE_FOUND);
	query.alive_at = end;
	assert_int_equal(store->ops->token_list(store, &query, collect, alive), 1);
	assert_string_equal(alive, "a");
	assert_int_equal(count_of(store, token.subject, end), 1);
}

/* Thousands that end together must not hold up those who read meanwhile. */
static void purge_takes_many_a_part_at_a_time(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	const struct conf conf = {.session_idle_s = 1800};
	struct store_token token = sample_token("living");
	int64_t over = token.ends_at + 30 * 24 * 3600;
	enum store_answer answer = STORE_FOUND;
	int calls = 0;

	token.ends_at = token.expires_at = token.secret_expires_at = over + 1;
	assert_int_equal(store->ops->token_add(store, &token), 0);
	for (int i = 0; i < STORE_PURGE + 20; i++) {
		token = sample_token("");
		snprintf(token.id, sizeof token.id, "ended-%d", i);
		assert_int_equal(store->ops->token_add(store, &token), 0);
	}
	while (answer == STORE_FOUND && calls++ < 6)
		answer = store->ops->purge(store, &conf, over);
	assert_int_equal(answer, STORE_NONE);
	assert_true(calls > 1);
	struct store_token_query query = everything();
	char left[64] = "";
	assert_int_equal(store->ops->token_list(store, &query, collect, left), 1);
	assert_string_equal(left, "living");
}

static void touches_are_kept_and_never_go_back(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
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
	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	assert_int_equal(store->ops->touch(store, touches, ARRAY_LEN(touches)), 0);
	assert_int_equal(store->ops->token_get(store, STR("t1"), &token), STORE_FOUND);
	assert_int_equal(token.last_used_at, NOW + 9);
	assert_string_equal(token.last_used_from, "192.0.2.1");
	assert_int_equal(store->ops->session_get(store, touches[3].key, &session), STORE_FOUND);
	assert_int_equal(session.last_seen_at, NOW + 7);
	store_session_clear(&session);
}

/* --- links, counts, texts --- */

static struct store_opening by_link(unsigned char mark, unsigned char link, int64_t now)
{
	struct store_opening opening = store_world_session(mark);

	opening.session.created_at = now;
	opening.has_link = true;
	memset(opening.link, link, DIGEST_LEN);
	return opening;
}

static void link_opens_one_session(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_opening first = by_link(1, 9, NOW), second = by_link(2, 9, NOW);

	assert_int_equal(store->ops->link_add(store, first.link, NOW, NOW + 600), 0);
	assert_int_equal(store->ops->has_admin(store, NOW), STORE_NONE);
	assert_int_equal(store->ops->session_open(store, &first), STORE_FOUND);
	assert_int_equal(store->ops->session_open(store, &second), STORE_NONE);
	assert_int_equal(store_world_get(store, 2), STORE_NONE);
	assert_int_equal(store->ops->has_admin(store, NOW), STORE_FOUND);
}

static void link_that_is_unknown_too_old_or_replaced_opens_nothing(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_opening unknown = by_link(1, 8, NOW), late = by_link(1, 9, NOW + 600);
	struct store_opening replaced = by_link(1, 9, NOW), good = by_link(1, 7, NOW);

	assert_int_equal(store->ops->link_add(store, late.link, NOW, NOW + 600), 0);
	assert_int_equal(store->ops->session_open(store, &unknown), STORE_NONE);
	assert_int_equal(store->ops->session_open(store, &late), STORE_NONE);
	assert_int_equal(store->ops->link_add(store, good.link, NOW, NOW + 600), 0);
	assert_int_equal(store->ops->session_open(store, &replaced), STORE_NONE);
	assert_int_equal(store_world_get(store, 1), STORE_NONE);
	assert_int_equal(store->ops->has_admin(store, NOW), STORE_NONE);
	assert_int_equal(store->ops->session_open(store, &good), STORE_FOUND);
}

static void failed_opening_leaves_the_old_session_and_the_link(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_opening clash = by_link(1, 9, NOW), good = by_link(2, 9, NOW);

	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	assert_int_equal(store->ops->link_add(store, clash.link, NOW, NOW + 600), 0);
	assert_int_equal(
		store->ops->session_open(store, &clash), STORE_FAILED); /* the key is taken */
	assert_int_equal(store_world_get(store, 1), STORE_FOUND);
	assert_int_equal(store->ops->session_open(store, &good), STORE_FOUND);
}

static void assert_administrators(struct store *store, unsigned admins, unsigned users)
{
	struct store_counts counts;

	assert_int_equal(store->ops->count(store, NOW, &counts), 0);
	assert_int_equal(counts.tokens_admin, admins);
	assert_int_equal(counts.tokens_user, users);
	assert_int_equal(store->ops->has_admin(store, NOW), admins ? STORE_FOUND : STORE_NONE);
}

static void only_living_administrators_count(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_token token = sample_token("t1");

	token.role = ROLE_ADMIN;
	token.scope[0] = '\0';
	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	assert_administrators(store, 0, 0);
	assert_int_equal(store->ops->token_add(store, &token), 0);
	assert_administrators(store, 1, 0);
	assert_int_equal(store->ops->has_admin(store, NOW + 60), STORE_NONE);
	assert_int_equal(
		store->ops->token_set_state(store, STR("t1"), STATE_DISABLED), STORE_FOUND);
	assert_administrators(store, 0, 0);
}

/* S35: it may not do what the last one must be able to. */
static void narrowed_administrator_counts_as_a_user(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_token token = sample_token("t1"), full = sample_token("t2");
	unsigned char was[DIGEST_LEN];

	token.role = full.role = ROLE_ADMIN;
	full.scope[0] = '\0';
	assert_int_equal(store->ops->token_add(store, &token), 0);
	assert_administrators(store, 0, 1);
	assert_int_equal(
		store->ops->token_set_state(store, STR("t1"), STATE_DISABLED), STORE_FOUND);
	assert_administrators(store, 0, 0);
	assert_int_equal(store->ops->token_set_state(store, STR("t1"), STATE_ACTIVE), STORE_FOUND);
	assert_administrators(store, 0, 1);
	memcpy(was, token.secret, sizeof was);
	assert_int_equal(store->ops->token_renew(store, &token, was), STORE_FOUND);
	assert_administrators(store, 0, 1);
	assert_int_equal(store->ops->token_add(store, &full), 0);
	assert_administrators(store, 1, 1);
	assert_int_equal(store_is_last_admin(store, &full, NOW), STORE_FOUND);
	assert_int_equal(store_is_last_admin(store, &token, NOW), STORE_NONE);
}

static void purge_forgets_what_is_over_and_counts_follow(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	const struct conf conf = {.session_idle_s = 1800};
	struct store_token token = sample_token("t1");
	struct store_counts counts;

	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	assert_int_equal(store->ops->token_add(store, &token), 0);
	assert_int_equal(store->ops->count(store, NOW, &counts), 0);
	assert_int_equal(counts.sessions, 1);
	assert_int_equal(counts.tokens_user, 1);
	assert_int_equal(counts.tokens_admin, 0);
	assert_int_equal(store->ops->purge(store, &conf, NOW + 99), 0);
	assert_int_equal(store_world_get(store, 1), STORE_FOUND);
	assert_int_equal(store->ops->purge(store, &conf, NOW + 100), 0);
	assert_int_equal(store_world_get(store, 1), STORE_NONE);
	assert_int_equal(store->ops->token_get(store, STR("t1"), &token), STORE_FOUND);
	assert_int_equal(store->ops->purge(store, &conf, NOW + 60 + 30 * 24 * 3600), 0);
	assert_int_equal(store->ops->token_get(store, STR("t1"), &token), STORE_NONE);
}

static void first_text_settles_for_everybody(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	char out[8];

	assert_int_equal(store->ops->meta_settle(store, "k", "first", out, sizeof out), 0);
	assert_string_equal(out, "first");
	assert_int_equal(store->ops->meta_settle(store, "k", "second", out, sizeof out), 0);
	assert_string_equal(out, "first");
	assert_int_equal(store->ops->meta_set(store, "k", "longer than it"), 0);
	assert_int_equal(store->ops->meta_settle(store, "k", "third", out, sizeof out), -1);
}

const struct store_contract store_contract[] = {
	STORE_CONTRACT(token_comes_back_as_it_was_added),
	STORE_CONTRACT(token_id_is_taken_once),
	STORE_CONTRACT(unknown_token_ids_find_nothing),
	STORE_CONTRACT(revoked_token_stays_revoked),
	STORE_CONTRACT(one_time_secret_renews_a_token_once),
	STORE_CONTRACT(what_is_not_active_is_not_renewed),
	STORE_CONTRACT(tokens_are_listed_newest_first),
	STORE_CONTRACT(tokens_are_listed_page_by_page),
	STORE_CONTRACT(tokens_are_listed_by_subject_and_by_life),
	STORE_CONTRACT(living_tokens_of_a_subject_are_counted),
	STORE_CONTRACT(purge_takes_the_ended_from_among_the_living_only),
	STORE_CONTRACT(purge_takes_many_a_part_at_a_time),
	STORE_CONTRACT(touches_are_kept_and_never_go_back),
	STORE_CONTRACT(link_opens_one_session),
	STORE_CONTRACT(link_that_is_unknown_too_old_or_replaced_opens_nothing),
	STORE_CONTRACT(failed_opening_leaves_the_old_session_and_the_link),
	STORE_CONTRACT(only_living_administrators_count),
	STORE_CONTRACT(narrowed_administrator_counts_as_a_user),
	STORE_CONTRACT(purge_forgets_what_is_over_and_counts_follow),
	STORE_CONTRACT(first_text_settles_for_everybody),
};
const size_t store_contract_count = ARRAY_LEN(store_contract);
