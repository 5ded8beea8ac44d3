/* A server thread's reads from Redis: asked on its event loop, answered later. */
#include "auth/backends/redis/store_redis_call.h"
#include "auth/backends/redis/store_redis_ops.h"
#include "auth/backends/redis/store_redis_record.h"
#include "auth/backends/redis/link/store_redis_wire.h"

#include "base/clock.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>

enum {
	UNDER_WAY_MAX = 4096,
	GIVE_UP_MS = STORE_READ_MS - 120, /* looked at ten times a second */
	BEAT_MS = 2000, /* of quiet: then PING, so that a dead peer is known before anybody asks */
};

struct read { /* one question; replies come in order, so the first is the oldest */
	struct redis_thread *thread;
	struct read *next;
	int64_t asked_ms;
	unsigned char key[DIGEST_LEN]; /* of a session */
	char id[STORE_ID];	       /* of a token */
	store_reader_on_session *on_session;
	store_reader_on_token *on_token;
	void *arg;
};

struct redis_thread {
	struct store_reader reader;    /* first: a reader is its server thread */
	struct redis_servers *servers; /* ref */
	struct redis_wire *wire;
	struct read *first, **end;
	unsigned under_way;
	bool is_pinged;
	int64_t pinged_ms; /* or when the last reply came */
};

static struct redis_thread *thread_of(struct store_reader *reader)
{
	return (struct redis_thread *)reader;
}

static void answer_session(struct read *read, const redisReply *reply)
{
	struct store_session session;
	enum store_answer answer =
		redis_record_session(read->thread->servers, reply, read->key, &session);

	if (answer != STORE_FOUND) {
		read->on_session(read->arg, answer, NULL);
		return;
	}
	read->on_session(read->arg, STORE_FOUND, &session);
	store_session_clear(&session);
}

static void answer_token(struct read *read, const redisReply *reply)
{
	struct store_token token;
	enum store_answer answer =
		redis_record_token(read->thread->servers, reply, str_of(read->id), &token);

	read->on_token(read->arg, answer, answer == STORE_FOUND ? &token : NULL);
}

static void on_read(redisAsyncContext *context, void *reply, void *arg)
{
	struct read *read = arg;
	struct redis_thread *thread = read->thread;

	(void)context;
	thread->first = read->next;
	if (thread->first == NULL)
		thread->end = &thread->first;
	thread->under_way--;
	thread->pinged_ms = clock_mono_ms();
	if (read->on_session)
		answer_session(read, reply);
	else
		answer_token(read, reply);
	free(read);
}

/* Takes `read`. */
static void send_read(struct redis_thread *thread, const struct redis_cmd *cmd, struct read *read)
{
	read->thread = thread;
	read->asked_ms = clock_mono_ms();
	if (thread->under_way < UNDER_WAY_MAX &&
		redis_wire_send(thread->wire, cmd, on_read, read) == 0) {
		*thread->end = read;
		thread->end = &read->next;
		thread->under_way++;
		return;
	}
	if (read->on_session)
		read->on_session(read->arg, STORE_FAILED, NULL);
	else
		read->on_token(read->arg, STORE_FAILED, NULL);
	free(read);
}

static void read_session(struct store_reader *reader, const unsigned char *key,
	store_reader_on_session *done, void *arg)
{
	struct read *read = mem_alloc(1, sizeof *read);
	struct redis_cmd cmd;

	memcpy(read->key, key, DIGEST_LEN);
	read->on_session = done;
	read->arg = arg;
	redis_cmd_session_get(&cmd, key, true);
	send_read(thread_of(reader), &cmd, read);
}

static void read_token(
	struct store_reader *reader, struct str id, store_reader_on_token *done, void *arg)
{
	struct read *read;
	struct redis_cmd cmd;

	if (!redis_record_is_id(id)) {
		done(arg, STORE_NONE, NULL);
		return;
	}
	read = mem_alloc(1, sizeof *read);
	str_copy(id, read->id, sizeof read->id);
	read->on_token = done;
	read->arg = arg;
	redis_cmd_token_get(&cmd, id);
	send_read(thread_of(reader), &cmd, read);
}

/* --- the wire --- */

static void on_reader_up(void *arg)
{
	struct redis_thread *thread = arg;

	thread->is_pinged = false;
	thread->pinged_ms = clock_mono_ms();
}

static void on_pong(redisAsyncContext *context, void *reply, void *arg)
{
	struct redis_thread *thread = arg;

	(void)context;
	(void)reply;
	thread->is_pinged = false;
}

static void ping_quiet_server(struct redis_thread *thread, int64_t now)
{
	struct redis_cmd cmd;

	redis_cmd_init(&cmd, "PING");
	thread->is_pinged = redis_wire_send(thread->wire, &cmd, on_pong, thread) == 0;
	thread->pinged_ms = now;
}

static void on_reader_tick(void *arg)
{
	struct redis_thread *thread = arg;
	int64_t now = clock_mono_ms();

	if ((thread->first && now - thread->first->asked_ms >= GIVE_UP_MS) ||
		(thread->is_pinged && now - thread->pinged_ms >= GIVE_UP_MS))
		redis_wire_drop(thread->wire, "no answer in time");
	else if (!thread->is_pinged && !thread->first && now - thread->pinged_ms >= BEAT_MS)
		ping_quiet_server(thread, now);
}

static void on_reader_end(void *arg)
{
	struct redis_thread *thread = arg;

	redis_servers_unref(thread->servers);
	free(thread);
}

static const struct redis_wire_hooks hooks = {
	.on_up = on_reader_up, .on_tick = on_reader_tick, .on_end = on_reader_end};

static void close_reader(struct store_reader *reader)
{
	redis_wire_close(thread_of(reader)->wire);
}

static const struct store_reader_ops reader_ops = {
	.session_get = read_session, .token_get = read_token, .close = close_reader};

struct store_reader *redis_reader(struct store *store, struct event_base *base, struct err *err)
{
	struct redis_thread *thread = mem_alloc(1, sizeof *thread);

	(void)err; /* it connects by itself, now or later */
	thread->reader.ops = &reader_ops;
	thread->servers = redis_servers_ref(redis_store_of(store)->servers);
	thread->end = &thread->first;
	thread->wire = redis_wire_new(thread->servers, base, &hooks, thread);
	return &thread->reader;
}
