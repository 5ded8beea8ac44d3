/* Response heads and content framing: RFC 9112, strictly. */
#include "proxy/http/h1.h"

#include "base/sbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum h1_result parse(const char *bytes, struct h1_response *head)
{
	return h1_parse_response(str_of(bytes), false, head);
}

static void assert_str(struct str got, const char *wanted)
{
	assert_int_equal(got.len, strlen(wanted));
	assert_memory_equal(got.at, wanted, got.len);
}

/* --- heads --- */

static void a_head_gives_status_reason_and_trimmed_fields(void **state)
{
	struct h1_response head;
	const char *bytes = "HTTP/1.1 404 Not Found\r\nServer:Jetty\r\nLINK:\r\n"
			    "Content-Length: \t 5 \r\n\r\nhello";

	(void)state;
	assert_int_equal(parse(bytes, &head), H1_DONE);
	assert_int_equal(head.status, 404);
	assert_str(head.reason, "Not Found");
	assert_int_equal(head.fields_count, 3);
	assert_str(head.fields[0].name, "Server");
	assert_str(head.fields[0].value, "Jetty");
	assert_str(h1_field(&head, FIELD_LINK), "");
	assert_null(h1_field(&head, FIELD_DATE).at);
	assert_int_equal(head.head_len, strlen(bytes) - 5);
	assert_int_equal(head.framing, H1_LENGTH);
	assert_int_equal(head.length, 5);
	assert_true(head.keep_alive);
}

static void a_reason_may_be_missing_or_empty(void **state)
{
	struct h1_response head;

	(void)state;
	assert_int_equal(parse("HTTP/1.1 200\r\n\r\n", &head), H1_DONE);
	assert_int_equal(head.reason.len, 0);
	assert_int_equal(parse("HTTP/1.1 200 \r\n\r\n", &head), H1_DONE);
	assert_int_equal(head.reason.len, 0);
}

static void every_cut_of_a_head_waits_for_more(void **state)
{
	static const char bytes[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\n\r\n";
	struct h1_response head;

	(void)state;
	for (size_t len = 0; len < sizeof bytes - 1; len++)
		assert_int_equal(
			h1_parse_response((struct str){bytes, len}, false, &head), H1_MORE);
	assert_int_equal(parse(bytes, &head), H1_DONE);
}

static void malformed_heads_are_refused(void **state)
{
	static const char *const heads[] = {
		"\r\nHTTP/1.1 200 OK\r\n\r\n",
		"\nHTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\n\n",
		"HTTP/1.1 200 OK\r\nA: b\n\r\n",
		"HTTP/1.1 200 OK\r\nA: b\r\n\n",
		"HTTP/1.1 200 O\rK\r\n\r\n",
		"HTTP/1.1 200 O\x01K\r\n\r\n",
		"HTTP/1.1 20 OK\r\n\r\n",
		"HTTP/1.1 2000 OK\r\n\r\n",
		"HTTP/1.1 2x0 OK\r\n\r\n",
		"HTTP/1.1 +20 OK\r\n\r\n",
		"HTTP/1.1 099 OK\r\n\r\n",
		"HTTP/1.1 200OK\r\n\r\n",
		"HTTP/1.1  200 OK\r\n\r\n",
		"HTTP/1.1\t200 OK\r\n\r\n",
		"HTTP/1.2 200 OK\r\n\r\n",
		"HTTP/2.0 200 OK\r\n\r\n",
		"HTTP/01.1 200 OK\r\n\r\n",
		"http/1.1 200 OK\r\n\r\n",
		"ICY 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
		"HTTP/1.1 200 OK\r\n A: b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA: b\r\n\tc: d\r\n\r\n",
		"HTTP/1.1 200 OK\r\n: b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nnothing\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA(: b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA\xc3: b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA: b\x7f\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA: b\x1b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
	};
	struct h1_response head;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		if (parse(heads[i], &head) != H1_BAD)
			fail_msg("taken: %s", heads[i]);
	}
}

