#include "tests/support/rewrite_world.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct row {
	const char *value, *want; /* NULL: stays */
};

static void check(const struct rewrite_context *context, const struct row *rows, size_t count,
	bool (*rewrite)(const struct rewrite_context *, struct str, struct sbuf *))
{
	for (size_t i = 0; i < count; i++) {
		struct sbuf out;
		sbuf_init(&out, 4096);
		bool changed = rewrite(context, str_of(rows[i].value), &out);
		if (changed && rows[i].want)
			assert_string_equal(out.at, rows[i].want);
		if (changed != (rows[i].want != NULL))
			fail_msg("%s became %s", rows[i].value, changed ? out.at : "nothing");
		sbuf_clear(&out);
	}
}

static void t36_absolute_redirects_to_the_upstream_come_back_below_the_mount(void **state)
{
	static const struct row rows[] = {
		{"http://10.0.0.9:4040/jobs/", "/local/proxy/app-1/jobs/"},
		{"http://10.0.0.9:4040", "/local/proxy/app-1/"},
		{"http://10.0.0.9:4040/?a=1&b=%2F&c=http://x/",
			"/local/proxy/app-1/?a=1&b=%2F&c=http://x/"},
		{"http://10.0.0.9:4040/local/proxy/app-1/jobs/", "/local/proxy/app-1/jobs/"},
		{"http://10.0.0.1:8080/app/?appId=app-1", "/local/proxy/master/app/?appId=app-1"},
		{"HTTP://10.0.0.9:4040/x", "/local/proxy/app-1/x"},
	};

	(void)state;
	check(&world_app, rows, ARRAY_LEN(rows), rewrite_location);
}

static void t36_redirects_to_our_public_host_stay_below_the_mount(void **state)
{
	static const struct row rows[] = {
		{"https://gw.example/jobs/", "/local/proxy/app-1/jobs/"},
		{"http://gw.example:443/jobs/", "/local/proxy/app-1/jobs/"},
		{"https://gw.example/local/proxy/app-1/jobs/?x", "/local/proxy/app-1/jobs/?x"},
		{"https://gw.example/_gate/login", NULL},
	};

	(void)state;
	check(&world_app, rows, ARRAY_LEN(rows), rewrite_location);
}

static struct rewrite_context app_at_its_own_host(void)
{
	struct rewrite_context context = world_app;

	context.origin = "https://app-1.apps.example";
	context.others = "https://gw.example";
	return context;
}

static void s0_at_an_applications_own_host_other_mounts_are_at_the_gateways(void **state)
{
	static const struct row rows[] = {
		{"http://10.0.0.9:4040/jobs/", "/local/proxy/app-1/jobs/"},
		{"/jobs/", "/local/proxy/app-1/jobs/"},
		{"/local/proxy/app-1/jobs/", NULL},
		{"https://app-1.apps.example/jobs/", "/local/proxy/app-1/jobs/"},
		{"http://10.0.0.1:8080/app/?appId=app-1",
			"https://gw.example/local/proxy/master/app/?appId=app-1"},
		{"/proxy/worker-1/logPage", "https://gw.example/local/proxy/worker-1/logPage"},
		{"/local/shs/history/app-1/", "https://gw.example/local/shs/history/app-1/"},
		{"http://10.0.0.9:4040/local/proxy/master/",
			"https://gw.example/local/proxy/master/"},
	};
	struct rewrite_context context = app_at_its_own_host();

	(void)state;
	check(&context, rows, ARRAY_LEN(rows), rewrite_location);
	world_assert(&context, REWRITE_HTML,
		"<a href=\"http://10.0.0.7:8081/logPage\">log</a><a href=\"/jobs/\">jobs</a>",
		"<a href=\"https://gw.example/local/proxy/worker-1/logPage\">log</a>"
		"<a href=\"/local/proxy/app-1/jobs/\">jobs</a>");
	world_assert(&context, REWRITE_JSON,
		"{\"executorLogs\":{\"stderr\":\"http://10.0.0.7:8081/logPage\"},"
		"\"uiaddress\":\"http://10.0.0.9:4040\"}",
		"{\"executorLogs\":{\"stderr\":\"https://gw.example/local/proxy/worker-1/"
		"logPage\"},"
		"\"uiaddress\":\"https://app-1.apps.example/local/proxy/app-1\"}");
}

