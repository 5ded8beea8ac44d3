/* S33: Redis is killed, hangs, or comes back. No call takes long, every question is answered once,
 * and all of it heals by itself. */
#include "auth/backends/redis/store_redis.h"
#include "base/clock.h"
#include "tests/support/redis_server.h"
#include "tests/support/store_world.h"

#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	AT_ONCE_MS = 30,
	COMMAND_MS = 500,
	POLL_MS = 200,
	SLACK_MS = 150, /* of a machine with other things to do */
	HEALED_MS = 2000,
	PATIENCE_MS = 5000,
};

struct faults {
	struct redis_server *server;
	struct store *store;
	struct event_base *base;
	struct store_reader *reader;
};

static int set_up(void **state)
{
	struct faults *f = mem_alloc(1, sizeof *f);

	f->server = redis_server_new(NULL);
	const struct conf conf = redis_server_conf(f->server);
	f->store = store_redis_open(&conf, NULL);
	f->base = event_base_new();
	f->reader = f->store ? f->store->ops->reader(f->store, f->base, NULL) : NULL;
	*state = f;
	return f->reader ? 0 : -1;
}

static int tear_down(void **state)
{
	struct faults *f = *state;

	if (f->reader)
		f->reader->ops->close(f->reader);
	f->store->ops->close(f->store);
	event_base_free(f->base);
	redis_server_free(f->server);
	free(f);
	return 0;
}

static int64_t since(int64_t start)
{
	return clock_mono_ms() - start;
}

/* --- the keeper --- */

static void poll_until_found(struct store *store)
{
	int64_t start = clock_mono_ms();

	while (store->ops->poll(store) != STORE_FOUND && since(start) < HEALED_MS)
		poll(NULL, 0, 50);
	assert_in_range(since(start), 0, HEALED_MS);
}

static void s33_killed_redis_fails_calls_at_once_and_is_found_again(void **state)
{
	struct faults *f = *state;

	assert_int_equal(store_world_open(f->store, 1), STORE_FOUND);
	assert_int_equal(f->store->ops->poll(f->store), STORE_NONE);
	redis_server_kill(f->server);
	int64_t start = clock_mono_ms();
	for (int i = 0; i < 100; i++)
		assert_int_equal(store_world_get(f->store, 1), STORE_FAILED);
	assert_int_equal(f->store->ops->poll(f->store), STORE_FAILED);
	assert_in_range(since(start), 0, SLACK_MS);
	redis_server_start(f->server);
	assert_int_equal(store_world_get(f->store, 1), STORE_FAILED); /* not before poll() */
	poll_until_found(f->store);
	assert_int_equal(store_world_open(f->store, 2), STORE_FOUND);
}

static void s33_silent_redis_costs_one_call_its_deadline_and_the_next_ones_nothing(void **state)
{
	struct faults *f = *state;

	redis_server_stop(f->server);
	int64_t start = clock_mono_ms();
	assert_int_equal(store_world_get(f->store, 1), STORE_FAILED);
	assert_in_range(since(start), COMMAND_MS - 50, COMMAND_MS + SLACK_MS);
	start = clock_mono_ms();
	for (int i = 0; i < 100; i++)
		assert_int_equal(store_world_open(f->store, 1), STORE_FAILED);
	assert_in_range(since(start), 0, AT_ONCE_MS);
	redis_server_continue(f->server);
	poll_until_found(f->store);
	assert_int_equal(store_world_open(f->store, 1), STORE_FOUND);
}

static void s33_polling_a_silent_redis_takes_little_of_the_keepers_time(void **state)
{
	struct faults *f = *state;
	int64_t start = clock_mono_ms(), polling = 0;

	redis_server_stop(f->server);
	while (since(start) < 2500) {
		int64_t before = clock_mono_ms();

		assert_int_not_equal(f->store->ops->poll(f->store), STORE_FOUND);
		assert_in_range(since(before), 0, POLL_MS + SLACK_MS);
		polling += since(before);
		poll(NULL, 0, 250);
	}
	assert_in_range(polling, 0, 1000);
	redis_server_continue(f->server);
	poll_until_found(f->store);
}

static void pause_of_a_moment_loses_nothing(void **state)
{
	struct faults *f = *state;

	assert_int_equal(store_world_open(f->store, 1), STORE_FOUND);
	redis_server_stop(f->server);
	assert_int_equal(f->store->ops->poll(f->store), STORE_NONE);
	redis_server_continue(f->server);
	assert_int_equal(store_world_get(f->store, 1), STORE_FOUND);
	assert_int_equal(f->store->ops->poll(f->store), STORE_NONE);
}

