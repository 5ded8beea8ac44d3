/*
 * The front over real sockets: every row of the table in proxy/HTTP.md
 * (S1-S4) gets one 4xx and the end of the connection, and nothing behind it is ever served.
 */
#include "tests/support/front_server.h"

#include "base/clock.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SMUGGLED	"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
#define HEAD_OF(method) method " /x HTTP/1.1\r\nHost: a\r\n"

static const struct {
	const char *name, *bytes;
} guard_rows[] = {
	{"CL+TE", HEAD_OF("POST") "Content-Length: 36\r\nTransfer-Encoding: "
				  "chunked\r\n\r\n0\r\n\r\n" SMUGGLED},
	{"two TE", HEAD_OF("POST") "Transfer-Encoding: chunked\r\nTransfer-Encoding: "
				   "identity\r\n\r\n0\r\n\r\n" SMUGGLED},
	{"xchunked", HEAD_OF("POST") "Transfer-Encoding: xchunked\r\n\r\n" SMUGGLED},
	{"gzip, chunked",
		HEAD_OF("POST") "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" SMUGGLED},
	{"CL and a space", HEAD_OF("POST") "Content-Length : 36\r\n\r\n" SMUGGLED},
	{"two CL", HEAD_OF("POST") "Content-Length: 0\r\nContent-Length: 36\r\n\r\n" SMUGGLED},
	{"CL +3", HEAD_OF("POST") "Content-Length: +3\r\n\r\nabc" SMUGGLED},
	{"HEAD with CL", HEAD_OF("HEAD") "Content-Length: 36\r\n\r\n" SMUGGLED},
	{"TRACE with CL", HEAD_OF("TRACE") "Content-Length: 36\r\n\r\n" SMUGGLED},
	{"obs-fold", HEAD_OF("GET") "X: a\r\n b\r\n\r\n" SMUGGLED},
	{"bare LF", "GET /x HTTP/1.1\nHost: a\n\n" SMUGGLED},
	{"absolute URI", "GET http://other/ HTTP/1.1\r\nHost: a\r\n\r\n" SMUGGLED},
	{"space in the URI", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n" SMUGGLED},
	{"unknown method", HEAD_OF("BREW") "\r\n" SMUGGLED},
	{"chunk size 0x3", HEAD_OF("POST") "Transfer-Encoding: "
					   "chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n" SMUGGLED},
	{"chunk extension", HEAD_OF("POST") "Transfer-Encoding: "
					    "chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n" SMUGGLED},
	{"TE on HTTP/1.0", "POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: "
			   "chunked\r\n\r\n0\r\n\r\n" SMUGGLED},
	{"empty name", HEAD_OF("GET") ": x\r\n\r\n" SMUGGLED},
	{"HTTP/1.2", "GET /x HTTP/1.2\r\nHost: a\r\n\r\n" SMUGGLED},
};

static void s1_each_row_gets_one_4xx_and_the_end(void **state)
{
	struct server *s = *state;

	for (size_t i = 0; i < ARRAY_LEN(guard_rows); i++) {
		bool ended;
		char *got = ask_text(s, guard_rows[i].bytes, &ended);
		if (strncmp(got, "HTTP/1.1 4", 10) != 0 || count(got, "HTTP/1.1 ") != 1 || !ended)
			fail_msg("%s: ended %d, got %s", guard_rows[i].name, ended, got);
		free(got);
	}
	assert_int_equal(atomic_load(&s->served), 0);
}

static void s2_nul_in_a_value_gets_400(void **state)
{
	static const char bytes[] = HEAD_OF("GET") "X: a\0b\r\n\r\n" SMUGGLED;
	bool ended;
	char *got = ask(*state, bytes, sizeof bytes - 1, &ended);

	assert_int_equal(strncmp(got, "HTTP/1.1 400", 12), 0);
	assert_true(ended);
	free(got);
}

static void a_good_request_before_a_bad_one_is_answered_first(void **state)
{
	static const char bytes[] =
		HEAD_OF("GET") "\r\n" HEAD_OF("GET") "Bad Name: x\r\n\r\n" SMUGGLED;
	struct server *s = *state;
	bool ended;
	char *got = ask(s, bytes, sizeof bytes - 1, &ended);

	assert_int_equal(strncmp(got, "HTTP/1.1 200", 12), 0);
	assert_int_equal(count(got, "HTTP/1.1 400"), 1);
	assert_int_equal(count(got, "HTTP/1.1 "), 2);
	assert_int_equal(atomic_load(&s->served), 1);
	assert_true(ended);
	free(got);
}

static void refused_with(struct server *s, char *bytes, size_t len, const char *status)
{
	bool ended;
	char *got = ask(s, bytes, len, &ended);

	if (strncmp(got, status, strlen(status)) != 0)
		fail_msg("expected %s, got %.60s", status, got);
	free(got);
	free(bytes);
	got = ask_text(s, HEAD_OF("GET") "Connection: close\r\n\r\n", &ended);
	assert_int_equal(strncmp(got, "HTTP/1.1 200", 12), 0); /* still serving */
	free(got);
}

static void s4_a_9_mb_bearer_a_128_kib_head_and_10000_fields_are_refused(void **state)
{
	static const size_t sizes[] = {9 << 20, 128 << 10};
	static const char start[] = HEAD_OF("GET") "Authorization: Bearer ";
	struct sbuf many;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char *bytes = mem_alloc(1, sizes[i]);
		memset(bytes, 'a', sizes[i]);
		memcpy(bytes, start, sizeof start - 1);
		memcpy(bytes + sizes[i] - 4, "\r\n\r\n", 4);
		refused_with(*state, bytes, sizes[i], "HTTP/1.1 431");
	}
	sbuf_init(&many, 1 << 20);
	sbuf_puts(&many, HEAD_OF("GET"));
	for (int i = 0; i < 10000; i++)
		sbuf_puts(&many, "A: b\r\n");
	sbuf_puts(&many, "\r\n");
	size_t len = many.len;
	refused_with(*state, sbuf_take(&many), len, "HTTP/1.1 431");
}

