/* The pages of the token manager: what they show, to whom, and that nothing breaks out of its
 * place.
 */
#include "auth/policy/rights.h"
#include "proxy/pages/page_token_parts.h"
#include "tests/support/page_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

enum { NOW = 1700000000, HOUR = 3600 };
#define EVIL "<script>alert(1)</script>\" onclick=\"x"

static struct identity bob = {.issuer = (char[]){"i"},
	.subject = (char[]){"bob"},
	.name = (char[]){"Bob"},
	.role = ROLE_USER};
static const char form_token[] = "FORM-TOKEN";
static struct conf conf = {.server = {.origin = "https://gw.example", .base = "/gate"},
	.access_ttl_s = {3600, 30 * 86400},
	.refresh_ttl_s = {7 * 86400, 5400}};

static struct page_view view_of(const struct identity *who)
{
	return (struct page_view){.base = "/base",
		.who = who,
		.request_id = "r",
		.site = AUTH_SITE_ADMIN,
		.form_token = form_token};
}

static struct store_token token_of(const char *client, const char *subject)
{
	struct store_token token = {.id = "0123456789abcdef0123456789abcdef",
		.role = ROLE_USER,
		.state = STATE_ACTIVE,
		.created_at = NOW - HOUR,
		.created_by = "alice",
		.expires_at = NOW + HOUR,
		.ends_at = NOW + HOUR,
		.serial = 1};

	snprintf(token.client_name, sizeof token.client_name, "%s", client);
	snprintf(token.subject, sizeof token.subject, "%s", subject);
	return token;
}

static struct page_token_form empty_form(void)
{
	return (struct page_token_form){&conf, "", "", "", "", "", "", "", NULL};
}

static void show_list(const struct identity *who, const struct store_token *tokens, size_t count,
	const char *owner)
{
	struct page_token_form form = empty_form();
	struct page_view view = view_of(who);

	sbuf_reset(&probe_page);
	page_tokens(&probe_page, &view,
		&(struct page_tokens){.tokens = tokens,
			.count = count,
			.owner = owner,
			.now = NOW,
			.form = &form});
}

static void show_token(const struct store_token *token, struct page_token it)
{
	struct page_view view = view_of(as_alice.who);

	it.token = token;
	it.now = NOW;
	sbuf_reset(&probe_page);
	page_token(&probe_page, &view, &it);
}

static void show_made(const struct store_token *token, const struct token_secrets *secrets)
{
	struct page_view view = view_of(as_alice.who);

	sbuf_reset(&probe_page);
	page_token_made(&probe_page, &view,
		&(struct page_token_made){token, secrets, &conf.server,
			"The scope names a cluster that is not there: a<b."});
}

/* --- every state has its word --- */

static struct store_token in_phase(enum token_phase phase)
{
	struct store_token token = token_of("robot", "client:robot");

	if (phase == PHASE_PENDING)
		token.serial = 0;
	if (phase == PHASE_EXPIRED)
		token.ends_at = token.expires_at = NOW;
	if (phase == PHASE_DISABLED)
		token.state = STATE_DISABLED;
	if (phase == PHASE_REVOKED)
		token.state = STATE_REVOKED;
	return token;
}

