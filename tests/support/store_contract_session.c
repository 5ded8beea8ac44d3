/* Sessions in every kind of store: opened, replaced, listed, ended. */
#include "tests/support/store_contract.h"

#include "tests/support/store_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW = STORE_WORLD_NOW };

static struct store *store_of(void **state)
{
	return ((struct store_world *)*state)->store;
}

static void session_comes_back_until_it_is_ended(void **state)
{
	struct store *store = store_of(state);
	struct store_opening opening = store_world_session(1);
	struct store_session out;

	assert_int_equal(store->ops->session_open(store, &opening), STORE_FOUND);
	assert_int_equal(store->ops->session_get(store, opening.session.key, &out), STORE_FOUND);
	store_world_expect_same(&out, &opening.session);
	assert_int_equal(out.version, 1);
	store_session_clear(&out);
	assert_int_equal(store->ops->session_end(store, out.key), STORE_FOUND);
	assert_int_equal(store_world_get(store, 1), STORE_NONE);
	assert_int_equal(store->ops->session_end(store, out.key), STORE_NONE);
}

static void s22_opening_a_session_ends_the_old_one(void **state)
{
	struct store *store = store_of(state);
	struct store_opening next = store_world_session(2);

	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	next.has_old = true;
	memset(next.old_key, 1, DIGEST_LEN);
	assert_int_equal(store->ops->session_open(store, &next), STORE_FOUND);
	assert_int_equal(store_world_get(store, 1), STORE_NONE);
	assert_int_equal(store_world_get(store, 2), STORE_FOUND);
}

/* --- replacing --- */

static struct store_session get(struct store *store, unsigned char mark)
{
	struct store_opening opening = store_world_session(mark);
	struct store_session session;

	assert_int_equal(
		store->ops->session_get(store, opening.session.key, &session), STORE_FOUND);
	return session;
}

static void replaced_session_has_the_new_content_and_a_new_version(void **state)
{
	static unsigned char sealed[] = "sealed again", label[] = "another label";
	struct store *store = store_of(state);
	struct store_session next = store_world_session(1).session;

	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	next.version = 1;
	next.sealed = (struct store_bytes){sealed, sizeof sealed};
	next.label = (struct store_bytes){label, sizeof label};
	next.expires_at = NOW + 50;
	memset(next.provider_sid, 's', DIGEST_LEN);
	assert_int_equal(store->ops->session_replace(store, &next), STORE_FOUND);
	struct store_session got = get(store, 1);
	store_world_expect_same(&got, &next);
	assert_int_equal(got.version, 2);
	store_session_clear(&got);
}

static void s27_session_replaced_by_another_is_not_replaced(void **state)
{
	static unsigned char late[] = "late";
	struct store *store = store_of(state);
	struct store_session next = store_world_session(1).session;

	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	next.version = 1;
	assert_int_equal(store->ops->session_replace(store, &next), STORE_FOUND);
	next.sealed = (struct store_bytes){late, sizeof late};
	assert_int_equal(store->ops->session_replace(store, &next), STORE_NONE);
	struct store_session got = get(store, 1);
	assert_string_equal((char *)got.sealed.at, "sealed");
	assert_int_equal(got.version, 2);
	store_session_clear(&got);
}

static void ended_session_is_brought_back_by_nothing(void **state)
{
	struct store *store = store_of(state);
	struct store_session next = store_world_session(1).session;
	struct store_touch touch = {.is_token = false, .at = NOW + 9};

	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	assert_int_equal(store->ops->session_end(store, next.key), STORE_FOUND);
	next.version = 1;
	memcpy(touch.key, next.key, DIGEST_LEN);
	assert_int_equal(store->ops->touch(store, &touch, 1), 0);
	assert_int_equal(store->ops->session_replace(store, &next), STORE_NONE);
	assert_int_equal(store_world_get(store, 1), STORE_NONE);
}