static void t37_t38_relative_roots_get_the_mount_and_relative_references_stay(void **state)
{
	static const struct row rows[] = {
		{"/app/", "/local/shs/app/"},
		{"/history/app-1/jobs/?a=b", "/local/shs/history/app-1/jobs/?a=b"},
		{"/", "/local/shs/"},
		{"/?q=//x", "/local/shs/?q=//x"},
		{"/local/shs/history/", NULL},
		{"jobs/", NULL},
		{"../x", NULL},
		{"?a=1", NULL},
		{"", NULL},
	};

	(void)state;
	check(&world_history, rows, ARRAY_LEN(rows), rewrite_location);
}

static void t39_redirects_of_sparks_own_proxy_go_to_the_mount_of_the_id(void **state)
{
	static const struct row rows[] = {
		{"http://10.0.0.1:8080/proxy/worker-1/logPage/?x",
			"/local/proxy/worker-1/logPage/?x"},
		{"/proxy/app-1/jobs/", "/local/proxy/app-1/jobs/"},
	};

	(void)state;
	check(&world_master, rows, ARRAY_LEN(rows), rewrite_location);
}

static void redirects_to_other_places_stay_and_none_loses_its_host(void **state)
{
	static const struct row rows[] = {
		{"https://idp.example/login", NULL},
		{"//evil.example/x", NULL},
		{"http://10.0.0.9:4040//evil.example/", "/local/proxy/app-1//evil.example/"},
		{"https://gw.example//evil.example/", "/local/proxy/app-1//evil.example/"},
		{"http://10.0.0.9:4040\\@evil.example/", NULL},
		{"http://10.0.0.9:4040@evil.example/", NULL},
		{"javascript:alert(1)", NULL},
	};

	(void)state;
	check(&world_app, rows, ARRAY_LEN(rows), rewrite_location);
}

static void base_path_of_the_gateway_stays_ours(void **state)
{
	static const struct row rows[] = {
		{"https://gw.example/base/other/proxy/master/", NULL},
		{"https://gw.example/jobs/", "/base/local/proxy/app-1/jobs/"},
		{"/base/local/shs/", NULL},
	};
	struct rewrite_context context = world_context("/base/local/proxy/app-1", "10.0.0.9:4040");

	(void)state;
	context.cluster_root = "/base/local";
	check(&context, rows, ARRAY_LEN(rows), rewrite_location);
}

static void path_of_the_configured_url_is_taken_off_redirects(void **state)
{
	static const struct row rows[] = {
		{"/hdfs/explorer.html", "/local/ui/hdfs/explorer.html"},
		{"http://10.0.0.3:9870/hdfs", "/local/ui/hdfs/"},
	};
	struct rewrite_context context = world_context("/local/ui/hdfs", "10.0.0.3:9870");

	(void)state;
	context.prefix = "/hdfs";
	check(&context, rows, ARRAY_LEN(rows), rewrite_location);
}

/* Spark's own get another name (S90); paths are the same. */
static struct rewrite_context of_other_ui(struct rewrite_context context)
{
	context.is_other = true;
	return context;
}

static void cookie_paths_go_below_the_mount_and_domains_are_dropped(void **state)
{
	static const struct row rows[] = {
		{"a=b; Path=/", "a=b; Path=/local/proxy/app-1/"},
		{"a=b;path=/x;HttpOnly", "a=b; Path=/local/proxy/app-1/x; HttpOnly"},
		{"a=\"x=y\"; Domain=.example; Secure; SameSite=Lax",
			"a=\"x=y\"; Secure; SameSite=Lax"},
		{"a=b; Path=/local/proxy/app-1/; Domain=x", "a=b; Path=/local/proxy/app-1/"},
		{"a=b; Path=; Max-Age=1", "a=b; Max-Age=1"},
		{"a=b; Path=//evil; Max-Age=1", "a=b; Max-Age=1"},
		{"path=/; HttpOnly", NULL},
		{"a=b", NULL},
	};

	(void)state;
	struct rewrite_context other = of_other_ui(world_app);
	check(&other, rows, ARRAY_LEN(rows), rewrite_set_cookie);
}

