/* Sessions in Redis: opened, read, replaced, listed and ended. */
#include "auth/backends/redis/store_redis_call.h"
#include "auth/backends/redis/store_redis_ops.h"
#include "auth/backends/redis/store_redis_record.h"
#include "auth/store/store_fields.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>

enum { PAGE = 100, END_AT_ONCE = 500, ROUNDS_MAX = 10000 };

static void add_blob(struct redis_cmd *cmd, const struct store_bytes *bytes, size_t max)
{
	assert(bytes->len <= max);
	redis_cmd_bytes(cmd, bytes->at, bytes->len);
}

static void add_optional(struct redis_cmd *cmd, bool is_there, const unsigned char *digest)
{
	if (is_there)
		redis_cmd_hex(cmd, digest);
	else
		redis_cmd_text(cmd, "");
}

enum store_answer redis_session_open(struct store *store, const struct store_opening *opening)
{
	struct redis_store *r = redis_store_of(store);
	const struct store_session *s = &opening->session;
	struct redis_cmd cmd;

	redis_cmd_script(&cmd, REDIS_SESSION_OPEN);
	redis_cmd_key_hex(&cmd, "session", s->key);
	redis_cmd_hex(&cmd, s->key);
	redis_cmd_hex(&cmd, s->person);
	add_optional(&cmd, store_has_sid(s->provider_sid), s->provider_sid);
	add_blob(&cmd, &s->sealed, STORE_SEALED);
	add_blob(&cmd, &s->label, STORE_LABEL);
	redis_cmd_number(&cmd, s->created_at);
	redis_cmd_number(&cmd, s->last_seen_at);
	redis_cmd_number(&cmd, s->expires_at);
	add_optional(&cmd, opening->has_old, opening->old_key);
	add_optional(&cmd, opening->has_link, opening->link);
	redis_cmd_text(&cmd, r->servers->channel);
	return redis_call_answer(r, &cmd);
}

enum store_answer redis_session_get(
	struct store *store, const unsigned char *key, struct store_session *out)
{
	struct redis_store *r = redis_store_of(store);
	struct redis_cmd cmd;

	redis_cmd_session_get(&cmd, key, true);
	redisReply *reply = redis_ask(r, &cmd);
	enum store_answer answer = redis_record_session(r->servers, reply, key, out);
	freeReplyObject(reply);
	return answer;
}

enum store_answer redis_session_replace(struct store *store, const struct store_session *s)
{
	struct redis_store *r = redis_store_of(store);
	struct redis_cmd cmd;

	redis_cmd_script(&cmd, REDIS_SESSION_REPLACE);
	redis_cmd_key_hex(&cmd, "session", s->key);
	redis_cmd_hex(&cmd, s->key);
	redis_cmd_number(&cmd, (int64_t)s->version);
	add_blob(&cmd, &s->sealed, STORE_SEALED);
	add_blob(&cmd, &s->label, STORE_LABEL);
	add_optional(&cmd, store_has_sid(s->provider_sid), s->provider_sid);
	redis_cmd_number(&cmd, s->expires_at);
	return redis_call_answer(r, &cmd);
}

enum store_answer redis_session_end(struct store *store, const unsigned char *key)
{
	struct redis_store *r = redis_store_of(store);
	struct redis_cmd cmd;

	redis_cmd_script(&cmd, REDIS_SESSION_END);
	redis_cmd_key_hex(&cmd, "session", key);
	redis_cmd_hex(&cmd, key);
	redis_cmd_text(&cmd, r->servers->channel);
	return redis_call_answer(r, &cmd);
}

/* --- all of an index --- */

static void add_index(struct redis_cmd *cmd, enum store_index index, const unsigned char *key)
{
	static const char *const kinds[] = {
		[STORE_BY_PERSON] = "person", [STORE_BY_PROVIDER_SID] = "sid"};

	if (index == STORE_ALL)
		redis_cmd_key(cmd, "sessions");
	else
		redis_cmd_key_hex(cmd, kinds[index], key);
}

/* Ends the next END_AT_ONCE: how many were looked at, or -1. */
static int64_t end_some(
	struct redis_store *r, enum store_index index, const unsigned char *key, int64_t *ended)
{
	struct redis_cmd cmd;
	int64_t looked_at = -1;

	redis_cmd_script(&cmd, REDIS_SESSION_END_ALL);
	add_index(&cmd, index, key);
	redis_cmd_number(&cmd, END_AT_ONCE);
	redis_cmd_text(&cmd, r->servers->channel);
	redisReply *reply = redis_call(r, &cmd);
	if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
		reply->element[0]->type == REDIS_REPLY_INTEGER &&
		reply->element[1]->type == REDIS_REPLY_INTEGER) {
		*ended += reply->element[0]->integer;
		looked_at = reply->element[1]->integer;
	}
	freeReplyObject(reply);
	return looked_at;
}