static void largest_blobs_come_back_whole(void **state)
{
	struct store *store = store_of(state);
	struct store_opening opening = store_world_session(1);
	struct store_bytes *sealed = &opening.session.sealed, *label = &opening.session.label;

	*sealed = (struct store_bytes){mem_alloc(STORE_SEALED, 1), STORE_SEALED};
	*label = (struct store_bytes){mem_alloc(STORE_LABEL, 1), STORE_LABEL};
	memset(sealed->at, 0xa5, sealed->len);
	assert_int_equal(store->ops->session_open(store, &opening), STORE_FOUND);
	struct store_session got = get(store, 1);
	store_world_expect_same(&got, &opening.session);
	store_session_clear(&got);
	store_session_clear(&opening.session);
}

/* --- all of an index entry --- */

/* Sessions 1 and 2 are Ann's, 3 is Bob's; 2 and 3 began in one session of the provider. */
static void open_three(struct store *store)
{
	for (unsigned char mark = 1; mark <= 3; mark++) {
		struct store_opening opening = store_world_session(mark);

		opening.session.created_at += mark;
		memset(opening.session.person, mark == 3 ? 'b' : 'a', DIGEST_LEN);
		if (mark > 1)
			memset(opening.session.provider_sid, 's', DIGEST_LEN);
		assert_int_equal(store->ops->session_open(store, &opening), STORE_FOUND);
	}
}

static const struct {
	enum store_index index;
	unsigned char key;
	const char *found; /* marks, newest first */
} rows[] = {
	{STORE_BY_PERSON, 'a', "21"},
	{STORE_BY_PERSON, 'b', "3"},
	{STORE_BY_PERSON, 'c', ""},
	{STORE_BY_PROVIDER_SID, 's', "32"},
	{STORE_BY_PROVIDER_SID, 0, ""}, /* none is not one */
	{STORE_ALL, 0, "321"},
};

static void collect(void *arg, const struct store_session *session)
{
	char *marks = arg;

	assert_int_equal(session->sealed.len, 0);
	assert_string_equal((char *)session->label.at, "label");
	marks[strlen(marks)] = (char)('0' + session->key[0]);
}

static void list_and_end(struct store *store, size_t row)
{
	unsigned char key[DIGEST_LEN];
	char marks[8] = "";

	open_three(store);
	memset(key, rows[row].key, sizeof key);
	assert_int_equal(
		store->ops->session_list(store, rows[row].index, key, NOW, collect, marks), 0);
	assert_string_equal(marks, rows[row].found);
	assert_int_equal(store->ops->session_end_all(store, rows[row].index, key), strlen(marks));
	for (char mark = 1; mark <= 3; mark++)
		assert_int_equal(store_world_get(store, (unsigned char)mark),
			strchr(marks, '0' + mark) ? STORE_NONE : STORE_FOUND);
	assert_int_equal(store->ops->session_end_all(store, STORE_ALL, NULL), 3 - strlen(marks));
}

static void s28_sessions_are_found_and_ended_by_person_and_providers_session(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		list_and_end(store_of(state), i);
}

static void sessions_that_are_over_are_not_listed(void **state)
{
	struct store *store = store_of(state);
	char marks[8] = "";

	open_three(store);
	assert_int_equal(
		store->ops->session_list(store, STORE_ALL, NULL, NOW + 100, collect, marks), 0);
	assert_string_equal(marks, "");
}

const struct store_contract store_contract_sessions[] = {
	STORE_CONTRACT(session_comes_back_until_it_is_ended),
	STORE_CONTRACT(s22_opening_a_session_ends_the_old_one),
	STORE_CONTRACT(replaced_session_has_the_new_content_and_a_new_version),
	STORE_CONTRACT(s27_session_replaced_by_another_is_not_replaced),
	STORE_CONTRACT(ended_session_is_brought_back_by_nothing),
	STORE_CONTRACT(largest_blobs_come_back_whole),
	STORE_CONTRACT(s28_sessions_are_found_and_ended_by_person_and_providers_session),
	STORE_CONTRACT(sessions_that_are_over_are_not_listed),
};
const size_t store_contract_sessions_count = ARRAY_LEN(store_contract_sessions);
