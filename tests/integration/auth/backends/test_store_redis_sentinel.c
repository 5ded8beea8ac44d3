/* A master, a replica and three sentinels: the store follows a fail-over. */
#include "auth/backends/redis/store_redis.h"
#include "base/clock.h"
#include "tests/support/redis_server.h"
#include "tests/support/store_world.h"

#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SENTINELS = 3, PATIENCE_MS = 20000 };

static char host[] = "127.0.0.1", master_name[] = "gate", password[] = "open-sesame",
	    sentinel_password[] = "watch-words";

struct trio {
	struct redis_server *master, *replica, *sentinels[SENTINELS];
	struct conf_endpoint endpoints[SENTINELS];
	struct conf conf;
	struct store *store;
};

static struct redis_server *new_sentinel(unsigned master_port)
{
	char *settings = mem_printf("requirepass %s\nsentinel sentinel-pass %s\n"
				    "sentinel monitor %s %s %u 2\n"
				    "sentinel auth-pass %s %s\n"
				    "sentinel down-after-milliseconds %s 500\n"
				    "sentinel failover-timeout %s 3000\n",
		sentinel_password, sentinel_password, master_name, host, master_port, master_name,
		password, master_name, master_name);
	struct redis_server *server = redis_server_new_sentinel(settings);

	free(settings);
	return server;
}

static long long field_of(struct redis_server *sentinel, const char *name)
{
	long long number = -1;

	redis_server_password(sentinel, sentinel_password);
	redisReply *reply = redis_server_ask(sentinel, "SENTINEL MASTER gate");
	for (size_t i = 0; i + 1 < reply->elements; i += 2) {
		if (strcmp(reply->element[i]->str, name) == 0)
			number = strtoll(reply->element[i + 1]->str, NULL, 10);
	}
	freeReplyObject(reply);
	return number;
}

/* Until each sentinel knows the others and the replica: before, there is no fail-over. */
static bool wait_until_ready(struct trio *t)
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;

	for (size_t i = 0; i < SENTINELS; i++) {
		while (field_of(t->sentinels[i], "num-other-sentinels") != SENTINELS - 1 ||
			field_of(t->sentinels[i], "num-slaves") != 1) {
			if (clock_mono_ms() > until)
				return false;
			poll(NULL, 0, 20);
		}
	}
	return true;
}

static bool wait_for_replica(struct trio *t)
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;
	bool is_up = false;

	while (!is_up && clock_mono_ms() < until) {
		redisReply *reply = redis_server_ask(t->replica, "INFO replication");

		is_up = strstr(reply->str, "master_link_status:up") != NULL;
		freeReplyObject(reply);
		poll(NULL, 0, 10);
	}
	return is_up;
}

static int set_up(void **state)
{
	struct trio *t = mem_alloc(1, sizeof *t);
	char *settings = mem_printf("requirepass %s\nmasterauth %s\n", password, password);

	t->master = redis_server_new(settings);
	redis_server_password(t->master, password);
	char *following = mem_printf("%sreplicaof %s %u\n", settings, host, t->master->port);
	t->replica = redis_server_new(following);
	redis_server_password(t->replica, password);
	*state = t;
	free(settings);
	free(following);
	if (!wait_for_replica(t))
		return -1;
	for (size_t i = 0; i < SENTINELS; i++) {
		t->sentinels[i] = new_sentinel(t->master->port);
		t->endpoints[i] = (struct conf_endpoint){host, t->sentinels[i]->port};
	}
	t->conf = (struct conf){.store_kind = CONF_STORE_REDIS,
		.redis = {.endpoints = t->endpoints,
			.endpoints_count = SENTINELS,
			.master_name = master_name,
			.password.value = password,
			.sentinel_password.value = sentinel_password}};
	t->store = store_redis_open(&t->conf, NULL);
	return t->store && wait_until_ready(t) ? 0 : -1;
}

static int tear_down(void **state)
{
	struct trio *t = *state;

	if (t->store)
		t->store->ops->close(t->store);
	for (size_t i = 0; i < SENTINELS; i++)
		redis_server_free(t->sentinels[i]);
	redis_server_free(t->replica);
	redis_server_free(t->master);
	free(t);
	return 0;
}

static void on_session(void *arg, enum store_answer answer, struct store_session *session)
{
	(void)session;
	*(int *)arg = answer;
}

