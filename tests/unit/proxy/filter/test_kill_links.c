/* What kills on the pages of Spark 3.5 and 4.3 (tests/fixtures/spark), with and without the right
 * to. */
#include "proxy/filter/kill_links.h"

#include "tests/support/cpu_time.h"
#include "tests/support/rewrite_world.h"

#include <event2/buffer.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static bool may_kill_one(const void *arg, struct str id)
{
	return str_eq(id, str_of(arg));
}

/* As the relay does it: links are mended first, and the rewriter says what may be in it.
 * `own`: of a master's page, what the reader may kill; NULL: nothing. */
static char *feed(const char *own, struct str text, size_t piece)
{
	struct kill_links *links =
		kill_links_new(&(struct kill_context){own ? may_kill_one : NULL, own});
	struct rewriter *rewriter = rewriter_new(&world_app, REWRITE_HTML);
	struct evbuffer *in = evbuffer_new(), *between = evbuffer_new(), *out = evbuffer_new();

	for (size_t at = 0; at <= text.len; at += piece) {
		bool last = text.len - at < piece;
		evbuffer_add(in, text.at + at, last ? text.len - at : piece);
		rewriter_feed(rewriter, in, between, last);
		kill_links_feed(links, between, out, rewriter_kills(rewriter), last);
		assert_int_equal(evbuffer_get_length(between), 0);
	}
	kill_links_free(links);
	rewriter_free(rewriter);
	size_t len = evbuffer_get_length(out);
	char *all = mem_alloc(len + 1, 1);
	evbuffer_remove(out, all, len);
	evbuffer_free(in);
	evbuffer_free(between);
	evbuffer_free(out);
	return all;
}

static char *feed_pieces(const char *own, struct str text)
{
	static const size_t sizes[] = {1, 2, 5, 16, 17, 64, 333, 1449, 4096};
	char *whole = feed(own, text, text.len ? text.len : 1);

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char *got = feed(own, text, sizes[i]);
		assert_string_equal(got, whole);
		free(got);
	}
	return whole;
}

static void assert_feed(const char *own, const char *text, const char *want)
{
	char *got = feed_pieces(own, str_of(text));
	char *mended = world_rewrite(&world_app, REWRITE_HTML, str_of(want), 0);

	assert_string_equal(got, mended);
	free(mended);
	free(got);
}

static char *feed_fixture(const char *name, const char *own, char **text)
{
	char path[128];

	snprintf(path, sizeof path, "tests/fixtures/spark/%s", name);
	*text = world_read_file(path, NULL);
	return feed_pieces(own, str_of(*text));
}

static size_t count(const char *text, const char *word)
{
	size_t n = 0;

	while ((text = strstr(text, word))) {
		n++;
		text++;
	}
	return n;
}

