/* S60: how many connections an address may hold, and whose they are. */
#include "proxy/front/crowd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { LIMIT = 3, SEATS = 2 };

static struct cidr trusted[1];
static struct conf conf = {
	.limit_per_client = LIMIT, .trusted_proxies = trusted, .trusted_proxies_count = 1};
static struct crowd *crowd;
static struct crowd_member members[32];
static size_t count;

static int setup(void **state)
{
	struct err err;

	(void)state;
	conf.refs = 1000;
	if (cidr_parse(STR("10.0.0.0/8"), &trusted[0], &err) == -1)
		return -1;
	crowd = crowd_new(&conf, SEATS);
	count = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < count; i++)
		crowd_leave(crowd, &members[i]);
	crowd_free(crowd);
	return 0;
}

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage out = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out;

	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
		out.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
		out.ss_family = AF_INET6;
	return out;
}

/* True: it is one too many. */
static bool enter(const char *text, unsigned seat)
{
	const struct sockaddr_storage peer = address(text);

	return crowd_enter(crowd, (const struct sockaddr *)&peer, seat, &members[count++]);
}

static void s60_one_more_than_the_limit_is_too_many_on_whatever_seats(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LIMIT; i++)
		assert_false(enter("192.0.2.1", i % SEATS));
	assert_true(enter("192.0.2.1", 0));
	assert_false(enter("192.0.2.2", 0));
	crowd_leave(crowd, &members[0]);
	crowd_leave(crowd, &members[1]);
	assert_false(enter("192.0.2.1", 1));
}

static void s60_a_64_of_ipv6_is_one_client(void **state)
{
	(void)state;
	assert_false(enter("2001:db8::1", 0));
	assert_false(enter("2001:db8::2:1", 0));
	assert_false(enter("2001:db8:0:0:ffff::1", 0));
	assert_true(enter("2001:db8::3", 0));
	assert_false(enter("2001:db8:0:1::3", 0));
}

static void s60_ipv4_in_ipv6_is_the_same_address(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LIMIT; i++)
		assert_false(enter("::ffff:192.0.2.1", 0));
	assert_true(enter("192.0.2.1", 0));
	assert_false(enter("::ffff:192.0.2.2", 0));
}

static void s60_trusted_proxies_are_not_counted(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		assert_false(enter("10.1.2.3", 0));
	assert_null(members[0].client);
}

static void s60_only_what_is_over_the_limit_leaves(void **state)
{
	unsigned unease = crowd_unease(crowd);

	(void)state;
	for (unsigned i = 0; i < LIMIT; i++)
		(void)enter("192.0.2.1", 0);
	assert_int_equal(crowd_unease(crowd), unease);
	assert_false(crowd_leave_if_over(crowd, &members[0]));
	(void)enter("192.0.2.1", 1);
	assert_int_not_equal(crowd_unease(crowd), unease);
	assert_false(crowd_is_far_over(crowd, &members[0]));
	assert_true(crowd_leave_if_over(crowd, &members[0]));
	assert_null(members[0].client);
	assert_false(crowd_leave_if_over(crowd, &members[1]));
}

static void s60_the_newest_of_a_client_stays_though_it_is_the_only_one_on_its_seat(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= LIMIT; i++)
		(void)enter("192.0.2.1", i == LIMIT);
	assert_false(crowd_leave_if_over(crowd, &members[LIMIT]));
	assert_true(crowd_leave_if_over(crowd, &members[0]));
	(void)enter("192.0.2.1", 0);
	assert_true(crowd_leave_if_over(crowd, &members[LIMIT]));
}

static void s60_a_clients_connections_are_in_the_order_of_their_last_bytes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LIMIT; i++)
		(void)enter("192.0.2.1", 0);
	(void)enter("192.0.2.1", 1);
	crowd_touch(&members[0]);
	assert_ptr_equal(TAILQ_FIRST(crowd_members(&members[0])), &members[1]);
	assert_ptr_equal(TAILQ_LAST(crowd_members(&members[0]), crowd_members), &members[0]);
	assert_ptr_equal(TAILQ_FIRST(crowd_members(&members[3])), &members[3]);
}

static void s228_requests_of_a_connection_count_as_its_clients_connections(void **state)
{
	(void)state;
	assert_false(enter("192.0.2.1", 0));
	assert_true(crowd_count(crowd, &members[0]));
	assert_true(crowd_count(crowd, &members[0]));
	assert_false(crowd_count(crowd, &members[0])); /* it is refused, and does not count */
	assert_true(enter("192.0.2.1", 1));
	crowd_leave(crowd, &members[1]);
	crowd_discount(crowd, &members[0]);
	assert_true(crowd_count(crowd, &members[0]));
	crowd_discount(crowd, &members[0]);
	crowd_discount(crowd, &members[0]);
	assert_false(enter("10.0.0.1", 0));
	assert_false(crowd_count(crowd, &members[2])); /* behind a proxy are many: nobody counts */
}

static void s212_requests_leave_with_their_connection(void **state)
{
	(void)state;
	assert_false(enter("192.0.2.1", 0));
	assert_true(crowd_count(crowd, &members[0]));
	assert_true(crowd_count(crowd, &members[0]));
	assert_true(enter("192.0.2.1", 1));
	assert_true(crowd_leave_if_over(crowd, &members[0]));
	crowd_discount(crowd, &members[0]); /* as each of them does that ends now */
	crowd_discount(crowd, &members[0]);
	assert_false(enter("192.0.2.1", 0));
	assert_false(enter("192.0.2.1", 0));
	assert_true(enter("192.0.2.1", 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(s60_one_more_than_the_limit_is_too_many_on_whatever_seats),
		TEST(s60_a_64_of_ipv6_is_one_client),
		TEST(s60_ipv4_in_ipv6_is_the_same_address),
		TEST(s60_trusted_proxies_are_not_counted),
		TEST(s60_only_what_is_over_the_limit_leaves),
		TEST(s60_the_newest_of_a_client_stays_though_it_is_the_only_one_on_its_seat),
		TEST(s60_a_clients_connections_are_in_the_order_of_their_last_bytes),
		TEST(s228_requests_of_a_connection_count_as_its_clients_connections),
		TEST(s212_requests_leave_with_their_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
