/*
 * The gateway's own pages: what they show, that whatever somebody else named stays text, and their bounds.
 *
 * With SPARKGATE_PAGES_DIR set, every sample page is also written there, for people to look at.
 */
#include "auth/identity.h"
#include "proxy/page.h"
#include "tests/support/page_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

static struct identity alice = {
	.issuer = (char[]){"i"}, .subject = (char[]){"alice"}, .name = (char[]){"Alice Moreau"}, .role = ROLE_ADMIN};
static struct identity stranger = {
	.issuer = (char[]){"i"}, .subject = (char[]){"mallory"}, .name = (char[]){""}, .role = ROLE_NONE};

static const struct page_view as_alice = {"", &alice, "4f1d8a90c2e7"};
static const struct page_view as_nobody = {"", NULL, "4f1d8a90c2e7"};
static const struct page_view as_stranger = {"", &stranger, "4f1d8a90c2e7"};
static const struct page_view below_base = {"/base", &alice, "4f1d8a90c2e7"};

/* --- rendering --- */

static struct sbuf page; /* of the test that runs; cleared by its teardown */
static struct registry *world;

static int start(void **state)
{
	(void)state;
	sbuf_init(&page, PAGE_MAX);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sbuf_clear(&page);
	registry_free(world);
	world = NULL;
	return 0;
}

static const struct cluster_info *cluster(const char *name)
{
	return name ? registry_cluster(world, str_of(name)) : NULL;
}

static void render_home(const char *name, const char *query)
{
	sbuf_reset(&page);
	page_home(&page, &as_alice, world, cluster(name), query ? str_of(query) : (struct str){NULL, 0});
}

static void render_gone(const char *name, const char *id)
{
	const struct mount *m = registry_proxy(world, str_of(name), str_of(id));

	assert_non_null(m);
	sbuf_reset(&page);
	page_gone(&page, &as_alice, world, m);
}

/* --- asking --- */

static size_t times(const char *needle)
{
	struct str rest = sbuf_str(&page);
	size_t n = 0;

	for (ptrdiff_t at; (at = str_find(rest, str_of(needle))) != -1; n++)
		rest = str_from(rest, (size_t)at + strlen(needle));
	return n;
}

static void assert_has(const char *needle)
{
	if (times(needle) == 0)
		fail_msg("no %s in %s", needle, page.at);
}

static void assert_has_not(const char *needle)
{
	if (times(needle) != 0)
		fail_msg("%s in %s", needle, page.at);
}

static size_t rows(void)
{
	return times("<tr><th scope=\"row\"");
}

/* --- every page --- */

static bool is_void(struct str name)
{
	static const char *const names[] = {"meta", "link", "input", "!doctype", "rect", "path"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (str_eq(name, str_of(names[i])))
			return true;
	}
	return false;
}

static struct str name_of_tag(struct str tag)
{
	size_t len = 0;

	while (len < tag.len && (len == 0 || (tag.at[len] != ' ' && tag.at[len] != '/')))
		len++;
	return (struct str){tag.at, len};
}

/* Every element that is opened is closed, in order: a value that broke out of its place would show. */
static void assert_balanced(const char *what)
{
	struct str open[64], rest = sbuf_str(&page);
	size_t depth = 0;

	for (ptrdiff_t at; (at = str_find_byte(rest, '<')) != -1;) {
		rest = str_from(rest, (size_t)at + 1);
		ptrdiff_t close = str_find_byte(rest, '>');
		assert_true(close > 0);
		struct str name = name_of_tag((struct str){rest.at, (size_t)close});
		rest = str_from(rest, (size_t)close + 1);
		if (is_void(name))
			continue;
		if (name.at[0] != '/') {
			assert_in_range(depth, 0, ARRAY_LEN(open) - 1);
			open[depth++] = name;
		} else if (depth == 0 || !str_eq(open[--depth], str_from(name, 1))) {
			fail_msg("%s: </%.*s> closes something else", what, (int)name.len - 1, name.at + 1);
		}
	}
	assert_int_equal(depth, 0);
}

