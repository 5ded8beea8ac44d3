/* Links of a long page that are where they were the last time are not looked up again, and any that
 * are not, are. */
#include "proxy/rewrite/link_memo.h"

#include "base/mem.h"
#include "base/sbuf.h"
#include "tests/support/rewrite_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { WORKERS = 300 };

struct world {
	struct link_memo *memo;
	struct rewrite_context context;
	unsigned looked_up;
	char mounts[2][LINK_MEMO_MAX + 10][24]; /* of two snapshots */
	unsigned snapshot;
};

static const char *find_authority(const void *arg, struct str authority)
{
	union {
		const void *shared;
		struct world *ours;
	} world = {arg};
	char text[32];
	unsigned number = 0;

	world.ours->looked_up++;
	if (!str_copy(authority, text, sizeof text) || sscanf(text, "w%u:1", &number) != 1)
		return NULL;
	return world.ours->mounts[world.ours->snapshot][number];
}

static const char *find_nothing(const void *arg, struct str id)
{
	(void)arg, (void)id;
	return NULL;
}

static int setup(void **state)
{
	struct world *w = mem_alloc(1, sizeof *w);

	for (int snapshot = 0; snapshot < 2; snapshot++) {
		for (unsigned i = 0; i < ARRAY_LEN(w->mounts[0]); i++)
			snprintf(w->mounts[snapshot][i], sizeof w->mounts[0][0], "/c/proxy/%c-%u",
				'a' + snapshot, i);
	}
	w->memo = link_memo_new();
	w->context = world_context("/c/proxy/master", "m:1");
	w->context.cluster_root = "/c";
	w->context.find_authority = find_authority;
	w->context.find_id = find_nothing;
	w->context.arg = w;
	w->context.memo = w->memo;
	w->context.snapshot = 1;
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	link_memo_free(w->memo);
	free(w);
	return 0;
}

/* Of workers from `first` on, as `step` goes. */
static char *page_of(unsigned first, unsigned count, unsigned step)
{
	struct sbuf page;

	sbuf_init(&page, 4 * 1024 * 1024);
	for (unsigned i = 0; i < count; i++)
		sbuf_printf(&page, "<a href=\"http://w%u:1\">", first + i * step);
	return sbuf_take(&page);
}

static char *wanted_of(char letter, unsigned first, unsigned count, unsigned step)
{
	struct sbuf page;

	sbuf_init(&page, 4 * 1024 * 1024);
	for (unsigned i = 0; i < count; i++)
		sbuf_printf(&page, "<a href=\"/c/proxy/%c-%u/\">", letter, first + i * step);
	return sbuf_take(&page);
}

/* The page, however it is cut; gives how many of its links were looked up. */
static unsigned pass(struct world *w, unsigned first, unsigned count, unsigned step)
{
	char *page = page_of(first, count, step),
	     *want = wanted_of((char)('a' + w->snapshot), first, count, step);
	unsigned before = w->looked_up;
	char *got = world_rewrite(&w->context, REWRITE_HTML, str_of(page), 1000);

	assert_string_equal(got, want);
	free(got);
	free(want);
	free(page);
	return w->looked_up - before;
}

static void page_that_comes_again_is_not_looked_up_again(void **state)
{
	struct world *w = *state;

	assert_int_equal(pass(w, 0, WORKERS, 1), WORKERS);
	assert_true(pass(w, 0, WORKERS, 1) < WORKERS + 1); /* from its first link on, now */
	assert_int_equal(pass(w, 0, WORKERS, 1), 0);
	assert_int_equal(pass(w, 0, WORKERS, 1), 0);
}

static void new_snapshot_is_asked_anew(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++)
		pass(w, 0, WORKERS, 1);
	w->snapshot = 1;
	w->context.snapshot = 2;
	assert_int_equal(pass(w, 0, WORKERS, 1), WORKERS);
	for (int i = 0; i < 3; i++)
		pass(w, 0, WORKERS, 1);
	assert_int_equal(pass(w, 0, WORKERS, 1), 0);
}

