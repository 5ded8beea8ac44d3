#include "base/text/b64url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_decodes(const char *text, const char *bytes, long len)
{
	unsigned char out[64];

	assert_int_equal(b64url_decode(str_of(text), out, sizeof out), len);
	assert_memory_equal(out, bytes, (size_t)len);
}

static void rfc4648_examples_decode_and_encode_back(void **state)
{
	static const char *const pairs[][2] = {{"", ""}, {"Zg", "f"}, {"Zm8", "fo"},
		{"Zm9v", "foo"}, {"Zm9vYg", "foob"}, {"Zm9vYmE", "fooba"}, {"Zm9vYmFy", "foobar"}};
	char out[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		assert_decodes(pairs[i][0], pairs[i][1], (long)strlen(pairs[i][1]));
		b64url_encode(pairs[i][1], strlen(pairs[i][1]), out);
		assert_string_equal(out, pairs[i][0]);
	}
}

static void every_byte_survives_the_round_trip(void **state)
{
	unsigned char all[256], back[256];
	char text[345];

	(void)state;
	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (unsigned char)(i * 7);
	for (size_t len = 0; len <= sizeof all; len++) {
		b64url_encode(all, len, text);
		assert_int_equal(strlen(text), (len * 4 + 2) / 3);
		assert_int_equal(b64url_decode(str_of(text), back, sizeof back), len);
		assert_memory_equal(back, all, len);
	}
}

static void s14_other_spellings_are_refused(void **state)
{
	static const char *const bad[] = {"A", "AAAAA", "Zg==", "Zm8=", "Zm9v=", "Zm+v", "Zm/v",
		"Zm9v\n", " Zm9v", "Zm 9v", "Zm9v.", "Zm\xc3\xa9", "Zm*v"};
	unsigned char out[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(b64url_decode(str_of(bad[i]), out, sizeof out), -1);
}

static void s14_unused_last_bits_must_be_zero(void **state)
{
	unsigned char out[4];

	(void)state;
	assert_int_equal(b64url_decode(STR("Zg"), out, sizeof out), 1);
	assert_int_equal(b64url_decode(STR("Zh"), out, sizeof out), -1);
	assert_int_equal(b64url_decode(STR("Zm8"), out, sizeof out), 2);
	assert_int_equal(b64url_decode(STR("Zm9"), out, sizeof out), -1);
}

static void nothing_is_written_past_the_room(void **state)
{
	unsigned char out[3];

	(void)state;
	assert_int_equal(b64url_decode(STR("Zm9v"), out, 3), 3);
	assert_int_equal(b64url_decode(STR("Zm9v"), out, 2), -1);
	assert_int_equal(b64url_decode(STR("Zm9vYg"), out, 3), -1);
	assert_int_equal(b64url_decode(STR("Zg"), out, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc4648_examples_decode_and_encode_back),
		cmocka_unit_test(every_byte_survives_the_round_trip),
		cmocka_unit_test(s14_other_spellings_are_refused),
		cmocka_unit_test(s14_unused_last_bits_must_be_zero),
		cmocka_unit_test(nothing_is_written_past_the_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
