#include "tests/support/rewrite_world.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void html(const struct rewrite_context *context, const char *text, const char *want)
{
	world_assert(context, REWRITE_HTML, text, want);
}

static void stays(const struct rewrite_context *context, const char *text)
{
	html(context, text, text);
}

/* ---- links to other hosts, T6-T11 ---- */

static void t6_worker_and_driver_links_of_the_master_go_to_their_mounts(void **state)
{
	(void)state;
	html(&world_master, "<td><a href=\"http://10.0.0.7:8081\">worker-1</a></td>",
		"<td><a href=\"/local/proxy/worker-1/\">worker-1</a></td>");
	html(&world_master, "<a href='http://10.0.0.9:4040/jobs/'>x</a>",
		"<a href='/local/proxy/app-1/jobs/'>x</a>");
}

static void t7_log_links_keep_their_query_byte_for_byte(void **state)
{
	(void)state;
	html(&world_master,
		"<a href=\"http://10.0.0.7:8081/logPage/?appId=a&amp;executorId=0&logType=out#x\">",
		"<a "
		"href=\"/local/proxy/worker-1/logPage/?appId=a&amp;executorId=0&logType=out#x\">");
	html(&world_master, "<a href=\"http://10.0.0.7:8081?a=1\">",
		"<a href=\"/local/proxy/worker-1/?a=1\">");
}

static void t8_worker_page_links_to_itself_and_back_to_the_master(void **state)
{
	(void)state;
	html(&world_worker,
		"<a href=\"http://10.0.0.7:8081/logPage/?a=1\"><a href=\"http://10.0.0.1:8080\">",
		"<a href=\"/local/proxy/worker-1/logPage/?a=1\"><a href=\"/local/proxy/master/\">");
}

static void unknown_hosts_stay(void **state)
{
	(void)state;
	stays(&world_master,
		"<a href=\"https://spark.apache.org/docs/\"><a href=\"http://10.0.0.7:9999/x\">");
	stays(&world_master,
		"<a href=\"//cdn.example/x.js\"><a href=\"http://user@10.0.0.7:8081/\">");
	stays(&world_master, "<a href=\"https://gw.example/elsewhere/\"><a href=\"http://\"><a "
			     "href=\"http://:80/\">");
}

static void hosts_match_in_any_case_and_with_default_ports_filled_in(void **state)
{
	(void)state;
	html(&world_master, "<a href=\"HTTP://Plain.Example/x\">",
		"<a href=\"/local/ui/plain/x\">");
	html(&world_master, "<a href=\"https://secure.example\">",
		"<a href=\"/local/ui/secure/\">");
	html(&world_master, "<a href=\"//secure.example/y\">", "<a href=\"/local/ui/secure/y\">");
	html(&world_master, "<a href=\"http://plain.example:/x\">",
		"<a href=\"/local/ui/plain/x\">");
	html(&world_master, "<a href=\"http://[FD00::7]:8081/x\">",
		"<a href=\"/local/proxy/worker-1/x\">");
	stays(&world_master, "<a href=\"https://plain.example/x\">");
}

static void t39_sparks_own_proxy_paths_go_to_the_mount_of_the_id(void **state)
{
	(void)state;
	html(&world_master, "<a href=\"/proxy/worker-1\"><a href=\"/proxy/app-1/jobs/?a=1\">",
		"<a href=\"/local/proxy/worker-1/\"><a href=\"/local/proxy/app-1/jobs/?a=1\">");
	html(&world_app, "<a href=\"http://10.0.0.1:8080/proxy/worker-1/logPage/\">",
		"<a href=\"/local/proxy/worker-1/logPage/\">");
	html(&world_master, "<a href=\"/proxy/app-9/\">",
		"<a href=\"/local/proxy/master/proxy/app-9/\">");
}

