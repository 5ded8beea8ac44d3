/* The raw stream's grammar and framing: S1, S2, S4; proxy/HTTP.md. */
#include "proxy/http/request_reader.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct request_reader_limits limits = {16384, 8192, 100, 1 << 20};

/* What a connection sees: request after request until a fault; `step` bytes come at a time. */
struct seen {
	enum fault fault;
	unsigned heads, requests;
	size_t content; /* bytes */
	bool idle;	/* between two requests */
};

static struct seen feed_steps(const char *bytes, size_t len, size_t step)
{
	struct reader reader;
	struct seen seen = {.idle = true};
	struct str content;
	size_t used;

	request_reader_init(&reader, &limits, bytes);
	for (size_t at = 0, come = 0; at < len || come < len; at += used) {
		come = at < come ? come : come + step < len ? come + step : len;
		enum request_reader_event event = request_reader_take(
			&reader, (struct str){bytes + at, come - at}, &used, &content);
		seen.content += content.len;
		seen.heads += event == READER_HEAD;
		seen.requests += event == READER_END;
		seen.fault = reader.fault;
		if (event == READER_BAD)
			break;
		seen.idle = event == READER_END;
		if (event == READER_END)
			request_reader_init(&reader, &limits, bytes + at + used);
	}
	return seen;
}

static enum fault feed(const char *bytes, size_t len)
{
	return feed_steps(bytes, len, len).fault;
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
	{"a tab behind CL", POST "Content-Length: 3 \t\r\n\r\nabc", FAULT_BAD_FRAMING},
	{"a tab behind TE", POST "Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n",
		FAULT_BAD_FRAMING},
	{"a tab before CL and behind others", POST "X: y\t\r\nContent-Length:\t3 \r\n\r\nabc",
		FAULT_NONE},
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
		size_t len = strlen(rows[i].bytes);
		struct seen whole = feed_steps(rows[i].bytes, len, len);
		struct seen split = feed_steps(rows[i].bytes, len, 1);
		assert_int_equal(split.fault, rows[i].fault);
		assert_int_equal(split.requests, whole.requests);
		assert_int_equal(split.content, whole.content);
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

static void a_request_ends_with_its_content(void **state)
{
	static const char bytes[] = POST "Content-Length: 2\r\n\r\nab";
	struct seen half = feed_steps(bytes, sizeof bytes - 2, sizeof bytes);
	struct seen whole = feed_steps(bytes, sizeof bytes - 1, sizeof bytes);

	(void)state;
	assert_int_equal(half.heads, 1);
	assert_int_equal(half.requests, 0);
	assert_false(half.idle);
	assert_int_equal(whole.requests, 1);
	assert_int_equal(whole.content, 2);
	assert_true(whole.idle);
}

static void chunks_are_put_together_without_their_framing(void **state)
{
	static const char bytes[] =
		POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";

	(void)state;
	for (size_t step = 1; step < sizeof bytes; step++)
		assert_int_equal(feed_steps(bytes, sizeof bytes - 1, step).content, 5);
}

static void is_str(struct str got, const char *wanted)
{
	if (!str_eq(got, str_of(wanted)))
		fail_msg("got %.*s, expected %s", (int)got.len, got.at, wanted);
}

/* Reads the head a byte at a time, and moves it to another place after `split` bytes. */
static void read_moved(const char *text, size_t split, struct reader *reader, char *from, char *to)
{
	struct str content;
	size_t used;
	enum request_reader_event event = READER_MORE;

	request_reader_init(reader, &limits, from);
	for (size_t i = 0; text[i]; i++) {
		char *base = i < split ? from : to;
		if (i == split) {
			memcpy(to, from, split);
			memset(from, '?', split);
			request_reader_move(reader, from, to);
		}
		base[i] = text[i];
		event = request_reader_take(reader, (struct str){base + i, 1}, &used, &content);
		assert_int_equal(used, 1);
	}
	assert_int_equal(event, READER_END);
}

static void a_head_is_read_wherever_it_is_moved_to_meanwhile(void **state)
{
	static const char text[] =
		"GET /a?b HTTP/1.1\r\nHost:  x y \t\r\nEmpty:\r\nX-Long-Name: v\r\n\r\n";
	char from[128], to[128];
	struct reader reader;

	(void)state;
	for (size_t split = 1; split < sizeof text - 1; split++) {
		read_moved(text, split, &reader, from, to);
		is_str(reader.method, "GET");
		is_str(reader.target, "/a?b");
		assert_int_equal(reader.fields_count, 3);
		is_str(reader.fields[0].name, "Host");
		is_str(reader.fields[0].value, "x y");
		is_str(reader.fields[1].value, "");
		is_str(reader.fields[2].name, "X-Long-Name");
		is_str(reader.fields[2].value, "v");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_of_the_guard_table_gets_its_verdict),
		cmocka_unit_test(verdicts_do_not_depend_on_how_the_bytes_arrive),
		cmocka_unit_test(s2_nul_in_a_value_is_refused),
		cmocka_unit_test(s4_a_head_over_the_limit_is_refused),
		cmocka_unit_test(s4_the_101st_field_is_refused),
		cmocka_unit_test(a_request_ends_with_its_content),
		cmocka_unit_test(chunks_are_put_together_without_their_framing),
		cmocka_unit_test(a_head_is_read_wherever_it_is_moved_to_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