static void each_state_is_told_by_a_word_and_offers_what_can_be_done(void **state)
{
	static const struct {
		enum token_phase phase;
		const char *word;
		bool has_disable, has_enable, has_revoke;
	} rows[] = {{PHASE_ACTIVE, "Active", true, false, true},
		{PHASE_PENDING, "Pending", true, false, true},
		{PHASE_EXPIRED, "Expired", false, false, false},
		{PHASE_DISABLED, "Disabled", false, true, true},
		{PHASE_REVOKED, "Revoked", false, false, false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct store_token token = in_phase(rows[i].phase);
		char pill[64];

		assert_int_equal(token_phase_of(&token, NOW), rows[i].phase);
		snprintf(pill, sizeof pill, "\">%s</span>", rows[i].word);
		show_list(as_alice.who, &token, 1, "");
		assert_has(pill);
		assert_int_equal(page_times("/disable\">"), rows[i].has_disable);
		assert_int_equal(page_times("/enable\">"), rows[i].has_enable);
		assert_int_equal(page_times("Revoke\xe2\x80\xa6"), rows[i].has_revoke);
		show_token(&token, (struct page_token){.is_changed = true});
		assert_has(pill);
		assert_has("role=\"status\"");
		assert_int_equal(page_times("/disable\">"), rows[i].has_disable);
		assert_int_equal(page_times("/enable\">"), rows[i].has_enable);
		assert_int_equal(page_times("/revoke\">"), rows[i].has_revoke);
	}
}

static void what_has_ended_is_expired_though_it_was_disabled(void **state)
{
	struct store_token token = in_phase(PHASE_DISABLED);

	(void)state;
	token.ends_at = NOW - 1;
	assert_int_equal(token_phase_of(&token, NOW), PHASE_EXPIRED);
}

/* --- whole pages --- */

static void every_page_of_tokens_is_whole_and_without_inline_script_or_style(void **state)
{
	struct store_token tokens[] = {token_of("robot", "client:robot"), token_of("desk", "bob")};
	struct page_token_form form = empty_form();
	struct page_view view = view_of(as_alice.who);

	(void)state;
	tokens[1].state = STATE_DISABLED;
	show_list(as_alice.who, tokens, 2, "");
	check_sample("tokens");
	show_list(&bob, tokens + 1, 1, "");
	check_sample("tokens-own");
	show_list(as_alice.who, NULL, 0, "");
	check_sample("tokens-none");
	show_token(&tokens[0], (struct page_token){.is_changed = false});
	check_sample("token");
	show_token(&tokens[0],
		(struct page_token){.problem = "This is the last one.", .force = "revoke"});
	check_sample("token-force");
	form.problem = "Enter a client name.";
	sbuf_reset(&probe_page);
	page_token_form(&probe_page, &view, &form);
	check_sample("token-form");
}

static void assert_escaped(const char *what)
{
	assert_false(probe_page.overflow);
	assert_balanced(what);
	assert_has_not("<script>");
	assert_has_not("\" onclick");
	assert_has("&lt;script&gt;alert(1)");
}

static void s35_every_value_is_escaped_wherever_it_stands(void **state)
{
	struct store_token token = token_of(EVIL, EVIL);
	struct page_token_form form = {&conf, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL};
	struct page_view view = view_of(as_alice.who);
	char refresh[] = EVIL, registration[] = EVIL;

	(void)state;
	snprintf(token.note, sizeof token.note, EVIL);
	snprintf(token.scope, sizeof token.scope, EVIL);
	snprintf(token.created_by, sizeof token.created_by, EVIL);
	snprintf(token.last_used_from, sizeof token.last_used_from, EVIL);
	snprintf(token.id, sizeof token.id, EVIL);
	token.last_used_at = NOW;
	show_list(as_alice.who, &token, 1, EVIL);
	assert_escaped("list");
	show_token(&token, (struct page_token){.problem = EVIL});
	assert_escaped("token");
	sbuf_reset(&probe_page);
	page_token_form(&probe_page, &view, &form);
	assert_escaped("form");
	show_made(&token, &(struct token_secrets){refresh, refresh, NULL});
	assert_escaped("made");
	show_made(&token, &(struct token_secrets){NULL, NULL, registration});
	assert_escaped("registration");
}

static void longest_texts_still_fit_a_page_of_them(void **state)
{
	static struct store_token tokens[50];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
		tokens[i] = token_of("", "");
		memset(tokens[i].client_name, '"', STORE_CLIENT - 1);
		memset(tokens[i].subject, '&', STORE_SUBJECT - 1);
		for (size_t at = 0; at < STORE_SCOPE - 1; at++)
			tokens[i].scope[at] = at % 2 ? ' ' : '\'';
	}
	show_list(as_alice.who, tokens, ARRAY_LEN(tokens), "");
	assert_balanced("list");
	assert_int_equal(page_rows(), ARRAY_LEN(tokens) + rights_count);
}

static void page_has_the_table_of_rights_and_a_made_token_its_warning(void **state)
{
	struct store_token token = token_of("robot", "client:robot");
	char access[] = "a.b.c";

	(void)state;
	show_list(as_alice.who, &token, 1, "");
	assert_has("What roles and scopes open");
	assert_has("<code>stages/stage/kill</code>");
	show_made(&token, &(struct token_secrets){access, NULL, NULL});
	assert_has("<p class=\"notice warn\">The scope names a cluster that is not there: "
		   "a&lt;b.</p>");
}

/* --- forms --- */

