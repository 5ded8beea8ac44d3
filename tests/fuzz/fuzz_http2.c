/*
 * HTTP/2 of a front: what a client sends behind the preface, in pieces, to a front that answers at
 * once, holds, streams, opens tunnels, or does nothing until the client has left.
 *
 * The first byte says how large the pieces are. Whatever comes: when the client has left, no
 * request and no connection is there.
 */
#include "base/mem.h"
#include "base/net/listen.h"
#include "proxy/front/front.h"
#include "proxy/front/h2/h2.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 64 * 1024, TURNS = 6, LAST_TURNS = 200 };

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

static struct world {
	struct event_base *base;
	struct front *front;
	struct sockaddr_storage addr;
	struct front_request *under_way[128];
	size_t count;
} world;

static void forget(struct front_request *req)
{
	for (size_t i = 0; i < world.count; i++) {
		if (world.under_way[i] == req)
			world.under_way[i--] = world.under_way[--world.count];
	}
}

static void answer(struct front_request *req, const char *text, bool ends)
{
	struct evbuffer *bytes = evbuffer_new();
	struct sbuf fields;

	sbuf_init(&fields, 1000);
	sbuf_puts(&fields, "X-Test: yes\r\nSet-Cookie: a=b\r\n");
	evbuffer_add_printf(bytes, "%s%0300d", text, 7);
	front_reply_head(req, 200, &fields, -1, str_eq(req->method, STR("HEAD")));
	(void)front_reply_body(req, bytes);
	if (ends) {
		forget(req);
		front_reply_end(req);
	}
	evbuffer_free(bytes);
	sbuf_clear(&fields);
}

static void on_closed(void *arg)
{
	forget(arg);
}

static void on_held(void *arg)
{
	struct front_request *req = arg;

	assert(evbuffer_get_length(req->body) <= INPUT_MAX);
	answer(req, "held", true);
}

static void on_piece(void *arg, struct evbuffer *bytes, bool is_last)
{
	(void)bytes;
	if (is_last)
		answer(arg, "streamed", true);
}

static void on_bytes(void *arg, struct evbuffer *bytes)
{
	(void)front_reply_body(arg, bytes);
}

static void on_content_fault(void *arg, enum fault fault)
{
	forget(arg);
	(void)fault;
	front_reply_cut(arg);
}

static void tunnel(struct front_request *req)
{
	struct sbuf fields;

	sbuf_init(&fields, 100);
	front_tunnel_begin(req, &fields);
	sbuf_clear(&fields);
}

/* By the first letter of the path. */
static void on_request(void *arg, struct front_request *req)
{
	static const struct front_handler handler = {
		NULL, on_closed, on_bytes, on_held, on_piece, on_content_fault};
	char what = req->target.len > 1 ? req->target.at[1] : 'a';

	(void)arg;
	front_set_handler(req, &handler, req);
	assert(world.count < ARRAY_LEN(world.under_way));
	world.under_way[world.count++] = req;
	if (h1_find(req->fields, req->fields_count, FIELD_UPGRADE).at && what == 't')
		tunnel(req);
	else if (what == 'h' && req->content_length != 0 &&
		 front_content_hold(req, INPUT_MAX, NULL) == FAULT_NONE)
		return;
	else if (what == 's' && req->content_length != 0 &&
		 front_content_stream(req, INPUT_MAX, NULL) == FAULT_NONE)
		return;
	else if (what == 'o')
		answer(req, "open", false);
	else if (what != 'n')
		answer(req, "at once", true);
}

static void on_refused(void *arg, const char *peer, enum fault fault)
{
	(void)arg, (void)peer, (void)fault;
}

static void make_world(void)
{
	static const struct front_limits limits = {4096, 10, 10000, 10000};
	struct sockaddr_in *in = (struct sockaddr_in *)&world.addr;
	struct err err;

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = listen_open(&world.addr, sizeof *in, &err);
	assert(fd != -1);
	world.base = event_base_new();
	world.front =
		front_new(world.base, FRONT_DIRECT, fd, &limits, on_request, on_refused, NULL);
	front_use_second(world.front, &h2_wire, true);
}

static void turn(unsigned turns)
{
	for (unsigned i = 0; i < turns; i++)
		event_base_loop(world.base, EVLOOP_NONBLOCK);
}

static int dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd == -1 ||
		connect(fd, (struct sockaddr *)&world.addr, sizeof(struct sockaddr_in)) != 0)
		abort();
	return fd;
}

/* On a busy machine even loopback takes its time. */
static void wait_until_there(int fd)
{
	int left = 1;

	for (int i = 0; i < 1000 && ioctl(fd, SIOCOUTQ, &left) == 0 && left > 0; i++)
		sched_yield();
}

static void send_piece(int fd, const void *bytes, size_t len)
{
	char rest[65536];

	(void)send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	wait_until_there(fd);
	turn(TURNS);
	while (recv(fd, rest, sizeof rest, MSG_DONTWAIT) == (ssize_t)sizeof rest)
		turn(1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (world.base == NULL)
		make_world();
	if (size < 1 || size > INPUT_MAX)
		return 0;
	size_t step = data[0] ? (size_t)data[0] * 16 : 1 + size / 8;
	int fd = dial();
	send_piece(fd, preface, sizeof preface - 1);
	for (size_t at = 1; at < size; at += step)
		send_piece(fd, data + at, size - at < step ? size - at : step);
	close(fd);
	for (unsigned i = 0; i < LAST_TURNS && front_connections(world.front) > 0; i++)
		turn(1);
	if (front_connections(world.front) > 0 || world.count > 0 ||
		front_count_second(world.front).streams > 0)
		abort();
	return 0;
}
