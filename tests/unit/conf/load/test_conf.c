/* The configuration as a file: what it becomes, with its defaults, and how it is printed back. */
#include "base/log/log.h"
#include "proxy/front/front.h"
#include "tests/support/conf_probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define ONE_CLUSTER "clusters: [{name: a, masters: [http://10.0.0.1:8080]}]\n"

static void defaults_are_those_of_the_documentation(void **state)
{
	struct conf *conf = conf_probe_load(ONE_CLUSTER);

	(void)state;
	assert_string_equal(conf->server.text, "127.0.0.1:8480");
	assert_string_equal(conf->server.origin, "http://127.0.0.1:8480");
	assert_string_equal(conf->server.base, "");
	assert_string_equal(conf->admin.origin, "http://127.0.0.1:8481");
	assert_in_range(conf->threads, 1, 256);
	assert_int_equal(conf->front, FRONT_DIRECT);
	assert_true(conf->http2);
	assert_false(conf->h2c);
	assert_int_equal(conf->limit_head, 16 * 1024);
	assert_int_equal(conf->limit_body, 1024 * 1024);
	assert_int_equal(conf->limit_memory, 64 * 1024 * 1024);
	assert_int_equal(conf->limit_static_files, 64 * 1024 * 1024);
	assert_int_equal(conf->limit_connections, 10000);
	assert_int_equal(conf->limit_head_timeout_ms, 10000);
	assert_int_equal(conf->limit_tunnel_idle_ms, 600000);
	assert_int_equal(conf->limit_unready_ms, 0);
	assert_false(conf->insecure_http);
	assert_int_equal(conf->store_kind, CONF_STORE_SQLITE);
	assert_string_equal(conf->store_path, "/var/lib/sparkgate/state.db");
	assert_string_equal(conf->data_dir, "/var/lib/sparkgate");
	assert_int_equal(conf->session_idle_s, 1800);
	assert_int_equal(conf->session_max_s, 43200);
	assert_int_equal(conf->access_ttl_s.def, 3600);
	assert_int_equal(conf->access_ttl_s.max, 30 * 86400);
	assert_int_equal(conf->refresh_ttl_s.def, 7 * 86400);
	assert_int_equal(conf->refresh_ttl_s.max, 90 * 86400);
	assert_int_equal(conf->registration_ttl_s, 86400);
	assert_int_equal(conf->tokens_per_user, 10);
	assert_int_equal(conf->log_level, LOG_INFO);
	assert_true(conf->log_access);
	assert_null(conf->log_gelf.host);
	assert_int_equal(conf->clusters[0].poll_ms, 2000);
	conf_unref(conf);
}

static void evhttp_is_the_front_of_who_asks_for_it(void **state)
{
	struct conf *conf = conf_probe_load("server: {front: evhttp}\n" ONE_CLUSTER);

	(void)state;
	assert_int_equal(conf->front, FRONT_EVHTTP);
	conf_unref(conf);
}

static void cluster_lists_its_masters_history_and_uis(void **state)
{
	struct conf *conf =
		conf_probe_load("clusters:\n"
				"  - name: prod\n"
				"    masters: [http://m1:8080, 'https://m2/']\n"
				"    history: http://h:18080\n"
				"    uis: [{name: hdfs, url: http://n:9870/x}]\n"
				"    networks: [10.0.0.0/8, fd00::/8]\n"
				"    poll: 500ms\n"
				"  - {name: other, uis: [{name: hdfs, url: http://n:9870}]}\n");
	const struct conf_cluster *c = conf_find_cluster(conf, STR("prod"));

	(void)state;
	assert_int_equal(conf->clusters_count, 2);
	assert_ptr_equal(c, &conf->clusters[0]);
	assert_int_equal(c->masters_count, 2);
	assert_string_equal(c->masters[0].host, "m1");
	assert_int_equal(c->masters[1].port, 443);
	assert_int_equal(c->history_count, 1);
	assert_int_equal(c->history[0].port, 18080);
	assert_string_equal(c->uis[0].name, "hdfs");
	assert_string_equal(c->uis[0].url.path, "/x");
	assert_int_equal(c->networks_count, 2);
	assert_int_equal(c->poll_ms, 500);
	assert_int_equal(conf->clusters[1].history_count, 0);
	assert_null(conf_find_cluster(conf, STR("pro")));
	conf_unref(conf);
}

