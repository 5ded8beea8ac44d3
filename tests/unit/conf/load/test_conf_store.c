/* Where records are kept, as one URL. */
#include "tests/support/conf_probe.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#define END                                                                                        \
	"redis+unix:///path/of/redis.sock?db=0; with TLS rediss://, rediss+sentinel:// and "       \
	"rediss+cluster://"
#define A "clusters: [{name: a, masters: [http://m:8080]}]\n"

static struct conf *with_store(const char *url)
{
	char *text = mem_printf(A "store: '%s'\n", url);
	struct conf *conf = conf_probe_load(text);

	free(text);
	conf_probe_assert_round_trip(conf);
	return conf;
}

/* What --print-config makes of a store's URL is `want`. */
static void assert_printed_as(const char *url, const char *want)
{
	struct conf *conf = with_store(url);
	char *text = conf_probe_print(conf), *line = mem_printf("\nstore: \"%s\"\n", want);

	if (strstr(text, line) == NULL)
		fail_msg("%s is not printed as %s", url, want);
	free(text);
	free(line);
	conf_unref(conf);
}

static void redis_has_a_host_a_port_a_database_and_a_user(void **state)
{
	struct conf *conf = with_store("redis://gate@Cache.example:7000/3");
	const struct conf_redis *redis = &conf->redis;

	(void)state;
	assert_int_equal(conf->store_kind, CONF_STORE_REDIS);
	assert_null(conf->store_path);
	assert_null(conf->data_dir);
	assert_int_equal(redis->endpoints_count, 1);
	assert_string_equal(redis->endpoints[0].host, "Cache.example");
	assert_int_equal(redis->endpoints[0].port, 7000);
	assert_string_equal(redis->user, "gate");
	assert_int_equal(redis->database, 3);
	assert_false(redis->tls);
	assert_null(redis->master_name);
	assert_null(redis->socket_path);
	conf_unref(conf);
}

static void what_a_redis_url_leaves_out_is_the_usual(void **state)
{
	(void)state;
	assert_printed_as("redis://h", "redis://h/0");
	assert_printed_as("redis://h/", "redis://h/0");
	assert_printed_as("redis://h:6379/0", "redis://h/0");
	assert_printed_as("redis://u@h:6380", "redis://u@h:6380/0");
	assert_printed_as("redis://[::1]:6379/2", "redis://[::1]/2");
	assert_printed_as("redis://[fd00::1]:7000", "redis://[fd00::1]:7000/0");
	assert_printed_as(
		"redis+sentinel://a,b:26379,[::1]:5/m", "redis+sentinel://a,b,[::1]:5/m/0");
	assert_printed_as("rediss+sentinel://a,b/m/2", "rediss+sentinel://a,b/m/2");
	assert_printed_as("redis+cluster://u@a,b:6379,[::1]:7/0", "redis+cluster://u@a,b,[::1]:7");
	assert_printed_as("rediss+cluster://a/", "rediss+cluster://a");
	assert_printed_as("unix:///run/redis.sock", "redis+unix:///run/redis.sock?db=0");
	assert_printed_as("unix://u@/run/redis.sock?db=4", "redis+unix://u@/run/redis.sock?db=4");
}

static void rediss_is_redis_with_tls(void **state)
{
	struct conf *conf = with_store("rediss://h/1");

	(void)state;
	assert_true(conf->redis.tls);
	assert_int_equal(conf->redis.endpoints[0].port, 6379);
	conf_unref(conf);
}

static void sentinels_and_clusters_may_have_tls(void **state)
{
	struct conf *conf = with_store("rediss+cluster://u@n1,n2:7000");

	(void)state;
	assert_true(conf->redis.tls);
	assert_true(conf->redis.is_cluster);
	assert_int_equal(conf->redis.endpoints_count, 2);
	assert_int_equal(conf->redis.endpoints[1].port, 7000);
	assert_string_equal(conf->redis.user, "u");
	conf_unref(conf);
	conf = with_store("rediss+sentinel://a/m");
	assert_true(conf->redis.tls);
	assert_false(conf->redis.is_cluster);
	conf_unref(conf);
}