static void s25_a_cookie_for_the_whole_host_becomes_one_for_the_mount(void **state)
{
	static const struct row rows[] = {
		{"__Host-a=b; Secure; Path=/",
			"__Secure-Host-a=b; Secure; Path=/local/proxy/app-1/"},
		{"__host-a=b; Path=/; Secure",
			"__Secure-Host-a=b; Path=/local/proxy/app-1/; Secure"},
		{"__Secure-a=b; Path=/", "__Secure-a=b; Path=/local/proxy/app-1/"},
	};
	struct str pair = STR("__Secure-Host-a=b"), before;

	(void)state;
	struct rewrite_context other = of_other_ui(world_app);
	check(&other, rows, ARRAY_LEN(rows), rewrite_set_cookie);
	assert_true(rewrite_cookie(true, &pair, &before));
	assert_true(str_eq(before, STR("__Host-")) && str_eq(pair, STR("a=b")));
	pair = STR("__Secure-a=b");
	assert_true(rewrite_cookie(true, &pair, &before));
	assert_true(before.len == 0 && str_eq(pair, STR("__Secure-a=b")));
}

static void s90_a_cookie_of_spark_is_known_again_below_its_mount(void **state)
{
	static const struct row rows[] = {
		{"a=b; Path=/", "spark-ui-a=b; Path=/local/proxy/app-1/"},
		{"a=b", "spark-ui-a=b"},
		{"__Host-a=b; Secure; Path=/",
			"spark-ui-__Host-a=b; Secure; Path=/local/proxy/app-1/"},
		{"JSESSIONID=1; Path=/local/shs",
			"spark-ui-JSESSIONID=1; Path=/local/proxy/app-1/local/shs"},
		{"a=; Max-Age=0", "spark-ui-a=; Max-Age=0"},
	};
	static const char *const strange[] = {
		"a=b", "JSESSIONID=1", "__Host-a=b", "spark-uia=b", ""};
	struct str pair = STR("spark-ui-__Host-a=b"), before;

	(void)state;
	check(&world_app, rows, ARRAY_LEN(rows), rewrite_set_cookie);
	assert_true(rewrite_cookie(false, &pair, &before));
	assert_true(before.len == 0 && str_eq(pair, STR("__Host-a=b")));
	for (size_t i = 0; i < ARRAY_LEN(strange); i++) {
		pair = str_of(strange[i]);
		assert_false(rewrite_cookie(false, &pair, &before));
	}
}

static void s46_a_cookie_is_for_its_own_mount_whatever_its_path_says(void **state)
{
	static const struct row rows[] = {
		{"a=b; Path=/local/proxy/app-2/",
			"a=b; Path=/local/proxy/app-1/local/proxy/app-2/"},
		{"a=b; Path=/local/shs", "a=b; Path=/local/proxy/app-1/local/shs"},
		{"a=b; Path=/local/ui/lab/; HttpOnly",
			"a=b; Path=/local/proxy/app-1/local/ui/lab/; HttpOnly"},
		{"a=b; Path=/local/apps", "a=b; Path=/local/proxy/app-1/local/apps"},
		{"a=b; Path=/local/proxy/app-10",
			"a=b; Path=/local/proxy/app-1/local/proxy/app-10"},
		{"a=b; Path=/proxy/app-21/", "a=b; Path=/local/proxy/app-1/proxy/app-21/"},
		{"a=b; Path=/_gate", "a=b; Path=/local/proxy/app-1/_gate"},
		{"a=b; Path=/other/shs/", "a=b; Path=/local/proxy/app-1/other/shs/"},
		{"a=b; PATH = /local/shs", "a=b; Path=/local/proxy/app-1/local/shs"},
		{"a=b;\tpath\t=\t/local/shs", "a=b; Path=/local/proxy/app-1/local/shs"},
		{"a=b; Domain = .example ; Path =/", "a=b; Path=/local/proxy/app-1/"},
		{"a=b; domain; DOMAIN=x", "a=b"},
		{"a=b; Path=/x; Path=/local/shs; Path",
			"a=b; Path=/local/proxy/app-1/x; Path=/local/proxy/app-1/local/shs"},
		{"__Host-a=b; Secure; Path=/local/shs/",
			"__Secure-Host-a=b; Secure; Path=/local/proxy/app-1/local/shs/"},
		{"__Secure-a=b; Secure; Path=/local/shs/",
			"__Secure-a=b; Secure; Path=/local/proxy/app-1/local/shs/"},
		/* What is above the mount is for all of it. */
		{"a=b; Path=/local", "a=b; Path=/local/proxy/app-1/"},
		{"a=b; Path=/local/", "a=b; Path=/local/proxy/app-1/"},
		{"a=b; Path=/local/proxy", "a=b; Path=/local/proxy/app-1/"},
		{"a=b; Path=/local/proxy/app-1", "a=b; Path=/local/proxy/app-1"},
		{"a=b; Path=/local/proxy/app-1?x",
			"a=b; Path=/local/proxy/app-1/local/proxy/app-1?x"},
		{"a=b; Path=\"/local/shs\"", "a=b"},
	};
	struct rewrite_context own_host = of_other_ui(app_at_its_own_host());
	struct rewrite_context other = of_other_ui(world_app);

	(void)state;
	check(&other, rows, ARRAY_LEN(rows), rewrite_set_cookie);
	check(&own_host, rows, ARRAY_LEN(rows), rewrite_set_cookie);
}

