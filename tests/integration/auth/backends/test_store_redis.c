/* The Redis store on a real redis-server; what happens when that fails is in
 * test_store_redis_faults.c, what several gateways see of each other in test_store_redis_watch.c.
 */
#include "auth/backends/redis/store_redis.h"
#include "auth/backends/store_open.h"
#include "base/clock.h"
#include "tests/support/redis_server.h"
#include "tests/support/store_contract.h"
#include "tests/support/store_world.h"

#include <hiredis/hiredis.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW = STORE_WORLD_NOW };

static struct redis_server *server;

static int set_up_server(void **state)
{
	(void)state;
	server = redis_server_new(NULL);
	return 0;
}

static int tear_down_server(void **state)
{
	(void)state;
	redis_server_free(server);
	return 0;
}

static int set_up(void **state)
{
	struct store_world *w = mem_alloc(1, sizeof *w);
	const struct conf conf = redis_server_conf(server);
	struct err err = {""};

	redis_server_do(server, "FLUSHALL");
	w->store = store_redis_open(&conf, &err);
	*state = w;
	if (w->store == NULL)
		print_error("%s\n", err.text);
	return w->store ? 0 : -1;
}

static int tear_down(void **state)
{
	struct store_world *w = *state;

	w->store->ops->close(w->store);
	free(w);
	return 0;
}

static struct store *store_of(void **state)
{
	return ((struct store_world *)*state)->store;
}

static long long number_of(const char *command)
{
	redisReply *reply = redis_server_ask(server, command);
	long long number = reply->integer;

	assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
	freeReplyObject(reply);
	return number;
}

static char *hex_key(const char *kind, unsigned char mark)
{
	char hex[2 * DIGEST_LEN + 1];

	for (size_t i = 0; i < DIGEST_LEN; i++)
		snprintf(hex + 2 * i, 3, "%02x", mark);
	return mem_printf("sparkgate:%s:%s", kind, hex);
}

/* --- who gets in --- */

static struct store *open_as(const char *user, const char *password, struct err *err)
{
	struct conf conf = redis_server_conf(server);

	conf.redis.user = mem_strdup(user);
	conf.redis.password.value = mem_strdup(password);
	struct store *store = store_redis_open(&conf, err);
	free(conf.redis.user);
	free(conf.redis.password.value);
	return store;
}

/* The line that docs/stores.md recommends. */
static const char acl[] =
	"ACL SETUSER gate on >open-sesame ~sparkgate:* &sparkgate:* -@all +auth +select +ping "
	"+role +subscribe +publish +eval +evalsha +del +exists +get +set +pexpire +pttl +hget "
	"+hmget +hset +hsetnx +zadd +zrem +zcard +zcount +zrange +zrevrange +zrevrangebylex "
	"+zrevrangebyscore +zrangebyscore";

static void run_as_gate(const struct store_contract *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct store *store = open_as("gate", "open-sesame", NULL);
		struct store_world world = {.store = store};
		void *arg = &world;

		assert_non_null(store);
		rows[i].run(&arg);
		store->ops->close(store);
		redis_server_do(server, "FLUSHALL");
	}
}

static void acl_user_with_the_documented_commands_can_do_everything(void **state)
{
	(void)state;
	redis_server_do(server, acl);
	redis_server_do(server, "FLUSHALL");
	run_as_gate(store_contract, store_contract_count);
	run_as_gate(store_contract_sessions, store_contract_sessions_count);
	run_as_gate(store_contract_owners, store_contract_owners_count);
	run_as_gate(store_contract_devices, store_contract_devices_count);
	run_as_gate(store_contract_audit, store_contract_audit_count);
	run_as_gate(store_contract_launches, store_contract_launches_count);
	redis_server_do(server, "ACL DELUSER gate");
}

