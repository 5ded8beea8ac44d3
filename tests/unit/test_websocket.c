/* What may become a tunnel, and what answers it (S3, S11; RFC 6455 §1.3 has the example). */
#include "proxy/websocket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define FIELD(name, value)                                                                         \
	{                                                                                          \
		{(name), sizeof(name) - 1},                                                        \
		{                                                                                  \
			(value), sizeof(value) - 1                                                 \
		}                                                                                  \
	}

static const struct h1_field asked[] = {FIELD("Host", "gw:8480"), FIELD("Upgrade", "WebSocket"),
	FIELD("Connection", "keep-alive, Upgrade"),
	FIELD("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")};
enum { ASKED = sizeof asked / sizeof asked[0] };

static struct front_request request_of(const struct h1_field *fields, size_t count)
{
	return (struct front_request){
		.method = STR("GET"), .fields = fields, .fields_count = count};
}

static void s3_only_a_whole_handshake_is_one(void **state)
{
	struct front_request req = request_of(asked, ASKED);

	(void)state;
	assert_true(websocket_is_asked(&req));
	req.http_1_0 = true;
	assert_false(websocket_is_asked(&req));
	req.http_1_0 = false;
	req.method = STR("POST");
	assert_false(websocket_is_asked(&req));
	for (size_t left_out = 1; left_out < ASKED; left_out++) {
		struct h1_field some[ASKED];
		size_t n = 0;
		for (size_t i = 0; i < ASKED; i++) {
			if (i != left_out)
				some[n++] = asked[i];
		}
		req = request_of(some, n);
		assert_false(websocket_is_asked(&req));
	}
}

static void s3_one_field_too_many_and_it_is_none(void **state)
{
	static const struct h1_field more[] = {FIELD("content-length", "0"),
		FIELD("Transfer-Encoding", "chunked"), FIELD("upgrade", "h2c"),
		FIELD("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(more); i++) {
		struct h1_field fields[ASKED + 1];
		memcpy(fields, asked, sizeof asked);
		fields[ASKED] = more[i];
		struct front_request req = request_of(fields, ASKED + 1);
		assert_false(websocket_is_asked(&req));
	}
}

static void s3_key_is_sixteen_bytes(void **state)
{
	static const char *const keys[] = {"", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ",
		"dGhlIHNhbXBsZSBub25jZQ====", "dGhlIHNhbXBsZSBub25j.Q=="};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct h1_field fields[ASKED];
		memcpy(fields, asked, sizeof asked);
		fields[3].value = str_of(keys[i]);
		struct front_request req = request_of(fields, ASKED);
		assert_false(websocket_is_asked(&req));
	}
}

static void s11_origin_is_the_requests_own_host(void **state)
{
	static const struct {
		const char *origin; /* NULL: none */
		bool wanted, wanted_of_program;
	} table[] = {{NULL, false, true}, {"http://gw:8480", true, true},
		{"http://GW:8480", true, true}, {"https://gw:8480", false, false},
		{"http://gw", false, false}, {"http://gw:8480.evil", false, false},
		{"null", false, false}, {"", false, false}, {"http://evil", false, false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct h1_field fields[ASKED + 1];
		memcpy(fields, asked, sizeof asked);
		if (table[i].origin)
			fields[ASKED] = (struct h1_field){STR("Origin"), str_of(table[i].origin)};
		struct front_request req = request_of(fields, ASKED + (table[i].origin != NULL));
		assert_int_equal(
			websocket_is_from_us(&req, STR("http://"), false), table[i].wanted);
		assert_int_equal(websocket_is_from_us(&req, STR("http://"), true),
			table[i].wanted_of_program);
	}
}

static void s3_answer_proves_this_key(void **state)
{
	static const struct h1_field answer[] = {FIELD("Upgrade", "websocket"),
		FIELD("Connection", "Upgrade"),
		FIELD("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")};
	struct front_request req = request_of(asked, ASKED);

	(void)state;
	for (size_t broken = 0; broken <= ARRAY_LEN(answer); broken++) {
		struct h1_response head = {.status = 101, .fields_count = ARRAY_LEN(answer)};
		memcpy(head.fields, answer, sizeof answer);
		if (broken < ARRAY_LEN(answer))
			head.fields[broken].value = STR("s3pPLMBiTxaQ9kYGzzhZRbK+xOO=");
		assert_int_equal(websocket_is_accepted(&req, &head), broken == ARRAY_LEN(answer));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(s3_only_a_whole_handshake_is_one),
		cmocka_unit_test(s3_one_field_too_many_and_it_is_none),
		cmocka_unit_test(s3_key_is_sixteen_bytes),
		cmocka_unit_test(s11_origin_is_the_requests_own_host),
		cmocka_unit_test(s3_answer_proves_this_key)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
