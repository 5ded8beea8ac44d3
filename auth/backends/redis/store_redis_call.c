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

const char *redis_store_error(const struct redisContext *connection)
{
	return connection->err ? connection->errstr : "no answer in time";
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

/* The next reply that was not asked for by poll(); NULL: the connection is broken now. */
static redisReply *next_reply(struct redis_store *r, int64_t deadline_ms)
{
	for (;;) {
		redisReply *reply = redis_connection_receive(r->connection, deadline_ms);

		if (reply == NULL) {
			redis_store_break(r, redis_store_error(r->connection));
			return NULL;
		}
		if (is_useless(reply)) {
			redis_store_break(r, reply->str);
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
	if (redis_connection_send(r->connection, cmd) == -1) {
		redis_store_break(r, redis_store_error(r->connection));
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
		if (redis_connection_send(store->connection, &cmds[i]) == -1)
			redis_store_break(store, redis_store_error(store->connection));
	}
	for (size_t i = 0; i < count; i++)
		replies[i] = store->connection ? next_reply(store, deadline) : NULL;
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