static void page_of_another_mount_or_host_is_asked_anew(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++)
		pass(w, 0, WORKERS, 1);
	w->context.origin = "https://other.example";
	assert_int_equal(pass(w, 0, 10, 1), 10);
	w->context.origin = "https://gw.example";
	w->context.mount = "/c/proxy/other";
	assert_int_equal(pass(w, 0, 10, 1), 10);
	w->context.mount = "/c/proxy/master"; /* short pages have not taken its place */
	assert_int_equal(pass(w, 0, WORKERS, 1), 0);
}

static void links_in_another_order_are_right_too(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++)
		pass(w, 0, WORKERS, 1);
	assert_true(pass(w, 1, WORKERS, 1) > 0); /* the first one is gone */
	assert_int_equal(pass(w, 1, WORKERS, 1), 0);
	pass(w, 0, WORKERS, 7);
	assert_int_equal(pass(w, 0, WORKERS, 7), 0);
	pass(w, 0, 20, 1); /* shorter than before */
	assert_int_equal(pass(w, 0, 20, 1), 0);
}

static void pages_that_pass_at_the_same_time_do_not_mix(void **state)
{
	struct world *w = *state;
	struct link_memo_key keys[2] = {{1, "/one", "o"}, {1, "/two", "o"}};
	struct link_memo_reader readers[2];
	struct link_edit edit;

	for (int i = 0; i < 2; i++)
		link_memo_open(&readers[i], w->memo, &keys[i]);
	for (unsigned i = 0; i < 2 * WORKERS; i++) {
		const struct str link = STR("http://same:1");
		struct link_edit known = {link.len, STR(""), STR("/a"), true};
		if (i % 2)
			known.with = STR("/b");
		if (link_memo_find(&readers[i % 2], link, &edit))
			assert_true(str_eq(edit.with, known.with));
		else
			link_memo_note(&readers[i % 2], link, &known);
	}
	for (int i = 0; i < 2; i++) {
		link_memo_open(&readers[i], w->memo, &keys[i]);
		while (link_memo_find(&readers[i], STR("http://same:1"), &edit))
			assert_true(str_eq(edit.with, i ? STR("/b") : STR("/a")));
	}
}

static void longest_page_has_its_end_looked_up(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 2; i++)
		pass(w, 0, LINK_MEMO_MAX + 5, 1);
	assert_int_equal(pass(w, 0, LINK_MEMO_MAX + 5, 1), 5);
}

static void page_with_a_root_of_its_own_is_not_remembered(void **state)
{
	struct world *w = *state;
	struct sbuf page;

	for (int i = 0; i < 3; i++)
		pass(w, 0, WORKERS, 1);
	sbuf_init(&page, 1024);
	sbuf_puts(&page, "<script>setUIRoot('http://w1:1')</script><a href=\"http://w1:1/x\">");
	char *got = world_rewrite(&w->context, REWRITE_HTML, sbuf_str(&page), 0);
	assert_non_null(strstr(got, "<a href=\"/c/proxy/master/x\">"));
	free(got);
	sbuf_clear(&page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			page_that_comes_again_is_not_looked_up_again, setup, teardown),
		cmocka_unit_test_setup_teardown(new_snapshot_is_asked_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(
			page_of_another_mount_or_host_is_asked_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(
			links_in_another_order_are_right_too, setup, teardown),
		cmocka_unit_test_setup_teardown(
			pages_that_pass_at_the_same_time_do_not_mix, setup, teardown),
		cmocka_unit_test_setup_teardown(
			longest_page_has_its_end_looked_up, setup, teardown),
		cmocka_unit_test_setup_teardown(
			page_with_a_root_of_its_own_is_not_remembered, setup, teardown),
	};

	return cmocka_run_group_tests_name("link_memo", tests, NULL, NULL);
}