static void a_body_over_the_limit_gets_413_though_the_client_goes_on_sending(void **state)
{
	size_t len = 4 << 20;
	char *bytes = mem_alloc(1, len);
	static const char start[] = HEAD_OF("POST") "Content-Length: 4000000\r\n\r\n";

	memset(bytes, 'a', len);
	memcpy(bytes, start, sizeof start - 1);
	refused_with(*state, bytes, len, "HTTP/1.1 413");
}

static void s4_a_head_that_never_ends_gets_408(void **state)
{
	bool ended;
	int64_t began = clock_mono_ms();
	char *got = ask_text(*state, "GET / HT", &ended);

	assert_int_equal(strncmp(got, "HTTP/1.1 408", 12), 0);
	assert_true(ended);
	assert_true(clock_mono_ms() - began < 5000);
	free(got);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
	static const char bytes[] = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: "
				    "a\r\nContent-Length: 3\r\n\r\nabc"
				    "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	bool ended;
	char *got = ask(*state, bytes, sizeof bytes - 1, &ended);

	assert_true(ended);
	char *one = strstr(got, "GET /1 0"), *two = strstr(got, "POST /2 3"),
	     *three = strstr(got, "GET /3 0");
	assert_true(one && two && three && one < two && two < three);
	free(got);
}

static void answers_are_framed_for_the_client_that_asked(void **state)
{
	bool ended;
	char *got = ask_text(
		*state, "GET /chunked HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &ended);

	assert_non_null(strstr(got, "Transfer-Encoding: chunked\r\n"));
	assert_non_null(strstr(got, "\r\n0\r\n\r\n"));
	free(got);
	got = ask_text(*state, "GET /chunked HTTP/1.0\r\nHost: a\r\n\r\n", &ended);
	assert_true(ended);
	assert_null(strstr(got, "Transfer-Encoding"));
	assert_non_null(strstr(got, "\r\n\r\nGET /chunked 0\n"));
	free(got);
	got = ask_text(*state, "HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &ended);
	assert_non_null(strstr(got, "Content-Length: 10\r\n"));
	assert_null(strstr(got, "HEAD /x 0"));
	free(got);
}

static void a_slow_reader_gets_all_of_a_big_answer(void **state)
{
	int fd = dial(*state);
	struct timespec pause = {0, 1000000};
	char buf[65536];
	size_t total = 0;
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){16384}, sizeof(int));
	say(fd, "GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	while ((n = recv(fd, buf, sizeof buf, 0)) > 0) {
		total += (size_t)n;
		nanosleep(&pause, NULL);
	}
	close(fd);
	assert_int_equal(n, 0);
	assert_true(total > 8 << 20);
}

static void a_cut_answer_has_no_clean_end(void **state)
{
	bool ended;
	char *got = ask_text(*state, "GET /cut HTTP/1.1\r\nHost: a\r\n\r\n", &ended);

	assert_null(strstr(got, "\r\n0\r\n\r\n"));
	free(got);
}

static void a_client_that_leaves_is_noticed_while_nobody_answers(void **state)
{
	struct server *s = *state;
	int fd = dial(s);

	say(fd, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_true(wait_for(&s->served, 1));
	close(fd);
	assert_true(wait_for(&s->closed, 1));
}

/* The end comes with the request, so that nothing tells of it afterwards. */
static void a_client_that_asks_and_leaves_in_one_is_noticed(void **state)
{
	struct server *s = *state;

	for (int i = 1; i <= 20; i++) {
		int fd = dial(s);
		say(fd, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
		close(fd);
		assert_true(wait_for(&s->closed, i));
	}
}

static void many_connections_come_and_go_without_a_leak(void **state)
{
	struct server *s = *state;

	for (int i = 0; i < 300; i++) {
		int fd = dial(s);
		if (i % 3)
			send_all(fd, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n", (size_t)(i % 29));
		close(fd);
	}
	bool ended;
	char *got = ask_text(s, HEAD_OF("GET") "Connection: close\r\n\r\n", &ended);
	assert_non_null(strstr(got, "GET /x 0"));
	free(got);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, front_setup, front_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(s1_each_row_gets_one_4xx_and_the_end),
		TEST(s2_nul_in_a_value_gets_400),
		TEST(a_good_request_before_a_bad_one_is_answered_first),
		TEST(s4_a_9_mb_bearer_a_128_kib_head_and_10000_fields_are_refused),
		TEST(a_body_over_the_limit_gets_413_though_the_client_goes_on_sending),
		TEST(s4_a_head_that_never_ends_gets_408),
		TEST(pipelined_requests_are_answered_in_order),
		TEST(answers_are_framed_for_the_client_that_asked),
		TEST(a_slow_reader_gets_all_of_a_big_answer),
		TEST(a_cut_answer_has_no_clean_end),
		TEST(a_client_that_leaves_is_noticed_while_nobody_answers),
		TEST(a_client_that_asks_and_leaves_in_one_is_noticed),
		TEST(many_connections_come_and_go_without_a_leak),
	};

	return FRONT_RUN_ON_BOTH(tests);
}
