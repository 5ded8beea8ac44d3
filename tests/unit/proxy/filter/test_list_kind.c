/* Which answers are lists, by UI, path and type; and what becomes of a query's limit. */
#include "base/mem.h"
#include "proxy/filter/list_filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void answers_are_lists_by_path_and_type(void **state)
{
	static const struct {
		enum ui_kind ui;
		const char *path, *type;
		enum list_kind kind;
	} rows[] = {
		{UI_MASTER, "/", "text/html;charset=utf-8", LIST_MASTER_PAGE},
		{UI_MASTER, "/nosuch", "text/html", LIST_MASTER_PAGE},
		{UI_MASTER, "/proxy/app-1/", "text/html", LIST_PROXIED_PAGE},
		{UI_MASTER, "/proxy/app-1/api/v1/version", "application/json", LIST_NONE},
		{UI_MASTER, "/logPage/", "text/html", LIST_NOTHING},
		{UI_MASTER, "/environment/", "text/html", LIST_NOTHING},
		{UI_HISTORY, "/logPage/", "text/html", LIST_NOTHING},
		{UI_MASTER, "/app/", "text/html", LIST_NONE},
		{UI_MASTER, "/json/", "application/json", LIST_MASTER},
		{UI_MASTER, "/json/", "text/json;charset=utf-8", LIST_MASTER},
		{UI_MASTER, "/json/activeapps", "application/json", LIST_NOTHING},
		{UI_MASTER, "/json/", "text/html", LIST_NOTHING},
		{UI_MASTER, "/metrics/applications/json", "application/json", LIST_NOTHING},
		{UI_MASTER, "/static/webui.js", "application/javascript", LIST_NONE},
		{UI_MASTER, "/", "", LIST_NOTHING},
		{UI_WORKER, "/", "text/html", LIST_WORKER_PAGE},
		{UI_WORKER, "/json", "application/json", LIST_WORKER},
		{UI_WORKER, "/log/", "text/plain", LIST_NONE},
		{UI_WORKER, "/logPage/", "text/html", LIST_NONE},
		{UI_HISTORY, "/", "text/html", LIST_HISTORY_PAGE},
		{UI_HISTORY, "/api/v1/applications", "application/json", LIST_HISTORY},
		{UI_HISTORY, "/api/v1/applications/", "application/json", LIST_HISTORY},
		{UI_HISTORY, "/api/v1/applications/app-1", "application/json", LIST_NONE},
		{UI_HISTORY, "/api/v1/applications/app-1/logs", "application/octet-stream",
			LIST_NONE},
		{UI_HISTORY, "/api/v1/nosuch", "application/json", LIST_NOTHING},
		{UI_HISTORY, "/history/app-1/jobs/", "text/html", LIST_NONE},
		{UI_DRIVER, "/jobs/", "text/html", LIST_NONE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(
			list_kind_of(rows[i].ui, str_of(rows[i].path), str_of(rows[i].type)),
			rows[i].kind);
}

static void limit_is_taken_out_of_the_query_in_every_spelling(void **state)
{
	static const struct {
		const char *query, *rest;
		uint64_t limit;
	} rows[] = {
		{"limit=5", "", 5},
		{"status=completed&limit=2147483647&minDate=2026", "status=completed&minDate=2026",
			2147483647},
		{"lim%69t=7", "", 7},
		{"limit=%2B3", "", 3},
		{"limit=-1", "", 0},
		{"limit=1&limit=2", "", 1},
		{"limit=x&limit=2", "limit=x", UINT64_MAX},
		{"limit=99999999999", "limit=x", UINT64_MAX},
		{"limit", "limit=x", UINT64_MAX},
		{"Limit=5&status=running", "Limit=5&status=running", UINT64_MAX},
		{"", "", UINT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sbuf rest;
		uint64_t limit = 0;
		sbuf_init(&rest, 256);
		list_take_limit(str_of(rows[i].query), &rest, &limit);
		assert_int_equal(limit, rows[i].limit);
		assert_int_equal(rest.len, strlen(rows[i].rest));
		assert_memory_equal(rest.len ? rest.at : "", rows[i].rest, rest.len);
		sbuf_clear(&rest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_lists_by_path_and_type),
		cmocka_unit_test(limit_is_taken_out_of_the_query_in_every_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
