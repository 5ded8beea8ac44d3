/* Events of pods: whose they are, which are told, and what is kept of them. */
#include "proxy/discovery/pods/incidents.h"

#include "base/mem.h"
#include "base/sbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

static bool is_mine(const char *uid, const void *arg)
{
	return strcmp(uid, arg) == 0;
}

static void add(struct incidents *all, const char *uid, int second, const char *message)
{
	char *text = mem_printf("{\"involvedObject\":{\"kind\":\"Pod\",\"name\":\"p\",\"uid\":"
				"\"%s\"},\"reason\":\"R\",\"message\":\"%s\",\"lastTimestamp\":"
				"\"2026-01-31T12:%02d:%02dZ\",\"secret\":\"hunter2\"}",
		uid, message, second / 60, second % 60);

	incidents_add(all, str_of(text), is_mine, "u");
	free(text);
}

static struct incidents *incidents_new(void)
{
	return mem_alloc(1, sizeof(struct incidents));
}

static void incidents_drop(struct incidents *all)
{
	incidents_clear(all);
	free(all);
}

static void those_of_the_pod_are_told_newest_first_and_once(void **state)
{
	struct incidents *all = incidents_new();

	(void)state;
	add(all, "u", 1, "a");
	add(all, "other", 2, "b");
	add(all, "u", 3, "c");
	add(all, "u", 3, "c");
	incidents_settle(all);
	assert_int_equal(all->count, 2);
	assert_string_equal(all->at[0].it.message, "c");
	assert_string_equal(all->at[1].it.message, "a");
	incidents_drop(all);
}

static void of_many_the_newest_stay(void **state)
{
	struct incidents *all = incidents_new();
	char message[16];

	(void)state;
	for (int i = 0; i < 3 * INCIDENTS_MAX; i++) {
		snprintf(message, sizeof message, "%d", i);
		add(all, "u", i, message);
	}
	incidents_settle(all);
	assert_int_equal(all->count, INCIDENTS_MAX);
	assert_true(all->has_more);
	assert_string_equal(all->at[0].it.message, "599");
	assert_string_equal(all->at[INCIDENTS_MAX - 1].it.message, "400");
	incidents_drop(all);
}

static void what_was_kept_is_told_unless_kubernetes_tells_it_still(void **state)
{
	struct incidents *kept = incidents_new(), *all = incidents_new();
	char *text;

	(void)state;
	add(kept, "u", 1, "a");
	add(kept, "u", 2, "b");
	text = incidents_text(kept, 4096);
	assert_null(strstr(text, "hunter2"));
	add(all, "u", 9, "b"); /* it happened again */
	incidents_add_kept(all, str_of(text));
	incidents_settle(all);
	assert_int_equal(all->count, 2);
	assert_string_equal(all->at[0].it.message, "b");
	assert_string_equal(all->at[1].it.message, "a");
	incidents_add_kept(all, STR("{}"));
	incidents_add_kept(all, STR("[1,{\"message\":\"x\"}"));
	assert_int_equal(all->count, 2);
	free(text);
	incidents_drop(kept);
	incidents_drop(all);
}

static void s160_kept_events_are_bounded_and_the_newest_stay(void **state)
{
	struct incidents *kept = incidents_new(), *again = incidents_new();
	char message[3001], *text;

	(void)state;
	kept->is_cut = true;
	memset(message, 'x', sizeof message - 1);
	message[sizeof message - 1] = '\0';
	for (int i = 0; i < 100; i++) {
		message[0] = (char)('0' + i % 10);
		add(kept, "u", i, message);
	}
	text = incidents_text(kept, 8 * 1024);
	assert_in_range(strlen(text), 4 * 1024, 8 * 1024);
	incidents_add_kept(again, str_of(text));
	assert_string_equal(again->at[0].it.uid, "u");
	assert_int_equal(strlen(again->at[0].it.message), 1024);
	assert_int_equal(again->at[0].it.message[0], '9');
	free(text);
	incidents_drop(kept);
	incidents_drop(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_of_the_pod_are_told_newest_first_and_once),
		cmocka_unit_test(of_many_the_newest_stay),
		cmocka_unit_test(what_was_kept_is_told_unless_kubernetes_tells_it_still),
		cmocka_unit_test(s160_kept_events_are_bounded_and_the_newest_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
