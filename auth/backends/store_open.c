#include "auth/backends/store_open.h"

#include "auth/backends/redis/store_redis.h"
#include "auth/backends/sqlite/store_sqlite.h"

#include <assert.h>

static struct store *open_sqlite(const struct conf *conf, struct err *err)
{
	return store_sqlite_open(conf->store_path, err);
}

static struct store *open_memory(const struct conf *conf, struct err *err)
{
	(void)conf;
	return store_open_memory(err);
}

struct store *store_open(const struct conf *conf, struct err *err)
{
	static struct store *(*const kinds[])(const struct conf *, struct err *) = {
		[CONF_STORE_SQLITE] = open_sqlite,
		[CONF_STORE_MEMORY] = open_memory,
		[CONF_STORE_REDIS] = store_redis_open};

	assert((size_t)conf->store_kind < ARRAY_LEN(kinds));
	return kinds[conf->store_kind](conf, err);
}

struct store *store_open_memory(struct err *err)
{
	return store_sqlite_open(NULL, err); /* SQLite without a file */
}
