/* S172: what a hostile Redis says takes no more room than a real one's replies. */
#include "auth/backends/redis/link/store_redis_stream.h"
#include "base/sbuf.h"

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 5000, MOST_KIB = 64 * 1024 };

struct talk {
	int listener, server; /* the Redis's ends */
	struct redis_servers servers;
	struct redis_stream *stream;
};

static int set_up(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	struct redis_address address = {.host = "127.0.0.1"};
	struct talk *talk = mem_alloc(1, sizeof *talk);
	struct err err = {""};

	talk->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(talk->listener, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(talk->listener, 1), 0);
	assert_int_equal(getsockname(talk->listener, (struct sockaddr *)&at, &len), 0);
	address.port = ntohs(at.sin_port);
	talk->stream = redis_stream_open(&talk->servers, &address, &err);
	assert_string_equal(err.text, "");
	talk->server = accept(talk->listener, NULL, NULL);
	*state = talk;
	return 0;
}

static int tear_down(void **state)
{
	struct talk *talk = *state;

	redis_stream_free(talk->stream, NULL);
	close(talk->server);
	close(talk->listener);
	free(talk);
	return 0;
}

/* The next reply; NULL: broken. */
static redisReply *next_reply(struct redis_stream *stream)
{
	struct pollfd fd = {.fd = redis_stream_fd(stream)};
	redisReply *reply = NULL;

	while ((reply = redis_stream_reply(stream)) == NULL && !redis_stream_error(stream)) {
		fd.events = redis_stream_wants(stream);
		assert_int_not_equal(poll(&fd, 1, PATIENCE_MS), 0);
		redis_stream_work(stream);
	}
	return reply;
}

static void says(struct talk *talk, const char *text)
{
	assert_int_equal(write(talk->server, text, strlen(text)), strlen(text));
}

static long most_resident_kib(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

static void assert_breaks(struct talk *talk, const char *text)
{
	long before = most_resident_kib();

	says(talk, text);
	assert_null(next_reply(talk->stream));
	assert_string_equal(redis_stream_error(talk->stream), "a reply has too many elements");
	assert_in_range(most_resident_kib() - before, 0, MOST_KIB);
}

static void s172_array_that_announces_too_many_elements_breaks_the_connection(void **state)
{
	assert_breaks(*state, "*1048577\r\n");
}

static void s172_elements_of_arrays_in_arrays_count_together(void **state)
{
	assert_breaks(*state, "*1000000\r\n*40000\r\n*40000\r\n");
}

static void what_was_read_does_not_count_for_the_next_reply(void **state)
{
	struct talk *talk = *state;
	struct sbuf text;

	sbuf_init(&text, 1024 * 1024);
	sbuf_puts(&text, "*100000\r\n");
	for (int i = 0; i < 100000; i++)
		sbuf_puts(&text, ":1\r\n");
	for (int i = 0; i < 12; i++) {
		size_t sent = 0;
		redisReply *reply = NULL;
		while (reply == NULL) {
			ssize_t n =
				send(talk->server, text.at + sent, text.len - sent, MSG_DONTWAIT);
			sent += n > 0 ? (size_t)n : 0;
			redis_stream_work(talk->stream);
			reply = redis_stream_reply(talk->stream);
			assert_null(redis_stream_error(talk->stream));
		}
		assert_int_equal(reply->elements, 100000);
		freeReplyObject(reply);
	}
	sbuf_clear(&text);
}

static void reply_of_no_kind_is_said_to_be_none(void **state)
{
	struct talk *talk = *state;

	says(talk, "!hello\r\n");
	assert_null(next_reply(talk->stream));
	assert_non_null(strstr(redis_stream_error(talk->stream), "Protocol error"));
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(s172_array_that_announces_too_many_elements_breaks_the_connection),
		T(s172_elements_of_arrays_in_arrays_count_together),
		T(what_was_read_does_not_count_for_the_next_reply),
		T(reply_of_no_kind_is_said_to_be_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
