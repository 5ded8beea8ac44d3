/* A Redis Cluster of three masters: the store follows its slot, wherever that goes. */
#include "auth/backends/redis/store_redis.h"
#include "base/clock.h"
#include "tests/support/redis_cluster.h"
#include "tests/support/store_contract.h"
#include "tests/support/store_world.h"

#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000, TOLD_MS = 1000, REPLICA = CLUSTER_MASTERS };

static struct redis_nodes *nodes;

struct gateways {
	struct conf conf;
	struct store_world here; /* first of what the contract is run on */
	struct store *there;
	struct event_base *base;
	struct store_reader *reader;
	unsigned taken, doubts;
};

static void on_change(void *arg, enum store_change change)
{
	struct gateways *g = arg;

	if (change == STORE_TAKEN_AWAY)
		g->taken++;
	else
		g->doubts++;
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* Runs the loop, and polls as both keepers do, until it is so. False when that takes longer. */
static bool wait_until(struct gateways *g, bool (*is_so)(struct gateways *g), int64_t ms)
{
	const struct timeval every = {.tv_usec = 5000};
	struct event *timer = event_new(g->base, -1, EV_PERSIST, on_time, NULL);
	int64_t start = clock_mono_ms(), polled = start;

	event_add(timer, &every);
	while (!is_so(g) && clock_mono_ms() - start < ms) {
		event_base_loop(g->base, EVLOOP_ONCE);
		if (clock_mono_ms() - polled < 100)
			continue;
		(void)g->here.store->ops->poll(g->here.store);
		(void)g->there->ops->poll(g->there);
		polled = clock_mono_ms();
	}
	event_free(timer);
	return is_so(g);
}

static bool has_doubts(struct gateways *g)
{
	return g->doubts > 0;
}

static bool is_told(struct gateways *g)
{
	return g->taken > 0;
}

static int set_up_cluster(void **state)
{
	(void)state;
	nodes = redis_nodes_new(NULL);
	return 0;
}

static int tear_down_cluster(void **state)
{
	(void)state;
	if (nodes)
		redis_nodes_free(nodes);
	nodes = NULL;
	return 0;
}

static int set_up(void **state)
{
	struct gateways *g = mem_alloc(1, sizeof *g);
	struct err err = {""};

	if (nodes == NULL)
		nodes = redis_nodes_new(NULL);
	redis_server_do(nodes->at[nodes->owner], "FLUSHALL");
	g->conf = redis_nodes_conf(nodes);
	g->here.store = store_redis_open(&g->conf, &err);
	g->there = g->here.store ? store_redis_open(&g->conf, &err) : NULL;
	g->base = event_base_new();
	*state = g;
	if (g->there == NULL) {
		print_error("%s\n", err.text);
		return -1;
	}
	g->reader = g->here.store->ops->reader(g->here.store, g->base, NULL);
	if (g->here.store->ops->watch(g->here.store, g->base, on_change, g) == -1)
		return -1;
	return wait_until(g, has_doubts, PATIENCE_MS) ? 0 : -1; /* subscribed */
}

static int tear_down(void **state)
{
	struct gateways *g = *state;

	if (g->reader)
		g->reader->ops->close(g->reader);
	g->there->ops->close(g->there);
	g->here.store->ops->close(g->here.store);
	event_base_free(g->base);
	free(g);
	return 0;
}

/* Of a test that changes the cluster: the next one gets another. */
static int tear_down_all(void **state)
{
	tear_down(state);
	return tear_down_cluster(state);
}

static void on_session(void *arg, enum store_answer answer, struct store_session *session)
{
	(void)session;
	*(int *)arg = answer;
}

/* One question of a server thread, and its answer. */
static int read_once(struct gateways *g, unsigned char mark)
{
	unsigned char key[DIGEST_LEN];
	int answer = 99;

	memset(key, mark, sizeof key);
	g->reader->ops->session_get(g->reader, key, on_session, &answer);
	while (answer == 99)
		event_base_loop(g->base, EVLOOP_ONCE);
	return answer;
}

static bool reader_finds_1(struct gateways *g)
{
	return read_once(g, 1) == STORE_FOUND;
}

static enum store_answer end(struct store *store, unsigned char mark)
{
	struct store_opening opening = store_world_session(mark);

	return store->ops->session_end(store, opening.session.key);
}

static bool both_open_9(struct gateways *g)
{
	(void)end(g->here.store, 9); /* what an earlier try has left */
	return store_world_open(g->here.store, 9) == STORE_FOUND && end(g->there, 9) == STORE_FOUND;
}

static bool other_finds_1(struct gateways *g)
{
	return store_world_get(g->there, 1) == STORE_FOUND;
}

/* Not every change need be told while the nodes find each other again: the next one is. */
static bool change_is_told(struct gateways *g)
{
	(void)both_open_9(g);
	return is_told(g);
}

static long long number_of(unsigned node, const char *command)
{
	redisReply *reply = redis_server_ask(nodes->at[node], command);
	long long number = reply->integer;

	assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
	freeReplyObject(reply);
	return number;
}

/* --- what does not move --- */

static void run_contract(struct gateways *g, const struct store_contract *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		void *world = &g->here;

		rows[i].run(&world);
		redis_server_do(nodes->at[nodes->owner], "FLUSHALL");
	}
}

