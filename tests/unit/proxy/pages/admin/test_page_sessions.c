/* The page of sessions: what it shows, what it offers, and that nothing breaks out of its place. */
#include "proxy/pages/admin/page_sessions.h"

#include "tests/support/page_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define EVIL "<script>alert(1)</script>\" onclick=\"x"

static json_t *session_of(const char *id, const char *user, const char *name)
{
	return json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s, s:s, s:s, s:s, s:s}", "id", id, "issuer",
		"https://idp.example", "user", user, "name", name, "role", "user", "via", "oidc",
		"client", "192.0.2.7", "created_at", "2023-11-14T22:13:20.000Z", "last_seen_at",
		"2023-11-14T22:20:00.000Z", "expires_at", "2023-11-15T10:13:20.000Z");
}

static void show(const json_t *sessions, struct page_sessions list)
{
	struct page_view view = as_alice;

	view.base = "/base";
	view.site = AUTH_SITE_ADMIN;
	view.form_token = "FORM-TOKEN";
	list.sessions = sessions;
	list.user = list.user ? list.user : "";
	list.issuer = list.issuer ? list.issuer : "";
	list.next = list.next ? list.next : "";
	sbuf_reset(&probe_page);
	page_sessions(&probe_page, &view, &list);
}

static void each_session_says_who_since_when_from_where_and_how(void **state)
{
	json_t *sessions = json_array();

	(void)state;
	json_array_append_new(sessions, session_of("0123456789abcdef", "ann", "Ann Example"));
	json_array_append_new(sessions, session_of("fedcba9876543210", "bob", NULL));
	show(sessions, (struct page_sessions){.next = "17.ab"});
	assert_int_equal(page_rows(), 2);
	assert_has("Ann Example");
	assert_has("<span class=\"id\">ann</span>");
	assert_has("192.0.2.7");
	assert_has("identity provider");
	assert_has("14\xc2\xa0Nov\xc2\xa0"
		   "2023, 22:13");
	assert_has("action=\"/base/sessions/0123456789abcdef/end\"");
	assert_int_equal(page_times("FORM-TOKEN"), 3); /* and sign-out */
	assert_has("/base/sessions?user=ann&amp;issuer=https%3A%2F%2Fidp.example");
	assert_has("/base/sessions?cursor=17.ab");
	assert_has_not("/sessions/end\"");
	check_sample("sessions");
	json_decref(sessions);
}

static void all_sessions_of_a_person_are_ended_after_a_question(void **state)
{
	json_t *sessions = json_array();

	(void)state;
	json_array_append_new(sessions, session_of("0123456789abcdef", "ann", "Ann"));
	show(sessions, (struct page_sessions){.user = "ann",
			       .issuer = "https://idp.example",
			       .done = "1 session has ended."});
	assert_has("End all sessions of <bdi>ann</bdi>");
	assert_has("action=\"/base/sessions/end\"");
	assert_has("name=\"user\" value=\"ann\"");
	assert_has("name=\"issuer\" value=\"https://idp.example\"");
	assert_has("1 session has ended.");
	check_sample("sessions-person");
	json_decref(sessions);
}

static void names_stay_in_their_places(void **state)
{
	json_t *sessions = json_array();

	(void)state;
	json_array_append_new(sessions, session_of("0123456789abcdef", EVIL, EVIL));
	show(sessions, (struct page_sessions){.user = EVIL, .issuer = EVIL, .is_later = true});
	assert_has_not("<script>alert");
	assert_has_not("onclick=\"x");
	assert_balanced("names");
	json_decref(sessions);
}

static void empty_list_says_so(void **state)
{
	json_t *sessions = json_array();

	(void)state;
	show(sessions, (struct page_sessions){.user = "ann"});
	assert_has("This person is not signed in.");
	show(sessions, (struct page_sessions){.is_later = true});
	assert_has("There are no older sessions.");
	json_decref(sessions);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(each_session_says_who_since_when_from_where_and_how),
		PAGE_TEST(all_sessions_of_a_person_are_ended_after_a_question),
		PAGE_TEST(names_stay_in_their_places),
		PAGE_TEST(empty_list_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
