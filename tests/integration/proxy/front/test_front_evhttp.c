/* What is evhttp's own among the fronts: heads that pass through two readers, and the lines that
 * are withheld from the second. */
#include "tests/support/front_server.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define END "GET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

/* evhttp reads an authority into it, and finds that it is none. */
static void s1_what_only_one_of_the_two_readers_takes_is_refused(void **state)
{
	struct server *s = *state;
	bool ended;
	char *got = ask_text(s, "GET //[x HTTP/1.1\r\nHost: a\r\n\r\n" END, &ended);

	assert_int_equal(strncmp(got, "HTTP/1.1 400", 12), 0);
	assert_int_equal(count(got, "HTTP/1.1 "), 1);
	assert_null(strstr(got, "<html>")); /* evhttp's own page */
	assert_true(ended);
	assert_int_equal(atomic_load(&s->served), 0);
	free(got);
}

/* Wherever they stand: first, in the middle, last, or nothing but them. */
static void lines_that_frame_are_acted_on_and_the_rest_is_read(void **state)
{
	static const char *const heads[] = {
		"Content-Length: 3\r\nHost: a\r\nX: y\r\n",
		"Host: a\r\nContent-Length: 3\r\nX: y\r\n",
		"Host: a\r\nX: y\r\nContent-Length: 3\r\n",
		"Content-Length: 3\r\n",
		"Connection: keep-alive\r\nExpect: nothing\r\nContent-Length: 3\r\n",
		"Host: a\r\nConnection: x\r\nConnection: y\r\ncontent-length:3\r\nX:\t\t\r\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		struct sbuf bytes;
		bool ended;
		sbuf_init(&bytes, 4096);
		sbuf_printf(&bytes, "POST /x HTTP/1.1\r\n%s\r\nabc" END, heads[i]);
		char *got = ask(*state, sbuf_str(&bytes).at, bytes.len, &ended);
		if (!strstr(got, "POST /x 3\n") || !strstr(got, "GET /end 0\n") || !ended)
			fail_msg("%s: %s", heads[i], got);
		free(got);
		sbuf_clear(&bytes);
	}
}

static void http_1_0_is_kept_alive_when_it_asks_for_it(void **state)
{
	bool ended;
	char *got = ask_text(*state,
		"GET /a HTTP/1.0\r\nConnection: x, keep-alive\r\n\r\n"
		"GET /b HTTP/1.0\r\n\r\n"
		"GET /c HTTP/1.0\r\n\r\n",
		&ended);

	assert_non_null(strstr(got, "GET /a 0\n"));
	assert_non_null(strstr(got, "GET /b 0\n"));
	assert_null(strstr(got, "GET /c"));
	assert_true(ended);
	free(got);
}

static void odd_but_legal_heads_are_read_the_same_by_both(void **state)
{
	bool ended;
	char *got = ask_text(*state,
		"GET /a?b#c\"<>{}|^` HTTP/1.1\r\nHost:\r\nX: \t a b\t \r\nx:\xe4\xff\r\n"
		"A:\r\n\r\n"
		"OPTIONS /% HTTP/1.1\r\nHost: [\r\n\r\n" END,
		&ended);

	assert_int_equal(count(got, "HTTP/1.1 200"), 3);
	assert_true(ended);
	free(got);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, front_setup, front_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(s1_what_only_one_of_the_two_readers_takes_is_refused),
		TEST(lines_that_frame_are_acted_on_and_the_rest_is_read),
		TEST(http_1_0_is_kept_alive_when_it_asks_for_it),
		TEST(odd_but_legal_heads_are_read_the_same_by_both),
	};

	return cmocka_run_group_tests(tests, front_is_evhttp, NULL);
}
