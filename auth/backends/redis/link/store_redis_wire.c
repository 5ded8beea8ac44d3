#include "auth/backends/redis/link/store_redis_wire.h"

#include "auth/backends/redis/link/store_redis_connection.h"

#include "base/clock.h"

#include <assert.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdlib.h>

enum {
	TICK_MS = 100,
	AGAIN_MS = 150,
	READS_AT_ONCE = 32,
	AWAY_MS = STORE_READ_MS / 2, /* of a question that has been elsewhere before */
};

struct asked { /* a command whose reply has not come */
	struct asked *next;
	redis_wire_on_reply *on_reply;
	void *arg;
};

struct redis_wire {
	struct redis_servers *servers; /* ref */
	struct event_base *base;
	const struct redis_wire_hooks *hooks;
	void *arg;
	struct redis_stream *stream; /* NULL: down */
	struct asked *first, **end;
	struct event *reading, *writing, *tick;
	unsigned generation;	    /* of the address it is connected to */
	unsigned greetings;	    /* replies to the greeting that are still to come */
	struct redis_address fixed; /* of redis_wire_new_at() */
	bool is_fixed;
	bool is_up;
	bool is_dropped; /* the stream goes with the last hold */
	bool is_closed;
	unsigned holds; /* callbacks on the stack */
	int64_t started_ms, again_ms;
};

/* --- the end of a stream, and of the wire --- */

static void fail_all(struct redis_wire *wire)
{
	while (wire->first) {
		struct asked *asked = wire->first;

		wire->first = asked->next;
		asked->on_reply(NULL, asked->arg);
		free(asked);
	}
	wire->end = &wire->first;
}

static void take_down(struct redis_wire *wire)
{
	event_free(wire->reading);
	event_free(wire->writing);
	redis_stream_free(wire->stream, wire->base);
	wire->stream = NULL;
	wire->is_dropped = false;
	wire->again_ms = clock_mono_ms() + AGAIN_MS;
	fail_all(wire);
	if (wire->is_fixed)
		wire->hooks->on_down(wire->arg);
}

static void release_wire(struct redis_wire *wire)
{
	if (wire->holds == 1 && wire->is_dropped)
		take_down(wire); /* still held: what fails may drop and close */
	if (--wire->holds > 0 || !wire->is_closed)
		return;
	event_free(wire->tick);
	redis_servers_unref(wire->servers);
	wire->hooks->on_end(wire->arg);
	free(wire);
}

void redis_wire_drop(struct redis_wire *wire, const char *why)
{
	if (wire->stream == NULL || wire->is_dropped)
		return;
	if (why)
		redis_servers_report(
			wire->servers, "an asynchronous connection is given up: %s", why);
	wire->is_up = false;
	wire->is_dropped = true;
	wire->holds++;
	release_wire(wire);
}

/* --- commands and replies --- */

static int send_cmd(struct redis_wire *wire, const struct redis_cmd *cmd,
	redis_wire_on_reply *on_reply, void *arg)
{
	if (redis_stream_send(wire->stream, cmd) == -1)
		return -1;
	if (on_reply) {
		*wire->end = mem_alloc(1, sizeof **wire->end);
		**wire->end = (struct asked){.on_reply = on_reply, .arg = arg};
		wire->end = &(*wire->end)->next;
	}
	event_add(wire->writing, NULL);
	return 0;
}

static void tell_reply(struct redis_wire *wire, const redisReply *reply)
{
	struct asked *asked = wire->first;

	if (asked == NULL) {
		wire->hooks->on_push(reply, wire->arg);
		return;
	}
	wire->first = asked->next;
	if (wire->first == NULL)
		wire->end = &wire->first;
	asked->on_reply(reply, asked->arg);
	free(asked);
}

static void tell_replies(struct redis_wire *wire)
{
	redisReply *reply = NULL;

	while (!wire->is_dropped && (reply = redis_stream_reply(wire->stream))) {
		tell_reply(wire, reply);
		freeReplyObject(reply);
	}
}

/* The loop has other things to do, too: what is left is gone on with in its next turn. */
static void work(struct redis_wire *wire)
{
	enum redis_step step = REDIS_MORE;

	for (int i = 0; i < READS_AT_ONCE && step == REDIS_MORE && !wire->is_dropped; i++) {
		step = redis_stream_work(wire->stream);
		tell_replies(wire);
	}
	if (wire->is_dropped)
		return;
	const char *error = redis_stream_error(wire->stream);
	if (error)
		redis_wire_drop(wire, wire->is_up ? error : NULL);
	else if (step == REDIS_MORE)
		event_active(wire->reading, EV_READ, 0);
	else if (redis_stream_wants(wire->stream) & POLLOUT)
		event_add(wire->writing, NULL);
}

static void on_wire_event(evutil_socket_t fd, short what, void *arg)
{
	struct redis_wire *wire = arg;

	(void)fd;
	(void)what;
	wire->holds++;
	work(wire);
	release_wire(wire);
}

/* --- connecting --- */

