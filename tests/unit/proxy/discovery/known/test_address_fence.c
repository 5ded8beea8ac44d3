/* The fence around addresses that strangers name. */
#include "proxy/discovery/known/address_fence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/net/listen.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

static struct sockaddr_storage address(const char *ip, unsigned port)
{
	struct sockaddr_storage out = {0};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};

	if (inet_pton(AF_INET, ip, &v4.sin_addr) == 1)
		memcpy(&out, &v4, sizeof v4);
	else if (inet_pton(AF_INET6, ip, &v6.sin6_addr) == 1)
		memcpy(&out, &v6, sizeof v6);
	else
		fail_msg("not an address: %s", ip);
	return out;
}

static bool passes(const struct address_fence *fence, const char *ip, unsigned port)
{
	struct sockaddr_storage sa = address(ip, port);

	return address_fence_check(fence, (const struct sockaddr *)&sa) == NULL;
}

static bool add_master(struct address_fence *fence, const char *ip)
{
	struct sockaddr_storage sa = address(ip, 8080);

	return address_fence_add_master(fence, (const struct sockaddr *)&sa);
}

static const char *const never[] = {
	"169.254.169.254",
	"169.254.170.2",
	"169.254.0.1",
	"100.100.100.200",
	"168.63.129.16",
	"192.0.0.192",
	"0.0.0.0",
	"0.1.2.3",
	"224.0.0.1",
	"239.255.255.255",
	"240.0.0.1",
	"255.255.255.255",
	"::",
	"fe80::1",
	"febf::1",
	"fec0::1",
	"ff02::1",
	"fd00:ec2::254",
	"fd20:ce::254",
	"::ffff:169.254.169.254",
	"::ffff:0.0.0.0",
	"64:ff9b::a9fe:a9fe",
	"::169.254.169.254",
	"2002:a9fe:a9fe::1",
};

static void fence_never_opens_metadata_link_local_multicast_or_unspecified(void **state)
{
	struct cidr all[2];
	struct address_fence closed = {0}, open = {0};

	(void)state;
	assert_int_equal(cidr_parse(STR("0.0.0.0/0"), &all[0], NULL), 0);
	assert_int_equal(cidr_parse(STR("::/0"), &all[1], NULL), 0);
	address_fence_set_networks(&open, all, 2);
	assert_true(passes(&open, "8.8.8.8", 8081));
	assert_true(passes(&open, "2001:db8::1", 8081));
	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		assert_false(passes(&closed, never[i], 8081));
		assert_false(passes(&open, never[i], 8081));
	}
}

static void fence_stays_shut_for_metadata_even_beside_a_master_there(void **state)
{
	struct address_fence fence = {0};

	(void)state;
	add_master(&fence, "169.254.1.1");
	add_master(&fence, "100.100.100.1");
	assert_false(passes(&fence, "169.254.169.254", 8080));
	assert_false(passes(&fence, "100.100.100.200", 8080));
	assert_true(passes(&fence, "100.100.7.7", 8080));
}

static void fence_opens_private_ranges_by_default(void **state)
{
	static const char *const in[] = {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.3.4",
		"fd12:3456::1", "::ffff:10.1.2.3"};
	static const char *const out[] = {"172.32.0.1", "172.15.0.1", "11.0.0.1", "192.169.0.1",
		"8.8.8.8", "100.64.0.1", "2001:db8::1", "::ffff:8.8.8.8"};
	struct address_fence fence = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(in); i++)
		assert_true(passes(&fence, in[i], 8081));
	for (size_t i = 0; i < ARRAY_LEN(out); i++)
		assert_false(passes(&fence, out[i], 8081));
}

static void fence_opens_the_masters_own_16_and_64(void **state)
{
	struct address_fence fence = {0};

	(void)state;
	assert_true(add_master(&fence, "203.0.113.7"));
	assert_false(add_master(&fence, "203.0.200.1"));
	assert_true(add_master(&fence, "2001:db8:1:2::7"));
	assert_true(passes(&fence, "203.0.0.1", 8081));
	assert_false(passes(&fence, "203.1.0.1", 8081));
	assert_true(passes(&fence, "2001:db8:1:2:3::1", 8081));
	assert_false(passes(&fence, "2001:db8:1:3::1", 8081));
}

