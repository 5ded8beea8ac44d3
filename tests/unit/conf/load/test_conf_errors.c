/* What the configuration refuses, and that its message says where, what and what instead. */
#include "base/sbuf.h"
#include "conf/conf.h"
#include "conf/load/load.h"
#include "tests/support/conf_probe.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#define A "clusters: [{name: a, masters: [http://m:8080]}]\n"

static void unknown_key_names_the_nearest(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "server:\n  lisen: x\n", "sg.yaml:3:3: key \"server.lisen\": unknown key, did "
					    "you mean \"server.listen\"?"},
		{A "sesion: {}\n",
			"sg.yaml:2:1: key \"sesion\": unknown key, did you mean \"session\"?"},
		{A "listen: x\n", "sg.yaml:2:1: key \"listen\": unknown key, did you mean "
				  "\"server.listen\"?"},
		{"clusters:\n  - name: a\n    mastres: []\n",
			"sg.yaml:3:5: key \"clusters[0].mastres\": unknown key, "
			"did you mean \"clusters[].masters\"?"},
		{A "'': 1\n", "sg.yaml:2:1: key \"\": unknown key, did you mean ..."},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void repeated_key_is_refused(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "log: {level: info, level: debug}\n",
			"sg.yaml:2:20: key \"level\": given twice, first at line 2"},
		{A "log: {}\nstore: 'memory:'\nlog: {}\n",
			"sg.yaml:4:1: key \"log\": given twice, first at line 2"},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void tls_is_whole_or_not_there(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "server: {tls: {certificate: /a}}\n",
			"sg.yaml:2:10: key \"server.tls.key\": expected the file with the "
			"certificate's key"},
		{A "server: {tls: {key: /a}}\n",
			"sg.yaml:2:10: key \"server.tls.certificate\": expected the file "
			"with the key's certificate"},
		{A "server: {tls: {redirect_listen: '127.0.0.1:80'}}\n",
			"sg.yaml:2:16: key \"server.tls.redirect_listen\": got \"127.0.0.1:80\", "
			"expected server.tls, because this address redirects to it"},
		{A "server: {public_url: 'http://127.0.0.1/', tls: {certificate: /a, key: /b}}\n",
			"sg.yaml:2:10: key \"server.public_url\": got \"http://127.0.0.1/\", "
			"expected https://, because server.tls is set"},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void kubernetes_must_make_sense(void **state)
{
	static const struct conf_refusal rows[] = {
		{"clusters: [{name: a, kubernetes: {namespaces: [Spark]}}]\n",
			"sg.yaml:1:48: key \"clusters[0].kubernetes.namespaces[0]\": got "
			"\"Spark\", "
			"expected a namespace of a-z, 0-9 and '-', ..."},
		{"clusters: [{name: a, kubernetes: {namespaces: [a/b]}}]\n",
			"sg.yaml:1:48: key \"clusters[0].kubernetes.namespaces[0]\": got \"a/b\", "
			"..."},
		{"clusters: [{name: a, kubernetes: {namespaces: [a, '*']}}]\n",
			"sg.yaml:1:51: key \"clusters[0].kubernetes.namespaces[1]\": expected "
			"\"*\" "
			"alone, because it means all of them"},
		{"clusters: [{name: a, kubernetes: {namespaces: [a, a]}}]\n",
			"sg.yaml:1:51: key \"clusters[0].kubernetes.namespaces[1]\": expected a "
			"namespace that is not listed twice"},
		{"clusters: [{name: a, kubernetes: {selector: 'a=b&watch=1'}}]\n",
			"sg.yaml:1:35: key \"clusters[0].kubernetes.selector\": got "
			"\"a=b&watch=1\", expected a label selector such as spark-role=driver"},
		{"clusters: [{name: a, kubernetes: {kubeconfig: config}}]\n",
			"sg.yaml:1:35: key \"clusters[0].kubernetes.kubeconfig\": got \"config\", "
			"expected the absolute path of a file"},
		{"clusters: [{name: a, kubernetes: {token: x}}]\n",
			"sg.yaml:1:35: key \"clusters[0].kubernetes.token\": unknown key, ..."},
		{"clusters: [{name: a, kubernetes: true}]\n",
			"sg.yaml:1:22: key \"clusters[0].kubernetes\": got \"true\", expected a "
			"map "
			"of keys"},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void limited_roles_must_make_sense(void **state)
{
#define ROLES(more) A "auth: {roles: {claim: r, user: [u], limited: [" more "]}}\n"
#define AT	    "sg.yaml:2:47: key \"auth.roles.limited[0]"
	static const struct conf_refusal rows[] = {
		{ROLES("{role: u, namespaces: [a]}"),
			"sg.yaml:2:48: key \"auth.roles.limited[0].role\": got \"u\", expected a "
			"role "
			"that is not in admin or user, which have no limit"},
		{ROLES("{role: x}"), AT "...."},
		{ROLES("{namespaces: [a]}"),
			"sg.yaml:2:47: key \"auth.roles.limited[0].role\": missing, ..."},
		{ROLES("{role: x, namespaces: ['*']}"),
			"sg.yaml:2:57: key \"auth.roles.limited[0].namespaces\": expected "
			"namespaces "
			"by name"},
		{A "auth: {roles: {limited: [{role: x, namespaces: [a]}]}}\n",
			"sg.yaml:2:8: key \"auth.roles.claim\": expected the claim that lists ..."},
	};
	char name[64], text[4096];
	struct sbuf many;

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
	memset(name, 'n', 63);
	name[63] = '\0';
	sbuf_init(&many, sizeof text - 1);
	for (int i = 0; i < 9; i++)
		sbuf_printf(
			&many, "%s{role: r%d, namespaces: [%.60s%d]}", i ? ", " : "", i, name, i);
	snprintf(text, sizeof text, ROLES("%s"), many.at);
	const struct conf_refusal long_ones[] = {{text,
		"sg.yaml:2:592: key \"auth.roles.limited[6].namespaces\": expected at most 24 "
		"namespaces in all rows together, or fewer long ones"}};
	conf_probe_assert_refused(long_ones, 1);
	sbuf_clear(&many);
}

static void bad_value_names_what_was_expected(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "session: {idle: 30}\n",
			"sg.yaml:2:11: key \"session.idle\": got \"30\", expected duration "
			"(such as 30s, 5m, 12h, 7d) 1s..30d"},
		{A "session: {idle: 1500ms}\n",
			"sg.yaml:2:11: key \"session.idle\": got \"1500ms\", ..."},
		{A "session: {idle: 99d}\n",
			"sg.yaml:2:11: key \"session.idle\": got \"99d\", ..."},
		{A "server: {limits: {head: 1}}\n",
			"sg.yaml:2:19: key \"server.limits.head\": got \"1\", expected size "
			"(such as 16KiB) 1KiB..64KiB"},
		{A "server: {limits: {connections: -1}}\n",
			"sg.yaml:2:19: key \"server.limits.connections\": got \"-1\", expected "
			"a number from 1 to 1000000"},
		{A "server: {threads: many}\n",
			"sg.yaml:2:10: key \"server.threads\": got \"many\", expected auto, or "
			"a number from 1 to 256"},
		{A "log: {access: yes}\n",
			"sg.yaml:2:7: key \"log.access\": got \"yes\", expected true or false"},
		{A "log: {level: loud}\n", "sg.yaml:2:7: key \"log.level\": got \"loud\", expected "
					   "one of debug, info, warn, error"},
		{A "log: {format: xml}\n", "sg.yaml:2:7: key \"log.format\": got \"xml\", expected "
					   "one of auto, json, text"},
		{A "log: {gelf: 'udp://graylog:12201/x'}\n",
			"sg.yaml:2:7: key \"log.gelf\": got \"udp://graylog:12201/x\", expected "
			"udp://host or udp://host:port, such as udp://graylog:12201 (it has a "
			"path)"},
		{A "log: {gelf: 'udp://'}\n", "sg.yaml:2:7: key \"log.gelf\": ..."},
		{A "log: {gelf: 'udp://h:0'}\n", "sg.yaml:2:7: key \"log.gelf\": ..."},
		{A "log: {gelf: 'udp://u:p@h'}\n", "sg.yaml:2:7: key \"log.gelf\": ..."},
		{A "log: {gelf: 'graylog:12201'}\n", "sg.yaml:2:7: key \"log.gelf\": ..."},
		{A "log: {level: }\n",
			"sg.yaml:2:7: key \"log.level\": got \"\", expected one of ..."},
		{A "log: {level: [info]}\n",
			"sg.yaml:2:7: key \"log.level\": got a list, expected one value"},
		{A "log: info\n", "sg.yaml:2:1: key \"log\": got \"info\", expected a map of keys"},
		{A "server: {listen: ':8480'}\n", "sg.yaml:2:10: key \"server.listen\": got "
						  "\":8480\", expected address:port ..."},
		{A "server: {trusted_proxies: [10.0.0.1/8]}\n",
			"sg.yaml:2:28: key \"server.trusted_proxies[0]\": got \"10.0.0.1/8\", "
			"expected an "
			"address range such as 10.0.0.0/8 or fd00::/8 (bits are set after the "
			"prefix of 8)"},
		{A "server: {trusted_proxies: 10.0.0.0/8}\n",
			"sg.yaml:2:10: key \"server.trusted_proxies\": got \"10.0.0.0/8\", "
			"expected a list, ..."},
		{A "store: sqlite:state.db\n",
			"sg.yaml:2:1: key \"store\": got "
			"\"sqlite:state.db\", expected memory:, sqlite:/..."},
		{A "auth: {roles: {claim: r, admin: [' a']}}\n",
			"sg.yaml:2:34: key \"auth.roles.admin[0]\": got \" a\", expected ..."},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void clusters_must_make_sense(void **state)
{
	static const struct conf_refusal rows[] = {
		{"", "sg.yaml:1:1: key \"clusters\": missing, expected a list of at least one"},
		{"clusters: []\n",
			"sg.yaml:1:1: key \"clusters\": missing, expected a list of at least one"},
		{"clusters: [{masters: [http://m]}]\n",
			"sg.yaml:1:12: key \"clusters[0].name\": missing, expected the cluster's "
			"first ..."},
		{"clusters: [{name: a}]\n", "sg.yaml:1:12: key \"clusters[0]\": expected at least "
					    "one of masters, history, "
					    "kubernetes, uis"},
		{"clusters: [a]\n",
			"sg.yaml:1:12: key \"clusters[0]\": got \"a\", expected a map of keys"},
		{"clusters:\n - {name: a, history: http://h}\n - {name: a, history: http://h}\n",
			"sg.yaml:3:5: key \"clusters[1].name\": got \"a\", expected a name that no "
			"other ..."},
		{"clusters:\n - name: a\n   uis: [{name: u, url: http://h}, {name: u, url: "
		 "http://h}]\n",
			"sg.yaml:3:37: key \"clusters[0].uis[1].name\": got \"u\", expected a name "
			"that no ..."},
		{"clusters: [{name: A, history: http://h}]\n",
			"sg.yaml:1:13: key \"clusters[0].name\": got \"A\", expected a name of "
			"a-z, ..."},
		{"clusters: [{name: -a, history: http://h}]\n",
			"sg.yaml:1:13: key \"clusters[0].name\": got \"-a\", expected a name of "
			"a-z, ..."},
		{"clusters: [{name: proxy, history: http://h}]\n",
			"sg.yaml:1:13: key \"clusters[0].name\": got \"proxy\", expected a name "
			"other than "
			"proxy: Spark's pages take the word after it for an application"},
		{"clusters: [{name: history, history: http://h}]\n",
			"sg.yaml:1:13: key \"clusters[0].name\": got \"history\", expected a name "
			"other ..."},
		{"clusters: [{name: shs, history: http://h}]\n",
			"sg.yaml:1:13: key \"clusters[0].name\": got \"shs\", expected a name "
			"other than ..."},
		{"clusters: [{name: whoami, history: http://h}]\n",
			"sg.yaml:1:13: key \"clusters[0].name\": got \"whoami\", expected a name "
			"other than whoami: it is where people see who they are"},
		{"clusters: [{name: _gate, history: http://h}]\n",
			"sg.yaml:1:13: key \"clusters[0].name\": got \"_gate\", expected a name "
			"other than ..."},
		{"clusters: [{name: a, masters: ['spark://m:7077']}]\n",
			"sg.yaml:1:32: key \"clusters[0].masters[0]\": got \"spark://m:7077\", "
			"expected the "
			"web address of the master, ..."},
		{"clusters: [{name: a, history: 'http://h/?x'}]\n",
			"sg.yaml:1:22: key \"clusters[0].history\": got \"http://h/?x\", expected "
			"an http:// "
			"or https:// URL (a query is not allowed here)"},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void S25_session_cookie_does_not_travel_in_the_clear(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "server: {public_url: http://spark.example/}\n",
			"sg.yaml:2:10: key \"server.public_url\": got \"http://spark.example/\", "
			"expected "
			"https://, because http:// sends the session cookie unencrypted "
			"(server.insecure_http: true allows it)"},
		{A "server: {listen: '10.0.0.1:80'}\n",
			"sg.yaml:2:1: key \"server.public_url\": "
			"expected https://, because http:// sends the session ..."},
		{A "admin: {public_url: http://spark.example/}\n",
			"sg.yaml:2:9: key \"admin.public_url\": got \"http://spark.example/\", "
			"expected ..."},
	};
	struct err err = {""};
	struct conf *conf = load_text("sg.yaml",
		STR(A "server: {public_url: http://spark.example/, insecure_http: true}\n"), &err);

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
	assert_non_null(conf);
	conf_unref(conf);
}

static void S0_admin_listener_is_another_origin(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "server: {public_url: https://x/}\nadmin: {public_url: https://X:443/admin}\n",
			"sg.yaml:3:9: key \"admin.public_url\": got \"https://X:443/admin\", "
			"expected another "
			"host or port than server.public_url, because pages there run users' code"},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void S0_applications_have_hosts_that_are_nobody_elses(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "server: {public_url: 'https://gw.example/', app_origins: "
		   "'https://apps.example/'}\n",
			"sg.yaml:2:45: key \"server.app_origins\": got \"https://apps.example/\", "
			"expected an http:// or https:// URL such as "
			"https://{id}.apps.example.com/ (no {id} as the first label of its host)"},
		{A "server: {public_url: 'https://gw.example/', app_origins: "
		   "'https://a-{id}.x/'}\n",
			"sg.yaml:2:45: key \"server.app_origins\": ..."},
		{A "server: {public_url: 'https://gw.example/', app_origins: "
		   "'https://{id}.{id}.x/'}\n",
			"sg.yaml:2:45: key \"server.app_origins\": ..."},
		{A "server: {public_url: 'https://gw.example/', app_origins: "
		   "'https://{id}.x/a/'}\n",
			"sg.yaml:2:45: key \"server.app_origins\": got \"https://{id}.x/a/\", "
			"expected an http:// or https:// URL such as "
			"https://{id}.apps.example.com/ (it has a path)"},
		{A "server: {public_url: 'https://gw.example/', app_origins: "
		   "'https://{id}.10.0.0.1/'}\n",
			"sg.yaml:2:45: key \"server.app_origins\": ..."},
		{A "server: {public_url: 'https://gw.example/', app_origins: 'http://{id}.x/'}\n",
			"sg.yaml:2:45: key \"server.app_origins\": got \"http://{id}.x/\", "
			"expected "
			"the scheme and port of server.public_url"},
		{A "server: {public_url: 'https://gw.example/', app_origins: "
		   "'https://{id}.x:8443/'}\n",
			"sg.yaml:2:45: key \"server.app_origins\": ..."},
		{A "server: {app_origins: 'http://{id}.example:8480/'}\n",
			"sg.yaml:2:10: key \"server.app_origins\": got "
			"\"http://{id}.example:8480/\", expected https://, because http:// sends "
			"session cookies unencrypted (server.insecure_http: true allows it)"},
		{A "server: {public_url: 'https://gw.example/', app_origins: "
		   "'https://{id}.example/'}\n",
			"sg.yaml:2:45: key \"server.app_origins\": got \"https://{id}.example/\", "
			"expected a host that neither server.public_url nor admin.public_url lies "
			"directly below"},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void addresses_that_break_sparks_pages_are_refused(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "server: {public_url: 'https://x/my/proxy/'}\n",
			"sg.yaml:2:10: key \"server.public_url\": got \"https://x/my/proxy/\", "
			"expected a path "
			"without the segment proxy: Spark's pages would take it for their own"},
		{A "server: {public_url: 'https://x/history'}\n",
			"sg.yaml:2:10: key \"server.public_url\": ..."},
		{A "server: {listen: '0.0.0.0:80'}\n", "sg.yaml:2:1: key \"server\": listens on "
						       "every address, expected a public_url ..."},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void defaults_may_not_exceed_their_maxima(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "session: {idle: 13h}\n", "sg.yaml:2:11: key \"session.idle\": got \"13h\", "
					     "expected at most session.max"},
		{A "tokens: {access_ttl: {max: 10m}}\n",
			"sg.yaml:2:10: key \"tokens.access_ttl.default\": expected at most "
			"tokens.access_ttl.max"},
		{A "tokens: {refresh_ttl: {default: 91d}}\n",
			"sg.yaml:2:24: key \"tokens.refresh_ttl.default\": got \"91d\", expected "
			"at most ..."},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void file_that_is_not_plain_yaml_is_refused(void **state)
{
	static const struct conf_refusal rows[] = {
		{"a: [}", "sg.yaml:1:5: not YAML: did not find expected node content"},
		{"a:\n\t- b\n", "sg.yaml:2:1: not YAML: ..."},
		{"- a\n", "sg.yaml:1:1: expected a map of keys such as \"server:\" and "
			  "\"clusters:\""},
		{"a: &x b\n", "sg.yaml:1:4: anchors (&name) and tags (!name) are not allowed here"},
		{"a: *x\n", "sg.yaml:1:4: aliases (*name) are not allowed here"},
		{"a: !!str b\n",
			"sg.yaml:1:4: anchors (&name) and tags (!name) are not allowed here"},
		{"? [a]\n: b\n", "sg.yaml:1:3: a key must be a word"},
		{"a: \"x\\0y\"\n", "sg.yaml:1:4: a NUL in a value"},
		{A "---\nb: c\n", "sg.yaml:2:1: only one document is allowed"},
		{"a: [[[[[[[[[[[[[[[[[[[[[[\n", "sg.yaml:1:19: nested too deeply"},
		{"a: \xff\n", "sg.yaml:..."},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void secrets_are_not_shown(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "store: mysql://admin:hunter2@db/x\n",
			"sg.yaml:2:1: key \"store\": got \"mysql://***@db/x\", expected memory:, "
			"..."},
		{"clusters: [{name: a, history: 'http://me:hunter2@h/'}]\n",
			"sg.yaml:1:22: key \"clusters[0].history\": got \"http://***@h/\", "
			"expected an ..."},
		{A "auth: {bearer: [{client_secret: hunter2}]}\n",
			"sg.yaml:2:18: key \"auth.bearer[0].client_secret\": unknown key, did you "
			"mean ..."},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void long_and_strange_values_are_clipped_and_escaped(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "log: {level: \"a\\e[31m\\n\"}\n", "sg.yaml:2:7: key \"log.level\": got "
						      "\"a\\u001b[31m\\n\", expected one of ..."},
		{A "log: {level: "
		   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		   "xxxxxxxxxxxxxxxxxxxxx}\n",
			"sg.yaml:2:7: key \"log.level\": got "
			"\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\", expected one of ..."},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_key_names_the_nearest),
		cmocka_unit_test(repeated_key_is_refused),
		cmocka_unit_test(tls_is_whole_or_not_there),
		cmocka_unit_test(kubernetes_must_make_sense),
		cmocka_unit_test(limited_roles_must_make_sense),
		cmocka_unit_test(bad_value_names_what_was_expected),
		cmocka_unit_test(clusters_must_make_sense),
		cmocka_unit_test(S25_session_cookie_does_not_travel_in_the_clear),
		cmocka_unit_test(S0_admin_listener_is_another_origin),
		cmocka_unit_test(S0_applications_have_hosts_that_are_nobody_elses),
		cmocka_unit_test(addresses_that_break_sparks_pages_are_refused),
		cmocka_unit_test(defaults_may_not_exceed_their_maxima),
		cmocka_unit_test(file_that_is_not_plain_yaml_is_refused),
		cmocka_unit_test(secrets_are_not_shown),
		cmocka_unit_test(long_and_strange_values_are_clipped_and_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
