/* What may become a tunnel, and what answers it (S3, S11; RFC 6455 §1.3 has the example). */
#include "proxy/guard/websocket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define FIELD(name, value) h1_field_of(STR(name), STR(value))

enum { ASKED = 4 };
static struct h1_field asked[ASKED];

static int write_asked(void **state)
{
	(void)state;
	asked[0] = FIELD("Host", "gw:8480");
	asked[1] = FIELD("Upgrade", "WebSocket");
	asked[2] = FIELD("Connection", "keep-alive, Upgrade");
	asked[3] = FIELD("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
	return 0;
}

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
	const struct h1_field more[] = {FIELD("content-length", "0"),
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
			fields[ASKED] = h1_field_of(STR("Origin"), str_of(table[i].origin));
		struct front_request req = request_of(fields, ASKED + (table[i].origin != NULL));
		assert_int_equal(
			websocket_is_from_us(&req, STR("http://"), false), table[i].wanted);
		assert_int_equal(websocket_is_from_us(&req, STR("http://"), true),
			table[i].wanted_of_program);
	}
}

static void s3_answer_proves_this_key(void **state)
{
	const struct h1_field answer[] = {FIELD("Upgrade", "websocket"),
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

/* A client's frame: its first byte, a length, a mask. */
static size_t frame(unsigned char first, size_t len, char *out)
{
	size_t at = 0;

	out[at++] = (char)first;
	if (len < 126) {
		out[at++] = (char)(0x80 | len);
	} else {
		out[at++] = (char)(0x80 | 126);
		out[at++] = (char)(len >> 8);
		out[at++] = (char)len;
	}
	memset(out + at, 0x01, 4 + len); /* as if the payload were more frames with data */
	return at + 4 + len;
}

static void s11_only_data_is_what_a_page_says(void **state)
{
	static const struct {
		unsigned char first;
		bool wanted;
	} table[] = {{0x81, true}, {0x02, true}, {0x80, true}, {0x89, false}, {0x8a, false},
		{0x88, false}};
	static const size_t lengths[] = {0, 1, 125, 126, 1000};
	char bytes[3000];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		for (size_t j = 0; j < ARRAY_LEN(lengths); j++) {
			struct websocket_ear whole = {.have = 0}, cut = {.have = 0};
			size_t len = frame(0x8a, lengths[j], bytes);
			len += frame(table[i].first, lengths[j], bytes + len);
			bool any = false;
			assert_int_equal(
				websocket_hear(&whole, (struct str){bytes, len}), table[i].wanted);
			for (size_t at = 0; at < len; at++)
				any |= websocket_hear(&cut, (struct str){bytes + at, 1});
			assert_int_equal(any, table[i].wanted);
			assert_true(whole.left == 0 && whole.have == 0 && cut.left == 0);
		}
	}
}

static void s11_a_frame_of_any_length_is_passed_over(void **state)
{
	struct websocket_ear ear = {.have = 0};
	char head[10];

	(void)state;
	memset(head, 0xff, sizeof head);
	assert_false(websocket_hear(&ear, (struct str){head, sizeof head}));
	assert_true(ear.left == (uint64_t)INT64_MAX + 4);
	assert_false(websocket_hear(&ear, STR("\x01\x01\x01")));
}

static void s201_a_frame_that_has_begun_is_known_until_its_last_byte(void **state)
{
	char bytes[400];
	size_t len = frame(0x81, 200, bytes);
	struct websocket_ear ear = {.have = 0};

	(void)state;
	assert_true(websocket_is_between_frames(&ear));
	for (size_t at = 0; at < len; at++) {
		(void)websocket_hear(&ear, (struct str){bytes + at, 1});
		assert_int_equal(websocket_is_between_frames(&ear), at + 1 == len);
	}
}

static void s201_close_frame_of_a_server_has_its_code_and_no_mask(void **state)
{
	static const unsigned char restart[WEBSOCKET_CLOSE] = {0x88, 0x02, 0x03, 0xf4};
	unsigned char said[WEBSOCKET_CLOSE];

	(void)state;
	websocket_write_close(WEBSOCKET_SERVICE_RESTART, said);
	assert_memory_equal(said, restart, sizeof said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(s3_only_a_whole_handshake_is_one),
		cmocka_unit_test(s3_one_field_too_many_and_it_is_none),
		cmocka_unit_test(s3_key_is_sixteen_bytes),
		cmocka_unit_test(s11_origin_is_the_requests_own_host),
		cmocka_unit_test(s3_answer_proves_this_key),
		cmocka_unit_test(s11_only_data_is_what_a_page_says),
		cmocka_unit_test(s11_a_frame_of_any_length_is_passed_over),
		cmocka_unit_test(s201_a_frame_that_has_begun_is_known_until_its_last_byte),
		cmocka_unit_test(s201_close_frame_of_a_server_has_its_code_and_no_mask)};

	return cmocka_run_group_tests(tests, write_asked, NULL);
}
