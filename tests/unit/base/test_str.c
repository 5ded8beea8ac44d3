/* Borrowed runs of bytes. */
#include "base/str.h"

#include "base/mem.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct str none = {NULL, 0};

static void equality_is_of_bytes_or_of_ascii_letters(void **state)
{
	(void)state;
	assert_true(str_eq(STR("a\0b"), STR("a\0b")));
	assert_false(str_eq(STR("a\0b"), STR("a\0c")));
	assert_false(str_eq(STR("ab"), STR("abc")));
	assert_true(str_eq_nocase(STR("Content-TYPE"), STR("content-type")));
	assert_false(str_eq_nocase(STR("a["), STR("a{")));
	assert_false(str_eq_nocase(STR("\xc3\x84"), STR("\xc3\xa4")));
}

static void empty_run_without_an_address_is_as_good_as_any(void **state)
{
	struct str piece, rest = none;

	(void)state;
	assert_true(str_eq(none, STR("")));
	assert_true(str_starts(none, none));
	assert_true(str_starts(STR("a"), none));
	assert_true(str_ends(none, STR("")));
	assert_false(str_starts(none, STR("a")));
	assert_int_equal(str_find(none, STR("a")), -1);
	assert_int_equal(str_find_byte(none, 'a'), -1);
	assert_int_equal(str_trim(none).len, 0);
	assert_int_equal(str_from(none, 3).len, 0);
	assert_false(str_next(&rest, ',', &piece));
	assert_int_equal(str_of(NULL).len, 0);
}

static void prefix_and_suffix_may_be_the_whole(void **state)
{
	(void)state;
	assert_true(str_starts(STR("abc"), STR("ab")));
	assert_true(str_starts(STR("abc"), STR("abc")));
	assert_false(str_starts(STR("abc"), STR("abcd")));
	assert_true(str_starts_nocase(STR("Bearer x"), STR("bearer ")));
	assert_false(str_starts_nocase(STR("Bear"), STR("bearer")));
	assert_true(str_ends(STR("abc"), STR("bc")));
	assert_true(str_ends(STR("abc"), STR("abc")));
	assert_false(str_ends(STR("abc"), STR("xabc")));
	assert_false(str_ends(STR("abc"), STR("ab")));
}

static void text_is_cut_between_its_characters(void **state)
{
	(void)state;
	assert_int_equal(str_fit_chars(STR("abc"), 3), 3);
	assert_int_equal(str_fit_chars(STR("abc"), 2), 2);
	assert_int_equal(str_fit_chars(STR("a\xc3\xa9"), 3), 3);
	assert_int_equal(str_fit_chars(STR("a\xc3\xa9"), 2), 1);
	assert_int_equal(str_fit_chars(STR("\xe2\x82\xac"), 2), 0);
	assert_int_equal(str_fit_chars(none, 2), 0);
}

static void finding_gives_the_first_place(void **state)
{
	(void)state;
	assert_int_equal(str_find(STR("abcabc"), STR("bc")), 1);
	assert_int_equal(str_find(STR("abc"), STR("")), 0);
	assert_int_equal(str_find(STR("abc"), STR("abcd")), -1);
	assert_int_equal(str_find_byte(STR("a\0b"), '\0'), 1);
	assert_int_equal(str_find_byte(STR("abc"), 'x'), -1);
}

static void one_line_end_is_cut_off_and_no_more(void **state)
{
	(void)state;
	assert_true(str_eq(str_cut_line_end(STR("a\n")), STR("a")));
	assert_true(str_eq(str_cut_line_end(STR("a\r\n")), STR("a")));
	assert_true(str_eq(str_cut_line_end(STR("a\n\n")), STR("a\n")));
	assert_true(str_eq(str_cut_line_end(STR("a\r")), STR("a\r")));
	assert_true(str_eq(str_cut_line_end(STR("\na ")), STR("\na ")));
	assert_int_equal(str_cut_line_end(STR("")).len, 0);
}

