/* One blocking connection to Redis: dialled, greeted and asked, each within a deadline. */
#include "auth/backends/redis/store_redis_int.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <sys/time.h>

static struct timeval interval(int64_t ms)
{
	if (ms < 1)
		ms = 1; /* zero means for ever */
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

static const char *reason(const redisContext *link)
{
	return link == NULL ? "no memory" : link->err == 0 ? "no answer in time" : link->errstr;
}

void redis_connection_close(struct redisContext **link)
{
	if (*link)
		redisFree(*link);
	*link = NULL;
}

static redisContext *refuse(redisContext *link, const struct redis_place *place,
	const struct redis_servers *site, struct err *err)
{
	if (place->host[0] != '\0')
		err_set(err, "cannot connect to redis at %s port %u: %s", place->host, place->port,
			reason(link));
	else
		err_set(err, "cannot connect to redis at %s: %s", site->socket_path, reason(link));
	redis_connection_close(&link);
	return NULL;
}

struct redisContext *redis_connection_dial(struct redis_servers *site,
	const struct redis_place *place, int64_t deadline_ms, struct err *err)
{
	int64_t left = deadline_ms - clock_mono_ms();
	struct timeval connecting = interval(left < REDIS_CONNECT_MS ? left : REDIS_CONNECT_MS);
	redisContext *link =
		place->host[0] != '\0'
			? redisConnectWithTimeout(place->host, (int)place->port, connecting)
			: redisConnectUnixWithTimeout(site->socket_path, connecting);

	if (link == NULL || link->err != 0)
		return refuse(link, place, site, err);
	fcntl(link->fd, F_SETFD, FD_CLOEXEC);
	/* Reads have deadlines of their own; this bounds writes, and a TLS handshake. */
	redisSetTimeout(link, interval(deadline_ms - clock_mono_ms()));
	if (redis_tls_start(site->tls, link, place) == -1)
		return refuse(link, place, site, err);
	redisSetTimeout(link, interval(REDIS_COMMAND_MS));
	return link;
}

int redis_connection_send(struct redisContext *link, const struct redis_cmd *cmd)
{
	/* hiredis reads only, but asks for less const. */
	const char *argv[REDIS_ARGS];

	memcpy(argv, cmd->argv, sizeof argv);
	return redisAppendCommandArgv(link, cmd->argc, argv, cmd->lens) == REDIS_OK ? 0 : -1;
}

static bool flush(redisContext *link)
{
	int is_done = 0;

	while (!is_done) {
		if (redisBufferWrite(link, &is_done) == REDIS_ERR)
			return false;
	}
	return true;
}

static bool wait_readable(redisContext *link, int64_t deadline_ms)
{
	struct pollfd fd = {.fd = link->fd, .events = POLLIN};
	int got;

	do {
		int64_t left = deadline_ms - clock_mono_ms();

		got = poll(&fd, 1, left > 0 ? (int)left : 0);
	} while (got == -1 && errno == EINTR);
	return got > 0;
}

struct redisReply *redis_connection_receive(struct redisContext *link, int64_t deadline_ms)
{
	void *reply = NULL;

	if (!flush(link))
		return NULL;
	for (;;) {
		if (redisGetReplyFromReader(link, &reply) == REDIS_ERR || reply)
			return reply;
		if (link->reader->len - link->reader->pos > REDIS_REPLY_MAX) {
			link->err = REDIS_ERR_PROTOCOL;
			snprintf(link->errstr, sizeof link->errstr, "a reply is too long");
			return NULL;
		}
		if (!wait_readable(link, deadline_ms) || redisBufferRead(link) == REDIS_ERR)
			return NULL;
	}
}

struct redisReply *redis_connection_ask(
	struct redisContext *link, const struct redis_cmd *cmd, int64_t deadline_ms)
{
	return redis_connection_send(link, cmd) == 0 ? redis_connection_receive(link, deadline_ms)
						     : NULL;
}

/* --- the greeting --- */

int redis_connection_check(const struct redisReply *reply, bool is_role, struct err *err)
{
	if (reply->type == REDIS_REPLY_ERROR) {
		/* An unknown command's error repeats its arguments, and AUTH has a password: only
		 * the code is told. */
		size_t code = strcspn(reply->str, " ");
		return err_set(
			err, "redis refuses: %.*s", (int)(code < 40 ? code : 40), reply->str);
	}
	if (!is_role)
		return 0;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0 ||
		reply->element[0]->type != REDIS_REPLY_STRING ||
		strcmp(reply->element[0]->str, "master") != 0)
		return err_set(err, "redis is not the master there");
	return 0;
}

size_t redis_greeting(
	const struct redis_servers *site, struct redis_cmd cmds[static REDIS_GREETING])
{
	size_t count = 0;

	if (site->password) {
		redis_cmd_init(&cmds[count], "AUTH");
		if (site->user)
			redis_cmd_text(&cmds[count], site->user);
		redis_cmd_text(&cmds[count++], site->password);
	}
	if (site->database != 0) {
		redis_cmd_init(&cmds[count], "SELECT");
		redis_cmd_number(&cmds[count++], site->database);
	}
	redis_cmd_init(&cmds[count++], site->master_name ? "ROLE" : "PING");
	return count;
}

int redis_connection_greet(struct redisContext *link, const struct redis_servers *site,
	int64_t deadline_ms, struct err *err)
{
	struct redis_cmd cmds[REDIS_GREETING];
	size_t count = redis_greeting(site, cmds);
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++)
		result = redis_connection_send(link, &cmds[i]);
	for (size_t i = 0; i < count && result == 0; i++) {
		redisReply *reply = redis_connection_receive(link, deadline_ms);
		if (reply == NULL)
			return err_set(err, "redis does not greet: %s", reason(link));
		result = redis_connection_check(reply, i + 1 == count && site->master_name, err);
		freeReplyObject(reply);
	}
	return result;
}
