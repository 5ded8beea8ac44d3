/* Where a driver's UI is, out of a master's page about its application (T6, T7). */
#include "proxy/discovery/spark/app_page.h"
#include "tests/support/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#define LINK(href) "<li><strong>\n <a href=\"" href "\">Application Detail UI</a>\n</strong></li>"

static const struct str app = {"app-20260101120000-0001", 23};

static int read_page(const char *html, enum app_link *link, struct url *url)
{
	struct err err;

	return app_page_find_ui(str_of(html), app, link, url, &err);
}

static void address_is_read_from_real_pages(void **state)
{
	static const struct {
		const char *file, *version;
	} pages[] = {
		{"3.5/master-app.ctx.html", "3.5.9"},
		{"4.3/master-app.ctx.html", "4.3.0"},
	};
	char version[SPARK_VERSION_MAX];
	enum app_link link;
	struct url url;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		char *html = fixture_read("spark", pages[i].file);
		assert_int_equal(read_page(html, &link, &url), 0);
		assert_int_equal(link, APP_LINK_ADDRESS);
		assert_string_equal(url.host, "127.0.0.1");
		assert_int_equal(url.port, 4040);
		app_page_version(str_of(html), version);
		assert_string_equal(version, pages[i].version);
		free(html);
	}
}

static void finished_applications_have_no_link(void **state)
{
	static const char *const files[] = {
		"3.5/master-app-finished.ctx.html", "4.3/master-app-finished.ctx.html"};
	enum app_link link;
	struct url url;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		char *html = fixture_read("spark", files[i]);
		assert_int_equal(read_page(html, &link, &url), 0);
		assert_int_equal(link, APP_LINK_NONE);
		free(html);
	}
}

static void a_page_without_link_says_nothing_and_an_empty_one_that_there_is_no_ui(void **state)
{
	enum app_link link;
	struct url url;

	(void)state;
	assert_int_equal(read_page("", &link, &url), 0);
	assert_int_equal(link, APP_LINK_NONE);
	assert_int_equal(read_page(LINK(""), &link, &url), 0);
	assert_int_equal(link, APP_LINK_DISABLED);
}

static void reverse_proxied_links_lead_through_the_master(void **state)
{
	static const char *const pages[] = {
		LINK("/proxy/app-20260101120000-0001"),
		LINK("/proxy/app-20260101120000-0001/"),
		LINK("https://gw.example/spark/proxy/app-20260101120000-0001"),
	};
	enum app_link link;
	struct url url;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		assert_int_equal(read_page(pages[i], &link, &url), 0);
		assert_int_equal(link, APP_LINK_PROXIED);
	}
}

static void everything_else_is_refused(void **state)
{
	static const char *const pages[] = {
		LINK("http://a:4040") LINK("http://b:4040"),
		LINK("http://a:4040/path"),
		LINK("http://user@a:4040"),
		LINK("http://a:4040/?q"),
		LINK("ftp://a:4040"),
		LINK("javascript:alert(1)"),
		LINK("/proxy/app-20260101120000-0002"),
		LINK("//a:4040"),
		LINK("http://a:4040&#47;x"),
		LINK("http://a:99999"),
		"<a href=\"http://a:4040\" href=\"http://b:4040\">Application Detail UI</a>",
		"<a HREF=\"http://a:4040\" href=\"http://b:4040\">Application Detail UI</a>",
		"<a href=\"http://a:4040\"href=\"http://b:4040\">Application Detail UI</a>",
		"<a href='http://a:4040'>Application Detail UI</a>",
		"<a href=http://a:4040>Application Detail UI</a>",
		"<a href>Application Detail UI</a>",
		"<a data-href=\"http://a:4040\">Application Detail UI</a>",
		"<b href=\"http://a:4040\">Application Detail UI</a>",
		"href=\"http://a:4040\">Application Detail UI</a>",
		">Application Detail UI</a>",
	};
	enum app_link link;
	struct url url;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		if (read_page(pages[i], &link, &url) != -1)
			fail_msg("accepted: %s", pages[i]);
	}
}

static void other_attributes_do_not_disturb(void **state)
{
	enum app_link link;
	struct url url;

	(void)state;
	assert_int_equal(read_page("<a class=\"x\" href=\"https://[fd00::7]:4440\" "
				   "id=\"y\">Application Detail UI</a>",
				 &link, &url),
		0);
	assert_int_equal(link, APP_LINK_ADDRESS);
	assert_true(url.tls);
	assert_string_equal(url.host, "fd00::7");
}

static void a_name_of_the_users_choice_cannot_make_a_link(void **state)
{
	enum app_link link;
	struct url url;

	(void)state;
	/* As Spark escapes it. */
	assert_int_equal(read_page("<li>Name: &lt;a href=\"http://evil:4040\"&gt;Application "
				   "Detail UI&lt;/a&gt;</li>" LINK("http://a:4040"),
				 &link, &url),
		0);
	assert_string_equal(url.host, "a");
}

static void versions_are_numbers_or_nothing(void **state)
{
	char version[SPARK_VERSION_MAX];

	(void)state;
	app_page_version(STR("<span class=\"version\">4.0.1-SNAPSHOT</span>"), version);
	assert_string_equal(version, "4.0.1-SNAPSHOT");
	app_page_version(STR("<span class=\"version\"><b>4</b></span>"), version);
	assert_string_equal(version, "");
	app_page_version(STR("<span class=\"version\">4.0"), version);
	assert_string_equal(version, "");
	app_page_version(
		STR("<span class=\"version\">4.00000000000000000000000000000000</span>"), version);
	assert_string_equal(version, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_is_read_from_real_pages),
		cmocka_unit_test(finished_applications_have_no_link),
		cmocka_unit_test(
			a_page_without_link_says_nothing_and_an_empty_one_that_there_is_no_ui),
		cmocka_unit_test(reverse_proxied_links_lead_through_the_master),
		cmocka_unit_test(everything_else_is_refused),
		cmocka_unit_test(other_attributes_do_not_disturb),
		cmocka_unit_test(a_name_of_the_users_choice_cannot_make_a_link),
		cmocka_unit_test(versions_are_numbers_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
