/* The store in Redis, as the keeper uses it: opened, connected, and polled for changes.
 */
#include "auth/backends/redis/store_redis.h"

#include "auth/backends/redis/store_redis_call.h"
#include "auth/backends/redis/store_redis_ops.h"

#include "base/clock.h"
#include "base/log/log.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* --- connecting --- */

static size_t find_addresses(
	struct redis_store *r, int64_t deadline_ms, struct redis_address *out, struct err *err)
{
	struct redis_servers *servers = r->servers;
	struct redis_address master;

	if (servers->socket_path) {
		out[0] = (struct redis_address){.port = 0};
		return 1;
	}
	if (servers->is_cluster) {
		redis_cluster_next(&r->cluster, servers, &master);
		return redis_lookup(&r->lookup, master.host, master.port, deadline_ms, out, err);
	}
	if (servers->master_name == NULL)
		return redis_lookup(&r->lookup, servers->endpoints[0].host,
			servers->endpoints[0].port, deadline_ms, out, err);
	if (redis_sentinels_ask(&r->sentinels, servers, deadline_ms, &master, err) == -1)
		return 0;
	r->follow_ms = clock_mono_ms() + REDIS_FOLLOW_MS;
	return redis_lookup(&r->lookup, master.host, master.port, deadline_ms, out, err);
}

static int connect_next(struct redis_store *r, int64_t deadline_ms, struct err *err)
{
	struct redis_address addresses[REDIS_ADDRESSES];
	int64_t left = deadline_ms - clock_mono_ms();
	size_t count = find_addresses(r, deadline_ms - left / 4, addresses, err);

	for (size_t i = 0; i < count && clock_mono_ms() < deadline_ms; i++) {
		struct redis_move moved = {.from = addresses[i]};

		r->connection = redis_store_dial(r, &addresses[i], &moved, deadline_ms, err);
		if (r->connection) {
			r->address = addresses[i];
			redis_servers_publish(r->servers, &addresses[i], r->is_role_lost);
			r->is_role_lost = false;
			return 0;
		}
		if (r->servers->is_cluster && moved.to.port != 0)
			r->cluster.moved = moved.to;
	}
	return -1;
}

/* Of a cluster each node that is known; a silent one must not use up the others' time. What is not
 * tried now is tried first the next time. */
static int connect_once(struct redis_store *r, int64_t deadline_ms, struct err *err)
{
	int64_t share = (deadline_ms - clock_mono_ms()) / 2;
	size_t tries = r->servers->is_cluster ? redis_cluster_round(&r->cluster, r->servers) : 1;
	int result = -1;

	for (size_t i = 0; i < tries && result == -1; i++) {
		int64_t now = clock_mono_ms();

		if (now >= deadline_ms)
			return -1;
		bool is_shared = tries > 1 && now + share < deadline_ms;
		result = connect_next(r, is_shared ? now + share : deadline_ms, err);
	}
	r->cluster.learn_ms = 0;
	return result;
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
	redis_servers_report(r->servers, "%s", err.text);
	/* What refuses is asked at every call; what hangs would take the keeper's time. */
	int64_t now = clock_mono_ms();
	r->retry_ms = now - started > REDIS_CONNECT_MS / 2 ? now + REDIS_RETRY_MS : 0;
	return STORE_FAILED;
}

/* --- poll --- */

/* A fail-over is followed while the old master still answers: it may not know yet. */
static void follow_sentinels(struct redis_store *r)
{
	int64_t now = clock_mono_ms();
	struct redis_address master;
	struct err err;

	if (r->servers->master_name == NULL || now < r->follow_ms)
		return;
	r->follow_ms = now + REDIS_FOLLOW_MS;
	if (redis_sentinels_ask(&r->sentinels, r->servers, now + REDIS_SOFT_MS, &master, &err) ==
		-1)
		return;
	if (strcmp(master.host, r->address.name) != 0 || master.port != r->address.port)
		redis_store_break(r, "the sentinels name another master");
}