static void s46_a_mount_that_no_path_can_name_takes_the_default_one(void **state)
{
	static const struct row rows[] = {{"a=b; Path=/", "a=b"}, {"a=b; Path=/local/shs", "a=b"}};
	struct rewrite_context semicolon = world_context("/local/proxy/a;b", "10.0.0.9:4040");
	struct rewrite_context quote = world_context("/local/proxy/\"a", "10.0.0.9:4040");

	(void)state;
	semicolon.is_other = quote.is_other = true;
	check(&semicolon, rows, ARRAY_LEN(rows), rewrite_set_cookie);
	check(&quote, rows, ARRAY_LEN(rows), rewrite_set_cookie);
}

static void path_of_the_configured_url_is_taken_off_cookies(void **state)
{
	static const struct row rows[] = {{"a=b; Path=/hdfs/x", "a=b; Path=/local/ui/hdfs/x"},
		{"a=b; Path=/hdfs", "a=b; Path=/local/ui/hdfs"},
		{"a=b; Path=/", "a=b; Path=/local/ui/hdfs/"}};
	struct rewrite_context context = world_context("/local/ui/hdfs", "10.0.0.3:9870");

	(void)state;
	context.prefix = "/hdfs";
	context.is_other = true;
	check(&context, rows, ARRAY_LEN(rows), rewrite_set_cookie);
}

static void refresh_goes_where_location_does(void **state)
{
	static const struct row rows[] = {
		{"5; url=/jobs/", "5; url=/local/proxy/app-1/jobs/"},
		{"0;URL='http://10.0.0.9:4040/x' ", "0;URL='/local/proxy/app-1/x' "},
		{"0, /x", "0, /local/proxy/app-1/x"},
		{"0;url=https://gw.example/x", "0;url=/local/proxy/app-1/x"},
		{"5", NULL},
		{"", NULL},
		{"5; url=x", NULL},
		{"5; url=https://else.example/", NULL},
		{"url=/x", NULL},
	};

	(void)state;
	check(&world_app, rows, ARRAY_LEN(rows), rewrite_refresh);
}

static void targets_of_link_fields_are_mended(void **state)
{
	static const struct row rows[] = {
		{"</a.css>; rel=preload; as=style, <b>; title=\"</c>, \\\"<x>\", </d>",
			"</local/proxy/app-1/a.css>; rel=preload; as=style, <b>; title=\"</c>, "
			"\\\"<x>\", </local/proxy/app-1/d>"},
		{"<http://10.0.0.9:4040>; rel=x", "</local/proxy/app-1/>; rel=x"},
		{"<x>; rel=next", NULL},
		{"</x", NULL},
		{"\"</x>", NULL},
		{"<>", NULL},
		{"", NULL},
	};

	(void)state;
	check(&world_app, rows, ARRAY_LEN(rows), rewrite_link_field);
}

