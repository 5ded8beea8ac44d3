/* Kubernetes in the configuration, and kubeconfigs. */
#include "conf/load/kubeconfig.h"
#include "proxy/discovery/kubernetes/kube_access.h"
#include "tests/support/conf_probe.h"
#include "tests/support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/stat.h>

static void example_of_kubernetes_is_taken(void **state)
{
	struct conf *conf = conf_probe_load("clusters:\n"
					    "  - name: local\n"
					    "    kubernetes: {namespaces: [spark], "
					    "selector: spark-role=driver}\n");
	const struct conf_cluster *c = &conf->clusters[0];

	(void)state;
	assert_true(c->has_kubernetes);
	assert_int_equal(c->kubernetes.namespaces.count, 1);
	assert_string_equal(c->kubernetes.namespaces.at[0], "spark");
	assert_string_equal(c->kubernetes.selector, "spark-role=driver");
	assert_null(c->kubernetes.kubeconfig);
	conf_probe_assert_round_trip(conf);
	conf_unref(conf);
}

static void logs_are_kept_where_there_is_a_folder_for_them(void **state)
{
	static const struct conf_refusal rows[] = {
		{"clusters: [{name: a, kubernetes: {keep_logs: 1h}}]\nstore: 'memory:'\n",
			"sg.yaml:1:22: key \"clusters[0].kubernetes.logs_dir\": expected a "
			"folder..."},
	};
	struct conf *conf =
		conf_probe_load("clusters:\n"
				"  - name: a\n"
				"    kubernetes: {keep_logs: 24h, logs_dir: /var/tmp/logs, "
				"logs_max: 1GiB}\n"
				"  - {name: b, kubernetes: {}}\n"
				"store: 'memory:'\n");

	(void)state;
	assert_int_equal(conf->clusters[0].kubernetes.keep_logs_s, 86400);
	assert_string_equal(conf->clusters[0].kubernetes.logs_dir, "/var/tmp/logs");
	assert_int_equal(conf->clusters[0].kubernetes.logs_max, 1073741824);
	assert_int_equal(conf->clusters[1].kubernetes.keep_logs_s, 0);
	conf_probe_assert_round_trip(conf);
	conf_unref(conf);
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void kubernetes_counts_only_where_it_is_written(void **state)
{
	struct conf *conf = conf_probe_load("clusters:\n"
					    "  - {name: a, kubernetes: }\n"
					    "  - {name: b, history: http://h}\n"
					    "  - {name: c, kubernetes: {namespaces: ['*']}}\n");
	char *printed = conf_probe_print(conf);

	(void)state;
	assert_true(conf->clusters[0].has_kubernetes);
	assert_string_equal(
		conf->clusters[0].kubernetes.selector, "spark-role in (driver,connect-server)");
	assert_int_equal(conf->clusters[0].kubernetes.namespaces.count, 0);
	assert_false(conf->clusters[1].has_kubernetes);
	assert_string_equal(conf->clusters[2].kubernetes.namespaces.at[0], "*");
	assert_non_null(strstr(printed, "kubernetes:"));
	conf_probe_assert_round_trip(conf);
	free(printed);
	conf_unref(conf);
}

static void limited_roles_are_taken_and_printed(void **state)
{
	struct conf *conf =
		conf_probe_load("clusters: [{name: a, kubernetes: {}}]\n"
				"auth: {roles: {claim: r, limited: [{role: x, namespaces: [a, b]}, "
				"{role: 'sub:ann', namespaces: [c]}]}}\n");

	(void)state;
	assert_int_equal(conf->roles_limited_count, 2);
	assert_string_equal(conf->roles_limited[0].role, "x");
	assert_string_equal(conf->roles_limited[0].namespaces.at[1], "b");
	conf_probe_assert_round_trip(conf);
	conf_unref(conf);
}

/* --- kubeconfigs --- */

#define CONFIG(cluster, user)                                                                      \
	"apiVersion: v1\n"                                                                         \
	"kind: Config\n"                                                                           \
	"current-context: b\n"                                                                     \
	"contexts:\n"                                                                              \
	"- {name: a, context: {cluster: x, user: x}}\n"                                            \
	"- {name: b, context: {cluster: c, user: u, namespace: spark}}\n"                          \
	"clusters:\n"                                                                              \
	"- {name: c, cluster: {" cluster "}}\n"                                                    \
	"users:\n"                                                                                 \
	"- {name: u, user: {" user "}}\n"
#define SERVER "server: 'https://10.0.0.1:6443'"

static void kubeconfig_is_read_by_its_current_context(void **state)
{
	struct kubeconfig k;
	struct err err = {""};

	(void)state;
	if (kubeconfig_parse("/etc/kube/config",
		    STR(CONFIG(SERVER ", certificate-authority: ca.crt",
			    "tokenFile: /run/token, client-certificate: pki/a.crt, "
			    "client-key-data: YQ==")),
		    &k, &err) == -1)
		fail_msg("%s", err.text);
	assert_string_equal(k.server.host, "10.0.0.1");
	assert_int_equal(k.server.port, 6443);
	assert_string_equal(k.namespace, "spark");
	assert_string_equal(k.ca_file, "/etc/kube/ca.crt"); /* as kubectl takes it */
	assert_string_equal(k.token_file, "/run/token");
	assert_string_equal(k.certificate_file, "/etc/kube/pki/a.crt");
	assert_string_equal(k.key_data, "YQ==");
	kubeconfig_clear(&k);
}

static void kubeconfig_that_would_do_something_else_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"", "k:1:1: key \"current-context\": missing"},
		{"current-context: z\n",
			"k:1:1: key \"current-context\": there is no such context"},
		{CONFIG("server: 'http://10.0.0.1'", "token: t"),
			"k:8:23: key \"server\": expected https://, for http:// is for loopback"},
		{CONFIG("server: ftp://x", "token: t"), "k:8:23: key \"server\": expected an ..."},
		{CONFIG("a: b", "token: t"), "k:8:13: key \"server\": missing, ..."},
		{CONFIG(SERVER ", insecure-skip-tls-verify: true", "token: t"),
			"k:8:56: key \"insecure-skip-tls-verify\": is not supported: ..."},
		{CONFIG(SERVER ", proxy-url: 'http://p'", "token: t"),
			"k:8:56: key \"proxy-url\": is not supported: ..."},
		{CONFIG(SERVER, "exec: {command: x}"),
			"k:10:20: key \"exec\": is not supported: ..."},
		{CONFIG(SERVER, "username: u, password: p"),
			"k:10:20: key \"username\": is not supported: ..."},
		{CONFIG(SERVER, "as: admin"), "k:10:20: key \"as\": is not supported: ..."},
		{CONFIG(SERVER, "token: t, tokenFile: /t"),
			"k:10:13: key \"user\": gives a value and a file of the same thing"},
		{CONFIG(SERVER, "client-certificate: /c"),
			"k:10:13: key \"user\": expected a client's certificate and its key"},
		{CONFIG(SERVER, "token: [t]"), "k:10:20: key \"token\": expected a text"},
		{CONFIG(SERVER, "token: &t x"), "k:10:27: ..."},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct kubeconfig k;
		struct err err = {""};
		if (kubeconfig_parse("k", str_of(rows[i].text), &k, &err) == 0)
			fail_msg("taken: %s", rows[i].text);
		conf_probe_assert_message(rows[i].text, err.text, rows[i].message);
		assert_null(k.token);
	}
}