static void fence_opens_only_the_configured_networks(void **state)
{
	struct cidr range;
	struct address_fence fence = {0};

	(void)state;
	assert_int_equal(cidr_parse(STR("10.9.0.0/16"), &range, NULL), 0);
	address_fence_set_networks(&fence, &range, 1);
	add_master(&fence, "203.0.113.7");
	assert_true(passes(&fence, "10.9.1.1", 8081));
	assert_true(passes(&fence, "::ffff:10.9.1.1", 8081));
	assert_false(passes(&fence, "10.8.1.1", 8081));
	assert_false(passes(&fence, "203.0.113.7", 8081));
}

static void fence_opens_loopback_only_beside_a_master_on_loopback(void **state)
{
	static const char *const loopback[] = {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"};
	struct cidr range;
	struct address_fence fence = {0};

	(void)state;
	assert_int_equal(cidr_parse(STR("127.0.0.0/8"), &range, NULL), 0);
	address_fence_set_networks(&fence, &range, 1);
	add_master(&fence, "10.0.0.1");
	for (size_t i = 0; i < ARRAY_LEN(loopback); i++)
		assert_false(passes(&fence, loopback[i], 8081));
	address_fence_set_networks(&fence, NULL, 0);
	assert_true(add_master(&fence, "127.0.1.1"));
	for (size_t i = 0; i < ARRAY_LEN(loopback); i++)
		assert_true(passes(&fence, loopback[i], 8081));
	assert_true(passes(&fence, "10.0.0.9", 8081));
}

static void own_addresses_are_inside_where_a_master_is_on_loopback(void **state)
{
	struct address_fence fence = {0};
	struct ifaddrs *all;

	(void)state;
	assert_int_equal(getifaddrs(&all), 0);
	assert_true(add_master(&fence, "127.0.0.1"));
	for (const struct ifaddrs *one = all; one; one = one->ifa_next) {
		char text[46];
		if (one->ifa_addr == NULL || one->ifa_addr->sa_family != AF_INET)
			continue;
		listen_peer_text(one->ifa_addr, text);
		if (strncmp(text, "169.254.", 8) != 0)
			assert_true(passes(&fence, text, 4040));
	}
	assert_false(passes(&fence, "203.0.113.77", 4040));
	freeifaddrs(all);
}

/* Managed clusters have their API servers somewhere in the cloud, and pods elsewhere. */
static void fence_opens_only_loopback_beside_an_api_server(void **state)
{
	struct sockaddr_storage cloud = address("203.0.113.7", 443), here = address("::1", 443);
	struct address_fence fence = {0};

	(void)state;
	assert_false(address_fence_add_kubernetes(&fence, (const struct sockaddr *)&cloud));
	assert_false(passes(&fence, "203.0.113.8", 4040));
	assert_false(passes(&fence, "127.0.0.1", 4040));
	assert_true(address_fence_add_kubernetes(&fence, (const struct sockaddr *)&here));
	assert_false(address_fence_add_kubernetes(&fence, (const struct sockaddr *)&here));
	assert_true(passes(&fence, "127.0.0.1", 4040));
	assert_false(passes(&fence, "169.254.169.254", 4040));
}

static void fence_refuses_ports_below_1024(void **state)
{
	struct address_fence fence = {0};

	(void)state;
	assert_false(passes(&fence, "10.0.0.1", 0));
	assert_false(passes(&fence, "10.0.0.1", 22));
	assert_false(passes(&fence, "10.0.0.1", 1023));
	assert_true(passes(&fence, "10.0.0.1", 1024));
	assert_false(passes(&fence, "fd12::1", 443));
}

static void fence_refuses_other_families(void **state)
{
	struct address_fence fence = {0};
	struct sockaddr sa = {.sa_family = AF_UNIX};

	(void)state;
	assert_non_null(address_fence_check(&fence, &sa));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fence_never_opens_metadata_link_local_multicast_or_unspecified),
		cmocka_unit_test(fence_stays_shut_for_metadata_even_beside_a_master_there),
		cmocka_unit_test(fence_opens_private_ranges_by_default),
		cmocka_unit_test(fence_opens_the_masters_own_16_and_64),
		cmocka_unit_test(fence_opens_only_the_configured_networks),
		cmocka_unit_test(fence_opens_loopback_only_beside_a_master_on_loopback),
		cmocka_unit_test(own_addresses_are_inside_where_a_master_is_on_loopback),
		cmocka_unit_test(fence_opens_only_loopback_beside_an_api_server),
		cmocka_unit_test(fence_refuses_ports_below_1024),
		cmocka_unit_test(fence_refuses_other_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