static void s40_wrong_password_is_refused_and_not_told(void **state)
{
	struct err err = {""};

	(void)state;
	redis_server_do(server, acl);
	assert_null(open_as("gate", "open-barley", &err));
	assert_non_null(strstr(err.text, "WRONGPASS"));
	assert_null(strstr(err.text, "barley"));
	assert_null(open_as("nobody", "open-sesame", &err));
	assert_null(strstr(err.text, "sesame"));
	redis_server_do(server, "ACL DELUSER gate");
}

static void server_that_wants_a_password_gets_it_or_refuses(void **state)
{
	struct redis_server *locked = redis_server_new("requirepass open-sesame\n");
	struct conf conf = redis_server_conf(locked);
	char password[] = "open-sesame";
	struct err err = {""};

	(void)state;
	assert_null(store_redis_open(&conf, &err));
	assert_non_null(strstr(err.text, "NOAUTH"));
	conf.redis.password.value = password;
	struct store *store = store_redis_open(&conf, &err);
	assert_non_null(store);
	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	store->ops->close(store);
	redis_server_free(locked);
}

static void server_is_found_by_name_and_port(void **state)
{
	char name[] = "localhost";
	struct conf_endpoint at = {name, server->port};
	struct conf conf = {
		.store_kind = CONF_STORE_REDIS, .redis = {.endpoints = &at, .endpoints_count = 1}};
	struct err err = {""};
	struct store *store = store_open(&conf, &err);

	assert_string_equal(err.text, "");
	assert_non_null(store);
	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	assert_int_equal(store_world_get(store_of(state), 1), STORE_FOUND);
	store->ops->close(store);
}

static void server_that_is_not_there_is_a_reason(void **state)
{
	char name[] = "no-such-host.invalid", gone[] = "/nonexistent/redis.sock";
	struct conf_endpoint at = {name, 6379};
	struct conf conf = {.redis = {.endpoints = &at, .endpoints_count = 1}};
	struct err err = {""};

	(void)state;
	assert_null(store_redis_open(&conf, &err));
	assert_non_null(strstr(err.text, "no-such-host.invalid"));
	conf = (struct conf){.redis = {.socket_path = gone}};
	assert_null(store_redis_open(&conf, &err));
	assert_non_null(strstr(err.text, gone));
}

static void databases_are_apart(void **state)
{
	struct conf conf = redis_server_conf(server);

	conf.redis.database = 5;
	struct store *other = store_redis_open(&conf, NULL);
	assert_non_null(other);
	assert_int_equal(store_world_open(other, 1), STORE_FOUND);
	assert_int_equal(store_world_get(store_of(state), 1), STORE_NONE);
	assert_int_equal(store_world_open(store_of(state), 1), STORE_FOUND);
	assert_int_equal(other->ops->session_end_all(other, STORE_ALL, NULL), 1);
	assert_int_equal(store_world_get(store_of(state), 1), STORE_FOUND);
	other->ops->close(other);
}

/* --- what only this kind does --- */

static void sessions_die_by_themselves_with_what_points_at_them(void **state)
{
	struct store_opening opening = store_world_session(1);
	char *session = hex_key("session", 1), *person = hex_key("person", 'p');
	char *ask_session = mem_printf("PTTL %s", session);
	char *ask_person = mem_printf("PTTL %s", person);

	opening.session.expires_at = opening.session.created_at + 100;
	assert_int_equal(
		store_of(state)->ops->session_open(store_of(state), &opening), STORE_FOUND);
	assert_in_range(number_of(ask_session), 90 * 1000, 100 * 1000);
	assert_in_range(number_of(ask_person), 90 * 1000, 100 * 1000);
	opening.session.version = 1;
	opening.session.expires_at += 100;
	assert_int_equal(store_of(state)->ops->session_replace(store_of(state), &opening.session),
		STORE_FOUND);
	assert_in_range(number_of(ask_session), 190 * 1000, 200 * 1000);
	assert_in_range(number_of(ask_person), 190 * 1000, 200 * 1000);
	free(ask_session);
	free(ask_person);
	free(session);
	free(person);
}

