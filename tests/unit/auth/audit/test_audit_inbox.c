/* Audit lines on their way into the store (S77). */
#include "auth/audit/audit_inbox.h"

#include "base/log/log.h"
#include "tests/support/store_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

static int set_up(void **state)
{
	audit_inbox_open();
	return store_world_memory(state);
}

static int tear_down(void **state)
{
	audit_inbox_close();
	return store_world_free(state);
}

static struct store *store_of(void **state)
{
	return ((struct store_world *)*state)->store;
}

/* Without its line: thousands would be seen by who runs the tests. */
static void audit(const char *user, const char *app)
{
	const struct log_field fields[] = {{"user", str_of(user), false},
		{"app_id", str_of(app), false}, {"status", STR("200"), true},
		{"dur_ms", STR("1.5"), true}, {"decision", STR("allow"), false}};
	int err = dup(STDERR_FILENO), none = open("/dev/null", O_WRONLY);

	dup2(none, STDERR_FILENO);
	log_audit("kill", fields, ARRAY_LEN(fields));
	dup2(err, STDERR_FILENO);
	close(err);
	close(none);
}

struct found {
	size_t count;
	char user[32], fields[256];
};

static void on_event(void *arg, const struct store_audit *event)
{
	struct found *found = arg;

	found->count++;
	snprintf(found->user, sizeof found->user, "%s", event->user);
	snprintf(found->fields, sizeof found->fields, "%s", event->fields);
}

static struct found look_for(struct store *store, const char *user)
{
	const struct store_audit_query query = {.user = user, .limit = STORE_AUDIT_PAGE};
	struct found found = {.count = 0};
	char next[STORE_AUDIT_ID];

	assert_int_equal(store->ops->audit_list(store, &query, next, on_event, &found), 0);
	return found;
}

static void s77_a_line_becomes_an_event_that_says_the_same(void **state)
{
	struct store *store = store_of(state);

	audit("ann", "app-1");
	assert_int_equal(audit_inbox_save(store), 0);
	struct found found = look_for(store, "ann");
	assert_int_equal(found.count, 1);
	assert_string_equal(found.fields, "{\"action\":\"kill\",\"user\":\"ann\","
					  "\"app_id\":\"app-1\",\"status\":200,"
					  "\"decision\":\"allow\"}");
	assert_int_equal(audit_inbox_save(store), 0);
	assert_int_equal(look_for(store, NULL).count, 1); /* once */
}

static void s77_what_is_looked_for_has_no_control_characters(void **state)
{
	struct store *store = store_of(state);

	audit("ann\n0123\tx", "");
	assert_int_equal(audit_inbox_save(store), 0);
	struct found found = look_for(store, "ann?0123?x");
	assert_int_equal(found.count, 1);
	assert_non_null(strstr(found.fields, "ann\\n0123\\tx"));
}

/* A store that fails as often as it is told. */
static int left_to_fail;
static const struct store_ops *real_ops;

static int fail_to_add(struct store *store, const struct store_audit *const *events, size_t count)
{
	if (left_to_fail == 0)
		return real_ops->audit_add(store, events, count);
	left_to_fail--;
	return -1;
}

static void s77_events_wait_while_the_store_is_silent_and_are_there_afterwards(void **state)
{
	struct store *store = store_of(state);
	struct store_ops ops = *store->ops;

	real_ops = store->ops;
	ops.audit_add = fail_to_add;
	store->ops = &ops;
	left_to_fail = 2;
	audit("ann", "");
	assert_int_equal(audit_inbox_save(store), -1);
	audit("bob", "");
	assert_int_equal(audit_inbox_save(store), -1);
	assert_int_equal(look_for(store, NULL).count, 0);
	assert_int_equal(audit_inbox_save(store), 0);
	assert_int_equal(look_for(store, NULL).count, 2);
	store->ops = real_ops;
}

