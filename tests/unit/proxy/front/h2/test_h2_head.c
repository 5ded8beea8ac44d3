/* A head of HTTP/2 becomes one that the strict reader takes, or a fault (S221). */
#include "proxy/front/h2/h2_head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MAX = 1000, PAIRS = 8 };

#define BASE                                                                                       \
	{":method", "GET"}, {":scheme", "https"}, {":authority", "gw"},                            \
	{                                                                                          \
		":path", "/x?y=1"                                                                  \
	}

struct row {
	const char *name;
	struct {
		const char *name, *value;
	} fields[PAIRS];
	bool has_content;
	enum fault fault;
	const char *text; /* as HTTP/1.1 has it; NULL: whatever */
};

static const struct request_reader_limits limits = {MAX, MAX, H1_FIELDS_MAX, INT64_MAX};

static enum fault read_row(struct h2_head *head, const struct row *row)
{
	h2_head_init(head, MAX);
	for (size_t i = 0; i < PAIRS && row->fields[i].name; i++)
		h2_head_add(head, str_of(row->fields[i].name), str_of(row->fields[i].value));
	return h2_head_read(head, &limits, !row->has_content);
}

static const struct row rows[] = {
	{"a request", {BASE, {"accept", "a"}}, false, FAULT_NONE,
		"GET /x?y=1 HTTP/1.1\r\nhost: gw\r\naccept: a\r\n\r\n"},
	{"in another order",
		{{":path", "/"}, {":authority", "gw"}, {":scheme", "http"}, {":method", "GET"}},
		false, FAULT_NONE, "GET / HTTP/1.1\r\nhost: gw\r\n\r\n"},
	{"crumbs", {BASE, {"cookie", "a=1"}, {"b", "2"}, {"cookie", "c=3"}}, false, FAULT_NONE,
		"GET /x?y=1 HTTP/1.1\r\nhost: gw\r\nb: 2\r\ncookie: a=1; c=3\r\n\r\n"},
	{"the same host twice", {BASE, {"host", "gw"}}, false, FAULT_NONE,
		"GET /x?y=1 HTTP/1.1\r\nhost: gw\r\n\r\n"},
	{"another host", {BASE, {"host", "other"}}, false, FAULT_BAD_REQUEST, NULL},
	{"a host in capitals", {BASE, {"host", "GW"}}, false, FAULT_BAD_REQUEST, NULL},
	{"trailers are known", {BASE, {"te", "trailers"}}, false, FAULT_NONE, NULL},
	{"another te", {BASE, {"te", "gzip"}}, false, FAULT_BAD_REQUEST, NULL},
	{"connection", {BASE, {"connection", "x"}}, false, FAULT_BAD_REQUEST, NULL},
	{"transfer-encoding", {BASE, {"transfer-encoding", "chunked"}}, true, FAULT_BAD_REQUEST,
		NULL},
	{"upgrade", {BASE, {"upgrade", "h2c"}}, false, FAULT_BAD_REQUEST, NULL},
	{"a capital", {BASE, {"X-a", "1"}}, false, FAULT_BAD_REQUEST, NULL},
	{"a space in a name", {BASE, {"x a", "1"}}, false, FAULT_BAD_REQUEST, NULL},
	{"a colon in a name", {BASE, {"x:a", "1"}}, false, FAULT_BAD_REQUEST, NULL},
	{"no name", {BASE, {"", "1"}}, false, FAULT_BAD_REQUEST, NULL},
	{"a line in a value", {BASE, {"x", "1\r\nhost: other"}}, false, FAULT_BAD_REQUEST, NULL},
	{"a line in a cookie", {BASE, {"cookie", "1\r\n\r\n"}}, false, FAULT_BAD_REQUEST, NULL},
	{"a late pseudo-field", {{":method", "GET"}, {"x", "1"}, {":path", "/"}}, false,
		FAULT_BAD_REQUEST, NULL},
	{"a second path", {BASE, {":path", "/other"}}, false, FAULT_BAD_REQUEST, NULL},
	{"an unknown one", {BASE, {":status", "200"}}, false, FAULT_BAD_REQUEST, NULL},
	{"no method", {{":scheme", "https"}, {":path", "/"}}, false, FAULT_BAD_REQUEST, NULL},
	{"a line in the method",
		{{":method", "GET / HTTP/1.1\r\nx: y\r\n"}, {":scheme", "https"}, {":path", "/"}},
		false, FAULT_BAD_REQUEST, NULL},
	{"a space in the path", {{":method", "GET"}, {":scheme", "https"}, {":path", "/a b"}},
		false, FAULT_BAD_TARGET, NULL},
	{"an absolute path", {{":method", "GET"}, {":scheme", "https"}, {":path", "http://a/"}},
		false, FAULT_BAD_TARGET, NULL},
	{"a star", {{":method", "OPTIONS"}, {":scheme", "https"}, {":path", "*"}}, false,
		FAULT_BAD_TARGET, NULL},
	{"another scheme", {{":method", "GET"}, {":scheme", "ftp"}, {":path", "/"}}, false,
		FAULT_BAD_REQUEST, NULL},
	{"a line in the authority",
		{{":method", "GET"}, {":scheme", "https"}, {":authority", "a\r\nx: y"},
			{":path", "/"}},
		false, FAULT_BAD_REQUEST, NULL},
	{"an unknown method", {{":method", "BREW"}, {":scheme", "https"}, {":path", "/"}}, false,
		FAULT_METHOD, NULL},
	{"CONNECT of old", {{":method", "CONNECT"}, {":authority", "a:1"}}, true, FAULT_METHOD,
		NULL},
	{"a protocol and no CONNECT", {BASE, {":protocol", "websocket"}}, false, FAULT_BAD_REQUEST,
		NULL},
	{"two lengths", {BASE, {"content-length", "1"}, {"content-length", "1"}}, true,
		FAULT_BAD_FRAMING, NULL},
	{"a length and no content", {BASE, {"content-length", "1"}}, false, FAULT_BAD_FRAMING,
		NULL},
	{"HEAD with content",
		{{":method", "HEAD"}, {":scheme", "https"}, {":authority", "gw"}, {":path", "/"}},
		true, FAULT_BAD_FRAMING, NULL},
};

