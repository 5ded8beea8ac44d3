/* rediss: authorities, names, and clients' certificates. */
#include "auth/backends/redis/store_redis.h"
#include "base/clock.h"
#include "tests/support/certificate.h"
#include "tests/support/port.h"
#include "tests/support/redis_cluster.h"
#include "tests/support/scratch.h"
#include "tests/support/store_world.h"

#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

enum { PATIENCE_MS = 5000 };

struct tls_world {
	struct redis_server *server;
	char *folder, *ca_file, *other_ca_file, *key_file;
	char host[16];
	struct conf_endpoint at;
	struct conf conf;
};

static int begin(void **state, int wants_client)
{
	struct tls_world *w = mem_alloc(1, sizeof *w);
	unsigned port = port_take();

	w->folder = scratch_new();
	w->ca_file = certificate_make(w->folder, "server");
	w->other_ca_file = certificate_make(w->folder, "other");
	w->key_file = mem_printf("%s/server.key", w->folder);
	char *settings = certificate_settings(w->folder, "server", port, wants_client);
	w->server = redis_server_new(settings);
	free(settings);
	str_copy(STR("localhost"), w->host, sizeof w->host);
	w->at = (struct conf_endpoint){w->host, port};
	w->conf = (struct conf){.store_kind = CONF_STORE_REDIS,
		.redis = {.endpoints = &w->at,
			.endpoints_count = 1,
			.tls = true,
			.ca_file = w->ca_file}};
	*state = w;
	return 0;
}

static int set_up(void **state)
{
	return begin(state, 0);
}

static int set_up_for_known_clients(void **state)
{
	return begin(state, 1);
}

static int tear_down(void **state)
{
	struct tls_world *w = *state;

	redis_server_free(w->server);
	scratch_free(w->folder);
	free(w->ca_file);
	free(w->other_ca_file);
	free(w->key_file);
	free(w);
	return 0;
}

static struct store *open_tls(struct tls_world *w, char *ca_file, struct err *err)
{
	w->conf.redis.ca_file = ca_file;
	return store_redis_open(&w->conf, err);
}

static void on_session(void *arg, enum store_answer answer, struct store_session *session)
{
	(void)session;
	*(int *)arg = answer;
}

static void on_change(void *arg, enum store_change change)
{
	unsigned *told = arg;

	told[change]++;
}

static void all_three_connections_speak_tls(void **state)
{
	struct tls_world *w = *state;
	struct event_base *base = event_base_new();
	struct err err = {""};
	struct store *store = open_tls(w, w->ca_file, &err);
	int64_t until = clock_mono_ms() + PATIENCE_MS;
	unsigned told[2] = {0, 0};
	unsigned char key[DIGEST_LEN];
	int answer = STORE_FAILED;

	assert_string_equal(err.text, "");
	assert_non_null(store);
	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	memset(key, 1, sizeof key);
	struct store_reader *reader = store->ops->reader(store, base, NULL);
	assert_int_equal(store->ops->watch(store, base, on_change, told), 0);
	while ((answer != STORE_FOUND || told[STORE_IN_DOUBT] == 0) && clock_mono_ms() < until) {
		reader->ops->session_get(reader, key, on_session, &answer);
		event_base_loop(base, EVLOOP_ONCE);
	}
	assert_int_equal(answer, STORE_FOUND);
	assert_int_equal(store->ops->session_end(store, key), STORE_FOUND);
	while (told[STORE_TAKEN_AWAY] == 0 && clock_mono_ms() < until)
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(told[STORE_TAKEN_AWAY], 1);
	reader->ops->close(reader);
	store->ops->close(store);
	event_base_free(base);
}

static void unknown_authority_is_refused(void **state)
{
	struct tls_world *w = *state;
	struct err err = {""};

	assert_null(open_tls(w, w->other_ca_file, &err));
	assert_non_null(strstr(err.text, "certificate"));
}

static void certificate_for_another_name_is_refused(void **state)
{
	struct tls_world *w = *state;
	struct err err = {""};

	str_copy(STR("127.0.0.1"), w->host, sizeof w->host);
	assert_null(open_tls(w, w->ca_file, &err));
	assert_non_null(strstr(err.text, "certificate"));
}