static void index_forgets_sessions_that_died_when_the_next_one_comes(void **state)
{
	char *gone = hex_key("session", 1), *person = hex_key("person", 'p');
	char *del = mem_printf("DEL %s", gone), *card = mem_printf("ZCARD %s", person);

	assert_int_equal(store_world_open(store_of(state), 1), STORE_FOUND);
	redis_server_do(server, del); /* as its time-out does */
	assert_int_equal(store_world_open(store_of(state), 2), STORE_FOUND);
	assert_int_equal(number_of(card), 1);
	free(gone);
	free(person);
	free(del);
	free(card);
}

static void ending_leaves_nothing_behind(void **state)
{
	struct store *store = store_of(state);
	struct store_opening opening = store_world_session(1);

	memset(opening.session.provider_sid, 's', DIGEST_LEN);
	assert_int_equal(store->ops->session_open(store, &opening), STORE_FOUND);
	assert_int_equal(store->ops->session_end(store, opening.session.key), STORE_FOUND);
	assert_int_equal(number_of("DBSIZE"), 0);
}

static void thousands_are_listed_and_ended(void **state)
{
	enum { MANY = 1100 };
	struct store *store = store_of(state);
	struct store_opening opening = store_world_session(0);
	struct store_counts counts;

	for (unsigned i = 0; i < MANY; i++) {
		memcpy(opening.session.key, &i, sizeof i);
		assert_int_equal(store->ops->session_open(store, &opening), STORE_FOUND);
	}
	assert_int_equal(store->ops->count(store, NOW, &counts), 0);
	assert_int_equal(counts.sessions, MANY);
	assert_int_equal(
		store->ops->session_end_all(store, STORE_BY_PERSON, opening.session.person), MANY);
	assert_int_equal(number_of("DBSIZE"), 0);
}

static void once_is_once_among_all_gateways(void **state)
{
	const struct conf conf = redis_server_conf(server);
	struct store *other = store_redis_open(&conf, NULL), *store = store_of(state);
	const unsigned char key[DIGEST_LEN] = {1};
	int64_t until = clock_wall_s() + 300;
	char *name = hex_key("once", 0);
	char *ask;

	name[strlen("sparkgate:once:") + 1] = '1';
	ask = mem_printf("TTL %s", name);
	assert_int_equal(other->ops->noted(other, key), STORE_NONE);
	assert_int_equal(store->ops->once(store, key, until), STORE_NONE);
	assert_int_equal(other->ops->noted(other, key), STORE_FOUND);
	assert_int_equal(store->ops->once(store, key, until), STORE_FOUND);
	assert_int_equal(other->ops->once(other, key, until), STORE_FOUND);
	assert_in_range(number_of(ask), 290, 300);
	other->ops->close(other);
	free(name);
	free(ask);
}

static void s27_lease_has_one_holder_until_it_is_dropped_or_over(void **state)
{
	const struct conf conf = redis_server_conf(server);
	struct store *other = store_redis_open(&conf, NULL), *store = store_of(state);
	const unsigned char key[DIGEST_LEN] = {1}, one[DIGEST_LEN] = {1}, two[DIGEST_LEN] = {2};
	int64_t until = clock_mono_ms() + 5000;

	assert_true(store->ops->is_shared);
	assert_int_equal(store->ops->lease_take(store, key, one, 60000), STORE_FOUND);
	assert_int_equal(store->ops->lease_take(store, key, one, 60000), STORE_FOUND);
	assert_int_equal(other->ops->lease_take(other, key, two, 60000), STORE_NONE);
	other->ops->lease_drop(other, key, two);
	assert_int_equal(other->ops->lease_take(other, key, two, 60000), STORE_NONE);
	store->ops->lease_drop(store, key, one);
	assert_int_equal(other->ops->lease_take(other, key, two, 50), STORE_FOUND);
	while (store->ops->lease_take(store, key, one, 1000) != STORE_FOUND &&
		clock_mono_ms() < until)
		poll(NULL, 0, 10);
	assert_true(clock_mono_ms() < until);
	other->ops->close(other);
}