static void trimming_takes_spaces_and_tabs_only(void **state)
{
	(void)state;
	assert_true(str_eq(str_trim(STR(" \t a b\t ")), STR("a b")));
	assert_true(str_eq(str_trim(STR("\r a\n")), STR("\r a\n")));
	assert_int_equal(str_trim(STR(" \t ")).len, 0);
}

static void pieces_end_with_an_empty_one_after_a_last_separator(void **state)
{
	static const char *const want[] = {"a", "", "bc", ""};
	struct str rest = STR("a,,bc,"), piece;
	size_t i = 0;

	(void)state;
	for (; str_next(&rest, ',', &piece); i++) {
		assert_true(i < ARRAY_LEN(want));
		assert_true(str_eq(piece, str_of(want[i])));
	}
	assert_int_equal(i, ARRAY_LEN(want));
	rest = STR("");
	assert_true(str_next(&rest, ',', &piece));
	assert_int_equal(piece.len, 0);
	assert_false(str_next(&rest, ',', &piece));
}

static void numbers_are_one_to_eighteen_digits(void **state)
{
	static const char *const bad[] = {
		"", "-1", "+1", " 1", "1 ", "0x1", "1e3", "1_0", "1000000000000000000", "\xd9\xa1"};
	uint64_t n = 0;

	(void)state;
	assert_true(str_to_u64(STR("999999999999999999"), &n));
	assert_int_equal(n, 999999999999999999);
	assert_true(str_to_u64(STR("007"), &n));
	assert_int_equal(n, 7);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(str_to_u64(str_of(bad[i]), &n));
	assert_int_equal(n, 7);
}

static void hex_digits_are_of_both_cases_and_nothing_else(void **state)
{
	int sum = 0;

	(void)state;
	assert_int_equal(str_hex_digit('0'), 0);
	assert_int_equal(str_hex_digit('f'), 15);
	assert_int_equal(str_hex_digit('A'), 10);
	for (int c = -128; c < 128; c++)
		sum += str_hex_digit((char)c) == -1;
	assert_int_equal(sum, 256 - 22);
}

static void so_many_hex_digits_are_a_number_or_none(void **state)
{
	(void)state;
	assert_int_equal(str_hex(STR("2f"), 2), 0x2f);
	assert_int_equal(str_hex(STR("017Fg"), 4), 0x17f);
	assert_int_equal(str_hex(STR("017F"), 2), 1);
	assert_int_equal(str_hex(STR("2"), 2), -1);
	assert_int_equal(str_hex(STR("2g"), 2), -1);
	assert_int_equal(str_hex(STR(""), 1), -1);
}

static void copy_fits_with_its_nul_or_leaves_an_empty_string(void **state)
{
	char buf[4] = "xxx";

	(void)state;
	assert_true(str_copy(STR("abc"), buf, sizeof buf));
	assert_string_equal(buf, "abc");
	assert_false(str_copy(STR("abcd"), buf, sizeof buf));
	assert_string_equal(buf, "");
	assert_true(str_copy(none, buf, sizeof buf));
}

static bool is_b64token(char c)
{
	return str_is(c, STR_B64TOKEN);
}

static bool is_printable(char c)
{
	return (unsigned char)c >= 0x20 && c != 0x7f;
}

static bool is_graphic(char c)
{
	return c > 0x20 && c < 0x7f;
}

static void a_span_ends_at_the_first_byte_that_is_of_another_class(void **state)
{
	static const struct {
		size_t (*span)(struct str s);
		bool (*is)(char c);
	} classes[] = {{str_span_b64token, is_b64token}, {str_span_token, str_is_tchar},
		{str_span_printable, is_printable}, {str_span_graphic, is_graphic}};
	char text[150]; /* long enough for the widest steps, and no multiple of any */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(classes) * sizeof text * 256; i++) {
		size_t at = i / 256 % sizeof text, class = i / 256 / sizeof text;
		memset(text, 'a', sizeof text);
		text[at] = (char)(i % 256);
		size_t want = classes[class].is(text[at]) ? sizeof text : at;
		if (classes[class].span((struct str){text, sizeof text}) != want)
			fail_msg("class %zu, byte %zu at %zu", class, i % 256, at);
	}
}