static void s35_every_form_carries_the_sessions_token(void **state)
{
	struct store_token token = token_of("robot", "client:robot");

	(void)state;
	show_list(as_alice.who, &token, 1, "");
	assert_int_equal(page_times("method=\"post\""), 3); /* sign out, create, disable */
	assert_int_equal(page_times("name=\"form\" value=\"FORM-TOKEN\""), 3);
	show_token(&token, (struct page_token){.is_changed = false});
	assert_int_equal(
		page_times("method=\"post\""), page_times("name=\"form\" value=\"FORM-TOKEN\""));
	sbuf_reset(&probe_page);
	page_logout(&probe_page, &as_alice); /* elsewhere there is none */
	assert_has_not("name=\"form\"");
}

static void s35_only_administrators_are_offered_what_is_theirs(void **state)
{
	struct store_token token = token_of("desk", "bob");

	(void)state;
	show_list(&bob, &token, 1, "");
	assert_has_not("name=\"user\"");
	assert_has_not("name=\"token_type\"");
	assert_has_not("name=\"owner\"");
	show_list(as_alice.who, &token, 1, "");
	assert_has("name=\"user\"");
	assert_has("<option value=\"admin\">");
	assert_has("name=\"owner\"");
}

static void form_that_did_not_work_has_what_was_sent(void **state)
{
	struct page_token_form form = {
		&conf, "robot", "ann", "admin", "2h", "0", "view", "a note", "Too long."};
	struct page_view view = view_of(as_alice.who);

	(void)state;
	page_token_form(&probe_page, &view, &form);
	assert_has("role=\"alert\">Too long.");
	assert_has("value=\"robot\"");
	assert_has("value=\"ann\"");
	assert_has("<option value=\"admin\" selected>");
	assert_has("value=\"2h\"");
	assert_has("value=\"0\"");
	assert_has("value=\"view\"");
	assert_has("value=\"a note\"");
}

static void form_tells_the_policy_in_the_words_of_the_configuration(void **state)
{
	struct page_token_form form = empty_form();
	struct page_view view = view_of(&bob);

	(void)state;
	page_token_form(&probe_page, &view, &form);
	assert_has("name=\"access_ttl\"");
	assert_has("value=\"1h\"");
	assert_has("at most 30d.");
	assert_has("value=\"7d\"");
	assert_has("At most 90m; 0: no refresh token.");
}

/* Every field has a label and a hint that belongs to it. */
static void every_field_is_named(void **state)
{
	static const char *const names[] = {"client_name", "user", "token_type", "access_ttl",
		"refresh_ttl", "scope", "note", "owner"};

	(void)state;
	show_list(as_alice.who, NULL, 0, "");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char label[64], id[64];
		snprintf(label, sizeof label, "<label for=\"%s\">", names[i]);
		snprintf(id, sizeof id, " id=\"%s\"", names[i]);
		assert_int_equal(page_times(label), 1);
		assert_int_equal(page_times(id), 1);
	}
}

static void force_is_offered_only_when_it_was_asked_for(void **state)
{
	struct store_token token = token_of("ops", "client:ops");

	(void)state;
	show_token(&token, (struct page_token){.is_changed = false});
	assert_has_not("name=\"force\"");
	show_token(&token, (struct page_token){.problem = "The last one.", .force = "disable"});
	assert_has("name=\"force\" value=\"1\"");
	assert_has("action=\"/base/tokens/0123456789abcdef0123456789abcdef/disable\"");
	assert_has("Disable anyway");
	assert_has_not("/revoke\"");
}

/* --- filters and pages --- */

static void filters_stay_from_page_to_page(void **state)
{
	struct store_token token = token_of("robot", "a&b");
	struct page_token_form form = empty_form();
	struct page_view view = view_of(as_alice.who);

	(void)state;
	page_tokens(&probe_page, &view,
		&(struct page_tokens){&token, 1, "a&b", true, true, "12.ab", NOW, &form});
	assert_has("href=\"/base/tokens?show=living&amp;owner=a%26b&amp;cursor=12.ab\">Older</a>");
	assert_has("href=\"/base/tokens?show=living&amp;owner=a%26b\">Newest</a>");
	assert_has("href=\"/base/tokens?show=living&amp;owner=a%26b\" aria-current=\"page\">");
	assert_has("href=\"/base/tokens?owner=a%26b\">All</a>");
	assert_has("<input type=\"hidden\" name=\"show\" value=\"living\">");
	assert_has("value=\"a&amp;b\"");
	assert_has("href=\"/base/tokens?show=living\">Everybody");
}

