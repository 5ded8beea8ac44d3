/* The Sentinels asked who the master is. */
#include "auth/backends/redis/store_redis_int.h"

#include "base/clock.h"

#include <hiredis/hiredis.h>
#include <stdio.h>

void redis_sentinels_clear(struct redis_sentinels *sentinels)
{
	redis_connection_close(&sentinels->link);
	redis_lookup_forget(sentinels->lookup);
	sentinels->lookup = NULL;
}

static int let_in(
	redisContext *link, const struct redis_servers *site, int64_t deadline_ms, struct err *err)
{
	struct redis_cmd cmd;

	if (site->sentinel_password == NULL)
		return 0;
	redis_cmd_init(&cmd, "AUTH");
	redis_cmd_text(&cmd, site->sentinel_password);
	redisReply *reply = redis_connection_ask(link, &cmd, deadline_ms);
	int result = reply ? redis_connection_check(reply, false, err)
			   : err_set(err, "a sentinel does not answer");
	freeReplyObject(reply);
	return result;
}

static int connect_next(struct redis_sentinels *sentinels, struct redis_servers *site,
	int64_t deadline_ms, struct err *err)
{
	const struct redis_endpoint *at =
		&site->endpoints[sentinels->next++ % site->endpoints_count];
	struct redis_place places[REDIS_ADDRESSES];
	size_t count =
		redis_lookup(&sentinels->lookup, at->host, at->port, deadline_ms, places, err);

	for (size_t i = 0; i < count && sentinels->link == NULL; i++)
		sentinels->link = redis_connection_dial(site, &places[i], deadline_ms, err);
	if (sentinels->link == NULL)
		return -1;
	if (let_in(sentinels->link, site, deadline_ms, err) == -1) {
		redis_connection_close(&sentinels->link);
		return -1;
	}
	return 0;
}

/* Two strings: host (an address, or a name where the sentinels announce those) and port. */
static int read_address(const redisReply *reply, struct redis_place *out)
{
	uint64_t port;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
		reply->element[0]->type != REDIS_REPLY_STRING ||
		reply->element[1]->type != REDIS_REPLY_STRING)
		return -1;
	*out = (struct redis_place){.port = 0};
	if (reply->element[0]->len == 0 ||
		!str_copy((struct str){reply->element[0]->str, reply->element[0]->len}, out->host,
			sizeof out->host) ||
		!str_to_u64((struct str){reply->element[1]->str, reply->element[1]->len}, &port) ||
		port == 0 || port > 65535)
		return -1;
	out->port = (unsigned)port;
	return 0;
}

static int ask_one(struct redis_sentinels *sentinels, struct redis_servers *site,
	int64_t deadline_ms, struct redis_place *out, struct err *err)
{
	struct redis_cmd cmd;

	redis_cmd_init(&cmd, "SENTINEL");
	redis_cmd_text(&cmd, "get-master-addr-by-name");
	redis_cmd_text(&cmd, site->master_name);
	redisReply *reply = redis_connection_ask(sentinels->link, &cmd, deadline_ms);
	if (reply == NULL) {
		redis_connection_close(&sentinels->link);
		return err_set(err, "a sentinel does not answer");
	}
	int result = read_address(reply, out);
	freeReplyObject(reply);
	if (result == -1) {
		redis_connection_close(&sentinels->link); /* another one may know */
		return err_set(err, "a sentinel does not know the master %s", site->master_name);
	}
	return 0;
}

int redis_sentinels_ask(struct redis_sentinels *sentinels, struct redis_servers *site,
	int64_t deadline_ms, struct redis_place *out, struct err *err)
{
	int result = -1;

	err_set(err, "no sentinel answers");
	for (size_t tries = 0; tries <= site->endpoints_count && result == -1; tries++) {
		int64_t left = deadline_ms - clock_mono_ms();

		if (left <= 0)
			return -1;
		/* A silent one must not use up the others' time. */
		int64_t until = deadline_ms - left / 2;
		if (sentinels->link == NULL && connect_next(sentinels, site, until, err) == -1)
			continue;
		result = ask_one(sentinels, site, until, out, err);
	}
	return result;
}