/* As spark.ui.proxyBase=/old/base writes it, with proxyRedirectUri=/: what each path is led to. */
static void t40_a_prefix_of_another_proxy_is_taken_off_redirects(void **state)
{
	static const struct {
		const struct rewrite_context *ui;
		const char *asked, *query, *location, *want;
	} rows[] = {
		{&world_app, "/", "", "/old/base/jobs/", "/local/proxy/app-1/jobs/"},
		{&world_app, "/jobs", "a=b", "/old/base/jobs/", "/local/proxy/app-1/jobs/?a=b"},
		{&world_app, "/log", "x=1", "/old/base/jobs/", "/local/proxy/app-1/jobs/"},
		{&world_app, "/old/base/jobs/", "", "/old/base/jobs/", "/local/proxy/app-1/jobs/"},
		{&world_app, "/", "", "http://10.0.0.9:4040/old/base/jobs/",
			"/local/proxy/app-1/jobs/"},
		{&world_app, "/", "", "/proxy/application_1/jobs/", "/local/proxy/app-1/jobs/"},
		{&world_app, "/stages/stage/kill/", "", "/old/base/stages/",
			"/local/proxy/app-1/stages/"},
		{&world_app, "/", "", "/jobs/", "/local/proxy/app-1/jobs/"},
		{&world_app, "/plugin", "q", "/plugin/", "/local/proxy/app-1/plugin/?q"},
		{&world_app, "/jobs", "a=b", "/jobs/?c=d", "/local/proxy/app-1/jobs/?c=d"},
		{&world_app, "/jobs/", "a=b", "/jobs/", "/local/proxy/app-1/jobs/"},
		{&world_history, "/history/app-1", "", "/old/base/history/app-1/",
			"/local/shs/history/app-1/"},
		{&world_history, "/history/app-1/", "", "/old/base/history/app-1/jobs/",
			"/local/shs/history/app-1/jobs/"},
		{&world_history, "/history/app-1/stages/stage/", "id=3&attempt=0",
			"/old/base/history/app-1/stages/stage/",
			"/local/shs/history/app-1/stages/stage/?id=3&attempt=0"},
		{&world_history, "/history/app-1/", "", "/spark/history/history/app-1/jobs/",
			"/local/shs/history/app-1/jobs/"},
		{&world_history, "/log", "logType=out", "/old/base/log/",
			"/local/shs/log/?logType=out"},
		{&world_master, "/app", "appId=app-1", "/old/base/app/",
			"/local/proxy/master/app/?appId=app-1"},
		{&world_master, "/app/kill/", "", "/old/base/", "/local/proxy/master/"},
		{&world_master, "/x", "", "/old/base/proxy/app-1/jobs/",
			"/local/proxy/app-1/jobs/"},
		{&world_worker, "/logPage", "appId=app-1", "/old/base/logPage/",
			"/local/proxy/worker-1/logPage/?appId=app-1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rewrite_context context = *rows[i].ui;
		struct sbuf out;

		context.asked = str_of(rows[i].asked);
		context.query = str_of(rows[i].query);
		sbuf_init(&out, 1000);
		(void)rewrite_location(&context, str_of(rows[i].location), &out);
		if (strcmp(out.at, rows[i].want) != 0)
			fail_msg("%s?%s: %s became %s", rows[i].asked, rows[i].query,
				rows[i].location, out.at);
		sbuf_clear(&out);
	}
}

static void t40_another_uis_redirects_have_no_prefix_that_we_know(void **state)
{
	struct rewrite_context context = of_other_ui(world_app);
	struct sbuf out;

	(void)state;
	context.asked = STR("/jobs");
	context.query = STR("a=b");
	sbuf_init(&out, 1000);
	assert_true(rewrite_location(&context, STR("/old/base/jobs/"), &out));
	assert_string_equal(out.at, "/local/proxy/app-1/old/base/jobs/");
	sbuf_clear(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t40_a_prefix_of_another_proxy_is_taken_off_redirects),
		cmocka_unit_test(t40_another_uis_redirects_have_no_prefix_that_we_know),
		cmocka_unit_test(t36_absolute_redirects_to_the_upstream_come_back_below_the_mount),
		cmocka_unit_test(t36_redirects_to_our_public_host_stay_below_the_mount),
		cmocka_unit_test(s0_at_an_applications_own_host_other_mounts_are_at_the_gateways),
		cmocka_unit_test(t37_t38_relative_roots_get_the_mount_and_relative_references_stay),
		cmocka_unit_test(t39_redirects_of_sparks_own_proxy_go_to_the_mount_of_the_id),
		cmocka_unit_test(redirects_to_other_places_stay_and_none_loses_its_host),
		cmocka_unit_test(base_path_of_the_gateway_stays_ours),
		cmocka_unit_test(path_of_the_configured_url_is_taken_off_redirects),
		cmocka_unit_test(cookie_paths_go_below_the_mount_and_domains_are_dropped),
		cmocka_unit_test(s25_a_cookie_for_the_whole_host_becomes_one_for_the_mount),
		cmocka_unit_test(s90_a_cookie_of_spark_is_known_again_below_its_mount),
		cmocka_unit_test(s46_a_cookie_is_for_its_own_mount_whatever_its_path_says),
		cmocka_unit_test(s46_a_mount_that_no_path_can_name_takes_the_default_one),
		cmocka_unit_test(path_of_the_configured_url_is_taken_off_cookies),
		cmocka_unit_test(refresh_goes_where_location_does),
		cmocka_unit_test(targets_of_link_fields_are_mended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
