/* Where Redis is and how to get in: shared by all connections of the process. */
#include "auth/backends/redis/store_redis_int.h"

#include "base/clock.h"
#include "base/log/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void copy_endpoints(struct redis_servers *site, const struct conf *conf)
{
	size_t count = conf->redis.endpoints_count;

	site->endpoints = mem_alloc(count, sizeof *site->endpoints);
	site->endpoints_count = count;
	for (size_t i = 0; i < count; i++) {
		site->endpoints[i].host = mem_strdup(conf->redis.endpoints[i].host);
		site->endpoints[i].port = conf->redis.endpoints[i].port;
	}
}

struct redis_servers *redis_servers_new(const struct conf *conf, struct err *err)
{
	struct redis_servers *site = mem_alloc(1, sizeof *site);

	site->refs = 1;
	pthread_mutex_init(&site->lock, NULL);
	copy_endpoints(site, conf);
	site->socket_path = mem_strdup(conf->redis.socket_path);
	site->master_name = mem_strdup(conf->redis.master_name);
	site->user = mem_strdup(conf->redis.user);
	site->password = mem_strdup(conf->redis.password.value);
	site->sentinel_password = mem_strdup(conf->redis.sentinel_password.value);
	site->database = conf->redis.database;
	/* Channels are common to all databases of a server. */
	snprintf(site->channel, sizeof site->channel, "sparkgate:changes:%u", site->database);
	if (redis_tls_new(conf, &site->tls, err) == -1) {
		redis_servers_unref(site);
		return NULL;
	}
	return site;
}

struct redis_servers *redis_servers_ref(struct redis_servers *site)
{
	site->refs++;
	return site;
}

void redis_servers_unref(struct redis_servers *site)
{
	if (--site->refs > 0)
		return;
	for (size_t i = 0; i < site->endpoints_count; i++)
		free(site->endpoints[i].host);
	free(site->endpoints);
	free(site->socket_path);
	free(site->master_name);
	free(site->user);
	secret_free(site->password);
	secret_free(site->sentinel_password);
	redis_tls_free(site->tls);
	pthread_mutex_destroy(&site->lock);
	free(site);
}

void redis_servers_publish(struct redis_servers *site, const struct redis_place *place)
{
	pthread_mutex_lock(&site->lock);
	/* The same server at the same address keeps its readers. */
	if (site->generation == 0 || strcmp(site->place.host, place->host) != 0 ||
		site->place.port != place->port) {
		site->place = *place;
		site->generation++;
	}
	pthread_mutex_unlock(&site->lock);
}

unsigned redis_servers_place(struct redis_servers *site, struct redis_place *out)
{
	pthread_mutex_lock(&site->lock);
	*out = site->place;
	unsigned generation = site->generation;
	pthread_mutex_unlock(&site->lock);
	return generation;
}

void redis_servers_report(struct redis_servers *site, const char *fmt, ...)
{
	int64_t now = clock_mono_ms(), last = site->reported_ms;
	char text[256];
	va_list ap;

	if ((last != 0 && now - last < 1000) ||
		!atomic_compare_exchange_strong(&site->reported_ms, &last, now))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	log_err("store", "redis: %s", text);
}
