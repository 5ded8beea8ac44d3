/* The raw stream's grammar and framing: libraries.md 3.4, S1, S2, S4. */
#include "proxy/tap.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct tap_limits limits = {16384, 8192, 100, 1 << 20};

static enum fault feed(const char *bytes, size_t len)
{
	struct tap tap;

	tap_init(&tap, &limits);
	return tap_feed(&tap, bytes, len);
}

struct row {
	const char *what, *bytes;
	enum fault fault;
};
#define GET  "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

static const struct row rows[] = {
	{"a plain request", GET "\r\n", FAULT_NONE},
	{"two pipelined requests", GET "\r\n" GET "\r\n", FAULT_NONE},
	{"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", FAULT_NONE},
	{"content of a known length", POST "Content-Length: 3\r\n\r\nabc" GET "\r\n", FAULT_NONE},
	{"chunked content",
		POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" GET "\r\n",
		FAULT_NONE},
	{"Chunked in capitals", POST "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", FAULT_NONE},
	{"CL and TE", POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
		FAULT_BAD_FRAMING},
	{"two TE", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
		FAULT_BAD_FRAMING},
	{"TE xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n", FAULT_BAD_FRAMING},
	{"TE gzip, chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n", FAULT_BAD_FRAMING},
	{"TE chunked and more than is kept of a value",
		POST "Transfer-Encoding: chunked                             , gzip\r\n\r\n",
		FAULT_BAD_FRAMING},
	{"TE on HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
		FAULT_BAD_FRAMING},
	{"CL with a space before the colon", POST "Content-Length : 3\r\n\r\n", FAULT_BAD_REQUEST},
	{"two CL that differ", POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\n",
		FAULT_BAD_FRAMING},
	{"two equal CL", POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", FAULT_BAD_FRAMING},
	{"CL with a plus", POST "Content-Length: +3\r\n\r\n", FAULT_BAD_FRAMING},
	{"negative CL", POST "Content-Length: -3\r\n\r\n", FAULT_BAD_FRAMING},
	{"CL in hex", POST "Content-Length: 0x3\r\n\r\n", FAULT_BAD_FRAMING},
	{"a list of CL", POST "Content-Length: 3, 3\r\n\r\n", FAULT_BAD_FRAMING},
	{"an empty CL", POST "Content-Length:\r\n\r\n", FAULT_BAD_FRAMING},
	{"CL of 19 digits", POST "Content-Length: 1000000000000000000\r\n\r\n", FAULT_BAD_FRAMING},
	{"CL over the limit", POST "Content-Length: 1048577\r\n\r\n", FAULT_BODY_TOO_LARGE},
	{"HEAD with CL", "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n",
		FAULT_BAD_FRAMING},
	{"HEAD with TE", "HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
		FAULT_BAD_FRAMING},
	{"TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_METHOD},
	{"CONNECT", "CONNECT a:1 HTTP/1.1\r\n\r\n", FAULT_METHOD},
	{"an unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_METHOD},
	{"a method that is too long", "PROPPATCH / HTTP/1.1\r\n\r\n", FAULT_METHOD},
	{"a folded line", GET "X: a\r\n b\r\n\r\n", FAULT_BAD_REQUEST},
	{"bare LF", "GET / HTTP/1.1\nHost: a\n\n", FAULT_BAD_REQUEST},
	{"bare LF after a field", GET "X: a\n\r\n", FAULT_BAD_REQUEST},
	{"bare CR", GET "X: a\rb\r\n\r\n", FAULT_BAD_REQUEST},
	{"an empty name", GET ": a\r\n\r\n", FAULT_BAD_REQUEST},
	{"a space in a name", GET "X Y: a\r\n\r\n", FAULT_BAD_REQUEST},
	{"absolute form", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_BAD_TARGET},
	{"asterisk form", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_BAD_TARGET},
	{"a tab in the target", "GET /\tx HTTP/1.1\r\n\r\n", FAULT_BAD_TARGET},
	{"a space in the target", "GET /a b HTTP/1.1\r\n\r\n", FAULT_BAD_REQUEST},
	{"HTTP/1.2", "GET / HTTP/1.2\r\n\r\n", FAULT_BAD_REQUEST},
	{"HTTP/2.0", "GET / HTTP/2.0\r\n\r\n", FAULT_BAD_REQUEST},
	{"HTTP/0.9", "GET /\r\n\r\n", FAULT_BAD_TARGET},
	{"a leading empty line", "\r\n" GET "\r\n", FAULT_BAD_REQUEST},
	{"chunk size 0x3", POST "Transfer-Encoding: chunked\r\n\r\n0x3\r\n", FAULT_BAD_FRAMING},
	{"chunk size +3", POST "Transfer-Encoding: chunked\r\n\r\n+3\r\n", FAULT_BAD_FRAMING},
	{"chunk size with a space", POST "Transfer-Encoding: chunked\r\n\r\n 3\r\n",
		FAULT_BAD_FRAMING},
	{"chunk size followed by words", POST "Transfer-Encoding: chunked\r\n\r\n3 zz\r\n",
		FAULT_BAD_FRAMING},
	{"a chunk extension", POST "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n",
		FAULT_BAD_FRAMING},
	{"a chunk that is longer than it says",
		POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", FAULT_BAD_FRAMING},
	{"a chunk size of nine digits", POST "Transfer-Encoding: chunked\r\n\r\n000000001\r\n",
		FAULT_BAD_FRAMING},
	{"chunks over the limit", POST "Transfer-Encoding: chunked\r\n\r\n100001\r\n",
		FAULT_BODY_TOO_LARGE},
	{"a trailer", POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n",
		FAULT_BAD_FRAMING},
	{"the second of two requests is bad", GET "\r\nGET / HTTP/1.1\nHost: a\n\n",
		FAULT_BAD_REQUEST},
};

static void each_row_of_the_guard_table_gets_its_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum fault got = feed(rows[i].bytes, strlen(rows[i].bytes));
		if (got != rows[i].fault)
			fail_msg("%s: got %s, expected %s", rows[i].what, fault_row(got)->word,
				fault_row(rows[i].fault)->word);
	}
}

static void verdicts_do_not_depend_on_how_the_bytes_arrive(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tap tap;
		tap_init(&tap, &limits);
		for (const char *at = rows[i].bytes; *at; at++)
			tap_feed(&tap, at, 1);
		assert_int_equal(tap.fault, rows[i].fault);
	}
}

static void s2_nul_in_a_value_is_refused(void **state)
{
	static const char bytes[] = GET "X: a\0b\r\n\r\n";

	(void)state;
	assert_int_equal(feed(bytes, sizeof bytes - 1), FAULT_BAD_REQUEST);
}

static void s4_a_head_over_the_limit_is_refused(void **state)
{
	char *bytes = mem_alloc(1, 20000);

	(void)state;
	memset(bytes, 'a', 20000);
	memcpy(bytes, GET "X: ", sizeof(GET "X: ") - 1);
	assert_int_equal(feed(bytes, 20000), FAULT_HEAD_TOO_LARGE);
	memcpy(bytes, "GET /", 5);
	memset(bytes + 5, 'a', 10000);
	assert_int_equal(feed(bytes, 10000), FAULT_HEAD_TOO_LARGE);
	free(bytes);
}

static void s4_the_101st_field_is_refused(void **state)
{
	char bytes[2048] = GET;

	(void)state;
	for (int i = 1; i < 100; i++)
		memcpy(bytes + strlen(bytes), "A: b\r\n", 7);
	assert_int_equal(feed(bytes, strlen(bytes)), FAULT_NONE);
	memcpy(bytes + strlen(bytes), "A: b\r\n", 7);
	assert_int_equal(feed(bytes, strlen(bytes)), FAULT_HEAD_TOO_LARGE);
}

static void requests_are_counted_when_their_content_is_complete(void **state)
{
	struct tap tap;

	(void)state;
	tap_init(&tap, &limits);
	assert_true(tap_is_idle(&tap));
	tap_feed(
		&tap, POST "Content-Length: 2\r\n\r\na", strlen(POST "Content-Length: 2\r\n\r\na"));
	assert_int_equal(tap.heads, 1);
	assert_int_equal(tap.requests, 0);
	assert_false(tap_is_idle(&tap));
	tap_feed(&tap, "b", 1);
	assert_int_equal(tap.requests, 1);
	assert_true(tap_is_idle(&tap));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_of_the_guard_table_gets_its_verdict),
		cmocka_unit_test(verdicts_do_not_depend_on_how_the_bytes_arrive),
		cmocka_unit_test(s2_nul_in_a_value_is_refused),
		cmocka_unit_test(s4_a_head_over_the_limit_is_refused),
		cmocka_unit_test(s4_the_101st_field_is_refused),
		cmocka_unit_test(requests_are_counted_when_their_content_is_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
