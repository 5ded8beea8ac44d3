/* The pages about who one is: signing in and out, and what they say when it does not work. */
#include "tests/support/page_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char label[] = "Sign in with <Example>";

static struct page_provider only = {"", label, AUTH_PROVIDER_NONE};

static struct page_sign_in offer(enum auth_provider provider, const char *problem)
{
	only.state = provider;
	return (struct page_sign_in){
		STR("/local/?q=a&b=\"c"), problem, &only, provider != AUTH_PROVIDER_NONE};
}

static void show_login(enum auth_provider provider, const char *problem)
{
	struct page_sign_in it = offer(provider, problem);

	sbuf_reset(&probe_page);
	page_login(&probe_page, &as_nobody, &it);
}

static void show_refusal(enum fault fault, const char *said)
{
	sbuf_reset(&probe_page);
	page_not_signed_in(&probe_page, &as_nobody,
		&(struct page_refusal){fault, "You or the provider's policy denied access.", said,
			STR("/local/?q=a&b=\"c"), true, ""});
}

static void show_farewell(const char *location)
{
	sbuf_reset(&probe_page);
	page_signed_out(&probe_page, &as_alice,
		&(struct page_farewell){"Your session in this browser has ended.", location});
}

static void show_no_role(const struct conf_names *users, const struct conf_names *admins)
{
	struct conf_role analysts = {.role = (char[]){"analysts"}};
	const struct conf conf = {.roles_user = *users,
		.roles_admin = *admins,
		.roles_custom = &analysts,
		.roles_custom_count = admins->count};
	json_t *missing = json_pack("[s]", "No role: the claim \"gro<ups\" was not there.");

	sbuf_reset(&probe_page);
	page_no_role(&probe_page, &as_stranger, &conf, missing);
	json_decref(missing);
}

static char *user_roles[] = {(char[]){"spark-user"}, (char[]){"<b>&"}, (char[]){"sub:someone"}};
static char *admin_roles[] = {(char[]){"spark-admin"}};
static const struct conf_names users = {user_roles, 3}, admins = {admin_roles, 1}, none = {NULL, 0};

static void every_page_about_signing_in_is_whole_and_without_inline_script_or_style(void **state)
{
	(void)state;
	show_login(AUTH_PROVIDER_NONE, NULL);
	check_sample("login");
	show_login(AUTH_PROVIDER_NONE,
		"This token is not valid. It may have expired or been revoked.");
	check_sample("login-problem");
	show_login(AUTH_PROVIDER_READY, NULL);
	check_sample("login-sso");
	show_login(AUTH_PROVIDER_READY, "This token is not valid.");
	check_sample("login-sso-problem");
	show_login(AUTH_PROVIDER_SILENT, NULL);
	check_sample("login-sso-silent");
	show_refusal(FAULT_SIGN_IN_REFUSED, "AADSTS50105: <script>alert(1)</script> not assigned");
	check_sample("sign-in-refused");
	show_refusal(FAULT_SIGN_IN_STALE, NULL);
	check_sample("sign-in-stale");
	show_refusal(FAULT_SIGN_IN_DOWN, NULL);
	check_sample("sign-in-down");
	sbuf_reset(&probe_page);
	page_ended(&probe_page, &as_nobody, STR("/local/proxy/app-1/jobs/"));
	check_sample("ended");
	sbuf_reset(&probe_page);
	page_logout(&probe_page, &as_alice);
	check_sample("logout");
	show_farewell(NULL);
	check_sample("signed-out");
	show_farewell("https://idp.example/end?id_token_hint=a.b.c&client_id=x");
	check_sample("signed-out-provider");
	show_no_role(&users, &admins);
	check_sample("no-role");
	show_no_role(&none, &none);
	check_sample("no-role-unnamed");
}

static void sign_in_carries_the_way_back_and_no_name(void **state)
{
	struct page_sign_in it = {STR("/base/x?a=\"&b"), "No <b> good.", &only, 1};

	(void)state;
	only.state = AUTH_PROVIDER_READY;
	page_login(&probe_page,
		&(struct page_view){.base = "/base", .who = as_alice.who, .request_id = "r"}, &it);
	assert_has("action=\"/base/_gate/login\"");
	assert_has("name=\"next\" value=\"/base/x?a=&quot;&amp;b\"");
	assert_has("type=\"password\" autocomplete=\"off\"");
	assert_has(
		"href=\"/base/_gate/login?start=sso&amp;next=%2Fbase%2Fx%3Fa%3D%22%26b\">Sign in "
		"with &lt;Example&gt;</a>");
	assert_has("No &lt;b&gt; good.");
	assert_has_not("Alice");
	assert_has_not("<form class=\"search\"");
}

