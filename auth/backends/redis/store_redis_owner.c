/* Whose an application is, as Redis keeps it: the namespace and the user that were told first (S43,
 * S73). */
#include "auth/backends/redis/store_redis_call.h"
#include "auth/backends/redis/store_redis_ops.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

enum { BATCH = 64 };

static void owner_cmd(struct redis_cmd *cmd, const struct store_owner *owner, int64_t now)
{
	redis_cmd_script(cmd, REDIS_OWNER);
	redis_cmd_key_hex(cmd, "owner", owner->key);
	redis_cmd_hex(cmd, owner->key);
	redis_cmd_text(cmd, owner->name);
	redis_cmd_number(cmd, owner->is_claim);
	redis_cmd_number(cmd, now);
	redis_cmd_number(cmd, (int64_t)STORE_OWNER_KEPT_S * 1000);
	redis_cmd_number(cmd, STORE_OWNERS);
}

static int take_reply(struct store_owner *owner, const redisReply *reply)
{
	if (reply == NULL || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_NIL))
		return -1;
	owner->is_settled = reply->type == REDIS_REPLY_STRING;
	/* What is no name was not written by a gateway: nobody's. */
	if (owner->is_settled && (memchr(reply->str, '\0', reply->len) ||
					 !str_copy((struct str){reply->str, reply->len},
						 owner->name, sizeof owner->name)))
		owner->name[0] = '\0';
	return 0;
}

static int ask_batch(struct redis_store *r, struct store_owner *owners, size_t count, int64_t now)
{
	struct redis_cmd *cmds = mem_alloc(count, sizeof *cmds);
	redisReply *replies[BATCH];
	int result = 0;

	for (size_t i = 0; i < count; i++)
		owner_cmd(&cmds[i], &owners[i], now);
	redis_call_many(r, cmds, count, replies);
	for (size_t i = 0; i < count; i++) {
		if (take_reply(&owners[i], replies[i]) == -1)
			result = -1;
		freeReplyObject(replies[i]);
	}
	free(cmds);
	return result;
}

int redis_owners(struct store *store, struct store_owner *owners, size_t count, int64_t now)
{
	struct redis_store *r = redis_store_of(store);
	int result = 0;

	for (size_t at = 0; at < count && r->connection; at += BATCH) {
		size_t some = count - at < BATCH ? count - at : BATCH;
		if (ask_batch(r, owners + at, some, now) == -1)
			result = -1;
	}
	return r->connection ? result : -1;
}