static void server_name_says_whom_the_certificate_is_for(void **state)
{
	char right[] = "localhost", wrong[] = "elsewhere.example";
	struct tls_world *w = *state;
	struct err err = {""};

	str_copy(STR("127.0.0.1"), w->host, sizeof w->host);
	w->conf.redis.server_name = right;
	struct store *store = store_redis_open(&w->conf, &err);
	assert_string_equal(err.text, "");
	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	store->ops->close(store);
	w->conf.redis.server_name = wrong;
	assert_null(store_redis_open(&w->conf, &err));
	assert_non_null(strstr(err.text, "certificate"));
}

static void server_that_speaks_no_tls_is_a_reason(void **state)
{
	struct tls_world *w = *state;
	int64_t start = clock_mono_ms();
	struct err err = {""};

	w->at.port = w->server->port;
	assert_null(store_redis_open(&w->conf, &err));
	/* Redis waits for the line's end, or has one among the bytes of our hello and refuses it.
	 */
	if (!strstr(err.text, "no TLS handshake") && !strstr(err.text, "TLS fails"))
		fail_msg("%s", err.text);
	assert_in_range(clock_mono_ms() - start, 0, 1000);
}

static void silent_handshake_takes_little_of_anybodys_time(void **state)
{
	struct tls_world *w = *state;
	struct err err = {""};
	struct store *store = store_redis_open(&w->conf, &err);

	assert_non_null(store);
	redis_server_stop(w->server);
	assert_int_equal(store_world_get(store, 1), STORE_FAILED);
	for (int i = 0; i < 3; i++) {
		int64_t start = clock_mono_ms();
		assert_int_equal(store->ops->poll(store), STORE_FAILED);
		assert_in_range(clock_mono_ms() - start, 0, 350);
	}
	redis_server_continue(w->server);
	int64_t until = clock_mono_ms() + PATIENCE_MS;
	while (store->ops->poll(store) != STORE_FOUND && clock_mono_ms() < until)
		poll(NULL, 0, 50);
	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	store->ops->close(store);
}

/* --- who we are --- */

static void server_gets_the_certificate_that_it_wants(void **state)
{
	struct tls_world *w = *state;
	struct err err = {""};

	assert_null(store_redis_open(&w->conf, &err));
	assert_non_null(strstr(err.text, "TLS fails"));
	w->conf.redis.client_certificate = w->ca_file;
	w->conf.redis.client_key = w->key_file;
	struct store *store = store_redis_open(&w->conf, &err);
	assert_non_null(store);
	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	store->ops->close(store);
}

static void key_of_another_certificate_or_for_everybody_is_refused(void **state)
{
	struct tls_world *w = *state;
	struct err err = {""};

	w->conf.redis.client_certificate = w->other_ca_file;
	w->conf.redis.client_key = w->key_file;
	assert_null(store_redis_open(&w->conf, &err));
	assert_non_null(strstr(err.text, "the key is not its own"));
	w->conf.redis.client_certificate = w->ca_file;
	assert_int_equal(chmod(w->key_file, 0644), 0);
	assert_null(store_redis_open(&w->conf, &err));
	assert_non_null(strstr(err.text, "can be read by everybody"));
}

static void copy_file(const char *from, const char *to)
{
	char *command = mem_printf("cp %s %s.new && mv %s.new %s", from, to, to, to);

	assert_int_equal(system(command), 0);
	free(command);
}

static void files_that_are_replaced_count_from_the_next_connection_on(void **state)
{
	struct tls_world *w = *state;
	struct err err = {""};
	char *ca_file = mem_printf("%s/ca.pem", w->folder);

	copy_file(w->ca_file, ca_file);
	struct store *store = open_tls(w, ca_file, &err);
	assert_non_null(store);
	copy_file(w->other_ca_file, ca_file);
	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	redis_server_do(w->server, "CLIENT KILL TYPE normal SKIPME yes");
	assert_int_equal(store_world_get(store, 1), STORE_FAILED);
	assert_int_equal(store->ops->poll(store), STORE_FAILED);
	copy_file(w->ca_file, ca_file);
	int64_t until = clock_mono_ms() + PATIENCE_MS;
	while (store->ops->poll(store) != STORE_FOUND && clock_mono_ms() < until)
		poll(NULL, 0, 50);
	assert_int_equal(store_world_get(store, 1), STORE_FOUND);
	store->ops->close(store);
	free(ca_file);
}

/* --- sentinels and clusters --- */

