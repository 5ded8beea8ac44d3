#include "auth/backends/redis/link/store_redis_connection.h"

#include "base/clock.h"

#include <hiredis/hiredis.h>
#include <poll.h>

const char *redis_connection_error(const struct redis_stream *connection)
{
	const char *why = redis_stream_error(connection);

	return why ? why : "no answer in time";
}

void redis_connection_close(struct redis_stream **connection)
{
	redis_stream_free(*connection, NULL);
	*connection = NULL;
}

/* False: the deadline has come. */
static bool wait_for(const struct redis_stream *connection, int64_t deadline_ms)
{
	struct pollfd fd = {
		.fd = redis_stream_fd(connection), .events = redis_stream_wants(connection)};
	int64_t left = deadline_ms - clock_mono_ms();

	return left > 0 && poll(&fd, 1, (int)left) != 0; /* a signal is no reason to give up */
}

static bool open_until(struct redis_stream *connection, int64_t deadline_ms)
{
	enum redis_step step;

	do {
		step = redis_stream_work(connection);
	} while (step == REDIS_WAIT && !redis_stream_is_open(connection) &&
		 wait_for(connection, deadline_ms));
	return step != REDIS_BROKEN && redis_stream_is_open(connection);
}

struct redis_stream *redis_connection_dial(struct redis_servers *servers,
	const struct redis_address *address, int64_t deadline_ms, struct err *err)
{
	struct err why = {""};
	struct redis_stream *connection = redis_stream_open(servers, address, &why);
	int64_t soon = clock_mono_ms() + REDIS_CONNECT_MS;

	if (connection && open_until(connection, soon < deadline_ms ? soon : deadline_ms))
		return connection;
	if (connection)
		err_set(&why, "%s",
			servers->tls && redis_stream_error(connection) == NULL
				? "no TLS handshake in time"
				: redis_connection_error(connection));
	if (address->host[0] != '\0')
		err_set(err, "cannot connect to redis at %s port %u: %s", address->host,
			address->port, why.text);
	else
		err_set(err, "cannot connect to redis at %s: %s", servers->socket_path, why.text);
	redis_connection_close(&connection);
	return NULL;
}

struct redisReply *redis_connection_receive(struct redis_stream *connection, int64_t deadline_ms)
{
	for (;;) {
		redisReply *reply = redis_stream_reply(connection);
		if (reply)
			return reply;
		enum redis_step step = redis_stream_work(connection);
		if (step == REDIS_BROKEN)
			return NULL;
		if (step == REDIS_WAIT && !wait_for(connection, deadline_ms))
			return NULL;
	}
}

struct redisReply *redis_connection_ask(
	struct redis_stream *connection, const struct redis_cmd *cmd, int64_t deadline_ms)
{
	return redis_stream_send(connection, cmd) == 0
		       ? redis_connection_receive(connection, deadline_ms)
		       : NULL;
}

/* --- the greeting --- */

int redis_connection_check(const struct redisReply *reply, bool is_role, struct err *err)
{
	/* A cluster's node whose slot is on its way to another still has it (S210). */
	if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "ASK ", 4) == 0)
		return 0;
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

void redis_alive_cmd(const struct redis_servers *servers, struct redis_cmd *cmd)
{
	redis_cmd_init(cmd, servers->is_cluster ? "EXISTS" : "PING");
	if (servers->is_cluster)
		redis_cmd_key(cmd, "meta");
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
	if (servers->master_name)
		redis_cmd_init(&cmds[count++], "ROLE");
	else
		redis_alive_cmd(servers, &cmds[count++]);
	return count;
}

/* `moved` NULL: it is not the last one. */
static int check_next(struct redis_stream *connection, bool is_role, struct redis_move *moved,
	int64_t deadline_ms, struct err *err)
{
	redisReply *reply = redis_connection_receive(connection, deadline_ms);
	struct redis_redirect redirect;

	if (reply == NULL)
		return err_set(err, "redis does not greet: %s", redis_connection_error(connection));
	int result = redis_connection_check(reply, is_role, err);
	if (moved && redis_redirect_read(reply, &moved->from, &redirect) && !redirect.is_ask)
		moved->to = redirect.to;
	freeReplyObject(reply);
	return result;
}

int redis_connection_greet(struct redis_stream *connection, const struct redis_servers *servers,
	struct redis_move *moved, int64_t deadline_ms, struct err *err)
{
	struct redis_cmd cmds[REDIS_GREETING];
	size_t count = redis_greeting(servers, cmds) - (moved == NULL);
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++)
		result = redis_stream_send(connection, &cmds[i]);
	for (size_t i = 0; i < count && result == 0; i++) {
		bool is_last = i + 1 == count && moved;
		result = check_next(connection, is_last && servers->master_name,
			is_last ? moved : NULL, deadline_ms, err);
	}
	return result;
}
