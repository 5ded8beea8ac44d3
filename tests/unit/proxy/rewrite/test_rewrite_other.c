/* UIs that are not Spark's and know no prefix: every link of HTML and CSS, and no script. */
#include "tests/support/rewrite_world.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UI "/local/ui/wiki"

static struct rewrite_context wiki(void)
{
	struct rewrite_context context = world_context(UI, "10.0.0.3:8000");

	context.is_other = true;
	return context;
}

static void html(const char *text, const char *want)
{
	struct rewrite_context context = wiki();

	world_assert(&context, REWRITE_HTML, text, want);
}

static void css(const char *text, const char *want)
{
	struct rewrite_context context = wiki();

	world_assert(&context, REWRITE_CSS, text, want);
}

static void every_attribute_that_html_knows_as_a_link_is_mended(void **state)
{
	(void)state;
	html("<base href=\"/\"><a href=\"/x?a=1&amp;b#c\" ping=\"/p /q https://else.example/\">",
		"<base href=\"" UI "/\"><a href=\"" UI "/x?a=1&amp;b#c\" ping=\"" UI "/p " UI
		"/q https://else.example/\">");
	html("<body background=/b.png><blockquote cite='/c'><img src=\"/i\" longdesc=\"/l\">",
		"<body background=" UI "/b.png><blockquote cite='" UI "/c'><img src=\"" UI
		"/i\" longdesc=\"" UI "/l\">");
	html("<html manifest=\"/m\"><video poster=\"/p\"><button formaction=\"/f\">",
		"<html manifest=\"" UI "/m\"><video poster=\"" UI "/p\"><button formaction=\"" UI
		"/f\">");
	html("<a href=\"http://10.0.0.3:8000/x\"><a href=\"//10.0.0.3:8000\">",
		"<a href=\"" UI "/x\"><a href=\"" UI "/\">");
	html("<a href=\"  \n/x \">", "<a href=\"  \n" UI "/x \">");
}