static void on_greeting(const redisReply *reply, void *arg)
{
	struct redis_wire *wire = arg;
	struct err err = {""};

	if (reply == NULL)
		return;
	wire->greetings--;
	bool is_role = wire->greetings == 0 && wire->servers->master_name;
	if (redis_connection_check(reply, is_role, &err) == -1) {
		redis_wire_drop(wire, err.text);
		return;
	}
	if (wire->greetings > 0)
		return;
	wire->is_up = true;
	wire->hooks->on_up(wire->arg);
}

static int greet_server(struct redis_wire *wire)
{
	struct redis_cmd cmds[REDIS_GREETING];
	size_t count = redis_greeting(wire->servers, cmds);

	if (wire->is_fixed)
		redis_cmd_init(&cmds[count - 1], "PING");
	wire->greetings = (unsigned)count;
	for (size_t i = 0; i < count; i++) {
		if (send_cmd(wire, &cmds[i], on_greeting, wire) == -1)
			return -1;
	}
	return 0;
}

static void start_wire(struct redis_wire *wire)
{
	struct redis_address address;

	wire->generation = redis_servers_address(wire->servers, &address);
	wire->started_ms = clock_mono_ms();
	wire->again_ms = wire->started_ms + AGAIN_MS;
	wire->stream =
		redis_stream_open(wire->servers, wire->is_fixed ? &wire->fixed : &address, NULL);
	if (wire->stream == NULL)
		return;
	int fd = redis_stream_fd(wire->stream);
	wire->reading = event_new(wire->base, fd, EV_READ | EV_PERSIST, on_wire_event, wire);
	wire->writing = event_new(wire->base, fd, EV_WRITE, on_wire_event, wire);
	if (wire->reading == NULL || wire->writing == NULL)
		abort();
	event_add(wire->reading, NULL);
	if (greet_server(wire) == -1)
		redis_wire_drop(wire, NULL);
}

/* --- life --- */

/* What is late, and where the keeper is by now. */
static void tend_wire(struct redis_wire *wire, int64_t now)
{
	int64_t patience = wire->is_fixed ? AWAY_MS : REDIS_COMMAND_MS;

	if (wire->stream && !wire->is_fixed && wire->generation != wire->servers->generation)
		redis_wire_drop(wire, "the server is another one now");
	else if (wire->stream && !wire->is_up && now - wire->started_ms >= patience)
		redis_wire_drop(wire, NULL);
	else if (wire->is_up)
		wire->hooks->on_tick(wire->arg);
	if (wire->stream == NULL && wire->is_fixed && !wire->is_closed)
		wire->hooks->on_down(wire->arg);
	else if (wire->stream == NULL && now >= wire->again_ms && !wire->is_closed)
		start_wire(wire);
}

static void on_wire_tick(evutil_socket_t fd, short what, void *arg)
{
	struct redis_wire *wire = arg;

	(void)fd;
	(void)what;
	wire->holds++;
	tend_wire(wire, clock_mono_ms());
	release_wire(wire);
}

static struct redis_wire *new_wire(struct redis_servers *servers, struct event_base *base,
	const struct redis_address *address, const struct redis_wire_hooks *hooks, void *arg)
{
	static const struct timeval every = {.tv_usec = TICK_MS * 1000};
	struct redis_wire *wire = mem_alloc(1, sizeof *wire);

	wire->servers = redis_servers_ref(servers);
	wire->base = base;
	wire->hooks = hooks;
	wire->arg = arg;
	wire->end = &wire->first;
	wire->is_fixed = address != NULL;
	if (address)
		wire->fixed = *address;
	wire->tick = event_new(base, -1, EV_PERSIST, on_wire_tick, wire);
	if (wire->tick == NULL)
		abort();
	event_add(wire->tick, &every);
	start_wire(wire);
	return wire;
}

struct redis_wire *redis_wire_new(struct redis_servers *servers, struct event_base *base,
	const struct redis_wire_hooks *hooks, void *arg)
{
	return new_wire(servers, base, NULL, hooks, arg);
}

struct redis_wire *redis_wire_new_at(struct redis_servers *servers, struct event_base *base,
	const struct redis_address *address, const struct redis_wire_hooks *hooks, void *arg)
{
	return new_wire(servers, base, address, hooks, arg);
}

bool redis_wire_is_up(const struct redis_wire *wire)
{
	return wire->is_up;
}

int redis_wire_send(struct redis_wire *wire, const struct redis_cmd *cmd,
	redis_wire_on_reply *on_reply, void *arg)
{
	assert(cmd->lua == NULL);
	if (!wire->is_up || wire->is_closed)
		return -1;
	if (send_cmd(wire, cmd, on_reply, arg) == 0)
		return 0;
	redis_wire_drop(wire, redis_stream_error(wire->stream));
	return -1;
}

void redis_wire_close(struct redis_wire *wire)
{
	wire->holds++;
	wire->is_closed = true;
	event_del(wire->tick);
	redis_wire_drop(wire, NULL);
	release_wire(wire);
}
