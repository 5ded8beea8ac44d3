/* Home and clusters' pages: what they show, search and paging, and that whatever somebody else
 * named stays text. */
#include "proxy/registry/registry_builder.h"
#include "tests/support/page_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* --- what home shows --- */

static void home_of_one_cluster_shows_all_of_it(void **state)
{
	(void)state;
	probe_world = page_world_small("");
	render_home(NULL, NULL);
	assert_has("<h1>local</h1><span class=\"pill ok\">Alive</span><span "
		   "class=\"version\">Spark 4.3.0</span>");
	assert_has("href=\"/local/proxy/master/\">Master</a>");
	assert_has("href=\"/local/shs/\">History</a>");
	assert_has(
		"<b>1</b> of 4<meter aria-label=\"Cores used\" min=\"0\" max=\"4\" value=\"1\">");
	assert_has("<b>1\xc2\xa0GiB</b> of 4\xc2\xa0GiB");
	assert_has(
		"href=\"/local/proxy/worker-20260131115800-10.0.0.1-40001/\"><bdi>10.0.0.1</bdi>");
	assert_int_equal(page_rows(), 4);
}

static void running_application_links_to_its_ui_and_finished_one_to_its_permalink(void **state)
{
	(void)state;
	probe_world = page_world_small("");
	render_home(NULL, NULL);
	assert_has("<a href=\"/local/proxy/app-20260131120000-0001/\"><bdi>running app</bdi></a>");
	assert_has("<a href=\"/local/apps/app-20260131115900-0000\"><bdi>finished app</bdi></a>");
	assert_has(">1m\xc2\xa0"
		   "23s</td>");
}

static struct registry *with_logs_in(const char *first, const char *second)
{
	struct registry_builder *b = registry_builder_new("");
	struct app_info apps[] = {
		{.id = "app-1", .name = "one", .state = "FINISHED", .log_source = first},
		{.id = "app-2", .name = "two", .state = "FINISHED", .log_source = second},
		{.id = "app-3", .name = "three", .state = "RUNNING", .running = true}};

	registry_builder_cluster(b,
		&(struct cluster_info){.name = "c", .apps = apps, .apps_count = ARRAY_LEN(apps)});
	return registry_builder_finish(b);
}

static void of_several_directories_of_logs_each_application_has_its_own(void **state)
{
	(void)state;
	probe_world = with_logs_in("file:///a&b", "archive");
	render_home(NULL, NULL);
	assert_has("app-1</span><span class=\"note\">Log in file:///a&amp;b</span>");
	assert_has("app-2</span><span class=\"note\">Log in archive</span>");
	assert_int_equal(page_times("Log in "), 2);
}

static void of_one_directory_of_logs_nothing_is_said(void **state)
{
	(void)state;
	probe_world = with_logs_in("archive", "archive");
	render_home(NULL, NULL);
	assert_has("app-2");
	assert_int_equal(page_times("Log in "), 0);
}

static void links_lie_below_the_base(void **state)
{
	(void)state;
	probe_world = page_world_large("/base");
	sbuf_reset(&probe_page);
	page_home(&probe_page,
		&(struct page_view){.base = "/base", .who = as_alice.who, .request_id = "r"},
		probe_world, NULL, (struct str){NULL, 0});
	assert_int_equal(page_times("href=\"/"), page_times("href=\"/base/"));
	assert_int_equal(page_times("action=\"/"), page_times("action=\"/base/"));
	assert_has("action=\"/base/_gate/logout\"");
	assert_has("href=\"/base/prod/proxy/master/\"");
}

static void home_of_many_clusters_shows_each_with_its_newest_applications(void **state)
{
	(void)state;
	probe_world = page_world_large("");
	render_home(NULL, NULL);
	assert_int_equal(page_times("<section class=\"panel glance\">"), 6);
	assert_has("<h2><a href=\"/prod/\">prod</a></h2>");
	assert_has("<a href=\"/prod/\">All 10,014 applications</a>");
	assert_int_equal(page_rows(), 10 + 2 + 1 + 1);
}

static void cluster_says_what_is_wrong_with_it(void **state)
{
	(void)state;
	probe_world = page_world_large("");
	render_home("staging", NULL);
	assert_has("<span class=\"pill bad\">Unreachable</span>");
	assert_has("No master answers.");
	assert_has_not("No applications are running.");
	render_home("archive", NULL);
	assert_has("The history server does not answer");
	render_home("new", NULL);
	assert_has("still connecting to this cluster");
	assert_has_not("No master answers.");
	render_home("tools", NULL);
	assert_has("only the UIs above");
	render_home("prod", NULL);
	assert_has("<span class=\"pill idle\">Standby</span>");
}

static void empty_cluster_says_so(void **state)
{
	(void)state;
	probe_world = page_world_fresh("");
	render_home(NULL, NULL);
	assert_has("No applications are running.");
	assert_has("No applications have finished yet.");
	assert_has("No workers have registered with the master.");
}

