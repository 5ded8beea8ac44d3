#include "tests/support/redis_server.h"

#include "base/clock.h"
#include "tests/support/port.h"
#include "tests/support/scratch.h"

#include <hiredis/hiredis.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000, TRIES = 5 };

static void write_settings(struct redis_server *server, const char *settings)
{
	char *text =
		mem_printf("bind 127.0.0.1\nport %u\nunixsocket %s\ndir %s\nlogfile %s/log\n%s%s\n",
			server->port, server->socket_path, server->folder, server->folder,
			server->is_sentinel ? "" : "save \"\"\nrepl-diskless-sync-delay 0\n",
			settings ? settings : "");

	free(server->settings);
	server->settings = scratch_write(server->folder, "redis.conf", text);
	free(text);
}

static void run(const struct redis_server *server)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (freopen("/dev/null", "w", stdout) == NULL)
		_exit(126);
	/* Another one that speaks Redis's protocol: REDIS_SERVER=/path/of/valkey-server */
	const char *program = getenv("REDIS_SERVER");
	if (program == NULL || program[0] == '\0')
		program = "redis-server";
	execlp(program, program, server->settings,
		server->is_sentinel ? "--sentinel" : (char *)NULL, (char *)NULL);
	_exit(127);
}

static bool answers(const struct redis_server *server)
{
	redisContext *link = redisConnectUnix(server->socket_path);
	redisReply *reply = link && link->err == 0 ? redisCommand(link, "PING") : NULL;
	/* NOAUTH is an answer too. */
	bool is_up = reply &&
		     (reply->type == REDIS_REPLY_STATUS || strncmp(reply->str, "NOAUTH", 6) == 0);

	freeReplyObject(reply);
	if (link)
		redisFree(link);
	return is_up;
}

static bool start(struct redis_server *server)
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;

	unlink(server->socket_path);
	server->pid = fork();
	if (server->pid == -1)
		abort();
	if (server->pid == 0)
		run(server);
	while (clock_mono_ms() < until) {
		if (answers(server))
			return true;
		if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
			server->pid = 0; /* the port is taken, perhaps */
			return false;
		}
		poll(NULL, 0, 10);
	}
	return false;
}

void redis_server_start(struct redis_server *server)
{
	if (!start(server))
		abort();
}

static struct redis_server *new_server(bool is_sentinel, const char *settings)
{
	struct redis_server *server = mem_alloc(1, sizeof *server);

	server->is_sentinel = is_sentinel;
	server->folder = scratch_new();
	server->socket_path = mem_printf("%s/redis.sock", server->folder);
	for (int i = 0; i < TRIES; i++) {
		server->port = port_take();
		write_settings(server, settings);
		if (start(server))
			return server;
	}
	fputs("redis-server does not start: is it installed?\n", stderr);
	abort();
}

struct redis_server *redis_server_new(const char *settings)
{
	return new_server(false, settings);
}

struct redis_server *redis_server_new_sentinel(const char *settings)
{
	return new_server(true, settings);
}

void redis_server_kill(struct redis_server *server)
{
	if (server->pid == 0)
		return;
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	server->pid = 0;
}

void redis_server_stop(struct redis_server *server)
{
	kill(server->pid, SIGSTOP);
	waitpid(server->pid, NULL, WUNTRACED);
}

void redis_server_continue(struct redis_server *server)
{
	kill(server->pid, SIGCONT);
}

void redis_server_free(struct redis_server *server)
{
	if (server == NULL)
		return;
	redis_server_kill(server);
	scratch_free(server->folder);
	free(server->socket_path);
	free(server->settings);
	free(server);
}

struct redisReply *redis_server_ask(const struct redis_server *server, const char *command)
{
	char *words = mem_strdup(command), *rest = words;
	const char *argv[64];
	int argc = 0;
	redisContext *link = redisConnectUnix(server->socket_path);

	if (link == NULL || link->err != 0)
		abort();
	if (server->password)
		freeReplyObject(redisCommand(link, "AUTH %s", server->password));
	while (argc < (int)ARRAY_LEN(argv) && (argv[argc] = strsep(&rest, " ")))
		argc++;
	redisReply *reply = redisCommandArgv(link, argc, argv, NULL);
	if (reply == NULL)
		abort();
	redisFree(link);
	free(words);
	return reply;
}

void redis_server_do(const struct redis_server *server, const char *command)
{
	redisReply *reply = redis_server_ask(server, command);

	if (reply->type == REDIS_REPLY_ERROR) {
		fprintf(stderr, "%s: %s\n", command, reply->str);
		abort();
	}
	freeReplyObject(reply);
}

void redis_server_password(struct redis_server *server, const char *password)
{
	server->password = password;
}

struct conf redis_server_conf(const struct redis_server *server)
{
	return (struct conf){.store_kind = CONF_STORE_REDIS,
		.session_idle_s = 1800,
		.redis = {.socket_path = server->socket_path}};
}
