/* The Sentinels asked who the master is. */
#include "auth/backends/redis/link/store_redis_connection.h"

#include "base/clock.h"

#include <hiredis/hiredis.h>
#include <stdio.h>

void redis_sentinels_clear(struct redis_sentinels *sentinels)
{
	redis_connection_close(&sentinels->connection);
	redis_lookup_forget(sentinels->lookup);
	sentinels->lookup = NULL;
}

static int let_in(struct redis_stream *connection, const struct redis_servers *servers,
	int64_t deadline_ms, struct err *err)
{
	struct redis_cmd cmd;

	if (servers->sentinel_password == NULL)
		return 0;
	redis_cmd_init(&cmd, "AUTH");
	redis_cmd_text(&cmd, servers->sentinel_password);
	redisReply *reply = redis_connection_ask(connection, &cmd, deadline_ms);
	int result = reply ? redis_connection_check(reply, false, err)
			   : err_set(err, "a sentinel does not answer");
	freeReplyObject(reply);
	return result;
}

static int connect_next(struct redis_sentinels *sentinels, struct redis_servers *servers,
	int64_t deadline_ms, struct err *err)
{
	const struct redis_endpoint *at =
		&servers->endpoints[sentinels->next++ % servers->endpoints_count];
	struct redis_address addresses[REDIS_ADDRESSES];
	size_t count =
		redis_lookup(&sentinels->lookup, at->host, at->port, deadline_ms, addresses, err);

	for (size_t i = 0; i < count && sentinels->connection == NULL; i++)
		sentinels->connection =
			redis_connection_dial(servers, &addresses[i], deadline_ms, err);
	if (sentinels->connection == NULL)
		return -1;
	if (let_in(sentinels->connection, servers, deadline_ms, err) == -1) {
		redis_connection_close(&sentinels->connection);
		return -1;
	}
	return 0;
}

/* Two strings: host (an address, or a name where the sentinels announce those) and port. */
static int read_address(const redisReply *reply, struct redis_address *out)
{
	uint64_t port;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
		reply->element[0]->type != REDIS_REPLY_STRING ||
		reply->element[1]->type != REDIS_REPLY_STRING)
		return -1;
	*out = (struct redis_address){.port = 0};
	if (reply->element[0]->len == 0 ||
		!str_copy((struct str){reply->element[0]->str, reply->element[0]->len}, out->host,
			sizeof out->host) ||
		!str_to_u64((struct str){reply->element[1]->str, reply->element[1]->len}, &port) ||
		port == 0 || port > 65535)
		return -1;
	out->port = (unsigned)port;
	return 0;
}

static int ask_one(struct redis_sentinels *sentinels, struct redis_servers *servers,
	int64_t deadline_ms, struct redis_address *out, struct err *err)
{
	struct redis_cmd cmd;

	redis_cmd_init(&cmd, "SENTINEL");
	redis_cmd_text(&cmd, "get-master-addr-by-name");
	redis_cmd_text(&cmd, servers->master_name);
	redisReply *reply = redis_connection_ask(sentinels->connection, &cmd, deadline_ms);
	if (reply == NULL) {
		redis_connection_close(&sentinels->connection);
		return err_set(err, "a sentinel does not answer");
	}
	int result = read_address(reply, out);
	freeReplyObject(reply);
	if (result == -1) {
		redis_connection_close(&sentinels->connection); /* another one may know */
		return err_set(err, "a sentinel does not know the master %s", servers->master_name);
	}
	return 0;
}

int redis_sentinels_ask(struct redis_sentinels *sentinels, struct redis_servers *servers,
	int64_t deadline_ms, struct redis_address *out, struct err *err)
{
	int result = -1;

	err_set(err, "no sentinel answers");
	for (size_t tries = 0; tries <= servers->endpoints_count && result == -1; tries++) {
		int64_t left = deadline_ms - clock_mono_ms();

		if (left <= 0)
			return -1;
		/* A silent one must not use up the others' time. */
		int64_t until = deadline_ms - left / 2;
		if (sentinels->connection == NULL &&
			connect_next(sentinels, servers, until, err) == -1)
			continue;
		result = ask_one(sentinels, servers, until, out, err);
	}
	return result;
}