static void nul_is_refused_wherever_it_stands(void **state)
{
	static const char bytes[] = "HTTP/1.1 200 OK\r\nServer: some\r\n\r\n";
	char broken[sizeof bytes];
	struct h1_response head;

	(void)state;
	for (size_t i = 0; i < sizeof bytes - 1; i++) {
		memcpy(broken, bytes, sizeof bytes);
		broken[i] = '\0';
		struct str cut = {broken, sizeof bytes - 1};
		assert_int_not_equal(h1_parse_response(cut, false, &head), H1_DONE);
	}
}

static void add_fields(struct sbuf *b, unsigned count)
{
	sbuf_puts(b, "HTTP/1.1 200 OK\r\n");
	for (unsigned i = 0; i < count; i++)
		sbuf_printf(b, "F%u: v\r\n", i);
	sbuf_puts(b, "\r\n");
}

static void a_hundred_fields_are_taken_and_one_more_is_not(void **state)
{
	struct h1_response head;
	struct sbuf b;

	(void)state;
	sbuf_init(&b, H1_HEAD_MAX);
	add_fields(&b, 100);
	assert_int_equal(h1_parse_response(sbuf_str(&b), false, &head), H1_DONE);
	assert_int_equal(head.fields_count, 100);
	sbuf_reset(&b);
	add_fields(&b, 101);
	assert_int_equal(h1_parse_response(sbuf_str(&b), false, &head), H1_BAD);
	sbuf_clear(&b);
}

static void a_head_past_its_limit_is_bad_whether_complete_or_not(void **state)
{
	char *bytes = mem_alloc(H1_HEAD_MAX + 64, 1);
	struct h1_response head;
	static const char start[] = "HTTP/1.1 200 OK\r\nA: ";

	(void)state;
	memset(bytes, 'a', H1_HEAD_MAX + 64);
	memcpy(bytes, start, sizeof start - 1);
	assert_int_equal(
		h1_parse_response((struct str){bytes, H1_HEAD_MAX - 1}, false, &head), H1_MORE);
	assert_int_equal(h1_parse_response((struct str){bytes, H1_HEAD_MAX}, false, &head), H1_BAD);
	memcpy(bytes + H1_HEAD_MAX - 2, "\r\n\r\n", 4);
	assert_int_equal(
		h1_parse_response((struct str){bytes, H1_HEAD_MAX + 2}, false, &head), H1_BAD);
	memcpy(bytes + H1_HEAD_MAX - 4, "\r\n\r\n", 4);
	assert_int_equal(
		h1_parse_response((struct str){bytes, H1_HEAD_MAX + 2}, false, &head), H1_DONE);
	assert_int_equal(head.head_len, H1_HEAD_MAX);
	free(bytes);
}

/* --- framing --- */

struct framing_case {
	const char *fields;
	enum h1_framing framing;
	bool keep_alive;
};

static void one_rule_decides_where_the_content_ends(void **state)
{
	static const struct framing_case cases[] = {
		{"1.1 200 OK\r\n", H1_UNTIL_CLOSE, false},
		{"1.1 200 OK\r\nContent-Length: 0\r\n", H1_LENGTH, true},
		{"1.1 200 OK\r\ncontent-LENGTH: 7\r\n", H1_LENGTH, true},
		{"1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n", H1_CHUNKED, true},
		{"1.1 204 No Content\r\n", H1_NO_CONTENT, true},
		{"1.1 204 No Content\r\nContent-Length: 9\r\n", H1_NO_CONTENT, true},
		{"1.1 304 Not Modified\r\nContent-Length: 9\r\n", H1_NO_CONTENT, true},
		{"1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n", H1_NO_CONTENT, true},
		{"1.1 100 Continue\r\n", H1_NO_CONTENT, true},
		{"1.1 101 Switching Protocols\r\nContent-Length: 0\r\n", H1_NO_CONTENT, true},
		{"1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n", H1_LENGTH, false},
		{"1.1 200 OK\r\nContent-Length: 1\r\nConnection: x , CLOSE\r\n", H1_LENGTH, false},
		{"1.1 200 OK\r\nContent-Length: 1\r\nConnection: x\r\nConnection: close\r\n",
			H1_LENGTH, false},
		{"1.1 200 OK\r\nContent-Length: 1\r\nConnection: closed\r\n", H1_LENGTH, true},
		{"1.0 200 OK\r\nContent-Length: 1\r\n", H1_LENGTH, false},
		{"1.0 200 OK\r\nContent-Length: 1\r\nConnection: Keep-Alive\r\n", H1_LENGTH, true},
		{"1.0 200 OK\r\nConnection: keep-alive\r\n", H1_UNTIL_CLOSE, false},
		{"1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive, close\r\n", H1_LENGTH,
			false},
	};
	struct h1_response head;
	char bytes[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(bytes, sizeof bytes, "HTTP/%s\r\n", cases[i].fields);
		if (parse(bytes, &head) != H1_DONE || head.framing != cases[i].framing ||
			head.keep_alive != cases[i].keep_alive)
			fail_msg("%s: framing %d keep_alive %d", bytes, head.framing,
				head.keep_alive);
	}
}

