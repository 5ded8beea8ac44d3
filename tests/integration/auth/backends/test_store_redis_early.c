/* A server thread that is asked before its first connection to Redis stands: its answer waits for
 * that, and not for long. */
#include "auth/backends/redis/store_redis.h"
#include "base/clock.h"
#include "tests/support/redis_server.h"
#include "tests/support/store_world.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PATIENCE_MS = 5000, QUESTIONS = 10 };

struct early {
	struct redis_server *server;
	struct store *store;
	struct event_base *base;
	struct store_reader *reader;
	struct store_reader *close; /* at the first answer */
	unsigned answers[3];	    /* by enum store_answer, from STORE_FAILED on */
	unsigned count;
};

static int set_up(void **state)
{
	struct early *e = mem_alloc(1, sizeof *e);

	e->server = redis_server_new(NULL);
	const struct conf conf = redis_server_conf(e->server);
	e->store = store_redis_open(&conf, NULL);
	e->base = event_base_new();
	e->reader = e->store ? e->store->ops->reader(e->store, e->base, NULL) : NULL;
	*state = e;
	return e->reader ? 0 : -1;
}

static int tear_down(void **state)
{
	struct early *e = *state;

	if (e->reader)
		e->reader->ops->close(e->reader);
	e->store->ops->close(e->store);
	event_base_free(e->base);
	redis_server_free(e->server);
	free(e);
	return 0;
}

static void on_session(void *arg, enum store_answer answer, struct store_session *session)
{
	struct early *e = arg;
	struct store_reader *close = e->close;

	assert_int_equal(session != NULL, answer == STORE_FOUND);
	e->answers[answer + 1]++;
	e->count++;
	e->close = NULL;
	if (close)
		close->ops->close(close);
}

static void ask(struct early *e, unsigned char mark)
{
	unsigned char key[DIGEST_LEN];

	memset(key, mark, sizeof key);
	e->reader->ops->session_get(e->reader, key, on_session, e);
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
}

static void run_until_answered(struct early *e, unsigned count)
{
	struct event *timer = event_new(e->base, -1, EV_PERSIST, on_time, NULL);
	int64_t start = clock_mono_ms();

	event_add(timer, &(struct timeval){.tv_usec = 5000});
	while (e->count < count && clock_mono_ms() - start < PATIENCE_MS)
		event_base_loop(e->base, EVLOOP_ONCE);
	event_free(timer);
	assert_int_equal(e->count, count);
}

static void who_asks_first_is_answered_as_soon_as_there_is_a_connection(void **state)
{
	struct early *e = *state;

	assert_int_equal(store_world_open(e->store, 1), STORE_FOUND);
	ask(e, 1);
	ask(e, 2);
	assert_int_equal(e->count, 0);
	run_until_answered(e, 2);
	assert_int_equal(e->answers[STORE_FOUND + 1], 1);
	assert_int_equal(e->answers[STORE_NONE + 1], 1);
}

static void s33_who_waits_for_a_connection_that_never_comes_is_told_and_nobody_waits_again(
	void **state)
{
	struct early *e = *state;

	redis_server_stop(e->server);
	ask(e, 1);
	run_until_answered(e, 1);
	ask(e, 1);
	assert_int_equal(e->answers[STORE_FAILED + 1], 2); /* the second from within */
}

static void closing_a_reader_answers_who_waits(void **state)
{
	struct early *e = *state;

	for (int i = 0; i < QUESTIONS; i++)
		ask(e, 1);
	e->reader->ops->close(e->reader);
	e->reader = NULL;
	assert_int_equal(e->answers[STORE_FAILED + 1], QUESTIONS);
}

static void reader_may_be_closed_from_an_answer_to_who_waited(void **state)
{
	struct early *e = *state;

	redis_server_stop(e->server);
	for (int i = 0; i < QUESTIONS; i++)
		ask(e, 1);
	e->close = e->reader;
	e->reader = NULL;
	run_until_answered(e, QUESTIONS);
	assert_int_equal(e->answers[STORE_FAILED + 1], QUESTIONS);
}

#define ON_REDIS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_REDIS(who_asks_first_is_answered_as_soon_as_there_is_a_connection),
		ON_REDIS(
			s33_who_waits_for_a_connection_that_never_comes_is_told_and_nobody_waits_again),
		ON_REDIS(closing_a_reader_answers_who_waits),
		ON_REDIS(reader_may_be_closed_from_an_answer_to_who_waited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
