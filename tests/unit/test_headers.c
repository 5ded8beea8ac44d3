#include "proxy/headers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static bool accepts(const char *first, const char *second)
{
	struct h1_field fields[2] = {
		{STR("Accept-Encoding"), str_of(first)}, {STR("accept-encoding"), str_of(second)}};
	struct front_request req = {.fields = fields, .fields_count = second ? 2 : first ? 1 : 0};

	return headers_accept_gzip(&req);
}

static void gzip_is_taken_by_who_says_so(void **state)
{
	static const char *const yes[] = {"gzip", "GZIP", "gzip, deflate, br",
		"br;q=1, gzip;q=0.001", "gzip ; q=0.5", "gzip;q=1.000", "*",
		"identity;q=0.1, *;q=0.2", "gzip, *;q=0"};
	static const char *const no[] = {"", "identity", "br", "gzip;q=0", "gzip; q=0.0",
		"gzip ;Q=0.000", "*;q=0", "gzip;q=0, *", "*, gzip;q=0", "xgzip", "gzip-2"};

	(void)state;
	assert_false(accepts(NULL, NULL));
	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (!accepts(yes[i], NULL))
			fail_msg("refused: %s", yes[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(no); i++) {
		if (accepts(no[i], NULL))
			fail_msg("taken: %s", no[i]);
	}
	assert_true(accepts("br", "gzip"));
	assert_false(accepts("*", "gzip;q=0"));
}

static void t50_fields_to_be_kept_say_nothing_of_this_once(void **state)
{
	struct h1_response head;
	struct sbuf out;
	struct rewrite_context context = {.mount = "",
		.cluster_root = "",
		.origin = "",
		.others = "",
		.authority = "",
		.prefix = ""};
	struct headers_plan plan = {.content_encoding = "", .kept = true};

	(void)state;
	assert_int_equal(
		h1_parse_response(
			STR("HTTP/1.1 200 OK\r\nDate: now\r\nExpires: never\r\nPragma: no-cache\r\n"
			    "Cache-Control: no-store\r\nETag: \"theirs\"\r\nVary: "
			    "Accept-Encoding\r\n"
			    "Last-Modified: then\r\nAge: 7\r\nAccept-Ranges: bytes\r\n"
			    "Content-Type: text/css\r\nX-Content-Type-Options: nosniff\r\n"
			    "Content-Security-Policy: script-src 'self'\r\nContent-Length: "
			    "0\r\n\r\n"),
			false, &head),
		H1_DONE);
	sbuf_init(&out, 4096);
	headers_to_client(&out, &head, &context, &plan);
	assert_string_equal(out.at, "Content-Type: text/css\r\nX-Content-Type-Options: nosniff\r\n"
				    "Content-Security-Policy: script-src 'self'\r\n");
	sbuf_clear(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gzip_is_taken_by_who_says_so),
		cmocka_unit_test(t50_fields_to_be_kept_say_nothing_of_this_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
