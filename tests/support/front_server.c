#include "tests/support/front_server.h"

#include "base/mem.h"
#include "base/net/listen.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

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

/* As the exchange does: with the fault's status, and closing. */
static void refuse(struct server *s, struct front_request *req, enum fault fault)
{
	struct sbuf fields;

	atomic_fetch_add(&s->refused, 1);
	sbuf_init(&fields, 1000);
	front_close_after(req);
	front_reply_head(req, fault_row(fault)->status, &fields, 0, false);
	front_reply_end(req);
	sbuf_clear(&fields);
}

static void on_content_fault(void *arg, enum fault fault)
{
	struct server *s = arg;

	refuse(s, s->asked, fault);
}

static void answer(struct server *s, struct front_request *req, size_t content)
{
	struct evbuffer *body = evbuffer_new();
	struct sbuf fields;

	sbuf_init(&fields, 1000);
	sbuf_puts(&fields, "X-Test: yes\r\n");
	atomic_fetch_add(&s->served, 1);
	evbuffer_add_printf(body, "%.*s %.*s %zu\n", (int)req->method.len, req->method.at,
		(int)req->target.len, req->target.at, content);
	if (str_eq(req->target, STR("/big"))) {
		for (int i = 0; i < 8 << 20; i += 1024)
			evbuffer_add_printf(body, "%01024d", 7);
	}
	bool chunked = str_eq(req->target, STR("/chunked")), cut = str_eq(req->target, STR("/cut"));
	front_reply_head(req, 200, &fields,
		chunked || cut ? -1 : (int64_t)evbuffer_get_length(body),
		str_eq(req->method, STR("HEAD")));
	front_reply_body(req, body);
	if (cut)
		front_reply_cut(req);
	else
		front_reply_end(req);
	sbuf_clear(&fields);
	evbuffer_free(body);
}

static void on_held(void *arg)
{
	struct server *s = arg;

	answer(s, s->asked, evbuffer_get_length(s->asked->body));
}

static void on_piece(void *arg, struct evbuffer *bytes, bool is_last)
{
	struct server *s = arg;
	size_t len = evbuffer_get_length(bytes);

	s->streamed += len;
	if (len > atomic_load(&s->largest_piece))
		atomic_store(&s->largest_piece, len);
	if (is_last)
		answer(s, s->asked, s->streamed);
}

static void leave_open(struct front_request *req)
{
	static const struct front_handler nothing = {.on_closed = NULL};
	struct evbuffer *body = evbuffer_new();
	struct sbuf fields;

	front_set_handler(req, &nothing, NULL);
	sbuf_init(&fields, 100);
	for (int i = 0; i < 8 << 20; i += 1024)
		evbuffer_add_printf(body, "%01024d", 7);
	front_reply_head(req, 200, &fields, -1, false);
	front_reply_body(req, body);
	evbuffer_free(body);
	sbuf_clear(&fields);
}

static void note_order(struct server *s, const struct front_request *req)
{
	size_t len = strlen(s->order);

	if (str_eq(req->target, STR("/gate"))) {
		pthread_mutex_lock(&s->gate);
		pthread_mutex_unlock(&s->gate);
	}
	if (len + 1 < sizeof s->order && req->target.len > 1)
		s->order[len] = req->target.at[1];
}

static void on_request(void *arg, struct front_request *req)
{
	static const struct front_handler handler = {
		on_drained, on_closed, NULL, on_held, on_piece, on_content_fault};
	struct server *s = arg;
	enum fault fault = FAULT_NONE;

	note_order(s, req);
	front_set_handler(req, &handler, s);
	if (str_eq(req->target, STR("/open"))) {
		leave_open(req);
		return;
	}
	if (str_eq(req->target, STR("/hold"))) {
		atomic_fetch_add(&s->served, 1);
		s->held = req;
		return;
	}
	s->asked = req;
	s->streamed = 0;
	if (req->content_length == 0 || str_eq(req->target, STR("/unread")))
		answer(s, req, 0);
	else if (str_eq(req->target, STR("/stream")))
		fault = front_content_stream(req, UINT64_MAX, s->budget);
	else
		fault = front_content_hold(req, 1 << 20, s->budget);
	if (fault != FAULT_NONE)
		refuse(s, req, fault);
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

static enum front_kind kind;

int front_is_direct(void **state)
{
	(void)state;
	kind = FRONT_DIRECT;
	print_message("front: direct\n");
	return 0;
}

int front_is_evhttp(void **state)
{
	(void)state;
	kind = FRONT_EVHTTP;
	print_message("front: evhttp\n");
	return 0;
}

struct server *server_start(unsigned connections)
{
	struct sockaddr_storage addr = {0};
	struct sockaddr_in *in = (struct sockaddr_in *)&addr;
	struct front_limits limits = {16384, connections, 1000, 60000};
	struct server *s = mem_alloc(1, sizeof *s);
	struct err err;

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = listen_open(&addr, sizeof *in, &err);
	assert_int_not_equal(fd, -1);
	s->port = listen_port(&addr);
	pthread_mutex_init(&s->gate, NULL);
	s->base = event_base_new();
	s->front = front_new(s->base, kind, fd, &limits, on_request, on_refused, s);
	pthread_create(&s->thread, NULL, run, s);
	return s;
}

int front_setup(void **state)
{
	*state = server_start(1000);
	return 0;
}

int front_teardown(void **state)
{
	struct server *s = *state;

	atomic_store(&s->stop, true);
	pthread_join(s->thread, NULL);
	front_free(s->front);
	event_base_free(s->base);
	free(s);
	return 0;
}

int dial(const struct server *s)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s->port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 5},
		sizeof(struct timeval));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

void send_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
		if (n <= 0)
			return; /* the server may have had enough */
		bytes += n;
		len -= (size_t)n;
	}
}

char *read_all(int fd, bool *ended)
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

unsigned count(const char *text, const char *needle)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, needle)); at++)
		n++;
	return n;
}

void say(int fd, const char *text)
{
	send_all(fd, text, strlen(text));
}

char *ask(const struct server *s, const char *bytes, size_t len, bool *ended)
{
	int fd = dial(s);

	send_all(fd, bytes, len);
	return read_all(fd, ended);
}

char *ask_text(const struct server *s, const char *text, bool *ended)
{
	return ask(s, text, strlen(text), ended);
}

bool wait_for(atomic_int *value, int wanted)
{
	for (int i = 0; i < 500 && atomic_load(value) < wanted; i++)
		nanosleep(&(struct timespec){0, 10000000}, NULL);
	return atomic_load(value) >= wanted;
}