static void s82_page_of_a_link_uses_it_by_a_form_only(void **state)
{
	(void)state;
	page_link(&probe_page,
		&(struct page_view){.base = "/base", .who = as_alice.who, .request_id = "r"},
		STR("a\"b"), STR("/base/"));
	check_sample("link");
	assert_has("<form class=\"sign-in\" method=\"post\" action=\"/base/_gate/login\">");
	assert_has("<input type=\"hidden\" name=\"link\" value=\"a&quot;b\">");
	assert_int_equal(page_times("a&quot;b"), 1);
	assert_has_not("Alice");
}

static void sign_in_page_has_the_script_that_keeps_fragments(void **state)
{
	(void)state;
	show_login(AUTH_PROVIDER_READY, NULL);
	assert_has("<script src=\"/_gate/static/sign-in.js?v=");
}

static void own_forms_send_their_origin(void **state)
{
	(void)state;
	show_login(AUTH_PROVIDER_NONE, NULL);
	assert_has("<meta name=\"referrer\" content=\"same-origin\">");
}

static void without_a_provider_the_token_is_all_there_is(void **state)
{
	(void)state;
	show_login(AUTH_PROVIDER_NONE, NULL);
	assert_has_not("start=sso");
	assert_has_not("Example");
	assert_has_not("<details");
	assert_has(" autofocus");
	assert_has("one-time link");
}

static void with_a_provider_the_token_is_folded_away(void **state)
{
	(void)state;
	show_login(AUTH_PROVIDER_READY, NULL);
	assert_int_equal(page_times("start=sso"), 1);
	assert_has("<details class=\"other\"><summary>Use an access token</summary>");
	assert_has_not(" autofocus"); /* would open it */
	show_login(AUTH_PROVIDER_READY, "Enter a token.");
	assert_has("<details class=\"other\" open>");
	assert_has(" autofocus");
}

static void each_of_several_providers_has_a_button(void **state)
{
	static const struct page_provider all[] = {{"", "Staff", AUTH_PROVIDER_READY},
		{"partner", "Guests <b>", AUTH_PROVIDER_READY},
		{"third", "Third", AUTH_PROVIDER_SILENT}};
	struct page_sign_in it = {STR("/x"), NULL, all, 3};

	(void)state;
	sbuf_reset(&probe_page);
	page_login(&probe_page, &as_nobody, &it);
	assert_has("href=\"/_gate/login?start=sso&amp;next=%2Fx\">Staff</a>");
	assert_has("href=\"/_gate/login?start=sso&amp;provider=partner&amp;next=%2Fx\">Guests "
		   "&lt;b&gt;</a>");
	assert_has("disabled aria-describedby=\"silent-2\">Third</button>");
	assert_int_equal(page_times("start=sso"), 2);
	assert_has("<details class=\"other\"><summary>");
}

static void silent_provider_cannot_be_chosen_and_tokens_can(void **state)
{
	(void)state;
	show_login(AUTH_PROVIDER_SILENT, NULL);
	assert_has_not("start=sso");
	assert_has("disabled aria-describedby=\"silent-0\">Sign in with &lt;Example&gt;</button>");
	assert_has("The identity provider does not answer. Try again in a few seconds.");
	assert_has("<details class=\"other\" open>");
}

static void s24_refusal_says_why_and_leads_back_by_hand_only(void **state)
{
	(void)state;
	show_refusal(FAULT_SIGN_IN_REFUSED, "<img src=x> \"call 555\"");
	assert_has("Error 403");
	assert_has("<q>&lt;img src=x&gt; &quot;call 555&quot;</q>");
	assert_has("start=sso&amp;next=%2Flocal%2F%3Fq%3Da%26b%3D%22c\">Start again</a>");
	assert_has("/_gate/login?next=%2Flocal%2F%3Fq%3Da%26b%3D%22c\">Other ways to sign in</a>");
	assert_has("Request <code>4f1d8a90c2e7</code>");
	assert_has_not("http-equiv");
	show_refusal(FAULT_SIGN_IN_STALE, NULL);
	assert_has(
		"This sign-in began in another browser or more than 10 minutes ago. Start again.");
	assert_has_not("<q>");
}