static void s221_each_head_has_one_reading_or_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct h2_head *head = mem_alloc(1, sizeof *head);
		enum fault fault = read_row(head, &rows[i]);
		if (fault != rows[i].fault)
			fail_msg("%s: fault %d", rows[i].name, fault);
		if (rows[i].text)
			assert_string_equal(head->text.at, rows[i].text);
		h2_head_free(head);
		free(head);
	}
}

static void s227_extended_connect_is_the_handshake_of_http_1(void **state)
{
	static const struct row asks = {"",
		{{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "https"},
			{":authority", "gw"}, {":path", "/chat"}, {"sec-websocket-key", "chosen"},
			{"sec-websocket-version", "13"}},
		true, FAULT_NONE, NULL};
	struct h2_head *head = mem_alloc(1, sizeof *head);

	(void)state;
	assert_int_equal(read_row(head, &asks), FAULT_NONE);
	assert_true(head->asks_tunnel);
	assert_true(str_eq(head->reader.method, STR("GET")));
	struct str key =
		h1_find(head->reader.fields, head->reader.fields_count, FIELD_SEC_WEBSOCKET_KEY);
	assert_int_equal(key.len, 24);
	assert_null(strstr(head->text.at, "chosen"));
	assert_int_equal(h2_head_content_length(head, false), 0);
	h2_head_free(head);
	free(head);
}

static void lengths_are_what_is_said_or_unknown_or_none(void **state)
{
	static const struct row said = {"", {BASE, {"content-length", "7"}}, true, FAULT_NONE,
					NULL},
				unsaid = {"", {BASE}, true, FAULT_NONE, NULL};
	struct h2_head *head = mem_alloc(1, sizeof *head);

	(void)state;
	assert_int_equal(read_row(head, &said), FAULT_NONE);
	assert_int_equal(h2_head_content_length(head, false), 7);
	h2_head_free(head);
	*head = (struct h2_head){.bytes = 0};
	assert_int_equal(read_row(head, &unsaid), FAULT_NONE);
	assert_int_equal(h2_head_content_length(head, false), -1);
	assert_int_equal(h2_head_content_length(head, true), 0);
	h2_head_free(head);
	free(head);
}

static void s4_a_head_over_the_limit_is_too_large(void **state)
{
	struct h2_head *head = mem_alloc(1, sizeof *head);
	static const struct row base = {"", {BASE}, false, FAULT_NONE, NULL};
	char value[MAX];

	(void)state;
	h2_head_init(head, MAX);
	for (size_t i = 0; i < 4; i++)
		h2_head_add(head, str_of(base.fields[i].name), str_of(base.fields[i].value));
	memset(value, 'a', sizeof value);
	h2_head_add(head, STR("x-long"), (struct str){value, sizeof value});
	assert_int_equal(h2_head_read(head, &limits, true), FAULT_HEAD_TOO_LARGE);
	h2_head_free(head);
	free(head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s221_each_head_has_one_reading_or_none),
		cmocka_unit_test(s227_extended_connect_is_the_handshake_of_http_1),
		cmocka_unit_test(lengths_are_what_is_said_or_unknown_or_none),
		cmocka_unit_test(s4_a_head_over_the_limit_is_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
