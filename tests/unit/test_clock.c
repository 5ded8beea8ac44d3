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
		cmocka_unit_test(interval_clock_never_goes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
