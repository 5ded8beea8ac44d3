/* Numbers with units, listen addresses, and how near two spellings are. */
#include "conf/values/keywords.h"
#include "conf/values/values_net.h"
#include "conf/values/values_units.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

static void durations_are_digits_and_one_unit(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: refused */
	} rows[] = {{"30s", 30000}, {"5m", 300000}, {"12h", 43200000}, {"7d", 604800000},
		{"250ms", 250}, {"0s", 0}, {"007s", 7000}, {"30", -1}, {"s", -1}, {"", -1},
		{"1.5h", -1}, {"-1s", -1}, {"1 s", -1}, {"1S", -1}, {"1h30m", -1}, {"+1s", -1},
		{"999999999999999999d", -1}, {"1000000000000000000s", -1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t ms = -1;
		int rc = values_parse_duration(rows[i].text, &ms);
		assert_int_equal(rc, rows[i].ms == -1 ? -1 : 0);
		assert_int_equal(ms, rows[i].ms);
	}
}

static void sizes_are_in_powers_of_1024(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} rows[] = {{"16KiB", 16384}, {"1MiB", 1048576}, {"2GiB", 2147483648}, {"5B", 5},
		{"16KB", -1}, {"16k", -1}, {"16", -1}, {"1.5MiB", -1},
		{"999999999999999999GiB", -1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t bytes = -1;
		int rc = values_parse_size(rows[i].text, &bytes);
		assert_int_equal(rc, rows[i].bytes == -1 ? -1 : 0);
		assert_int_equal(bytes, rows[i].bytes);
	}
}

static void listen_address_is_numeric_or_localhost_with_a_port(void **state)
{
	static const char *const good[] = {
		"127.0.0.1:8480", "0.0.0.0:0", "[::1]:65535", "localhost:1", "[fe80::1]:80"};
	static const char *const bad[] = {"", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
		"127.0.0.1:-1", "127.1:80", "::1:80", "[::1]", "[127.0.0.1]:80", "host:80", "[]:80",
		"[:80"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct conf_listen listen = {.text = NULL};
		assert_int_equal(values_parse_listen(good[i], &listen), 0);
		assert_string_equal(listen.text, good[i]);
		free(listen.text);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct conf_listen listen = {.text = NULL};
		assert_int_equal(values_parse_listen(bad[i], &listen), -1);
		assert_null(listen.text);
	}
}

static void distance_counts_the_slips_of_a_typist(void **state)
{
	(void)state;
	assert_int_equal(keyword_distance(STR("listen"), STR("listen")), 0);
	assert_int_equal(keyword_distance(STR("lisen"), STR("listen")), 1);
	assert_int_equal(keyword_distance(STR("lisetn"), STR("listen")), 1);
	assert_int_equal(keyword_distance(STR("lister"), STR("listen")), 1);
	assert_int_equal(keyword_distance(STR(""), STR("abc")), 3);
	assert_int_equal(keyword_distance(STR("xyz"), STR("abcd")), 4);
}

static void every_keyword_stands_after_its_group(void **state)
{
	(void)state;
	for (size_t i = 0; i < keywords_count; i++) {
		const char *dot = strrchr(keywords[i].path, '.');
		char prefix[128];
		if (dot == NULL)
			continue;
		size_t len = (size_t)(dot - keywords[i].path);
		if (len > 2 && dot[-1] == ']')
			len -= 2;
		assert_true(str_copy((struct str){keywords[i].path, len}, prefix, sizeof prefix));
		const struct keyword *group = keyword_find(prefix);
		assert_non_null(group);
		assert_true(group < &keywords[i]);
		bool is_list = dot[-1] == ']' || group->takes_one;
		assert_int_equal(group->shape, is_list ? KEYWORD_GROUPS : KEYWORD_GROUP);
		assert_non_null(keywords[i].help);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_digits_and_one_unit),
		cmocka_unit_test(sizes_are_in_powers_of_1024),
		cmocka_unit_test(listen_address_is_numeric_or_localhost_with_a_port),
		cmocka_unit_test(distance_counts_the_slips_of_a_typist),
		cmocka_unit_test(every_keyword_stands_after_its_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
