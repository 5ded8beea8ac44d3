/* The store in Redis, as the keeper uses it: opened, asked with a breaker, and polled for changes.
 */
#include "auth/backends/redis/store_redis_int.h"

#include "base/clock.h"
#include "base/log/log.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct redis_store *redis_store_of(struct store *store)
{
	return (struct redis_store *)store;
}

/* --- the breaker --- */

/* From here on every call fails at once, until poll() has connected again. */
static void break_link(struct redis_store *r, const char *why)
{
	redis_servers_report(r->site, "the connection is given up: %s", why);
	redis_connection_close(&r->link);
	r->owed = 0;
	r->follow_ms = 0;
}

static const char *link_error(const redisContext *link)
{
	return link->err ? link->errstr : "no answer in time";
}

/* Who the server is has changed, or it can do nothing now: another connection may do better. */
static bool is_useless(const redisReply *reply)
{
	static const char *const codes[] = {
		"READONLY ", "LOADING ", "MASTERDOWN ", "NOAUTH ", "UNBLOCKED "};

	for (size_t i = 0; reply->type == REDIS_REPLY_ERROR && i < ARRAY_LEN(codes); i++) {
		if (strncmp(reply->str, codes[i], strlen(codes[i])) == 0)
			return true;
	}
	return false;
}

/* The next reply that was not asked for by poll(); NULL: the link is broken now. */
static redisReply *next_reply(struct redis_store *r, int64_t deadline_ms)
{
	for (;;) {
		redisReply *reply = redis_connection_receive(r->link, deadline_ms);

		if (reply == NULL) {
			break_link(r, link_error(r->link));
			return NULL;
		}
		if (is_useless(reply)) {
			break_link(r, reply->str);
			freeReplyObject(reply);
			return NULL;
		}
		if (r->owed == 0)
			return reply;
		r->owed--;
		freeReplyObject(reply);
	}
}

static bool is_unknown_script(const redisReply *reply)
{
	return reply && reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOSCRIPT", 8) == 0;
}

static redisReply *exchange(struct redis_store *r, const struct redis_cmd *cmd)
{
	if (r->link == NULL)
		return NULL;
	if (redis_connection_send(r->link, cmd) == -1) {
		break_link(r, link_error(r->link));
		return NULL;
	}
	return next_reply(r, clock_mono_ms() + REDIS_COMMAND_MS);
}

struct redisReply *redis_ask(struct redis_store *store, struct redis_cmd *cmd)
{
	redisReply *reply = exchange(store, cmd);

	if (!is_unknown_script(reply) || cmd->lua == NULL)
		return reply;
	freeReplyObject(reply);
	redis_cmd_spell_out(cmd);
	return exchange(store, cmd);
}

/* Takes a reply; NULL in place of an error. */
static redisReply *no_error(struct redis_store *r, redisReply *reply)
{
	if (reply == NULL || reply->type != REDIS_REPLY_ERROR)
		return reply;
	redis_servers_report(r->site, "%s", reply->str);
	freeReplyObject(reply);
	return NULL;
}

struct redisReply *redis_call(struct redis_store *store, struct redis_cmd *cmd)
{
	return no_error(store, redis_ask(store, cmd));
}

int64_t redis_call_number(struct redis_store *store, struct redis_cmd *cmd)
{
	redisReply *reply = redis_call(store, cmd);
	int64_t number = reply && reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1;

	freeReplyObject(reply);
	return number;
}

bool redis_call_many(struct redis_store *store, struct redis_cmd *cmds, size_t count,
	struct redisReply **replies)
{
	int64_t deadline = clock_mono_ms() + REDIS_COMMAND_MS;
	bool is_good = true;

	for (size_t i = 0; i < count && store->link; i++) {
		if (redis_connection_send(store->link, &cmds[i]) == -1)
			break_link(store, link_error(store->link));
	}
	for (size_t i = 0; i < count; i++)
		replies[i] = store->link ? next_reply(store, deadline) : NULL;
	for (size_t i = 0; i < count; i++) {
		if (is_unknown_script(replies[i]) && cmds[i].lua) {
			freeReplyObject(replies[i]);
			redis_cmd_spell_out(&cmds[i]);
			replies[i] = exchange(store, &cmds[i]);
		}
		replies[i] = no_error(store, replies[i]);
		is_good = is_good && replies[i];
	}
	return is_good;
}

/* --- connecting --- */

static size_t find_places(
	struct redis_store *r, int64_t deadline_ms, struct redis_place *out, struct err *err)
{
	struct redis_servers *site = r->site;
	struct redis_place master;

	if (site->socket_path) {
		out[0] = (struct redis_place){.port = 0};
		return 1;
	}
	if (site->master_name == NULL)
		return redis_lookup(&r->lookup, site->endpoints[0].host, site->endpoints[0].port,
			deadline_ms, out, err);
	if (redis_sentinels_ask(&r->sentinels, site, deadline_ms, &master, err) == -1)
		return 0;
	r->follow_ms = clock_mono_ms() + REDIS_FOLLOW_MS;
	return redis_lookup(&r->lookup, master.host, master.port, deadline_ms, out, err);
}

