/* What is sent as it comes, and signed, over real connections. */
#include "base/net/fetch.h"

#include "base/clock.h"
#include "tests/support/fake_http.h"
#include "tests/support/fetch_world.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define WORLD(test) cmocka_unit_test_setup_teardown(test, fetch_world_make, fetch_world_drop)

struct sender {
	struct fetch_outcome outcome; /* first: it is what callbacks get */
	struct fetch *fetch;
	size_t sent, there, total; /* there: of total, so much has come */
	unsigned asked_in_vain;
	bool breaks_off;
};

static size_t read_some(char *room, size_t size, void *arg)
{
	struct sender *s = arg;
	size_t len = s->there - s->sent;

	if (s->breaks_off && len == 0)
		return FETCH_BREAK_OFF;
	s->asked_in_vain += len == 0;
	len = len < size ? len : size;
	for (size_t i = 0; i < len; i++)
		room[i] = (char)('a' + (s->sent + i) % 26);
	s->sent += len;
	return len;
}

static void put(struct fetch_world *w, struct sender *s)
{
	struct fetch_source source = {.length = s->total, .read = read_some};

	w->request.put = &source;
	s->fetch = fetch_world_start(w, w->url, &s->outcome);
}

static void turn(struct fetch_world *w, int64_t ms)
{
	int64_t end = clock_mono_ms() + ms;

	while (clock_mono_ms() < end) {
		event_base_loop(w->base, EVLOOP_NONBLOCK);
		usleep(1000);
	}
}

static void content_is_sent_as_it_comes(void **state)
{
	struct fetch_world *w = *state;
	struct sender s = {.total = 60000, .there = 0};

	put(w, &s);
	while (s.there < s.total) {
		unsigned before = s.asked_in_vain;
		while (s.asked_in_vain == before)
			turn(w, 1);
		s.there += 15000;
		fetch_go_on(s.fetch);
	}
	fetch_world_wait(w, &s.outcome);
	assert_int_equal(s.outcome.status, 200);
	char *body = fake_http_last_body(w->server, "/x"),
	     *head = fake_http_last_head(w->server, "/x");
	assert_int_equal(strlen(body), s.total);
	for (size_t i = 0; i < s.total; i++)
		assert_int_equal(body[i], 'a' + (char)(i % 26));
	assert_non_null(strstr(head, "PUT /x HTTP/1.1\r\n"));
	assert_non_null(strstr(head, "Content-Length: 60000\r\n"));
	assert_null(strstr(head, "Transfer-Encoding"));
	free(head);
	free(body);
}

static void nothing_at_all_can_be_sent(void **state)
{
	struct fetch_world *w = *state;
	struct sender s = {.total = 0};

	put(w, &s);
	fetch_world_wait(w, &s.outcome);
	assert_int_equal(s.outcome.status, 200);
	char *head = fake_http_last_head(w->server, "/x");
	assert_non_null(strstr(head, "Content-Length: 0\r\n"));
	free(head);
}

static void what_is_broken_off_never_arrives_as_a_whole(void **state)
{
	struct fetch_world *w = *state;
	struct sender s = {.total = 60000, .there = 59999, .breaks_off = true};

	put(w, &s);
	fetch_world_wait(w, &s.outcome);
	assert_int_equal(s.outcome.status, 0);
	assert_int_equal(fake_http_hits(w->server, "/x"), 0);
}

static int listen_at(char *url, size_t size)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	snprintf(url, size, "http://127.0.0.1:%u/x", ntohs(at.sin_port));
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void s175_answer_before_the_end_of_the_content_is_told_when_it_is_whole(void **state)
{
	struct fetch_world *w = *state;
	struct sender s = {.total = 60000, .there = 30000};
	struct fetch_source source = {.length = s.total, .read = read_some};
	char url[64];
	int listener = listen_at(url, sizeof url);

	w->request.put = &source;
	s.fetch = fetch_world_start(w, url, &s.outcome);
	while (s.sent < s.there)
		turn(w, 1);
	int server = accept(listener, NULL, NULL);
	say(server, "HTTP/1.1 503 Odd\r\nContent-Length: 8\r\n\r\nhalf");
	for (int i = 0; i < 20 && !s.outcome.is_done; i++) { /* more of it meanwhile */
		s.there += 1000;
		fetch_go_on(s.fetch);
		turn(w, 2);
	}
	assert_false(s.outcome.is_done);
	say(server, "half");
	fetch_world_wait(w, &s.outcome);
	assert_int_equal(s.outcome.status, 503);
	close(server);
	close(listener);
}

static void a_cancelled_one_never_arrives_either(void **state)
{
	struct fetch_world *w = *state;
	struct sender s = {.total = 60000, .there = 40000};

	put(w, &s);
	while (s.sent < s.there)
		turn(w, 1);
	fetch_cancel(s.fetch);
	turn(w, 50);
	assert_false(s.outcome.is_done);
	assert_int_equal(fake_http_hits(w->server, "/x"), 0);
}

static void a_put_is_signed_and_names_no_secret(void **state)
{
	struct fetch_world *w = *state;
	struct sender s = {.total = 10, .there = 10};
	struct fetch_signing signing = {"eu-west-9", "AKIDEXAMPLE", "the-secret-key"};

	const char *const headers[] = {"x-amz-content-sha256: UNSIGNED-PAYLOAD", NULL};

	w->request.signing = &signing;
	w->request.headers = headers;
	put(w, &s);
	fetch_world_wait(w, &s.outcome);
	assert_int_equal(s.outcome.status, 200);
	char *head = fake_http_last_head(w->server, "/x");
	assert_non_null(strstr(head, "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"));
	assert_non_null(strstr(head, "/eu-west-9/s3/aws4_request"));
	assert_non_null(strstr(head, "SignedHeaders=host;x-amz-content-sha256;x-amz-date"));
	assert_non_null(strstr(head, "x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n"));
	assert_null(strstr(head, "the-secret-key"));
	free(head);
}

static void other_methods_can_be_asked_with(void **state)
{
	struct fetch_world *w = *state;
	struct fetch_outcome outcome = {0};

	w->request.method = "DELETE";
	fetch_world_run(w, w->url, &outcome);
	char *head = fake_http_last_head(w->server, "/x");
	assert_non_null(strstr(head, "DELETE /x HTTP/1.1\r\n"));
	free(head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(content_is_sent_as_it_comes),
		WORLD(nothing_at_all_can_be_sent),
		WORLD(what_is_broken_off_never_arrives_as_a_whole),
		WORLD(a_cancelled_one_never_arrives_either),
		WORLD(s175_answer_before_the_end_of_the_content_is_told_when_it_is_whole),
		WORLD(a_put_is_signed_and_names_no_secret),
		WORLD(other_methods_can_be_asked_with),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