static void t13_driver_log_links_go_to_the_drivers_own_mount(void **state)
{
	(void)state;
	html(&world_app,
		"<a href=\"/proxy/driver-1/logPage?driverId=driver-1&amp;logType=stderr\">",
		"<a href=\"/local/proxy/driver-1/logPage?driverId=driver-1&amp;logType=stderr\">");
}

/* ---- roots, T1-T5 and T14-T21 ---- */

static void t1_links_below_our_mounts_stay_when_the_header_was_honoured(void **state)
{
	(void)state;
	stays(&world_app, "<link href=\"/local/proxy/app-1/static/bootstrap.min.css\">"
			  "<script>setUIRoot('/local/proxy/app-1')</script><a "
			  "href=\"/local/proxy/app-1/jobs/\">"
			  "<a href=\"/local/proxy/app-1\"><a href=\"/local/shs/history/app-1/\"><a "
			  "href=\"/local/ui/hdfs\">");
}

static void t14_t15_hard_coded_paths_go_below_the_mount(void **state)
{
	(void)state;
	html(&world_master,
		"<a href=\"/environment/\"><a href=\"/logPage/?self&amp;logType=out\"><a "
		"href=\"/\">",
		"<a href=\"/local/proxy/master/environment/\">"
		"<a href=\"/local/proxy/master/logPage/?self&amp;logType=out\"><a "
		"href=\"/local/proxy/master/\">");
}

static void t1_root_of_spark_ui_proxybase_is_learned_from_the_first_style_sheet(void **state)
{
	(void)state;
	html(&world_app,
		"<link rel=\"stylesheet\" href=\"/base/static/bootstrap.min.css\"><script "
		"src=\"/base/static/x.js\"></script>"
		"<script>setUIRoot('/base')</script><a href=\"/base/jobs/\"><a href=\"/base\"><a "
		"href=\"/based/\">",
		"<link rel=\"stylesheet\" href=\"/local/proxy/app-1/static/bootstrap.min.css\">"
		"<script src=\"/local/proxy/app-1/static/x.js\"></script>"
		"<script>setUIRoot('/local/proxy/app-1')</script><a "
		"href=\"/local/proxy/app-1/jobs/\">"
		"<a href=\"/local/proxy/app-1/\"><a href=\"/local/proxy/app-1/based/\">");
}

static void t2_set_ui_root_becomes_the_mount_and_app_base_path_stays(void **state)
{
	(void)state;
	html(&world_history,
		"<script>setUIRoot('')</script><script>setAppBasePath('/history/app-1')</script>",
		"<script>setUIRoot('/local/shs')</script><script>setAppBasePath('/history/app-1')</"
		"script>");
	html(&world_app,
		"<script nonce=\"a\">\nsetUIRoot('/x/');setAppBasePath('')</script><a "
		"href=\"/x/jobs/\">",
		"<script nonce=\"a\">\nsetUIRoot('/local/proxy/app-1');setAppBasePath('')</script>"
		"<a href=\"/local/proxy/app-1/jobs/\">");
}

static void t4_reverse_proxy_without_url_has_its_root_at_proxy_id(void **state)
{
	(void)state;
	html(&world_app,
		"<link "
		"href=\"/proxy/app-1/static/bootstrap.min.css\"><script>setUIRoot('/proxy/app-1')</"
		"script>"
		"<a href=\"/proxy/app-1/jobs/\"><a href=\"/proxy/worker-1/logPage/\">",
		"<link "
		"href=\"/local/proxy/app-1/static/bootstrap.min.css\"><script>setUIRoot('/local/"
		"proxy/app-1')</script>"
		"<a href=\"/local/proxy/app-1/jobs/\"><a href=\"/local/proxy/worker-1/logPage/\">");
}