/* What the reader says of session `mark`, asked until it has an answer. */
static int read_session(struct event_base *base, struct store_reader *reader, unsigned char mark)
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;
	unsigned char key[DIGEST_LEN];
	int answer = STORE_FAILED;

	memset(key, mark, sizeof key);
	while (answer == STORE_FAILED && clock_mono_ms() < until) {
		answer = 99;
		reader->ops->session_get(reader, key, on_session, &answer);
		while (answer == 99)
			event_base_loop(base, EVLOOP_ONCE);
		if (answer == STORE_FAILED)
			event_base_loop(base, EVLOOP_ONCE);
	}
	return answer;
}

/* As the keeper does, until a session can be opened. */
static void poll_until_open(struct store *store, unsigned char mark)
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;

	while (store_world_open(store, mark) != STORE_FOUND) {
		assert_true(clock_mono_ms() < until);
		poll(NULL, 0, 100);
		int64_t before = clock_mono_ms();
		(void)store->ops->poll(store);
		assert_in_range(clock_mono_ms() - before, 0, 500);
	}
}

static bool is_master(struct redis_server *server)
{
	redisReply *reply = redis_server_ask(server, "ROLE");
	bool is = reply->elements > 0 && strcmp(reply->element[0]->str, "master") == 0;

	freeReplyObject(reply);
	return is;
}

static void s33_fail_over_of_a_dead_master_is_followed(void **state)
{
	struct trio *t = *state;
	struct event_base *base = event_base_new();
	struct store_reader *reader = t->store->ops->reader(t->store, base, NULL);

	assert_int_equal(store_world_open(t->store, 1), STORE_FOUND);
	assert_int_equal(read_session(base, reader, 1), STORE_FOUND);
	redis_server_kill(t->master);
	poll_until_open(t->store, 2);
	assert_true(is_master(t->replica));
	assert_int_equal(store_world_get(t->store, 1), STORE_FOUND); /* it was replicated */
	assert_int_equal(read_session(base, reader, 2), STORE_FOUND);
	reader->ops->close(reader);
	event_base_free(base);
}

static void s33_fail_over_is_followed_while_the_old_master_answers(void **state)
{
	struct trio *t = *state;
	int64_t until = clock_mono_ms() + PATIENCE_MS;

	assert_int_equal(store_world_open(t->store, 1), STORE_FOUND);
	/* Nobody tells the old master before it is asked to follow. */
	redis_server_do(t->sentinels[0], "SENTINEL FAILOVER gate");
	while (!is_master(t->replica) && clock_mono_ms() < until)
		poll(NULL, 0, 20);
	while (t->store->ops->poll(t->store) != STORE_FOUND && clock_mono_ms() < until)
		poll(NULL, 0, 100);
	poll_until_open(t->store, 2);
	redisReply *reply = redis_server_ask(t->replica, "ZCARD sparkgate:sessions");
	assert_int_equal(reply->integer, 2);
	freeReplyObject(reply);
}

static void dead_and_silent_sentinels_are_passed_over(void **state)
{
	struct trio *t = *state;

	redis_server_kill(t->sentinels[0]);
	redis_server_stop(t->sentinels[1]);
	int64_t start = clock_mono_ms();
	struct store *store = store_redis_open(&t->conf, NULL);
	assert_non_null(store);
	assert_in_range(clock_mono_ms() - start, 0, 3000);
	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	store->ops->close(store);
}

static void unknown_master_and_wrong_password_are_reasons(void **state)
{
	static char other[] = "other", wrong[] = "open-barley";
	struct trio *t = *state;
	struct conf conf = t->conf;
	struct err err = {""};

	conf.redis.master_name = other;
	assert_null(store_redis_open(&conf, &err));
	assert_non_null(strstr(err.text, "other"));
	conf = t->conf;
	conf.redis.sentinel_password.value = wrong;
	assert_null(store_redis_open(&conf, &err));
	assert_non_null(strstr(err.text, "WRONGPASS"));
	assert_null(strstr(err.text, "barley"));
}

#define ON_TRIO(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TRIO(s33_fail_over_of_a_dead_master_is_followed),
		ON_TRIO(s33_fail_over_is_followed_while_the_old_master_answers),
		ON_TRIO(dead_and_silent_sentinels_are_passed_over),
		ON_TRIO(unknown_master_and_wrong_password_are_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