static void write_sample(const char *name)
{
	const char *dir = getenv("SPARKGATE_PAGES_DIR");
	char path[512];

	if (dir == NULL)
		return;
	snprintf(path, sizeof path, "%s/%s.html", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fwrite(page.at, 1, page.len, f);
	fclose(f);
}

static void check_sample(const char *name)
{
	assert_false(page.overflow);
	assert_balanced(name);
	assert_int_equal(times("<!doctype html>"), 1);
	assert_int_equal(times("<h1>"), 1);
	assert_int_equal(times("<main id=\"main\""), 1);
	assert_int_equal(times("<title>"), 1);
	assert_has_not("<script");
	assert_has_not(" style=");
	assert_has_not(" onclick=");
	assert_has_not("javascript:");
	write_sample(name);
}

static void check_homes(void)
{
	static const struct {
		const char *name, *cluster, *query;
	} homes[] = {
		{"home-many", NULL, NULL},
		{"cluster-prod", "prod", NULL},
		{"cluster-local", "local", NULL},
		{"cluster-down", "staging", NULL},
		{"cluster-archive", "archive", NULL},
		{"cluster-tools", "tools", NULL},
		{"cluster-new", "new", NULL},
		{"list-running", "prod", "state=running"},
		{"list-finished-page-3", "prod", "state=finished&page=3"},
		{"list-workers", "prod", "state=workers"},
		{"list-all-running", NULL, "state=running"},
		{"search", NULL, "q=churn"},
		{"search-in-cluster", "prod", "q=alice&state=running"},
		{"search-none", NULL, "q=%3Cscript%3E%22%27"},
	};

	world = page_world_large("");
	for (size_t i = 0; i < ARRAY_LEN(homes); i++) {
		render_home(homes[i].cluster, homes[i].query);
		check_sample(homes[i].name);
	}
	render_gone("prod", "worker-20260131080000-10.20.1.15-39321");
	check_sample("gone-worker");
	render_gone("prod", "worker-20260131080000-10.20.1.13-39321");
	check_sample("gone-refused");
	render_gone("prod", "app-20260131000002-0002");
	check_sample("gone-unverified");
}

static void check_single_homes(void)
{
	registry_free(world);
	world = page_world_small("");
	render_home(NULL, NULL);
	check_sample("home-local");
	registry_free(world);
	world = page_world_fresh("");
	render_home(NULL, NULL);
	check_sample("home-fresh");
	const struct app_info app = {.id = "app-20260131120000-0007", .name = page_world_hostile, .user = "", .state = ""};
	sbuf_reset(&page);
	page_not_ready(&page, &as_alice, &app);
	check_sample("not-ready");
}

static void check_messages(void)
{
	sbuf_reset(&page);
	page_login(&page, &as_nobody, STR("/"), NULL);
	check_sample("login");
	sbuf_reset(&page);
	page_login(&page, &as_nobody, STR("/"), "This token is not valid: it may have expired or been revoked.");
	check_sample("login-problem");
	sbuf_reset(&page);
	page_logout(&page, &as_alice);
	check_sample("logout");
	sbuf_reset(&page);
	page_signed_out(&page, &as_nobody);
	check_sample("signed-out");
	for (enum fault f = FAULT_BAD_REQUEST; f < FAULT_COUNT; f++) {
		char name[64];
		snprintf(name, sizeof name, "fault-%s", fault_row(f)->word);
		sbuf_reset(&page);
		page_fault(&page, f == FAULT_NO_ROLE ? &as_stranger : f < FAULT_NO_ROLE ? &as_nobody : &as_alice, f,
			f == FAULT_FORBIDDEN ? "Your role is user; the action kill needs the role admin." : NULL);
		check_sample(name);
	}
}

static void every_page_is_whole_and_without_inline_script_or_style(void **state)
{
	(void)state;
	check_homes();
	check_single_homes();
	check_messages();
}

/* --- what home shows --- */

static void home_of_one_cluster_shows_all_of_it(void **state)
{
	(void)state;
	world = page_world_small("");
	render_home(NULL, NULL);
	assert_has("<h1>local</h1><span class=\"pill ok\">Alive</span><span class=\"version\">Spark 4.3.0</span>");
	assert_has("href=\"/local/proxy/master/\">Master</a>");
	assert_has("href=\"/local/shs/\">History</a>");
	assert_has("<b>1</b> of 4<meter aria-label=\"Cores used\" min=\"0\" max=\"4\" value=\"1\">");
	assert_has("<b>1\xc2\xa0GiB</b> of 4\xc2\xa0GiB");
	assert_has("href=\"/local/proxy/worker-20260131115800-10.0.0.1-40001/\"><bdi>10.0.0.1</bdi>");
	assert_int_equal(rows(), 4);
}

static void running_application_links_to_its_ui_and_finished_one_to_its_permalink(void **state)
{
	(void)state;
	world = page_world_small("");
	render_home(NULL, NULL);
	assert_has("<a href=\"/local/proxy/app-20260131120000-0001/\"><bdi>running app</bdi></a>");
	assert_has("<a href=\"/local/apps/app-20260131115900-0000\"><bdi>finished app</bdi></a>");
	assert_has(">1m\xc2\xa0" "23s</td>");
}

static void links_lie_below_the_base(void **state)
{
	(void)state;
	world = page_world_large("/base");
	sbuf_reset(&page);
	page_home(&page, &below_base, world, NULL, (struct str){NULL, 0});
	assert_int_equal(times("href=\"/"), times("href=\"/base/"));
	assert_int_equal(times("action=\"/"), times("action=\"/base/"));
	assert_has("action=\"/base/_gate/logout\"");
	assert_has("href=\"/base/prod/proxy/master/\"");
}

static void home_of_many_clusters_shows_each_with_its_newest_applications(void **state)
{
	(void)state;
	world = page_world_large("");
	render_home(NULL, NULL);
	assert_int_equal(times("<section class=\"panel glance\">"), 6);
	assert_has("<h2><a href=\"/prod/\">prod</a></h2>");
	assert_has("<a href=\"/prod/\">All 10,014 applications</a>");
	assert_int_equal(rows(), 10 + 2 + 1 + 1);
}

static void cluster_says_what_is_wrong_with_it(void **state)
{
	(void)state;
	world = page_world_large("");
	render_home("staging", NULL);
	assert_has("<span class=\"pill bad\">Unreachable</span>");
	assert_has("No master answers.");
	render_home("archive", NULL);
	assert_has("The history server does not answer");
	render_home("new", NULL);
	assert_has("still asking this cluster");
	assert_has_not("No master answers.");
	render_home("tools", NULL);
	assert_has("only the UIs above");
	render_home("prod", NULL);
	assert_has("<span class=\"pill idle\">Standby</span>");
}

static void empty_cluster_says_so(void **state)
{
	(void)state;
	world = page_world_fresh("");
	render_home(NULL, NULL);
	assert_has("No applications are running.");
	assert_has("No applications have finished yet.");
	assert_has("No workers have registered with the master.");
}

static void ui_that_may_not_be_reached_says_why_and_has_no_link(void **state)
{
	(void)state;
	world = page_world_large("");
	render_home("prod", NULL);
	assert_has("<span class=\"ui off\">ganglia <small>it does not answer</small></span>");
	assert_has("No UI yet: it is being checked.");
	assert_has("No way to its UI: its address is outside the allowed networks.");
	assert_has("Its UI is not known yet.");
	assert_has_not("href=\"/prod/proxy/app-20260131000003-0003/");
}

/* --- lists --- */

static void finished_applications_come_fifty_a_page(void **state)
{
	(void)state;
	world = page_world_large("");
	render_home("prod", "state=finished&page=3");
	assert_int_equal(rows(), 50);
	assert_has("101\xe2\x80\x93" "150 of 10,000");
	assert_has("href=\"/prod/?state=finished\">First</a>");
	assert_has("href=\"/prod/?state=finished&amp;page=2\">Newer</a>");
	assert_has("href=\"/prod/?state=finished&amp;page=200\">Last</a>");
	assert_has("pricing_model_train 115"); /* the 102nd: 14 run, and numbers start at 0 */
	render_home("prod", "page=3");
	assert_has("101\xe2\x80\x93" "150 of 10,000");
}

static void page_past_the_end_is_the_last_one(void **state)
{
	static const char *const queries[] = {"state=finished&page=200", "state=finished&page=999999999999999999",
		"state=finished&page=201"};

	(void)state;
	world = page_world_large("");
	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		render_home("prod", queries[i]);
		assert_has("9,951\xe2\x80\x93" "10,000 of 10,000");
	}
}

