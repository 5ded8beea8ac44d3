/* Log lines on their way to Graylog: a receiver on a real socket, one that is not there, and a name
 * that is none. */
#include "base/net/graylog.h"

#include "base/clock.h"
#include "base/log/gelf.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 5000, MANY = 20000 };

struct receiver {
	int fd;
	const char *host;
	unsigned port;
	struct graylog_counts before;
};

/* Standard error to nowhere, and back: 20,000 lines are too many to look at. */
static int silence(int *kept)
{
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	*kept = dup(STDERR_FILENO);
	return nowhere != -1 && dup2(nowhere, STDERR_FILENO) != -1 ? close(nowhere) : -1;
}

static void speak(int kept)
{
	dup2(kept, STDERR_FILENO);
	close(kept);
}

static int bind_socket(struct receiver *r, int family)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	socklen_t len = family == AF_INET ? sizeof v4 : sizeof v6;
	struct sockaddr *at = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;

	r->fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (r->fd == -1 || bind(r->fd, at, len) == -1 || getsockname(r->fd, at, &len) == -1)
		return -1;
	r->port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
	return 0;
}

static int set_up(void **state)
{
	struct receiver *r = mem_alloc(1, sizeof *r);

	*state = r;
	log_set_level(LOG_INFO);
	r->before = graylog_count();
	r->host = "127.0.0.1";
	return bind_socket(r, AF_INET);
}

static int tear_down(void **state)
{
	struct receiver *r = *state;

	graylog_use(NULL, 0);
	close(r->fd);
	free(r);
	return 0;
}

static size_t receive(const struct receiver *r, unsigned char *out, size_t size)
{
	struct pollfd wait = {.fd = r->fd, .events = POLLIN};

	assert_int_equal(poll(&wait, 1, WAIT_MS), 1);
	ssize_t n = recv(r->fd, out, size, 0);
	assert_true(n > 0 && (size_t)n <= GELF_DATAGRAM);
	return (size_t)n;
}