static void relative_links_other_hosts_and_what_is_below_the_mount_stay(void **state)
{
	static const char *const texts[] = {"<a href=\"x/y\"><a href=\"?q\"><a href=\"#f\">",
		"<a href=\"https://else.example/x\"><img src=\"data:image/png;base64,/x\">",
		"<a href=\"" UI "/x\" style=\"background: url(" UI "/y)\">",
		"<div data-url=\"/x\" onclick=\"go('/x')\" title=\"/x\">",
		"<input value=\"/x\"><meta name=\"description\" content=\"/x 5; url=/y\">"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		html(texts[i], texts[i]);
}

static void srcset_is_a_list_with_descriptors(void **state)
{
	(void)state;
	html("<img srcset=\"/a.png, /b,c.png 2x,\n /d.png 3x\" src=/a.png>",
		"<img srcset=\"" UI "/a.png, " UI "/b,c.png 2x,\n " UI "/d.png 3x\" src=" UI
		"/a.png>");
	html("<source srcset='data:image/png;base64,AA/A 1x, /e 2x'><link imagesrcset=\"/f\">",
		"<source srcset='data:image/png;base64,AA/A 1x, " UI
		"/e 2x'><link imagesrcset=\"" UI "/f\">");
	html("<img srcset=\"/a calc(1x, /b), /c,, ,/d\"><img srcset=\"\"><img srcset=\" ,\">",
		"<img srcset=\"" UI "/a calc(1x, /b), " UI "/c,, ," UI
		"/d\"><img srcset=\"\"><img srcset=\" ,\">");
}

static void a_page_that_sends_on_by_meta_sends_below_the_mount(void **state)
{
	(void)state;
	html("<meta http-equiv=\"refresh\" content=\"0;url=/dfshealth.html\">",
		"<meta http-equiv=\"refresh\" content=\"0;url=" UI "/dfshealth.html\">");
	html("<meta content='5 ; URL = \"/x\"' http-equiv=refresh>",
		"<meta content='5 ; URL = \"" UI "/x\"' http-equiv=refresh>");
	html("<META charset=utf-8 CONTENT=\"1.5, /x\"/HTTP-EQUIV='Refresh'/><a href=/y>",
		"<META charset=utf-8 CONTENT=\"1.5, " UI "/x\"/HTTP-EQUIV='Refresh'/><a href=" UI
		"/y>");
	html("<meta http-equiv=refresh content=\".5;url=&quot;/x&quot;\">",
		"<meta http-equiv=refresh content=\".5;url=&quot;" UI "/x&quot;\">");
	html("<meta http-equiv=refresh title='a>b' content=\"0\n/x\">",
		"<meta http-equiv=refresh title='a>b' content=\"0\n" UI "/x\">");
	html("<meta http-equiv=refresh content='0;/x' content='0;/y'>",
		"<meta http-equiv=refresh content='0;" UI "/x' content='0;/y'>");
}

/* As HTML reads it: a number, an end of it, and a link; whatever else <meta> says is text. */
static void meta_that_sends_nowhere_stays_as_it_is(void **state)
{
	static const char *const texts[] = {"<meta content=\"0;url=/x\">",
		"<meta name=refresh content=\"0;url=/x\">",
		"<meta http-equiv=content-security-policy content=\"0;url=/x\">",
		"<meta http-equiv=\"refresh \" content=\"0;url=/x\">",
		"<meta http-equiv=x http-equiv=refresh content=\"0;url=/x\">",
		"<meta http-equiv content=\"0;url=/x\"><meta http-equiv=refresh content>",
		"<meta http-equiv=refresh content=\"10\"><meta http-equiv=refresh content=\"\">",
		"<meta http-equiv=refresh content=\"3;url=x.html\">",
		"<meta http-equiv=refresh content=\"5/x\">",
		"<meta http-equiv=refresh content=\"/x\">",
		"<meta http-equiv=refresh content=\"0;;/x\">",
		"<meta http-equiv=refresh content=\"0; url /x\">",
		"<meta name=\"viewport\" content=\"1,/x\" href=\"/x\">",
		"<p http-equiv=refresh content=\"0;url=/x\">"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		html(texts[i], texts[i]);
}

/* A page's first link may look like that of one of Spark's pages; its server is another's. */
static void a_page_that_is_not_sparks_teaches_no_root(void **state)
{
	(void)state;
	html("<link href=\"/proxy/application_1_0001/static/bootstrap.min.css\"><a "
	     "href=\"/cluster\">",
		"<link href=\"" UI
		"/proxy/application_1_0001/static/bootstrap.min.css\"><a href=\"" UI "/cluster\">");
	html("<script>setUIRoot('/proxy/application_1_0001')</script><a href=\"/static/x\">"
	     "<a href=\"/proxy/application_1_0001/jobs/\">",
		"<script>setUIRoot('" UI "/proxy/application_1_0001')</script><a href=\"" UI
		"/static/x\"><a href=\"" UI "/proxy/application_1_0001/jobs/\">");
	html("<script>setUIRoot('')</script>", "<script>setUIRoot('" UI "')</script>");
	html("<script>setUIRoot('" UI "')</script>", "<script>setUIRoot('" UI "')</script>");
}

/* YARN's pages have their links in the strings of a script, however long it is. */
static void tables_of_hadoop_are_html_within_a_script(void **state)
{
	(void)state;
	html("<script type=\"text/javascript\">\n  var appsTableData=[\n"
	     "[\"<a href='/cluster/app/a_1'>a_1</a>\",\"x\",\"<br title='10'> <div "
	     "style='width:1%'>\","
	     "\"<a href='http://10.0.0.3:8000/proxy/a_1/'>Master</a>\",\"<a #'>y</a>\"]\n]\n"
	     "</script><a href='/cluster'>",
		"<script type=\"text/javascript\">\n  var appsTableData=[\n"
		"[\"<a href='" UI "/cluster/app/a_1'>a_1</a>\",\"x\",\"<br title='10'> "
		"<div style='width:1%'>\",\"<a href='" UI
		"/proxy/a_1/'>Master</a>\",\"<a #'>y</a>\"]\n]\n</script><a href='" UI
		"/cluster'>");
	html("<script>var nodeTableData = [[\"\",\"<a href='//10.0.0.7:8081'>n</a>\"]]</script>",
		"<script>var nodeTableData = [[\"\",\"<a href='" WORKER "/'>n</a>\"]]</script>");
	html("<script>var a=1, xTableData=[\"<a href='/x'>\"]</script>"
	     "<script>var appsTableData={\"<a href='/x'>\":1}</script>",
		"<script>var a=1, xTableData=[\"<a href='/x'>\"]</script>"
		"<script>var appsTableData={\"<a href='/x'>\":1}</script>");
}

static void what_yarn_asks_for_by_script_is_below_the_mount(void **state)
{
	(void)state;
	html("<script>$.ajax({ url: '/ws/v1/cluster/apps/a_1/state' }); location.href = "
	     "'/cluster/app/a_1'; $.ajax({ url: '/other' })</script>",
		"<script>$.ajax({ url: '" UI
		"/ws/v1/cluster/apps/a_1/state' }); location.href = '" UI
		"/cluster/app/a_1'; $.ajax({ url: '/other' })</script>");
}

static void style_attributes_are_mended(void **state)
{
	(void)state;
	html("<p style=\"background: url(/a.png) no-repeat, URL( '/b.png' )\">",
		"<p style=\"background: url(" UI "/a.png) no-repeat, URL( '" UI "/b.png' )\">");
	html("<p style='background: url(&quot;/a&quot;), url(\"/b\"), url(&#39;/c&#39;)'>",
		"<p style='background: url(&quot;" UI "/a&quot;), url(\"" UI "/b\"), url(&#39;" UI
		"/c&#39;)'>");
	html("<p style=\"a: url(\"><p style=\"a: url('/x)\"><p style=\"url()\"><p style=url>",
		"<p style=\"a: url(\"><p style=\"a: url('/x)\"><p style=\"url()\"><p style=url>");
}

static void style_elements_are_read_as_css(void **state)
{
	(void)state;
	html("<style>@import '/a.css'; b { background: url(/b) }</style><a href=/c>",
		"<style>@import '" UI "/a.css'; b { background: url(" UI "/b) }</style><a href=" UI
		"/c>");
	html("<style>/* url(/x) */ a:after { content: 'url(/y)</sty' } i { a: url(/z",
		"<style>/* url(/x) */ a:after { content: 'url(/y)</sty' } i { a: url(/z");
	html("<style>a { b: url(/x</style><a href=/c><style>a { b: url('/d') }</style>",
		"<style>a { b: url(/x</style><a href=" UI "/c><style>a { b: url('" UI
		"/d') }</style>");
}

static void scripts_stay_as_they_are(void **state)
{
	static const char text[] =
		"<script>fetch('/api'); var s = \"<a href='/x'>\";</script>"
		"<script type=\"application/json\">{\"baseUrl\": \"/\"}</script>";

	(void)state;
	html(text, text);
	html("<script src=\"/s.js\"></script>", "<script src=\"" UI "/s.js\"></script>");
}

static void scripts_of_hdfs_are_known_by_name(void **state)
{
	static const char *const known[] = {
		"/dfshealth.js", "/explorer.js", "/static/rest-csrf.js", "/ui/dist/index.js"};
	struct rewrite_context context = wiki();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct str path = str_of(known[i]);
		assert_int_equal(
			rewrite_kind_of(STR("text/javascript"), path, true), REWRITE_SCRIPT);
		assert_int_equal(
			rewrite_kind_of(STR("text/javascript"), path, false), REWRITE_NOTHING);
	}
	assert_int_equal(
		rewrite_kind_of(STR("text/javascript"), STR("/main.js"), true), REWRITE_NOTHING);
	world_assert(&context, REWRITE_SCRIPT,
		"$.get('/jmx?qry=x'); {\"url\": \"/jmx?y\"}; {'url': '/conf', a: '/config', b: "
		"'/'};"
		"url = '/webhdfs/v1' + dir; \"/webhdfs/v1\"; $.get('/startupProgress', '/startup",
		"$.get('" UI "/jmx?qry=x'); {\"url\": \"" UI "/jmx?y\"}; {'url': '" UI
		"/conf', a: '/config', b: '/'};url = '" UI "/webhdfs/v1' + dir; \"" UI
		"/webhdfs/v1\"; $.get('" UI "/startupProgress', '/startup");
	world_assert(&world_app, REWRITE_SCRIPT, "$.get('/jmx?qry=x')", "$.get('/jmx?qry=x')");
}

static void css_urls_and_imports_are_mended(void **state)
{
	(void)state;
	css("@import \"/a.css\" screen;@import url(/b.css);@IMPORT\n  '/c.css';",
		"@import \"" UI "/a.css\" screen;@import url(" UI "/b.css);@IMPORT\n  '" UI
		"/c.css';");
	css("a{background:url(/a.png)}b{background:URL( \"/b.png\" ) 0 0,url('/c.png')}",
		"a{background:url(" UI "/a.png)}b{background:URL( \"" UI "/b.png\" ) 0 0,url('" UI
		"/c.png')}");
	css("@font-face{src:url(/f.woff2)format('woff2'),url(http://10.0.0.3:8000/f.woff )}",
		"@font-face{src:url(" UI "/f.woff2)format('woff2'),url(" UI "/f.woff )}");
	css("a{b:/**/url(/c)/* url(/d) **/;e:url(/f?g=1#h)}//x\nurl(/y)",
		"a{b:/**/url(" UI "/c)/* url(/d) **/;e:url(" UI "/f?g=1#h)}//x\nurl(" UI "/y)");
}

static void css_that_is_no_link_of_this_ui_stays(void **state)
{
	static const char *const texts[] = {
		"a{b:url(c.png);d:url(../e);f:url(#g);h:url(https://else.example/x)}",
		"a{content:'url(/x)';b:\"\\\"url(/y)\"} /* url(/z) */ @import '",
		"my-url(/x) urls(/x)", "a{b:url(data:image/svg+xml;utf8,<svg>/*</svg>);c:url( )}",
		"a{b:u\\72l(/x);c:\\url(/x)}", "a{b:url(/x\\)y);c:url('/x\\'y')}",
		"a{b:url(/x(y);c:url(/x\"y)}", "@importer '/x'; @import-x '/y'; @import x '/z'",
		"@import \"/x\n\"; a { b: url('/y\n') }", "url(/x", "@import '/x", "/", "\\",
		"url("};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		css(texts[i], texts[i]);
}

static void css_urls_that_are_too_long_to_be_held_stay_however_they_are_cut(void **state)
{
	struct rewrite_context context = wiki();
	struct sbuf sheet;

	(void)state;
	sbuf_init(&sheet, 64 * 1024);
	for (size_t len = 8180; len < 8200; len += 3) {
		sbuf_reset(&sheet);
		sbuf_puts(&sheet, "a{b:url(/");
		for (size_t i = 1; i < len; i++)
			sbuf_putc(&sheet, 'x');
		sbuf_puts(&sheet, ");c:url(/y)}");
		char *whole = world_rewrite(&context, REWRITE_CSS, sbuf_str(&sheet), 0);
		char *split = world_rewrite(&context, REWRITE_CSS, sbuf_str(&sheet), 7);
		assert_string_equal(whole, split);
		assert_int_equal(strncmp(whole, "a{b:url(" UI, 22) == 0, len <= 8192);
		assert_non_null(strstr(whole, "c:url(" UI "/y)}"));
		free(whole);
		free(split);
	}
	sbuf_clear(&sheet);
}

static void sparks_own_css_is_relative_and_passes_untouched(void **state)
{
	(void)state;
	assert_int_equal(rewrite_kind_of(STR("text/css"), STR("/x.css"), false), REWRITE_NOTHING);
	assert_int_equal(
		rewrite_kind_of(STR("Text/CSS; charset=utf-8"), STR("/x"), true), REWRITE_CSS);
	world_assert(&world_app, REWRITE_HTML,
		"<style>a{b:url(/x)}</style><img srcset=\"/x 2x\"><p style=\"b:url(/x)\">",
		"<style>a{b:url(/x)}</style><img srcset=\"/x 2x\"><p style=\"b:url(/x)\">");
}

/* spark.worker.idPattern names workers as it likes. */
static void t67_back_to_master_leads_there_whatever_the_worker_is_called(void **state)
{
	struct rewrite_context worker = world_context("/local/proxy/node-7", "10.0.0.7:8081");

	(void)state;
	worker.is_worker = true;
	char *got = world_rewrite(&worker, REWRITE_HTML,
		STR("<link href=\"https://old.example/x/static/bootstrap.min.css\"><a "
		    "href=\"https://old.example/x/\">"),
		0);
	assert_string_equal(got, "<link href=\"/local/proxy/node-7/static/bootstrap.min.css\"><a "
				 "href=\"/local/proxy/master/\">");
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t67_back_to_master_leads_there_whatever_the_worker_is_called),
		cmocka_unit_test(every_attribute_that_html_knows_as_a_link_is_mended),
		cmocka_unit_test(relative_links_other_hosts_and_what_is_below_the_mount_stay),
		cmocka_unit_test(srcset_is_a_list_with_descriptors),
		cmocka_unit_test(a_page_that_sends_on_by_meta_sends_below_the_mount),
		cmocka_unit_test(meta_that_sends_nowhere_stays_as_it_is),
		cmocka_unit_test(a_page_that_is_not_sparks_teaches_no_root),
		cmocka_unit_test(tables_of_hadoop_are_html_within_a_script),
		cmocka_unit_test(what_yarn_asks_for_by_script_is_below_the_mount),
		cmocka_unit_test(style_attributes_are_mended),
		cmocka_unit_test(style_elements_are_read_as_css),
		cmocka_unit_test(scripts_stay_as_they_are),
		cmocka_unit_test(scripts_of_hdfs_are_known_by_name),
		cmocka_unit_test(css_urls_and_imports_are_mended),
		cmocka_unit_test(css_that_is_no_link_of_this_ui_stays),
		cmocka_unit_test(css_urls_that_are_too_long_to_be_held_stay_however_they_are_cut),
		cmocka_unit_test(sparks_own_css_is_relative_and_passes_untouched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
