#include "auth/backends/redis/link/store_redis_connection.h"

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

static const char *reason_of(const redisContext *connection)
{
	return connection == NULL     ? "no memory"
	       : connection->err == 0 ? "no answer in time"
				      : connection->errstr;
}

void redis_connection_close(struct redisContext **connection)
{
	if (*connection)
		redisFree(*connection);
	*connection = NULL;
}

static redisContext *refuse_connection(redisContext *connection,
	const struct redis_address *address, const struct redis_servers *servers, struct err *err)
{
	if (address->host[0] != '\0')
		err_set(err, "cannot connect to redis at %s port %u: %s", address->host,
			address->port, reason_of(connection));
	else
		err_set(err, "cannot connect to redis at %s: %s", servers->socket_path,
			reason_of(connection));
	redis_connection_close(&connection);
	return NULL;
}

struct redisContext *redis_connection_dial(struct redis_servers *servers,
	const struct redis_address *address, int64_t deadline_ms, struct err *err)
{
	int64_t left = deadline_ms - clock_mono_ms();
	struct timeval connecting = interval(left < REDIS_CONNECT_MS ? left : REDIS_CONNECT_MS);
	redisContext *connection =
		address->host[0] != '\0'
			? redisConnectWithTimeout(address->host, (int)address->port, connecting)
			: redisConnectUnixWithTimeout(servers->socket_path, connecting);

	if (connection == NULL || connection->err != 0)
		return refuse_connection(connection, address, servers, err);
	fcntl(connection->fd, F_SETFD, FD_CLOEXEC);
	/* Reads have deadlines of their own; this bounds writes, and a TLS handshake. */
	redisSetTimeout(connection, interval(deadline_ms - clock_mono_ms()));
	if (redis_tls_start(servers->tls, connection, address) == -1)
		return refuse_connection(connection, address, servers, err);
	redisSetTimeout(connection, interval(REDIS_COMMAND_MS));
	return connection;
}

int redis_connection_send(struct redisContext *connection, const struct redis_cmd *cmd)
{
	/* hiredis reads only, but asks for less const. */
	const char *argv[REDIS_ARGS];

	memcpy(argv, cmd->argv, sizeof argv);
	return redisAppendCommandArgv(connection, cmd->argc, argv, cmd->lens) == REDIS_OK ? 0 : -1;
}

static bool flush(redisContext *connection)
{
	int is_done = 0;

	while (!is_done) {
		if (redisBufferWrite(connection, &is_done) == REDIS_ERR)
			return false;
	}
	return true;
}

static bool wait_readable(redisContext *connection, int64_t deadline_ms)
{
	struct pollfd fd = {.fd = connection->fd, .events = POLLIN};
	int got;

	do {
		int64_t left = deadline_ms - clock_mono_ms();

		got = poll(&fd, 1, left > 0 ? (int)left : 0);
	} while (got == -1 && errno == EINTR);
	return got > 0;
}

struct redisReply *redis_connection_receive(struct redisContext *connection, int64_t deadline_ms)
{
	void *reply = NULL;

	if (!flush(connection))
		return NULL;
	for (;;) {
		if (redisGetReplyFromReader(connection, &reply) == REDIS_ERR || reply)
			return reply;
		if (connection->reader->len - connection->reader->pos > REDIS_REPLY_MAX) {
			connection->err = REDIS_ERR_PROTOCOL;
			snprintf(connection->errstr, sizeof connection->errstr,
				"a reply is too long");
			return NULL;
		}
		if (!wait_readable(connection, deadline_ms) ||
			redisBufferRead(connection) == REDIS_ERR)
			return NULL;
	}
}

struct redisReply *redis_connection_ask(
	struct redisContext *connection, const struct redis_cmd *cmd, int64_t deadline_ms)
{
	return redis_connection_send(connection, cmd) == 0
		       ? redis_connection_receive(connection, deadline_ms)
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
	const struct redis_servers *servers, struct redis_cmd cmds[static REDIS_GREETING])
{
	size_t count = 0;

	if (servers->password) {
		redis_cmd_init(&cmds[count], "AUTH");
		if (servers->user)
			redis_cmd_text(&cmds[count], servers->user);
		redis_cmd_text(&cmds[count++], servers->password);
	}
	if (servers->database != 0) {
		redis_cmd_init(&cmds[count], "SELECT");
		redis_cmd_number(&cmds[count++], servers->database);
	}
	redis_cmd_init(&cmds[count++], servers->master_name ? "ROLE" : "PING");
	return count;
}

int redis_connection_greet(struct redisContext *connection, const struct redis_servers *servers,
	int64_t deadline_ms, struct err *err)
{
	struct redis_cmd cmds[REDIS_GREETING];
	size_t count = redis_greeting(servers, cmds);
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++)
		result = redis_connection_send(connection, &cmds[i]);
	for (size_t i = 0; i < count && result == 0; i++) {
		redisReply *reply = redis_connection_receive(connection, deadline_ms);
		if (reply == NULL)
			return err_set(err, "redis does not greet: %s", reason_of(connection));
		result = redis_connection_check(reply, i + 1 == count && servers->master_name, err);
		freeReplyObject(reply);
	}
	return result;
}
