/*
 * A line between a browser and a server: link PORT HOST:PORT RTT_MS MBIT QUEUE_KIB.
 *
 * Accepts on 127.0.0.1:PORT (0: any; it prints which) and relays to HOST:PORT. All connections
 * share the line. What it does to them:
 *  - a byte takes half the round trip, and its share of the bandwidth, each way on its own;
 *  - the first byte of a client waits one round trip more, for the handshake of TCP that loopback
 *    does in no time;
 *  - a connection has at most its window on the way. The window begins with ten segments (RFC 6928)
 *    and grows by what arrives, as in slow start (RFC 5681 §3.1), up to the queue and what the line
 *    holds;
 *  - the queue is bounded: a sender waits while it is full, nothing is lost. So there is no
 *    congestion, and the same load takes the same time each time.
 *
 * One thread. Bounded: 256 connections; each has at most a window of WINDOW_MAX in each direction.
 */
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	CONNECTIONS_MAX = 256,
	SEGMENT = 1460,		      /* bytes of content in a packet */
	SEGMENT_HEAD = 54,	      /* and before it: Ethernet, IPv4, TCP */
	PIECE = 4 * SEGMENT,	      /* bytes read at a time, so that connections take turns */
	WINDOW_START = 10 * SEGMENT,  /* RFC 6928 */
	WINDOW_MAX = 4 * 1024 * 1024, /* bytes */
};

struct line { /* one direction of it, shared by all connections */
	int64_t free_at_us;
	double us_per_byte;
};

struct piece {
	STAILQ_ENTRY(piece) next;
	int64_t arrives_us, acked_us; /* acked_us: 0 until it is written */
	size_t len, written;
	bool is_end; /* the sender closed */
	char bytes[PIECE];
};
STAILQ_HEAD(pieces, piece);

struct way { /* from one socket of a connection to the other */
	struct connection *connection;
	struct line *line;
	int from, to;
	struct event *readable, *due;
	struct pieces pieces; /* written ones first, until they are acked */
	struct piece *unwritten;
	size_t window, on_the_way;
	int64_t opens_us; /* nothing is sent before */
	bool is_read_out, is_done;
};

struct connection {
	struct way up, down;
};

static struct {
	struct event_base *base;
	struct sockaddr_in server;
	struct line up, down;
	int64_t half_us, queue_us;
	size_t window_max;
	unsigned connections;
} link_;

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* --- a connection's end --- */

static void way_close(struct way *way)
{
	struct piece *piece;

	event_free(way->readable);
	event_free(way->due);
	while ((piece = STAILQ_FIRST(&way->pieces))) {
		STAILQ_REMOVE_HEAD(&way->pieces, next);
		free(piece);
	}
}

static void connection_close(struct connection *c)
{
	way_close(&c->up);
	way_close(&c->down);
	close(c->up.from);
	close(c->down.from);
	free(c);
	link_.connections--;
}

/* --- from the sender onto the line --- */

/* When it has arrived: behind all that is on the line, and half a round trip later. */
static int64_t put_on_line(struct line *line, int64_t now, size_t len)
{
	size_t packets = len / SEGMENT + (len % SEGMENT != 0);
	int64_t start = now > line->free_at_us ? now : line->free_at_us;

	line->free_at_us =
		start + (int64_t)((double)(len + packets * SEGMENT_HEAD) * line->us_per_byte);
	return line->free_at_us + link_.half_us;
}

static bool may_read(const struct way *way, int64_t now)
{
	return !way->is_read_out && now >= way->opens_us && way->on_the_way < way->window &&
	       way->line->free_at_us - now < link_.queue_us;
}

/* False: the connection is broken. */
static bool read_piece(struct way *way, int64_t now)
{
	size_t room = way->window - way->on_the_way;
	struct piece *piece = mem_alloc(1, sizeof *piece);
	ssize_t n = read(way->from, piece->bytes, room < PIECE ? room : PIECE);

	if (n < 0) {
		free(piece);
		return errno == EAGAIN || errno == EINTR;
	}
	piece->len = (size_t)n;
	piece->is_end = way->is_read_out = n == 0;
	piece->arrives_us = put_on_line(way->line, now, piece->len);
	way->on_the_way += piece->len;
	STAILQ_INSERT_TAIL(&way->pieces, piece, next);
	if (way->unwritten == NULL)
		way->unwritten = piece;
	return true;
}

/* --- from the line to the receiver --- */

/* What has been written for a round trip's other half is acked, and the window grows by it. */
static void take_acks(struct way *way, int64_t now)
{
	struct piece *piece;

	while ((piece = STAILQ_FIRST(&way->pieces)) && piece->acked_us && piece->acked_us <= now) {
		STAILQ_REMOVE_HEAD(&way->pieces, next);
		way->on_the_way -= piece->len;
		way->window += piece->len;
		if (way->window > link_.window_max)
			way->window = link_.window_max;
		free(piece);
	}
}

