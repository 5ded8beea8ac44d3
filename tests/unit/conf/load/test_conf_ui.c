/* What the configuration says of one UI under `uis:`, and what it refuses there. */
#include "conf/conf.h"
#include "tests/support/conf_probe.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#define A	 "clusters: [{name: a, masters: [http://m:8080]}]\n"
#define UI(keys) "clusters: [{name: a, uis: [{name: u, url: http://u, " keys "}]}]\n"

static void ui_has_limits_that_are_sizes(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "server: {limits: {memory: 0B}}\n",
			"sg.yaml:2:19: key \"server.limits.memory\": got \"0B\", expected size "
			"(such as 16KiB) 1MiB..1024GiB"},
		{UI("limits: {body: 0B}"),
			"sg.yaml:1:62: key \"clusters[0].uis[0].limits.body\": got \"0B\", "
			"expected size (such as 16KiB) 1B..1024GiB"},
		{UI("limits: {body: 1025GiB}"),
			"sg.yaml:1:62: key \"clusters[0].uis[0].limits.body\": ..."},
		{UI("limits: 4GiB"), "sg.yaml:1:53: key \"clusters[0].uis[0].limits\": got "
				     "\"4GiB\", expected a map of keys"},
		{UI("limits: {bodies: 1GiB}"),
			"sg.yaml:1:62: key \"clusters[0].uis[0].limits.bodies\": unknown key, did "
			"you mean \"clusters[].uis[].limits.body\"?"},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void s70_identity_header_is_a_name_with_no_other_meaning(void **state)
{
	static const struct conf_refusal named = {UI("identity_header: Host"),
		"sg.yaml:1:53: key \"clusters[0].uis[0].identity_header\": got \"Host\", expected "
		"a field that is for names only, such as X-WEBAUTH-USER: this one has another "
		"meaning on the way"};
	static const char *const others[] = {"Connection", "TE", "Transfer-Encoding",
		"content-length", "Content_Length", "Content-Type", "Authorization", "Cookie",
		"Cookie2", "Proxy-Authorization", "Upgrade", "X-Forwarded-Context",
		"X.Forwarded-Context", "X-Forwarded-For", "Sec-WebSocket-Key", "Origin", "Referer",
		"Expect", "Accept-Encoding", "X-Original-URL", "If-None-Match", "HTTP2-Settings"};
	static const char *const broken[] = {"''", "'X User'", "'X-User:'", "'X-User: a'",
		"\"X-User\\r\\nY\"", "X-Ü", "X(User)", "[X-User]",
		"X-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};

	(void)state;
	conf_probe_assert_refused(&named, 1);
	for (size_t i = 0; i < ARRAY_LEN(others) + ARRAY_LEN(broken); i++) {
		bool is_other = i < ARRAY_LEN(others);
		char *text = mem_printf(UI("identity_header: %s"),
			is_other ? others[i] : broken[i - ARRAY_LEN(others)]);
		char *message = conf_probe_message(text);
		assert_non_null(
			strstr(message, "key \"clusters[0].uis[0].identity_header\": got "));
		if (is_other)
			assert_non_null(strstr(message, "another meaning on the way"));
		free(message);
		free(text);
	}
}

static void ui_may_take_larger_bodies_than_the_rest(void **state)
{
	struct conf *conf =
		conf_probe_load("server: {limits: {memory: 2MiB, body: 0B}}\n"
				"clusters:\n"
				"  - name: prod\n"
				"    uis: [{name: lab, url: http://l:8888, limits: {body: 4GiB}},\n"
				"      {name: hdfs, url: http://n:9870, limits: {}}, {name: trac, "
				"url: http://t}]\n");
	const struct conf_ui *uis = conf->clusters[0].uis;

	(void)state;
	assert_int_equal(conf->limit_memory, 2 * 1024 * 1024);
	assert_int_equal(uis[0].body_limit, (uint64_t)4 << 30);
	assert_int_equal(uis[1].body_limit, 0);
	assert_int_equal(uis[2].body_limit, 0);
	char *text = conf_probe_print(conf);
	assert_non_null(strstr(text, "limits:\n          body: 4GiB\n"));
	assert_non_null(strstr(text, "\n    body: 0B\n"));
	free(text);
	conf_probe_assert_round_trip(conf);
	conf_unref(conf);
}

static void s70_ui_may_be_told_who_asks_in_a_field_of_its_own(void **state)
{
	static const char *const names[] = {"X-WEBAUTH-USER", "Remote-User", "X-Forwarded-User",
		"X-Remote-User", "SM_USER", "x-my-own"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *text = mem_printf("clusters: [{name: a, uis: [{name: u, url: http://u, "
					"identity_header: %s}, {name: v, url: http://v}]}]\n",
			names[i]);
		struct conf *conf = conf_probe_load(text);
		const struct conf_ui *ui = conf_find_ui(conf, "a", "u");
		assert_string_equal(ui->identity_header, names[i]);
		assert_null(conf_find_ui(conf, "a", "v")->identity_header);
		assert_null(conf_find_ui(conf, "a", "w"));
		assert_null(conf_find_ui(conf, "b", "u"));
		conf_probe_assert_round_trip(conf);
		conf_unref(conf);
		free(text);
	}
}

static void ui_has_other_names_by_which_pages_link_to_it(void **state)
{
	struct conf *conf = conf_probe_load(
		UI("names: [RM.Example, 'rm:8090', '[::0:1]', '[::1]:80', 10.0.0.1]"));
	static const char *const want[] = {
		"rm.example", "rm:8090", "[::1]", "[::1]:80", "10.0.0.1"};
	static const char *const broken[] = {"''", "a/b", "u@h", "'h:0x'", "'h:99999'", "'*'"};

	(void)state;
	assert_int_equal(conf->clusters[0].uis[0].names.count, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_string_equal(conf->clusters[0].uis[0].names.at[i], want[i]);
	conf_probe_assert_round_trip(conf);
	conf_unref(conf);
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		char *text = mem_printf(UI("names: [%s]"), broken[i]);
		char *message = conf_probe_message(text);
		assert_non_null(strstr(message, "key \"clusters[0].uis[0].names[0]\": got "));
		free(message);
		free(text);
	}
}

#define RM	    "{name: rm, url: http://rm:8088}, "
#define NODES(keys) "clusters: [{name: a, uis: [" RM "{" keys "}]}]\n"

static void nodes_of_a_resource_manager_have_patterns(void **state)
{
	static const struct conf_refusal rows[] = {
		{NODES("name: node, url: 'http://*.b:8042', nodes_of: rm"), "..."},
		{NODES("name: node-*, url: 'http://b:8042', nodes_of: rm"), "..."},
		{NODES("name: node-*, url: 'http://*.b:8042', nodes_of: sm"), "..."},
		{NODES("name: node-*, url: 'http://*.b:8042', nodes_of: node-*"), "..."},
		{NODES("name: node-*, url: 'http://*.b:8042', nodes_of: rm, names: [x]"), "..."},
		{NODES("name: node-*, url: 'http://*.b:8042'"), "..."},
		{NODES("name: node, url: 'http://*.b:8042'"), "..."},
		{NODES("name: '*-*', url: 'http://*.b:8042', nodes_of: rm"), "..."},
		{NODES("name: node-*, url: 'http://*.*:8042', nodes_of: rm"), "..."},
		{NODES("name: node-*, url: 'http://b:8042/*', nodes_of: rm"), "..."},
		{NODES("name: node-*, url: '*://b:8042/', nodes_of: rm"), "..."},
		{NODES("name: '-*', url: 'http://*.b:8042/', nodes_of: rm"), "..."},
	};
	struct conf *conf =
		conf_probe_load(NODES("name: node-*, url: 'http://*.b:8042', nodes_of: rm"));
	const struct conf_ui *node = &conf->clusters[0].uis[1];

	(void)state;
	assert_string_equal(node->name, "node-*");
	assert_string_equal(node->url.host, "*.b");
	assert_ptr_equal(conf_find_ui(conf, "a", "node-7"), node);
	assert_ptr_equal(conf_find_ui(conf, "a", "rm"), &conf->clusters[0].uis[0]);
	assert_null(conf_find_ui(conf, "a", "node-"));
	assert_null(conf_find_ui(conf, "a", "node"));
	conf_probe_assert_round_trip(conf);
	conf_unref(conf);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *message = conf_probe_message(rows[i].text);
		assert_non_null(strstr(message, "key \"clusters[0].uis[1]."));
		free(message);
	}
}

