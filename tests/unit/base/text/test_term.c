#include "base/text/term.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define REPLACED "\xef\xbf\xbd"
#define ELLIPSIS "\xe2\x80\xa6"

static void expect(struct str text, size_t most, const char *wanted, size_t cells)
{
	struct sbuf out;

	sbuf_init(&out, 4096);
	assert_int_equal(term_add(&out, text, most), cells);
	sbuf_putc(&out, '|');
	out.len--;
	out.at[out.len] = '\0';
	assert_string_equal(out.at, wanted);
	sbuf_clear(&out);
}

static void text_that_fits_is_written_whole(void **state)
{
	(void)state;
	expect(STR("nightly"), 7, "nightly", 7);
	expect(STR("nightly"), 80, "nightly", 7);
	expect(STR(""), 5, "", 0);
}

static void long_text_is_cut_with_an_ellipsis(void **state)
{
	(void)state;
	expect(STR("nightly"), 6, "night" ELLIPSIS, 6);
	expect(STR("nightly"), 1, ELLIPSIS, 1);
	expect(STR("nightly"), 0, "", 0);
}

static void wide_characters_take_two_cells_and_marks_none(void **state)
{
	(void)state;
	assert_int_equal(term_cells(STR("\xe6\x97\xa5\xe6\x9c\xac")), 4); /* two of CJK */
	assert_int_equal(term_cells(STR("\xf0\x9f\x9a\x80")), 2);	  /* a rocket */
	assert_int_equal(term_cells(STR("a\xcc\x88")), 1);		  /* a, combining dots */
	expect(STR("\xe6\x97\xa5\xe6\x9c\xac"), 3, "\xe6\x97\xa5" ELLIPSIS, 3);
	/* a half of one is not written */
	expect(STR("\xe6\x97\xa5\xe6\x9c\xac"), 2, ELLIPSIS, 1);
}

static void s40_what_a_terminal_acts_on_is_never_written(void **state)
{
	static const char *const bad[] = {"\x1b", "\x07", "\r", "\n", "\t", "\b", "\x7f",
		"\xc2\x9b", "\xc2\x90", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x80\x8b",
		"\xe2\x80\xa8", "\xef\xbb\xbf", "\xf3\xa0\x81\x81"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		expect(str_of(bad[i]), 80, REPLACED, 1);
	expect(STR("a\0b"), 80, "a" REPLACED "b", 3);
	expect(STR("\x1b[2Jx"), 80, REPLACED "[2Jx", 5);
}

static void bytes_that_are_not_utf8_are_replaced_one_by_one(void **state)
{
	(void)state;
	expect(STR("a\xff\xfe"), 80, "a" REPLACED REPLACED, 3);
	expect(STR("\xe6\x97"), 80, REPLACED REPLACED, 2);		/* cut short */
	expect(STR("\xc0\x9b"), 80, REPLACED REPLACED, 2);		/* overlong */
	expect(STR("\xed\xa0\x80"), 80, REPLACED REPLACED REPLACED, 3); /* a surrogate */
}

static void memory_is_no_terminal(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_int_equal(term_width(out), 0);
	fclose(out);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_that_fits_is_written_whole),
		cmocka_unit_test(long_text_is_cut_with_an_ellipsis),
		cmocka_unit_test(wide_characters_take_two_cells_and_marks_none),
		cmocka_unit_test(s40_what_a_terminal_acts_on_is_never_written),
		cmocka_unit_test(bytes_that_are_not_utf8_are_replaced_one_by_one),
		cmocka_unit_test(memory_is_no_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
