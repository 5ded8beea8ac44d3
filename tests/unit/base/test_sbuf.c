/* Strings that grow up to a limit, and the escapes for where they go. */
#include "base/sbuf.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

static void assert_holds(struct sbuf *b, const char *text)
{
	assert_true(str_eq(sbuf_str(b), str_of(text)));
	assert_false(b->overflow);
	sbuf_clear(b);
}

static void buffer_is_empty_text_before_anything_is_added(void **state)
{
	struct sbuf b;

	(void)state;
	sbuf_init(&b, 10);
	assert_string_equal(sbuf_str(&b).at, "");
	char *text = sbuf_take(&b);
	assert_string_equal(text, "");
	free(text);
}

static void limit_is_reached_exactly_and_then_nothing_is_added(void **state)
{
	struct sbuf b;

	(void)state;
	sbuf_init(&b, 4);
	sbuf_puts(&b, "abc");
	sbuf_putc(&b, 'd');
	assert_false(b.overflow);
	sbuf_putc(&b, 'e');
	assert_true(b.overflow);
	assert_string_equal(b.at, "abcd");
	sbuf_reset(&b);
	assert_false(b.overflow);
	sbuf_printf(&b, "%d%s", 12, "345");
	assert_true(b.overflow);
	assert_int_equal(b.len, 0);
	sbuf_puts(&b, "x"); /* a piece that would fit must not hide that one is missing */
	assert_int_equal(b.len, 0);
	sbuf_clear(&b);
}

static void taking_leaves_an_empty_buffer_with_the_same_limit(void **state)
{
	struct sbuf b;

	(void)state;
	sbuf_init(&b, 3);
	sbuf_puts(&b, "abc");
	char *text = sbuf_take(&b);
	assert_string_equal(text, "abc");
	free(text);
	sbuf_puts(&b, "abcd");
	assert_true(b.overflow);
	sbuf_clear(&b);
}

static void growing_keeps_what_is_there(void **state)
{
	struct sbuf b;

	(void)state;
	sbuf_init(&b, 100000);
	for (int i = 0; i < 10000; i++)
		sbuf_printf(&b, "%04d", i);
	assert_int_equal(b.len, 40000);
	assert_memory_equal(b.at + 4 * 1234, "1234", 4);
	assert_int_equal(b.at[b.len], '\0');
	sbuf_clear(&b);
}

static void json_escapes_what_would_end_the_string_or_the_line(void **state)
{
	struct sbuf b;

	(void)state;
	sbuf_init(&b, 200);
	sbuf_json(&b, STR("a\"b\\c\n\r\t\x01\x1f\x7f/\0z"));
	assert_holds(&b, "a\\\"b\\\\c\\n\\r\\t\\u0001\\u001f\\u007f/\\u0000z");
}

static void json_keeps_utf8_and_replaces_what_is_none(void **state)
{
	static const char *const bad[] = {"\xff", "\x80", "\xc0\xaf", "\xc3", "\xe0\x80\xaf",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xe2\x82"};
	struct sbuf b;

	(void)state;
	sbuf_init(&b, 200);
	sbuf_json(&b, STR("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
	assert_holds(&b, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		sbuf_json(&b, str_of(bad[i]));
		for (size_t at = 0; at < b.len; at += 3)
			assert_memory_equal(b.at + at, "\xef\xbf\xbd", 3);
		sbuf_clear(&b);
	}
}

static void S40_json_escapes_what_a_terminal_would_obey_or_hide(void **state)
{
	struct sbuf b;

	(void)state;
	sbuf_init(&b, 200);
	sbuf_json(&b, STR("\xc2\x9b\xc2\x80\xc2\x9f\xc2\xa0")); /* CSI; U+00A0 is text */
	assert_holds(&b, "\\u009b\\u0080\\u009f\xc2\xa0");
	sbuf_init(&b, 200);
	sbuf_json(&b, STR("\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa8\xe2\x80\x8b\xe2\x80\xa6"));
	assert_holds(&b, "\\u202e\\u2066\\u2028\\u200b\xe2\x80\xa6"); /* the ellipsis stays */
}

static void html_escapes_for_text_and_quoted_attributes(void **state)
{
	struct sbuf b;

	(void)state;
	sbuf_init(&b, 200);
	sbuf_html(&b, STR("<a href=\"x\" id='y'>&amp;\xc3\xa4"));
	assert_holds(&b, "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;\xc3\xa4");
}

static void urlencode_keeps_unreserved_bytes_only(void **state)
{
	struct sbuf b;

	(void)state;
	sbuf_init(&b, 200);
	sbuf_urlencode(&b, STR("aZ09-._~ /?&=%+\xff\0"));
	assert_holds(&b, "aZ09-._~%20%2F%3F%26%3D%25%2B%FF%00");
}

static void cut_takes_the_beginning_away(void **state)
{
	struct sbuf b;

	(void)state;
	sbuf_init(&b, 100);
	sbuf_cut(&b, 0); /* of nothing */
	sbuf_puts(&b, "one two");
	sbuf_cut(&b, 4);
	assert_string_equal(b.at, "two");
	assert_int_equal(b.len, 3);
	sbuf_cut(&b, 3);
	assert_string_equal(b.at, "");
	sbuf_puts(&b, "more");
	assert_string_equal(b.at, "more");
	sbuf_clear(&b);
}

static bool has_only_zeros(const char *at, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (at[i] != '\0')
			return false;
	}
	return true;
}

static void s69_secret_buffer_leaves_nothing_of_what_it_held(void **state)
{
	struct sbuf b;

	(void)state;
	sbuf_init_secret(&b, 1000);
	for (int i = 0; i < 50; i++)
		sbuf_puts(&b, "secret ");
	assert_int_equal(b.len, 350);
	sbuf_cut(&b, 345);
	assert_string_equal(b.at, "cret ");
	assert_true(has_only_zeros(b.at + b.len, b.cap - b.len));
	sbuf_reset(&b);
	assert_true(has_only_zeros(b.at, b.cap));
	sbuf_puts(&b, "again");
	char *taken = sbuf_take(&b);
	assert_string_equal(taken, "again");
	assert_true(b.is_secret && b.at == NULL);
	secret_free(taken);
	sbuf_clear(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffer_is_empty_text_before_anything_is_added),
		cmocka_unit_test(limit_is_reached_exactly_and_then_nothing_is_added),
		cmocka_unit_test(taking_leaves_an_empty_buffer_with_the_same_limit),
		cmocka_unit_test(growing_keeps_what_is_there),
		cmocka_unit_test(json_escapes_what_would_end_the_string_or_the_line),
		cmocka_unit_test(json_keeps_utf8_and_replaces_what_is_none),
		cmocka_unit_test(S40_json_escapes_what_a_terminal_would_obey_or_hide),
		cmocka_unit_test(html_escapes_for_text_and_quoted_attributes),
		cmocka_unit_test(urlencode_keeps_unreserved_bytes_only),
		cmocka_unit_test(cut_takes_the_beginning_away),
		cmocka_unit_test(s69_secret_buffer_leaves_nothing_of_what_it_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
