/* Configuration from SPARKGATE_* variables and from the command line. */
#include "conf/conf.h"
#include "conf/load/env.h"
#include "conf/load/load.h"
#include "conf/load/yaml_tree.h"

#include "base/log/log.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

/* A conf of one cluster with these variables, or NULL and err. */
static struct conf *with_env(const char *const *variables, struct err *err)
{
	struct str text = STR("clusters: [{name: a, masters: [http://m:8080]}]\n"
			      "server: {listen: '127.0.0.1:1000'}\nlog:\n");
	struct yaml_node *root = yaml_tree_parse("sg.yaml", text, err);
	char *copies[9] = {NULL};
	size_t count = 0;

	for (; variables[count]; count++)
		copies[count] = mem_strdup(variables[count]);
	int rc = load_env(root, copies, err);
	while (count > 0)
		free(copies[--count]);
	if (rc == 0)
		return load_tree("sg.yaml", root, err);
	yaml_tree_free(root);
	return NULL;
}

static void assert_env_refused(const char *variable, const char *message)
{
	const char *const variables[] = {variable, NULL};
	struct err err = {""};

	assert_null(with_env(variables, &err));
	assert_string_equal(err.text, message);
}

static void variables_override_scalars(void **state)
{
	const char *const variables[] = {"SPARKGATE_SERVER_LISTEN=[::1]:2000",
		"SPARKGATE_LOG_LEVEL=debug", "SPARKGATE_TOKENS_ACCESS_TTL_DEFAULT=5m",
		"SPARKGATE_STORE=memory:", "SPARKGATE_SERVER_LIMITS_HEAD_TIMEOUT=2s", "OTHER=x",
		"SPARKGATE", "SPARKGATE_LOG_GELF=udp://graylog", NULL};
	struct err err = {""};
	struct conf *conf = with_env(variables, &err);

	(void)state;
	assert_string_equal(err.text, "");
	assert_string_equal(conf->server.text, "[::1]:2000");
	assert_int_equal(conf->log_level, LOG_DEBUG);
	assert_int_equal(conf->access_ttl_s.def, 300);
	assert_int_equal(conf->store_kind, CONF_STORE_MEMORY);
	assert_int_equal(conf->limit_head_timeout_ms, 2000);
	assert_string_equal(conf->log_gelf.host, "graylog");
	conf_unref(conf);
}

static void wrong_variable_is_named_in_the_message(void **state)
{
	(void)state;
	assert_env_refused("SPARKGATE_LOG_LEVEL=loud",
		"SPARKGATE_LOG_LEVEL: key \"log.level\": got \"loud\", expected one of debug, "
		"info, warn, "
		"error");
	assert_env_refused("SPARKGATE_SERVER_LISEN=x",
		"SPARKGATE_SERVER_LISEN: unknown key, did you "
		"mean SPARKGATE_SERVER_LISTEN?");
	assert_env_refused("SPARKGATE_CLUSTERS=x",
		"SPARKGATE_CLUSTERS: unknown key, did you mean SPARKGATE_STORE?");
	assert_env_refused("SPARKGATE_LOG_GELF=tcp://graylog:12201",
		"SPARKGATE_LOG_GELF: key \"log.gelf\": got \"tcp://graylog:12201\", expected "
		"udp://host or udp://host:port, such as udp://graylog:12201 (the scheme is "
		"another)");
}

static void variables_that_kubernetes_adds_for_a_service_are_left_alone(void **state)
{
	const char *const variables[] = {"SPARKGATE_SERVICE_HOST=10.96.0.1",
		"SPARKGATE_SERVICE_PORT=8480", "SPARKGATE_SERVICE_PORT_HTTP=8480",
		"SPARKGATE_PORT=tcp://10.96.0.1:8480",
		"SPARKGATE_PORT_8480_TCP=tcp://10.96.0.1:8480",
		"SPARKGATE_PORT_8480_TCP_ADDR=10.96.0.1", "SPARKGATE_ADMIN_SERVICE_HOST=10.96.0.2",
		"SPARKGATE_ADMIN_PORT=tcp://10.96.0.2:1", NULL};
	struct err err = {""};
	struct conf *conf = with_env(variables, &err);

	(void)state;
	assert_string_equal(err.text, "");
	conf_unref(conf);
	assert_env_refused("SPARKGATE_PORT=8480",
		"SPARKGATE_PORT: unknown key, did you mean SPARKGATE_STORE?");
}

static struct conf *from_flags(const struct conf_flags *flags)
{
	struct err err = {""};
	struct conf *conf = conf_from_flags(flags, &err);

	if (conf == NULL)
		fail_msg("%s", err.text);
	return conf;
}

static void assert_flags_refused(const struct conf_flags *flags, const char *message)
{
	struct err err = {""};

	assert_null(conf_from_flags(flags, &err));
	assert_string_equal(err.text, message);
}

