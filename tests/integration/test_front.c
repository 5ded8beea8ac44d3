/*
 * The front over real sockets, against the libevent that is linked: every row of libraries.md 3.4,
 * S1-S4, gets one 4xx and the end of the connection, and nothing behind it is ever served.
 */
#include "proxy/front.h"

#include "base/clock.h"
#include "proxy/listen.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

struct server {
	pthread_t thread;
	struct event_base *base;
	struct front *front;
	unsigned port;
	atomic_int served, refused, closed;
	_Atomic bool stop;
	struct front_request *held; /* a request that nobody answers */
};

static void on_drained(void *arg)
{
	(void)arg;
}

static void on_closed(void *arg)
{
	struct server *s = arg;

	s->held = NULL;
	atomic_fetch_add(&s->closed, 1);
}

/* Answers with what it saw: "GET /x 3". /hold is never answered, /big is 8 MiB, /cut breaks off. */
static void on_request(void *arg, struct front_request *req)
{
	static const struct front_handler handler = {on_drained, on_closed, NULL};
	struct server *s = arg;
	struct evbuffer *body = evbuffer_new();
	struct sbuf fields;

	atomic_fetch_add(&s->served, 1);
	front_set_handler(req, &handler, s);
	sbuf_init(&fields, 1000);
	sbuf_puts(&fields, "X-Test: yes\r\n");
	evbuffer_add_printf(body, "%.*s %.*s %zu\n", (int)req->method.len, req->method.at,
		(int)req->target.len, req->target.at, evbuffer_get_length(req->body));
	if (str_eq(req->target, STR("/big"))) {
		for (int i = 0; i < 8 << 20; i += 1024)
			evbuffer_add_printf(body, "%01024d", 7);
	}
	if (str_eq(req->target, STR("/hold"))) {
		s->held = req;
	} else {
		bool chunked = str_eq(req->target, STR("/chunked")),
		     cut = str_eq(req->target, STR("/cut"));
		front_reply_head(req, 200, &fields,
			chunked || cut ? -1 : (int64_t)evbuffer_get_length(body),
			str_eq(req->method, STR("HEAD")));
		front_reply_body(req, body);
		if (cut)
			front_reply_cut(req);
		else
			front_reply_end(req);
	}
	sbuf_clear(&fields);
	evbuffer_free(body);
}

static void on_refused(void *arg, const char *peer, enum fault fault)
{
	struct server *s = arg;

	(void)peer, (void)fault;
	atomic_fetch_add(&s->refused, 1);
}

static void on_stop_tick(int fd, short what, void *arg)
{
	struct server *s = arg;

	(void)fd, (void)what;
	if (atomic_load(&s->stop))
		event_base_loopbreak(s->base);
}

static void *run(void *arg)
{
	struct server *s = arg;
	struct event *tick = event_new(s->base, -1, EV_PERSIST, on_stop_tick, s);

	event_add(tick, &(struct timeval){.tv_usec = 20000});
	event_base_dispatch(s->base);
	event_free(tick);
	return NULL;
}

static struct server *server_start(unsigned connections)
{
	struct sockaddr_storage addr = {0};
	struct sockaddr_in *in = (struct sockaddr_in *)&addr;
	struct front_limits limits = {16384, 1 << 20, connections, 1000, 60000};
	struct server *s = mem_alloc(1, sizeof *s);
	struct err err;

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = listen_open(&addr, sizeof *in, &err);
	assert_int_not_equal(fd, -1);
	s->port = listen_port(&addr);
	s->base = event_base_new();
	s->front = front_new(s->base, fd, &limits, on_request, on_refused, s);
	pthread_create(&s->thread, NULL, run, s);
	return s;
}

static int setup(void **state)
{
	*state = server_start(1000);
	return 0;
}

static int teardown(void **state)
{
	struct server *s = *state;

	atomic_store(&s->stop, true);
	pthread_join(s->thread, NULL);
	front_free(s->front);
	event_base_free(s->base);
	free(s);
	return 0;
}

static int dial(const struct server *s)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s->port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 5},
		sizeof(struct timeval));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

static void send_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
		if (n <= 0)
			return; /* the server may have had enough */
		bytes += n;
		len -= (size_t)n;
	}
}

/* Everything until the end of the connection; `*ended` says whether there was one. */
static char *read_all(int fd, bool *ended)
{
	struct sbuf got;
	char buf[65536];
	ssize_t n;

	sbuf_init(&got, 64 << 20);
	while ((n = recv(fd, buf, sizeof buf, 0)) > 0)
		sbuf_add(&got, buf, (size_t)n);
	*ended = n == 0;
	close(fd);
	return sbuf_take(&got);
}

static unsigned count(const char *text, const char *needle)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, needle)); at++)
		n++;
	return n;
}

static void say(int fd, const char *text)
{
	send_all(fd, text, strlen(text));
}

static char *ask(const struct server *s, const char *bytes, size_t len, bool *ended)
{
	int fd = dial(s);

	send_all(fd, bytes, len);
	return read_all(fd, ended);
}

static char *ask_text(const struct server *s, const char *text, bool *ended)
{
	return ask(s, text, strlen(text), ended);
}

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

static bool wait_for(atomic_int *value, int wanted)
{
	for (int i = 0; i < 500 && atomic_load(value) < wanted; i++)
		nanosleep(&(struct timespec){0, 10000000}, NULL);
	return atomic_load(value) >= wanted;
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

static void connections_over_the_limit_are_closed_at_once(void **state)
{
	struct server *s = server_start(2);
	int first = dial(s), second = dial(s);
	bool ended;

	(void)state;
	say(first, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_true(wait_for(&s->served, 1));
	char *got = ask_text(s, HEAD_OF("GET") "\r\n", &ended);
	assert_string_equal(got, "");
	free(got);
	close(first);
	close(second);
	teardown((void **)&s);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
		TEST(connections_over_the_limit_are_closed_at_once),
		TEST(many_connections_come_and_go_without_a_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
