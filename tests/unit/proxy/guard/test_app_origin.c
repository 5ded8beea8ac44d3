/* The label of an application's own host name: what DNS and browsers take, and nobody else's (S0).
 */
#include "proxy/guard/app_origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_is_label(const char *label)
{
	size_t len = strlen(label);

	assert_in_range(len, 20, 63);
	assert_int_equal(strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789-"), len);
	assert_true(label[0] != '-' && label[len - 1] != '-');
	assert_null(strstr(label, "--"));
}

static void a_label_begins_with_what_dns_allows_of_the_id(void **state)
{
	static const struct {
		const char *id, *prefix;
	} rows[] = {
		{"app-20261121105959-0001", "app-20261121105959-0001-"},
		{"application_1700000000_0042", "application-1700000000-0042-"},
		{"Spark-ABC", "spark-abc-"},
		{"-.-x--y-.", "x-y-"},
		{"\xc3\xa9", ""},
		{"", ""},
		{"an-id-that-is-longer-than-a-label-of-dns-may-be-and-goes-on-and-on",
			"an-id-that-is-longer-than-a-label-of-dns-m"},
	};
	char label[APP_LABEL_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		app_origin_label("local", rows[i].id, label);
		assert_is_label(label);
		assert_memory_equal(label, rows[i].prefix, strlen(rows[i].prefix));
	}
}

static void a_label_is_the_same_every_time(void **state)
{
	char one[APP_LABEL_SIZE];

	(void)state;
	app_origin_label("local", "app-1", one);
	assert_string_equal(one, "app-1-qv666jlu5bojfwociarz");
}

static void s0_no_two_applications_share_a_label(void **state)
{
	static const char *const others[][2] = {{"local", "app-2"}, {"other", "app-1"},
		{"local", "APP-1"}, {"local", "app_1"}, {"local", "app-1-"}, {"loca", "l/app-1"}};
	char one[APP_LABEL_SIZE], other[APP_LABEL_SIZE];

	(void)state;
	app_origin_label("local", "app-1", one);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		app_origin_label(others[i][0], others[i][1], other);
		assert_string_not_equal(one, other);
	}
}

static void an_origin_is_written_as_browsers_do(void **state)
{
	struct conf_listen conf = {.apps = {.tls = true, .host = "apps.example", .port = 443}};
	char origin[APP_ORIGIN_SIZE];

	(void)state;
	app_origin_write(&conf, STR("app-1"), origin);
	assert_string_equal(origin, "https://app-1.apps.example");
	conf.apps = (struct url){.host = "localhost", .port = 8480};
	app_origin_write(&conf, STR("app-1"), origin);
	assert_string_equal(origin, "http://app-1.localhost:8480");
}

static void s44_a_label_is_of_the_paths_of_its_application_whether_there_is_one_or_not(void **state)
{
	static const struct {
		const char *path;
		bool is_own;
	} paths[] = {{"/gw/local/proxy/app-1", true}, {"/gw/local/proxy/app-1/", true},
		{"/gw/local/proxy/app-1/jobs/", true}, {"/gw/local/proxy/app-2/", false},
		{"/gw/other/proxy/app-1/", false}, {"/gw/local/ui/app-1/", false},
		{"/gw/local/proxy", false}, {"/gw/local/proxy/", false}, {"/gw/", false},
		{"/gw", false}, {"/local/proxy/app-1/", false}, {"/gw//proxy/app-1/", false}};
	char label[APP_LABEL_SIZE];

	(void)state;
	app_origin_label("local", "app-1", label);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		assert_int_equal(app_origin_is_of(str_of(label), "/gw", str_of(paths[i].path)),
			paths[i].is_own);
	assert_false(app_origin_is_of(STR("app-1"), "/gw", STR("/gw/local/proxy/app-1/")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_label_begins_with_what_dns_allows_of_the_id),
		cmocka_unit_test(a_label_is_the_same_every_time),
		cmocka_unit_test(s0_no_two_applications_share_a_label),
		cmocka_unit_test(an_origin_is_written_as_browsers_do),
		cmocka_unit_test(
			s44_a_label_is_of_the_paths_of_its_application_whether_there_is_one_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