static void flags_make_one_local_cluster(void **state)
{
	struct conf *conf =
		from_flags(&(struct conf_flags){.master = "http://m1:8080,http://m2:8080",
			.history = "http://h:18080",
			.listen = "127.0.0.1:9000",
			.data = "/data"});

	(void)state;
	assert_null(conf->file);
	assert_int_equal(conf->clusters_count, 1);
	assert_string_equal(conf->clusters[0].name, "local");
	assert_int_equal(conf->clusters[0].masters_count, 2);
	assert_string_equal(conf->clusters[0].masters[1].host, "m2");
	assert_int_equal(conf->clusters[0].history_count, 1);
	assert_string_equal(conf->server.origin, "http://127.0.0.1:9000");
	assert_string_equal(conf->admin.text, "127.0.0.1:9001");
	assert_string_equal(conf->store_path, "/data/state.db");
	assert_string_equal(conf->data_dir, "/data");
	conf_unref(conf);
}

static void flags_with_port_zero_leave_both_ports_open(void **state)
{
	struct conf *conf =
		from_flags(&(struct conf_flags){.master = "http://m:8080", .listen = "[::1]:0"});

	(void)state;
	assert_string_equal(conf->admin.text, "[::1]:0");
	conf_unref(conf);
}

static void admin_of_the_last_port_is_the_one_before(void **state)
{
	struct conf *conf = from_flags(
		&(struct conf_flags){.master = "http://m:8080", .listen = "localhost:65535"});

	(void)state;
	assert_string_equal(conf->admin.text, "127.0.0.1:65534");
	conf_unref(conf);
}

static void data_folder_follows_xdg_and_relative_paths_the_current_folder(void **state)
{
	char cwd[4096], want[4200];
	struct conf_flags flags = {.history = "http://h:18080"};

	(void)state;
	setenv("HOME", "/home/x", 1);
	unsetenv("XDG_STATE_HOME");
	struct conf *conf = from_flags(&flags);
	assert_string_equal(conf->data_dir, "/home/x/.local/state/sparkgate");
	assert_string_equal(conf->server.text, "127.0.0.1:8480");
	assert_string_equal(conf->admin.text, "127.0.0.1:8481");
	conf_unref(conf);

	setenv("XDG_STATE_HOME", "/state", 1);
	conf = from_flags(&flags);
	assert_string_equal(conf->data_dir, "/state/sparkgate");
	conf_unref(conf);

	flags.data = "here";
	conf = from_flags(&flags);
	snprintf(want, sizeof want, "%s/here", getcwd(cwd, sizeof cwd));
	assert_string_equal(conf->data_dir, want);
	conf_unref(conf);
}

static void wrong_flag_is_named_in_the_message(void **state)
{
	(void)state;
	assert_flags_refused(&(struct conf_flags){.data = "/d"},
		"--master: missing, expected the web address "
		"of a master (or --history, or --config FILE)");
	assert_flags_refused(&(struct conf_flags){.master = "spark://m:7077", .data = "/d"},
		"--master: key \"clusters[0].masters[0]\": got \"spark://m:7077\", expected the "
		"web address "
		"of the master, usually http://<host>:8080/ (spark:// is where applications "
		"connect)");
	assert_flags_refused(
		&(struct conf_flags){.master = "http://m", .listen = "8480", .data = "/d"},
		"--listen: got \"8480\", expected address:port such as 127.0.0.1:8480");
}

static void flag_wins_over_variable_and_variable_over_default(void **state)
{
	(void)state;
	setenv("SPARKGATE_SERVER_LISTEN", "127.0.0.1:7000", 1);
	struct conf *conf = from_flags(&(struct conf_flags){.master = "http://m", .data = "/d"});
	assert_string_equal(conf->server.text, "127.0.0.1:7000");
	assert_string_equal(conf->admin.text, "127.0.0.1:7001");
	conf_unref(conf);
	conf = from_flags(&(struct conf_flags){
		.master = "http://m", .listen = "127.0.0.1:6000", .data = "/d"});
	assert_string_equal(conf->server.text, "127.0.0.1:6000");
	conf_unref(conf);
	unsetenv("SPARKGATE_SERVER_LISTEN");
}

static void file_that_cannot_be_read_says_why(void **state)
{
	struct err err = {""};

	(void)state;
	assert_null(conf_load("/nonexistent/sg.yaml", &err));
	assert_string_equal(err.text, "/nonexistent/sg.yaml: No such file or directory");
	assert_null(conf_load("/", &err));
	assert_string_equal(err.text, "/: Is a directory");
	assert_null(conf_load("/dev/zero", &err));
	assert_string_equal(err.text, "/dev/zero: longer than 1 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables_override_scalars),
		cmocka_unit_test(wrong_variable_is_named_in_the_message),
		cmocka_unit_test(variables_that_kubernetes_adds_for_a_service_are_left_alone),
		cmocka_unit_test(flags_make_one_local_cluster),
		cmocka_unit_test(flags_with_port_zero_leave_both_ports_open),
		cmocka_unit_test(admin_of_the_last_port_is_the_one_before),
		cmocka_unit_test(data_folder_follows_xdg_and_relative_paths_the_current_folder),
		cmocka_unit_test(wrong_flag_is_named_in_the_message),
		cmocka_unit_test(flag_wins_over_variable_and_variable_over_default),
		cmocka_unit_test(file_that_cannot_be_read_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
