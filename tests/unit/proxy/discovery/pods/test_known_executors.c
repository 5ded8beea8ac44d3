/* Executors of a driver by their uids, after they are gone: the newest, and no namespace takes all
 * places. */
#include "proxy/discovery/pods/known_executors.h"

#include "base/mem.h"
#include "proxy/discovery/known/cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

static void add(struct cluster *c, const char *namespace, const char *driver, int number)
{
	char uid[16];

	snprintf(uid, sizeof uid, "e-%d", number);
	known_executors_add(c, namespace, driver, uid);
}

static size_t count_in(const struct cluster *c, const char *namespace, const char *driver)
{
	const char *uids[KNOWN_EXECUTORS_EACH];

	return known_executors_of(c, namespace, driver, uids);
}

static size_t count_of(const struct cluster *c, const char *driver)
{
	return count_in(c, "a", driver);
}

static void s160_executors_are_those_of_the_drivers_uid_alone(void **state)
{
	struct cluster *c = mem_alloc(1, sizeof *c);

	(void)state;
	assert_int_equal(count_of(c, "d-1"), 0);
	add(c, "a", "d-1", 1);
	add(c, "a", "d-1", 1);
	add(c, "a", "d-1", 2);
	add(c, "a", "d-2", 3);
	add(c, "a", "", 4); /* it names no owner */
	known_executors_add(c, "a", "d-1", "a uid that is longer than any that API servers give");
	assert_int_equal(count_of(c, "d-1"), 2);
	assert_int_equal(count_of(c, "d-2"), 1);
	assert_int_equal(count_of(c, ""), 0);
	known_executors_free(c);
	free(c);
}

static void s160_pod_of_another_namespace_takes_no_place_of_a_drivers_executors(void **state)
{
	struct cluster *c = mem_alloc(1, sizeof *c);
	const char *uids[KNOWN_EXECUTORS_EACH];

	(void)state;
	add(c, "a", "d-1", 1);
	for (int i = 2; i < 2 + KNOWN_EXECUTORS_EACH; i++)
		add(c, "b", "d-1", i);
	assert_int_equal(known_executors_of(c, "a", "d-1", uids), 1);
	assert_string_equal(uids[0], "e-1");
	known_executors_free(c);
	free(c);
}

static void of_many_executors_the_newest_are_known(void **state)
{
	struct cluster *c = mem_alloc(1, sizeof *c);
	const char *uids[KNOWN_EXECUTORS_EACH];
	bool has_last = false;

	(void)state;
	for (int i = 0; i < 3 * KNOWN_EXECUTORS_EACH; i++)
		add(c, "a", "d-1", i);
	assert_int_equal(known_executors_of(c, "a", "d-1", uids), KNOWN_EXECUTORS_EACH);
	for (size_t i = 0; i < KNOWN_EXECUTORS_EACH; i++) {
		uint64_t number;
		assert_true(str_to_u64(str_of(uids[i] + 2), &number));
		assert_in_range(number, 2 * KNOWN_EXECUTORS_EACH, 3 * KNOWN_EXECUTORS_EACH - 1);
		has_last |= number == 3 * KNOWN_EXECUTORS_EACH - 1;
	}
	assert_true(has_last);
	known_executors_free(c);
	free(c);
}

static void s145_who_makes_many_drivers_pushes_out_none_of_another_namespace(void **state)
{
	struct cluster *c = mem_alloc(1, sizeof *c);
	char driver[16];

	(void)state;
	add(c, "quiet", "d-quiet", 1);
	for (int i = 0; i < 2 * KNOWN_EXECUTORS_DRIVERS; i++) {
		snprintf(driver, sizeof driver, "d-%d", i);
		add(c, "loud", driver, 1);
	}
	assert_int_equal(count_in(c, "quiet", "d-quiet"), 1);
	assert_int_equal(count_in(c, "loud", "d-0"), 0);
	assert_int_equal(count_in(c, "loud", driver), 1);
	known_executors_free(c);
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s160_executors_are_those_of_the_drivers_uid_alone),
		cmocka_unit_test(
			s160_pod_of_another_namespace_takes_no_place_of_a_drivers_executors),
		cmocka_unit_test(of_many_executors_the_newest_are_known),
		cmocka_unit_test(s145_who_makes_many_drivers_pushes_out_none_of_another_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
