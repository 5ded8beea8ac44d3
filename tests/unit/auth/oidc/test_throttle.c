/* Codes under way and codes that were no good, counted for each client (S63). */
#include "auth/oidc/throttle.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static int set_up(void **state)
{
	*state = throttle_new();
	return 0;
}

static int tear_down(void **state)
{
	throttle_free(*state);
	return 0;
}

static void spoil(struct throttle *throttle, struct str client, int64_t now)
{
	assert_int_equal(throttle_begin(throttle, client, now), THROTTLE_GO);
	throttle_end(throttle, client, true, now);
}

static void s63_client_has_so_many_under_way_and_others_are_not_hindered(void **state)
{
	for (int i = 0; i < THROTTLE_CLIENT; i++)
		assert_int_equal(throttle_begin(*state, STR("192.0.2.1"), 0), THROTTLE_GO);
	assert_int_equal(throttle_begin(*state, STR("192.0.2.1"), 0), THROTTLE_SLOW);
	assert_int_equal(throttle_begin(*state, STR("192.0.2.2"), 0), THROTTLE_GO);
	throttle_end(*state, STR("192.0.2.1"), false, 0);
	assert_int_equal(throttle_begin(*state, STR("192.0.2.1"), 0), THROTTLE_GO);
}

/* As a socket for both families tells of IPv4. */
static void s63_mapped_addresses_are_clients_of_their_own(void **state)
{
	for (int i = 0; i < THROTTLE_FAILURES; i++)
		spoil(*state, STR("::ffff:192.0.2.1"), 1000);
	assert_int_equal(throttle_begin(*state, STR("::ffff:192.0.2.1"), 1000), THROTTLE_SLOW);
	assert_int_equal(throttle_begin(*state, STR("::ffff:192.0.2.2"), 1000), THROTTLE_GO);
	assert_int_equal(throttle_begin(*state, STR("::1"), 1000), THROTTLE_GO);
}

static void s63_all_together_have_so_many_under_way(void **state)
{
	char client[32];

	for (int i = 0; i < THROTTLE_ALL; i++) {
		snprintf(client, sizeof client, "192.0.2.%d", i);
		assert_int_equal(throttle_begin(*state, str_of(client), 0), THROTTLE_GO);
	}
	assert_int_equal(throttle_begin(*state, STR("198.51.100.1"), 0), THROTTLE_BUSY);
	throttle_end(*state, STR("192.0.2.7"), false, 0);
	assert_int_equal(throttle_begin(*state, STR("198.51.100.1"), 0), THROTTLE_GO);
}

static void s63_failures_are_forgotten_after_a_minute(void **state)
{
	for (int i = 0; i < THROTTLE_FAILURES; i++)
		spoil(*state, STR("192.0.2.1"), 1000);
	assert_int_equal(throttle_begin(*state, STR("192.0.2.1"), 60999), THROTTLE_SLOW);
	assert_int_equal(throttle_begin(*state, STR("192.0.2.1"), 61000), THROTTLE_GO);
}

static void s63_one_machine_is_one_client_whatever_address_of_its_network_it_takes(void **state)
{
	char client[64];

	for (int i = 0; i < THROTTLE_FAILURES; i++) {
		snprintf(client, sizeof client, "2001:db8:1:2::%x", i + 1);
		spoil(*state, str_of(client), 0);
	}
	assert_int_equal(throttle_begin(*state, STR("2001:db8:1:2:ffff::1"), 0), THROTTLE_SLOW);
	assert_int_equal(throttle_begin(*state, STR("2001:db8:1:3::1"), 0), THROTTLE_GO);
}

static void s63_good_ones_are_not_counted(void **state)
{
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(throttle_begin(*state, STR("192.0.2.1"), 0), THROTTLE_GO);
		throttle_end(*state, STR("192.0.2.1"), false, 0);
	}
}

/* A hundred thousand addresses that fail once each do not push out those that fail often. */
static void s63_who_fails_often_is_remembered_among_many(void **state)
{
	char client[64];

	for (int i = 0; i < THROTTLE_FAILURES; i++)
		spoil(*state, STR("192.0.2.1"), 0);
	for (int i = 0; i < 100000; i++) {
		snprintf(client, sizeof client, "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
		spoil(*state, str_of(client), 0);
	}
	assert_int_equal(throttle_begin(*state, STR("192.0.2.1"), 0), THROTTLE_SLOW);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(s63_client_has_so_many_under_way_and_others_are_not_hindered),
		TEST(s63_mapped_addresses_are_clients_of_their_own),
		TEST(s63_all_together_have_so_many_under_way),
		TEST(s63_failures_are_forgotten_after_a_minute),
		TEST(s63_one_machine_is_one_client_whatever_address_of_its_network_it_takes),
		TEST(s63_good_ones_are_not_counted),
		TEST(s63_who_fails_often_is_remembered_among_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