static void scripts_that_redis_forgot_are_told_again(void **state)
{
	struct store *store = store_of(state);
	struct store_touch touches[2] = {{.at = NOW + 5}, {.at = NOW + 7}};
	struct store_session out;

	memset(touches[0].key, 1, DIGEST_LEN);
	memset(touches[1].key, 1, DIGEST_LEN);
	redis_server_do(server, "SCRIPT FLUSH");
	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	redis_server_do(server, "SCRIPT FLUSH");
	assert_int_equal(store->ops->touch(store, touches, ARRAY_LEN(touches)), 0);
	assert_int_equal(store->ops->session_get(store, touches[0].key, &out), STORE_FOUND);
	assert_int_equal(out.last_seen_at, NOW + 7);
	store_session_clear(&out);
}

/* --- what is in the keys is not trusted --- */

/* "@" is the session's key. */
static const char *const garbage[] = {
	"SET @ x",
	"LPUSH @ x",
	"DEL @",
	"HDEL @ person",
	"HDEL @ sealed label",
	"HDEL @ version",
	"HDEL @ expires",
	"HSET @ person zz",
	"HSET @ sid 12",
	"HSET @ version -1",
	"HSET @ created 1e9",
	"HSET @ expires 99999999999999999999",
	"HSET @ seen nan",
	"HSET @ expires inf",
};

static void spoil(const char *fmt, unsigned char mark)
{
	char *session = hex_key("session", mark);
	int before = (int)strcspn(fmt, "@");
	char *command = mem_printf("%.*s%s%s", before, fmt, session, fmt + before + 1);

	redis_server_do(server, command);
	free(command);
	free(session);
}

static void ignore(void *arg, const struct store_session *session)
{
	(void)arg;
	(void)session;
}

static void check_spoilt(struct store *store, const char *fmt)
{
	struct store_session next = store_world_session(1).session;
	struct store_touch touch = {.at = NOW + 9};

	print_message("%s\n", fmt);
	redis_server_do(server, "FLUSHALL");
	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	assert_int_equal(store_world_open(store, 2), STORE_FOUND);
	if (fmt[0] != 'H')
		spoil("DEL @", 1);
	spoil(fmt, 1);
	memcpy(touch.key, next.key, DIGEST_LEN);
	next.version = 1;
	assert_int_equal(store_world_get(store, 1), STORE_NONE);
	assert_int_equal(store->ops->touch(store, &touch, 1), 0);
	assert_int_equal(store->ops->session_list(store, STORE_ALL, NULL, NOW, ignore, NULL), 0);
	assert_int_not_equal(store->ops->session_end(store, next.key), STORE_FAILED);
	assert_int_not_equal(store->ops->session_replace(store, &next), STORE_FOUND);
	assert_int_equal(store_world_get(store, 1), STORE_NONE);
	/* The others are none the worse. */
	assert_int_equal(store_world_get(store, 2), STORE_FOUND);
	assert_int_equal(store->ops->session_end_all(store, STORE_ALL, NULL), 1);
}

static void session_keys_with_garbage_are_no_sessions(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(garbage); i++)
		check_spoilt(store_of(state), garbage[i]);
}

static void blobs_that_are_too_long_are_no_sessions(void **state)
{
	struct store *store = store_of(state);
	char *key = hex_key("session", 1), *zeros = mem_alloc(STORE_SEALED + 2, 1);

	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	memset(zeros, '0', STORE_SEALED + 1);
	char *command = mem_printf("HSET %s sealed %s", key, zeros);
	redis_server_do(server, command);
	assert_int_equal(store_world_get(store, 1), STORE_NONE);
	free(command);
	free(zeros);
	free(key);
}