static void t42_t43_pages_of_spark_lose_all_that_kills_and_nothing_else(void **state)
{
	static const struct {
		const char *name;
		size_t killers;
	} rows[] = {{"3.5/driver-jobs.ctx.html", 1}, {"3.5/driver-stages.ctx.html", 1},
		{"3.5/master.ctx.html", 3}, {"4.3/driver-jobs.ctx.html", 1},
		{"4.3/driver-stages.ctx.html", 1}, {"4.3/master.ctx.html", 3},
		{"4.3/driver-environment.ctx.html", 0}, {"4.3/driver-threaddump.ctx.html", 0},
		{"3.5/worker.ctx.html", 0}, {"4.3/history.ctx.html", 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text, *got = feed_fixture(rows[i].name, NULL, &text);
		assert_int_equal(count(text, "(kill)"), rows[i].killers);
		assert_int_equal(count(got, "(kill)"), 0);
		assert_int_equal(count(got, "/kill/"), 0);
		assert_int_equal(count(got, "csrfToken"), 0);
		assert_int_equal(count(got, "<td>"), count(text, "<td>"));
		assert_int_equal(count(got, "name-link"), count(text, "name-link"));
		char *mended = world_rewrite(&world_app, REWRITE_HTML, str_of(text), 0);
		if (rows[i].killers == 0)
			assert_string_equal(got, mended);
		free(mended);
		free(got);
		free(text);
	}
}

static void t43_form_of_what_one_may_kill_stays_on_a_masters_page(void **state)
{
	static const struct {
		const char *name, *own;
	} rows[] = {{"3.5/master.ctx.html", "app-20261121053358-0001"},
		{"4.3/master.ctx.html", "app-20261121053257-0001"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char value[64], *text, *got = feed_fixture(rows[i].name, rows[i].own, &text);
		snprintf(value, sizeof value, "value=\"%s\"", rows[i].own);
		assert_int_equal(count(got, "(kill)"), 1);
		assert_int_equal(count(got, value), 1);
		free(got);
		free(text);
	}
}

#define LINK "<a href=\"/m/jobs/job/kill/?id=7\" onclick=\"x\" class=\"kill-link\">(kill)</a>"

static void link_goes_wherever_it_stands(void **state)
{
	(void)state;
	assert_feed(NULL, LINK, "");
	assert_feed(NULL, "<p>a" LINK "b" LINK "c</p>", "<p>abc</p>");
	assert_feed(NULL, "<a href='/stages/stage/kill/?id=12'>x</a>.", ".");
}

static void what_only_looks_like_it_stays(void **state)
{
	static const char *const texts[] = {"/kill/", "<a href=\"/jobs/job/?id=7\">/kill/?id=7</a>",
		"<a href=\"/kill/me\">x</a>", "<a title=\"/kill/?id=7\">x</a>",
		"<abbr href=\"/kill/?id=7\">x</abbr>", "<form action=\"/kill/x\">y</form>",
		"<a href=\"/jobs/job/kill/?id=7\" class=", "<form action=\"app/kill/\">",
		"<a href=\"/jobs/job/kill/?id=7\">(kill)<b>x</b>", "a < b /kill/", "<"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_feed(NULL, texts[i], texts[i]);
}

static void element_of_more_than_8_kib_stays(void **state)
{
	struct sbuf text;

	(void)state;
	sbuf_init(&text, 64 * 1024);
	sbuf_puts(&text, "<form action=\"app/kill/\">");
	while (text.len < 9000)
		sbuf_puts(&text, "lengthy ");
	sbuf_puts(&text, "</form>" LINK ".");
	char *got = feed_pieces(NULL, sbuf_str(&text));
	assert_int_equal(count(got, "(kill)"), 0);
	assert_int_equal(strlen(got), text.len - strlen(LINK));
	free(got);
	sbuf_clear(&text);
}

/* The fastest of three times, in microseconds: `begin`, and then `part` again and again. */
static int64_t time_of(const char *begin, const char *part)
{
	int64_t best = INT64_MAX;
	struct sbuf text;

	sbuf_init(&text, 1024 * 1024 + 64);
	sbuf_puts(&text, begin);
	while (text.len < 1024 * 1024)
		sbuf_puts(&text, part);
	for (int i = 0; i < 3; i++) {
		int64_t since = cpu_time_us();
		char *got = feed(NULL, sbuf_str(&text), 64 * 1024);
		int64_t took = cpu_time_us() - since;
		best = took < best ? took : best;
		assert_int_equal(strlen(got), text.len);
		free(got);
	}
	sbuf_clear(&text);
	return best;
}

/* A driver writes its pages as it likes: with marks alone it took 100 times as long. */
static void text_full_of_marks_is_looked_through_once(void **state)
{
	static const char *const begins[] = {
		"", "<a title=\"", "<a href=\"x\">", "<form action=\"x\">"};
	int64_t usual = time_of("", "<b>/kill/");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(begins); i++)
		assert_true(time_of(begins[i], "/kill/") < 10 * usual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t42_t43_pages_of_spark_lose_all_that_kills_and_nothing_else),
		cmocka_unit_test(t43_form_of_what_one_may_kill_stays_on_a_masters_page),
		cmocka_unit_test(link_goes_wherever_it_stands),
		cmocka_unit_test(what_only_looks_like_it_stays),
		cmocka_unit_test(element_of_more_than_8_kib_stays),
		cmocka_unit_test(text_full_of_marks_is_looked_through_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