static void flag_that_is_off_changes_nothing(void **state)
{
	struct kubeconfig k;

	(void)state;
	assert_int_equal(
		kubeconfig_parse("k",
			STR(CONFIG(SERVER ", insecure-skip-tls-verify: false", "token: t")), &k,
			NULL),
		0);
	kubeconfig_clear(&k);
}

static void access_has_what_the_kubeconfig_names(void **state)
{
	char *folder = scratch_new(), *file, *token;
	struct kube_access access;
	struct err err = {""};

	(void)state;
	file = scratch_write(folder, "config",
		CONFIG("server: 'https://10.0.0.1:6443/k8s/', certificate-authority-data: "
		       "LS0tLS1CRUdJTiBYLS0tLS0K",
			"tokenFile: token"));
	token = scratch_write(folder, "token", "abc\n");
	if (kube_access_load(file, &access, &err) == -1)
		fail_msg("%s", err.text);
	assert_string_equal(access.server, "https://10.0.0.1:6443/k8s");
	assert_string_equal(access.ca, "-----BEGIN X-----\n");
	assert_string_equal(access.authorization, "Authorization: Bearer abc");
	assert_string_equal(access.namespace, "spark");
	assert_null(access.certificate);
	kube_access_clear(&access);
	/* Rotated. */
	free(scratch_write(folder, "token", "def"));
	assert_int_equal(kube_access_load(file, &access, &err), 0);
	assert_string_equal(access.authorization, "Authorization: Bearer def");
	kube_access_clear(&access);
	free(file);
	free(token);
	scratch_free(folder);
}

