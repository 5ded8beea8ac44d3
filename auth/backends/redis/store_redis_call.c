#include "auth/backends/redis/store_redis_call.h"

#include "base/clock.h"

#include <hiredis/hiredis.h>

struct redis_store *redis_store_of(struct store *store)
{
	return (struct redis_store *)store;
}

/* --- the breaker --- */

void redis_store_break(struct redis_store *r, const char *why)
{
	redis_servers_report(r->servers, "the connection is given up: %s", why);
	redis_connection_close(&r->connection);
	r->owed = 0;
	r->follow_ms = 0;
}

static bool is_one_of(const redisReply *reply, const char *const *codes, size_t count)
{
	for (size_t i = 0; reply->type == REDIS_REPLY_ERROR && i < count; i++) {
		if (strncmp(reply->str, codes[i], strlen(codes[i])) == 0)
			return true;
	}
	return false;
}

/* Who the server is has changed, or it can do nothing now: another connection may do better. */
static bool is_useless(const redisReply *reply)
{
	static const char *const codes[] = {"READONLY ", "LOADING ", "MASTERDOWN ", "NOAUTH ",
		"UNBLOCKED ", "MOVED ", "CLUSTERDOWN "};

	return is_one_of(reply, codes, ARRAY_LEN(codes));
}

void redis_store_break_by(struct redis_store *r, const struct redisReply *reply)
{
	static const char *const codes[] = {"READONLY ", "MASTERDOWN ", "MOVED "};
	struct redis_redirect redirect;

	if (r->servers->is_cluster && redis_redirect_read(reply, &r->address, &redirect) &&
		!redirect.is_ask)
		r->cluster.moved = redirect.to;
	r->is_role_lost = r->is_role_lost || is_one_of(reply, codes, ARRAY_LEN(codes));
	redis_store_break(r, reply->str);
}

struct redis_stream *redis_store_dial(struct redis_store *r, const struct redis_address *address,
	struct redis_move *moved, int64_t deadline_ms, struct err *err)
{
	struct redis_stream *connection =
		redis_connection_dial(r->servers, address, deadline_ms, err);

	if (connection &&
		redis_connection_greet(connection, r->servers, moved, deadline_ms, err) == -1)
		redis_connection_close(&connection);
	return connection;
}

/* The next reply that was not asked for by poll(); NULL: the connection is broken now. */
static redisReply *next_reply(struct redis_store *r, int64_t deadline_ms)
{
	for (;;) {
		redisReply *reply = redis_connection_receive(r->connection, deadline_ms);

		if (reply == NULL) {
			redis_store_break(r, redis_connection_error(r->connection));
			return NULL;
		}
		if (is_useless(reply)) {
			redis_store_break_by(r, reply);
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
	if (r->connection == NULL)
		return NULL;
	if (redis_stream_send(r->connection, cmd) == -1) {
		redis_store_break(r, redis_connection_error(r->connection));
		return NULL;
	}
	return next_reply(r, clock_mono_ms() + REDIS_COMMAND_MS);
}

/* --- a slot that moves --- */

static bool is_at(const struct redis_store *r, const struct redis_address *address)
{
	return r->asked && r->asked_at.port == address->port &&
	       strcmp(r->asked_at.host, address->host) == 0;
}

static void open_asked(struct redis_store *r, const struct redis_address *to, int64_t deadline_ms)
{
	struct redis_address addresses[REDIS_ADDRESSES];
	struct err err = {""};

	if (is_at(r, to))
		return;
	redis_connection_close(&r->asked);
	size_t count = redis_lookup(&r->lookup, to->host, to->port, deadline_ms, addresses, &err);
	for (size_t i = 0; i < count && r->asked == NULL; i++)
		r->asked = redis_store_dial(r, &addresses[i], NULL, deadline_ms, &err);
	r->asked_at = *to;
	if (r->asked == NULL)
		redis_servers_report(r->servers, "%s", err.text);
}

/* The key is at the node that takes our slot over. NULL: that one does not answer. */
static redisReply *ask_there(
	struct redis_store *r, const struct redis_cmd *cmd, const struct redis_address *to)
{
	int64_t deadline_ms = clock_mono_ms() + REDIS_COMMAND_MS;
	redisReply *reply = NULL;
	struct redis_cmd asking;

	open_asked(r, to, deadline_ms);
	if (r->asked == NULL)
		return NULL;
	redis_cmd_init(&asking, "ASKING");
	if (redis_stream_send(r->asked, &asking) == 0)
		reply = redis_connection_ask(r->asked, cmd, deadline_ms);
	if (reply) { /* what ASKING says is not what `cmd` says */
		freeReplyObject(reply);
		reply = redis_connection_receive(r->asked, deadline_ms);
	}
	if (reply == NULL)
		redis_connection_close(&r->asked);
	return reply;
}

/* Takes the reply to `cmd`; gives the one that counts. */
static redisReply *settle(struct redis_store *r, struct redis_cmd *cmd, redisReply *reply)
{
	struct redis_redirect redirect;

	if (is_unknown_script(reply) && cmd->lua) {
		freeReplyObject(reply);
		redis_cmd_spell_out(cmd);
		return exchange(r, cmd);
	}
	/* A script is not sent on: it may touch what has not moved yet (S210). */
	if (!r->servers->is_cluster || cmd->is_script ||
		!redis_redirect_read(reply, &r->address, &redirect) || !redirect.is_ask)
		return reply;
	freeReplyObject(reply);
	return ask_there(r, cmd, &redirect.to);
}

struct redisReply *redis_ask(struct redis_store *store, struct redis_cmd *cmd)
{
	return settle(store, cmd, exchange(store, cmd));
}

/* Takes a reply; NULL in place of an error. */
static redisReply *no_error(struct redis_store *r, redisReply *reply)
{
	if (reply == NULL || reply->type != REDIS_REPLY_ERROR)
		return reply;
	redis_servers_report(r->servers, "%s", reply->str);
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

enum store_answer redis_call_answer(struct redis_store *store, struct redis_cmd *cmd)
{
	int64_t changed = redis_call_number(store, cmd);

	return changed > 0 ? STORE_FOUND : changed == 0 ? STORE_NONE : STORE_FAILED;
}

bool redis_call_many(struct redis_store *store, struct redis_cmd *cmds, size_t count,
	struct redisReply **replies)
{
	int64_t deadline = clock_mono_ms() + REDIS_COMMAND_MS;
	bool is_good = true;

	for (size_t i = 0; i < count && store->connection; i++) {
		if (redis_stream_send(store->connection, &cmds[i]) == -1)
			redis_store_break(store, redis_connection_error(store->connection));
	}
	for (size_t i = 0; i < count; i++)
		replies[i] = store->connection ? next_reply(store, deadline) : NULL;
	for (size_t i = 0; i < count; i++) {
		replies[i] = no_error(store, settle(store, &cmds[i], replies[i]));
		is_good = is_good && replies[i];
	}
	return is_good;
}
