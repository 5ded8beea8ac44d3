/* Which commands the ACL of the gateway's user does not allow: each is tried in a form that changes
 * nothing of anybody's, on a key and a channel of its own. */
#include "auth/backends/redis/store_redis_call.h"
#include "auth/backends/redis/store_redis_ops.h"

#include "base/sbuf.h"

#include <ctype.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

enum { MORE = 3 };

enum on { ON_KEY, ON_CHANNEL, ON_NOTHING };

/* In this order: what one of them writes the last ones take away, and no other command may follow a
 * subscription. */
static const struct right {
	const char *verb;
	enum on on;
	const char *more[MORE];
} rights[] = {
	{"GET", ON_KEY, {NULL}},
	{"SET", ON_KEY, {"x", "XX"}}, /* if it is there */
	{"EXISTS", ON_KEY, {NULL}},
	{"PTTL", ON_KEY, {NULL}},
	{"HGET", ON_KEY, {"x"}},
	{"HMGET", ON_KEY, {"x"}},
	{"ZREM", ON_KEY, {"x"}},
	{"ZCARD", ON_KEY, {NULL}},
	{"ZCOUNT", ON_KEY, {"0", "0"}},
	{"ZRANGE", ON_KEY, {"0", "0"}},
	{"ZREVRANGE", ON_KEY, {"0", "0"}},
	{"ZRANGEBYSCORE", ON_KEY, {"0", "0"}},
	{"ZREVRANGEBYSCORE", ON_KEY, {"0", "0"}},
	{"ZREVRANGEBYLEX", ON_KEY, {"+", "-"}},
	{"ZADD", ON_KEY, {"XX", "0", "x"}},
	{"HSETNX", ON_KEY, {"x", "x"}},
	{"HSET", ON_KEY, {"x", "x"}},
	{"PEXPIRE", ON_KEY, {"1"}},
	{"DEL", ON_KEY, {NULL}},
	{"EVAL", ON_NOTHING, {"return 1", "0"}},
	{"EVALSHA", ON_NOTHING, {"0000000000000000000000000000000000000000", "0"}},
	{"PUBLISH", ON_CHANNEL, {"x"}},
	{"SUBSCRIBE", ON_CHANNEL, {NULL}},
};

static redisReply *try_right(struct redis_store *r, const struct right *right)
{
	char *channel = mem_printf("%s:doctor", r->servers->channel);
	struct redis_cmd cmd;

	redis_cmd_init(&cmd, right->verb);
	if (right->on == ON_KEY)
		redis_cmd_key(&cmd, "doctor");
	else if (right->on == ON_CHANNEL)
		redis_cmd_text(&cmd, channel);
	for (size_t i = 0; i < MORE && right->more[i]; i++)
		redis_cmd_text(&cmd, right->more[i]);
	redisReply *reply = redis_ask(r, &cmd);
	free(channel);
	return reply;
}

static void put_verb(struct sbuf *out, const char *verb)
{
	char text[] = {'?', '\0'};

	sbuf_puts(out, out->len ? " +" : "+");
	for (; *verb; verb++) {
		text[0] = (char)tolower((unsigned char)*verb);
		sbuf_puts(out, text);
	}
}

int redis_lacks(struct store *store, struct sbuf *out)
{
	struct redis_store *r = redis_store_of(store);

	for (size_t i = 0; i < ARRAY_LEN(rights); i++) {
		redisReply *reply = try_right(r, &rights[i]);
		if (reply == NULL)
			return -1;
		if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOPERM", 6) == 0)
			put_verb(out, rights[i].verb);
		freeReplyObject(reply);
	}
	return 0;
}