static void several_history_servers_are_a_list(void **state)
{
	struct conf *conf = conf_probe_load(
		"clusters: [{name: a, history: ['http://new:18080', 'http://old:18080']}]\n");

	(void)state;
	assert_int_equal(conf->clusters[0].history_count, 2);
	assert_string_equal(conf->clusters[0].history[0].host, "new");
	assert_string_equal(conf->clusters[0].history[1].host, "old");
	conf_unref(conf);
}

static void bearer_issuer_has_its_audience_and_default_algorithms(void **state)
{
	struct conf *conf =
		conf_probe_load(ONE_CLUSTER "auth:\n"
					    "  bearer:\n"
					    "    - issuer: https://idp.example/realms/x\n"
					    "      audience: [spark, other]\n"
					    "    - issuer: http://127.0.0.1:9000\n"
					    "      insecure_no_audience: true\n"
					    "      algorithms: [EdDSA]\n"
					    "      jwks_url: http://localhost:9000/keys?p=1\n"
					    "  roles: {claim: a.b, admin: [root], user: [u, v]}\n");

	(void)state;
	assert_int_equal(conf->bearer_count, 2);
	assert_int_equal(conf->bearer[0].audience.count, 2);
	assert_string_equal(conf->bearer[0].audience.at[1], "other");
	assert_int_equal(conf->bearer[0].algorithms.count, 2);
	assert_string_equal(conf->bearer[0].algorithms.at[0], "RS256");
	assert_string_equal(conf->bearer[0].algorithms.at[1], "ES256");
	assert_null(conf->bearer[0].jwks_url);
	assert_string_equal(conf->bearer[1].jwks_url, "http://localhost:9000/keys?p=1");
	assert_string_equal(conf->bearer[1].algorithms.at[0], "EdDSA");
	assert_true(conf->bearer[1].insecure_no_audience);
	assert_string_equal(conf->roles_claim, "a.b");
	assert_string_equal(conf->roles_admin.at[0], "root");
	assert_int_equal(conf->roles_user.count, 2);
	conf_unref(conf);
}

static void public_url_gives_origin_and_base(void **state)
{
	struct conf *conf = conf_probe_load(ONE_CLUSTER
		"server: {listen: '0.0.0.0:8480', public_url: 'https://Spark.Example/a/b'}\n");

	(void)state;
	assert_string_equal(conf->server.origin, "https://spark.example");
	assert_string_equal(conf->server.base, "/a/b");
	assert_string_equal(conf->server.public_url.path, "/a/b/");
	conf_unref(conf);
}

static void app_origins_are_a_host_below_which_applications_have_names(void **state)
{
	struct conf *conf =
		conf_probe_load(ONE_CLUSTER "server: {public_url: 'https://gw.example:8443/a', "
					    "app_origins: 'HTTPS://{id}.Apps.Example:8443'}\n");
	char *text = conf_probe_print(conf);

	(void)state;
	assert_string_equal(conf->server.apps.host, "apps.example");
	assert_true(conf->server.apps.tls);
	assert_int_equal(conf->server.apps.port, 8443);
	assert_non_null(strstr(text, "app_origins: \"https://{id}.apps.example:8443/\"\n"));
	conf_unref(conf);
	conf_unref(conf_probe_load(text));
	free(text);
	conf = conf_probe_load(
		ONE_CLUSTER "server: {app_origins: 'http://{id}.localhost:8480/'}\n");
	assert_string_equal(conf->server.apps.host, "localhost");
	conf_unref(conf);
}

static void port_zero_is_left_for_the_listener_to_choose(void **state)
{
	struct conf *conf = conf_probe_load(
		ONE_CLUSTER "server: {listen: '[::1]:0'}\nadmin: {listen: '[::1]:0'}\n");
	char *text = conf_probe_print(conf);

	(void)state;
	assert_int_equal(conf->server.addr.ss_family, AF_INET6);
	assert_int_equal(conf->server.addr_len, sizeof(struct sockaddr_in6));
	assert_int_equal(conf->server.public_url.port, 0);
	assert_string_equal(conf->server.public_url.host, "::1");
	assert_null(strstr(text, "public_url"));
	conf_unref(conf);
	conf_unref(conf_probe_load(text));
	free(text);
}

