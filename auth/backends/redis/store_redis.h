/*
 * auth/backends/redis/store_redis.h - the Redis kind of store: several gateways, one set of
 * records.
 *
 * The value belongs to the keeper's thread; its readers each belong to their server thread's.
 */
#ifndef SPARKGATE_AUTH_BACKENDS_REDIS_STORE_REDIS_H
#define SPARKGATE_AUTH_BACKENDS_REDIS_STORE_REDIS_H

#include "auth/store/store.h"

/*
 * Connects to what conf->redis names (the socket, the server, or the master that the sentinels
 * know), at once: NULL with a reason when that takes longer than a few seconds or is refused.
 * Ignores SIGPIPE from then on, for OpenSSL writes with write(2).
 */
MUST_CHECK struct store *store_redis_open(const struct conf *conf, struct err *err);

#endif
