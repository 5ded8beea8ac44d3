/*
 * tests/fuzz/exchange_party.h - a socket's other end in fuzz_exchange.c: what it has still to say,
 * and how it says it.
 *
 * Included there alone: a fuzz target is one file.
 */
#ifndef SPARKGATE_TESTS_EXCHANGE_PARTY_H
#define SPARKGATE_TESTS_EXCHANGE_PARTY_H

#include "base/sbuf.h"

#include <sys/socket.h>
#include <unistd.h>

enum { TODO_MAX = 1 << 20 }; /* what a party has still to say */

struct party {	/* a client, or a connection that the worker opened */
	int fd; /* -1: none */
	struct sbuf todo;
	bool flows; /* says what it has whenever it may; else only when it is told to */
};

static void party_init(struct party *party)
{
	party->fd = -1;
	sbuf_init(&party->todo, TODO_MAX);
}

static void leave(struct party *party, bool is_reset)
{
	struct linger at_once = {.l_onoff = 1};

	if (party->fd == -1)
		return;
	if (is_reset)
		setsockopt(party->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close(party->fd);
	party->fd = -1;
	sbuf_reset(&party->todo);
}

static void say(struct party *party, size_t most)
{
	size_t len = party->todo.len < most ? party->todo.len : most;
	ssize_t n = party->fd == -1 ? -1 : send(party->fd, party->todo.at, len, MSG_NOSIGNAL);

	if (n > 0)
		sbuf_cut(&party->todo, (size_t)n);
}

static void flow(struct party *parties, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (parties[i].flows && parties[i].todo.len > 0)
			say(&parties[i], TODO_MAX);
	}
}

static size_t size_of(const struct party *parties, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += parties[i].todo.cap;
	return size;
}

static void hear(struct party *party, size_t most)
{
	char bytes[4096];
	ssize_t n = 1;

	while (party->fd != -1 && most > 0 && n > 0) {
		n = recv(party->fd, bytes, most < sizeof bytes ? most : sizeof bytes, 0);
		most -= n > 0 ? (size_t)n : 0;
	}
	if (n == 0)
		leave(party, false);
}

static void fill(struct party *party, size_t len)
{
	char *room = sbuf_extend(&party->todo, len);

	if (room)
		memset(room, 'x', len);
}

#endif
