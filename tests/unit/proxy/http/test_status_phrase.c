#include "proxy/http/status_phrase.h"

#include "proxy/http/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_fault_has_a_status_with_a_name(void **state)
{
	(void)state;
	for (int fault = FAULT_NONE + 1; fault < FAULT_COUNT; fault++) {
		int status = fault_row((enum fault)fault)->status;
		if (status != 0 && strcmp(status_phrase(status), "Status") == 0)
			fail_msg("%d has no name", status);
	}
}

static void others_are_called_status(void **state)
{
	(void)state;
	assert_string_equal(status_phrase(406), "Not Acceptable");
	assert_string_equal(status_phrase(415), "Unsupported Media Type");
	assert_string_equal(status_phrase(422), "Unprocessable Content");
	assert_string_equal(status_phrase(501), "Not Implemented");
	assert_string_equal(status_phrase(799), "Status");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fault_has_a_status_with_a_name),
		cmocka_unit_test(others_are_called_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