/* --- secrets --- */

static void secrets_are_shown_with_lines_that_use_them(void **state)
{
	struct store_token token = token_of("robot", "client:robot");
	char access[] = "aaa.bbb.ccc", refresh[] = "sgrt_x", registration[] = "sgrg_y";

	(void)state;
	show_made(&token, &(struct token_secrets){access, refresh, NULL});
	assert_has("readonly rows=\"2\" spellcheck=\"false\" autocomplete=\"off\">aaa.bbb.ccc</");
	assert_has("curl -H 'Authorization: Bearer aaa.bbb.ccc' https://gw.example/gate/</");
	assert_has("curl -d grant_type=refresh_token -d refresh_token=sgrt_x "
		   "https://gw.example/gate/_gate/oauth/token<");
	assert_has("role=\"status\" aria-live=\"polite\"");
	assert_int_equal(page_times("<script src=\"/base/_gate/static/tokens.js?v="), 1);
	assert_int_equal(page_times("<script"), 1);
	assert_int_equal(page_times(" hidden>Copy"), 4);
	show_made(&token, &(struct token_secrets){access, NULL, NULL});
	assert_has_not("Refresh token");
	show_made(&token, &(struct token_secrets){NULL, NULL, registration});
	assert_has("curl -d grant_type=registration_token -d registration_token=sgrg_y "
		   "https://gw.example/gate/_gate/oauth/token<");
	assert_has_not("Bearer");
}

/* --- the frame --- */

static void s0_admin_site_has_no_search_and_no_way_to_users_pages(void **state)
{
	struct page_view view = view_of(as_alice.who);

	(void)state;
	show_list(as_alice.who, NULL, 0, "");
	assert_has_not("class=\"search\"");
	assert_has_not("name=\"q\"");
	assert_has("action=\"/base/_gate/logout\"");
	sbuf_reset(&probe_page);
	page_login(&probe_page, &view, &(struct page_sign_in){STR("/base/tokens"), NULL, NULL, 0});
	assert_has("<h1>Sign in to manage tokens</h1>");
	assert_has_not("one-time link"); /* it leads to the other site */
}

static void gateways_own_pages_lead_to_the_tokens_if_there_is_a_way(void **state)
{
	static const struct conf_listen admin = {.origin = "https://tokens.example", .base = "/t"};
	struct page_view view = as_alice;

	(void)state;
	view.admin = &admin;
	page_logout(&probe_page, &view);
	assert_has("href=\"https://tokens.example/t/tokens\">Tokens</a>");
	sbuf_reset(&probe_page);
	page_logout(&probe_page, &as_alice);
	assert_has_not("to-tokens");
	view = as_stranger;
	view.admin = &admin;
	sbuf_reset(&probe_page);
	page_logout(&probe_page, &view);
	assert_has_not("to-tokens");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(each_state_is_told_by_a_word_and_offers_what_can_be_done),
		PAGE_TEST(what_has_ended_is_expired_though_it_was_disabled),
		PAGE_TEST(every_page_of_tokens_is_whole_and_without_inline_script_or_style),
		PAGE_TEST(s35_every_value_is_escaped_wherever_it_stands),
		PAGE_TEST(longest_texts_still_fit_a_page_of_them),
		PAGE_TEST(page_has_the_table_of_rights_and_a_made_token_its_warning),
		PAGE_TEST(s35_every_form_carries_the_sessions_token),
		PAGE_TEST(s35_only_administrators_are_offered_what_is_theirs),
		PAGE_TEST(form_that_did_not_work_has_what_was_sent),
		PAGE_TEST(form_tells_the_policy_in_the_words_of_the_configuration),
		PAGE_TEST(every_field_is_named),
		PAGE_TEST(force_is_offered_only_when_it_was_asked_for),
		PAGE_TEST(filters_stay_from_page_to_page),
		PAGE_TEST(secrets_are_shown_with_lines_that_use_them),
		PAGE_TEST(s0_admin_site_has_no_search_and_no_way_to_users_pages),
		PAGE_TEST(gateways_own_pages_lead_to_the_tokens_if_there_is_a_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
