/* conf/values/values_store.h - where records are kept, as one URL: memory:, sqlite:, and the ways
 * to a Redis. */
#ifndef SPARKGATE_CONF_VALUES_VALUES_STORE_H
#define SPARKGATE_CONF_VALUES_VALUES_STORE_H

#include "conf/conf.h"
#include "conf/values/values.h"

enum { STORE_PORT_REDIS = 6379, STORE_PORT_SENTINEL = 26379, STORE_ENDPOINTS_MAX = 16 };

/* "host[:port],[::1]:port" into redis->endpoints. -1 with the reason; what is there is freed by
 * value_store.clear all the same. */
MUST_CHECK int values_parse_endpoints(
	struct str text, unsigned default_port, struct conf_redis *redis, struct err *why);

#endif
