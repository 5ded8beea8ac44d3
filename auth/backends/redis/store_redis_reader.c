/* A server thread's reads from Redis: asked on its event loop, answered later. */
#include "auth/backends/redis/link/store_redis_cluster.h"
#include "auth/backends/redis/link/store_redis_wire.h"
#include "auth/backends/redis/store_redis_call.h"
#include "auth/backends/redis/store_redis_ops.h"
#include "auth/backends/redis/store_redis_record.h"

#include "base/clock.h"

#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>

enum {
	UNDER_WAY_MAX = 4096,
	GIVE_UP_MS = STORE_READ_MS - 120, /* looked at ten times a second */
	BEAT_MS = 2000, /* of quiet: then PING, so that a dead peer is known before anybody asks */
};

struct read { /* one question */
	struct lane *lane;
	struct read *next;
	int64_t asked_ms;
	unsigned char key[DIGEST_LEN]; /* of a session */
	char id[STORE_ID];	       /* of a token */
	store_reader_on_session *on_session;
	store_reader_on_token *on_token;
	void *arg;
	bool is_ask; /* away: it has to say that it has been sent there */
	bool is_sent;
};

/* A wire and what it is asked: replies come in order, so the first is the oldest. */
struct lane {
	struct redis_thread *thread;
	struct redis_wire *wire; /* of `away` NULL most of the time */
	struct read *first, **end;
	bool is_pinged;
	int64_t pinged_ms; /* or when the last reply came */
};

struct redis_thread {
	struct store_reader reader;    /* first: a reader is its server thread */
	struct redis_servers *servers; /* ref */
	struct event_base *base;
	struct lane home; /* where the keeper got in */
	struct lane away; /* the node of a cluster that was named last (MOVED, ASK) */
	struct redis_address away_at;
	struct event
		*early; /* until then what is asked waits for the first connection; NULL: past */
	unsigned under_way;
	unsigned wires; /* that have not ended */
};

static struct redis_thread *thread_of(struct store_reader *reader)
{
	return (struct redis_thread *)reader;
}

/* --- the lists --- */

static void append_read(struct lane *lane, struct read *read)
{
	read->lane = lane;
	read->next = NULL;
	*lane->end = read;
	lane->end = &read->next;
}

static void remove_read(struct lane *lane, struct read *read)
{
	struct read **at = &lane->first;

	while (*at != read)
		at = &(*at)->next;
	*at = read->next;
	if (read->next == NULL)
		lane->end = at;
}

/* --- answers --- */

static void answer_session(struct read *read, const redisReply *reply)
{
	struct store_session session;
	enum store_answer answer =
		redis_record_session(read->lane->thread->servers, reply, read->key, &session);

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
		redis_record_token(read->lane->thread->servers, reply, str_of(read->id), &token);

	read->on_token(read->arg, answer, answer == STORE_FOUND ? &token : NULL);
}

/* Takes `read`, which is in no list. NULL: failed. */
static void answer_read(struct read *read, const redisReply *reply)
{
	read->lane->thread->under_way--;
	if (read->on_session)
		answer_session(read, reply);
	else
		answer_token(read, reply);
	free(read);
}

static void go_away(struct read *read, const struct redis_redirect *redirect);

static void on_read(const redisReply *reply, void *arg)
{
	struct read *read = arg;
	struct lane *lane = read->lane;
	struct redis_thread *thread = lane->thread;
	struct redis_redirect redirect;
	struct redis_address here;

	remove_read(lane, read);
	lane->pinged_ms = clock_mono_ms();
	if (thread->servers->is_cluster && lane == &thread->home) {
		(void)redis_servers_address(thread->servers, &here);
		if (redis_redirect_read(reply, &here, &redirect)) {
			go_away(read, &redirect);
			return;
		}
	}
	answer_read(read, reply);
}

/* --- questions --- */

static void on_asking(const redisReply *reply, void *arg)
{
	(void)reply;
	(void)arg;
}