#define NODE(name)	"{name: '" name "', url: 'http://*.b:8042', nodes_of: rm}"
#define TWO(one, other) "clusters: [{name: a, uis: [" RM NODE(one) ", " NODE(other) "]}]\n"

/* The first of them says who may. */
static void s97_a_node_has_the_roles_of_one_pattern(void **state)
{
	static const char *const both[] = {TWO("node-*", "node-gpu-*"), TWO("node-gpu-*", "node-*"),
		TWO("node-*", "n*"), TWO("node-*", "node-*-x"), TWO("node-*", "node-*")};
	static const char *const either[] = {
		TWO("node-*", "gpu-*"), TWO("n*-a", "n*-b"), TWO("a-*-x", "b-*-x")};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(both); i++) {
		char *message = conf_probe_message(both[i]);
		assert_non_null(strstr(message, "key \"clusters[0].uis[2].name\""));
		free(message);
	}
	for (size_t i = 0; i < ARRAY_LEN(either); i++)
		conf_unref(conf_probe_load(either[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ui_has_limits_that_are_sizes),
		cmocka_unit_test(ui_may_take_larger_bodies_than_the_rest),
		cmocka_unit_test(ui_has_other_names_by_which_pages_link_to_it),
		cmocka_unit_test(nodes_of_a_resource_manager_have_patterns),
		cmocka_unit_test(s97_a_node_has_the_roles_of_one_pattern),
		cmocka_unit_test(s70_identity_header_is_a_name_with_no_other_meaning),
		cmocka_unit_test(s70_ui_may_be_told_who_asks_in_a_field_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