static void ui_that_may_not_be_reached_says_why_and_has_no_link(void **state)
{
	(void)state;
	probe_world = page_world_large("");
	render_home("prod", NULL);
	assert_has("<span class=\"ui off\">ganglia <small>it does not answer</small></span>");
	assert_has("No UI yet: it is being checked.");
	assert_has("UI not reachable: its address is outside the allowed networks.");
	assert_has("Its UI is not known yet.");
	assert_has_not("href=\"/prod/proxy/app-20260131000003-0003/");
}

/* --- lists --- */

static void finished_applications_come_fifty_a_page(void **state)
{
	(void)state;
	probe_world = page_world_large("");
	render_home("prod", "state=finished&page=3");
	assert_int_equal(page_rows(), 50);
	assert_has("101\xe2\x80\x93"
		   "150 of 10,000");
	assert_has("href=\"/prod/?state=finished\">First</a>");
	assert_has("href=\"/prod/?state=finished&amp;page=2\">Newer</a>");
	assert_has("href=\"/prod/?state=finished&amp;page=200\">Last</a>");
	assert_has("pricing_model_train 115"); /* the 102nd: 14 run, and numbers start at 0 */
	render_home("prod", "page=3");
	assert_has("101\xe2\x80\x93"
		   "150 of 10,000");
}

static void page_past_the_end_is_the_last_one(void **state)
{
	static const char *const queries[] = {"state=finished&page=200",
		"state=finished&page=999999999999999999", "state=finished&page=201"};

	(void)state;
	probe_world = page_world_large("");
	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		render_home("prod", queries[i]);
		assert_has("9,951\xe2\x80\x93"
			   "10,000 of 10,000");
	}
}

static void odd_queries_are_as_good_as_none(void **state)
{
	static const char *const queries[] = {"page=0", "page=-1", "page=x",
		"state=", "state=RUNNING", "q=", "q=+++", "q=a&q=b", "q=%zz", "q=%00",
		"&&&=", "state=workers&state=running"};

	(void)state;
	probe_world = page_world_small("");
	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		render_home(NULL, queries[i]);
		assert_has("<h2 id=\"running\">");
	}
}

static void search_finds_by_name_id_and_user_in_every_cluster(void **state)
{
	(void)state;
	probe_world = page_world_large("");
	render_home(NULL, "q=LEFT-over");
	assert_int_equal(page_rows(), 1);
	assert_has("<td data-label=\"Cluster\"><a class=\"soft\" href=\"/staging/\">staging</a>");
	render_home(NULL, "q=20250101070000");
	assert_int_equal(page_rows(), 1);
	assert_has("year-end closing");
	render_home(NULL, "q=Demo");
	assert_int_equal(page_rows(), 2);
	render_home("prod", "q=left-over");
	assert_int_equal(page_rows(), 0);
	assert_has("in its name, id or user.");
}

static void search_keeps_its_words_between_pages_and_states(void **state)
{
	(void)state;
	probe_world = page_world_large("");
	render_home(NULL, "q=svc-etl+%26");
	assert_int_equal(page_rows(), 0);
	render_home(NULL, "q=svc%2Detl&state=finished&page=2");
	assert_int_equal(page_rows(), 50);
	assert_has("href=\"/?q=svc-etl&amp;state=finished&amp;page=3\">Older</a>");
	assert_has("href=\"/?q=svc-etl&amp;state=running\"");
	assert_has("value=\"svc-etl\"");
}

static void workers_come_fifty_a_page_and_a_dozen_on_the_overview(void **state)
{
	(void)state;
	probe_world = page_world_large("");
	render_home("prod", "state=workers");
	assert_int_equal(page_rows(), 40);
	render_home("prod", NULL);
	assert_has("<a href=\"/prod/?state=workers\">All 40 workers</a>");
	assert_int_equal(page_rows(), 14 + 12 + 50);
}

/* --- what others named --- */

static void hostile_name_stays_text(void **state)
{
	(void)state;
	probe_world = page_world_large("");
	render_home("prod", "state=running");
	assert_has("<bdi>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;quoted&#39; "
		   "\xe2\x80\xae</bdi>");
	render_home(NULL, "q=%22%3E%3Cscript%3E%27");
	assert_has("value=\"&quot;&gt;&lt;script&gt;&#39;\"");
	assert_has("href=\"/?q=%22%3E%3Cscript%3E%27&amp;state=running\"");
	assert_balanced("hostile query");
}

static void long_name_is_cut_between_letters_and_whole_in_a_tooltip(void **state)
{
	char name[400] = "";
	struct app_info app = {.id = "app-1", .name = name, .user = "", .state = "FINISHED"};

	(void)state;
	for (size_t i = 1; i + 2 < 200; i += 2) /* two bytes each, from an odd offset */
		memcpy(name + i, "\xc3\xa9", 3);
	name[0] = 'x';
	page_not_ready(&probe_page, &as_alice, &(struct cluster_info){.name = "k"}, &app, NULL);
	assert_has("\xc3\xa9\xe2\x80\xa6</bdi>");
	assert_has("<bdi title=\"x\xc3\xa9");
	assert_has_not("\xc3\xe2\x80\xa6");
}