static void t4_reverse_proxy_url_is_mended_with_all_that_is_below_it(void **state)
{
	(void)state;
	html(&world_app,
		"<link href=\"https://old.example/x/proxy/app-7/static/bootstrap.min.css\">"
		"<a href=\"https://old.example/x/proxy/app-7/jobs/\"><a "
		"href=\"https://old.example/x/proxy/worker-1/\">"
		"<a href=\"https://old.example/x/\"><a href=\"https://old.example/y/\">",
		"<link href=\"/local/proxy/app-1/static/bootstrap.min.css\">"
		"<a href=\"/local/proxy/app-1/jobs/\"><a href=\"/local/proxy/worker-1/\">"
		"<a href=\"/local/proxy/master/\"><a href=\"https://old.example/y/\">");
}

static void t8_back_to_master_works_when_the_worker_has_the_masters_root(void **state)
{
	(void)state;
	html(&world_worker,
		"<link href=\"https://old.example/x/static/bootstrap.min.css\"><a "
		"href=\"https://old.example/x/\">"
		"<a href=\"https://old.example/x/logPage/?a\">",
		"<link href=\"/local/proxy/worker-1/static/bootstrap.min.css\"><a "
		"href=\"/local/proxy/master/\">"
		"<a href=\"/local/proxy/worker-1/logPage/?a\">");
}

static void style_sheet_of_another_site_teaches_no_root(void **state)
{
	(void)state;
	html(&world_app,
		"<link href=\"https://cdn.example/static/site.css\"><a "
		"href=\"https://cdn.example/x\"><a href=\"/y\">",
		"<link href=\"https://cdn.example/static/site.css\"><a "
		"href=\"https://cdn.example/x\">"
		"<a href=\"/local/proxy/app-1/y\">");
}

static void path_of_the_configured_url_is_taken_off(void **state)
{
	struct rewrite_context hdfs = world_context("/local/ui/hdfs", "10.0.0.3:9870");

	(void)state;
	hdfs.prefix = "/hdfs";
	html(&hdfs,
		"<a href=\"/hdfs/explorer.html\"><a href=\"/hdfsx\"><a "
		"href=\"http://10.0.0.3:9870/hdfs\">",
		"<a href=\"/local/ui/hdfs/explorer.html\"><a href=\"/local/ui/hdfs/hdfsx\"><a "
		"href=\"/local/ui/hdfs/\">");
}

static void t30_module_imports_follow_the_root(void **state)
{
	(void)state;
	html(&world_app,
		"<script>setUIRoot('')</script><script type=\"module\">\nimport {a, b} from "
		"\"/static/executorspage.js\";\n"
		"import x from './y.js'; if (a < b) {}</script>",
		"<script>setUIRoot('/local/proxy/app-1')</script><script type=\"module\">\n"
		"import {a, b} from \"/local/proxy/app-1/static/executorspage.js\";\n"
		"import x from './y.js'; if (a < b) {}</script>");
	stays(&world_app, "<script type=\"module\">import {a} from "
			  "\"/local/proxy/app-1/static/a.js\";</script>");
}

/* ---- what a page is made of ---- */

static void every_attribute_that_holds_a_link_is_mended_in_any_spelling(void **state)
{
	(void)state;
	html(&world_master,
		"<IMG SRC = '/a'><form action=/b method=post><button formaction=\"/c\"><use "
		"xlink:href=\"/d\"/>"
		"<a\nhref\n=\n\"/e\"\n><a data-detail-url='/f' href='#'><object data=\"/g\"><a "
		"class=x href=/h>",
		"<IMG SRC = '/local/proxy/master/a'><form action=/local/proxy/master/b method=post>"
		"<button formaction=\"/local/proxy/master/c\"><use "
		"xlink:href=\"/local/proxy/master/d\"/>"
		"<a\nhref\n=\n\"/local/proxy/master/e\"\n><a "
		"data-detail-url='/local/proxy/master/f' href='#'>"
		"<object data=\"/local/proxy/master/g\"><a class=x href=/local/proxy/master/h>");
}