static void sentinels_name_the_server(void **state)
{
	struct conf *conf = with_store("redis+sentinel://u@s1,[::1]:5000,10.0.0.3:26380/main-1/7");
	const struct conf_redis *redis = &conf->redis;

	(void)state;
	assert_int_equal(redis->endpoints_count, 3);
	assert_string_equal(redis->endpoints[0].host, "s1");
	assert_int_equal(redis->endpoints[0].port, 26379);
	assert_string_equal(redis->endpoints[1].host, "::1");
	assert_int_equal(redis->endpoints[1].port, 5000);
	assert_string_equal(redis->endpoints[2].host, "10.0.0.3");
	assert_string_equal(redis->master_name, "main-1");
	assert_string_equal(redis->user, "u");
	assert_int_equal(redis->database, 7);
	conf_unref(conf);
}

static void unix_socket_is_a_path(void **state)
{
	static const char *const urls[] = {
		"redis+unix:///run/redis/redis.sock?db=2", "unix:///run/redis/redis.sock?db=2"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		struct conf *conf = with_store(urls[i]);
		assert_string_equal(conf->redis.socket_path, "/run/redis/redis.sock");
		assert_int_equal(conf->redis.database, 2);
		assert_int_equal(conf->redis.endpoints_count, 0);
		assert_null(conf->redis.user);
		conf_unref(conf);
	}
}

static void password_in_the_url_is_refused_and_not_shown(void **state)
{
	static const char *const urls[] = {"redis://u:hunter2@h/0", "redis://:hunter2@h:6379/0",
		"rediss://u:hunter2@h", "redis://u:hun@ter2@h", "redis://u:hunter2/x@h/0",
		"redis+sentinel://:hunter2@a,b/m/0", "unix://u:hunter2@/run/s",
		"redis+unix:///run/s?password=hunter2",
		"redis+unix:///run/s?db=0&password=hunter2"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		char *text = mem_printf(A "store: '%s'\n", urls[i]);
		const struct conf_refusal row = {text, "sg.yaml:2:1: key \"store\": got \"..."};
		conf_probe_assert_refused(&row, 1);
		char *message = conf_probe_message(text);
		assert_null(strstr(message, "hunter2"));
		assert_null(strstr(message, "ter2@"));
		if (i != 4) /* there the password looks like a port and a path */
			assert_non_null(strstr(message, "store_password_file"));
		free(message);
		free(text);
	}
}

