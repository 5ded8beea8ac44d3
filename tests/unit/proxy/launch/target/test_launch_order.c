/* A launch as a record of the store has it: read as it was written, within bounds. */
#include "proxy/launch/target/launch_order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct launch_order order_of(const char *resource)
{
	struct launch_order order = {.executors = 3,
		.driver = {1, 1024},
		.executor = {2, 2048},
		.resource = mem_strdup(resource),
		.main_class = mem_strdup("org.example.Main"),
		.has_exit_code = true,
		.exit_code = -9,
		.submitted_at = 12,
		.handle = "driver-1"};

	order.arguments.at = mem_alloc(2, sizeof *order.arguments.at);
	order.arguments.at[0] = mem_strdup("--day");
	order.arguments.at[1] = mem_strdup("\"2026\"");
	order.arguments.count = 2;
	launch_pairs_set(&order.conf, "spark.sql.x", "1");
	launch_pairs_set(&order.conf, "spark.sql.x", "2");
	launch_pairs_set(&order.environment, "DAY", "Monday");
	launch_order_note(&order, 5, "asked for by %s", "ann");
	return order;
}

static void order_is_read_as_it_was_written(void **state)
{
	struct store_launch record = {.cluster = "prod", .name = "my job", .user = "ann"};
	struct launch_order want = order_of("s3a://apps/a.jar"), got;

	(void)state;
	assert_true(launch_order_write(&want, &record));
	assert_true(launch_order_read(&record, &got));
	assert_string_equal(got.cluster, "prod");
	assert_string_equal(got.name, "my job");
	assert_string_equal(got.user, "ann");
	assert_string_equal(got.resource, "s3a://apps/a.jar");
	assert_string_equal(got.main_class, "org.example.Main");
	assert_null(got.artifact);
	assert_string_equal(got.handle, "driver-1");
	assert_int_equal(got.arguments.count, 2);
	assert_string_equal(got.arguments.at[1], "\"2026\"");
	assert_int_equal(got.conf.count, 1);
	assert_string_equal(launch_pairs_find(&got.conf, "spark.sql.x"), "2");
	assert_null(launch_pairs_find(&got.conf, "spark.sql.y"));
	assert_string_equal(launch_pairs_find(&got.environment, "DAY"), "Monday");
	assert_int_equal(got.executor.memory_mib, 2048);
	assert_int_equal(got.executors, 3);
	assert_true(got.has_exit_code);
	assert_int_equal(got.exit_code, -9);
	assert_int_equal(got.submitted_at, 12);
	assert_int_equal(got.events_count, 1);
	assert_string_equal(got.events[0].text, "asked for by ann");
	launch_order_clear(&got);
	launch_order_clear(&want);
	store_launch_clear(&record);
}

static void notes_are_bounded_and_the_first_stays(void **state)
{
	struct launch_order order = order_of("file:/a.py");

	(void)state;
	for (int i = 0; i < 2 * LAUNCH_EVENTS; i++)
		launch_order_note(&order, i, "note %d", i);
	assert_int_equal(order.events_count, LAUNCH_EVENTS);
	assert_string_equal(order.events[0].text, "asked for by ann");
	assert_string_equal(order.events[LAUNCH_EVENTS - 1].text, "note 199");
	launch_order_clear(&order);
}

static void order_that_is_too_long_is_not_written(void **state)
{
	struct store_launch record = {.cluster = "prod"};
	struct launch_order order = order_of("file:/a.py");
	char *long_text = mem_alloc(1, STORE_SEALED + 1);

	(void)state;
	memset(long_text, 'x', STORE_SEALED);
	launch_pairs_set(&order.conf, "spark.sql.x", long_text);
	assert_false(launch_order_write(&order, &record));
	assert_null(record.json.at);
	launch_order_clear(&order);
	free(long_text);
}

static void what_no_gateway_wrote_is_no_order(void **state)
{
	static const char *const texts[] = {"", "[]", "{}", "{\"resource\": 1}", "{\"resource\":"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char *text = mem_strdup(texts[i]);
		struct store_launch record = {.json = {(unsigned char *)text, strlen(text)}};
		struct launch_order order;

		assert_false(launch_order_read(&record, &order));
		store_launch_clear(&record);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_is_read_as_it_was_written),
		cmocka_unit_test(notes_are_bounded_and_the_first_stays),
		cmocka_unit_test(order_that_is_too_long_is_not_written),
		cmocka_unit_test(what_no_gateway_wrote_is_no_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