static void other_attributes_and_relative_links_stay(void **state)
{
	(void)state;
	stays(&world_master, "<a title=\"/x\" data-href=\"/y\" hrefs=\"/z\" onclick=\"go('/w')\" "
			     "value='http://10.0.0.7:8081'>");
	stays(&world_master, "<a href=\"app/?appId=1\"><a href=\"?id=1\"><a href=\"#x\"><a "
			     "href=\"\"><a href><a href=>");
	stays(&world_master, "<a href=\"javascript:go('/x')\"><a href=\"data:text/html,/x\"><a "
			     "href=\"mailto:/x\">");
	stays(&world_master, "<a title=\" href='/x' \" alt='>' x=\"<a href='/y'>\">");
}

static void t32_form_action_with_raw_ampersands_keeps_its_query(void **state)
{
	(void)state;
	html(&world_app,
		"<form action=\"/jobs/?&completedJob.sort=Job+Id&copy=1&amp;lt=2#completed\">",
		"<form "
		"action=\"/local/proxy/app-1/jobs/"
		"?&completedJob.sort=Job+Id&copy=1&amp;lt=2#completed\">");
}

static void t32_entities_in_the_part_that_matters_are_understood(void **state)
{
	(void)state;
	html(&world_master, "<a href=\"http&#58;&#x2F;&sol;10.0.0.7&colon;8081/a?b=1&amp;c=2\">",
		"<a href=\"/local/proxy/worker-1/a?b=1&amp;c=2\">");
	html(&world_master, "<a href=\"&#x2f;env?x=1&amp;y\">",
		"<a href=\"/local/proxy/master&#x2f;env?x=1&amp;y\">");
	stays(&world_master,
		"<a href=\"&#106;avascript:x\"><a href=\"&\"><a href=\"&#;\"><a href=\"&#x\">");
}

static void t33_links_users_wrote_into_descriptions_are_mended(void **state)
{
	(void)state;
	html(&world_app,
		"<span class=\"description-input\">see <a href=\"/jobs/job/?id=1\">x</a> &amp; "
		"y</span>",
		"<span class=\"description-input\">see <a "
		"href=\"/local/proxy/app-1/jobs/job/?id=1\">x</a> &amp; y</span>");
}

static void t34_pre_data_links_and_script_json_stay(void **state)
{
	(void)state;
	stays(&world_app, "<pre>at <a href=\"/x\">http://10.0.0.7:8081/</a> </prefix></pre>");
	stays(&world_app, "<a href=\"data:text/plain;charset=utf-8,%22http://10.0.0.7:8081/%22\" "
			  "download=\"x\">");
	stays(&world_app, "<script>var t = '<a href=\"/jobs/\">'; var u = "
			  "\"http://10.0.0.7:8081\";</script>");
	stays(&world_app,
		"<textarea><a href=\"/x\"></textarea><style>a[href=\"/x\"]{}</style><title><a "
		"href=\"/x\"></title>");
	html(&world_app, "<pre></PRE><a href=\"/x\">",
		"<pre></PRE><a href=\"/local/proxy/app-1/x\">");
	html(&world_app, "<script><</script ><a href=/x>",
		"<script><</script ><a href=/local/proxy/app-1/x>");
}

static void t35_text_with_urls_stays(void **state)
{
	(void)state;
	stays(&world_app, "<td>http://10.0.0.7:8081/</td> a < b href=\"/x\" </td href=\"/y\"> "
			  "&lt;a href=\"/z\"");
	stays(&world_app,
		"<!-- <a href=\"/x\"> --><!doctype html \"/x\"><?xml href=\"/y\"?><![CDATA[ ]]>");
}

static void comments_end_where_browsers_end_them(void **state)
{
	(void)state;
	html(&world_app, "<!--><a href=/x>", "<!--><a href=/local/proxy/app-1/x>");
	html(&world_app, "<!--a--!><a href=/x>", "<!--a--!><a href=/local/proxy/app-1/x>");
	html(&world_app, "<!-- - -- > ---><a href=/x>",
		"<!-- - -- > ---><a href=/local/proxy/app-1/x>");
	stays(&world_app, "<!-- > -> <a href=/x>");
}

