/* Time for intervals and for people. */
#include "base/clock.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static void times_for_people_are_rfc3339_in_utc(void **state)
{
	char text[32];

	(void)state;
	clock_format(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00.000Z");
	clock_format(1769860800123, text);
	assert_string_equal(text, "2026-01-31T12:00:00.123Z");
}

static void only_what_is_written_is_read_back(void **state)
{
	static const char *const not_ours[] = {"", "2026-01-31", "2026-01-31T12:00:00Z",
		"2026-02-30T12:00:00.123Z", "2026-01-31T12:00:00.123+", " 026-01-31T12:00:00.123Z",
		"2026-01-31T12:00:00.12345", "2026-01-31 12:00:00.123Z"};

	(void)state;
	assert_int_equal(clock_parse(STR("2026-01-31T12:00:00.123Z")), 1769860800123);
	for (size_t i = 0; i < sizeof not_ours / sizeof not_ours[0]; i++)
		assert_int_equal(clock_parse(str_of(not_ours[i])), 0);
}

static void times_of_others_are_read_and_what_is_none_is_not(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {{"2026-01-31", 1769817600000}, {"2026-01-31T12:00", 1769860800000},
		{"2026-01-31T12:00Z", 1769860800000}, {"2026-01-31T12:00:00Z", 1769860800000},
		{"2026-01-31T12:00:00+00:00", 1769860800000},
		{"2026-01-31T12:00:00.1Z", 1769860800100},
		{"2026-01-31T12:00:00.123456789Z", 1769860800123}, {"1970-01-01", 0}, {"", -1},
		{"2026-01-31Z", -1}, {"2026-01-31T12", -1}, {"2026-13-31", -1}, {"2026-01-32", -1},
		{"2026-01-31T24:00", -1}, {"2026-01-31T12:60", -1}, {"2026-01-31T12:00:60", -1},
		{"2026-01-31T12:00:00.", -1}, {"2026-01-31T12:00:00.1234567890", -1},
		{"2026-01-31T12:00:00+01:00", -1}, {"2026-01-31 12:00", -1}, {"1969-12-31", -1},
		{"2026-1-031", -1}, {"<b>26-01-31", -1}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(clock_read(str_of(rows[i].text)), rows[i].ms);
}

static void interval_clock_never_goes_back(void **state)
{
	int64_t last = clock_mono_us();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int64_t now = clock_mono_us();
		assert_true(now >= last);
		last = now;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_for_people_are_rfc3339_in_utc),
		cmocka_unit_test(only_what_is_written_is_read_back),
		cmocka_unit_test(times_of_others_are_read_and_what_is_none_is_not),
		cmocka_unit_test(interval_clock_never_goes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