static void sentinels_are_asked_by_tls_too(void **state)
{
	char gate[] = "gate", name[] = "localhost";
	struct tls_world *w = *state;
	unsigned port = port_take();
	struct err err = {""};
	char *tls = certificate_settings(w->folder, "server", port, 0);
	char *settings = mem_printf(
		"%stls-replication yes\nsentinel monitor gate 127.0.0.1 %u 1\n", tls, w->at.port);
	struct redis_server *sentinel = redis_server_new_sentinel(settings);

	w->at.port = port;
	w->conf.redis.master_name = gate;
	assert_null(store_redis_open(&w->conf, &err)); /* the master is an address to them */
	assert_non_null(strstr(err.text, "certificate"));
	w->conf.redis.server_name = name;
	struct store *store = store_redis_open(&w->conf, &err);
	assert_non_null(store);
	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	store->ops->close(store);
	redis_server_free(sentinel);
	free(settings);
	free(tls);
}

static void nodes_of_a_cluster_are_asked_by_tls_too(void **state)
{
	char name[] = "localhost";
	struct tls_world *w = *state;
	struct redis_nodes *nodes = redis_nodes_new_tls(w->folder, "server");
	struct err err = {""};

	w->conf = redis_nodes_conf(nodes);
	w->conf.redis.tls = true;
	w->conf.redis.ca_file = w->ca_file;
	w->conf.redis.server_name = name;
	w->conf.redis.endpoints_count = 1;
	for (unsigned i = 0; i < CLUSTER_NODES; i++) {
		w->conf.redis.endpoints = &nodes->endpoints[i];
		struct store *store = store_redis_open(&w->conf, &err);
		assert_non_null(store);
		assert_int_equal(store_world_open(store, (unsigned char)i), STORE_FOUND);
		store->ops->close(store);
	}
	redis_nodes_free(nodes);
}

static void s211_node_that_a_cluster_names_shows_a_good_certificate_or_gets_no_password(
	void **state)
{
	static char name[] = "localhost", password[] = "open-sesame";
	struct tls_world *w = *state;
	struct redis_nodes *nodes = redis_nodes_new_tls(w->folder, "server");
	unsigned other = (nodes->owner + 1) % CLUSTER_MASTERS;
	struct conf_endpoint at = {name, nodes->ports[other]};
	struct err err = {""};

	redis_server_do(nodes->at[nodes->owner], "CONFIG RESETSTAT");
	for (unsigned i = 0; i < CLUSTER_NODES; i++)
		redis_nodes_do(nodes, i, "ACL SETUSER default resetpass >%s", password);
	redis_server_password(nodes->at[nodes->owner], password);
	w->conf = redis_nodes_conf(nodes);
	w->conf.redis.tls = true;
	w->conf.redis.ca_file = w->ca_file;
	w->conf.redis.password.value = password;
	w->conf.redis.endpoints = &at;
	w->conf.redis.endpoints_count = 1;
	assert_null(store_redis_open(&w->conf, &err)); /* it is named by its address */
	redisReply *stat = redis_server_ask(nodes->at[nodes->owner], "INFO commandstats");
	assert_non_null(strstr(stat->str, "cmdstat_auth:calls=1,")); /* the test's own */
	freeReplyObject(stat);
	w->conf.redis.server_name = name;
	struct store *store = store_redis_open(&w->conf, &err);
	assert_non_null(store);
	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	store->ops->close(store);
	redis_nodes_free(nodes);
}

#define ON_TLS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define KNOWN(test)  cmocka_unit_test_setup_teardown(test, set_up_for_known_clients, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TLS(all_three_connections_speak_tls),
		ON_TLS(unknown_authority_is_refused),
		ON_TLS(certificate_for_another_name_is_refused),
		ON_TLS(server_name_says_whom_the_certificate_is_for),
		ON_TLS(server_that_speaks_no_tls_is_a_reason),
		ON_TLS(silent_handshake_takes_little_of_anybodys_time),
		KNOWN(server_gets_the_certificate_that_it_wants),
		KNOWN(key_of_another_certificate_or_for_everybody_is_refused),
		ON_TLS(files_that_are_replaced_count_from_the_next_connection_on),
		ON_TLS(sentinels_are_asked_by_tls_too),
		ON_TLS(nodes_of_a_cluster_are_asked_by_tls_too),
		ON_TLS(s211_node_that_a_cluster_names_shows_a_good_certificate_or_gets_no_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
