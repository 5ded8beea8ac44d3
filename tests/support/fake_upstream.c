#define _GNU_SOURCE /* accept4 */
#include "tests/support/fake_upstream.h"

#include "base/sbuf.h"

#include <arpa/inet.h>
#include <assert.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

enum { PIECE = 64 * 1024, REQUEST_MAX = 8 * 1024 * 1024 };

struct guest {
	struct fake_upstream *fake;
	int fd;
	struct event *readable, *writable, *timer;
	struct evbuffer *in;
	const struct fake_play *play; /* NULL: waits for a request */
	size_t sent;		      /* of the answer and its filler */
	TAILQ_ENTRY(guest) list;
};
TAILQ_HEAD(guests, guest);

struct fake_upstream {
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *acceptor; /* NULL: the listener accepts by itself */
	struct sockaddr_in addr;
	const struct fake_play *plays;
	size_t plays_count, next;
	struct guests guests;
	struct fake_upstream_counts counts;
	struct sbuf last;
};

static void leave(struct guest *g, bool reset)
{
	struct linger at_once = {.l_onoff = 1};

	if (reset)
		setsockopt(g->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	TAILQ_REMOVE(&g->fake->guests, g, list);
	g->fake->counts.open--;
	event_free(g->readable);
	event_free(g->writable);
	event_free(g->timer);
	close(g->fd);
	evbuffer_free(g->in);
	free(g);
}

static void take_request(struct guest *g);

static void on_answered(struct guest *g)
{
	enum fake_then then = g->play->then;

	event_del(g->writable);
	g->play = NULL;
	if (then == FAKE_CLOSE || then == FAKE_RESET)
		leave(g, then == FAKE_RESET);
	else
		take_request(g);
}

static void on_writable(int fd, short what, void *arg)
{
	static char filler[PIECE];
	struct guest *g = arg;
	size_t answer = g->play->answer.len, left = answer + g->play->filler - g->sent;
	const char *from = filler;

	(void)what;
	if (g->sent < answer) {
		from = g->play->answer.at + g->sent;
		left = answer - g->sent;
	} else if (filler[0] == '\0') {
		memset(filler, 'x', sizeof filler);
	}
	if (left > PIECE)
		left = PIECE;
	if (g->play->step && left > g->play->step)
		left = g->play->step;
	ssize_t n = left ? send(fd, from, left, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
	if (n == -1) {
		leave(g, false);
		return;
	}
	g->sent += (size_t)n;
	g->fake->counts.sent += (uint64_t)n;
	if (g->sent == answer + g->play->filler)
		on_answered(g);
}

static void on_timer(int fd, short what, void *arg)
{
	struct guest *g = arg;

	(void)fd, (void)what;
	event_add(g->writable, NULL);
}

static void begin_play(struct guest *g)
{
	struct fake_upstream *fake = g->fake;

	fake->counts.requests++;
	if (fake->plays_count == 0)
		return;
	g->play = &fake->plays[fake->next];
	g->sent = 0;
	if (fake->next + 1 < fake->plays_count)
		fake->next++;
	if (g->play->hasty)
		event_del(g->readable);
	if (g->play->then == FAKE_SILENCE && g->play->answer.len == 0)
		return;
	unsigned ms = g->play->wait_ms;
	struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	if (ms)
		event_add(g->timer, &wait);
	else
		event_add(g->writable, NULL);
}

static size_t length_of(struct str head)
{
	ptrdiff_t at = str_find(head, STR("Content-Length: "));
	uint64_t length = 0;

	if (at == -1)
		return 0;
	struct str value = str_from(head, (size_t)at + 16);
	value.len = (size_t)str_find_byte(value, '\r');
	assert(str_to_u64(value, &length));
	return (size_t)length;
}

static bool is_hasty(const struct fake_upstream *fake)
{
	return fake->plays_count > 0 && fake->plays[fake->next].hasty;
}

static void take_request(struct guest *g)
{
	struct str in = {(char *)evbuffer_pullup(g->in, -1), evbuffer_get_length(g->in)};
	ptrdiff_t end = in.len ? str_find(in, STR("\r\n\r\n")) : -1;

	if (g->play || end == -1)
		return;
	size_t len = (size_t)end + 4;
	if (!is_hasty(g->fake))
		len += length_of((struct str){in.at, len});
	if (in.len < len)
		return;
	sbuf_reset(&g->fake->last);
	sbuf_add(&g->fake->last, in.at, len);
	evbuffer_drain(g->in, len);
	begin_play(g);
}

static void on_readable(int fd, short what, void *arg)
{
	struct guest *g = arg;

	(void)what;
	if (evbuffer_read(g->in, fd, PIECE) <= 0)
		leave(g, false);
	else
		take_request(g);
}

static void on_accept(
	struct evconnlistener *listener, int fd, struct sockaddr *addr, int len, void *arg)
{
	struct fake_upstream *fake = arg;
	struct guest *g = mem_alloc(1, sizeof *g);
	int on = 1;

	(void)listener, (void)addr, (void)len;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	*g = (struct guest){.fake = fake, .fd = fd, .in = evbuffer_new()};
	g->readable = event_new(fake->base, fd, EV_READ | EV_PERSIST, on_readable, g);
	g->writable = event_new(fake->base, fd, EV_WRITE | EV_PERSIST, on_writable, g);
	g->timer = event_new(fake->base, -1, 0, on_timer, g);
	event_add(g->readable, NULL);
	TAILQ_INSERT_TAIL(&fake->guests, g, list);
	fake->counts.accepted++;
	fake->counts.open++;
}

struct fake_upstream *fake_upstream_start(struct event_base *base)
{
	struct fake_upstream *fake = mem_alloc(1, sizeof *fake);
	socklen_t len = sizeof fake->addr;

	fake->base = base;
	TAILQ_INIT(&fake->guests);
	sbuf_init(&fake->last, REQUEST_MAX);
	fake->addr.sin_family = AF_INET;
	fake->addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fake->listener = evconnlistener_new_bind(base, on_accept, fake, LEV_OPT_CLOSE_ON_FREE, -1,
		(struct sockaddr *)&fake->addr, sizeof fake->addr);
	assert(fake->listener);
	getsockname(evconnlistener_get_fd(fake->listener), (struct sockaddr *)&fake->addr, &len);
	return fake;
}

void fake_upstream_hang_up(struct fake_upstream *fake)
{
	while (!TAILQ_EMPTY(&fake->guests))
		leave(TAILQ_FIRST(&fake->guests), false);
}

static void on_acceptor(int fd, short what, void *arg)
{
	struct fake_upstream *fake = arg;
	int guest = accept4(
		evconnlistener_get_fd(fake->listener), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)fd, (void)what;
	if (guest != -1)
		on_accept(fake->listener, guest, NULL, 0, fake);
}

void fake_upstream_narrow(struct fake_upstream *fake, unsigned ms)
{
	struct timeval interval = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	evconnlistener_disable(fake->listener);
	assert(listen(evconnlistener_get_fd(fake->listener), 1) == 0);
	if (fake->acceptor == NULL)
		fake->acceptor = event_new(fake->base, -1, EV_PERSIST, on_acceptor, fake);
	event_del(fake->acceptor);
	if (ms)
		event_add(fake->acceptor, &interval);
}

void fake_upstream_refuse(struct fake_upstream *fake)
{
	if (fake->acceptor)
		event_free(fake->acceptor);
	fake->acceptor = NULL;
	evconnlistener_free(fake->listener);
	fake->listener = NULL;
}

void fake_upstream_stop(struct fake_upstream *fake)
{
	fake_upstream_hang_up(fake);
	if (fake->listener)
		fake_upstream_refuse(fake);
	sbuf_clear(&fake->last);
	free(fake);
}

const struct sockaddr *fake_upstream_addr(const struct fake_upstream *fake, socklen_t *len)
{
	*len = sizeof fake->addr;
	return (const struct sockaddr *)&fake->addr;
}

void fake_upstream_play(struct fake_upstream *fake, const struct fake_play *plays, size_t count)
{
	fake->plays = plays;
	fake->plays_count = count;
	fake->next = 0;
}

void fake_upstream_say(struct fake_upstream *fake, struct str bytes)
{
	struct guest *g;

	TAILQ_FOREACH(g, &fake->guests, list)
	{
		ssize_t n = send(g->fd, bytes.at, bytes.len, MSG_NOSIGNAL);
		assert(n == (ssize_t)bytes.len);
	}
}

struct fake_upstream_counts fake_upstream_count(const struct fake_upstream *fake)
{
	return fake->counts;
}

struct str fake_upstream_last(const struct fake_upstream *fake)
{
	return sbuf_str(&fake->last);
}
