/* A master's page with links and tags that are longer than Spark's are; elements of JSON whose ends
 * stand at any place of what is skipped at once. */
#include "tests/support/filter_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROW_OF(id, name)                                                                           \
	"<tr><td><a href=\"app?appId=" id "\">" id "</a></td><td><a href=\"" name                  \
	"\">n</a></td></tr>"

static void assert_page(const char *text, const char *want)
{
	char *got = filter_world_pieces(
		LIST_MASTER_PAGE, &(struct filter_reader){.id = "a"}, str_of(text));

	assert_string_equal(got, want);
	free(got);
}

/* `text`, in which "~" stands for 9 KiB; to be freed. */
static char *with_long_links(const char *text)
{
	struct sbuf out;

	sbuf_init(&out, 64 * 1024);
	for (; *text; text++) {
		if (*text != '~')
			sbuf_putc(&out, *text);
		for (int i = 0; *text == '~' && i < 9 * 1024; i++)
			sbuf_putc(&out, 'x');
	}
	return sbuf_take(&out);
}

static void s76_driver_whose_link_is_too_long_hides_its_own_row_alone(void **state)
{
	char *text = with_long_links("<table>" ROW_OF("b", "http://~") ROW_OF("a", "http://~>'")
			ROW_OF("a", "y") "</table>c");

	(void)state;
	assert_page(text, "<table>" ROW_OF("a", "y") "</table>c");
	free(text);
}

static void s76_nothing_follows_a_tag_that_is_too_long_elsewhere(void **state)
{
	static const char *const texts[] = {"<p><a href=\"~\">b</a>", "<p><tr title=\"~\"><td>b",
		"<p><tr><td>b</tr title=\"~\"><p>b", "<p><tr><td>b</table title=\"~\"><p>b",
		"<p><tr><td>b<script title=\"~\"></tr></script>b"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char *text = with_long_links(texts[i]);
		assert_page(text, "<p>");
		free(text);
	}
}

/* Of a hidden element the rest is skipped, 64 bytes at a time: braces in its strings end nothing,
 * nor do bytes that have a brace's bits, wherever they stand. */
static void s76_end_of_a_hidden_element_is_found_at_any_place(void **state)
{
	static const char *const rests[] = {"\"y_\x7f]}[{\"",
		"\"}\", \"b\" : {\"c\" : [\"]\"]}, \"y\"", "\"a\\\"}]\"",
		"[[{}], \"_}_\", {\"y\" : \"[\"}]"};
	static const char own[] = "{\"id\" : \"own\", \"name\" : \"n\", \"user\" : \"u\"}";
	struct sbuf text;

	(void)state;
	sbuf_init(&text, 4096);
	for (size_t i = 0; i < ARRAY_LEN(rests) * 192; i++) {
		sbuf_reset(&text);
		sbuf_puts(&text, "[ {\"id\" : \"b\", \"name\" : \"n\", \"attempts\" : [{"
				 "\"sparkUser\" : \"bob\", \"pad\" : \"");
		for (size_t pad = i % 192; pad > 0; pad--)
			sbuf_putc(&text, 'y');
		sbuf_printf(&text, "\", \"a\" : %s}]}, %s ]", rests[i / 192], own);
		char *got = filter_world_read(
			LIST_HISTORY, &(struct filter_reader){.id = "own"}, sbuf_str(&text), 0);
		if (strcmp(got, "[ {\"id\" : \"own\", \"name\" : \"n\", \"user\" : \"u\"} ]") != 0)
			fail_msg("%s: %s", sbuf_str(&text).at, got);
		free(got);
	}
	sbuf_clear(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s76_driver_whose_link_is_too_long_hides_its_own_row_alone),
		cmocka_unit_test(s76_nothing_follows_a_tag_that_is_too_long_elsewhere),
		cmocka_unit_test(s76_end_of_a_hidden_element_is_found_at_any_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
