/* Pages of logs and events: whole, and nothing of theirs is anything but text. */
#include "proxy/pages/pods/page_pods.h"

#include "base/text/json_text.h"
#include "proxy/pages/page_parts.h"
#include "tests/support/page_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct app_info evil = {
	.id = "spark-1", .name = page_world_hostile, .user = "", .state = "FAILED"};
static const struct cluster_info cluster = {.name = "k", .path = "/k"};

static struct kube_status hostile_pod(void)
{
	return (struct kube_status){.namespace = "spark",
		.name = page_world_hostile,
		.uid = "u",
		.phase = page_world_hostile,
		.reason = page_world_hostile,
		.message = page_world_hostile,
		.node = page_world_hostile,
		.role = "",
		.app_id = "",
		.owner = "",
		.containers = {{.name = page_world_hostile,
			.state = "terminated",
			.reason = page_world_hostile,
			.message = page_world_hostile,
			.exit_code = 137,
			.started_ms = 1700000000000,
			.ended_ms = 1700000009000,
			.restarts = 2}},
		.containers_count = 1};
}

static struct page_pods about(const struct kube_status *driver)
{
	static const char *const problems[] = {page_world_hostile};

	return (struct page_pods){.cluster = &cluster,
		.app = &evil,
		.driver = driver,
		.driver_name = page_world_hostile,
		.problems = problems,
		.problems_count = 1};
}

static void page_of_logs_is_whole_whatever_is_in_them(void **state)
{
	struct kube_status pod = hostile_pod();
	struct page_pods of = about(&pod);
	struct page_log log = {
		page_world_hostile, page_world_hostile, str_of(page_world_hostile), true, false};

	(void)state;
	page_logs(&probe_page, &as_alice, &of, &log);
	check_sample("pod-logs");
	assert_has("exit code 137");
	assert_has("href=\"/k/apps/spark-1/events\"");
	sbuf_reset(&probe_page);
	of = about(NULL);
	page_logs(&probe_page, &as_alice, &of, NULL);
	check_sample("pod-logs-nothing");
}

static void page_of_events_is_whole_whatever_is_in_them(void **state)
{
	const struct kube_incident list[] = {{.type = page_world_hostile,
		.reason = page_world_hostile,
		.message = page_world_hostile,
		.source = page_world_hostile,
		.pod = page_world_hostile,
		.uid = "u",
		.at_ms = 1700000000000,
		.count = 3}};
	struct page_pods of = about(NULL);

	(void)state;
	page_events(&probe_page, &as_alice, &of, &(struct page_incidents){list, 1, true});
	check_sample("pod-events");
	assert_has("3 times");
	sbuf_reset(&probe_page);
	page_events(&probe_page, &as_alice, &of, &(struct page_incidents){list, 0, false});
	check_sample("pod-events-none");
}

static void log_for_people_has_no_escapes_of_terminals(void **state)
{
	static const struct {
		struct str log;
		const char *shown;
	} rows[] = {
		{STR("a\x1b[1;31mred\x1b[0m <b>\n"), "ared &lt;b&gt;\n"},
		{STR("\x1b[31"), ""},
		{STR("\x1b]x"), "]x"},
		{STR("a\r\nb\tc"), "a\nb\tc"},
		{STR("\xff\x00\x07\xc3\xa4"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xc3\xa4"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		sbuf_reset(&probe_page);
		sbuf_puts(&probe_page, "");
		part_log(&probe_page, rows[i].log);
		assert_true(str_eq(sbuf_str(&probe_page), str_of(rows[i].shown)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(page_of_logs_is_whole_whatever_is_in_them),
		PAGE_TEST(page_of_events_is_whole_whatever_is_in_them),
		PAGE_TEST(log_for_people_has_no_escapes_of_terminals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
