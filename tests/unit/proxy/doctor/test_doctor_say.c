/* What servers say on the terminal of who asks the doctor. */
#include "proxy/doctor/doctor_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

static void s40_doctor_shows_nothing_of_a_server_that_a_terminal_obeys(void **state)
{
	char *text = NULL;
	size_t len = 0;
	struct doctor d = {.out = open_memstream(&text, &len)};

	(void)state;
	doctor_note(&d, "\x1b[2Jmaster\n", "Spark %s",
		"\xc2\x9b"
		"2J\xe2\x80\xae"
		"4.0\xff");
	doctor_fine(&d, "", "%s", "");
	fclose(d.out);
	assert_string_equal(text, "note   \xef\xbf\xbd[2Jmaster\xef\xbf\xbd: Spark \xef\xbf\xbd"
				  "2J\xef\xbf\xbd"
				  "4.0\xef\xbf\xbd\n"
				  "fine   : \n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s40_doctor_shows_nothing_of_a_server_that_a_terminal_obeys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