static int connect_once(struct redis_store *r, int64_t deadline_ms, struct err *err)
{
	struct redis_place places[REDIS_ADDRESSES];
	int64_t left = deadline_ms - clock_mono_ms();
	size_t count = find_places(r, deadline_ms - left / 4, places, err);

	for (size_t i = 0; i < count && clock_mono_ms() < deadline_ms; i++) {
		redisContext *link = redis_connection_dial(r->site, &places[i], deadline_ms, err);

		if (link && redis_connection_greet(link, r->site, deadline_ms, err) == 0) {
			r->link = link;
			r->place = places[i];
			redis_servers_publish(r->site, &places[i]);
			return 0;
		}
		redis_connection_close(&link);
	}
	return -1;
}

static enum store_answer reconnect(struct redis_store *r)
{
	int64_t started = clock_mono_ms();
	struct err err = {""};

	if (started < r->retry_ms)
		return STORE_FAILED;
	if (connect_once(r, started + REDIS_CONNECT_MS, &err) == 0) {
		log_info("store", "redis: connected");
		return STORE_FOUND; /* whatever was missed */
	}
	redis_servers_report(r->site, "%s", err.text);
	/* What refuses is asked at every call; what hangs would take the keeper's time. */
	int64_t now = clock_mono_ms();
	r->retry_ms = now - started > REDIS_CONNECT_MS / 2 ? now + REDIS_RETRY_MS : 0;
	return STORE_FAILED;
}

/* --- poll --- */

/* A fail-over is followed while the old master still answers: it may not know yet. */
static void follow(struct redis_store *r)
{
	int64_t now = clock_mono_ms();
	struct redis_place master;
	struct err err;

	if (r->site->master_name == NULL || now < r->follow_ms)
		return;
	r->follow_ms = now + REDIS_FOLLOW_MS;
	if (redis_sentinels_ask(&r->sentinels, r->site, now + REDIS_SOFT_MS, &master, &err) == -1)
		return;
	if (strcmp(master.host, r->place.name) != 0 || master.port != r->place.port)
		break_link(r, "the sentinels name another master");
}

static int ping(struct redis_store *r)
{
	struct redis_cmd cmd;

	if (r->owed > 0)
		return 0;
	redis_cmd_init(&cmd, "PING");
	if (redis_connection_send(r->link, &cmd) == -1)
		return -1;
	r->owed = 1;
	r->pinged_ms = clock_mono_ms();
	return 0;
}

/* Waits but a little: a server that stops for a moment, to fork say, is not lost yet. */
static enum store_answer check(struct redis_store *r)
{
	redisReply *reply = NULL;
	enum store_answer answer = STORE_NONE;

	if (ping(r) == 0)
		reply = redis_connection_receive(r->link, clock_mono_ms() + REDIS_SOFT_MS);
	if (reply == NULL && r->link->err == 0 && clock_mono_ms() - r->pinged_ms < REDIS_COMMAND_MS)
		return STORE_NONE;
	if (reply)
		r->owed = 0;
	if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
		break_link(r, reply ? reply->str : link_error(r->link));
		answer = STORE_FAILED;
	}
	freeReplyObject(reply);
	return answer;
}

static enum store_answer poll_store(struct store *store)
{
	struct redis_store *r = redis_store_of(store);

	if (r->link)
		follow(r);
	return r->link ? check(r) : reconnect(r);
}

/* --- life --- */

static void close_store(struct store *store)
{
	struct redis_store *r = redis_store_of(store);

	redis_watch_close(r->watch);
	redis_connection_close(&r->link);
	redis_sentinels_clear(&r->sentinels);
	redis_lookup_forget(r->lookup);
	redis_servers_unref(r->site);
	free(r);
}

static const struct store_ops redis_ops = {
	.is_shared = true,
	.reader = redis_reader,
	.close = close_store,
	.poll = poll_store,
	.watch = redis_watch,
	.token_add = redis_token_add,
	.token_get = redis_token_get,
	.token_list = redis_token_list,
	.token_count = redis_token_count,
	.token_set_state = redis_token_set_state,
	.token_renew = redis_token_renew,
	.session_open = redis_session_open,
	.session_get = redis_session_get,
	.session_replace = redis_session_replace,
	.session_end = redis_session_end,
	.session_end_all = redis_session_end_all,
	.session_list = redis_session_list,
	.touch = redis_touch,
	.link_add = redis_link_add,
	.has_admin = redis_has_admin,
	.count = redis_count,
	.purge = redis_purge,
	.once = redis_once,
	.noted = redis_noted,
	.lease_take = redis_lease_take,
	.lease_drop = redis_lease_drop,
	.owners = redis_owners,
	.meta_get = redis_meta_get,
	.meta_set = redis_meta_set,
	.meta_settle = redis_meta_settle,
};

struct store *store_redis_open(const struct conf *conf, struct err *err)
{
	struct redis_servers *site = redis_servers_new(conf, err);
	struct redis_store *r;

	if (site == NULL)
		return NULL;
	signal(SIGPIPE, SIG_IGN);
	redis_script_init();
	r = mem_alloc(1, sizeof *r);
	r->store.ops = &redis_ops;
	r->site = site;
	if (connect_once(r, clock_mono_ms() + REDIS_OPEN_MS, err) == -1) {
		close_store(&r->store);
		return NULL;
	}
	return &r->store;
}