/* Its nodes change while it works; one that is new must be known before the old ones are gone. */
static void learn_nodes(struct redis_store *r)
{
	int64_t now = clock_mono_ms();
	struct redis_cmd cmd;

	if (!r->servers->is_cluster || now < r->cluster.learn_ms)
		return;
	r->cluster.learn_ms = now + REDIS_LEARN_MS;
	redis_cluster_ask(&cmd);
	redisReply *reply = redis_ask(r, &cmd);
	redis_cluster_learn(&r->cluster, reply, &r->address);
	freeReplyObject(reply);
}

static int ping_server(struct redis_store *r)
{
	struct redis_cmd cmd;

	if (r->owed > 0)
		return 0;
	redis_alive_cmd(r->servers, &cmd);
	if (redis_stream_send(r->connection, &cmd) == -1)
		return -1;
	r->owed = 1;
	r->pinged_ms = clock_mono_ms();
	return 0;
}

/* A slot that moves is still there: ASK says so, or TRYAGAIN. */
static bool is_asked_elsewhere(struct redis_store *r, const redisReply *reply)
{
	struct redis_redirect redirect;

	return redis_redirect_read(reply, &r->address, &redirect) && redirect.is_ask;
}

/* Waits but a little: a server that stops for a moment, to fork say, is not lost yet. */
static enum store_answer check_server(struct redis_store *r)
{
	redisReply *reply = NULL;
	enum store_answer answer = STORE_NONE;

	if (ping_server(r) == 0)
		reply = redis_connection_receive(r->connection, clock_mono_ms() + REDIS_SOFT_MS);
	if (reply == NULL && redis_stream_error(r->connection) == NULL &&
		clock_mono_ms() - r->pinged_ms < REDIS_COMMAND_MS)
		return STORE_NONE;
	if (reply)
		r->owed = 0;
	if (reply == NULL)
		redis_store_break(r, redis_connection_error(r->connection));
	else if (reply->type == REDIS_REPLY_ERROR && !is_asked_elsewhere(r, reply))
		redis_store_break_by(r, reply);
	if (r->connection == NULL)
		answer = STORE_FAILED;
	freeReplyObject(reply);
	return answer;
}

static enum store_answer poll_redis(struct store *store)
{
	struct redis_store *r = redis_store_of(store);

	redis_connection_close(&r->asked);
	if (r->connection)
		follow_sentinels(r);
	if (r->connection == NULL)
		return reconnect(r);
	enum store_answer answer = check_server(r);
	if (r->connection && r->owed == 0)
		learn_nodes(r);
	return answer;
}

/* --- life --- */

static void close_redis(struct store *store)
{
	struct redis_store *r = redis_store_of(store);

	redis_watch_close(r->watch);
	redis_connection_close(&r->connection);
	redis_connection_close(&r->asked);
	redis_sentinels_clear(&r->sentinels);
	redis_lookup_forget(r->lookup);
	redis_servers_unref(r->servers);
	free(r);
}

static const struct store_ops redis_ops = {
	.is_shared = true,
	.reader = redis_reader,
	.close = close_redis,
	.poll = poll_redis,
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
	.session_page = redis_session_page,
	.session_find = redis_session_find,
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
	.device_add = redis_device_add,
	.device_get = redis_device_get,
	.device_settle = redis_device_settle,
	.device_take = redis_device_take,
	.audit_add = redis_audit_add,
	.audit_list = redis_audit_list,
	.launch_add = redis_launch_add,
	.launch_get = redis_launch_get,
	.launch_replace = redis_launch_replace,
	.launch_list = redis_launch_list,
	.meta_get = redis_meta_get,
	.meta_set = redis_meta_set,
	.meta_settle = redis_meta_settle,
	.lacks = redis_lacks,
};

struct store *store_redis_open(const struct conf *conf, struct err *err)
{
	struct redis_servers *servers = redis_servers_new(conf, err);
	struct redis_store *r;

	if (servers == NULL)
		return NULL;
	signal(SIGPIPE, SIG_IGN);
	redis_script_init();
	r = mem_alloc(1, sizeof *r);
	r->store.ops = &redis_ops;
	r->servers = servers;
	if (connect_once(r, clock_mono_ms() + REDIS_OPEN_MS, err) == -1) {
		close_redis(&r->store);
		return NULL;
	}
	return &r->store;
}