static void redis_that_lost_everything_is_an_empty_store(void **state)
{
	struct faults *f = *state;

	assert_int_equal(store_world_open(f->store, 1), STORE_FOUND);
	redis_server_kill(f->server);
	redis_server_start(f->server);
	assert_int_equal(store_world_get(f->store, 1), STORE_FAILED);
	poll_until_found(f->store);
	assert_int_equal(store_world_get(f->store, 1), STORE_NONE);
}

static void server_that_becomes_a_replica_is_given_up(void **state)
{
	struct faults *f = *state;

	redis_server_do(f->server, "REPLICAOF 127.0.0.1 1");
	assert_int_equal(store_world_open(f->store, 1), STORE_FAILED);
	assert_int_equal(store_world_get(f->store, 1), STORE_FAILED);
	redis_server_do(f->server, "REPLICAOF NO ONE");
	poll_until_found(f->store);
	assert_int_equal(store_world_open(f->store, 1), STORE_FOUND);
}

/* --- a worker --- */

struct asked {
	unsigned answers[3]; /* by enum store_answer, from STORE_FAILED on */
	unsigned count;
	struct store_reader *close; /* at the first answer */
};

static void on_session(void *arg, enum store_answer answer, struct store_session *session)
{
	struct asked *asked = arg;
	struct store_reader *close = asked->close;

	assert_int_equal(session != NULL, answer == STORE_FOUND);
	asked->answers[answer + 1]++;
	asked->count++;
	asked->close = NULL;
	if (close)
		close->ops->close(close);
}

static unsigned failed(const struct asked *asked)
{
	return asked->answers[STORE_FAILED + 1];
}

