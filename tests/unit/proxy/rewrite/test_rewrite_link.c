/* What is written into quotes cannot leave them. */
#include "base/mem.h"
#include "tests/support/rewrite_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void check_mount_with(char *mount, size_t at, char c)
{
	struct rewrite_context context = world_context(mount, "10.0.0.9:4040");
	char old = mount[at];
	bool is_bad = strchr("\"'<>&\\ `()\t\r\n", c) != NULL;

	mount[at] = c;
	char *got = world_rewrite(&context, REWRITE_HTML, STR("<a href=/x>"), 0);
	if (is_bad || (unsigned char)c > ' ') /* other controls may be refused, too */
		assert_int_equal(strcmp(got, "<a href=/x>") == 0, is_bad);
	free(got);
	mount[at] = old;
}

static void byte_that_could_leave_quotes_is_found_wherever_it_stands(void **state)
{
	static const size_t lengths[] = {8, 16, 17, 31, 40};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		char mount[] = "/local/proxy/app-20261121000000-0001-abcd";

		mount[lengths[i]] = '\0';
		for (size_t at = 1; at < lengths[i]; at++) {
			for (int c = 1; c < 256; c++)
				check_mount_with(mount, at, (char)c);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(byte_that_could_leave_quotes_is_found_wherever_it_stands),
	};

	return cmocka_run_group_tests_name("rewrite_link", tests, NULL, NULL);
}