static void a_head_request_has_no_content_whatever_the_fields_say(void **state)
{
	struct h1_response head;
	struct str length = STR("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
	struct str chunked = STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	struct str none = STR("HTTP/1.1 200 OK\r\n\r\n");

	(void)state;
	assert_int_equal(h1_parse_response(length, true, &head), H1_DONE);
	assert_true(head.framing == H1_NO_CONTENT && head.keep_alive);
	assert_int_equal(h1_parse_response(chunked, true, &head), H1_DONE);
	assert_true(head.framing == H1_NO_CONTENT && head.keep_alive);
	assert_int_equal(h1_parse_response(none, true, &head), H1_DONE);
	assert_true(head.framing == H1_NO_CONTENT && head.keep_alive);
}

static void ambiguous_framing_is_refused(void **state)
{
	static const char *const fields[] = {
		"1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n",
		"1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n",
		"1.1 200 OK\r\nContent-Length: 5, 5\r\n",
		"1.1 200 OK\r\nContent-Length: +5\r\n",
		"1.1 200 OK\r\nContent-Length: -5\r\n",
		"1.1 200 OK\r\nContent-Length: 0x5\r\n",
		"1.1 200 OK\r\nContent-Length: 5 5\r\n",
		"1.1 200 OK\r\nContent-Length:\r\n",
		"1.1 200 OK\r\nContent-Length: 5\t\r\n",
		"1.1 200 OK\r\nTransfer-Encoding: chunked \t \r\n",
		"1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n",
		"1.1 204 OK\r\nContent-Length: x\r\n",
		"1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
		"1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
		"1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n",
		"1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n",
		"1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n",
		"1.1 200 OK\r\nTransfer-Encoding: chunked;q=1\r\n",
		"1.1 200 OK\r\nTransfer-Encoding: identity\r\n",
		"1.1 200 OK\r\nTransfer-Encoding:\r\n",
		"1.0 200 OK\r\nTransfer-Encoding: chunked\r\n",
		"1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n",
		"1.1 103 Early Hints\r\nContent-Length: 5\r\n",
		"1.1 101 Switching Protocols\r\nTransfer-Encoding: chunked\r\n",
	};
	struct h1_response head;
	char bytes[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		snprintf(bytes, sizeof bytes, "HTTP/%s\r\n", fields[i]);
		if (parse(bytes, &head) != H1_BAD)
			fail_msg("taken: %s", bytes);
	}
}

/* --- content --- */

/* Feeds `bytes` in pieces of `step`; the content in `out`, `*used` bytes of them. */
static enum h1_result feed(
	struct h1_content *c, struct str bytes, size_t step, struct sbuf *out, size_t *used)
{
	enum h1_result result = H1_MORE;
	size_t skip, take, seen = step < bytes.len ? step : bytes.len;

	*used = 0;
	for (;;) {
		struct str piece = {bytes.at + *used, seen - *used};
		result = h1_content_next(c, piece, &skip, &take);
		assert_true(skip + take <= piece.len);
		if (result == H1_BAD)
			return result;
		sbuf_add(out, piece.at + skip, take);
		*used += skip + take;
		if (result == H1_DONE || (*used == seen && seen == bytes.len))
			return result;
		if (*used == seen)
			seen = seen + step < bytes.len ? seen + step : bytes.len;
	}
}

static enum h1_result feed_chunked(struct str bytes, size_t step, struct sbuf *out, size_t *used)
{
	struct h1_content c;

	h1_content_init(&c, &(struct h1_response){.framing = H1_CHUNKED});
	return feed(&c, bytes, step, out, used);
}

static void chunked_content_is_the_same_however_it_is_cut(void **state)
{
	struct str bytes = STR("5\r\nhello\r\n00006;a=\"b c\" ; d\r\n world\r\n1\r\n\n\r\n"
			       "0\r\nTrailer: x\r\nOther:\r\n\r\nHTTP/1.1");
	struct sbuf out;
	size_t used;

	(void)state;
	sbuf_init(&out, 1024);
	for (size_t step = 1; step <= bytes.len; step++) {
		sbuf_reset(&out);
		assert_int_equal(feed_chunked(bytes, step, &out, &used), H1_DONE);
		assert_str(sbuf_str(&out), "hello world\n");
		assert_int_equal(used, bytes.len - 8);
	}
	sbuf_clear(&out);
}

static void chunked_content_may_be_cut_once_at_any_byte(void **state)
{
	struct str bytes = STR("5\r\nhello\r\n0\r\nA: b\r\n\r\n");
	struct sbuf out;
	size_t used;

	(void)state;
	sbuf_init(&out, 1024);
	for (size_t at = 0; at < bytes.len; at++) {
		struct h1_content c;
		h1_content_init(&c, &(struct h1_response){.framing = H1_CHUNKED});
		sbuf_reset(&out);
		assert_int_equal(
			feed(&c, (struct str){bytes.at, at}, bytes.len, &out, &used), H1_MORE);
		assert_int_equal(used, at);
		assert_int_equal(feed(&c, str_from(bytes, at), bytes.len, &out, &used), H1_DONE);
		assert_str(sbuf_str(&out), "hello");
	}
	sbuf_clear(&out);
}

static void malformed_chunks_are_refused(void **state)
{
	static const char *const bodies[] = {
		"\r\n",
		"g\r\n",
		"0x3\r\nabc\r\n",
		"+3\r\nabc\r\n",
		"-3\r\nabc\r\n",
		" 3\r\nabc\r\n",
		"3 \r\nabc\r\n",
		"3 zz\r\nabc\r\n",
		"3\nabc\r\n",
		"3\r\nabcd\r\n",
		"3\r\nabc\n0\r\n",
		"3\r\nabc\r0\r\n",
		"3\r\r\nabc",
		"3;a\nabc",
		"3;a\x01\r\nabc",
		"00000000000000003\r\nabc\r\n",
		"fffffffffffffffff\r\nabc\r\n",
		"0\r\n\n",
		"0\r\n\rx",
		"0\r\nA: b\n\r\n",
		"0\r\nA: \x01\r\n\r\n",
		"0\r\nno field\r\n\r\n",
		"0\r\nnothing\r\n\r\n",
		"0\r\n: a\r\n\r\n",
		"0\r\nA : b\r\n\r\n",
		"0\r\nA: b\r\n c\r\n\r\n",
		"0\r\nA\x80: b\r\n\r\n",
	};
	struct sbuf out;
	size_t used;

	(void)state;
	sbuf_init(&out, 1024);
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		if (feed_chunked(str_of(bodies[i]), 1024, &out, &used) != H1_BAD)
			fail_msg("taken: %s", bodies[i]);
	}
	sbuf_clear(&out);
}

