/* The page of the audit: what it shows, and that nothing breaks out of its place. */
#include "proxy/pages/admin/page_audit.h"

#include "auth/audit/audit_json.h"
#include "tests/support/page_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define EVIL "<script>alert(1)</script>' onclick='x"

static json_t *events_of(const char *fields)
{
	struct store_audit event = {.fields = fields};
	json_t *events = json_array();

	store_audit_new_id(INT64_C(1700000000000), event.id);
	json_array_append_new(events, audit_json(&event));
	return events;
}

static void show(const json_t *events, struct page_audit list)
{
	const char **texts[] = {&list.user, &list.action, &list.application, &list.from,
		&list.until, &list.first, &list.next, &list.csv};
	struct page_view view = as_alice;

	view.base = "/base";
	view.site = AUTH_SITE_ADMIN;
	view.form_token = "FORM-TOKEN";
	list.events = events;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = *texts[i] ? *texts[i] : "";
	sbuf_reset(&probe_page);
	page_audit(&probe_page, &view, &list);
}

static void each_event_says_who_did_what_to_what_and_why(void **state)
{
	json_t *events = events_of(
		"{\"action\":\"kill\",\"user\":\"ann\",\"user_name\":\"Ann Example\","
		"\"decision\":\"allow\",\"status\":302,\"cluster\":\"prod\",\"app_id\":\"app-1\","
		"\"app_name\":\"nightly\",\"job_id\":\"7\",\"client\":\"192.0.2.7\","
		"\"request_id\":\"0123456789abcdef\",\"stated_reason\":\"it hangs\"}");

	(void)state;
	show(events, (struct page_audit){.user = "ann",
			     .next = "?user=ann&cursor=0f",
			     .csv = "?user=ann&format=csv"});
	assert_int_equal(page_rows(), 1);
	assert_has("Ann Example");
	assert_has("<span class=\"id\">ann</span>");
	assert_has("kill");
	assert_has("nightly");
	assert_has("app-1");
	assert_has("cluster prod");
	assert_has("job_id 7");
	assert_has("because: it hangs");
	assert_has("192.0.2.7");
	assert_has("0123456789abcdef");
	assert_has("14\xc2\xa0Nov\xc2\xa0"
		   "2023, 22:13");
	assert_has("/base/audit?user=ann&amp;cursor=0f");
	assert_has("/base/audit?user=ann&amp;format=csv");
	check_sample("audit");
	json_decref(events);
}

static void who_was_not_signed_in_is_nobody(void **state)
{
	json_t *events = events_of("{\"action\":\"kill\",\"decision\":\"deny\",\"status\":401,"
				   "\"reason\":\"unauthenticated\"}");

	(void)state;
	show(events, (struct page_audit){.user = NULL});
	assert_has(">nobody<");
	assert_has("unauthenticated");
	json_decref(events);
}

static void values_stay_in_their_places(void **state)
{
	json_t *events = events_of("{\"action\":\"" EVIL "\",\"user\":\"" EVIL
				   "\",\"app_name\":\"" EVIL "\",\"stated_reason\":\"" EVIL
				   "\",\"job_id\":\"" EVIL "\",\"client\":\"" EVIL "\"}");

	(void)state;
	show(events, (struct page_audit){.user = EVIL,
			     .action = EVIL,
			     .application = EVIL,
			     .from = EVIL,
			     .next = "?user=\"><b>",
			     .csv = "?user=\"><b>",
			     .problem = EVIL});
	assert_has_not("<script>alert");
	assert_has_not("' onclick");
	assert_has_not("\"><b>");
	assert_balanced("values");
	json_decref(events);
}

static void empty_page_says_whether_older_events_follow(void **state)
{
	json_t *events = json_array();

	(void)state;
	show(events, (struct page_audit){.user = "ann"});
	assert_has("There are no such events.");
	show(events, (struct page_audit){.user = "ann", .next = "?cursor=0f"});
	assert_has("Older ones follow.");
	json_decref(events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(each_event_says_who_did_what_to_what_and_why),
		PAGE_TEST(who_was_not_signed_in_is_nobody),
		PAGE_TEST(values_stay_in_their_places),
		PAGE_TEST(empty_page_says_whether_older_events_follow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