static int send_read(struct read *read)
{
	struct redis_wire *wire = read->lane->wire;
	struct redis_cmd cmd;

	redis_cmd_init(&cmd, "ASKING");
	if (read->is_ask && redis_wire_send(wire, &cmd, on_asking, NULL) == -1)
		return -1;
	if (read->on_session)
		redis_cmd_session_get(&cmd, read->key, true);
	else
		redis_cmd_token_get(&cmd, str_of(read->id));
	read->is_sent = redis_wire_send(wire, &cmd, on_read, read) == 0;
	return read->is_sent ? 0 : -1;
}

/* --- the first moments: who asks before the first connection stands waits for it --- */

static int send_waiting(struct lane *lane)
{
	for (struct read *read = lane->first; read; read = read->next) {
		if (!read->is_sent && send_read(read) == -1)
			return -1; /* it goes down, and what was sent fails then */
	}
	return 0;
}

static void fail_waiting(struct lane *lane)
{
	struct read *read = lane->first, *next;

	for (; read; read = next) {
		next = read->next;
		if (read->is_sent)
			continue;
		remove_read(lane, read);
		answer_read(read, NULL);
	}
}

static void end_early(struct redis_thread *thread)
{
	event_free(thread->early);
	thread->early = NULL;
}

static void on_lane_end(void *arg);

static void on_early_end(int fd, short what, void *arg)
{
	struct redis_thread *thread = arg;

	(void)fd, (void)what;
	end_early(thread);
	thread->wires++; /* an answer may close the reader */
	fail_waiting(&thread->home);
	on_lane_end(&thread->home);
}

/* Takes `read`. */
static void begin_read(struct redis_thread *thread, struct read *read)
{
	struct lane *lane = &thread->home;

	read->lane = lane;
	read->asked_ms = clock_mono_ms();
	thread->under_way++;
	if (thread->under_way <= UNDER_WAY_MAX && (thread->early || send_read(read) == 0))
		append_read(lane, read);
	else
		answer_read(read, NULL);
}

static void read_session(struct store_reader *reader, const unsigned char *key,
	store_reader_on_session *done, void *arg)
{
	struct read *read = mem_alloc(1, sizeof *read);

	memcpy(read->key, key, DIGEST_LEN);
	read->on_session = done;
	read->arg = arg;
	begin_read(thread_of(reader), read);
}

static void read_token(
	struct store_reader *reader, struct str id, store_reader_on_token *done, void *arg)
{
	struct read *read;

	if (!redis_record_is_id(id)) {
		done(arg, STORE_NONE, NULL);
		return;
	}
	read = mem_alloc(1, sizeof *read);
	str_copy(id, read->id, sizeof read->id);
	read->on_token = done;
	read->arg = arg;
	begin_read(thread_of(reader), read);
}

/* --- wires --- */

static void close_lane(struct lane *lane)
{
	struct redis_wire *wire = lane->wire;

	lane->wire = NULL;
	if (wire)
		redis_wire_close(wire);
}

static void on_answer_to_nothing(const redisReply *reply, void *arg)
{
	struct lane *lane = arg;

	(void)reply;
	redis_wire_drop(lane->wire, "an answer to nothing");
}

static void on_lane_end(void *arg)
{
	struct redis_thread *thread = ((struct lane *)arg)->thread;

	if (--thread->wires > 0)
		return;
	redis_servers_unref(thread->servers);
	free(thread);
}

/* --- at home --- */

static void on_home_up(void *arg)
{
	struct lane *home = arg;

	home->is_pinged = false;
	home->pinged_ms = clock_mono_ms();
	if (home->thread->early == NULL)
		return;
	end_early(home->thread);
	if (send_waiting(home) == -1)
		fail_waiting(home);
}

static void on_pong(const redisReply *reply, void *arg)
{
	struct lane *home = arg;

	(void)reply;
	home->is_pinged = false;
}

static void ping_quiet_server(struct lane *home, int64_t now)
{
	struct redis_cmd cmd;

	redis_cmd_init(&cmd, "PING");
	home->is_pinged = redis_wire_send(home->wire, &cmd, on_pong, home) == 0;
	home->pinged_ms = now;
}

