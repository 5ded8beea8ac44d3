#include "proxy/pages/self/page_whoami.h"

#include "tests/support/page_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void show(const struct page_view *view, const char *text)
{
	json_t *me = json_loads(text, 0, NULL);

	assert_non_null(me);
	sbuf_reset(&probe_page);
	page_whoami(&probe_page, view, me);
	json_decref(me);
}

static const char with_role[] =
	"{\"name\":\"<Ann>\",\"subject\":\"u-1\",\"issuer\":\"https://idp\",\"auth\":\"session\","
	"\"token_id\":null,\"expires_at\":\"2026-01-02T03:04:05Z\",\"role\":\"user\","
	"\"scope\":\"cluster:prod\",\"claim\":\"gro&ups\",\"claim_found\":true,"
	"\"claims\":[\"sub\",\"na<me\"],\"rights\":[\"view\",\"logs\"],"
	"\"clusters\":[{\"name\":\"prod\",\"applications\":\"some\"}],\"missing\":[]}";
static const char without_role[] =
	"{\"name\":\"Ann\",\"subject\":\"u-1\",\"issuer\":\"https://idp\",\"auth\":\"bearer\","
	"\"token_id\":\"0a\",\"expires_at\":null,\"role\":\"none\",\"scope\":null,"
	"\"claim\":null,\"claim_found\":false,\"claims\":null,\"rights\":[],\"clusters\":[],"
	"\"missing\":[\"No <role>.\",\"Second.\"]}";

static void page_says_who_what_and_by_which_claim(void **state)
{
	(void)state;
	show(&as_alice, with_role);
	check_sample("whoami");
	assert_has("<bdi>&lt;Ann&gt;</bdi>");
	assert_has("<dt>Role</dt><dd><bdi>user</bdi></dd>");
	assert_has("the claim <code>gro&amp;ups</code>, which was there");
	assert_has("<code class=\"scope\">na&lt;me</code>");
	assert_has("<code class=\"scope\">view</code> <code class=\"scope\">logs</code>");
	assert_has("<dt><bdi>prod</bdi></dt><dd>some applications</dd>");
	assert_has_not("class=\"notice warn\"");
}

static void page_of_who_has_no_role_says_what_is_missing(void **state)
{
	(void)state;
	show(&as_stranger, without_role);
	check_sample("whoami-no-role");
	assert_has("<p class=\"notice warn\">No &lt;role&gt;.</p>");
	assert_has("<p class=\"notice warn\">Second.</p>");
	assert_has("You see no cluster.");
	assert_has("a bearer token");
	assert_has_not("Roles come from");
	assert_has_not("<form class=\"search\"");
}

static void page_has_the_table_of_rights(void **state)
{
	(void)state;
	show(&as_alice, with_role);
	assert_has("<code>kill:own</code>");
	assert_has("<code>jobs/job/kill</code>");
	assert_has("<td data-label=\"Roles\">user, admin</td>");
	assert_has_not("`");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(page_says_who_what_and_by_which_claim),
		PAGE_TEST(page_of_who_has_no_role_says_what_is_missing),
		PAGE_TEST(page_has_the_table_of_rights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
