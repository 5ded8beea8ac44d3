/* Names of Redis servers turned into addresses, on a thread of their own. */
#include "auth/backends/redis/link/store_redis_servers.h"

#include "base/clock.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

struct redis_lookup {
	_Atomic int refs; /* whoever asked, and the thread */
	char host[REDIS_HOST];
	pthread_mutex_t lock;
	pthread_cond_t answered;
	/* under the lock */
	bool is_done;
	char error[96];
	char found[REDIS_ADDRESSES][REDIS_HOST];
	size_t count;
};

static void lookup_unref(struct redis_lookup *lookup)
{
	if (--lookup->refs > 0)
		return;
	pthread_cond_destroy(&lookup->answered);
	pthread_mutex_destroy(&lookup->lock);
	free(lookup);
}

void redis_lookup_forget(struct redis_lookup *pending)
{
	if (pending)
		lookup_unref(pending);
}

/* Numeric addresses of `host`; a getaddrinfo() error, or 0. */
static int resolve(const char *host, int flags, char found[][REDIS_HOST], size_t *count)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};
	struct addrinfo *list = NULL;
	int code = getaddrinfo(host, NULL, &hints, &list);

	*count = 0;
	for (struct addrinfo *at = list; at && code == 0 && *count < REDIS_ADDRESSES;
		at = at->ai_next) {
		if (getnameinfo(at->ai_addr, at->ai_addrlen, found[*count], REDIS_HOST, NULL, 0,
			    NI_NUMERICHOST) == 0)
			(*count)++;
	}
	if (list)
		freeaddrinfo(list);
	return code;
}

static void *run_lookup(void *arg)
{
	struct redis_lookup *lookup = arg;
	char found[REDIS_ADDRESSES][REDIS_HOST];
	size_t count;
	int code = resolve(lookup->host, 0, found, &count);

	pthread_mutex_lock(&lookup->lock);
	memcpy(lookup->found, found, sizeof found);
	lookup->count = count;
	lookup->is_done = true;
	if (code != 0)
		snprintf(lookup->error, sizeof lookup->error, "%s", gai_strerror(code));
	pthread_cond_signal(&lookup->answered);
	pthread_mutex_unlock(&lookup->lock);
	lookup_unref(lookup);
	return NULL;
}

static void init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static struct redis_lookup *start_lookup(const char *host)
{
	struct redis_lookup *lookup = mem_alloc(1, sizeof *lookup);
	pthread_attr_t detached;
	pthread_t thread;

	snprintf(lookup->host, sizeof lookup->host, "%s", host);
	pthread_mutex_init(&lookup->lock, NULL);
	init_condition(&lookup->answered);
	lookup->refs = 2;
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &detached, run_lookup, lookup) != 0) {
		lookup->is_done = true;
		snprintf(lookup->error, sizeof lookup->error, "no thread for it");
		lookup_unref(lookup);
	}
	pthread_attr_destroy(&detached);
	return lookup;
}

static bool wait_for(struct redis_lookup *lookup, int64_t deadline_ms)
{
	const struct timespec until = {
		.tv_sec = deadline_ms / 1000, .tv_nsec = deadline_ms % 1000 * 1000000};

	pthread_mutex_lock(&lookup->lock);
	while (!lookup->is_done &&
		pthread_cond_timedwait(&lookup->answered, &lookup->lock, &until) != ETIMEDOUT)
		;
	bool is_done = lookup->is_done;
	pthread_mutex_unlock(&lookup->lock);
	return is_done;
}

static size_t give_addresses(char found[][REDIS_HOST], size_t count, const char *host,
	unsigned port, struct redis_address *out)
{
	for (size_t i = 0; i < count; i++) {
		out[i] = (struct redis_address){.port = port};
		snprintf(out[i].host, sizeof out[i].host, "%s", found[i]);
		snprintf(out[i].name, sizeof out[i].name, "%s", host);
	}
	return count;
}

size_t redis_lookup(struct redis_lookup **pending, const char *host, unsigned port,
	int64_t deadline_ms, struct redis_address *out, struct err *err)
{
	char numeric[REDIS_ADDRESSES][REDIS_HOST];
	size_t count;

	if (resolve(host, AI_NUMERICHOST, numeric, &count) == 0)
		return give_addresses(numeric, count, host, port, out);
	if (*pending && strcmp((*pending)->host, host) != 0) {
		lookup_unref(*pending);
		*pending = NULL;
	}
	if (*pending == NULL)
		*pending = start_lookup(host);
	if (!wait_for(*pending, deadline_ms)) {
		err_set(err, "the name %s is not resolved in time", host);
		return 0;
	}
	struct redis_lookup *done = *pending;
	*pending = NULL;
	count = give_addresses(done->found, done->count, host, port, out);
	if (count == 0)
		err_set(err, "cannot resolve %s: %s", host, done->error);
	lookup_unref(done);
	return count;
}