static void mount_that_could_leave_its_quotes_is_not_written(void **state)
{
	(void)state;
	stays(&world_master, "<a href=\"http://hostile.example/\">");
}

static void value_too_long_to_be_held_stays_however_it_is_cut(void **state)
{
	struct sbuf page;

	(void)state;
	sbuf_init(&page, 64 * 1024);
	for (size_t len = 8180; len < 8200; len++) {
		sbuf_reset(&page);
		sbuf_puts(&page, "<a href=\"/");
		for (size_t i = 1; i < len; i++)
			sbuf_putc(&page, 'x');
		sbuf_puts(&page, "\"><a href=\"/y\">");
		char *whole = world_rewrite(&world_app, REWRITE_HTML, sbuf_str(&page), 0);
		char *split = world_rewrite(&world_app, REWRITE_HTML, sbuf_str(&page), 1);
		assert_string_equal(whole, split);
		assert_int_equal(strncmp(whole, "<a href=\"/local", 15) == 0, len <= 8192);
		assert_non_null(strstr(whole, "\"/local/proxy/app-1/y\""));
		free(whole);
		free(split);
	}
	sbuf_clear(&page);
}

/* ---- our own script ---- */

#define OWN "<script src=\"/_gate/static/session.js?v=1\"></script>"

static struct rewrite_context with_script(void)
{
	struct rewrite_context context = world_context(APP, "10.0.0.9:4040");

	context.script = "/_gate/static/session.js?v=1";
	return context;
}

static void own_script_is_the_first_thing_in_the_head(void **state)
{
	struct rewrite_context app = with_script();

	(void)state;
	html(&app, "<!DOCTYPE html><html><head><script src=\"/a.js\"></script></head>",
		"<!DOCTYPE html><html><head>" OWN
		"<script src=\"/local/proxy/app-1/a.js\"></script></head>");
	html(&app, "<HEAD\n profile='/x>' data=\"/y\" >t",
		"<HEAD\n profile='/x>' "
		"data=\"/local/proxy/app-1/y\" >" OWN "t");
	html(&app, "<html>\n      <head/>", "<html>\n      <head/>" OWN);
	app.mount = "/base/local/proxy/app-1", app.cluster_root = "/base/local";
	html(&app, "<head>x", "<head><script src=\"/base/_gate/static/session.js?v=1\"></script>x");
}

static void own_script_comes_once_and_never_into_a_page_without_head(void **state)
{
	struct rewrite_context app = with_script();

	(void)state;
	html(&app, "<head></head><body><head>", "<head>" OWN "</head><body><head>");
	stays(&app, "<header>x</header><thead><headx>");
	stays(&app, "<body><p><head></body>");
	stays(&app, "<!-- <head> --><textarea><head></textarea>");
	stays(&app, "<head");
	stays(&app, "<div id=\"executors-template\"></div>");
	stays(&app, "");
}

static void own_script_is_for_html_alone(void **state)
{
	struct rewrite_context app = with_script();

	(void)state;
	world_assert(&app, REWRITE_JSON, "{\"a\":\"<head>\"}", "{\"a\":\"<head>\"}");
	world_assert(&app, REWRITE_SCRIPT, "x = '<head>'", "x = '<head>'");
	app.mount = "/local/\"><script>";
	stays(&app, "<head>");
}

/* ---- kinds and scripts ---- */

