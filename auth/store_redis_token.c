#include "auth/store_redis_int.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

enum { PAGE = 100, ROUNDS_MAX = 10000 };

bool redis_token_is_id(struct str id)
{
	return id.len > 0 && id.len < STORE_ID && memchr(id.at, '\0', id.len) == NULL;
}

/* The set that counts it, or "". */
static const char *alive_set(const struct store_token *token)
{
	static const char *const sets[] = {
		[ROLE_NONE] = "", [ROLE_USER] = "tokens:user", [ROLE_ADMIN] = "tokens:admin"};

	return token->state == STATE_ACTIVE ? sets[token->role] : "";
}

int redis_token_add(struct store *store, const struct store_token *token)
{
	struct redis_cmd cmd;

	redis_cmd_script(&cmd, REDIS_TOKEN_ADD);
	redis_cmd_key_str(&cmd, "token", str_of(token->id));
	redis_cmd_text(&cmd, token->id);
	redis_cmd_number(&cmd, token->created_at);
	redis_cmd_number(&cmd, token->expires_at);
	redis_cmd_text(&cmd, alive_set(token));
	redis_cmd_token_fields(&cmd, token);
	return redis_call_number(redis_store_of(store), &cmd) == 1 ? 0 : -1;
}

enum store_answer redis_token_get(struct store *store, struct str id, struct store_token *out)
{
	struct redis_store *r = redis_store_of(store);
	struct redis_cmd cmd;

	if (!redis_token_is_id(id))
		return STORE_NONE;
	redis_cmd_token_get(&cmd, id);
	redisReply *reply = redis_ask(r, &cmd);
	enum store_answer answer = redis_record_token(r->site, reply, id, out);
	freeReplyObject(reply);
	return answer;
}

enum store_answer redis_token_set_state(struct store *store, struct str id, enum token_state state)
{
	struct redis_store *r = redis_store_of(store);
	struct redis_cmd cmd;

	if (!redis_token_is_id(id))
		return STORE_NONE;
	redis_cmd_script(&cmd, REDIS_TOKEN_STATE);
	redis_cmd_key_str(&cmd, "token", id);
	redis_cmd_bytes(&cmd, id.at, id.len);
	redis_cmd_text(&cmd, token_state_name(state));
	redis_cmd_text(&cmd, r->site->channel);
	int64_t changed = redis_call_number(r, &cmd);
	return changed > 0 ? STORE_FOUND : changed == 0 ? STORE_NONE : STORE_FAILED;
}

static int list_page(
	struct redis_store *r, const redisReply *ids, store_on_token *on_token, void *arg)
{
	struct redis_cmd *cmds = mem_alloc(PAGE, sizeof *cmds);
	struct str id[PAGE];
	redisReply *replies[PAGE];
	struct store_token token;
	size_t count = 0;

	for (size_t i = 0; i < ids->elements && i < PAGE; i++) {
		id[count] = (struct str){ids->element[i]->str, ids->element[i]->len};
		if (ids->element[i]->type == REDIS_REPLY_STRING && redis_token_is_id(id[count])) {
			redis_cmd_token_get(&cmds[count], id[count]);
			count++;
		}
	}
	redis_call_many(r, cmds, count, replies);
	for (size_t i = 0; i < count; i++) {
		if (replies[i] &&
			redis_record_token(r->site, replies[i], id[i], &token) == STORE_FOUND)
			on_token(arg, &token);
		freeReplyObject(replies[i]);
	}
	free(cmds);
	return r->link ? 0 : -1;
}

int redis_token_list(struct store *store, store_on_token *on_token, void *arg)
{
	struct redis_store *r = redis_store_of(store);
	size_t got = PAGE;
	int result = 0;

	for (int page = 0; got == PAGE && result == 0 && page < ROUNDS_MAX; page++) {
		struct redis_cmd cmd;

		redis_cmd_init(&cmd, "ZREVRANGE");
		redis_cmd_key(&cmd, "tokens");
		redis_cmd_number(&cmd, (int64_t)page * PAGE);
		redis_cmd_number(&cmd, (int64_t)page * PAGE + PAGE - 1);
		redisReply *ids = redis_call(r, &cmd);
		if (ids == NULL || ids->type != REDIS_REPLY_ARRAY)
			result = -1;
		else
			result = list_page(r, ids, on_token, arg);
		got = result == 0 ? ids->elements : 0;
		freeReplyObject(ids);
	}
	return result;
}
