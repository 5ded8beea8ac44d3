/* URLs of configured places, and request targets as S6 wants them. */
#include "base/text/url.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static void url_is_split_into_its_parts(void **state)
{
	static const struct {
		const char *text;
		bool tls;
		const char *host;
		unsigned port;
		const char *path;
	} rows[] = {
		{"http://master:8080", false, "master", 8080, "/"},
		{"HTTPS://Spark.Example/Base", true, "spark.example", 443, "/Base"},
		{"http://10.0.0.1/", false, "10.0.0.1", 80, "/"},
		{"http://[0:0::1]:4040/a/b/", false, "::1", 4040, "/a/b/"},
		{"http://ip-10-0-0-1.eu_west.internal:1/", false, "ip-10-0-0-1.eu_west.internal", 1,
			"/"},
		{"http://h:65535/%41;x=1", false, "h", 65535, "/%41;x=1"},
		{"http://1a.b", false, "1a.b", 80, "/"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct url url;
		struct err err = {""};
		assert_int_equal(url_parse(str_of(rows[i].text), &url, &err), 0);
		assert_int_equal(url.tls, rows[i].tls);
		assert_string_equal(url.host, rows[i].host);
		assert_int_equal(url.port, rows[i].port);
		assert_string_equal(url.path, rows[i].path);
	}
}

static void url_that_can_be_misread_is_refused(void **state)
{
	static const char *const rows[] = {"", "master:8080", "//h/", "ftp://h/", "http:/h/",
		"http://", "http:///x", "http://u@h/", "http://u:p@h/", "http://h@127.0.0.1/",
		"http://h?q", "http://h/?q", "http://h/#f", "http://h:/", "http://h:0/",
		"http://h:65536/", "http://h:8080x/", "http://h:+1/", "http://h\\x/", "http://h /",
		"http://h/ ", " http://h/", "http://h/\t", "http://h/\n", "http://\xc3\xa9/",
		"http://.h/", "http://h./", "http://a..b/", "http://[::1/", "http://[]/",
		"http://[1.2.3.4]/", "http://[fe80::1%25eth0]/", "http://[::1]x/", "http://::1/",
		"http://0x7f.1/", "http://0x7f000001/", "http://2130706433/", "http://127.1/",
		"http://1.2.3.256/", "http://h/..", "http://h/a//b", "http://h/%2e%2e/",
		"http://h/%2f", "http://h/%", "http://h%41/", "http://h,i/", "http://h*/"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct url url;
		struct err err = {""};
		if (url_parse(str_of(rows[i]), &url, &err) == 0)
			fail_msg("accepted: %s", rows[i]);
		assert_string_not_equal(err.text, "");
	}
}

static void url_part_that_is_too_long_is_refused_not_cut(void **state)
{
	char text[1200] = "http://";
	struct url url;

	(void)state;
	memset(text + 7, 'h', 256);
	assert_int_equal(url_parse(str_of(text), &url, NULL), -1);
	text[7 + 255] = '\0';
	assert_int_equal(url_parse(str_of(text), &url, NULL), 0);
	memset(text, 0, sizeof text);
	memcpy(text, "http://h/", 9);
	memset(text + 9, 'p', 1023);
	assert_int_equal(url_parse(str_of(text), &url, NULL), -1);
	text[9 + 1022] = '\0';
	assert_int_equal(url_parse(str_of(text), &url, NULL), 0);
}

static void authority_and_origin_leave_out_the_default_port(void **state)
{
	static const struct {
		const char *text, *full, *brief, *origin;
	} rows[] = {
		{"http://h", "h:80", "h", "http://h"},
		{"https://h:443/x", "h:443", "h", "https://h"},
		{"https://h:80", "h:80", "h:80", "https://h:80"},
		{"http://[::1]:4040", "[::1]:4040", "[::1]:4040", "http://[::1]:4040"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct url url;
		char authority[272], origin[288];
		assert_int_equal(url_parse(str_of(rows[i].text), &url, NULL), 0);
		url_authority(&url, false, authority);
		assert_string_equal(authority, rows[i].full);
		url_authority(&url, true, authority);
		assert_string_equal(authority, rows[i].brief);
		url_origin(&url, origin);
		assert_string_equal(origin, rows[i].origin);
	}
}

static void loopback_is_known_by_name_and_by_address(void **state)
{
	static const char *const yes[] = {"localhost", "127.0.0.1", "127.255.0.9", "::1"};
	static const char *const no[] = {"", "localhost.example", "128.0.0.1", "127.0.0.1.example",
		"::2", "::ffff:10.0.0.1", "0.0.0.0"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		assert_true(url_host_is_loopback(yes[i]));
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		assert_false(url_host_is_loopback(no[i]));
}

static void target_is_split_at_its_first_question_mark(void **state)
{
	static const struct {
		const char *raw, *path, *query;
	} rows[] = {
		{"/", "/", NULL},
		{"/a/b/", "/a/b/", NULL},
		{"/a?", "/a", ""},
		{"/a?x=1?y=//../%2e%2f%", "/a", "x=1?y=//../%2e%2f%"},
		{"/a%20b/%41;c=d", "/a%20b/%41;c=d", NULL},
		{"/...", "/...", NULL},
		{"/.a/a./..b", "/.a/a./..b", NULL},
		{"/a:b@c!$&'()*+,;=~-._", "/a:b@c!$&'()*+,;=~-._", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct target target;
		struct err err = {""};
		if (target_parse(str_of(rows[i].raw), &target, &err) == -1)
			fail_msg("%s: %s", rows[i].raw, err.text);
		assert_true(str_eq(target.path, str_of(rows[i].path)));
		if (rows[i].query)
			assert_true(str_eq(target.query, str_of(rows[i].query)));
		assert_int_equal(target.query.at == NULL, rows[i].query == NULL);
	}
}

static void S6_target_that_two_readers_could_read_differently_is_refused(void **state)
{
	static const char *const rows[] = {"", "a", "*", "?", "http://h/", "//", "//h/x", "/a//b",
		"/a//", "/.", "/..", "/./a", "/a/.", "/a/..", "/a/../b", "/a/..?x", "/..;/a",
		"/a/.;x=1/b", "/%2e", "/%2E%2e/", "/a%2fb", "/a%2Fb", "/a%5cb", "/a%5C", "/a%00b",
		"/a%23b", "/%", "/%4", "/%zz", "/%4?x", "/a\\b", "/a#b", "/a?x#y", "/a?x\\y",
		"/a b", "/a?b c", "/a\tb", "/a\rb", "/a\nb", "/a\x7f", "/a?\x80", "/\xc3\xa9"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct target target;
		struct err err = {""};
		if (target_parse(str_of(rows[i]), &target, &err) == 0)
			fail_msg("accepted: %s", rows[i]);
		assert_string_not_equal(err.text, "");
	}
}

static void S6_nul_and_overlong_paths_are_refused(void **state)
{
	static char raw[8193];
	struct target target;

	(void)state;
	assert_int_equal(target_parse(STR("/a\0b"), &target, NULL), -1);
	assert_int_equal(target_parse(STR("/a?\0"), &target, NULL), -1);
	memset(raw, 'a', sizeof raw);
	raw[0] = '/';
	assert_int_equal(target_parse((struct str){raw, 8192}, &target, NULL), 0);
	assert_int_equal(target_parse((struct str){raw, 8193}, &target, NULL), -1);
	raw[1] = '?'; /* a query may be as long as the head that it came in */
	assert_int_equal(target_parse((struct str){raw, 8193}, &target, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(url_is_split_into_its_parts),
		cmocka_unit_test(url_that_can_be_misread_is_refused),
		cmocka_unit_test(url_part_that_is_too_long_is_refused_not_cut),
		cmocka_unit_test(authority_and_origin_leave_out_the_default_port),
		cmocka_unit_test(loopback_is_known_by_name_and_by_address),
		cmocka_unit_test(target_is_split_at_its_first_question_mark),
		cmocka_unit_test(S6_target_that_two_readers_could_read_differently_is_refused),
		cmocka_unit_test(S6_nul_and_overlong_paths_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
