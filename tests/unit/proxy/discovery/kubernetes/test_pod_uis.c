/* At which ports a pod says that UIs are. */
#include "proxy/discovery/kubernetes/kube_pod.h"

#include "base/mem.h"
#include "base/text/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *pod_of(const char *annotation, const char *labels, const char *args)
{
	char *text = mem_printf("{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"u\","
				"\"annotations\":{\"sparkgate.io/ui\":\"%s\"},\"labels\":{%s}},"
				"\"spec\":{\"hostNetwork\":true,\"containers\":[{\"args\":[%s],"
				"\"ports\":[{\"name\":\"my-ui\",\"containerPort\":4444}]}]},"
				"\"status\":{\"hostIP\":\"10.0.0.9\"}}",
		annotation, labels, args);
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	free(text);
	return json;
}

static struct kube_pod read_pod(const json_t *json)
{
	const struct kube_object object = {.json = json, .namespace = "n", .name = "p", .uid = "u"};
	struct kube_pod pod;

	kube_pod_read(&object, &pod);
	return pod;
}

/* "4040 4041+ 4440s": of a range, and https. */
static void check(const char *annotation, const char *expected)
{
	struct pod_ui uis[POD_UIS_MAX];
	json_t *json = pod_of(annotation, "", "");
	size_t count = pod_uis_read(json, uis), used = 0;
	char said[512] = "";

	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(said + used, sizeof said - used, "%s%u%s%s", i ? " " : "",
			uis[i].port, uis[i].is_next ? "+" : "", uis[i].tls ? "s" : "");
	assert_string_equal(said, expected);
	json_decref(json);
}

static void annotation_is_a_list_of_ports_ranges_and_names(void **state)
{
	(void)state;
	check("4040", "4040");
	check("4040,4041", "4040 4041");
	check(" 4040-4042 , 5000", "4040 4041+ 4042+ 5000");
	check("https:4440", "4440s");
	check("https:4440-4441", "4440s 4441+s");
	check("my-ui", "4444");
	check("https:my-ui,4444", "4444s");
}

static void s113_what_is_no_port_of_a_ui_is_left_out(void **state)
{
	static const char *const none[] = {"", ",", "80", "1-1023", "65536", "4050-4040", "0x1000",
		"-1", "4040-", "http:4040", "4040/path", "10.0.0.1:4040", "unknown",
		"99999999999999999999", "4040-99999999999"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		check(none[i], "");
	check("80,4040,4040", "4040");
}

static void s113_ports_of_one_pod_are_bounded(void **state)
{
	struct pod_ui uis[POD_UIS_MAX];
	json_t *json = pod_of("2000-65535,1500", "", "");

	(void)state;
	assert_int_equal(pod_uis_read(json, uis), POD_UIS_MAX);
	assert_int_equal(uis[POD_UIS_MAX - 1].port, 2000 + POD_UIS_MAX - 1);
	json_decref(json);
}

static void pod_with_an_id_has_one_ui_at_the_first_port(void **state)
{
	json_t *json = pod_of("https:4440,4041", "\"spark-app-selector\":\"spark-1\"", "");
	struct kube_pod pod = read_pod(json);
	struct url url;
	char origin[288];

	(void)state;
	assert_int_equal(pod.uis_count, 0);
	assert_true(kube_pod_url(&pod, &url));
	url_origin(&url, origin);
	assert_string_equal(origin, "https://10.0.0.9:4440");
	json_decref(json);
}

static void server_is_named_by_its_main_class_and_not_by_an_argument_after_it(void **state)
{
#define CONNECT "\"org.apache.spark.sql.connect.service.SparkConnectServer\""
#define HISTORY "\"org.apache.spark.deploy.history.HistoryServer\""
	static const struct {
		const char *args, *server;
		bool is_history;
	} rows[] = {{"\"driver\",\"--class\"," CONNECT, "Connect server", false},
		{"\"driver\",\"--class\"," HISTORY ",\"x\"," CONNECT, "", true},
		{"\"driver\",\"--class\"," CONNECT "," HISTORY, "Connect server", false},
		{"\"driver\",\"--class\",\"org.apache.spark.sql.hive.thriftserver."
		 "HiveThriftServer2\"",
			"Thrift server", false},
		{"\"driver\",7,null", "", false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *json = pod_of("", "", rows[i].args);
		struct kube_pod pod = read_pod(json);
		assert_string_equal(pod.server, rows[i].server);
		assert_int_equal(pod.is_history, rows[i].is_history);
		json_decref(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(annotation_is_a_list_of_ports_ranges_and_names),
		cmocka_unit_test(s113_what_is_no_port_of_a_ui_is_left_out),
		cmocka_unit_test(s113_ports_of_one_pod_are_bounded),
		cmocka_unit_test(pod_with_an_id_has_one_ui_at_the_first_port),
		cmocka_unit_test(server_is_named_by_its_main_class_and_not_by_an_argument_after_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