/* `start`, then so many bytes 'x'. */
static enum h1_result feed_long(const char *start, size_t count)
{
	struct sbuf in, out;
	size_t used;

	sbuf_init(&in, 32 * 1024);
	sbuf_init(&out, 64);
	sbuf_puts(&in, start);
	while (count-- > 0)
		sbuf_putc(&in, 'x');
	enum h1_result result = feed_chunked(sbuf_str(&in), 1024, &out, &used);
	sbuf_clear(&in);
	sbuf_clear(&out);
	return result;
}

static void chunk_extensions_and_trailers_are_bounded(void **state)
{
	(void)state;
	assert_int_equal(feed_long("1;", 200), H1_MORE);
	assert_int_equal(feed_long("1;", 300), H1_BAD);
	assert_int_equal(feed_long("0\r\nA: ", 8000), H1_MORE);
	assert_int_equal(feed_long("0\r\nA: ", 8200), H1_BAD);
}

static void a_chunk_size_of_sixteen_digits_does_not_wrap(void **state)
{
	struct sbuf out;
	size_t used;
	struct h1_content c;

	(void)state;
	sbuf_init(&out, 64);
	h1_content_init(&c, &(struct h1_response){.framing = H1_CHUNKED});
	assert_int_equal(feed(&c, STR("ffffffffffffffff\r\nabc"), 64, &out, &used), H1_MORE);
	assert_str(sbuf_str(&out), "abc");
	assert_true(c.left == UINT64_MAX - 3);
	sbuf_clear(&out);
}

