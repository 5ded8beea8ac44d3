/* One thread publishes, others read without a lock: nothing is freed too early, and nothing stays.
 */
#include "base/share.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

enum { READERS = 3, VALUES = 2000 };

static atomic_int freed;

static void free_value(void *value)
{
	*(int *)value = -1;
	free(value);
	atomic_fetch_add(&freed, 1);
}

static int *number(int n)
{
	int *value = mem_alloc(1, sizeof *value);

	*value = n;
	return value;
}

static int start_over(void **state)
{
	(void)state;
	atomic_store(&freed, 0);
	return 0;
}

static void reader_sees_nothing_until_something_is_published(void **state)
{
	struct share_slot *slot = share_slot_new(free_value);
	struct share_reader *reader = share_reader_new(slot);

	(void)state;
	assert_null(share_get(reader));
	share_drop(NULL);
	share_publish(slot, number(1));
	struct share_hold *hold = share_get(reader);
	assert_int_equal(*(int *)hold->value, 1);
	share_drop(hold);
	share_reader_free(reader);
	share_slot_free(slot);
	assert_int_equal(freed, 1);
}

static void held_value_outlives_its_successor(void **state)
{
	struct share_slot *slot = share_slot_new(free_value);
	struct share_reader *reader = share_reader_new(slot);

	(void)state;
	share_publish(slot, number(1));
	struct share_hold *old = share_get(reader), *same = share_get(reader);
	assert_ptr_equal(old->value, same->value);
	share_publish(slot, number(2));
	struct share_hold *newer = share_get(reader);
	assert_int_equal(*(int *)newer->value, 2);
	assert_int_equal(*(int *)old->value, 1);
	assert_int_equal(freed, 0);
	share_drop(old);
	assert_int_equal(freed, 0);
	share_drop(same);
	assert_int_equal(freed, 1);
	share_drop(newer);
	share_reader_free(reader);
	share_slot_free(slot);
	assert_int_equal(freed, 2);
}

static void *read_until_the_last(void *slot)
{
	struct share_reader *reader = share_reader_new(slot);
	int seen = 0;

	while (seen < VALUES) {
		struct share_hold *hold = share_get(reader);
		int value = hold ? *(int *)hold->value : 0;
		if (value < seen)
			abort(); /* an older value after a newer one, or a freed one */
		seen = value;
		share_drop(hold);
	}
	share_reader_free(reader);
	return NULL;
}

static void many_readers_never_see_a_freed_or_an_older_value(void **state)
{
	struct share_slot *slot = share_slot_new(free_value);
	pthread_t threads[READERS];

	(void)state;
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_until_the_last, slot), 0);
	for (int n = 1; n <= VALUES; n++)
		share_publish(slot, number(n));
	for (int i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	share_slot_free(slot);
	assert_int_equal(freed, VALUES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			reader_sees_nothing_until_something_is_published, start_over),
		cmocka_unit_test_setup(held_value_outlives_its_successor, start_over),
		cmocka_unit_test_setup(
			many_readers_never_see_a_freed_or_an_older_value, start_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
