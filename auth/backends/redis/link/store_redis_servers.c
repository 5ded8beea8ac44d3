#include "auth/backends/redis/link/store_redis_servers.h"

#include "base/clock.h"
#include "base/log/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static void copy_endpoints(struct redis_servers *servers, const struct conf *conf)
{
	size_t count = conf->redis.endpoints_count;

	servers->endpoints = mem_alloc(count, sizeof *servers->endpoints);
	servers->endpoints_count = count;
	for (size_t i = 0; i < count; i++) {
		servers->endpoints[i].host = mem_strdup(conf->redis.endpoints[i].host);
		servers->endpoints[i].port = conf->redis.endpoints[i].port;
	}
}

struct redis_servers *redis_servers_new(const struct conf *conf, struct err *err)
{
	struct redis_servers *servers = mem_alloc(1, sizeof *servers);

	servers->refs = 1;
	pthread_mutex_init(&servers->lock, NULL);
	copy_endpoints(servers, conf);
	servers->socket_path = mem_strdup(conf->redis.socket_path);
	servers->master_name = mem_strdup(conf->redis.master_name);
	servers->user = mem_strdup(conf->redis.user);
	servers->password = mem_strdup(conf->redis.password.value);
	servers->sentinel_password = mem_strdup(conf->redis.sentinel_password.value);
	servers->database = conf->redis.database;
	servers->is_cluster = conf->redis.is_cluster;
	/* Channels are common to all databases of a server. */
	snprintf(servers->channel, sizeof servers->channel, "sparkgate:changes:%u",
		servers->database);
	if (redis_tls_new(conf, &servers->tls, err) == -1) {
		redis_servers_unref(servers);
		return NULL;
	}
	return servers;
}

struct redis_servers *redis_servers_ref(struct redis_servers *servers)
{
	servers->refs++;
	return servers;
}

void redis_servers_unref(struct redis_servers *servers)
{
	if (--servers->refs > 0)
		return;
	for (size_t i = 0; i < servers->endpoints_count; i++)
		free(servers->endpoints[i].host);
	free(servers->endpoints);
	free(servers->socket_path);
	free(servers->master_name);
	free(servers->user);
	secret_free(servers->password);
	secret_free(servers->sentinel_password);
	redis_tls_free(servers->tls);
	pthread_mutex_destroy(&servers->lock);
	free(servers);
}

void redis_servers_publish(
	struct redis_servers *servers, const struct redis_address *address, bool is_other)
{
	pthread_mutex_lock(&servers->lock);
	/* The same server at the same address keeps its readers. */
	if (servers->generation == 0 || is_other ||
		strcmp(servers->address.host, address->host) != 0 ||
		servers->address.port != address->port) {
		servers->address = *address;
		servers->generation++;
	}
	pthread_mutex_unlock(&servers->lock);
}

unsigned redis_servers_address(struct redis_servers *servers, struct redis_address *out)
{
	pthread_mutex_lock(&servers->lock);
	*out = servers->address;
	unsigned generation = servers->generation;
	pthread_mutex_unlock(&servers->lock);
	return generation;
}

void redis_servers_report(struct redis_servers *servers, const char *fmt, ...)
{
	int64_t now = clock_mono_ms(), last = servers->reported_ms;
	char text[256];
	va_list ap;

	if ((last != 0 && now - last < 1000) ||
		!atomic_compare_exchange_strong(&servers->reported_ms, &last, now))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	log_err("store", "redis: %s", text);
}