static void words_of_the_provider_are_clipped(void **state)
{
	char said[1001];

	(void)state;
	memset(said, 'x', 1000);
	said[1000] = '\0';
	show_refusal(FAULT_SIGN_IN_REFUSED, said);
	said[256] = '\0';
	assert_has_not(said);
}

static void form_that_met_an_ended_session_is_told_that_nothing_was_done(void **state)
{
	(void)state;
	page_ended(&probe_page, &as_nobody, STR("/local/proxy/app-1/jobs/"));
	assert_has("Error 401");
	assert_has("Your request was not carried out");
	assert_has("href=\"/_gate/login?next=%2Flocal%2Fproxy%2Fapp-1%2Fjobs%2F\">Sign in</a>");
}

static void s29_signing_out_is_a_form_with_a_choice(void **state)
{
	(void)state;
	page_logout(&probe_page, &as_alice);
	assert_has("method=\"post\" action=\"/_gate/logout\"><button>Sign out</button>");
	assert_has("<button class=\"quiet\" name=\"everywhere\" value=\"1\">Sign out everywhere");
	assert_has(
		"Your access tokens stay valid, unless the identity provider also signs you out");
}

static void signed_out_says_so_and_leads_to_sign_in_or_to_the_provider(void **state)
{
	(void)state;
	show_farewell(NULL);
	assert_has("<h1>You are signed out</h1>");
	assert_has("href=\"/_gate/login\">Sign in again</a>");
	assert_has_not("Alice");
	show_farewell("https://idp.example/end?a=1&b=\"");
	assert_has("href=\"https://idp.example/end?a=1&amp;b=&quot;\">Continue</a>");
	assert_has_not("Sign in again");
}

static void no_role_names_the_roles_that_would_do_and_who_one_is(void **state)
{
	(void)state;
	show_no_role(&users, &admins);
	assert_has("Error 403");
	assert_has("<code>spark-user</code>");
	assert_has("<code>spark-admin</code>");
	assert_has("<code>&lt;b&gt;&amp;</code>");
	assert_has_not("someone"); /* another person */
	assert_has("Ask an administrator for one of these roles");
	assert_has("<dt>Signed in as</dt><dd><bdi>mallory</bdi></dd>");
	assert_has("action=\"/_gate/logout\"");
	assert_has_not("<form class=\"search\"");
	assert_has_not("href=\"/\">Home</a>");
	assert_has("<code>analysts</code> opens some applications");
	assert_has("<p>No role: the claim &quot;gro&lt;ups&quot; was not there.</p>");
	assert_has("href=\"/whoami\">What is missing</a>");
}

static void no_role_without_names_says_whom_to_ask(void **state)
{
	(void)state;
	show_no_role(&none, &none);
	assert_has("Ask an administrator to give you access");
	assert_has_not("<ul");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(every_page_about_signing_in_is_whole_and_without_inline_script_or_style),
		PAGE_TEST(sign_in_carries_the_way_back_and_no_name),
		PAGE_TEST(s82_page_of_a_link_uses_it_by_a_form_only),
		PAGE_TEST(sign_in_page_has_the_script_that_keeps_fragments),
		PAGE_TEST(own_forms_send_their_origin),
		PAGE_TEST(without_a_provider_the_token_is_all_there_is),
		PAGE_TEST(with_a_provider_the_token_is_folded_away),
		PAGE_TEST(each_of_several_providers_has_a_button),
		PAGE_TEST(silent_provider_cannot_be_chosen_and_tokens_can),
		PAGE_TEST(s24_refusal_says_why_and_leads_back_by_hand_only),
		PAGE_TEST(words_of_the_provider_are_clipped),
		PAGE_TEST(form_that_met_an_ended_session_is_told_that_nothing_was_done),
		PAGE_TEST(s29_signing_out_is_a_form_with_a_choice),
		PAGE_TEST(signed_out_says_so_and_leads_to_sign_in_or_to_the_provider),
		PAGE_TEST(no_role_names_the_roles_that_would_do_and_who_one_is),
		PAGE_TEST(no_role_without_names_says_whom_to_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