static void identifier_is_encoded_in_links(void **state)
{
	const struct mount m = {
		.kind = UI_DRIVER, .state = MOUNT_UP, .cluster = "c", .id = "a \"<b>?#[x]'&"};
	struct registry_builder *b = registry_builder_new("");
	struct app_info apps[] = {{.id = "app-1",
					  .name = "live",
					  .user = "u",
					  .state = "RUNNING",
					  .running = true,
					  .mount = registry_builder_mount(b, &m),
					  .duration_ms = -1},
		{.id = "a/b?c+d\"", .name = "over", .user = "u", .state = "FINISHED"}};
	const struct cluster_info c = {.name = "c",
		.path = "/c",
		.spark_version = "",
		.has_history = true,
		.polled = true,
		.apps = apps,
		.apps_count = 2};

	(void)state;
	registry_builder_cluster(b, &c);
	probe_world = registry_builder_finish(b);
	render_home("c", NULL);
	assert_has("href=\"/c/proxy/a%20%22%3Cb%3E%3F%23%5Bx%5D&#39;&amp;/\"");
	assert_has("href=\"/c/apps/a%2Fb%3Fc%2Bd%22\"");
}

static void absurd_numbers_do_no_harm(void **state)
{
	struct worker_info w = {"w", "h", "ODD <STATE> THAT NOBODY KNOWS OF", UINT32_MAX,
		UINT32_MAX, UINT64_MAX, UINT64_MAX, NULL};
	struct app_info apps[] = {{.id = "a",
					  .name = "",
					  .user = "",
					  .state = "",
					  .started_ms = INT64_MAX,
					  .duration_ms = INT64_MAX,
					  .cores = UINT32_MAX},
		{.id = "b",
			.name = "",
			.user = "",
			.state = "",
			.started_ms = INT64_MIN,
			.duration_ms = INT64_MIN}};
	const struct cluster_info c = {.name = "c",
		.path = "/c",
		.spark_version = "",
		.has_masters = true,
		.polled = true,
		.apps = apps,
		.apps_count = 2,
		.workers = &w,
		.workers_count = 1,
		.memory_mb = UINT64_MAX,
		.memory_used_mb = UINT64_MAX};

	(void)state;
	struct registry_builder *b = registry_builder_new("");
	registry_builder_cluster(b, &c);
	probe_world = registry_builder_finish(b);
	render_home("c", NULL);
	assert_has("4,294,967,295");
	assert_has("ODD &lt;STATE&gt;");
	assert_has("<bdi>a</bdi>"); /* an application without a name goes by its id */
	check_sample("absurd");
}

/* --- bounds --- */

static void page_of_thousands_of_clusters_fits(void **state)
{
	(void)state;
	probe_world = page_world_many(2000, 5);
	render_home(NULL, NULL);
	assert_false(probe_page.overflow);
	assert_balanced("2000 clusters");
	assert_has("</html>");
	assert_has("more clusters do not fit on one page.");
	render_home(NULL, "q=a");
	assert_int_equal(page_rows(), 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(home_of_one_cluster_shows_all_of_it),
		PAGE_TEST(running_application_links_to_its_ui_and_finished_one_to_its_permalink),
		PAGE_TEST(of_several_directories_of_logs_each_application_has_its_own),
		PAGE_TEST(of_one_directory_of_logs_nothing_is_said),
		PAGE_TEST(links_lie_below_the_base),
		PAGE_TEST(home_of_many_clusters_shows_each_with_its_newest_applications),
		PAGE_TEST(cluster_says_what_is_wrong_with_it),
		PAGE_TEST(empty_cluster_says_so),
		PAGE_TEST(ui_that_may_not_be_reached_says_why_and_has_no_link),
		PAGE_TEST(finished_applications_come_fifty_a_page),
		PAGE_TEST(page_past_the_end_is_the_last_one),
		PAGE_TEST(odd_queries_are_as_good_as_none),
		PAGE_TEST(search_finds_by_name_id_and_user_in_every_cluster),
		PAGE_TEST(search_keeps_its_words_between_pages_and_states),
		PAGE_TEST(workers_come_fifty_a_page_and_a_dozen_on_the_overview),
		PAGE_TEST(hostile_name_stays_text),
		PAGE_TEST(long_name_is_cut_between_letters_and_whole_in_a_tooltip),
		PAGE_TEST(identifier_is_encoded_in_links),
		PAGE_TEST(absurd_numbers_do_no_harm),
		PAGE_TEST(page_of_thousands_of_clusters_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
