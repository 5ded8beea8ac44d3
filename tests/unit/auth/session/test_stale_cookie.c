#include "auth/session/stale_cookie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct sbuf out;

static const char *ended(const struct conf *conf, const char *page, const char *next, bool has_own)
{
	const struct str pages[] = {str_of(page), str_of(next)};

	sbuf_reset(&out);
	stale_cookie_end(conf, AUTH_SITE_PUBLIC, pages, has_own, &out);
	return out.len ? out.at : "";
}

static bool is_ended(const char *all, const char *name, const char *place)
{
	char *line = mem_printf(
		"Set-Cookie: %s=; %s; Max-Age=0; HttpOnly; SameSite=Lax\r\n", name, place);
	bool is = strstr(all, line) != NULL;

	free(line);
	return is;
}

static size_t lines_of(const char *all)
{
	size_t n = 0;

	for (; (all = strchr(all, '\n')) != NULL; all++)
		n++;
	return n;
}

static void s83_cookie_is_ended_at_each_path_that_leads_to_the_pages(void **state)
{
	static const struct conf conf = {
		.server = {.public_url = {.host = "127.0.0.1"}}, .cookie_tail = "_a"};
	static const char *const places[] = {"Path=/a", "Path=/a/", "Path=/a/_gate",
		"Path=/a/_gate/", "Path=/a/_gate/login", "Path=/a/local", "Path=/a/local/"};
	const char *all = ended(&conf, "/a/_gate/login", "/a/local/?x=/y#/z", false);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		assert_true(is_ended(all, "sparkgate_a", places[i]));
	assert_int_equal(lines_of(all), ARRAY_LEN(places));
	all = ended(&conf, "/a/_gate/login", "/a/local/", true);
	assert_true(is_ended(all, "sparkgate_a", "Path=/"));
}

static void s83_cookie_is_ended_at_each_domain_of_the_host(void **state)
{
	static const struct conf conf = {.server = {.public_url = {.host = "gw.spark.example"}}};
	const char *all = ended(&conf, "/_gate/login", "/", false);

	(void)state;
	assert_true(is_ended(all, "sparkgate", "Path=/; Domain=gw.spark.example"));
	assert_true(is_ended(all, "sparkgate", "Path=/; Domain=spark.example"));
	assert_true(is_ended(all, "sparkgate", "Path=/_gate; Domain=spark.example"));
	assert_false(is_ended(all, "sparkgate", "Path=/"));
	assert_null(strstr(all, "Domain=example;"));
}

static void s83_an_address_has_no_domains_and_https_no_other_places(void **state)
{
	static const struct conf address = {.server = {.public_url = {.host = "::1"}}};
	static const struct conf tls = {.server = {.public_url = {.tls = true, .host = "a.b"}}};

	(void)state;
	assert_null(strstr(ended(&address, "/_gate/login", "/", true), "Domain"));
	assert_string_equal(ended(&tls, "/_gate/login", "/", true), "");
}

static void s83_a_path_adds_no_attributes_and_its_depth_is_bounded(void **state)
{
	static const struct conf conf = {.server = {.public_url = {.host = "a.b.c.d.e.f"}}};
	const char *all = ended(&conf, "/_gate/login", "/x;Domain=evil.example/y", true);

	(void)state;
	assert_null(strstr(all, "evil"));
	all = ended(&conf, "/_gate/login", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/", true);
	assert_in_range(lines_of(all), STALE_PATHS, STALE_PATHS * 4);
}

static int set_up(void **state)
{
	(void)state;
	sbuf_init(&out, 64 * 1024);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	sbuf_clear(&out);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s83_cookie_is_ended_at_each_path_that_leads_to_the_pages),
		cmocka_unit_test(s83_cookie_is_ended_at_each_domain_of_the_host),
		cmocka_unit_test(s83_an_address_has_no_domains_and_https_no_other_places),
		cmocka_unit_test(s83_a_path_adds_no_attributes_and_its_depth_is_bounded),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