/* Eight bytes are folded at once: each byte against each other one, in each place. */
static void case_is_ascii_letters_wherever_they_stand(void **state)
{
	(void)state;
	for (unsigned pair = 0; pair < 256 * 256; pair++) {
		unsigned char x = (unsigned char)pair, y = (unsigned char)(pair >> 8);
		char one[] = "Abcdefghijk", other[] = "aBcDeFgHiJk";
		bool letters = (x | 0x20) >= 'a' && (x | 0x20) <= 'z';
		size_t at = pair % 11;
		one[at] = (char)x;
		other[at] = (char)y;
		bool same = x == y || (letters && (x ^ y) == 0x20);
		for (size_t len = at + 1; len <= 11; len++) {
			if (str_same_nocase(one, other, len) != same)
				fail_msg("0x%02x and 0x%02x at %zu of %zu", x, y, at, len);
		}
		if (!str_same_nocase(one, other, at))
			fail_msg("%zu letters, before 0x%02x and 0x%02x", at, x, y);
	}
}

static void what_is_found_is_the_same_in_short_and_in_long_texts(void **state)
{
	char text[300];

	(void)state;
	for (size_t len = 1; len < sizeof text; len++) {
		memset(text, '/', sizeof text);
		for (size_t at = 0; at + 4 <= len; at++) {
			memcpy(text + at, "//a/", 4);
			assert_int_equal(str_find((struct str){text, len}, STR("/a/")), at + 1);
			if (len == at + 4) /* what is behind the end is not looked at */
				assert_int_equal(
					str_find((struct str){text, len - 1}, STR("/a/")), -1);
			memset(text + at, '/', 4);
		}
		assert_int_equal(str_find((struct str){text, len}, STR("/a/")), -1);
	}
}

static void bytes_are_read_from_the_digits_that_were_written(void **state)
{
	unsigned char bytes[256], again[256];
	char text[2 * sizeof bytes + 1];

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)i;
	str_write_hex(bytes, sizeof bytes, text);
	assert_memory_equal(text, "000102030405060708090a0b0c0d0e0f10", 34);
	assert_string_equal(text + 508, "feff");
	assert_true(str_read_hex(str_of(text), again, sizeof again));
	assert_memory_equal(again, bytes, sizeof bytes);
	str_write_hex(bytes, 0, text);
	assert_string_equal(text, "");
}

static void hash_depends_on_every_byte(void **state)
{
	(void)state;
	assert_int_equal(str_hash(STR("")), 2166136261u);
	assert_int_equal(str_hash(STR("a")), 0xe40c292c); /* FNV-1a's published value */
	assert_int_not_equal(str_hash(STR("ab")), str_hash(STR("ba")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equality_is_of_bytes_or_of_ascii_letters),
		cmocka_unit_test(empty_run_without_an_address_is_as_good_as_any),
		cmocka_unit_test(prefix_and_suffix_may_be_the_whole),
		cmocka_unit_test(text_is_cut_between_its_characters),
		cmocka_unit_test(finding_gives_the_first_place),
		cmocka_unit_test(bytes_are_read_from_the_digits_that_were_written),
		cmocka_unit_test(what_is_found_is_the_same_in_short_and_in_long_texts),
		cmocka_unit_test(one_line_end_is_cut_off_and_no_more),
		cmocka_unit_test(trimming_takes_spaces_and_tabs_only),
		cmocka_unit_test(pieces_end_with_an_empty_one_after_a_last_separator),
		cmocka_unit_test(numbers_are_one_to_eighteen_digits),
		cmocka_unit_test(hex_digits_are_of_both_cases_and_nothing_else),
		cmocka_unit_test(so_many_hex_digits_are_a_number_or_none),
		cmocka_unit_test(copy_fits_with_its_nul_or_leaves_an_empty_string),
		cmocka_unit_test(a_span_ends_at_the_first_byte_that_is_of_another_class),
		cmocka_unit_test(case_is_ascii_letters_wherever_they_stand),
		cmocka_unit_test(hash_depends_on_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