/* A whole message, whatever the order of its chunks; the caller owns it. */
static json_t *receive_message(const struct receiver *r, size_t *datagrams)
{
	static unsigned char whole[GELF_MAX];
	unsigned char one[GELF_DATAGRAM + 1], id[GELF_ID];
	size_t len = receive(r, one, sizeof one), total = 0, count = 1;

	for (size_t got = 0; got < count; got++) {
		bool is_chunk = one[0] == 0x1e && one[1] == 0x0f;
		size_t head = is_chunk ? GELF_HEAD : 0, at = is_chunk ? one[10] * GELF_CHUNK : 0;

		if (got == 0)
			memcpy(id, one + 2, sizeof id);
		if (is_chunk) {
			count = one[11];
			assert_memory_equal(one + 2, id, sizeof id);
			assert_true(one[10] < count && count <= GELF_CHUNKS);
		}
		memcpy(whole + at, one + head, len - head);
		total += len - head;
		if (got + 1 < count)
			len = receive(r, one, sizeof one);
	}
	*datagrams = count;
	json_t *json = json_loadb((const char *)whole, total, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	return json;
}

/* Somebody else's line may come before. */
static void assert_arrives(const struct receiver *r, const char *msg)
{
	bool is_it = false;

	log_info("test", "%s", msg);
	while (!is_it) {
		size_t datagrams;
		json_t *json = receive_message(r, &datagrams);
		const char *got = json_string_value(json_object_get(json, "short_message"));
		assert_int_equal(datagrams, 1);
		is_it = strcmp(got, msg) == 0;
		json_decref(json);
	}
}

static void lines_arrive_one_a_datagram(void **state)
{
	struct receiver *r = *state;

	graylog_use(r->host, r->port);
	assert_true(graylog_wait(WAIT_MS));
	assert_arrives(r, "first");
	graylog_use(r->host, r->port); /* the same again */
	assert_arrives(r, "second");
	assert_int_equal(graylog_count().sent - r->before.sent, 2);
	assert_int_equal(graylog_count().dropped - r->before.dropped, 0);
}

static void large_lines_arrive_in_chunks(void **state)
{
	struct receiver *r = *state;
	static char value[100 * 1000];
	const struct log_field field = {"path", {value, sizeof value}, false};
	size_t datagrams;

	memset(value, 'x', sizeof value);
	graylog_use(r->host, r->port);
	for (int turn = 0; turn < 2; turn++) {
		log_fields(LOG_INFO, "test", "long", &field, 1);
		json_t *json = receive_message(r, &datagrams);
		assert_int_equal(datagrams, (sizeof value + GELF_CHUNK) / GELF_CHUNK);
		assert_int_equal(json_string_length(json_object_get(json, "_path")), sizeof value);
		json_decref(json);
	}
}

static void line_that_no_message_can_hold_is_counted(void **state)
{
	struct receiver *r = *state;
	static char value[GELF_MAX];
	const struct log_field field = {"path", {value, sizeof value}, false};

	memset(value, 'x', sizeof value);
	graylog_use(r->host, r->port);
	log_fields(LOG_INFO, "test", "too long", &field, 1);
	assert_arrives(r, "after it");
	assert_int_equal(graylog_count().dropped - r->before.dropped, 1);
}

static void names_are_looked_up_and_addresses_of_both_kinds_taken(void **state)
{
	struct receiver *r = *state;

	r->host = "localhost";
	close(r->fd);
	/* Whichever the machine calls localhost first. */
	for (int family = AF_INET; family != 0; family = family == AF_INET ? AF_INET6 : 0) {
		struct pollfd wait = {.events = POLLIN};
		if (bind_socket(r, family) == -1)
			continue; /* no IPv6 here */
		wait.fd = r->fd;
		graylog_use(r->host, r->port);
		assert_true(graylog_wait(WAIT_MS));
		log_info("test", "hello");
		if (poll(&wait, 1, 200) == 1)
			return;
		close(r->fd);
	}
	fail_msg("nothing arrived");
}

static void nobody_waits_for_a_receiver_that_reads_nothing(void **state)
{
	struct receiver *r = *state;
	int kept;

	graylog_use(r->host, r->port);
	assert_int_equal(silence(&kept), 0);
	int64_t began = clock_mono_ms();
	for (int i = 0; i < MANY; i++)
		log_info("test", "a line that nobody reads");
	int64_t took = clock_mono_ms() - began;
	speak(kept);
	assert_true(took < WAIT_MS);
	struct graylog_counts now = graylog_count();
	assert_int_equal(now.sent + now.dropped - r->before.sent - r->before.dropped, MANY);
}

static void what_is_refused_is_counted(void **state)
{
	struct receiver *r = *state;

	close(r->fd);
	graylog_use(r->host, r->port);
	for (int i = 0; i < 20 && graylog_count().dropped == r->before.dropped; i++) {
		log_info("test", "to nobody");
		poll(NULL, 0, 10);
	}
	assert_true(graylog_count().dropped > r->before.dropped);
	r->fd = -1;
}

static void what_is_said_before_the_name_is_known_is_counted(void **state)
{
	struct receiver *r = *state;
	int64_t began = clock_mono_ms();

	graylog_use("no-such-host.invalid", 12201);
	log_info("test", "to nobody");
	assert_true(clock_mono_ms() - began < WAIT_MS); /* resolvers take longer */
	assert_true(graylog_count().dropped > r->before.dropped);
	assert_false(graylog_wait(10));
	/* Another server is taken at once, whatever becomes of that look-up. */
	graylog_use(r->host, r->port);
	assert_arrives(r, "here now");
}

static void nobody_is_told_after_the_end(void **state)
{
	struct receiver *r = *state;
	struct pollfd wait = {.fd = r->fd, .events = POLLIN};

	graylog_use(r->host, r->port);
	assert_arrives(r, "last");
	graylog_use(NULL, 0);
	log_info("test", "for standard error");
	assert_int_equal(poll(&wait, 1, 50), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_arrive_one_a_datagram),
		TEST(large_lines_arrive_in_chunks),
		TEST(line_that_no_message_can_hold_is_counted),
		TEST(names_are_looked_up_and_addresses_of_both_kinds_taken),
		TEST(nobody_waits_for_a_receiver_that_reads_nothing),
		TEST(what_is_refused_is_counted),
		TEST(what_is_said_before_the_name_is_known_is_counted),
		TEST(nobody_is_told_after_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
