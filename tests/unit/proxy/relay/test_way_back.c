/* The links back to the home page, as they stand in a page of Spark's. */
#include "proxy/relay/way_back.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct cluster_info cluster = {.name = "prod", .path = "/base/prod"};
static const struct mount live = {.path = "/base/prod/proxy/app-1"};
static const struct mount history = {.path = "/base/prod/shs"};

#define OPEN "<nav class=\"sparkgate-way\" aria-label=\"Gateway\">"

static void assert_written(const struct way_back *way, const char *want)
{
	struct sbuf out;

	sbuf_init(&out, WAY_BACK_MAX);
	way_back_write(&out, way);
	assert_string_equal(out.at, want);
	sbuf_clear(&out);
}

static void page_of_a_cluster_leads_home_and_to_the_cluster(void **state)
{
	(void)state;
	assert_written(&(struct way_back){.origin = "", .base = "/base", .cluster = &cluster},
		OPEN "<a href=\"/base/\">Home</a><a href=\"/base/prod/\">prod</a></nav>");
}

static void page_of_an_application_leads_to_it_and_to_its_other_ui(void **state)
{
	(void)state;
	assert_written(&(struct way_back){.origin = "",
			       .base = "/base",
			       .cluster = &cluster,
			       .app = &(struct app_info){.id = "app-1"},
			       .history = &history},
		OPEN "<a href=\"/base/\">Home</a><a href=\"/base/prod/\">prod</a>"
		     "<a href=\"/base/prod/?q=app-1\">app-1</a>"
		     "<a href=\"/base/prod/shs/history/app-1/\">History</a></nav>");
	assert_written(&(struct way_back){.origin = "",
			       .base = "/base",
			       .cluster = &cluster,
			       .app = &(struct app_info){.id = "app-1"},
			       .live = &live},
		OPEN "<a href=\"/base/\">Home</a><a href=\"/base/prod/\">prod</a>"
		     "<a href=\"/base/prod/?q=app-1\">app-1</a>"
		     "<a href=\"/base/prod/proxy/app-1/\">Live UI</a></nav>");
}

static void page_on_a_host_of_its_own_leads_to_the_gateways_origin(void **state)
{
	(void)state;
	assert_written(
		&(struct way_back){.origin = "https://gw.example", .base = "", .cluster = &cluster},
		OPEN "<a href=\"https://gw.example/\">Home</a>"
		     "<a href=\"https://gw.example/base/prod/\">prod</a></nav>");
}

static void id_that_is_any_name_stays_in_its_place(void **state)
{
	(void)state;
	assert_written(&(struct way_back){.origin = "",
			       .base = "",
			       .cluster = &cluster,
			       .app = &(struct app_info){.id = "a\"><b&c"},
			       .history = &history},
		OPEN "<a href=\"/\">Home</a><a href=\"/base/prod/\">prod</a>"
		     "<a href=\"/base/prod/?q=a%22%3E%3Cb%26c\">a&quot;&gt;&lt;b&amp;c</a>"
		     "<a href=\"/base/prod/shs/history/a%22%3E%3Cb%26c/\">History</a></nav>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(page_of_a_cluster_leads_home_and_to_the_cluster),
		cmocka_unit_test(page_of_an_application_leads_to_it_and_to_its_other_ui),
		cmocka_unit_test(page_on_a_host_of_its_own_leads_to_the_gateways_origin),
		cmocka_unit_test(id_that_is_any_name_stays_in_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