static void cluster_does_what_every_store_does(void **state)
{
	struct gateways *g = *state;

	run_contract(g, store_contract, store_contract_count);
	run_contract(g, store_contract_sessions, store_contract_sessions_count);
	run_contract(g, store_contract_owners, store_contract_owners_count);
	run_contract(g, store_contract_devices, store_contract_devices_count);
	run_contract(g, store_contract_audit, store_contract_audit_count);
	run_contract(g, store_contract_launches, store_contract_launches_count);
}

static void all_keys_are_at_one_node(void **state)
{
	struct gateways *g = *state;

	assert_int_equal(store_world_open(g->here.store, 1), STORE_FOUND);
	assert_true(number_of(nodes->owner, "DBSIZE") > 4);
	assert_int_equal(number_of(nodes->owner, "ZCARD {sparkgate}:sessions"), 1);
	for (unsigned i = 0; i < CLUSTER_MASTERS; i++) {
		if (i != nodes->owner)
			assert_int_equal(number_of(i, "DBSIZE"), 0);
	}
}

static void any_node_leads_to_the_right_one(void **state)
{
	struct gateways *g = *state;

	assert_int_equal(store_world_open(g->here.store, 1), STORE_FOUND);
	for (unsigned i = 0; i < CLUSTER_NODES; i++) {
		struct conf conf = g->conf;
		struct err err = {""};

		conf.redis.endpoints = &nodes->endpoints[i];
		conf.redis.endpoints_count = 1;
		struct store *store = store_redis_open(&conf, &err);
		assert_string_equal(store ? "" : err.text, "");
		assert_int_equal(store_world_get(store, 1), STORE_FOUND);
		store->ops->close(store);
	}
}

static void session_ended_there_is_told_here_within_a_second(void **state)
{
	struct gateways *g = *state;
	struct store_opening opening = store_world_session(1);

	assert_int_equal(store_world_open(g->here.store, 1), STORE_FOUND);
	assert_true(wait_until(g, reader_finds_1, PATIENCE_MS));
	assert_int_equal(g->there->ops->session_end(g->there, opening.session.key), STORE_FOUND);
	assert_true(wait_until(g, is_told, TOLD_MS));
	assert_int_equal(read_once(g, 1), STORE_NONE);
}

/* --- what moves --- */

