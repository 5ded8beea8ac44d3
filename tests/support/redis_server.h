/*
 * tests/support/redis_server.h - a real redis-server for a test, in a folder of its own, on a free
 * port and a Unix socket; it dies with the test.
 */
#ifndef SPARKGATE_TESTS_REDIS_SERVER_H
#define SPARKGATE_TESTS_REDIS_SERVER_H

#include "conf/conf.h"

#include <sys/types.h>

struct redisReply;

struct redis_server {
	char *folder, *socket_path;
	char *settings; /* its configuration file */
	bool is_sentinel;
	unsigned port;	      /* on 127.0.0.1 */
	pid_t pid;	      /* 0: not running */
	const char *password; /* of redis_server_ask(); borrowed, or NULL */
};

/* Gives a server that answers; `settings` (may be NULL) are more lines of its configuration. Aborts
 * when there is none to be had. */
struct redis_server *redis_server_new(const char *settings);
struct redis_server *redis_server_new_sentinel(const char *settings);
void redis_server_free(struct redis_server *server); /* takes; NULL is fine */

void redis_server_kill(struct redis_server *server);  /* and waits for its end */
void redis_server_start(struct redis_server *server); /* again, on the same port */
void redis_server_stop(struct redis_server *server);  /* SIGSTOP: it accepts and is silent */
void redis_server_continue(struct redis_server *server);

/* Sends a command, split at spaces, past the store under test: the reply, for freeReplyObject(). */
struct redisReply *redis_server_ask(const struct redis_server *server, const char *command);
void redis_server_do(const struct redis_server *server, const char *command); /* aborts on errors */

/* What redis_server_ask() is to say first; borrows. */
void redis_server_password(struct redis_server *server, const char *password);

/* A configuration that names the server by its socket; frees nothing, borrows from the server. */
struct conf redis_server_conf(const struct redis_server *server);

#endif
