/* How the front takes requests that come together, in pieces, or only when they are told to. */
#include "tests/support/front_server.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD_OF(method) method " /x HTTP/1.1\r\nHost: a\r\n"

static void a_hundred_pipelined_requests_are_answered_in_order(void **state)
{
	struct sbuf bytes, wanted;
	bool ended;

	sbuf_init(&bytes, 1 << 16);
	sbuf_init(&wanted, 1 << 16);
	for (int i = 0; i < 100; i++) {
		sbuf_printf(&bytes, "GET /%d HTTP/1.1\r\nHost: a\r\n%s\r\n", i,
			i == 99 ? "Connection: close\r\n" : "");
		sbuf_printf(&wanted, "GET /%d 0\n", i);
	}
	char *got = ask(*state, sbuf_str(&bytes).at, bytes.len, &ended);
	char *at = got, *line = sbuf_take(&wanted), *rest = line, *piece;
	assert_true(ended);
	while ((piece = strsep(&rest, "\n")) && *piece) {
		at = strstr(at, piece);
		assert_non_null(at);
	}
	assert_int_equal(count(got, "HTTP/1.1 200"), 100);
	free(got);
	free(line);
	sbuf_clear(&bytes);
}

/* More behind a request that nobody answers than is read ahead: it waits in the socket. */
static void what_comes_behind_a_held_request_is_bounded(void **state)
{
	struct server *s = *state;
	int fd = dial(s);
	char more[65536];
	size_t sent = 0;
	ssize_t n;

	memset(more, 'a', sizeof more);
	say(fd, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_true(wait_for(&s->served, 1));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){.tv_usec = 200000},
		sizeof(struct timeval));
	while (sent < 64 << 20 && (n = send(fd, more, sizeof more, MSG_NOSIGNAL)) > 0)
		sent += (size_t)n;
	assert_true(sent < 64 << 20);
	close(fd);
}

static void content_that_comes_in_pieces_is_put_together(void **state)
{
	static const char head[] =
		HEAD_OF("POST") "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
	int fd = dial(*state);
	bool ended;

	say(fd, head);
	for (int i = 0; i < 40; i++) {
		char chunk[2048] = "3e8\r\n";
		memset(chunk + 5, 'a', 1000);
		memcpy(chunk + 1005, "\r\n", 3);
		say(fd, chunk);
	}
	say(fd, "0\r\n\r\n");
	char *got = read_all(fd, &ended);
	assert_true(ended);
	assert_non_null(strstr(got, "POST /x 40000\n"));
	free(got);
}

static void a_large_head_may_come_in_pieces(void **state)
{
	int fd = dial(*state);
	char value[1024];
	bool ended;

	memset(value, 'a', sizeof value - 3);
	memcpy(value + sizeof value - 3, "\r\n", 3);
	say(fd, HEAD_OF("GET") "Connection: close\r\n");
	for (int i = 0; i < 12; i++) {
		say(fd, "X-Piece: ");
		say(fd, value);
	}
	say(fd, "\r\n");
	char *got = read_all(fd, &ended);
	assert_true(ended);
	assert_non_null(strstr(got, "GET /x 0\n"));
	free(got);
}

/* Its block is full but for a few bytes when the content comes. */
static void content_behind_a_head_that_fills_its_block_is_read(void **state)
{
	for (int pad = 3900; pad < 4100; pad += 7) {
		int fd = dial(*state);
		char head[4400], content[3000];
		bool ended;
		int len = snprintf(head, sizeof head,
			HEAD_OF("POST") "Connection: close\r\nContent-Length: 30000\r\n"
					"X-Pad: %0*d\r\n\r\n",
			pad, 7);
		memset(content, 'a', sizeof content);
		send_all(fd, head, (size_t)len);
		for (int i = 0; i < 10; i++)
			send_all(fd, content, sizeof content);
		char *got = read_all(fd, &ended);
		assert_true(ended);
		assert_non_null(strstr(got, "POST /x 30000\n"));
		free(got);
	}
}

/* RFC 9110 §10.1.1: the client waits for it before it sends its content. */
static void a_client_that_expects_100_is_told_to_go_on(void **state)
{
	int fd = dial(*state);
	char buf[64] = "";
	bool ended;

	say(fd, HEAD_OF("POST") "Connection: close\r\nExpect: 100-continue\r\n"
				"Content-Length: 3\r\n\r\n");
	assert_true(recv(fd, buf, sizeof buf - 1, 0) > 0);
	assert_string_equal(buf, "HTTP/1.1 100 Continue\r\n\r\n");
	say(fd, "abc");
	char *got = read_all(fd, &ended);
	assert_int_equal(strncmp(got, "HTTP/1.1 200", 12), 0);
	assert_non_null(strstr(got, "POST /x 3\n"));
	free(got);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, front_setup, front_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_hundred_pipelined_requests_are_answered_in_order),
		TEST(what_comes_behind_a_held_request_is_bounded),
		TEST(content_that_comes_in_pieces_is_put_together),
		TEST(content_behind_a_head_that_fills_its_block_is_read),
		TEST(a_large_head_may_come_in_pieces),
		TEST(a_client_that_expects_100_is_told_to_go_on),
	};

	return FRONT_RUN_ON_BOTH(tests);
}