static bool is_late(const struct lane *lane, int64_t now)
{
	return lane->first && now - lane->first->asked_ms >= GIVE_UP_MS;
}

static void on_home_tick(void *arg)
{
	struct lane *home = arg;
	int64_t now = clock_mono_ms();

	if (is_late(home, now) || (home->is_pinged && now - home->pinged_ms >= GIVE_UP_MS))
		redis_wire_drop(home->wire, "no answer in time");
	else if (!home->is_pinged && !home->first && now - home->pinged_ms >= BEAT_MS)
		ping_quiet_server(home, now);
}

static const struct redis_wire_hooks home_hooks = {.on_up = on_home_up,
	.on_push = on_answer_to_nothing,
	.on_tick = on_home_tick,
	.on_end = on_lane_end};

/* --- away: what a cluster's node has sent on --- */

static void on_away_up(void *arg)
{
	(void)send_waiting(arg);
}

static void on_away_tick(void *arg)
{
	struct lane *away = arg;
	int64_t now = clock_mono_ms();

	if (is_late(away, now))
		redis_wire_drop(away->wire, "no answer in time");
	else if (away->first == NULL && now - away->pinged_ms >= BEAT_MS)
		close_lane(away);
}

static void on_away_down(void *arg)
{
	struct lane *away = arg;

	fail_waiting(away);
	close_lane(away);
}

static const struct redis_wire_hooks away_hooks = {.on_up = on_away_up,
	.on_push = on_answer_to_nothing,
	.on_tick = on_away_tick,
	.on_down = on_away_down,
	.on_end = on_lane_end};

/* Takes `read`, which is in no list. One other node at a time: whoever is sent to a third one fails
 * (503), and the keeper finds out where to ask. */
static void go_away(struct read *read, const struct redis_redirect *redirect)
{
	struct redis_thread *thread = read->lane->thread;
	struct lane *away = &thread->away;
	bool is_there = strcmp(thread->away_at.host, redirect->to.host) == 0 &&
			thread->away_at.port == redirect->to.port;

	if (thread->home.wire == NULL || (away->wire && !is_there)) {
		answer_read(read, NULL);
		return;
	}
	read->is_ask = redirect->is_ask;
	read->is_sent = false;
	append_read(away, read);
	if (away->wire == NULL) {
		thread->away_at = redirect->to;
		thread->wires++;
		away->pinged_ms = clock_mono_ms();
		away->wire = redis_wire_new_at(
			thread->servers, thread->base, &thread->away_at, &away_hooks, away);
	} else if (redis_wire_is_up(away->wire)) {
		(void)send_read(
			read); /* else it is down, all have failed, and the wire may be gone */
	}
}

/* --- life --- */

static void close_reader(struct store_reader *reader)
{
	struct redis_thread *thread = thread_of(reader);

	if (thread->early)
		on_early_end(-1, 0, thread);
	thread->wires++; /* for the second of these lines */
	close_lane(&thread->home);
	close_lane(&thread->away);
	on_lane_end(&thread->home);
}

static const struct store_reader_ops reader_ops = {
	.session_get = read_session, .token_get = read_token, .close = close_reader};

struct store_reader *redis_reader(struct store *store, struct event_base *base, struct err *err)
{
	struct redis_thread *thread = mem_alloc(1, sizeof *thread);

	(void)err; /* it connects by itself, now or later */
	thread->reader.ops = &reader_ops;
	thread->servers = redis_servers_ref(redis_store_of(store)->servers);
	thread->base = base;
	thread->home = (struct lane){.thread = thread, .end = &thread->home.first};
	thread->away = (struct lane){.thread = thread, .end = &thread->away.first};
	thread->wires = 1;
	thread->early = event_new(base, -1, 0, on_early_end, thread);
	event_add(thread->early, &(struct timeval){.tv_usec = GIVE_UP_MS * 1000});
	thread->home.wire = redis_wire_new(thread->servers, base, &home_hooks, &thread->home);
	return &thread->reader;
}