static void ask(struct store_reader *reader, unsigned char mark, struct asked *asked)
{
	unsigned char key[DIGEST_LEN];

	memset(key, mark, sizeof key);
	reader->ops->session_get(reader, key, on_session, asked);
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* Runs the loop for a while, or until all of `count` are answered. */
static void run(struct event_base *base, const struct asked *asked, unsigned count, int64_t ms)
{
	const struct timeval every = {.tv_usec = 5000};
	struct event *timer = event_new(base, -1, EV_PERSIST, on_time, NULL);
	int64_t start = clock_mono_ms();

	event_add(timer, &every);
	while (since(start) < ms && (asked == NULL || asked->count < count))
		event_base_loop(base, EVLOOP_ONCE);
	event_free(timer);
}

/* Asks until the answer is not STORE_FAILED. */
static enum store_answer ask_until_answered(struct faults *f, unsigned char mark, int64_t ms)
{
	int64_t start = clock_mono_ms();

	while (since(start) < ms) {
		struct asked asked = {.count = 0};

		ask(f->reader, mark, &asked);
		run(f->base, &asked, 1, PATIENCE_MS);
		assert_int_equal(asked.count, 1);
		if (failed(&asked) == 0)
			return asked.answers[STORE_FOUND + 1] ? STORE_FOUND : STORE_NONE;
		run(f->base, NULL, 0, 20);
	}
	return STORE_FAILED;
}

static void reader_answers_from_the_loop(void **state)
{
	struct faults *f = *state;

	assert_int_equal(store_world_open(f->store, 1), STORE_FOUND);
	assert_int_equal(ask_until_answered(f, 1, PATIENCE_MS), STORE_FOUND);
	assert_int_equal(ask_until_answered(f, 2, PATIENCE_MS), STORE_NONE);
}

static void on_token(void *arg, enum store_answer answer, const struct store_token *token)
{
	struct asked *asked = arg;

	assert_int_equal(token != NULL, answer == STORE_FOUND);
	if (token)
		assert_string_equal(token->subject, "ann");
	asked->answers[answer + 1]++;
	asked->count++;
}

static void reader_reads_tokens(void **state)
{
	struct faults *f = *state;
	struct store_token token = {.id = "t1", .subject = "ann", .role = ROLE_USER};
	struct asked asked = {.count = 0};

	assert_int_equal(f->store->ops->token_add(f->store, &token), 0);
	assert_int_equal(ask_until_answered(f, 1, PATIENCE_MS), STORE_NONE);
	f->reader->ops->token_get(f->reader, STR("t1"), on_token, &asked);
	f->reader->ops->token_get(f->reader, STR("t2"), on_token, &asked);
	f->reader->ops->token_get(f->reader, STR(""), on_token, &asked);
	run(f->base, &asked, 3, PATIENCE_MS);
	assert_int_equal(asked.answers[STORE_FOUND + 1], 1);
	assert_int_equal(asked.answers[STORE_NONE + 1], 2);
}

static void s33_readers_question_fails_at_once_while_redis_is_gone(void **state)
{
	struct faults *f = *state;
	struct asked asked = {.count = 0};

	assert_int_equal(ask_until_answered(f, 1, PATIENCE_MS), STORE_NONE);
	redis_server_kill(f->server);
	run(f->base, NULL, 0, 50);
	ask(f->reader, 1, &asked);
	assert_int_equal(failed(&asked), 1); /* from within */
	run(f->base, NULL, 0, 400);
	ask(f->reader, 1, &asked);
	assert_int_equal(failed(&asked), 2);
}

static void s33_readers_find_the_way_without_the_keeper(void **state)
{
	struct faults *f = *state;

	assert_int_equal(ask_until_answered(f, 1, PATIENCE_MS), STORE_NONE);
	redis_server_kill(f->server);
	run(f->base, NULL, 0, 500);
	redis_server_start(f->server);
	assert_int_equal(ask_until_answered(f, 1, HEALED_MS), STORE_NONE);
}

static void s33_every_question_to_a_silent_redis_fails_once_and_in_time(void **state)
{
	enum { MANY = 5000 };
	struct faults *f = *state;
	struct asked asked = {.count = 0};

	assert_int_equal(ask_until_answered(f, 1, PATIENCE_MS), STORE_NONE);
	redis_server_stop(f->server);
	int64_t start = clock_mono_ms();
	for (int i = 0; i < MANY; i++)
		ask(f->reader, 1, &asked);
	assert_in_range(failed(&asked), 1, MANY - 1000); /* not without a bound */
	run(f->base, &asked, MANY, PATIENCE_MS);
	assert_in_range(since(start), 0, STORE_READ_MS + SLACK_MS);
	assert_int_equal(failed(&asked), MANY);
	run(f->base, NULL, 0, 800); /* it connects, but nobody greets */
	ask(f->reader, 1, &asked);
	assert_int_equal(failed(&asked), MANY + 1);
	redis_server_continue(f->server);
	assert_int_equal(ask_until_answered(f, 1, HEALED_MS), STORE_NONE);
	assert_int_equal(asked.count, MANY + 1);
}

static void s33_silence_is_noticed_before_anybody_asks(void **state)
{
	struct faults *f = *state;
	struct asked asked = {.count = 0};

	assert_int_equal(ask_until_answered(f, 1, PATIENCE_MS), STORE_NONE);
	redis_server_stop(f->server);
	run(f->base, NULL, 0, 3000);
	ask(f->reader, 1, &asked);
	assert_int_equal(failed(&asked), 1); /* from within */
	redis_server_continue(f->server);
	assert_int_equal(ask_until_answered(f, 1, HEALED_MS), STORE_NONE);
}

static void closing_a_reader_answers_what_is_under_way(void **state)
{
	struct faults *f = *state;
	struct asked asked = {.count = 0};

	assert_int_equal(ask_until_answered(f, 1, PATIENCE_MS), STORE_NONE);
	redis_server_stop(f->server);
	for (int i = 0; i < 10; i++)
		ask(f->reader, 1, &asked);
	f->reader->ops->close(f->reader);
	f->reader = NULL;
	assert_int_equal(failed(&asked), 10);
}

static void reader_may_be_closed_from_an_answer(void **state)
{
	struct faults *f = *state;
	struct asked asked = {.count = 0};

	assert_int_equal(ask_until_answered(f, 1, PATIENCE_MS), STORE_NONE);
	asked.close = f->reader;
	for (int i = 0; i < 10; i++)
		ask(f->reader, 1, &asked);
	f->reader = NULL;
	run(f->base, &asked, 10, PATIENCE_MS);
	assert_int_equal(asked.answers[STORE_NONE + 1], 1);
	assert_int_equal(failed(&asked), 9);
}

static void reader_outlives_its_store(void **state)
{
	struct faults *f = *state;
	const struct conf conf = redis_server_conf(f->server);
	struct store *other = store_redis_open(&conf, NULL);
	struct store_reader *reader = other->ops->reader(other, f->base, NULL);
	struct asked asked = {.count = 0};

	run(f->base, NULL, 0, 100);
	other->ops->close(other);
	ask(reader, 1, &asked);
	run(f->base, &asked, 1, PATIENCE_MS);
	assert_int_equal(asked.answers[STORE_NONE + 1], 1);
	reader->ops->close(reader);
}

/* A virtual address, or a Service of Kubernetes: it leads to the new master, while connections stay
 * at the old one. */
static void s33_new_master_at_the_same_address_is_noticed_by_readers_too(void **state)
{
	struct faults *f = *state;
	struct redis_server *other = redis_server_new(NULL);
	char *address = mem_printf("%s/address.sock", f->server->folder);
	struct conf conf = redis_server_conf(f->server);

	assert_int_equal(symlink(f->server->socket_path, address), 0);
	conf.redis.socket_path = address;
	struct store *store = store_redis_open(&conf, NULL);
	f->reader->ops->close(f->reader);
	f->reader = store->ops->reader(store, f->base, NULL);
	assert_int_equal(ask_until_answered(f, 1, PATIENCE_MS), STORE_NONE);
	redis_server_do(f->server, "REPLICAOF 127.0.0.1 1");
	assert_int_equal(unlink(address), 0);
	assert_int_equal(symlink(other->socket_path, address), 0);
	assert_int_equal(store_world_open(store, 1), STORE_FAILED); /* READONLY */
	poll_until_found(store);
	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	run(f->base, NULL, 0, 400);
	assert_int_equal(ask_until_answered(f, 1, PATIENCE_MS), STORE_FOUND);
	store->ops->close(store);
	redis_server_free(other);
	free(address);
}

/* --- what is not Redis's --- */

static void reader_does_not_trust_a_record(void **state)
{
	struct faults *f = *state;
	char *key = mem_alloc(2 * DIGEST_LEN + 1, 1);

	for (size_t i = 0; i < DIGEST_LEN; i++)
		memcpy(key + 2 * i, "01", 2);
	char *wrong_type = mem_printf("SET sparkgate:session:%s x", key);
	char *lost = mem_printf("HSET sparkgate:session:%s person x", key);
	char *del = mem_printf("DEL sparkgate:session:%s", key);

	redis_server_do(f->server, wrong_type);
	assert_int_equal(ask_until_answered(f, 1, PATIENCE_MS), STORE_NONE);
	redis_server_do(f->server, del);
	redis_server_do(f->server, lost);
	assert_int_equal(ask_until_answered(f, 1, PATIENCE_MS), STORE_NONE);
	free(wrong_type);
	free(lost);
	free(del);
	free(key);
}

static void token_from_before_standings_is_read_without_one(void **state)
{
	struct faults *f = *state;
	struct store_token token = {.id = "t1", .subject = "ann", .standing = "{}"}, out;

	assert_int_equal(f->store->ops->token_add(f->store, &token), 0);
	redis_server_do(f->server, "HDEL sparkgate:token:t1 standing");
	assert_int_equal(f->store->ops->token_get(f->store, STR("t1"), &out), STORE_FOUND);
	assert_string_equal(out.subject, "ann");
	assert_string_equal(out.standing, "");
}

/* A field of megabytes: neither half reads it to its end. */
static void record_without_a_bound_is_not_read(void **state)
{
	struct faults *f = *state;
	struct asked asked = {.count = 0};
	char *huge = mem_alloc(8 * 1000 * 1000 + 100, 1);
	char *command;

	assert_int_equal(store_world_open(f->store, 1), STORE_FOUND);
	assert_int_equal(ask_until_answered(f, 1, PATIENCE_MS), STORE_FOUND);
	memset(huge, 'x', 8 * 1000 * 1000);
	command = mem_printf("HSET sparkgate:session:"
			     "0101010101010101010101010101010101010101010101010101010101010101"
			     " sealed %s",
		huge);
	redis_server_do(f->server, command);
	ask(f->reader, 1, &asked);
	run(f->base, &asked, 1, PATIENCE_MS);
	assert_int_equal(failed(&asked), 1);
	assert_int_equal(store_world_get(f->store, 1), STORE_FAILED);
	poll_until_found(f->store);
	assert_int_equal(store_world_get(f->store, 2), STORE_NONE);
	assert_int_equal(ask_until_answered(f, 2, PATIENCE_MS), STORE_NONE);
	free(command);
	free(huge);
}

#define ON_REDIS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_REDIS(s33_killed_redis_fails_calls_at_once_and_is_found_again),
		ON_REDIS(s33_silent_redis_costs_one_call_its_deadline_and_the_next_ones_nothing),
		ON_REDIS(s33_polling_a_silent_redis_takes_little_of_the_keepers_time),
		ON_REDIS(pause_of_a_moment_loses_nothing),
		ON_REDIS(redis_that_lost_everything_is_an_empty_store),
		ON_REDIS(server_that_becomes_a_replica_is_given_up),
		ON_REDIS(reader_answers_from_the_loop),
		ON_REDIS(reader_reads_tokens),
		ON_REDIS(s33_readers_question_fails_at_once_while_redis_is_gone),
		ON_REDIS(s33_readers_find_the_way_without_the_keeper),
		ON_REDIS(s33_every_question_to_a_silent_redis_fails_once_and_in_time),
		ON_REDIS(s33_silence_is_noticed_before_anybody_asks),
		ON_REDIS(closing_a_reader_answers_what_is_under_way),
		ON_REDIS(reader_may_be_closed_from_an_answer),
		ON_REDIS(reader_outlives_its_store),
		ON_REDIS(s33_new_master_at_the_same_address_is_noticed_by_readers_too),
		ON_REDIS(reader_does_not_trust_a_record),
		ON_REDIS(token_from_before_standings_is_read_without_one),
		ON_REDIS(record_without_a_bound_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
