/* What gateways on one Redis see of each other: who ends a session tells all of them. */
#include "auth/backends/redis/store_redis.h"
#include "base/clock.h"
#include "tests/support/redis_server.h"
#include "tests/support/store_world.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { TOLD_MS = 1000, PATIENCE_MS = 5000 };

struct gateways {
	struct redis_server *server;
	struct store *here, *there;
	struct event_base *base; /* of `here`'s keeper */
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

/* Runs the loop until there are so many of each. False when that takes longer. */
static bool wait_for(struct gateways *g, unsigned taken, unsigned doubts, int64_t ms)
{
	const struct timeval every = {.tv_usec = 5000};
	struct event *timer = event_new(g->base, -1, EV_PERSIST, on_time, NULL);
	int64_t start = clock_mono_ms();

	event_add(timer, &every);
	while ((g->taken < taken || g->doubts < doubts) && clock_mono_ms() - start < ms)
		event_base_loop(g->base, EVLOOP_ONCE);
	event_free(timer);
	return g->taken >= taken && g->doubts >= doubts;
}

static int set_up(void **state)
{
	struct gateways *g = mem_alloc(1, sizeof *g);

	g->server = redis_server_new(NULL);
	const struct conf conf = redis_server_conf(g->server);
	g->here = store_redis_open(&conf, NULL);
	g->there = store_redis_open(&conf, NULL);
	g->base = event_base_new();
	*state = g;
	if (g->here->ops->watch(g->here, g->base, on_change, g) == -1)
		return -1;
	return wait_for(g, 0, 1, PATIENCE_MS) ? 0 : -1; /* subscribed */
}

static int tear_down(void **state)
{
	struct gateways *g = *state;

	g->here->ops->close(g->here);
	g->there->ops->close(g->there);
	event_base_free(g->base);
	redis_server_free(g->server);
	free(g);
	return 0;
}

/* --- each way to take something away --- */

static void end_one(struct store *store)
{
	struct store_opening opening = store_world_session(1);

	assert_int_equal(store->ops->session_end(store, opening.session.key), STORE_FOUND);
}

static void end_person(struct store *store)
{
	struct store_opening opening = store_world_session(1);

	assert_int_equal(
		store->ops->session_end_all(store, STORE_BY_PERSON, opening.session.person), 1);
}

static void end_all(struct store *store)
{
	assert_int_equal(store->ops->session_end_all(store, STORE_ALL, NULL), 1);
}

static void replace(struct store *store)
{
	struct store_session next = store_world_session(1).session;

	next.version = 1;
	assert_int_equal(store->ops->session_replace(store, &next), STORE_FOUND);
}

static void open_in_its_place(struct store *store)
{
	struct store_opening next = store_world_session(2);

	next.has_old = true;
	memset(next.old_key, 1, DIGEST_LEN);
	assert_int_equal(store->ops->session_open(store, &next), STORE_FOUND);
}

static void disable(struct store *store)
{
	assert_int_equal(
		store->ops->token_set_state(store, STR("t1"), STATE_DISABLED), STORE_FOUND);
}

static void revoke(struct store *store)
{
	assert_int_equal(store->ops->token_set_state(store, STR("t1"), STATE_REVOKED), STORE_FOUND);
}

static void expect_told(struct gateways *g, void (*take)(struct store *store), struct store *by)
{
	const struct store_token token = {.id = "t1", .role = ROLE_USER};

	redis_server_do(g->server, "FLUSHALL");
	assert_int_equal(store_world_open(by, 1), STORE_FOUND);
	assert_int_equal(by->ops->token_add(by, &token), 0);
	replace(by);
	assert_false(wait_for(g, 1, 0, 20)); /* these take nothing away */
	take(by);
	assert_true(wait_for(g, 1, 0, TOLD_MS));
	assert_int_equal(g->taken, 1);
	g->taken = 0;
}

static void what_is_taken_away_by_anybody_is_told_within_a_second(void **state)
{
	static void (*const ways[])(struct store *) = {
		end_one, end_person, end_all, open_in_its_place, disable, revoke};
	struct gateways *g = *state;

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		expect_told(g, ways[i], g->there);
		expect_told(g, ways[i], g->here);
	}
	assert_int_equal(g->doubts, 1);
}

static void session_ended_there_is_ended_here(void **state)
{
	struct gateways *g = *state;

	assert_int_equal(store_world_open(g->here, 1), STORE_FOUND);
	assert_int_equal(store_world_get(g->there, 1), STORE_FOUND);
	end_one(g->there);
	assert_int_equal(store_world_get(g->here, 1), STORE_NONE);
	assert_true(wait_for(g, 1, 0, TOLD_MS));
}

static void what_ends_nothing_tells_nothing(void **state)
{
	struct gateways *g = *state;
	struct store_opening opening = store_world_session(1);

	assert_int_equal(g->there->ops->session_end(g->there, opening.session.key), STORE_NONE);
	assert_int_equal(g->there->ops->session_end_all(g->there, STORE_ALL, NULL), 0);
	assert_false(wait_for(g, 1, 0, 100));
}

static void other_databases_changes_are_not_told(void **state)
{
	struct gateways *g = *state;
	struct conf conf = redis_server_conf(g->server);

	conf.redis.database = 3;
	struct store *other = store_redis_open(&conf, NULL);
	assert_int_equal(store_world_open(other, 1), STORE_FOUND);
	end_one(other);
	assert_false(wait_for(g, 1, 0, 100));
	other->ops->close(other);
}

/* --- when the subscription ends --- */

static void s33_new_subscription_says_that_changes_may_be_missed(void **state)
{
	struct gateways *g = *state;

	redis_server_do(g->server, "CLIENT KILL TYPE pubsub");
	assert_true(wait_for(g, 0, 2, PATIENCE_MS));
	assert_int_equal(store_world_open(g->there, 1), STORE_FOUND);
	end_one(g->there);
	assert_true(wait_for(g, 1, 0, TOLD_MS));
}

static void s33_silent_subscription_is_noticed(void **state)
{
	struct gateways *g = *state;

	redis_server_stop(g->server);
	assert_false(wait_for(g, 0, 2, 2500));
	redis_server_continue(g->server);
	assert_true(wait_for(g, 0, 2, 2000));
}

static void s33_subscription_survives_seconds_of_nothing_and_a_restart(void **state)
{
	struct gateways *g = *state;

	assert_false(wait_for(g, 1, 2, 2300)); /* two beats, one subscription */
	redis_server_kill(g->server);
	assert_false(wait_for(g, 1, 2, 300));
	redis_server_start(g->server);
	assert_true(wait_for(g, 0, 2, 2000));
	assert_int_equal(g->taken, 0);
}

#define ON_REDIS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_REDIS(what_is_taken_away_by_anybody_is_told_within_a_second),
		ON_REDIS(session_ended_there_is_ended_here),
		ON_REDIS(what_ends_nothing_tells_nothing),
		ON_REDIS(other_databases_changes_are_not_told),
		ON_REDIS(s33_new_subscription_says_that_changes_may_be_missed),
		ON_REDIS(s33_silent_subscription_is_noticed),
		ON_REDIS(s33_subscription_survives_seconds_of_nothing_and_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
