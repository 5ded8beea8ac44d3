/* T70: what is said in a page's head is what its script asks for, and nothing else. */
#include "proxy/relay/preload.h"

#include "base/mem.h"
#include "proxy/registry/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define AS	   ">; rel=preload; as=fetch; crossorigin\r\n"
#define DRIVER	   "Link: </gate/local/proxy/app-1/"
#define DRIVER_API DRIVER "api/v1/applications/app-1/"
#define HISTORY	   "Link: </gate/local/shs/"
#define QUANTILES  "/taskSummary?quantiles=0,0.25,0.5,0.75,1.0"

static const struct mount driver = {
	.kind = UI_DRIVER, .id = "app-1", .path = "/gate/local/proxy/app-1"};
static const struct mount history = {.kind = UI_HISTORY, .id = "shs", .path = "/gate/local/shs"};
static const struct mount master = {.kind = UI_MASTER, .id = "master", .path = "/gate/master"};
static const struct mount blank = {.kind = UI_DRIVER, .id = "a b", .path = "/gate/local/proxy/a b"};

static char *said_of(
	const struct mount *mount, const char *version, const char *rest, const char *query)
{
	struct preload_page page = {mount, version, str_of(rest), {NULL, 0}};
	struct sbuf out;

	if (query)
		page.query = str_of(query);
	sbuf_init(&out, 16 * 1024);
	preload_write(&out, &page);
	return sbuf_take(&out);
}

static void t70_pages_name_what_their_scripts_ask_for(void **state)
{
	static const struct {
		const struct mount *mount;
		const char *version, *rest, *query, *want;
	} table[] = {
		{&driver, "4.3.0", "/stages/stage/", "id=7&attempt=1",
			DRIVER "static/stagespage-template.html" AS DRIVER_API
			       "stages/7/1" AS DRIVER_API "allexecutors" AS DRIVER_API
			       "stages/7/1" QUANTILES AS},
		{&driver, "3.1.3", "/executors", NULL,
			DRIVER_API "allexecutors" AS DRIVER
				   "static/executorspage-template.html" AS},
		{&history, "3.5.9", "/history/app-9/2/executors/", NULL,
			HISTORY "api/v1/applications/app-9/2/allexecutors" AS HISTORY
				"static/executorspage-template.html" AS HISTORY
				"api/v1/applications/app-9/2/allmiscellaneousprocess" AS},
		{&history, "4.2.1", "/history/app-9/environment/", NULL,
			HISTORY "api/v1/applications/app-9/environment" AS},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		char *said =
			said_of(table[i].mount, table[i].version, table[i].rest, table[i].query);
		assert_string_equal(said, table[i].want);
		free(said);
	}
}

static void s213_nothing_is_said_of_what_could_be_read_otherwise(void **state)
{
	static const struct {
		const struct mount *mount;
		const char *version, *rest, *query;
	} table[] = {
		{&driver, "4.3.0", "/stages/stage/", "id=7>; rel=preload, <x&attempt=1"},
		{&driver, "4.3.0", "/stages/stage/", "id=7&attempt=%31"},
		{&driver, "4.3.0", "/stages/stage/", "id=7"},
		{&driver, "4.3.0", "/stages/stage/", NULL},
		{&driver, "4.3.0", "/jobs/", NULL},
		{&driver, "4.3.0", "/", NULL},
		{&driver, "4.1.4", "/environment/", NULL}, /* it has no script that asks */
		{&driver, "2.4.8", "/executors/", NULL},
		{&driver, "", "/executors/", NULL},
		{&driver, "new", "/executors/", NULL},
		{&blank, "4.3.0", "/executors/", NULL},
		{&master, "4.3.0", "/executors/", NULL},
		{&history, "4.3.0", "/", NULL},
		{&history, "4.3.0", "/history/app>/executors/", NULL},
		{&history, "4.3.0", "/history/app-9/0/executors/", NULL},
		{&history, "4.3.0", "/history/", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		char *said =
			said_of(table[i].mount, table[i].version, table[i].rest, table[i].query);
		assert_string_equal(said ? said : "", "");
		free(said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t70_pages_name_what_their_scripts_ask_for),
		cmocka_unit_test(s213_nothing_is_said_of_what_could_be_read_otherwise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