static void memory_store_has_no_folder(void **state)
{
	struct conf *conf = conf_probe_load(ONE_CLUSTER "store: 'memory:'\n");

	(void)state;
	assert_int_equal(conf->store_kind, CONF_STORE_MEMORY);
	assert_null(conf->store_path);
	assert_null(conf->data_dir);
	conf_unref(conf);
}

static void group_with_all_its_keys_commented_out_is_empty(void **state)
{
	struct conf *conf =
		conf_probe_load(ONE_CLUSTER "log:\n  # level: debug\nauth:\n  bearer:\n");

	(void)state;
	assert_int_equal(conf->log_level, LOG_INFO);
	assert_int_equal(conf->bearer_count, 0);
	conf_unref(conf);
}

static void conf_lives_until_its_last_reference(void **state)
{
	struct conf *conf = conf_probe_load(ONE_CLUSTER);

	(void)state;
	assert_ptr_equal(conf_ref(conf), conf);
	conf_unref(conf);
	assert_string_equal(conf->clusters[0].name, "a");
	conf_unref(conf);
	conf_unref(NULL);
}

static void shipped_files_load_and_print_to_what_loads_the_same(void **state)
{
	static const char *const files[] = {
		"conf/sparkgate.example.yaml", "conf/sparkgate.minimal.yaml"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct err err = {""};
		struct conf *conf = conf_load(files[i], &err);
		assert_string_equal(err.text, "");
		assert_string_equal(conf->file, files[i]);
		char *once = conf_probe_print(conf);
		struct conf *again = conf_probe_load(once);
		char *twice = conf_probe_print(again);
		assert_string_equal(once, twice);
		conf_unref(conf);
		conf_unref(again);
		free(once);
		free(twice);
	}
}

static void lines_may_go_to_graylog_as_well(void **state)
{
	static const struct {
		const char *text, *host;
		unsigned port;
	} rows[] = {{"udp://graylog:12201", "graylog", 12201},
		{"udp://Logs.example", "logs.example", 12201},
		{"udp://10.0.0.1:80", "10.0.0.1", 80}, {"udp://[::1]", "::1", 12201},
		{"udp://[::1]:65535", "::1", 65535}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = mem_printf(ONE_CLUSTER "log: {gelf: '%s'}\n", rows[i].text);
		struct conf *conf = conf_probe_load(text);
		assert_string_equal(conf->log_gelf.host, rows[i].host);
		assert_int_equal(conf->log_gelf.port, rows[i].port);
		conf_probe_assert_round_trip(conf);
		conf_unref(conf);
		free(text);
	}
}

static void printing_fills_in_defaults(void **state)
{
	struct conf *conf =
		conf_probe_load(ONE_CLUSTER "session: {idle: 90s}\nstore: 'sqlite:/x y/\"z.db'\n");
	char *text = conf_probe_print(conf);

	(void)state;
	assert_non_null(strstr(text, "\n    head: 16KiB\n"));
	assert_non_null(strstr(text, "\n  idle: 90s\n  max: 12h\n"));
	assert_non_null(
		strstr(text, "\n  - name: \"a\"\n    masters: [\"http://10.0.0.1:8080/\"]\n"));
	assert_non_null(strstr(text, "\n    default: 1h\n    max: 30d\n"));
	assert_non_null(strstr(text, "\nstore: \"sqlite:/x y/\\\"z.db\"\n"));
	conf_unref(conf);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_documentation),
		cmocka_unit_test(evhttp_is_the_front_of_who_asks_for_it),
		cmocka_unit_test(cluster_lists_its_masters_history_and_uis),
		cmocka_unit_test(several_history_servers_are_a_list),
		cmocka_unit_test(bearer_issuer_has_its_audience_and_default_algorithms),
		cmocka_unit_test(public_url_gives_origin_and_base),
		cmocka_unit_test(app_origins_are_a_host_below_which_applications_have_names),
		cmocka_unit_test(port_zero_is_left_for_the_listener_to_choose),
		cmocka_unit_test(memory_store_has_no_folder),
		cmocka_unit_test(group_with_all_its_keys_commented_out_is_empty),
		cmocka_unit_test(conf_lives_until_its_last_reference),
		cmocka_unit_test(shipped_files_load_and_print_to_what_loads_the_same),
		cmocka_unit_test(lines_may_go_to_graylog_as_well),
		cmocka_unit_test(printing_fills_in_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