static void content_of_a_length_ends_with_its_last_byte(void **state)
{
	struct h1_content c;
	size_t skip, take;

	(void)state;
	h1_content_init(&c, &(struct h1_response){.framing = H1_LENGTH, .length = 5});
	assert_int_equal(h1_content_next(&c, STR("abc"), &skip, &take), H1_MORE);
	assert_true(skip == 0 && take == 3);
	assert_int_equal(h1_content_next(&c, STR("deHTTP"), &skip, &take), H1_DONE);
	assert_true(skip == 0 && take == 2);
	h1_content_init(&c, &(struct h1_response){.framing = H1_LENGTH, .length = 0});
	assert_int_equal(h1_content_next(&c, STR(""), &skip, &take), H1_DONE);
	h1_content_init(&c, &(struct h1_response){.framing = H1_NO_CONTENT, .length = 7});
	assert_int_equal(h1_content_next(&c, STR("abc"), &skip, &take), H1_DONE);
	assert_true(skip == 0 && take == 0);
}

static void content_until_close_never_ends_by_itself(void **state)
{
	struct h1_content c;
	size_t skip, take;

	(void)state;
	h1_content_init(&c, &(struct h1_response){.framing = H1_UNTIL_CLOSE});
	assert_int_equal(h1_content_next(&c, STR("abc"), &skip, &take), H1_MORE);
	assert_true(skip == 0 && take == 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_gives_status_reason_and_trimmed_fields),
		cmocka_unit_test(a_reason_may_be_missing_or_empty),
		cmocka_unit_test(every_cut_of_a_head_waits_for_more),
		cmocka_unit_test(malformed_heads_are_refused),
		cmocka_unit_test(nul_is_refused_wherever_it_stands),
		cmocka_unit_test(a_hundred_fields_are_taken_and_one_more_is_not),
		cmocka_unit_test(a_head_past_its_limit_is_bad_whether_complete_or_not),
		cmocka_unit_test(one_rule_decides_where_the_content_ends),
		cmocka_unit_test(a_head_request_has_no_content_whatever_the_fields_say),
		cmocka_unit_test(ambiguous_framing_is_refused),
		cmocka_unit_test(chunked_content_is_the_same_however_it_is_cut),
		cmocka_unit_test(chunked_content_may_be_cut_once_at_any_byte),
		cmocka_unit_test(malformed_chunks_are_refused),
		cmocka_unit_test(chunk_extensions_and_trailers_are_bounded),
		cmocka_unit_test(a_chunk_size_of_sixteen_digits_does_not_wrap),
		cmocka_unit_test(content_of_a_length_ends_with_its_last_byte),
		cmocka_unit_test(content_until_close_never_ends_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