static void s33_dead_node_of_a_cluster_is_followed_by_its_replica(void **state)
{
	struct gateways *g = *state;

	assert_int_equal(store_world_open(g->here.store, 1), STORE_FOUND);
	assert_int_equal(number_of(nodes->owner, "WAIT 1 20000"), 1);
	redis_server_kill(nodes->at[nodes->owner]);
	g->doubts = 0;
	assert_true(wait_until(g, both_open_9, PATIENCE_MS));
	assert_int_equal(redis_nodes_owner(nodes, REPLICA), REPLICA);
	assert_true(wait_until(g, other_finds_1, PATIENCE_MS));
	assert_true(wait_until(g, reader_finds_1, PATIENCE_MS));
	assert_true(wait_until(g, has_doubts, PATIENCE_MS)); /* subscribed at the new one */
	g->taken = 0;
	assert_true(wait_until(g, change_is_told, PATIENCE_MS));
}

static void s33_planned_fail_over_costs_readers_nothing(void **state)
{
	struct gateways *g = *state;
	int64_t until = clock_mono_ms() + 3000;

	assert_int_equal(store_world_open(g->here.store, 1), STORE_FOUND);
	assert_int_equal(number_of(nodes->owner, "WAIT 1 20000"), 1);
	assert_true(wait_until(g, reader_finds_1, PATIENCE_MS));
	redis_nodes_do(nodes, REPLICA, "CLUSTER FAILOVER");
	while (clock_mono_ms() < until) {
		assert_int_equal(read_once(g, 1), STORE_FOUND);
		if (redis_nodes_owner(nodes, nodes->owner) == REPLICA &&
			until > clock_mono_ms() + 500)
			until = clock_mono_ms() + 500;
	}
	assert_true(wait_until(g, both_open_9, PATIENCE_MS));
	assert_true(wait_until(g, reader_finds_1, PATIENCE_MS));
}

static void move_slot(unsigned to)
{
	redis_nodes_do(nodes, to, "CLUSTER SETSLOT %u IMPORTING %s", nodes->slot,
		nodes->ids[nodes->owner]);
	redis_nodes_do(nodes, nodes->owner, "CLUSTER SETSLOT %u MIGRATING %s", nodes->slot,
		nodes->ids[to]);
}

static void move_keys(unsigned to, const char *pattern)
{
	char *command = mem_printf("KEYS %s", pattern);
	redisReply *keys = redis_server_ask(nodes->at[nodes->owner], command);

	for (size_t i = 0; i < keys->elements; i++)
		redis_nodes_do(nodes, nodes->owner, "MIGRATE 127.0.0.1 %u %s 0 1000",
			nodes->at[to]->port, keys->element[i]->str);
	freeReplyObject(keys);
	free(command);
}

static unsigned other_master(void)
{
	return (nodes->owner + 1) % CLUSTER_MASTERS;
}

static void s210_slot_that_moves_is_read_at_both_ends_and_written_at_none(void **state)
{
	static const char first[] = "{sparkgate}:session:0101*";
	struct gateways *g = *state;

	assert_int_equal(store_world_open(g->here.store, 1), STORE_FOUND);
	assert_int_equal(store_world_open(g->here.store, 2), STORE_FOUND);
	assert_true(wait_until(g, reader_finds_1, PATIENCE_MS));
	move_slot(other_master());
	move_keys(other_master(), first);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_world_get(g->here.store, 1), STORE_FOUND);
		assert_int_equal(store_world_get(g->here.store, 2), STORE_FOUND);
		assert_int_equal(store_world_get(g->here.store, 3), STORE_NONE);
		assert_int_equal(read_once(g, 1), STORE_FOUND);
		assert_int_equal(read_once(g, 2), STORE_FOUND);
		assert_int_equal(read_once(g, 3), STORE_NONE);
		assert_true(g->here.store->ops->poll(g->here.store) != STORE_FAILED);
	}
	assert_int_equal(store_world_open(g->here.store, 4), STORE_FAILED);
	assert_int_equal(end(g->there, 1), STORE_FAILED);
	/* This one is here, and so is what points at it: but that, too, is on its way. */
	assert_int_equal(end(g->there, 2), STORE_FAILED);
	assert_int_equal(read_once(g, 1), STORE_FOUND);
	assert_int_equal(read_once(g, 2), STORE_FOUND);
	assert_int_equal(number_of(other_master(), "DBSIZE"), 1);
}

