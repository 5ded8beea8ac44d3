/* What who makes tokens in a loop leaves in every kind of store (S64). */
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
		.subject = "ann",
		.created_by = "ann",
		.role = ROLE_USER,
		.state = STATE_ACTIVE,
		.created_at = NOW,
		.expires_at = NOW + 60,
		.ends_at = NOW + 60,
		.serial = 1};

	assert_true(str_copy(str_of(id), t.id, sizeof t.id));
	return t;
}

static void keep_last(void *arg, const struct store_token *token)
{
	*(struct store_token *)arg = *token;
}

static int all_tokens(struct store *store, int64_t created_before)
{
	struct store_token_query query = (struct store_token_query){.limit = STORE_PAGE};
	int count, all = 0;

	query.before_at = created_before;
	snprintf(query.before_id, sizeof query.before_id, "~");
	do {
		struct store_token last = {.id = ""};
		count = store->ops->token_list(store, &query, keep_last, &last);
		all += count;
		query.before_at = last.created_at;
		memcpy(query.before_id, last.id, sizeof query.before_id);
	} while (count == STORE_PAGE);
	return all;
}

static void add_dead(struct store *store, int number, enum token_state state)
{
	struct store_token token = sample_token("");

	snprintf(token.id, sizeof token.id, "dead-%03d", number);
	token.created_at += number;
	token.ends_at = NOW + 100000;
	assert_int_equal(store->ops->token_add(store, &token), 0);
	assert_int_equal(store->ops->token_set_state(store, str_of(token.id), state), STORE_FOUND);
}

static void s64_tokens_made_and_taken_back_in_a_loop_do_not_grow_the_store(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_token token = sample_token("other"), living = sample_token("living");

	snprintf(token.subject, sizeof token.subject, "somebody-else");
	living.ends_at = NOW + 100000;
	assert_int_equal(store->ops->token_add(store, &token), 0);
	assert_int_equal(
		store->ops->token_set_state(store, STR("other"), STATE_REVOKED), STORE_FOUND);
	assert_int_equal(store->ops->token_add(store, &living), 0);
	for (int i = 0; i < 3 * STORE_DEAD_KEPT; i++)
		add_dead(store, i, i % 2 ? STATE_REVOKED : STATE_DISABLED);
	/* The newest dead ones, the one that was added last, and what is not theirs. */
	assert_int_equal(all_tokens(store, NOW + 100000), STORE_DEAD_KEPT + 1 + 2);
	assert_int_equal(store->ops->token_get(store, STR("dead-000"), &token), STORE_NONE);
	assert_int_equal(store->ops->token_get(store, STR("dead-299"), &token), STORE_FOUND);
	assert_int_equal(store->ops->token_get(store, STR("other"), &token), STORE_FOUND);
	assert_int_equal(store->ops->token_get(store, STR("living"), &token), STORE_FOUND);
}

static void s64_tokens_that_ended_do_not_grow_the_store_either(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	const struct conf conf = {.session_idle_s = 1800};

	for (int i = 0; i < 3 * STORE_DEAD_KEPT; i++) {
		struct store_token token = sample_token("");
		snprintf(token.id, sizeof token.id, "ended-%03d", i);
		assert_int_equal(store->ops->token_add(store, &token), 0);
		assert_true(store->ops->purge(store, &conf, token.ends_at) != STORE_FAILED);
	}
	assert_in_range(all_tokens(store, NOW + 100000), STORE_DEAD_KEPT, STORE_DEAD_KEPT + 1);
}

static void s64_revoked_token_is_forgotten_when_it_would_have_ended(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	const struct conf conf = {.session_idle_s = 1800};
	struct store_token token = sample_token("t1");

	assert_int_equal(store->ops->token_add(store, &token), 0);
	assert_int_equal(store->ops->token_set_state(store, STR("t1"), STATE_REVOKED), STORE_FOUND);
	assert_int_equal(store->ops->purge(store, &conf, token.ends_at - 1), 0);
	assert_int_equal(store->ops->token_get(store, STR("t1"), &token), STORE_FOUND);
	assert_int_equal(store->ops->purge(store, &conf, token.ends_at), 0);
	assert_int_equal(store->ops->token_get(store, STR("t1"), &token), STORE_NONE);
}

const struct store_contract store_contract_bounds[] = {
	STORE_CONTRACT(s64_tokens_made_and_taken_back_in_a_loop_do_not_grow_the_store),
	STORE_CONTRACT(s64_tokens_that_ended_do_not_grow_the_store_either),
	STORE_CONTRACT(s64_revoked_token_is_forgotten_when_it_would_have_ended),
};
const size_t store_contract_bounds_count = ARRAY_LEN(store_contract_bounds);
