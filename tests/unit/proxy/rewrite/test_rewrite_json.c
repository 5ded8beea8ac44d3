#include "tests/support/rewrite_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void json(const char *text, const char *want)
{
	world_assert(&world_app, REWRITE_JSON, text, want);
}

static void stays(const char *text)
{
	json(text, text);
}

static void t10_executor_logs_become_absolute_links_through_the_gateway(void **state)
{
	(void)state;
	json("{\"executorLogs\" : {\n \"stdout\" : "
	     "\"http://10.0.0.7:8081/logPage/?appId=a&executorId=0\",\n"
	     " \"any\":\"http://10.0.0.7:8081/x\" }, \"url\":\"http://10.0.0.7:8081/\"}",
		"{\"executorLogs\" : {\n \"stdout\" : "
		"\"https://gw.example/local/proxy/worker-1/logPage/?appId=a&executorId=0\",\n"
		" \"any\":\"https://gw.example/local/proxy/worker-1/x\" }, "
		"\"url\":\"http://10.0.0.7:8081/\"}");
	json("{\"processLogs\":{\"stdout\":\"http://10.0.0.7:8081/x\"}}",
		"{\"processLogs\":{\"stdout\":\"https://gw.example/local/proxy/worker-1/x\"}}");
}

static void t10_logs_of_a_reverse_proxy_lead_to_the_worker_wherever_it_was(void **state)
{
	(void)state;
	json("{\"executorLogs\":{\"a\":\"/proxy/worker-1/logPage/?x\",\"b\":\"https://old.example/"
	     "x/proxy/worker-1/logPage?y\","
	     "\"c\":\"https://gw.example/x/proxy/worker-1\",\"d\":\"https://old.example/proxy/"
	     "worker-9/\"}}",
		"{\"executorLogs\":{\"a\":\"https://gw.example/local/proxy/worker-1/logPage/?x\","
		"\"b\":\"https://gw.example/local/proxy/worker-1/logPage?y\","
		"\"c\":\"https://gw.example/local/proxy/worker-1\",\"d\":\"https://old.example/"
		"proxy/worker-9/\"}}");
}

static void t6_addresses_in_master_and_worker_json_get_no_slash_of_ours(void **state)
{
	(void)state;
	json("{\"webuiaddress\" : \"http://10.0.0.7:8081\", "
	     "\"masterWebUiUrl\":\"http://10.0.0.1:8080/\"}",
		"{\"webuiaddress\" : \"https://gw.example/local/proxy/worker-1\", "
		"\"masterWebUiUrl\":\"https://gw.example/local/proxy/master/\"}");
	stays("{\"webuiaddress\":\"http://10.9.9.9:8081\"}");
}

/* Of whatever proxy: spark.ui.reverseProxyUrl of another, none, or a master that nobody knows. */
static void t8_master_of_a_workers_json_is_this_clusters_master(void **state)
{
	(void)state;
	json("{\"masterwebuiurl\" : \"http://old.example/spark/\"}",
		"{\"masterwebuiurl\" : \"https://gw.example/local/proxy/master/\"}");
	json("{\"masterwebuiurl\" : \"/\", \"x\":\"/\"}",
		"{\"masterwebuiurl\" : \"https://gw.example/local/proxy/master/\", \"x\":\"/\"}");
	json("{\"masterwebuiurl\":\"http://10.9.9.9:8080\"}",
		"{\"masterwebuiurl\":\"https://gw.example/local/proxy/master\"}");
}

static void escapes_in_the_part_that_matters_are_understood_and_others_kept(void **state)
{
	(void)state;
	json("{\"webuiaddress\":\"http:\\/\\/10.0.0.7:8081\\/a?b\\u0026c=\\\"\\\\\"}",
		"{\"webuiaddress\":\"https://gw.example/local/proxy/worker-1\\/"
		"a?b\\u0026c=\\\"\\\\\"}");
	json("{\"webuiaddress\":\"\\u0068ttp://10.0.0.7:8081\"}",
		"{\"webuiaddress\":\"https://gw.example/local/proxy/worker-1\"}");
}

static void only_values_of_known_keys_are_links(void **state)
{
	(void)state;
	stays("{\"name\":\"webuiaddress\",\"x\":\"http://10.0.0.7:8081\"}");
	stays("[\"webuiaddress\",\"http://10.0.0.7:8081\",{\"executorLogs\":[\"http://"
	      "10.0.0.7:8081\"]}]");
	stays("{\"executorLogs\":null,\"x\":{\"y\":\"http://10.0.0.7:8081\"}}");
	stays("{\"executorLogs\":{},\"x\":\"http://10.0.0.7:8081\"}");
	stays("{\"\\\"webuiaddress\":\"http://"
	      "10.0.0.7:8081\",\"a\\\\\":\"\\\"executorLogs\\\":{\"}");
	stays("{\"description\":\"{\\\"webuiaddress\\\":\\\"http://10.0.0.7:8081\\\"}\"}");
	stays("{\"executorLogs\":{\"a\":{\"b\":\"http://10.0.0.7:8081\"}},\"c\":\"http://"
	      "10.0.0.7:8081\"}");
}

static void what_is_no_json_passes(void **state)
{
	(void)state;
	stays("<html>\"webuiaddress\" \"http://10.0.0.7:8081\"");
	stays("{\"webuiaddress\":\"http://10.0.0.7:8081");
	stays("\"\\");
	stays("}}]]\"executorLogs\":{{\"a\"");
}

static void string_longer_than_8_kib_passes_however_it_is_cut(void **state)
{
	struct sbuf text;

	(void)state;
	sbuf_init(&text, 64 * 1024);
	for (size_t len = 8185; len < 8200; len++) {
		sbuf_reset(&text);
		sbuf_puts(&text, "{\"webuiaddress\":\"/");
		for (size_t i = 1; i < len; i++)
			sbuf_putc(&text, 'x');
		sbuf_puts(&text, "\",\"webuiaddress\":\"/y\"}");
		char *whole = world_rewrite(&world_app, REWRITE_JSON, sbuf_str(&text), 0);
		char *split = world_rewrite(&world_app, REWRITE_JSON, sbuf_str(&text), 1);
		assert_string_equal(whole, split);
		assert_int_equal(strstr(whole, "app-1/xx") != NULL, len <= 8192);
		assert_non_null(strstr(whole, "\"https://gw.example/local/proxy/app-1/y\""));
		free(whole);
		free(split);
	}
	sbuf_clear(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t10_executor_logs_become_absolute_links_through_the_gateway),
		cmocka_unit_test(t10_logs_of_a_reverse_proxy_lead_to_the_worker_wherever_it_was),
		cmocka_unit_test(t8_master_of_a_workers_json_is_this_clusters_master),
		cmocka_unit_test(t6_addresses_in_master_and_worker_json_get_no_slash_of_ours),
		cmocka_unit_test(escapes_in_the_part_that_matters_are_understood_and_others_kept),
		cmocka_unit_test(only_values_of_known_keys_are_links),
		cmocka_unit_test(what_is_no_json_passes),
		cmocka_unit_test(string_longer_than_8_kib_passes_however_it_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
