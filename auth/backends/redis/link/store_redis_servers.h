/* auth/backends/redis/link/store_redis_servers.h - where Redis is and how to get in: shared by all
 * connections of the process. */
#ifndef SPARKGATE_AUTH_BACKENDS_REDIS_LINK_STORE_REDIS_SERVERS_H
#define SPARKGATE_AUTH_BACKENDS_REDIS_LINK_STORE_REDIS_SERVERS_H

#include "auth/store/store.h"

#include <pthread.h>

struct redis_tls;
struct ssl_st;

enum {
	REDIS_CONNECT_MS = 200,	      /* one try, from name to greeting, within poll() */
	REDIS_OPEN_MS = 3000,	      /* the first try, all sentinels together */
	REDIS_COMMAND_MS = 500,	      /* one exchange */
	REDIS_SOFT_MS = 80,	      /* what poll() waits for an answer before it goes on */
	REDIS_RETRY_MS = 1000,	      /* between tries of what does not answer at all */
	REDIS_FOLLOW_MS = 1000,	      /* between questions to a sentinel */
	REDIS_REPLY_MAX = 256 * 1024, /* what is not understood yet; a record is below 56 KiB */
	REDIS_ARRAY_MAX = 16 * 1024 * 1024, /* one whole reply; a page of events is below 2 MiB */
	REDIS_ELEMENTS_MAX =
		1024 * 1024,	/* of all arrays of one; CLUSTER SLOTS has up to 250,000 */
	REDIS_LEARN_MS = 10000, /* between questions about a cluster's nodes */
	REDIS_HOST = 256,
};

struct redis_address {
	char host[REDIS_HOST]; /* a numeric address; "" is the Unix socket */
	char name[REDIS_HOST]; /* what it was resolved from: the certificate's name */
	unsigned port;
};

/* Shared (ref) by the store and its readers; all but `address` never changes. */
struct redis_servers {
	_Atomic int refs;
	struct redis_endpoint {
		char *host;
		unsigned port;
	} * endpoints;
	size_t endpoints_count;
	char *socket_path, *master_name, *user, *password, *sentinel_password;
	unsigned database;
	bool is_cluster; /* the endpoints are nodes of it */
	char channel[48];
	struct redis_tls *tls; /* NULL: plain */
	pthread_mutex_t lock;
	struct redis_address address; /* under the lock: where the keeper last got in */
	_Atomic unsigned generation;  /* of what is there; 0: never got in */
	_Atomic int64_t reported_ms;  /* 0: never */
};

struct redis_servers *redis_servers_new(const struct conf *conf, struct err *err);
struct redis_servers *redis_servers_ref(struct redis_servers *servers);
void redis_servers_unref(struct redis_servers *servers);
/* The keeper got in there; `is_other`: what was there has lost its role, so the same address is
 * another server now (a virtual address, a Service of Kubernetes). Any thread may ask; returns the
 * generation of what it wrote to `out`. */
void redis_servers_publish(
	struct redis_servers *servers, const struct redis_address *address, bool is_other);
unsigned redis_servers_address(struct redis_servers *servers, struct redis_address *out);
/* Logs, once a second at most: a broken store is met by every request. */
void redis_servers_report(struct redis_servers *servers, const char *fmt, ...) PRINTF(2, 3);

/* --- names to addresses (store_redis_lookup.c) --- */

enum { REDIS_ADDRESSES = 4 };
struct redis_lookup; /* what was asked and is not answered yet */

/* Up to REDIS_ADDRESSES numeric addresses into `out`; 0 with a reason. getaddrinfo() has no
 * deadline, so it runs on a thread of its own; when it is late, the next call for the name finds
 * its answer.
 */
size_t redis_lookup(struct redis_lookup **pending, const char *host, unsigned port,
	int64_t deadline_ms, struct redis_address *out, struct err *err);
void redis_lookup_forget(struct redis_lookup *pending); /* NULL is fine */

/* --- rediss: (store_redis_tls.c) --- */

/* `*out` is NULL when the store is to have no TLS. */
MUST_CHECK int redis_tls_new(const struct conf *conf, struct redis_tls **out, struct err *err);
void redis_tls_free(struct redis_tls *tls);
/* Gives what speaks TLS on `fd`, which is connecting and does not block. Any thread. */
struct ssl_st *redis_tls_connect(
	struct redis_tls *tls, int fd, const struct redis_address *address);
void redis_tls_end(struct ssl_st *ssl); /* NULL is fine */
/* 1: done; 0: wait, for POLLOUT too when `*wants_out`; -1 with a reason. */
MUST_CHECK int redis_tls_shake(struct ssl_st *ssl, bool *wants_out, struct err *err);
/* As send(2) and recv(2), with EAGAIN; `err` has a reason for everything else. */
ssize_t redis_tls_write(struct ssl_st *ssl, const char *at, size_t len, struct err *err);
ssize_t redis_tls_read(struct ssl_st *ssl, char *at, size_t len, struct err *err);

#endif
