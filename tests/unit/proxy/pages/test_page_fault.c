/* The gateway's own pages: that every one is whole, and what those that say one thing say. */
#include "tests/support/page_probe.h"
#include "auth/policy/scope.h"
#include "proxy/pages/page_static.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

/* --- every page --- */

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

	probe_world = page_world_large("");
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
	registry_free(probe_world);
	probe_world = page_world_small("");
	render_home(NULL, NULL);
	check_sample("home-local");
	registry_free(probe_world);
	probe_world = page_world_fresh("");
	render_home(NULL, NULL);
	check_sample("home-fresh");
	const struct app_info app = {.id = "app-20260131120000-0007",
		.name = page_world_hostile,
		.user = "",
		.state = ""};
	sbuf_reset(&probe_page);
	page_not_ready(&probe_page, &as_alice, &(struct cluster_info){.name = "k"}, &app, NULL);
	check_sample("not-ready");
}

static void check_messages(void)
{
	for (enum fault f = FAULT_BAD_REQUEST; f < FAULT_COUNT; f++) {
		char name[64];
		snprintf(name, sizeof name, "fault-%s", fault_row(f)->word);
		sbuf_reset(&probe_page);
		page_fault(&probe_page, f <= FAULT_NO_ROLE ? &as_nobody : &as_alice, f,
			f == FAULT_FORBIDDEN
				? "Your role is user; the action kill needs the role admin."
				: NULL);
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

/* --- the other pages --- */

static void fault_says_what_and_why_and_which_request(void **state)
{
	(void)state;
	page_fault(&probe_page, &as_alice, FAULT_FORBIDDEN, "kill needs <admin>");
	assert_has("Error 403");
	assert_has("<h1>Your role does not allow this action.</h1>");
	assert_has("kill needs &lt;admin&gt;");
	assert_has("Request <code>4f1d8a90c2e7</code>");
	assert_has("href=\"/\">Home</a>");
	assert_has_not("Sign in</a>");
}

static void nobody_is_asked_to_sign_in(void **state)
{
	(void)state;
	page_fault(&probe_page, &as_nobody, FAULT_UNAUTHENTICATED, NULL);
	assert_has("href=\"/_gate/login\">Sign in</a>");
	assert_has_not("Sign out");
	assert_has_not("sparkgate 0");
}

static void gone_worker_leads_to_history_and_home(void **state)
{
	(void)state;
	probe_world = page_world_large("");
	render_gone("prod", "worker-20260131080000-10.20.1.15-39321");
	assert_has("This worker is not running any more");
	assert_has("href=\"/prod/shs/\">History server</a>");
	assert_has("href=\"/prod/\">The cluster</a>");
	assert_has("href=\"/\">Home</a>");
}

static void gone_application_leads_to_its_own_history(void **state)
{
	struct mount m = {.kind = UI_DRIVER,
		.state = MOUNT_GONE,
		.cluster = "local",
		.id = "app-20260131115900-0000",
		.path = "/local/proxy/app-20260131115900-0000",
		.why = ""};

	(void)state;
	probe_world = page_world_small("");
	page_gone(&probe_page, &as_alice, probe_world, &m);
	assert_has("This application is not running any more");
	assert_has("<bdi>finished app</bdi>");
	assert_has("href=\"/local/apps/app-20260131115900-0000\">Its history</a>");
}

/* A view of a page at an application's own host. */
static struct page_view elsewhere(void)
{
	struct page_view view = as_alice;

	view.base = "https://gw.example/base";
	return view;
}

static void s0_page_at_an_applications_host_leads_to_the_gateways_own(void **state)
{
	struct mount m = {.kind = UI_DRIVER,
		.state = MOUNT_GONE,
		.cluster = "local",
		.id = "app-20260131115900-0000",
		.path = "/base/local/proxy/app-20260131115900-0000",
		.why = ""};
	struct page_view view = elsewhere();

	(void)state;
	probe_world = page_world_small("/base");
	page_gone(&probe_page, &view, probe_world, &m);
	assert_has(" href=\"/base/_gate/static/gateway.css"); /* the CSP wants it from this host */
	assert_has("href=\"https://gw.example/base/local/apps/app-20260131115900-0000\">");
	assert_has("href=\"https://gw.example/base/local/\">The cluster</a>");
	assert_has("href=\"https://gw.example/base/\">Home</a>");
	assert_has_not("<form");
	assert_has_not("href=\"/base/local");
}

static void s0_closed_way_in_leads_to_the_application_by_the_gateways_address(void **state)
{
	struct page_view view = elsewhere();

	(void)state;
	page_not_entered(&probe_page, &view, "Once only.", "/base/local/proxy/app-1/?a=\"&b");
	assert_has("<p>Once only.</p>");
	assert_has("href=\"https://gw.example/base/local/proxy/app-1/?a=&quot;&amp;b\">Open the "
		   "application</a>");
	sbuf_reset(&probe_page);
	page_not_entered(&probe_page, &view, "Once only.", "");
	assert_has_not("Open the application");
	assert_has("Home</a>");
}

static void ended_application_without_history_says_how_when_and_why(void **state)
{
	const struct app_info app = {.id = "spark-1",
		.name = page_world_hostile,
		.user = "",
		.state = "FAILED",
		.reason = "Unschedulable: <b>no</b> nodes",
		.ended_ms = 1700000000000,
		.duration_ms = 65000};
	struct cluster_info cluster = {.name = "k", .path = "/k"};

	(void)state;
	page_app_ended(&probe_page, &as_alice, &cluster, &app, NULL);
	assert_has("<h1>This application failed</h1>");
	assert_has("Reason: <bdi>Unschedulable: &lt;b&gt;no&lt;/b&gt; nodes</bdi>");
	assert_has("<time datetime=\"2023-11-14T22:13:20Z\">");
	assert_has("after 1m\xc2\xa0"
		   "05s.");
	assert_has("This cluster has no history server");
	check_sample("ended");
	sbuf_reset(&probe_page);
	cluster.has_history = cluster.history_up = true;
	page_app_ended(&probe_page, &as_alice, &cluster, &app, NULL);
	assert_has("The history server does not have it");
}

static struct identity *make_limited(const char *scope)
{
	struct identity *who = identity_new(STR("https://gw"), STR("client:x"), STR("x"),
		STR("0123"), ROLE_USER, VIA_BEARER, 1000000000);

	identity_limit(who, scope_parse(str_of(scope), NULL));
	return who;
}

static void end_of_a_pod_leads_to_its_logs_and_shows_its_last_lines(void **state)
{
	const struct app_info app = {.id = "spark-1",
		.name = "etl",
		.user = "",
		.state = "FAILED",
		.has_pod = true,
		.duration_ms = -1};
	const struct cluster_info cluster = {.name = "k", .path = "/k"};
	const struct page_lines lines = {STR("\x1b[1mOutOfMemoryError\x1b[0m <b>\n"), true};

	(void)state;
	page_app_ended(&probe_page, &as_alice, &cluster, &app, &lines);
	assert_has("href=\"/k/apps/spark-1/logs\"");
	assert_has("href=\"/k/apps/spark-1/events\"");
	assert_has("\xe2\x80\xa6\nOutOfMemoryError &lt;b&gt;\n</pre>");
	check_sample("ended-lines");
	sbuf_reset(&probe_page);
	page_not_ready(&probe_page, &as_alice, &cluster, &app, NULL);
	assert_has("href=\"/k/apps/spark-1/logs\"");
}

static void who_may_not_read_logs_is_led_to_none(void **state)
{
	struct app_info app = {.id = "spark-1",
		.name = "etl",
		.user = "",
		.state = "FAILED",
		.has_pod = true,
		.duration_ms = -1};
	const struct cluster_info cluster = {.name = "k", .path = "/k"};
	struct identity *who = make_limited("view");
	struct page_view view = as_alice;

	(void)state;
	view.who = who;
	page_app_ended(&probe_page, &view, &cluster, &app, NULL);
	page_not_ready(&probe_page, &view, &cluster, &app, NULL);
	app.has_pod = false; /* there are none */
	page_app_ended(&probe_page, &as_alice, &cluster, &app, NULL);
	assert_has_not("/logs");
	assert_has_not("/events");
	identity_unref(who);
}

static void refused_ui_says_why(void **state)
{
	(void)state;
	probe_world = page_world_large("");
	render_gone("prod", "app-20260131000003-0003");
	assert_has("Reason: its address is outside the allowed networks.");
	assert_has_not("Its history</a>");
}

static void session_script_is_small_and_asks_nobody_else(void **state)
{
	const struct page_static *script = page_static_find(STR("session.js"));

	(void)state;
	assert_non_null(script);
	assert_in_range(script->len, 1, 2048);
	assert_string_equal(script->content_type, "text/javascript; charset=utf-8");
	struct str text = {(const char *)script->bytes, script->len};
	assert_int_equal(str_find(text, STR("://")), -1);
	assert_int_equal(str_find(text, STR("innerHTML")), -1);
	assert_true(str_starts(str_of(script->href), STR("/_gate/static/session.js?v=")));
}

static void style_and_icon_are_in_the_program(void **state)
{
	const struct page_static *css = page_static_find(STR("gateway.css")),
				 *icon = page_static_find(STR("favicon.svg"));
	char href[128];

	(void)state;
	assert_non_null(css);
	assert_non_null(icon);
	assert_true(str_find((struct str){(const char *)css->bytes, css->len},
			    STR("prefers-color-scheme: dark")) > 0);
	assert_memory_equal(icon->bytes, "<svg", 4);
	assert_string_equal(icon->content_type, "image/svg+xml");
	assert_memory_equal(icon->bytes + icon->len - 7, "</svg>\n", 7);
	assert_null(page_static_find(STR("../page.c")));
	assert_null(page_static_find(STR("")));
	page_logout(&probe_page, &as_nobody);
	snprintf(href, sizeof href, "href=\"/_gate/static/gateway.css?v=%.*s\"",
		(int)strlen(css->etag) - 2, css->etag + 1);
	assert_has(href);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(every_page_is_whole_and_without_inline_script_or_style),
		PAGE_TEST(fault_says_what_and_why_and_which_request),
		PAGE_TEST(nobody_is_asked_to_sign_in),
		PAGE_TEST(gone_worker_leads_to_history_and_home),
		PAGE_TEST(gone_application_leads_to_its_own_history),
		PAGE_TEST(s0_page_at_an_applications_host_leads_to_the_gateways_own),
		PAGE_TEST(s0_closed_way_in_leads_to_the_application_by_the_gateways_address),
		PAGE_TEST(ended_application_without_history_says_how_when_and_why),
		PAGE_TEST(end_of_a_pod_leads_to_its_logs_and_shows_its_last_lines),
		PAGE_TEST(who_may_not_read_logs_is_led_to_none),
		PAGE_TEST(refused_ui_says_why),
		PAGE_TEST(session_script_is_small_and_asks_nobody_else),
		PAGE_TEST(style_and_icon_are_in_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