static void finish_move(unsigned to)
{
	move_keys(to, "*");
	for (unsigned i = 0; i < CLUSTER_MASTERS; i++)
		redis_nodes_do(nodes, (to + i) % CLUSTER_MASTERS, "CLUSTER SETSLOT %u NODE %s",
			nodes->slot, nodes->ids[to]);
}

static void s210_slot_that_has_moved_is_followed(void **state)
{
	struct gateways *g = *state;

	assert_int_equal(store_world_open(g->here.store, 1), STORE_FOUND);
	assert_true(wait_until(g, reader_finds_1, PATIENCE_MS));
	move_slot(other_master());
	finish_move(other_master());
	assert_int_equal(read_once(g, 1), STORE_FOUND); /* before any keeper knows */
	assert_true(wait_until(g, both_open_9, PATIENCE_MS));
	assert_int_equal(number_of(other_master(), "ZCARD {sparkgate}:sessions"), 1);
}

/* --- who gets in --- */

/* The lines that docs/stores.md recommends. */
static const char acl[] =
	"ACL SETUSER gate on >open-sesame ~{sparkgate}:* &sparkgate:* -@all +auth +select +ping "
	"+role +subscribe +publish +eval +evalsha +del +exists +get +set +pexpire +pttl +hget "
	"+hmget +hset +hsetnx +zadd +zrem +zcard +zcount +zrange +zrevrange +zrevrangebylex "
	"+zrevrangebyscore +zrangebyscore +asking +cluster|slots";

static void acl_user_with_the_documented_commands_is_enough(void **state)
{
	static char user[] = "gate", password[] = "open-sesame", wrong[] = "open-barley";
	struct gateways *g = *state;
	struct conf conf = g->conf;
	struct err err = {""};

	for (unsigned i = 0; i < CLUSTER_NODES; i++)
		redis_server_do(nodes->at[i], acl);
	conf.redis.user = user;
	conf.redis.password.value = wrong;
	assert_null(store_redis_open(&conf, &err));
	assert_non_null(strstr(err.text, "WRONGPASS"));
	assert_null(strstr(err.text, "barley"));
	conf.redis.password.value = password;
	struct store *store = store_redis_open(&conf, &err);
	assert_non_null(store);
	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	for (int i = 0; i < 3; i++)
		assert_int_equal(store->ops->poll(store), STORE_NONE);
	store->ops->close(store);
}

static void cluster_that_is_not_there_is_a_reason(void **state)
{
	char name[] = "127.0.0.1";
	struct conf_endpoint at[] = {{name, 1}, {name, 2}};
	struct conf conf = {.redis = {.endpoints = at, .endpoints_count = 2, .is_cluster = true}};
	struct err err = {""};

	(void)state;
	assert_null(store_redis_open(&conf, &err));
	assert_non_null(strstr(err.text, "127.0.0.1 port"));
}

#define ON_CLUSTER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define CHANGES_IT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_CLUSTER(cluster_does_what_every_store_does),
		ON_CLUSTER(all_keys_are_at_one_node),
		ON_CLUSTER(any_node_leads_to_the_right_one),
		ON_CLUSTER(session_ended_there_is_told_here_within_a_second),
		ON_CLUSTER(acl_user_with_the_documented_commands_is_enough),
		cmocka_unit_test(cluster_that_is_not_there_is_a_reason),
		CHANGES_IT(s33_planned_fail_over_costs_readers_nothing),
		CHANGES_IT(s33_dead_node_of_a_cluster_is_followed_by_its_replica),
		CHANGES_IT(s210_slot_that_moves_is_read_at_both_ends_and_written_at_none),
		CHANGES_IT(s210_slot_that_has_moved_is_followed),
	};

	return cmocka_run_group_tests(tests, set_up_cluster, tear_down_cluster);
}
