/* What every kind of store does (store_contract.h), and what only the local kinds do; what only a
 * file can do is in test_store_file.c. */
#include "tests/support/store_contract.h"
#include "tests/support/store_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW = STORE_WORLD_NOW };

static void once_tells_the_first_time_from_a_replay(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	const struct conf conf = {.session_idle_s = 1800};
	unsigned char one[DIGEST_LEN] = {1}, two[DIGEST_LEN] = {2};

	assert_int_equal(store->ops->noted(store, one), STORE_NONE);
	assert_int_equal(store->ops->once(store, one, NOW + 60), STORE_NONE);
	assert_int_equal(store->ops->once(store, one, NOW + 60), STORE_FOUND);
	assert_int_equal(store->ops->noted(store, one), STORE_FOUND);
	assert_int_equal(store->ops->noted(store, two), STORE_NONE);
	assert_int_equal(store->ops->once(store, two, NOW + 600), STORE_NONE);
	assert_int_equal(store->ops->purge(store, &conf, NOW + 59), 0);
	assert_int_equal(store->ops->once(store, one, NOW + 60), STORE_FOUND);
	assert_int_equal(store->ops->purge(store, &conf, NOW + 60), 0);
	assert_int_equal(store->ops->once(store, one, NOW + 90), STORE_NONE);
	assert_int_equal(store->ops->once(store, two, NOW + 600), STORE_FOUND);
}

static void lease_of_a_store_of_one_process_is_always_given(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	const unsigned char key[DIGEST_LEN] = {1}, one[DIGEST_LEN] = {1}, two[DIGEST_LEN] = {2};

	assert_false(store->ops->is_shared);
	assert_int_equal(store->ops->lease_take(store, key, one, 1000), STORE_FOUND);
	assert_int_equal(store->ops->lease_take(store, key, two, 1000), STORE_FOUND);
	store->ops->lease_drop(store, key, one);
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
	struct store *store = ((struct store_world *)*state)->store;
	struct store_reader *reader = store->ops->reader(store, NULL, NULL);

	assert_non_null(reader);
	assert_int_equal(read_session(reader, 1), STORE_NONE);
	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	assert_int_equal(read_session(reader, 1), STORE_FOUND);
	reader->ops->close(reader);
	assert_int_equal(store_world_get(store, 1), STORE_FOUND);
}

int main(void)
{
	static const struct store_contract local[] = {
		STORE_CONTRACT(once_tells_the_first_time_from_a_replay),
		STORE_CONTRACT(lease_of_a_store_of_one_process_is_always_given),
		STORE_CONTRACT(reader_sees_what_the_writer_has_committed),
	};
	struct store_contract_tests tests = {.count = 0};

	store_contract_add_all(&tests, "_in_memory", store_world_memory, store_world_free);
	store_contract_add_all(&tests, "_in_a_file", store_world_file, store_world_free);
	store_contract_add(&tests, local, ARRAY_LEN(local), "_in_memory", store_world_memory,
		store_world_free);
	store_contract_add(
		&tests, local, ARRAY_LEN(local), "_in_a_file", store_world_file, store_world_free);
	return store_contract_run(&tests, NULL, NULL);
}
