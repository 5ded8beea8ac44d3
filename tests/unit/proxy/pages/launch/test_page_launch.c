/* The pages of launched applications: what they show, what they offer, and that nothing breaks out
 * of its place. */
#include "proxy/pages/launch/page_launch.h"

#include "tests/support/page_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define EVIL "<script>alert(1)</script>\" onclick=\"x"
#define ID   "0123456789abcdef0123456789abcdef"

static struct page_view admin_view(void)
{
	struct page_view view = as_alice;

	view.base = "/base";
	view.site = AUTH_SITE_ADMIN;
	view.form_token = "FORM-TOKEN";
	return view;
}

static json_t *launch_of(const char *state, const char *text)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", ID, "cluster", "prod",
		"profile", "small", "name", text, "state", state, "user", text);

	json_object_set_new(json, "created_at", json_string("2023-11-14T22:13:20.000Z"));
	json_object_set_new(json, "application_id", json_string("app-1"));
	json_object_set_new(json, "resource", json_string(text));
	json_object_set_new(json, "reason", json_string(text));
	json_object_set_new(json, "attempts", json_integer(1));
	json_object_set_new(json, "sizes",
		json_pack("{s:{s:i, s:s}, s:{s:i, s:s}, s:i}", "driver", "cores", 1, "memory", "1g",
			"executor", "cores", 2, "memory", "4g", "executors", 3));
	json_object_set_new(json, "request",
		json_pack("{s:[s, s], s:{s:s}, s:{s:s}}", "arguments", "--day", text, "conf",
			"spark.sql.x", text, "environment", "NAME", text));
	json_object_set_new(json, "links",
		json_pack("{s:s, s:n}", "ui", "https://gw.example/prod/proxy/app-1/", "permalink"));
	return json;
}

static void show_list(json_t *launches, struct page_launches list)
{
	struct page_view view = admin_view();

	list.launches = launches;
	list.next = list.next ? list.next : "";
	sbuf_reset(&probe_page);
	page_launches(&probe_page, &view, &list);
	json_decref(launches);
}

static void list_says_state_and_offers_what_may_be_done(void **state)
{
	(void)state;
	show_list(json_pack("[o, o]", launch_of("running", "etl"), launch_of("failed", "old")),
		(struct page_launches){.has_profiles = true, .next = ID});
	assert_int_equal(page_rows(), 2);
	assert_has("href=\"/base/applications/" ID "\"");
	assert_has("href=\"/base/applications/" ID "/kill\"");
	assert_has("action=\"/base/applications/" ID "/restart\"");
	assert_int_equal(page_times("/kill\""), 1);
	assert_int_equal(page_times("/restart\""), 1);
	assert_int_equal(page_times("FORM-TOKEN"), 2); /* and sign-out */
	assert_has("href=\"/base/applications/new\"");
	assert_has("/base/applications?cursor=" ID);
	check_sample("launches");
}

static void empty_list_says_so_and_who_may_not_launch_is_told_why(void **state)
{
	(void)state;
	show_list(json_array(), (struct page_launches){.has_profiles = false});
	assert_has("Nothing has been launched yet.");
	assert_has("No profile is for you");
	assert_has_not("/applications/new");
	check_sample("launches-none");
}

static void show_one(json_t *launch, json_t *events)
{
	struct page_view view = admin_view();

	sbuf_reset(&probe_page);
	page_launch(&probe_page, &view,
		&(struct page_launch){
			.launch = launch, .events = events, .done = "It is being ended."});
	json_decref(launch);
	json_decref(events);
}

static void application_is_shown_with_reason_exit_code_attempts_links_and_events(void **state)
{
	json_t *launch = launch_of("failed", "etl");

	(void)state;
	json_object_set_new(launch, "exit_code", json_integer(137));
	show_one(launch, json_pack("[{s:s, s:s, s:s}]", "at", "2023-11-14T22:13:20.000Z", "about",
				 "driver", "text", "OOMKilled"));
	assert_has("<dt>Exit code</dt><dd>137</dd>");
	assert_has("<dt>Attempts</dt><dd>1</dd>");
	assert_has("<dt>Each executor</dt><dd>2 cores, 4g</dd>");
	assert_has("<code>--day</code> <code>etl</code>");
	assert_has("<code>spark.sql.x=etl</code>");
	assert_has("href=\"https://gw.example/prod/proxy/app-1/\"");
	assert_has_not("Permanent link");
	assert_has("OOMKilled");
	assert_has("href=\"/base/applications/new?from=" ID "\"");
	assert_has("href=\"/base/applications/" ID "/logs?container=driver\"");
	assert_has("It is being ended.");
	check_sample("launch");
}