int redis_session_end_all(struct store *store, enum store_index index, const unsigned char *key)
{
	struct redis_store *r = redis_store_of(store);
	int64_t ended = 0, looked_at = END_AT_ONCE;

	/* In pieces: one script over all would stop Redis for everybody. */
	for (int round = 0; looked_at == END_AT_ONCE && round < ROUNDS_MAX; round++)
		looked_at = end_some(r, index, key, &ended);
	return looked_at == -1 ? -1 : (int)ended;
}

struct listing {
	struct redis_store *redis;
	int64_t now;
	store_on_session *on_session;
	void *arg;
};

static void tell_session(struct listing *l, const redisReply *reply, const unsigned char *key)
{
	struct store_session session;

	if (redis_record_session(l->redis->servers, reply, key, &session) != STORE_FOUND)
		return; /* died since, or is not to be trusted */
	if (session.expires_at > l->now)
		l->on_session(l->arg, &session);
	store_session_clear(&session);
}

/* Reads what `keys` name and tells it. */
static int list_page(struct listing *l, const redisReply *keys)
{
	struct redis_cmd *cmds = mem_alloc(PAGE, sizeof *cmds);
	unsigned char key[PAGE][DIGEST_LEN];
	redisReply *replies[PAGE];
	size_t count = 0;

	for (size_t i = 0; i < keys->elements && i < PAGE; i++) {
		if (redis_record_digest(keys->element[i], key[count])) {
			redis_cmd_session_get(&cmds[count], key[count], false);
			count++;
		}
	}
	bool is_good = redis_call_many(l->redis, cmds, count, replies);
	for (size_t i = 0; i < count; i++) {
		if (replies[i])
			tell_session(l, replies[i], key[i]);
		freeReplyObject(replies[i]);
	}
	free(cmds);
	return is_good || l->redis->connection ? 0 : -1;
}

int redis_session_list(struct store *store, enum store_index index, const unsigned char *key,
	int64_t now, store_on_session *on_session, void *arg)
{
	struct listing l = {redis_store_of(store), now, on_session, arg};
	size_t got = PAGE;
	int result = 0;

	for (int page = 0; got == PAGE && result == 0 && page < ROUNDS_MAX; page++) {
		struct redis_cmd cmd;

		redis_cmd_init(&cmd, "ZREVRANGE");
		add_index(&cmd, index, key);
		redis_cmd_number(&cmd, (int64_t)page * PAGE);
		redis_cmd_number(&cmd, (int64_t)page * PAGE + PAGE - 1);
		redisReply *keys = redis_call(l.redis, &cmd);
		if (keys == NULL || keys->type != REDIS_REPLY_ARRAY)
			result = -1;
		else
			result = list_page(&l, keys);
		got = result == 0 ? keys->elements : 0;
		freeReplyObject(keys);
	}
	return result;
}

/* --- a page of all, and one by the beginning of its key --- */

int redis_session_page(struct store *store, const struct store_session_query *query,
	store_on_session *on_session, void *arg)
{
	struct listing l = {redis_store_of(store), query->now, on_session, arg};
	struct redis_cmd cmd;

	redis_cmd_script(&cmd, REDIS_SESSION_PAGE);
	redis_cmd_key(&cmd, "sessions");
	if (query->before_at)
		redis_cmd_number(&cmd, query->before_at);
	else
		redis_cmd_text(&cmd, "+inf");
	redis_cmd_hex(&cmd, query->before_key);
	redis_cmd_number(&cmd, (int64_t)query->limit);
	redisReply *keys = redis_call(l.redis, &cmd);
	int result = keys && keys->type == REDIS_REPLY_ARRAY ? list_page(&l, keys) : -1;
	if (result == 0)
		result = keys->elements == query->limit;
	freeReplyObject(keys);
	return result;
}

enum store_answer redis_session_find(
	struct store *store, const unsigned char *prefix, unsigned char *key)
{
	unsigned char least[DIGEST_LEN] = {0};
	enum store_answer answer = STORE_FAILED;
	struct redis_cmd cmd;

	memcpy(least, prefix, STORE_KEY_PREFIX);
	redis_cmd_script(&cmd, REDIS_SESSION_FIND);
	redis_cmd_key(&cmd, "sessions");
	redis_cmd_hex(&cmd, least);
	cmd.lens[cmd.argc - 1] = 2 * STORE_KEY_PREFIX; /* its beginning */
	redisReply *reply = redis_call(redis_store_of(store), &cmd);
	if (reply && reply->type == REDIS_REPLY_NIL)
		answer = STORE_NONE;
	else if (reply && redis_record_digest(reply, key))
		answer = STORE_FOUND;
	freeReplyObject(reply);
	return answer;
}