static void odd_queries_are_as_good_as_none(void **state)
{
	static const char *const queries[] = {"page=0", "page=-1", "page=x", "state=", "state=RUNNING", "q=", "q=+++",
		"q=a&q=b", "q=%zz", "q=%00", "&&&=", "state=workers&state=running"};

	(void)state;
	world = page_world_small("");
	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		render_home(NULL, queries[i]);
		assert_has("<h2 id=\"running\">");
	}
}

static void search_finds_by_name_id_and_user_in_every_cluster(void **state)
{
	(void)state;
	world = page_world_large("");
	render_home(NULL, "q=LEFT-over");
	assert_int_equal(rows(), 1);
	assert_has("<td data-label=\"Cluster\"><a class=\"soft\" href=\"/staging/\">staging</a>");
	render_home(NULL, "q=20250101070000");
	assert_int_equal(rows(), 1);
	assert_has("year-end closing");
	render_home(NULL, "q=Demo");
	assert_int_equal(rows(), 2);
	render_home("prod", "q=left-over");
	assert_int_equal(rows(), 0);
	assert_has("in its name, id or user.");
}

static void search_keeps_its_words_between_pages_and_states(void **state)
{
	(void)state;
	world = page_world_large("");
	render_home(NULL, "q=svc-etl+%26");
	assert_int_equal(rows(), 0);
	render_home(NULL, "q=svc%2Detl&state=finished&page=2");
	assert_int_equal(rows(), 50);
	assert_has("href=\"/?q=svc-etl&amp;state=finished&amp;page=3\">Older</a>");
	assert_has("href=\"/?q=svc-etl&amp;state=running\"");
	assert_has("value=\"svc-etl\"");
}