static void indexes_with_garbage_fail_and_nothing_else(void **state)
{
	static const char *const commands[] = {"DEL sparkgate:sessions",
		"ZADD sparkgate:sessions 5 x 6 00 7 sparkgate:session:",
		"ZADD sparkgate:ends 5 x inf y", "ZADD sparkgate:tokens 1 nobody",
		"ZADD sparkgate:tokens:admin -inf nobody", "SET sparkgate:link x",
		"SET sparkgate:token:t1 x"};
	struct store *store = store_of(state);
	const struct conf conf = redis_server_conf(server);
	struct store_token token;
	struct store_counts counts;

	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		redis_server_do(server, commands[i]);
	assert_int_equal(store->ops->session_list(store, STORE_ALL, NULL, NOW, ignore, NULL), 0);
	assert_int_equal(store->ops->token_get(store, STR("t1"), &token), STORE_NONE);
	assert_int_equal(store->ops->token_set_state(store, STR("t1"), STATE_REVOKED), STORE_NONE);
	assert_int_equal(store->ops->count(store, NOW, &counts), 0);
	assert_int_equal(store->ops->has_admin(store, NOW), STORE_NONE);
	assert_int_equal(store->ops->purge(store, &conf, NOW), -1); /* the link's key */
	assert_int_equal(store_world_get(store, 1), STORE_FOUND);
	redis_server_do(server, "SET sparkgate:sessions x");
	assert_int_equal(store->ops->session_end_all(store, STORE_ALL, NULL), -1);
	assert_int_equal(store_world_open(store, 2), STORE_FAILED);
	assert_int_equal(store_world_get(store, 2), STORE_NONE);
}

static void text_that_does_not_fit_fails(void **state)
{
	struct store *store = store_of(state);
	char out[4];

	assert_int_equal(store->ops->meta_get(store, "k", out, sizeof out), STORE_NONE);
	assert_int_equal(store->ops->meta_set(store, "k", "long"), 0);
	assert_int_equal(store->ops->meta_get(store, "k", out, sizeof out), STORE_FAILED);
}

int main(void)
{
	static const struct store_contract own[] = {
		STORE_CONTRACT(acl_user_with_the_documented_commands_can_do_everything),
		STORE_CONTRACT(s40_wrong_password_is_refused_and_not_told),
		STORE_CONTRACT(server_that_wants_a_password_gets_it_or_refuses),
		STORE_CONTRACT(server_is_found_by_name_and_port),
		STORE_CONTRACT(server_that_is_not_there_is_a_reason),
		STORE_CONTRACT(databases_are_apart),
		STORE_CONTRACT(sessions_die_by_themselves_with_what_points_at_them),
		STORE_CONTRACT(index_forgets_sessions_that_died_when_the_next_one_comes),
		STORE_CONTRACT(ending_leaves_nothing_behind),
		STORE_CONTRACT(thousands_are_listed_and_ended),
		STORE_CONTRACT(once_is_once_among_all_gateways),
		STORE_CONTRACT(s27_lease_has_one_holder_until_it_is_dropped_or_over),
		STORE_CONTRACT(scripts_that_redis_forgot_are_told_again),
		STORE_CONTRACT(session_keys_with_garbage_are_no_sessions),
		STORE_CONTRACT(blobs_that_are_too_long_are_no_sessions),
		STORE_CONTRACT(indexes_with_garbage_fail_and_nothing_else),
		STORE_CONTRACT(text_that_does_not_fit_fails),
	};
	struct store_contract_tests tests = {.count = 0};

	store_contract_add_all(&tests, "_in_redis", set_up, tear_down);
	store_contract_add(&tests, own, ARRAY_LEN(own), "", set_up, tear_down);
	return store_contract_run(&tests, set_up_server, tear_down_server);
}
