#include "auth/cache/record_cache.h"

#include "auth/cache/idle.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW = 1700000000 };

static const unsigned char *key_of(uint64_t number)
{
	static unsigned char key[RECORD_CACHE_KEY];

	memset(key, 0, sizeof key);
	memcpy(key, &number, sizeof number);
	return key;
}

static void record_is_found_again_under_its_key_only(void **state)
{
	struct record_cache *cache = record_cache_new(4);

	(void)state;
	record_cache_put(cache, key_of(1), NOW)->saved_at = 7;
	assert_int_equal(record_cache_find(cache, key_of(1), NOW)->saved_at, 7);
	assert_null(record_cache_find(cache, key_of(2), NOW));
	record_cache_drop(cache, key_of(1));
	assert_null(record_cache_find(cache, key_of(1), NOW));
	record_cache_free(cache);
}

static void least_recently_used_record_makes_room(void **state)
{
	struct record_cache *cache = record_cache_new(2);

	(void)state;
	record_cache_put(cache, key_of(1), NOW);
	record_cache_put(cache, key_of(2), NOW);
	assert_non_null(record_cache_find(cache, key_of(1), NOW + 1));
	record_cache_put(cache, key_of(3), NOW + 1);
	assert_null(record_cache_find(cache, key_of(2), NOW + 1));
	assert_non_null(record_cache_find(cache, key_of(1), NOW + 1));
	record_cache_free(cache);
}

/* One new record a second for an hour: kept are those of the last ten minutes, and what is used. */
static void records_that_nobody_asks_for_any_more_are_forgotten(void **state)
{
	struct record_cache *cache = record_cache_new(RECORD_CACHE_MAX);

	(void)state;
	for (uint64_t second = 0; second < 3600; second++) {
		record_cache_put(cache, key_of(second), NOW + (int64_t)second);
		assert_non_null(record_cache_find(cache, key_of(0), NOW + (int64_t)second));
	}
	assert_in_range(record_cache_count(cache), 2, CACHE_IDLE_SECONDS + 1);
	record_cache_free(cache);
}

static void records_read_by_a_clock_that_was_ahead_are_forgotten(void **state)
{
	struct record_cache *cache = record_cache_new(8);

	(void)state;
	record_cache_put(cache, key_of(1), NOW + 3600);
	record_cache_put(cache, key_of(2), NOW);
	assert_null(record_cache_find(cache, key_of(1), NOW));
	assert_non_null(record_cache_find(cache, key_of(2), NOW));
	record_cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_is_found_again_under_its_key_only),
		cmocka_unit_test(least_recently_used_record_makes_room),
		cmocka_unit_test(records_that_nobody_asks_for_any_more_are_forgotten),
		cmocka_unit_test(records_read_by_a_clock_that_was_ahead_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
