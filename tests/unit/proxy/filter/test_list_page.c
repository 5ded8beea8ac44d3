/* The first page of a history server, as 3.5 and 4.3 wrote it (tests/fixtures/spark): who may see
 * none of its applications does not learn whether there are any (T68). */
#include "tests/support/filter_world.h"
#include "tests/support/rewrite_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct filter_reader somebody = {.id = "own"}, nobody = {.id = NULL};

static const struct page {
	const char *file, *none; /* what stands there if there is none: FsHistoryProvider.scala */
} pages[] = {
	{"3.5/history.ctx.html", "<h4>No completed applications found!</h4><p>\n"
				 "      Did you specify the correct logging directory?</p>"},
	{"3.5/history-incomplete.ctx.html", "<h4>No incomplete applications found!</h4>"},
	{"4.3/history.ctx.html", "<h4>No completed applications found!</h4><p>\n"
				 "      Did you specify the correct logging directory?</p>"},
	{"4.3/history-incomplete.ctx.html", "<h4>No incomplete applications found!</h4>"},
};

static char *read_page(const struct page *page)
{
	char path[128];

	snprintf(path, sizeof path, "tests/fixtures/spark/%s", page->file);
	return world_read_file(path, NULL);
}

/* The same with `text` in place of what is between two marks; keeps the marks. */
static char *replace(const char *page, const char *from, const char *to, const char *text)
{
	const char *begin = strstr(page, from), *end;

	assert_non_null(begin);
	begin += strlen(from);
	end = strstr(begin, to);
	assert_non_null(end);
	return mem_printf("%.*s%s%s", (int)(begin - page), page, text, end);
}

static const char zone[] = "<span id=\"time-zone\"></span></p>";

static char *without_applications(const struct page *page, const char *text)
{
	bool is_old = page->file[0] == '3';

	return is_old ? replace(text, zone, "<a href", page->none)
		      : replace(text, "</p>\n      </div><div class=\"container-fluid\">",
				"</div><div", page->none);
}

static char *with_logs_under_way(const char *text)
{
	return replace(text, "</ul>", "<p>Last updated",
		"\n   <p>There are 3 event log(s) currently being\n processed which may result in "
		"additional applications getting listed on this page.</p>\n");
}

static void t68_page_of_who_sees_none_is_the_same_whatever_there_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		char *some = read_page(&pages[i]), *none = without_applications(&pages[i], some);
		char *texts[] = {some, none, with_logs_under_way(some), with_logs_under_way(none)};
		char *want = filter_world_pieces(LIST_HISTORY_PAGE, &nobody, str_of(some));

		assert_non_null(strstr(want, "<h4>No "));
		assert_non_null(strstr(want, "showIncomplete="));
		assert_non_null(strstr(want, "Last updated: "));
		assert_non_null(strstr(want, "</html>"));
		assert_null(strstr(want, "history-summary"));
		for (size_t k = 0; k < ARRAY_LEN(texts); k++) {
			char *got =
				filter_world_pieces(LIST_HISTORY_PAGE, &nobody, str_of(texts[k]));
			assert_string_equal(got, want);
			free(got);
			free(texts[k]);
		}
		free(want);
	}
}

static void page_of_who_sees_some_has_its_table_and_no_count_of_logs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		char *some = read_page(&pages[i]), *more = with_logs_under_way(some);
		char *got = filter_world_pieces(LIST_HISTORY_PAGE, &somebody, str_of(some));
		char *other = filter_world_pieces(LIST_HISTORY_PAGE, &somebody, str_of(more));

		assert_string_equal(got, other);
		assert_non_null(strstr(got, "history-summary"));
		assert_null(strstr(got, "<h4>No "));
		free(some);
		free(more);
		free(got);
		free(other);
	}
}

static void t68_page_of_another_form_is_not_passed_on(void **state)
{
	static const char *const texts[] = {"", "<html>There are 7 applications</html>",
		"<ul></ul><p>Last updated: <span id=\"time-zone\"></span></p><p>7</p>",
		"<a href=\"/?showIncomplete=true\">x</a><ul></ul><p>Last updated: "
		"<span id=\"time-zone\"></span></p>",
		"<p>Last updated: <ul></ul><span id=\"time-zone\"></span></p>"
		"<a href=\"/?showIncomplete=true\">x</a>",
		"<ul></ul><p>Last updated: <span id=\"time-zone\"></span></p>?showIncomplete=true"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char *got = filter_world_pieces(LIST_HISTORY_PAGE, &somebody, str_of(texts[i]));
		assert_string_equal(got, "");
		free(got);
	}
}

static void t68_page_of_more_than_32_kib_is_not_passed_on(void **state)
{
	char *page = read_page(&pages[0]);
	char *filler = mem_alloc(33 * 1024, 1), *longer;

	(void)state;
	memset(filler, ' ', 33 * 1024 - 1);
	longer = replace(page, "</ul>", "<p>Last updated", filler);
	char *got = filter_world_read(LIST_HISTORY_PAGE, &somebody, str_of(longer), 1000);
	assert_string_equal(got, "");
	free(got);
	free(longer);
	free(filler);
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t68_page_of_who_sees_none_is_the_same_whatever_there_is),
		cmocka_unit_test(page_of_who_sees_some_has_its_table_and_no_count_of_logs),
		cmocka_unit_test(t68_page_of_another_form_is_not_passed_on),
		cmocka_unit_test(t68_page_of_more_than_32_kib_is_not_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
