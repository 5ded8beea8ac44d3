/* Lists of applications are kept once for all that have the same, and bounded. */
#include "proxy/discovery/known/app_lists.h"

#include "proxy/discovery/known/cluster.h"
#include "tests/support/pod_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct access_lists of_viewers(const char *view)
{
	return (struct access_lists){view, "", "", "", "", ""};
}

static struct app *add(struct pod_world *w, unsigned number)
{
	char id[32];
	struct app *a;

	snprintf(id, sizeof id, "app-%u", number);
	a = (struct app *)known_ui_add(pod_world_cluster(w), KNOWN_UI_APP, id);
	a->started_ms = number;
	return a;
}

static void applications_with_the_same_lists_share_them(void **state)
{
	struct pod_world *w = *state;
	struct app *a = add(w, 1), *b = add(w, 2), *c = add(w, 3);
	struct access_lists same = of_viewers("alice"), other = of_viewers("bob");

	assert_null(app_lists_of(a));
	assert_true(app_lists_keep(a, &same));
	assert_true(app_lists_keep(b, &same));
	assert_true(app_lists_keep(c, &other));
	assert_ptr_equal(app_lists_of(a), app_lists_of(b));
	assert_string_equal(app_lists_of(a)->view, "alice");
	assert_string_equal(app_lists_of(c)->view, "bob");
	app_lists_forget(a);
	assert_null(app_lists_of(a));
	assert_string_equal(app_lists_of(b)->view, "alice");
	known_ui_free(&b->known);
	assert_int_equal(pod_world_cluster(w)->lists_bytes, strlen("bob") + 6);
	assert_int_equal(pod_world_cluster(w)->lists_apps, 1);
}

static void lists_that_differ_in_their_kind_are_not_the_same(void **state)
{
	struct pod_world *w = *state;
	struct app *a = add(w, 1), *b = add(w, 2);
	struct access_lists view = {"alice", "", "", "", "", ""};
	struct access_lists group = {"", "alice", "", "", "", ""};

	assert_true(app_lists_keep(a, &view));
	assert_true(app_lists_keep(b, &group));
	assert_string_equal(app_lists_of(a)->view, "alice");
	assert_string_equal(app_lists_of(b)->view, "");
	assert_string_equal(app_lists_of(b)->view_groups, "alice");
}

static void first_lists_stay(void **state)
{
	struct pod_world *w = *state;
	struct app *a = add(w, 1);
	struct access_lists first = of_viewers("alice"), later = of_viewers("mallory");

	assert_true(app_lists_keep(a, &first));
	assert_true(app_lists_keep(a, &later));
	assert_string_equal(app_lists_of(a)->view, "alice");
}

static void lists_that_are_too_long_are_not_kept(void **state)
{
	struct pod_world *w = *state;
	struct app *a = add(w, 1);
	char *text = mem_alloc(LISTS_TEXT_MAX, 1);
	struct access_lists lists = of_viewers(text);

	memset(text, 'a', LISTS_TEXT_MAX - 5);
	assert_false(app_lists_keep(a, &lists));
	text[LISTS_TEXT_MAX - 6] = '\0';
	assert_true(app_lists_keep(a, &lists));
	free(text);
}

static void oldest_that_have_ended_give_way(void **state)
{
	struct pod_world *w = *state;
	struct access_lists lists = of_viewers("alice");
	struct app *running = add(w, 1), *oldest = add(w, 2), *newer;

	running->running = true;
	assert_true(app_lists_keep(running, &lists));
	assert_true(app_lists_keep(oldest, &lists));
	for (unsigned i = 2; i < LISTS_APPS_MAX; i++)
		assert_true(app_lists_keep(add(w, 10 + i), &lists));
	newer = add(w, 5);
	assert_true(app_lists_keep(newer, &lists));
	assert_null(app_lists_of(oldest));
	assert_true(oldest->has_no_lists);
	assert_non_null(app_lists_of(running));
	assert_false(app_lists_keep(add(w, 3), &lists)); /* itself the oldest */
	assert_int_equal(pod_world_cluster(w)->lists_apps, LISTS_APPS_MAX);
}

static void bytes_of_all_lists_are_bounded(void **state)
{
	struct pod_world *w = *state;
	char text[LISTS_TEXT_MAX];

	memset(text, 'a', sizeof text);
	text[sizeof text - 6] = '\0';
	for (unsigned i = 0; i < LISTS_BYTES_MAX / LISTS_TEXT_MAX + 100; i++) {
		struct access_lists lists = of_viewers(text);
		char number[8];

		snprintf(number, sizeof number, "%07u", i);
		memcpy(text, number, 7);
		assert_true(app_lists_keep(add(w, i + 1), &lists));
		assert_true(pod_world_cluster(w)->lists_bytes <= LISTS_BYTES_MAX);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pod_world_set_up, pod_world_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(applications_with_the_same_lists_share_them),
		TEST(lists_that_differ_in_their_kind_are_not_the_same),
		TEST(first_lists_stay),
		TEST(lists_that_are_too_long_are_not_kept),
		TEST(oldest_that_have_ended_give_way),
		TEST(bytes_of_all_lists_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