static void url_that_is_no_store_is_refused(void **state)
{
	static const struct {
		const char *url, *why;
	} rows[] = {
		{"redis://", "the host is missing)"},
		{"redis:///0", "the host is missing)"},
		{"redis://h:0", "a port is 1 to 65535)"},
		{"redis://h:65536", "a port is 1 to 65535)"},
		{"redis://h:", "a port is 1 to 65535)"},
		{"redis://h:+1", "a port is 1 to 65535)"},
		{"redis://h_h!/0", "a host is a name, an address, or [an IPv6 address])"},
		{"redis://[::1/0", "a port is 1 to 65535)"},
		{"redis://[::1%25lo]/0", "a host is a name, an address, or [an IPv6 address])"},
		{"redis://[]/0", "a host is a name, an address, or [an IPv6 address])"},
		{"redis://::1/0", "a port is 1 to 65535)"},
		{"redis://h/x", "the database is a number up to 65535)"},
		{"redis://h/0/", "the database is a number up to 65535)"},
		{"redis://h/0?db=1", "the database is a number up to 65535)"},
		{"redis://h/65536", "the database is a number up to 65535)"},
		{"redis://a,b/0", "one host; several are sentinels (redis+sentinel://) or nodes of "
				  "a cluster (redis+cluster://))"},
		{"redis://@h/0", "a user is letters, digits and -._~+)"},
		{"redis://a b@h/0", "a user is letters, digits and -._~+)"},
		{"redis+sentinel://a", "the sentinels' name of the server follows the hosts: "
				       "redis+sentinel://a,b,c/name/0)"},
		{"redis+sentinel://a,,b/m/0",
			"a host is a name, an address, or [an IPv6 address])"},
		{"redis+sentinel:///m/0", "the host is missing)"},
		{"redis+sentinel://1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17/m/0",
			"at most 16 hosts)"},
		{"redis+unix://", "the socket's path begins with '/')"},
		{"redis+unix://h/run/s", "no host before a socket's path)"},
		{"redis+unix:///",
			"a socket's path is letters, digits and -._~+@:,= up to 107 bytes)"},
		{"redis+unix:///run/%20",
			"a socket's path is letters, digits and -._~+@:,= up to 107 bytes)"},
		{"redis+unix:///run/s?x=1", "behind the socket's path may stand ?db=0 only)"},
		{"redis+unix:///run/s?db=-1", "the database is a number up to 65535)"},
		{"redis+cluster://a,b/1", "a cluster has database 0 alone)"},
		{"redis+cluster:///0", "the host is missing)"},
		{"rediss+unix:///run/s", END},
		{"Redis://h/0", END},
		{"sqlite:state.db", END},
		{"sqlite:///x", END},
		{"memory", END},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = mem_printf(A "store: '%s'\n", rows[i].url);
		char *message = conf_probe_message(text);
		if (!str_ends(str_of(message), str_of(rows[i].why)))
			fail_msg("%s: %s", rows[i].url, message);
		free(message);
		free(text);
	}
}

static void files_of_another_store_are_refused(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "store_password_file: /p\n", "sg.yaml:2:1: key \"store_password_file\": got "
						"\"/p\", expected a store that "
						"has a password: redis://, ..."},
		{A "store: 'memory:'\nstore_password_file: /p\n",
			"sg.yaml:3:1: key \"store_password_file\": got \"/p\", expected ..."},
		{A "store: redis://h\nstore_sentinel_password_file: /p\n",
			"sg.yaml:3:1: key \"store_sentinel_password_file\": got \"/p\", expected a "
			"store of sentinels: redis+sentinel://"},
		{A "store: redis://h\nstore_ca_file: /p\n",
			"sg.yaml:3:1: key \"store_ca_file\": got \"/p\", expected a store with "
			"TLS: "
			"rediss://"},
		{A "store: redis+cluster://h\nstore_server_name: h\n",
			"sg.yaml:3:1: key \"store_server_name\": got \"h\", expected a store with "
			"TLS: rediss://"},
		{A "store: rediss://h\nstore_client_key: /k\n",
			"sg.yaml:1:1: key \"store_client_certificate\": expected the file with "
			"the key's certificate"},
		{A "store: rediss://h\nstore_server_name: 'a b'\n",
			"sg.yaml:3:1: key \"store_server_name\": got \"a b\", expected a host's "
			"name, its address, or [its IPv6 address]"},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
	conf_unref(conf_probe_load(A "store: redis+sentinel://a/m\nstore_password_file: /p\n"
				     "store_sentinel_password_file: /q\n"));
	conf_unref(conf_probe_load(A "store: rediss://a\nstore_ca_file: /p\n"));
	conf_unref(conf_probe_load(
		A "store: rediss+cluster://a\nstore_client_certificate: /c\nstore_client_key: /k\n"
		  "store_server_name: redis.example\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(redis_has_a_host_a_port_a_database_and_a_user),
		cmocka_unit_test(what_a_redis_url_leaves_out_is_the_usual),
		cmocka_unit_test(rediss_is_redis_with_tls),
		cmocka_unit_test(sentinels_and_clusters_may_have_tls),
		cmocka_unit_test(sentinels_name_the_server),
		cmocka_unit_test(unix_socket_is_a_path),
		cmocka_unit_test(password_in_the_url_is_refused_and_not_shown),
		cmocka_unit_test(url_that_is_no_store_is_refused),
		cmocka_unit_test(files_of_another_store_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