static void workers_come_fifty_a_page_and_a_dozen_on_the_overview(void **state)
{
	(void)state;
	world = page_world_large("");
	render_home("prod", "state=workers");
	assert_int_equal(rows(), 40);
	render_home("prod", NULL);
	assert_has("<a href=\"/prod/?state=workers\">All 40 workers</a>");
	assert_int_equal(rows(), 14 + 12 + 50);
}

/* --- what others named --- */

static void hostile_name_stays_text(void **state)
{
	(void)state;
	world = page_world_large("");
	render_home("prod", "state=running");
	assert_has("<bdi>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;quoted&#39; \xe2\x80\xae</bdi>");
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
	page_not_ready(&page, &as_alice, &app);
	assert_has("\xc3\xa9\xe2\x80\xa6</bdi>");
	assert_has("<bdi title=\"x\xc3\xa9");
	assert_has_not("\xc3\xe2\x80\xa6");
}

static void identifier_is_encoded_in_links(void **state)
{
	struct mount m = {.kind = UI_DRIVER, .state = MOUNT_UP, .cluster = "c", .id = "app-1",
		.path = "/c/proxy/a \"<b>?#[x]'&"};
	struct app_info apps[] = {
		{.id = "app-1", .name = "live", .user = "u", .state = "RUNNING", .running = true, .mount = &m,
			.duration_ms = -1},
		{.id = "a/b?c+d\"", .name = "over", .user = "u", .state = "FINISHED"}};
	const struct cluster_info c = {.name = "c", .path = "/c", .spark_version = "", .has_history = true,
		.polled = true, .apps = apps, .apps_count = 2};

	(void)state;
	world = page_world_small("");
	page_home(&page, &as_alice, world, &c, (struct str){NULL, 0});
	assert_has("href=\"/c/proxy/a%20%22%3Cb%3E%3F%23%5Bx%5D&#39;&amp;/\"");
	assert_has("href=\"/c/apps/a%2Fb%3Fc%2Bd%22\"");
}