static void log_page_works_without_its_script(void **state)
{
	struct page_view view = admin_view();
	json_t *launch = launch_of("running", "etl");

	(void)state;
	sbuf_reset(&probe_page);
	page_launch_log(&probe_page, &view,
		&(struct page_launch_log){.launch = launch, .container = "executor-0"});
	assert_has("<a href=\"/base/applications/" ID "/logs/text?container=executor-0\">");
	assert_has("data-from=\"/base/applications/" ID
		   "/logs/text?container=executor-0&amp;follow=true\"");
	check_sample("launch-log");
	json_decref(launch);
}

static void show_form(json_t *values, const char *problem, bool has_artifacts)
{
	struct page_view view = admin_view();
	json_t *profiles = json_pack("[{s:s, s:s, s:{s:i, s:s}, s:{s:i, s:s}, s:i, s:i, s:b}]",
		"cluster", "prod", "name", "small", "driver", "cores", 1, "memory", "1g",
		"executor", "cores", 2, "memory", "4g", "executors", 3, "running", 5, "artifacts",
		(int)has_artifacts);

	sbuf_reset(&probe_page);
	page_launch_form(&probe_page, &view,
		&(struct page_launch_form){
			.profiles = profiles, .values = values, .key = "abc", .problem = problem});
	json_decref(profiles);
	json_decref(values);
}

static void form_shows_profiles_with_their_sizes(void **state)
{
	(void)state;
	show_form(json_pack("{s:s}", "profile", "prod/small"), NULL, true);
	assert_has("<option value=\"prod/small\" selected>prod: small");
	assert_has("driver 1 core and 1g, up to 3 executors of 2 cores and 4g, 5 at a time");
	assert_has("name=\"artifact\"");
	assert_has("name=\"form\" value=\"FORM-TOKEN\"");
	assert_has("name=\"key\" value=\"abc\"");
	check_sample("launch-form");
	show_form(json_object(), NULL, false);
	assert_has_not("name=\"artifact\"");
}

static void file_is_the_last_field_of_a_form_that_takes_one(void **state)
{
	(void)state;
	show_form(json_object(), NULL, true);
	assert_has("enctype=\"multipart/form-data\" action=\"/base/applications/upload\"");
	const char *file = strstr(probe_page.at, "name=\"file\"");
	assert_non_null(file);
	assert_null(strstr(file + 1, "name=\""));
	show_form(json_object(), NULL, false);
	assert_has("method=\"post\" action=\"/base/applications\"");
	assert_has_not("type=\"file\"");
}

static void form_keeps_what_was_typed_beside_what_is_wrong(void **state)
{
	(void)state;
	show_form(json_pack("{s:s, s:s}", "arguments", "\n--day\n1", "name", "etl"),
		"profile \"small\" lets 2 executors", true);
	assert_has("role=\"alert\"");
	assert_has("lets 2 executors");
	/* the first line's end is HTML's */
	assert_has("rows=\"3\">\n\n--day\n1</textarea>");
	check_sample("launch-form-problem");
}

static void names_stay_in_their_places(void **state)
{
	(void)state;
	show_list(json_pack("[o]", launch_of("running", EVIL)), (struct page_launches){0});
	assert_has_not("<script>alert");
	assert_has_not("\" onclick");
	assert_balanced("launches-evil");
	show_one(launch_of(EVIL, EVIL), json_pack("[{s:s, s:s}]", "about", EVIL, "text", EVIL));
	assert_has_not("<script>alert");
	assert_has_not("\" onclick");
	assert_balanced("launch-evil");
	show_form(json_pack("{s:s, s:s}", "arguments", "</textarea>" EVIL, "resource", EVIL), EVIL,
		true);
	assert_has_not("<script>alert");
	assert_has_not("\" onclick");
	assert_balanced("launch-form-evil");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(list_says_state_and_offers_what_may_be_done),
		PAGE_TEST(empty_list_says_so_and_who_may_not_launch_is_told_why),
		PAGE_TEST(application_is_shown_with_reason_exit_code_attempts_links_and_events),
		PAGE_TEST(log_page_works_without_its_script),
		PAGE_TEST(form_shows_profiles_with_their_sizes),
		PAGE_TEST(file_is_the_last_field_of_a_form_that_takes_one),
		PAGE_TEST(form_keeps_what_was_typed_beside_what_is_wrong),
		PAGE_TEST(names_stay_in_their_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
