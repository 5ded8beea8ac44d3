/* A front that speaks HTTP/2, and a client on the same thread that sends frames byte by byte. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/net/listen.h"
#include "proxy/front/front.h"
#include "proxy/front/h2/h2.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000, MUCH = 300 * 1024, LITTLE = 10, WINDOW = 65535 };

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
/* SETTINGS: INITIAL_WINDOW_SIZE 0. */
#define NO_WINDOW                                                                                  \
	"\0\0\6\4\0\0\0\0\0"                                                                       \
	"\0\4\0\0\0\0"
/* HEADERS of stream 1 with END_STREAM: GET, http, "gw", "/". */
#define REQUEST                                                                                    \
	"\0\0\7\1\5\0\0\0\1"                                                                       \
	"\x82\x86\x41\2gw\x84"
/* WINDOW_UPDATE by 1 MiB: of the stream, and of the connection, whose window is 64 KiB before. */
#define OPEN_STREAM                                                                                \
	"\0\0\4\x8\0\0\0\0\1"                                                                      \
	"\0\x10\0\0"
#define OPEN_ALL                                                                                   \
	"\0\0\4\x8\0\0\0\0\0"                                                                      \
	"\0\x10\0\0"
#define RESET                                                                                      \
	"\0\0\4\3\0\0\0\0\1"                                                                       \
	"\0\0\0\x8"

static struct world {
	struct event_base *base;
	struct front *front;
	struct front_request *req;
	size_t queued, taken;
	unsigned drained, closed;
	int client;
} world;

static void queue_bytes(size_t len)
{
	struct evbuffer *bytes = evbuffer_new();
	char *text = mem_alloc(len, 1);

	evbuffer_add(bytes, text, len);
	world.queued = front_reply_body(world.req, bytes);
	free(text);
	evbuffer_free(bytes);
}

static void on_drained(void *arg)
{
	(void)arg;
	world.drained++;
}

static void on_closed(void *arg)
{
	(void)arg;
	world.closed++;
}

static void on_request(void *arg, struct front_request *req)
{
	static const struct front_handler handler = {
		.on_drained = on_drained, .on_closed = on_closed};
	struct sbuf fields;

	(void)arg;
	world.req = req;
	front_set_handler(req, &handler, NULL);
	sbuf_init(&fields, 100);
	front_reply_head(req, 200, &fields, -1, false);
	sbuf_clear(&fields);
	queue_bytes(MUCH);
}

static void on_refused(void *arg, const char *peer, enum fault fault)
{
	(void)arg, (void)peer;
	fail_msg("refused: %d", fault);
}

static void say(const char *bytes, size_t len)
{
	assert_int_equal(send(world.client, bytes, len, MSG_NOSIGNAL), len);
}
#define SAY(frames) say(frames, sizeof(frames) - 1)

static bool turn_until(const unsigned *count)
{
	int64_t began = clock_mono_ms();
	char rest[65536];

	while (*count == 0 && clock_mono_ms() - began < PATIENCE_MS) {
		event_base_loop(world.base, EVLOOP_NONBLOCK);
		(void)recv(world.client, rest, sizeof rest, MSG_DONTWAIT);
	}
	return *count > 0;
}

static bool turn_until_taken(size_t bytes)
{
	int64_t began = clock_mono_ms();
	char rest[65536];

	while (world.taken < bytes && clock_mono_ms() - began < PATIENCE_MS) {
		event_base_loop(world.base, EVLOOP_NONBLOCK);
		ssize_t n = recv(world.client, rest, sizeof rest, MSG_DONTWAIT);
		world.taken += n > 0 ? (size_t)n : 0;
	}
	return world.taken >= bytes;
}

static bool has_come(void)
{
	int64_t began = clock_mono_ms();

	while (world.req == NULL && clock_mono_ms() - began < PATIENCE_MS)
		event_base_loop(world.base, EVLOOP_NONBLOCK);
	return world.req != NULL;
}

static int setup(void **state)
{
	static const struct front_limits limits = {16384, 10, 10000, 10000};
	struct sockaddr_storage addr = {0};
	struct sockaddr_in *in = (struct sockaddr_in *)&addr;
	struct err err;

	(void)state;
	world = (struct world){.base = event_base_new()};
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = listen_open(&addr, sizeof *in, &err);
	world.front =
		front_new(world.base, FRONT_DIRECT, fd, &limits, on_request, on_refused, NULL);
	front_use_second(world.front, &h2_wire, true);
	world.client = socket(AF_INET, SOCK_STREAM, 0);
	return connect(world.client, (struct sockaddr *)&addr, sizeof *in);
}

static int teardown(void **state)
{
	(void)state;
	close(world.client);
	front_free(world.front);
	event_base_free(world.base);
	return 0;
}

static void who_waits_is_told_though_a_little_came_behind(void **state)
{
	(void)state;
	SAY(PREFACE NO_WINDOW REQUEST);
	assert_true(has_come());
	assert_true(world.queued >= FRONT_QUEUE_HIGH);
	SAY(OPEN_STREAM);
	assert_true(turn_until_taken(WINDOW));
	queue_bytes(LITTLE);
	assert_in_range(world.queued, FRONT_QUEUE_LOW, FRONT_QUEUE_HIGH - 1);
	assert_int_equal(world.drained, 0);
	SAY(OPEN_ALL);
	assert_true(turn_until(&world.drained));
}

static void who_is_taken_back_is_told_once_and_is_gone(void **state)
{
	(void)state;
	SAY(PREFACE NO_WINDOW REQUEST);
	assert_true(has_come());
	SAY(RESET);
	assert_true(turn_until(&world.closed));
	event_base_loop(world.base, EVLOOP_NONBLOCK);
	assert_int_equal(world.closed, 1);
	assert_int_equal(front_count_second(world.front).streams, 0);
	assert_int_equal(front_count_second(world.front).resets, 1);
	assert_int_equal(front_count_second(world.front).connections, 1);
}

static void who_leaves_takes_all_requests_along(void **state)
{
	(void)state;
	SAY(PREFACE NO_WINDOW REQUEST);
	assert_true(has_come());
	shutdown(world.client, SHUT_RDWR);
	assert_true(turn_until(&world.closed));
	event_base_loop(world.base, EVLOOP_NONBLOCK);
	assert_int_equal(front_count_second(world.front).streams, 0);
	assert_int_equal(front_connections(world.front), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_waits_is_told_though_a_little_came_behind),
		TEST(who_is_taken_back_is_told_once_and_is_gone),
		TEST(who_leaves_takes_all_requests_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