static void absurd_numbers_do_no_harm(void **state)
{
	struct worker_info w = {"w", "h", "ODD <STATE> THAT NOBODY KNOWS OF", UINT32_MAX, UINT32_MAX, UINT64_MAX,
		UINT64_MAX, NULL};
	struct app_info apps[] = {{.id = "a", .name = "", .user = "", .state = "", .started_ms = INT64_MAX,
					  .duration_ms = INT64_MAX, .cores = UINT32_MAX},
		{.id = "b", .name = "", .user = "", .state = "", .started_ms = INT64_MIN, .duration_ms = INT64_MIN}};
	const struct cluster_info c = {.name = "c", .path = "/c", .spark_version = "", .has_masters = true,
		.polled = true, .apps = apps, .apps_count = 2, .workers = &w, .workers_count = 1,
		.memory_mb = UINT64_MAX, .memory_used_mb = UINT64_MAX};

	(void)state;
	world = page_world_small("");
	page_home(&page, &as_alice, world, &c, (struct str){NULL, 0});
	assert_has("4,294,967,295");
	assert_has("ODD &lt;STATE&gt;");
	assert_has("<bdi>a</bdi>"); /* an application without a name goes by its id */
	check_sample("absurd");
}

/* --- bounds --- */

static void page_of_thousands_of_clusters_fits(void **state)
{
	(void)state;
	world = page_world_many(2000, 5);
	render_home(NULL, NULL);
	assert_false(page.overflow);
	assert_balanced("2000 clusters");
	assert_has("</html>");
	assert_has("more clusters do not fit on one page.");
	render_home(NULL, "q=a");
	assert_int_equal(rows(), 50);
}

/* --- the other pages --- */

static void sign_in_carries_the_way_back_and_no_name(void **state)
{
	(void)state;
	page_login(&page, &(struct page_view){"/base", &alice, "r"}, STR("/base/x?a=\"&b"), "No <b> good.");
	assert_has("action=\"/base/_gate/login\"");
	assert_has("name=\"next\" value=\"/base/x?a=&quot;&amp;b\"");
	assert_has("type=\"password\" autocomplete=\"off\"");
	assert_has("No &lt;b&gt; good.");
	assert_has_not("Alice");
	assert_has_not("<form class=\"search\"");
}

static void own_forms_send_their_origin(void **state)
{
	(void)state;
	page_login(&page, &as_nobody, STR("/"), NULL);
	assert_has("<meta name=\"referrer\" content=\"same-origin\">");
}

static void fault_says_what_and_why_and_which_request(void **state)
{
	(void)state;
	page_fault(&page, &as_alice, FAULT_FORBIDDEN, "kill needs <admin>");
	assert_has("Error 403");
	assert_has("<h1>Your role does not allow this action.</h1>");
	assert_has("kill needs &lt;admin&gt;");
	assert_has("Request <code>4f1d8a90c2e7</code>");
	assert_has("href=\"/\">Home</a>");
	assert_has_not("Sign in</a>");
}

