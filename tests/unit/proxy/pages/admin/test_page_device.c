/* The page where a person lets a program in: what it shows of the program, and that nothing breaks
 * out of its place. */
#include "proxy/pages/admin/page_device.h"

#include "tests/support/page_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define EVIL "<script>alert(1)</script>' onclick='x"

static const struct conf conf = {.refresh_ttl_s = {.def = 7 * 24 * 3600}};

static void show(const struct page_device *about)
{
	struct page_view view = as_alice;

	view.base = "/base";
	view.site = AUTH_SITE_ADMIN;
	view.form_token = "FORM-TOKEN";
	sbuf_reset(&probe_page);
	page_device(&probe_page, &view, about);
}

static struct device_question question_of(const char *name, const char *from)
{
	struct device_question question = {
		.user_code = "WDJB-MJHT", .scope = "view cluster:prod", .role = ROLE_USER};

	snprintf(question.client_name, sizeof question.client_name, "%s", name);
	snprintf(question.from, sizeof question.from, "%s", from);
	return question;
}

static void ask(const struct device_question *question, const char *client)
{
	show(&(struct page_device){.kind = PAGE_DEVICE_QUESTION,
		.question = question,
		.conf = &conf,
		.client = client});
}

static void s135_question_says_who_asks_from_where_for_what_and_warns(void **state)
{
	struct device_question question = question_of("notebook", "192.0.2.7");

	(void)state;
	ask(&question, "192.0.2.7");
	assert_has("notebook");
	assert_has("WDJB-MJHT");
	assert_has("192.0.2.7");
	assert_has("<code class=\"scope\">cluster:prod</code>");
	assert_has("only if you started the program yourself");
	assert_has("name=\"form\" value=\"FORM-TOKEN\"");
	assert_has_not("id=\"elsewhere\"");
	assert_has_not("as an administrator");
}

static void s135_program_at_another_address_is_pointed_out(void **state)
{
	struct device_question question = question_of("notebook", "203.0.113.66");

	(void)state;
	ask(&question, "192.0.2.7");
	assert_has("id=\"elsewhere\"");
	question.role = ROLE_ADMIN;
	question.scope[0] = '\0';
	ask(&question, "192.0.2.7");
	assert_has("as an administrator");
	assert_has("do everything that you may");
}

static void names_and_typed_codes_stay_text(void **state)
{
	struct device_question question = question_of(EVIL, "192.0.2.7");

	(void)state;
	ask(&question, "192.0.2.7");
	assert_has_not("<script>");
	assert_has_not("onclick='x");
	show(&(struct page_device){.kind = PAGE_DEVICE_FORM, .typed = EVIL, .problem = EVIL});
	assert_has_not("<script>");
	assert_has_not("onclick='x");
	show(&(struct page_device){.kind = PAGE_DEVICE_ALLOWED, .question = &question});
	assert_has_not("<script>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(s135_question_says_who_asks_from_where_for_what_and_warns),
		PAGE_TEST(s135_program_at_another_address_is_pointed_out),
		PAGE_TEST(names_and_typed_codes_stay_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