/* 1: written. 0: the receiver is slow. -1: it is gone. */
static int write_piece(struct way *way, struct piece *piece)
{
	while (piece->written < piece->len) {
		ssize_t n = send(way->to, piece->bytes + piece->written,
			piece->len - piece->written, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -1;
		piece->written += (size_t)n;
	}
	if (piece->is_end)
		shutdown(way->to, SHUT_WR);
	way->is_done |= piece->is_end;
	return 1;
}

static bool deliver(struct way *way, int64_t now)
{
	struct piece *piece;

	while ((piece = way->unwritten) && piece->arrives_us <= now) {
		int rc = write_piece(way, piece);
		if (rc <= 0)
			return rc == 0;
		piece->acked_us = now + link_.half_us;
		way->unwritten = STAILQ_NEXT(piece, next);
	}
	return true;
}

/* --- what is next --- */

static int64_t sooner(int64_t a, int64_t b)
{
	return a == 0 || b < a ? b : a;
}

static void schedule(struct way *way, int64_t now)
{
	const struct piece *first = STAILQ_FIRST(&way->pieces), *unwritten = way->unwritten;
	int64_t next = 0;

	if (may_read(way, now))
		event_add(way->readable, NULL);
	else if (!way->is_read_out && way->on_the_way < way->window) /* for the line, or to open */
		next = now < way->opens_us ? way->opens_us
					   : way->line->free_at_us - link_.queue_us + 1;
	if (first && first->acked_us)
		next = sooner(next, first->acked_us);
	if (unwritten) /* a slow receiver is asked again a millisecond later */
		next = sooner(
			next, unwritten->arrives_us > now ? unwritten->arrives_us : now + 1000);
	if (next == 0)
		return;
	int64_t left = next > now ? next - now : 0;
	event_add(way->due, &(struct timeval){left / 1000000, left % 1000000});
}

static void way_turn(struct way *way, bool is_readable)
{
	int64_t now = now_us();
	bool is_well = deliver(way, now);

	take_acks(way, now);
	if (is_well && is_readable && may_read(way, now))
		is_well = read_piece(way, now);
	if (!is_well || (way->connection->up.is_done && way->connection->down.is_done))
		connection_close(way->connection);
	else
		schedule(way, now);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	way_turn(arg, true);
}

static void on_due(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	way_turn(arg, false);
}

/* --- a connection's beginning --- */

static void way_open(struct way *way, struct connection *c, struct line *line, int from, int to)
{
	*way = (struct way){.connection = c, .line = line, .from = from, .to = to};
	way->window = WINDOW_START;
	STAILQ_INIT(&way->pieces);
	way->readable = event_new(link_.base, from, EV_READ, on_readable, way);
	way->due = evtimer_new(link_.base, on_due, way);
}

static int connect_to_server(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd == -1 || connect(fd, (struct sockaddr *)&link_.server, sizeof link_.server) == -1) {
		perror("the server");
		if (fd != -1)
			close(fd);
		return -1;
	}
	return fd;
}

static void set_up_socket(int fd)
{
	evutil_make_socket_nonblocking(fd);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

static void on_client(evutil_socket_t listener, short what, void *arg)
{
	int client = accept(listener, NULL, NULL);

	(void)what, (void)arg;
	if (client == -1)
		return;
	int server = link_.connections < CONNECTIONS_MAX ? connect_to_server() : -1;
	if (server == -1) {
		close(client);
		return;
	}
	struct connection *c = mem_alloc(1, sizeof *c);
	set_up_socket(client);
	set_up_socket(server);
	way_open(&c->up, c, &link_.up, client, server);
	way_open(&c->down, c, &link_.down, server, client);
	c->up.opens_us = now_us() + 2 * link_.half_us;
	link_.connections++;
	schedule(&c->up, now_us());
	schedule(&c->down, now_us());
}

static double number(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || value < 0) {
		fprintf(stderr, "link: not a number: %s\n", text);
		exit(2);
	}
	return value;
}

static int listen_on(unsigned port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || bind(fd, (struct sockaddr *)&address, sizeof address) == -1 ||
		listen(fd, 128) == -1 || getsockname(fd, (struct sockaddr *)&address, &len) == -1)
		fail("listen");
	printf("%u\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

static void read_server(char *text)
{
	char *colon = strrchr(text, ':');

	if (colon)
		*colon = '\0';
	link_.server = (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons((uint16_t)(colon ? number(colon + 1) : 0))};
	if (!colon || inet_pton(AF_INET, text, &link_.server.sin_addr) != 1) {
		fprintf(stderr, "link: not an address and a port: %s\n", text);
		exit(2);
	}
}

static struct event_base *precise_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: link PORT HOST:PORT RTT_MS MBIT QUEUE_KIB\n");
		return 2;
	}
	double mbit = number(argv[4]), queue = number(argv[5]) * 1024;
	signal(SIGPIPE, SIG_IGN);
	read_server(argv[2]);
	link_.half_us = (int64_t)(number(argv[3]) * 1000 / 2);
	link_.up.us_per_byte = link_.down.us_per_byte = 8 / mbit;
	link_.queue_us = (int64_t)(queue * 8 / mbit);
	double holds = 2 * (double)link_.half_us / link_.up.us_per_byte + queue;
	link_.window_max = holds < WINDOW_START ? WINDOW_START
			   : holds > WINDOW_MAX ? WINDOW_MAX
						: (size_t)holds;
	link_.base = precise_base();
	struct event *clients = event_new(link_.base, listen_on((unsigned)number(argv[1])),
		EV_READ | EV_PERSIST, on_client, NULL);
	event_add(clients, NULL);
	event_base_dispatch(link_.base);
	return 0;
}
