/* What the home page's search finds, and that nobody makes it slow (S62). */
#include "proxy/pages/page_query.h"

#include "base/mem.h"
#include "tests/support/cpu_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { APPS = 20000, NAME = 512, SLOWER = 20 };

static bool finds(const char *name, const char *q)
{
	struct app_info app = {.id = "", .name = name, .user = ""};
	struct page_query query;
	struct sbuf raw;

	sbuf_init(&raw, 4096);
	sbuf_puts(&raw, "q=");
	sbuf_urlencode(&raw, str_of(q));
	page_query_parse(&query, sbuf_str(&raw));
	sbuf_clear(&raw);
	return page_query_selects(&query, &app);
}

static void search_finds_a_text_wherever_it_lies_in_any_case(void **state)
{
	(void)state;
	assert_true(finds("Nightly Rollup", "night"));
	assert_true(finds("Nightly Rollup", "LUP"));
	assert_true(finds("aab", "ab"));
	assert_true(finds("aaaaab", "aaab"));
	assert_true(finds("abababac", "ababac"));
	assert_true(finds("anything", ""));
	assert_false(finds("Nightly", "nightly rollup"));
	assert_false(finds("", "a"));
}

/* Texts of two letters, so that beginnings come again and again. */
static void search_finds_what_a_look_at_each_place_finds(void **state)
{
	char name[17], q[9];

	(void)state;
	for (unsigned n = 0; n < 1u << 16; n += 7) {
		unsigned len = 1 + n % 8;
		for (unsigned i = 0; i < 16; i++)
			name[i] = (n >> i & 1) ? 'a' : 'b';
		name[16] = '\0';
		for (unsigned i = 0; i < len; i++)
			q[i] = (n * 2654435761u >> (i + 8) & 1) ? 'a' : 'b';
		q[len] = '\0';
		if (finds(name, q) != (strstr(name, q) != NULL))
			fail_msg("%s in %s", q, name);
	}
}

static int64_t search_us(const char *name, const char *q)
{
	struct app_info app = {.id = "", .name = name, .user = ""};
	struct page_query query;
	struct sbuf raw;
	size_t found = 0;

	sbuf_init(&raw, 4096);
	sbuf_printf(&raw, "q=%s", q);
	page_query_parse(&query, sbuf_str(&raw));
	sbuf_clear(&raw);
	int64_t since = cpu_time_us();
	for (size_t i = 0; i < APPS; i++)
		found += page_query_selects(&query, &app);
	assert_int_equal(found, 0);
	return cpu_time_us() - since;
}

static void s62_names_made_to_be_almost_found_cost_hardly_more_than_others(void **state)
{
	char name[NAME + 1], q[QUERY_TEXT_MAX + 1];

	(void)state;
	memset(name, 'a', NAME);
	name[NAME] = '\0';
	memset(q, 'z', QUERY_TEXT_MAX);
	q[QUERY_TEXT_MAX] = '\0';
	int64_t common = search_us(name, q);
	memset(q, 'a', QUERY_TEXT_MAX);
	q[QUERY_TEXT_MAX - 1] = 'b';
	int64_t hostile = search_us(name, q);
	print_message("%d names of %d letters: %lld us, hostile %lld us\n", APPS, NAME,
		(long long)common, (long long)hostile);
	assert_true(hostile < SLOWER * (common + 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(search_finds_a_text_wherever_it_lies_in_any_case),
		cmocka_unit_test(search_finds_what_a_look_at_each_place_finds),
		cmocka_unit_test(s62_names_made_to_be_almost_found_cost_hardly_more_than_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