static void s77_too_many_events_are_counted_and_the_first_ones_stay(void **state)
{
	struct store *store = store_of(state);
	uint64_t lost = audit_inbox_lost().full;

	audit("first", "");
	for (size_t i = 0; i < AUDIT_INBOX_EVENTS + 9; i++)
		audit("many", "");
	assert_int_equal(audit_inbox_lost().full - lost, 10);
	assert_int_equal(audit_inbox_save(store), 0);
	assert_int_equal(look_for(store, "first").count, 1);
	audit("later", "");
	assert_int_equal(audit_inbox_save(store), 0);
	assert_int_equal(look_for(store, "later").count, 1);
}

static void s77_strangers_push_out_nobody(void **state)
{
	struct store *store = store_of(state);
	uint64_t lost = audit_inbox_lost().strangers;

	for (size_t i = 0; i < 3 * AUDIT_STRANGERS; i++)
		audit("", "");
	audit("ann", "");
	assert_int_equal(audit_inbox_save(store), 0);
	assert_int_equal(look_for(store, "ann").count, 1);
	/* A minute may have begun in between. */
	assert_true(look_for(store, NULL).count <= 2 * AUDIT_STRANGERS + 1);
	assert_true(audit_inbox_lost().strangers - lost >= AUDIT_STRANGERS);
}

static void s77_a_line_that_is_too_long_is_counted(void **state)
{
	char *user = mem_alloc(1, STORE_AUDIT_FIELDS + 1);
	uint64_t lost = audit_inbox_lost().full;

	(void)state;
	memset(user, 'u', STORE_AUDIT_FIELDS);
	audit(user, "");
	assert_int_equal(audit_inbox_lost().full - lost, 1);
	free(user);
}

static void s77_the_last_events_stay_and_the_oldest_go(void **state)
{
	enum { BATCH = 1000, MORE = 3 };
	struct store *store = store_of(state);
	struct store_audit *events = mem_alloc(BATCH, sizeof *events);
	const struct store_audit **all = mem_alloc(BATCH, sizeof *all);
	int64_t at = (int64_t)STORE_WORLD_NOW * 1000;

	for (size_t round = 0; round < STORE_AUDIT_EVENTS / BATCH + MORE; round++) {
		for (size_t i = 0; i < BATCH; i++) {
			events[i] = (struct store_audit){.user = "ann",
				.action = round < MORE ? "early" : "late",
				.app_id = "",
				.app_name = "",
				.fields = "{}"};
			store_audit_new_id(at++, events[i].id);
			all[i] = &events[i];
		}
		assert_int_equal(store->ops->audit_add(store, all, BATCH), 0);
	}
	const struct store_audit_query early = {.action = "early", .limit = 1};
	const struct store_audit_query first = {
		.until_ms = at - STORE_AUDIT_EVENTS + 1, .limit = 2};
	struct found found = {.count = 0};
	char next[STORE_AUDIT_ID];
	assert_int_equal(store->ops->audit_list(store, &early, next, on_event, &found), 0);
	assert_int_equal(found.count, 0);
	assert_int_equal(store->ops->audit_list(store, &first, next, on_event, &found), 0);
	assert_int_equal(found.count, 1); /* the oldest of the last 100,000 is there */
	free(events);
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s77_a_line_becomes_an_event_that_says_the_same),
		cmocka_unit_test(s77_what_is_looked_for_has_no_control_characters),
		cmocka_unit_test(
			s77_events_wait_while_the_store_is_silent_and_are_there_afterwards),
		cmocka_unit_test(s77_too_many_events_are_counted_and_the_first_ones_stay),
		cmocka_unit_test(s77_strangers_push_out_nobody),
		cmocka_unit_test(s77_a_line_that_is_too_long_is_counted),
		cmocka_unit_test(s77_the_last_events_stay_and_the_oldest_go),
	};
	struct CMUnitTest each[ARRAY_LEN(tests)];

	memcpy(each, tests, sizeof each);
	for (size_t i = 0; i < ARRAY_LEN(each); i++) {
		each[i].setup_func = set_up;
		each[i].teardown_func = tear_down;
	}
	return cmocka_run_group_tests(each, NULL, NULL);
}
