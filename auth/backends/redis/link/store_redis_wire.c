/*
 * Of hiredis's asynchronous half this relies on: when a connection ends, each callback whose reply
 * has not come is called with NULL, and the cleanup hook is called, once each and in either order
 * (0.14 and 1.x differ). The adapter is our own, for the stock one lets a reply grow without a
 * bound.
 */
#include "auth/backends/redis/link/store_redis_wire.h"

#include "auth/backends/redis/link/store_redis_connection.h"

#include "base/clock.h"

#include <assert.h>
#include <event2/event.h>
#include <fcntl.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>

enum { TICK_MS = 100, AGAIN_MS = 150 };

struct redis_wire {
	struct redis_servers *servers; /* ref */
	struct event_base *base;
	const struct redis_wire_hooks *hooks;
	void *arg;
	redisAsyncContext *context; /* NULL: down */
	struct event *reading, *writing, *tick;
	unsigned generation; /* of the address it is connected to */
	unsigned greetings;  /* replies to the greeting that are still to come */
	bool is_up;
	bool is_closed;
	unsigned holds; /* callbacks on the stack: the last one frees what is closed */
	int64_t started_ms, again_ms;
};

static void release_wire(struct redis_wire *wire)
{
	if (--wire->holds > 0 || !wire->is_closed || wire->context)
		return;
	event_free(wire->tick);
	redis_servers_unref(wire->servers);
	wire->hooks->on_end(wire->arg);
	free(wire);
}

void redis_wire_drop(struct redis_wire *wire, const char *why)
{
	if (wire->context == NULL)
		return;
	if (why)
		redis_servers_report(
			wire->servers, "an asynchronous connection is given up: %s", why);
	redisAsyncFree(wire->context); /* in a callback: once that has returned */
}

/* --- the adapter --- */

static void on_wire_readable(evutil_socket_t fd, short what, void *arg)
{
	struct redis_wire *wire = arg;

	(void)fd;
	(void)what;
	wire->holds++;
	redisAsyncHandleRead(wire->context);
	if (wire->context) {
		const redisReader *reader = wire->context->c.reader;

		if (reader->len - reader->pos > REDIS_REPLY_MAX)
			redis_wire_drop(wire, "a reply is too long");
	}
	release_wire(wire);
}

static void on_wire_writable(evutil_socket_t fd, short what, void *arg)
{
	struct redis_wire *wire = arg;

	(void)fd;
	(void)what;
	wire->holds++;
	redisAsyncHandleWrite(wire->context);
	release_wire(wire);
}

static void add_read(void *arg)
{
	event_add(((struct redis_wire *)arg)->reading, NULL);
}

static void del_read(void *arg)
{
	event_del(((struct redis_wire *)arg)->reading);
}

static void add_write(void *arg)
{
	event_add(((struct redis_wire *)arg)->writing, NULL);
}

static void del_write(void *arg)
{
	event_del(((struct redis_wire *)arg)->writing);
}

/* The connection is gone, for whatever reason; hiredis frees it next. */
static void on_gone(void *arg)
{
	struct redis_wire *wire = arg;

	if (wire->is_up && wire->context->err != 0 && !wire->is_closed)
		redis_servers_report(wire->servers, "an asynchronous connection ended: %s",
			wire->context->errstr);
	event_free(wire->reading);
	event_free(wire->writing);
	wire->context = NULL;
	wire->is_up = false;
	wire->again_ms = clock_mono_ms() + AGAIN_MS;
}

static void attach_wire(struct redis_wire *wire)
{
	redisAsyncContext *context = wire->context;
	evutil_socket_t fd = context->c.fd;

	wire->reading = event_new(wire->base, fd, EV_READ | EV_PERSIST, on_wire_readable, wire);
	wire->writing = event_new(wire->base, fd, EV_WRITE, on_wire_writable, wire);
	if (wire->reading == NULL || wire->writing == NULL)
		abort();
	context->ev.data = wire;
	context->ev.addRead = add_read;
	context->ev.delRead = del_read;
	context->ev.addWrite = add_write;
	context->ev.delWrite = del_write;
	context->ev.cleanup = on_gone;
	event_add(wire->reading, NULL);
	event_add(wire->writing, NULL);
}

/* --- connecting --- */

static int send_cmd(struct redis_wire *wire, const struct redis_cmd *cmd,
	redis_wire_on_reply *on_reply, void *arg)
{
	const char *argv[REDIS_ARGS]; /* hiredis reads only, but asks for less const */

	memcpy(argv, cmd->argv, sizeof argv);
	return redisAsyncCommandArgv(wire->context, on_reply, arg, cmd->argc, argv, cmd->lens) ==
			       REDIS_OK
		       ? 0
		       : -1;
}

static void on_greeting(redisAsyncContext *context, void *reply, void *arg)
{
	struct redis_wire *wire = arg;
	struct err err = {""};

	(void)context;
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
	redisAsyncContext *context = address.host[0] != '\0'
					     ? redisAsyncConnect(address.host, (int)address.port)
					     : redisAsyncConnectUnix(wire->servers->socket_path);
	if (context == NULL)
		return;
	if (context->err != 0 || redis_tls_start(wire->servers->tls, &context->c, &address) == -1) {
		redisAsyncFree(context);
		return;
	}
	fcntl(context->c.fd, F_SETFD, FD_CLOEXEC);
	wire->context = context;
	attach_wire(wire);
	if (greet_server(wire) == -1)
		redis_wire_drop(wire, NULL);
}

/* --- life --- */

/* What is late, and where the keeper is by now. */
static void tend_wire(struct redis_wire *wire, int64_t now)
{
	if (wire->context && wire->generation != wire->servers->generation)
		redis_wire_drop(wire, "the server is another one now");
	else if (wire->context && !wire->is_up && now - wire->started_ms >= REDIS_COMMAND_MS)
		redis_wire_drop(wire, NULL);
	else if (wire->is_up)
		wire->hooks->on_tick(wire->arg);
	if (wire->context == NULL && now >= wire->again_ms && !wire->is_closed)
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

struct redis_wire *redis_wire_new(struct redis_servers *servers, struct event_base *base,
	const struct redis_wire_hooks *hooks, void *arg)
{
	static const struct timeval every = {.tv_usec = TICK_MS * 1000};
	struct redis_wire *wire = mem_alloc(1, sizeof *wire);

	wire->servers = redis_servers_ref(servers);
	wire->base = base;
	wire->hooks = hooks;
	wire->arg = arg;
	wire->tick = event_new(base, -1, EV_PERSIST, on_wire_tick, wire);
	if (wire->tick == NULL)
		abort();
	event_add(wire->tick, &every);
	start_wire(wire);
	return wire;
}

int redis_wire_send(struct redis_wire *wire, const struct redis_cmd *cmd,
	redis_wire_on_reply *on_reply, void *arg)
{
	assert(cmd->lua == NULL);
	if (!wire->is_up || wire->is_closed)
		return -1;
	return send_cmd(wire, cmd, on_reply, arg);
}

void redis_wire_close(struct redis_wire *wire)
{
	wire->holds++;
	wire->is_closed = true;
	event_del(wire->tick);
	redis_wire_drop(wire, NULL);
	release_wire(wire);
}
