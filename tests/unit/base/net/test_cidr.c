/* Address ranges. */
#include "base/net/cidr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage sa = {.ss_family = AF_UNSPEC};
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		memcpy(&sa, &in, sizeof in);
	else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
		memcpy(&sa, &in6, sizeof in6);
	return sa;
}

static bool contains(const char *range_text, const char *address_text)
{
	struct cidr range;
	struct err err = {""};
	struct sockaddr_storage sa = address(address_text);

	if (cidr_parse(str_of(range_text), &range, &err) == -1)
		fail_msg("%s: %s", range_text, err.text);
	return cidr_contains(&range, (const struct sockaddr *)&sa);
}

static void range_contains_its_own_and_no_neighbour(void **state)
{
	static const struct {
		const char *range, *first, *last, *before, *after;
	} rows[] = {
		{"10.0.0.0/8", "10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"},
		{"192.168.4.0/22", "192.168.4.0", "192.168.7.255", "192.168.3.255", "192.168.8.0"},
		{"127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.0", "127.0.0.2"},
		{"10.1.2.3/32", "10.1.2.3", "10.1.2.3", "10.1.2.2", "10.1.2.4"},
		{"172.16.0.0/12", "172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"},
		{"fd00::/8", "fd00::", "fdff::1", "fcff::1", "fe00::"},
		{"2001:db8::/33", "2001:db8::", "2001:db8:7fff::1",
			"2001:db7::", "2001:db8:8000::"},
		{"::1", "::1", "::1", "::", "::2"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_true(contains(rows[i].range, rows[i].first));
		assert_true(contains(rows[i].range, rows[i].last));
		assert_false(contains(rows[i].range, rows[i].before));
		assert_false(contains(rows[i].range, rows[i].after));
	}
}

static void families_do_not_mix_but_mapped_addresses_are_ipv4(void **state)
{
	(void)state;
	assert_true(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
	assert_true(contains("::ffff:10.0.0.0/104", "10.1.2.3"));
	assert_true(contains("0.0.0.0/0", "255.1.2.3"));
	assert_false(contains("0.0.0.0/0", "::1"));
	assert_true(contains("::/0", "fe80::1"));
	assert_false(contains("::/0", "10.0.0.1"));
	assert_false(contains("::/0", "no address"));
}

static void wrong_range_is_refused_with_a_reason(void **state)
{
	static const char *const rows[] = {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
		"10.0.0.0/8 ", "10.0.0.0/8/8", "10.0.0.0/0x8", "10.1.0.0/8", "10.0.0.1/31",
		"10.0.0", "10.0.0.256", "010.0.0.1x", "fd00::/129", "fd00::1/8", "fd00:::/8",
		"host", "[::1]", "fe80::1%eth0", "1.1.1.1/"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cidr range;
		struct err err = {""};
		if (cidr_parse(str_of(rows[i]), &range, &err) == 0)
			fail_msg("accepted: %s", rows[i]);
		assert_string_not_equal(err.text, "");
	}
	struct cidr range;
	assert_int_equal(cidr_parse(STR("10.0.0.1\0.5"), &range, NULL), -1);
}

static void any_of_several_ranges_will_do(void **state)
{
	struct cidr ranges[2];
	struct sockaddr_storage inside = address("192.168.0.1"), outside = address("8.8.8.8");

	(void)state;
	assert_int_equal(cidr_parse(STR("10.0.0.0/8"), &ranges[0], NULL), 0);
	assert_int_equal(cidr_parse(STR("192.168.0.0/16"), &ranges[1], NULL), 0);
	assert_true(cidr_any_contains(ranges, 2, (const struct sockaddr *)&inside));
	assert_false(cidr_any_contains(ranges, 2, (const struct sockaddr *)&outside));
	assert_false(cidr_any_contains(NULL, 0, (const struct sockaddr *)&inside));
}

static void range_around_an_address_is_its_network(void **state)
{
	struct sockaddr_storage v4 = address("172.20.5.6"), near = address("172.20.99.1"),
				far = address("172.21.0.1"), v6 = address("2001:db8:1:2::3"),
				near6 = address("2001:db8:1:2:ffff::"),
				far6 = address("2001:db8:1:3::");
	struct cidr range = cidr_around((const struct sockaddr *)&v4, 16, 64);

	(void)state;
	assert_true(cidr_contains(&range, (const struct sockaddr *)&near));
	assert_false(cidr_contains(&range, (const struct sockaddr *)&far));
	range = cidr_around((const struct sockaddr *)&v6, 16, 64);
	assert_true(cidr_contains(&range, (const struct sockaddr *)&near6));
	assert_false(cidr_contains(&range, (const struct sockaddr *)&far6));
}

static void one_client_is_an_ipv4_address_in_either_spelling_or_a_64_of_ipv6(void **state)
{
	static const struct {
		const char *a, *b;
		bool are_one;
	} rows[] = {{"192.0.2.7", "192.0.2.7", true}, {"192.0.2.7", "::ffff:192.0.2.7", true},
		{"192.0.2.7", "192.0.2.8", false}, {"2001:db8::1", "2001:db8::ffff:1", true},
		{"2001:db8::1", "2001:db8:0:1::1", false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cidr a = cidr_of_client(str_of(rows[i].a));
		struct cidr b = cidr_of_client(str_of(rows[i].b));

		assert_true(a.bits > 0 && b.bits > 0);
		assert_int_equal(memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0, rows[i].are_one);
	}
	assert_int_equal(cidr_of_client(STR("nobody")).bits, 0);
	assert_int_equal(cidr_of_client(STR("")).bits, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(range_contains_its_own_and_no_neighbour),
		cmocka_unit_test(families_do_not_mix_but_mapped_addresses_are_ipv4),
		cmocka_unit_test(wrong_range_is_refused_with_a_reason),
		cmocka_unit_test(any_of_several_ranges_will_do),
		cmocka_unit_test(range_around_an_address_is_its_network),
		cmocka_unit_test(one_client_is_an_ipv4_address_in_either_spelling_or_a_64_of_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