static void kinds_come_from_content_type_and_path(void **state)
{
	static const struct {
		const char *type, *path;
		enum rewrite_kind want;
	} rows[] = {{"text/html; charset=utf-8", "/", REWRITE_HTML},
		{"TEXT/HTML", "/", REWRITE_HTML}, {"application/json", "/api", REWRITE_JSON},
		{"text/json;charset=utf-8", "/json/", REWRITE_JSON},
		{"text/plain", "/", REWRITE_NOTHING}, {"text/htmlx", "/", REWRITE_NOTHING},
		{"application/javascript", "/static/log-view.js", REWRITE_SCRIPT},
		{"text/javascript", "/static/sql/spark-sql-viz.js", REWRITE_SCRIPT},
		{"application/javascript", "/static/webui.js", REWRITE_NOTHING},
		{"text/html", "/static/log-view.js", REWRITE_HTML},
		{"application/zip", "/logs", REWRITE_NOTHING}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(rewrite_kind_of(str_of(rows[i].type), str_of(rows[i].path), false),
			rows[i].want);
	assert_int_equal(rewrite_kind_of((struct str){NULL, 0}, STR("/"), false), REWRITE_NOTHING);
}

static void nothing_is_touched_when_there_is_nothing_to_do(void **state)
{
	(void)state;
	world_assert(&world_app, REWRITE_NOTHING, "<a href=\"/x\">", "<a href=\"/x\">");
	world_assert(&world_app, REWRITE_HTML, "", "");
	stays(&world_app, "<");
	stays(&world_app, "<a href=\"/unfinished");
	stays(&world_app, "<script>setUIRoot('/unfinished");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t6_worker_and_driver_links_of_the_master_go_to_their_mounts),
		cmocka_unit_test(t7_log_links_keep_their_query_byte_for_byte),
		cmocka_unit_test(t8_worker_page_links_to_itself_and_back_to_the_master),
		cmocka_unit_test(unknown_hosts_stay),
		cmocka_unit_test(hosts_match_in_any_case_and_with_default_ports_filled_in),
		cmocka_unit_test(t39_sparks_own_proxy_paths_go_to_the_mount_of_the_id),
		cmocka_unit_test(t13_driver_log_links_go_to_the_drivers_own_mount),
		cmocka_unit_test(t1_links_below_our_mounts_stay_when_the_header_was_honoured),
		cmocka_unit_test(t14_t15_hard_coded_paths_go_below_the_mount),
		cmocka_unit_test(
			t1_root_of_spark_ui_proxybase_is_learned_from_the_first_style_sheet),
		cmocka_unit_test(t2_set_ui_root_becomes_the_mount_and_app_base_path_stays),
		cmocka_unit_test(t4_reverse_proxy_without_url_has_its_root_at_proxy_id),
		cmocka_unit_test(t4_reverse_proxy_url_is_mended_with_all_that_is_below_it),
		cmocka_unit_test(t8_back_to_master_works_when_the_worker_has_the_masters_root),
		cmocka_unit_test(style_sheet_of_another_site_teaches_no_root),
		cmocka_unit_test(path_of_the_configured_url_is_taken_off),
		cmocka_unit_test(t30_module_imports_follow_the_root),
		cmocka_unit_test(every_attribute_that_holds_a_link_is_mended_in_any_spelling),
		cmocka_unit_test(other_attributes_and_relative_links_stay),
		cmocka_unit_test(t32_form_action_with_raw_ampersands_keeps_its_query),
		cmocka_unit_test(t32_entities_in_the_part_that_matters_are_understood),
		cmocka_unit_test(t33_links_users_wrote_into_descriptions_are_mended),
		cmocka_unit_test(t34_pre_data_links_and_script_json_stay),
		cmocka_unit_test(t35_text_with_urls_stays),
		cmocka_unit_test(comments_end_where_browsers_end_them),
		cmocka_unit_test(mount_that_could_leave_its_quotes_is_not_written),
		cmocka_unit_test(value_too_long_to_be_held_stays_however_it_is_cut),
		cmocka_unit_test(own_script_is_the_first_thing_in_the_head),
		cmocka_unit_test(own_script_comes_once_and_never_into_a_page_without_head),
		cmocka_unit_test(own_script_is_for_html_alone),
		cmocka_unit_test(kinds_come_from_content_type_and_path),
		cmocka_unit_test(nothing_is_touched_when_there_is_nothing_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
