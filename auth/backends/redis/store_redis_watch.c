/* The keeper's subscription: Redis tells when another gateway has changed a record. */
#include "auth/backends/redis/store_redis_call.h"
#include "auth/backends/redis/store_redis_ops.h"
#include "auth/backends/redis/link/store_redis_wire.h"

#include "base/clock.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

enum { BEAT_MS = 1000, SILENT_MS = 800 };

struct redis_watch {
	struct redis_servers *servers; /* ref */
	struct redis_wire *wire;
	store_on_change *on_change; /* NULL: closed */
	void *arg;
	bool is_subscribed;
	bool is_asked;	  /* a SUBSCRIBE is not answered yet */
	int64_t asked_ms; /* when that went out, or the last one */
};

static void tell_watcher(struct redis_watch *watch, enum store_change change)
{
	if (watch->on_change)
		watch->on_change(watch->arg, change);
}

static bool is_kind(const redisReply *reply, const char *kind)
{
	return reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
	       reply->element[0]->type == REDIS_REPLY_STRING &&
	       strcmp(reply->element[0]->str, kind) == 0;
}

static void on_message(const redisReply *reply, void *arg)
{
	struct redis_watch *watch = arg;

	if (is_kind(reply, "message")) {
		tell_watcher(watch, STORE_TAKEN_AWAY);
	} else if (is_kind(reply, "subscribe")) {
		watch->is_asked = false;
		if (watch->is_subscribed)
			return;
		watch->is_subscribed = true;
		tell_watcher(watch, STORE_IN_DOUBT);
	} else {
		redis_wire_drop(watch->wire,
			reply->type == REDIS_REPLY_ERROR ? reply->str : "not a message");
	}
}

/* Subscribing again changes nothing and is answered: this is also the proof that the other end is
 * alive. */
static void subscribe(struct redis_watch *watch)
{
	struct redis_cmd cmd;

	redis_cmd_init(&cmd, "SUBSCRIBE");
	redis_cmd_text(&cmd, watch->servers->channel);
	watch->is_asked = true;
	watch->asked_ms = clock_mono_ms();
	if (redis_wire_send(watch->wire, &cmd, NULL, NULL) == -1)
		redis_wire_drop(watch->wire, NULL);
}

static void on_watch_up(void *arg)
{
	struct redis_watch *watch = arg;

	watch->is_subscribed = false;
	subscribe(watch);
}

static void on_watch_tick(void *arg)
{
	struct redis_watch *watch = arg;
	int64_t passed = clock_mono_ms() - watch->asked_ms;

	if (watch->is_asked && passed >= SILENT_MS)
		redis_wire_drop(watch->wire, "the subscription is silent");
	else if (!watch->is_asked && passed >= BEAT_MS)
		subscribe(watch);
}

static void on_watch_end(void *arg)
{
	struct redis_watch *watch = arg;

	redis_servers_unref(watch->servers);
	free(watch);
}

static const struct redis_wire_hooks hooks = {.on_up = on_watch_up,
	.on_push = on_message,
	.on_tick = on_watch_tick,
	.on_end = on_watch_end};

int redis_watch(struct store *store, struct event_base *base, store_on_change *on_change, void *arg)
{
	struct redis_store *r = redis_store_of(store);
	struct redis_watch *watch = mem_alloc(1, sizeof *watch);

	redis_watch_close(r->watch);
	watch->servers = redis_servers_ref(r->servers);
	watch->on_change = on_change;
	watch->arg = arg;
	watch->wire = redis_wire_new(watch->servers, base, &hooks, watch);
	r->watch = watch;
	return 0;
}

void redis_watch_close(struct redis_watch *watch)
{
	if (watch == NULL)
		return;
	watch->on_change = NULL;
	redis_wire_close(watch->wire);
}