static void stranger_may_sign_out_and_search_nothing(void **state)
{
	(void)state;
	page_fault(&page, &as_stranger, FAULT_NO_ROLE, NULL);
	assert_has("Ask whoever runs this gateway");
	assert_has("mallory");
	assert_has("action=\"/_gate/logout\"");
	assert_has_not("<form class=\"search\"");
	assert_has_not("href=\"/\">Home</a>");
}

static void nobody_is_asked_to_sign_in(void **state)
{
	(void)state;
	page_fault(&page, &as_nobody, FAULT_UNAUTHENTICATED, NULL);
	assert_has("href=\"/_gate/login\">Sign in</a>");
	assert_has_not("Sign out");
	assert_has_not("sparkgate 0");
}

static void gone_worker_leads_to_history_and_home(void **state)
{
	(void)state;
	world = page_world_large("");
	render_gone("prod", "worker-20260131080000-10.20.1.15-39321");
	assert_has("This worker is not running any more");
	assert_has("href=\"/prod/shs/\">History server</a>");
	assert_has("href=\"/prod/\">The cluster</a>");
	assert_has("href=\"/\">Home</a>");
}

static void gone_application_leads_to_its_own_history(void **state)
{
	struct mount m = {.kind = UI_DRIVER, .state = MOUNT_GONE, .cluster = "local",
		.id = "app-20260131115900-0000", .path = "/local/proxy/app-20260131115900-0000", .why = ""};

	(void)state;
	world = page_world_small("");
	page_gone(&page, &as_alice, world, &m);
	assert_has("This application is not running any more");
	assert_has("<bdi>finished app</bdi>");
	assert_has("href=\"/local/apps/app-20260131115900-0000\">Its history</a>");
}

static void refused_ui_says_why(void **state)
{
	(void)state;
	world = page_world_large("");
	render_gone("prod", "app-20260131000003-0003");
	assert_has("Reason: its address is outside the allowed networks.");
	assert_has_not("Its history</a>");
}

static void style_and_icon_are_in_the_program(void **state)
{
	const struct page_static *css = page_static_find(STR("gateway.css")), *icon = page_static_find(STR("favicon.svg"));
	char href[128];

	(void)state;
	assert_non_null(css);
	assert_non_null(icon);
	assert_true(str_find((struct str){(const char *)css->bytes, css->len}, STR("prefers-color-scheme: dark")) > 0);
	assert_memory_equal(icon->bytes, "<svg", 4);
	assert_string_equal(icon->content_type, "image/svg+xml");
	assert_memory_equal(icon->bytes + icon->len - 7, "</svg>\n", 7);
	assert_null(page_static_find(STR("../page.c")));
	assert_null(page_static_find(STR("")));
	page_login(&page, &as_nobody, STR("/"), NULL);
	snprintf(href, sizeof href, "/_gate/static/gateway.css?v=%.*s\"", (int)strlen(css->etag) - 2, css->etag + 1);
	assert_has(href);
}

#define PAGE_TEST(f) cmocka_unit_test_setup_teardown(f, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(every_page_is_whole_and_without_inline_script_or_style),
		PAGE_TEST(home_of_one_cluster_shows_all_of_it),
		PAGE_TEST(running_application_links_to_its_ui_and_finished_one_to_its_permalink),
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
		PAGE_TEST(sign_in_carries_the_way_back_and_no_name),
		PAGE_TEST(own_forms_send_their_origin),
		PAGE_TEST(fault_says_what_and_why_and_which_request),
		PAGE_TEST(stranger_may_sign_out_and_search_nothing),
		PAGE_TEST(nobody_is_asked_to_sign_in),
		PAGE_TEST(gone_worker_leads_to_history_and_home),
		PAGE_TEST(gone_application_leads_to_its_own_history),
		PAGE_TEST(refused_ui_says_why),
		PAGE_TEST(style_and_icon_are_in_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