static void secret_that_everybody_may_read_is_refused(void **state)
{
	char *folder = scratch_new(), *file, *token;
	struct kube_access access;
	struct err err = {""};

	(void)state;
	file = scratch_write(folder, "config", CONFIG(SERVER, "tokenFile: token"));
	token = scratch_write(folder, "token", "abc\n");
	assert_int_equal(chmod(token, 0644), 0);
	assert_int_equal(kube_access_load(file, &access, &err), -1);
	assert_non_null(strstr(err.text, "open to everybody"));
	assert_int_equal(chmod(token, 0600), 0);
	assert_int_equal(chmod(file, 0604), 0);
	assert_int_equal(kube_access_load(file, &access, &err), -1);
	assert_non_null(strstr(err.text, "open to everybody"));
	free(file);
	free(token);
	scratch_free(folder);
}

static void without_kubeconfig_and_pod_there_is_no_access(void **state)
{
	struct kube_access access;
	struct err err = {""};

	(void)state;
	unsetenv("KUBECONFIG");
	unsetenv("KUBERNETES_SERVICE_HOST");
	assert_int_equal(kube_access_load(NULL, &access, &err), -1);
	assert_non_null(strstr(err.text, "KUBERNETES_SERVICE_HOST is not set"));
}

static void pod_has_its_service_account(void **state)
{
	char *folder = scratch_new(), *token;
	struct kube_access access;
	struct err err = {""};

	(void)state;
	setenv("KUBERNETES_SERVICE_HOST", "fd00:10:96::1", 1);
	setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	assert_int_equal(kube_access_load_account(folder, &access, &err), -1);
	assert_non_null(strstr(err.text, "ca.crt"));
	free(scratch_write(folder, "ca.crt", "-----BEGIN CERTIFICATE-----"));
	free(scratch_write(folder, "namespace", "spark\n"));
	assert_int_equal(kube_access_load_account(folder, &access, &err), -1);
	assert_non_null(strstr(err.text, "token"));
	token = scratch_write(folder, "token", "abc");
	assert_int_equal(chmod(token, 0644), 0); /* as the kubelet makes it without an fsGroup */
	if (kube_access_load_account(folder, &access, &err) == -1)
		fail_msg("%s", err.text);
	assert_string_equal(access.server, "https://[fd00:10:96::1]");
	assert_string_equal(access.namespace, "spark");
	assert_string_equal(access.ca, "-----BEGIN CERTIFICATE-----");
	assert_string_equal(access.authorization, "Authorization: Bearer abc");
	kube_access_clear(&access);
	unsetenv("KUBERNETES_SERVICE_HOST");
	unsetenv("KUBERNETES_SERVICE_PORT");
	free(token);
	scratch_free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(example_of_kubernetes_is_taken),
		cmocka_unit_test(logs_are_kept_where_there_is_a_folder_for_them),
		cmocka_unit_test(kubernetes_counts_only_where_it_is_written),
		cmocka_unit_test(limited_roles_are_taken_and_printed),
		cmocka_unit_test(kubeconfig_is_read_by_its_current_context),
		cmocka_unit_test(kubeconfig_that_would_do_something_else_is_refused_with_its_place),
		cmocka_unit_test(flag_that_is_off_changes_nothing),
		cmocka_unit_test(access_has_what_the_kubeconfig_names),
		cmocka_unit_test(secret_that_everybody_may_read_is_refused),
		cmocka_unit_test(pod_has_its_service_account),
		cmocka_unit_test(without_kubeconfig_and_pod_there_is_no_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
