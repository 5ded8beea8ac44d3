/* Sessions found and ended by their person, under both keys of the ring. */
#include "auth/session/session_index.h"

#include "auth/session/session_data.h"
#include "tests/support/store_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct str new_key = {"0123456789abcdef", 16}, old_key = {"fedcba9876543210", 16};
static const struct session_index ann = {STORE_BY_PERSON, {"https://idp", 11}, {"ann", 3}};
static const struct session_index there = {
	STORE_BY_PROVIDER_SID, {"https://idp", 11}, {"sid-1", 5}};

/* One of ann's, which the provider calls sid-1, indexed under the ring's newest key. */
static void open_session(struct store *store, const struct keyring *ring, unsigned char mark)
{
	struct store_opening opening = store_world_session(mark);

	assert_true(session_data_person(ring, 0, ann.issuer, ann.name, opening.session.person));
	assert_true(session_data_provider_sid(
		ring, 0, there.issuer, there.name, opening.session.provider_sid));
	assert_int_equal(store->ops->session_open(store, &opening), STORE_FOUND);
}

/* One session of before the key was replaced, one of after. */
static struct keyring *open_sessions(struct store *store)
{
	struct keyring *before = keyring_new(old_key, STR(""));
	struct keyring *after = keyring_new(new_key, old_key);

	open_session(store, before, 1);
	open_session(store, after, 2);
	assert_int_equal(store_world_open(store, 3), STORE_FOUND); /* another's */
	keyring_unref(before);
	return after;
}

static void assert_ends_two(struct store *store, const struct session_index *index)
{
	struct keyring *ring = open_sessions(store);

	assert_int_equal(session_index_end(store, ring, index), 2);
	assert_int_equal(session_index_end(store, ring, index), 0);
	assert_int_equal(store_world_get(store, 1), STORE_NONE);
	assert_int_equal(store_world_get(store, 2), STORE_NONE);
	assert_int_equal(store_world_get(store, 3), STORE_FOUND);
	keyring_unref(ring);
}

static void s26_sessions_of_a_person_end_under_both_keys(void **state)
{
	assert_ends_two(((struct store_world *)*state)->store, &ann);
}

static void s28_sessions_of_the_providers_session_end_under_both_keys(void **state)
{
	assert_ends_two(((struct store_world *)*state)->store, &there);
}

static void count_session(void *arg, const struct store_session *session)
{
	assert_non_null(session);
	++*(int *)arg;
}

static void sessions_are_listed_under_both_keys(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct keyring *ring = open_sessions(store);
	int count = 0;

	assert_int_equal(
		session_index_list(store, ring, &there, STORE_WORLD_NOW, count_session, &count), 0);
	assert_int_equal(count, 2);
	keyring_unref(ring);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, store_world_memory, store_world_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(s26_sessions_of_a_person_end_under_both_keys),
		TEST(s28_sessions_of_the_providers_session_end_under_both_keys),
		TEST(sessions_are_listed_under_both_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
