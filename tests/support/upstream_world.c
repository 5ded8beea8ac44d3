#include "tests/support/upstream_world.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <event2/buffer.h>
#include <event2/event.h>

static void over(struct seen *s)
{
	static unsigned turns;

	s->call = NULL;
	s->turn = ++turns;
	if (s->then)
		s->then(s);
}

static void on_head(void *arg, const struct h1_response *head)
{
	struct seen *s = arg;

	assert_non_null(s->call); /* not from inside start, not after the end */
	s->heads++;
	s->status = head->status;
	if (s->cancels_on_head)
		upstream_world_cancel(s);
}

static void on_body(void *arg, struct evbuffer *bytes)
{
	struct seen *s = arg;
	size_t len = evbuffer_get_length(bytes);

	assert_non_null(s->call);
	assert_int_equal(s->heads, 1);
	assert_in_range(len, 1, 64 * 1024);
	s->bytes += len;
	if (s->body.len + len <= s->body.max)
		sbuf_add(&s->body, evbuffer_pullup(bytes, -1), len);
	evbuffer_drain(bytes, len);
	if (s->pauses_on_body)
		upstream_pause(s->call);
	if (s->cancels_on_body)
		upstream_world_cancel(s);
}

static void on_end(void *arg)
{
	struct seen *s = arg;

	assert_non_null(s->call);
	s->ends++;
	over(s);
}

static void on_fault(void *arg, enum fault fault)
{
	struct seen *s = arg;

	assert_non_null(s->call);
	s->faults++;
	s->fault = fault;
	over(s);
}

static const struct upstream_handler handler = {on_head, on_body, on_end, on_fault, NULL};

static void start(struct upstream_world *w, struct seen *s, struct upstream_request *req)
{
	sbuf_init(&s->body, 64 * 1024);
	s->call = upstream_start(w->up, req, &handler, s);
	if (req->body)
		evbuffer_free(req->body);
}

static struct evbuffer *body_of(size_t len)
{
	struct evbuffer *body = evbuffer_new();
	char *bytes = mem_alloc(len, 1);

	memset(bytes, 'b', len);
	evbuffer_add(body, bytes, len);
	free(bytes);
	return body;
}

void upstream_world_start(
	struct upstream_world *w, struct seen *s, const char *method, size_t body_len)
{
	bool is_head = strcmp(method, "HEAD") == 0;
	char length[40] = "";
	struct upstream_request req = {.body = body_len ? body_of(body_len) : NULL,
		.is_head = is_head,
		.idempotent = is_head || strcmp(method, "GET") == 0};

	req.addr = fake_upstream_addr(w->fake, &req.addr_len);
	if (body_len)
		snprintf(length, sizeof length, "Content-Length: %zu\r\n", body_len);
	char *head = mem_printf("%s / HTTP/1.1\r\nHost: x\r\n%s\r\n", method, length);
	req.head = str_of(head);
	start(w, s, &req);
	free(head);
}

void upstream_world_start_at(
	struct upstream_world *w, struct seen *s, const struct sockaddr *addr, socklen_t len)
{
	struct upstream_request req = {.addr = addr,
		.addr_len = len,
		.head = STR("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		.idempotent = true};

	start(w, s, &req);
}

void upstream_world_start_secure(struct upstream_world *w, struct seen *s, unsigned port,
	const struct upstream_secure *secure)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct upstream_request req = {.addr = (const struct sockaddr *)&addr,
		.addr_len = sizeof addr,
		.secure = secure,
		.head = STR("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		.idempotent = true};

	start(w, s, &req);
}

void upstream_world_cancel(struct seen *s)
{
	upstream_cancel(s->call);
	s->call = NULL;
}

void upstream_world_turn(struct upstream_world *w)
{
	event_base_loop(w->base, EVLOOP_ONCE);
}

void upstream_world_finish(struct upstream_world *w, struct seen *s)
{
	UNTIL(w, s->call == NULL);
	assert_int_equal(s->ends + s->faults, 1);
}

struct seen upstream_world_ask(struct upstream_world *w, const char *method)
{
	struct seen s = {0};

	upstream_world_start(w, &s, method, 0);
	upstream_world_finish(w, &s);
	return s;
}

void seen_clear(struct seen *s)
{
	sbuf_clear(&s->body);
}

static void on_alarm(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
}

int upstream_world_open(void **state)
{
	struct upstream_world *w = mem_alloc(1, sizeof *w);
	struct timeval interval = {.tv_usec = 20 * 1000};

	w->base = event_base_new();
	w->alarm = event_new(w->base, -1, EV_PERSIST, on_alarm, NULL);
	event_add(w->alarm, &interval);
	w->fake = fake_upstream_start(w->base);
	w->up = upstream_new(w->base, &upstream_default_limits);
	*state = w;
	return 0;
}

int upstream_world_close(void **state)
{
	struct upstream_world *w = *state;
	struct upstream_counts counts = upstream_count(w->up);
	bool is_clean = counts.calls == 0 && counts.waiting == 0 &&
			counts.connections == counts.idle && counts.opened >= counts.connections;

	if (counts.calls > 0)
		return -1; /* the test failed half-way, and its own words are worth more */
	upstream_free(w->up);
	fake_upstream_stop(w->fake);
	event_free(w->alarm);
	event_base_free(w->base);
	free(w);
	return is_clean ? 0 : -1;
}

void upstream_world_limit(struct upstream_world *w, const struct upstream_limits *limits)
{
	upstream_free(w->up);
	w->up = upstream_new(w->base, limits);
}
