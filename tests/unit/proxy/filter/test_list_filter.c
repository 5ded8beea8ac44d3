/* Lists as Spark 3.5 and 4.3 wrote them (tests/fixtures/spark), and as somebody hostile would. */
#include "tests/support/filter_world.h"
#include "tests/support/rewrite_world.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct version {
	const char *dir, *own, *others, *finished, *driver;
};

static const struct version versions[] = {
	{"3.5", "app-20261121053358-0001", "app-20261121053411-0002", "app-20261121053358-0000",
		"driver-2026"},
	{"4.3", "app-20261121053257-0001", "app-20261121053312-0002", "app-20261121053256-0000",
		"driver-2026"},
};

static char *read_fixture(const struct version *version, const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "tests/fixtures/spark/%s/%s", version->dir, name);
	return world_read_file(path, NULL);
}

static char *filter_fixture(
	const struct version *version, const char *name, enum list_kind kind, const char *own)
{
	char *text = read_fixture(version, name);
	char *got = filter_world_pieces(kind, &(struct filter_reader){.id = own}, str_of(text));

	free(text);
	return got;
}

static void assert_of_others_nothing(const struct version *version, const char *got)
{
	assert_null(strstr(got, version->others));
	assert_null(strstr(got, version->finished));
	assert_null(strstr(got, "cluster driver app"));
	assert_null(strstr(got, "finished app"));
	assert_null(strstr(got, version->driver));
}

/* --- JSON --- */

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *value = json_loads(text, 0, &error);

	if (value == NULL)
		fail_msg("%s: %s", error.text, text);
	return value;
}

static void assert_count(json_t *object, const char *key, size_t count)
{
	json_t *array = json_object_get(object, key);

	assert_true(json_is_array(array));
	assert_int_equal(json_array_size(array), count);
}

static void s76_real_history_list_has_ones_own_applications_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		char *got = filter_fixture(&versions[i], "history-api-applications.json",
			LIST_HISTORY, versions[i].own);
		json_t *list = parse(got);
		assert_int_equal(json_array_size(list), 1);
		assert_of_others_nothing(&versions[i], got);
		assert_non_null(strstr(got, versions[i].own));
		json_decref(list);
		free(got);
	}
}

static void s76_real_master_json_has_ones_own_applications_and_no_drivers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		char *got = filter_fixture(
			&versions[i], "master-json.json", LIST_MASTER, versions[i].own);
		json_t *object = parse(got);
		assert_count(object, "workers", 2);
		assert_count(object, "activeapps", 1);
		assert_count(object, "completedapps", 0);
		assert_count(object, "activedrivers", 0);
		assert_count(object, "completeddrivers", 0);
		assert_string_equal(json_string_value(json_object_get(object, "status")), "ALIVE");
		assert_of_others_nothing(&versions[i], got);
		json_decref(object);
		free(got);
	}
}

static void s76_real_worker_json_has_ones_own_executors_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		char *got = filter_fixture(
			&versions[i], "worker-json.json", LIST_WORKER, versions[i].own);
		json_t *object = parse(got);
		assert_count(object, "executors", 1);
		assert_count(object, "finishedexecutors", 0);
		assert_non_null(json_object_get(object, "id"));
		assert_of_others_nothing(&versions[i], got);
		json_decref(object);
		free(got);
	}
}

static void who_sees_all_of_a_list_gets_all_of_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		char *text = read_fixture(&versions[i], "history-api-applications.json");
		json_t *want = parse(text);
		char *got = filter_world_pieces(
			LIST_HISTORY, &(struct filter_reader){.user = "root"}, str_of(text));
		json_t *list = parse(got);
		assert_true(json_equal(list, want));
		json_decref(list);
		json_decref(want);
		free(got);
		free(text);
	}
}

static void assert_history(const struct filter_reader *reader, const char *text, const char *want)
{
	char *got = filter_world_pieces(LIST_HISTORY, reader, str_of(text));

	assert_string_equal(got, want);
	free(got);
}

#define APP_OF(id, user)                                                                           \
	"{\"id\":\"" id "\",\"name\":\"n\",\"attempts\":[{\"sparkUser\":\"" user "\"}]}"

static void limit_counts_what_is_shown(void **state)
{
	static const char list[] = "[" APP_OF("a", "bob") "," APP_OF("b", "ann") "," APP_OF(
		"c", "ann") "," APP_OF("d", "ann") "]";

	(void)state;
	assert_history(&(struct filter_reader){.user = "ann", .limit = 2}, list,
		"[ " APP_OF("b", "ann") ", " APP_OF("c", "ann") " ]");
	assert_history(&(struct filter_reader){.user = "eve", .limit = 2}, list, "[  ]");
}

static void application_whose_attempts_had_two_users_is_nobodys(void **state)
{
	static const char list[] =
		"[{\"id\":\"a\",\"attempts\":[{\"sparkUser\":\"ann\"},{\"sparkUser\":\"bob\"}]},"
		"{\"id\":\"b\",\"attempts\":[{\"sparkUser\":\"ann\"},{\"sparkUser\":\"ann\"}]}]";

	(void)state;
	assert_history(&(struct filter_reader){.user = "ann"}, list,
		"[ {\"id\":\"b\",\"attempts\":[{\"sparkUser\":\"ann\"},{\"sparkUser\":\"ann\"}]} "
		"]");
	assert_history(&(struct filter_reader){.user = "bob"}, list, "[  ]");
}

static void user_is_read_where_spark_writes_it_and_nowhere_else(void **state)
{
	static const char list[] =
		"[{\"id\":\"a\",\"sparkUser\":\"ann\",\"user\":\"ann\",\"attempts\":[]},"
		"{\"id\":\"b\",\"x\":{\"attempts\":[{\"sparkUser\":\"ann\"}]}},"
		"{\"id\":\"c\",\"name\":\"\\\",\\\"attempts\\\":[{\\\"sparkUser\\\":\\\"ann\\\"}]"
		"\",\"attempts\":[{\"sparkUser\":\"bob\"}]}]";

	(void)state;
	assert_history(&(struct filter_reader){.user = "ann"}, list, "[  ]");
}

static void escapes_in_a_name_of_a_user_are_read(void **state)
{
	(void)state;
	assert_history(&(struct filter_reader){.user = "Jos\xc3\xa9 \xf0\x9f\x98\x80\""},
		"[" APP_OF("a", "Jos\\u00e9 \\ud83d\\ude00\\\"") "]",
		"[ " APP_OF("a", "Jos\\u00e9 \\ud83d\\ude00\\\"") " ]");
	assert_history(&(struct filter_reader){.user = "ann"}, "[" APP_OF("a", "ann\\u0000bob") "]",
		"[  ]");
}

static void s76_what_reads_two_ways_is_nobodys(void **state)
{
	static const char *const elements[] = {
		"{\"id\":\"a\",\"id\":\"b\"}",
		"{\"id\":\"b\",\"id\":\"a\"}",
		"{\"\\u0069d\":\"b\",\"id\":\"a\"}",
		"{\"id\":\"\\u0061\"}",
		"{\"id\":[\"a\"]}",
		"{\"id\":\"a\",}",
		"{\"id\":\"a\" \"name\":\"b\"}",
		"{\"id\":\"a\",\"x\":[1,2}}",
		"{\"id\":\"a\",\"x\":}",
		"{}",
		"[\"a\"]",
		"\"a\"",
		"17",
		"null",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(elements); i++) {
		char list[256];
		snprintf(list, sizeof list, "[%s, {\"id\":\"a\"}]", elements[i]);
		assert_history(&(struct filter_reader){.id = "a"}, list, "[ {\"id\":\"a\"} ]");
	}
}

static void s76_element_of_more_than_32_kib_is_dropped_and_the_next_is_read(void **state)
{
	struct sbuf list;

	(void)state;
	sbuf_init(&list, 128 * 1024);
	sbuf_puts(&list, "[{\"id\":\"a\",\"name\":\"");
	for (int i = 0; i < 33 * 1024; i++)
		sbuf_putc(&list, 'x');
	sbuf_puts(&list, "\"},{\"id\":\"a\"}]");
	assert_history(&(struct filter_reader){.id = "a"}, list.at, "[ {\"id\":\"a\"} ]");
	sbuf_clear(&list);
}

static void s76_what_is_no_list_is_not_passed_on(void **state)
{
	static const char *const texts[] = {"{\"id\":\"b\"}", "no application app-b", "", "null",
		"{\"error\":[{\"id\":\"a\"}]}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_history(&(struct filter_reader){.id = "a"}, texts[i], "");
}

static void s76_members_that_nobody_knows_are_left_out(void **state)
{
	static const char text[] =
		"{\"url\":\"u\",\"secretapps\":[{\"id\":\"b\"}],\"\\u0075rl\":\"b\","
		"\"activeapps\":{\"id\":\"b\"},\"cores\":1}";
	char *got =
		filter_world_pieces(LIST_MASTER, &(struct filter_reader){.id = "a"}, str_of(text));

	(void)state;
	assert_string_equal(got, "{\n  \"url\" : \"u\",\n  \"cores\" : 1\n}");
	free(got);
}

static void what_begins_a_list_is_there_with_its_first_byte(void **state)
{
	char *got =
		filter_world_read(LIST_HISTORY, &(struct filter_reader){.id = "a"}, STR("["), 0);

	(void)state;
	assert_string_equal(got, "[ ");
	free(got);
}

/* --- pages --- */

static void s76_real_master_page_has_ones_own_rows_and_no_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		char *got = filter_fixture(
			&versions[i], "master.ctx.html", LIST_MASTER_PAGE, versions[i].own);
		assert_of_others_nothing(&versions[i], got);
		assert_non_null(strstr(got, versions[i].own));
		assert_non_null(strstr(got, "running app"));
		assert_non_null(strstr(got, "<a>Workers (2)</a>"));
		assert_non_null(strstr(got, "<a>Running Applications</a>"));
		assert_non_null(strstr(got, "<a>Completed Applications</a>"));
		assert_non_null(strstr(got, "<a>Running Drivers</a>"));
		assert_non_null(strstr(got, "127.0.0.1:8081"));
		assert_non_null(strstr(got, "Cores in use:"));
		assert_null(strstr(got, "Applications:"));
		assert_null(strstr(got, "Drivers:"));
		assert_non_null(strstr(got, "setUIRoot("));
		assert_true(str_ends(str_of(got), STR("</html>")));
		free(got);
	}
}

/* T49: without spark.ui.reverseProxy a master answers /proxy/<id>/ with its first page. */
static void s76_master_page_at_the_path_of_an_application_is_cut_and_that_ones_page_is_not(
	void **state)
{
	static const char *const pages[] = {
		"driver-jobs.ctx.html", "driver-stages.ctx.html", "driver-executors.ctx.html"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		char *got = filter_fixture(
			&versions[i], "master.ctx.html", LIST_PROXIED_PAGE, versions[i].own);
		assert_of_others_nothing(&versions[i], got);
		assert_non_null(strstr(got, versions[i].own));
		free(got);
		for (size_t k = 0; k < ARRAY_LEN(pages); k++) {
			char *text = read_fixture(&versions[i], pages[k]);
			got = filter_fixture(
				&versions[i], pages[k], LIST_PROXIED_PAGE, versions[i].own);
			assert_string_equal(got, text);
			free(got);
			free(text);
		}
	}
}

static void s76_page_that_says_it_is_an_applications_behind_its_head_is_cut(void **state)
{
	static const char *const pages[] = {
		"<head><title>setAppBasePath('')</title></head><tr>b</tr>",
		"<body><script>setAppBasePath('')</script><tr>b</tr>",
		"<head><script>setAppBase</script><script>Path(</script></head><tr>b</tr>",
		"setAppBasePath(<tr>b</tr>"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		char *got = filter_world_pieces(
			LIST_PROXIED_PAGE, &(struct filter_reader){.id = "a"}, str_of(pages[i]));
		assert_null(strstr(got, "<tr>"));
		free(got);
	}
}

static void s76_real_worker_page_has_ones_own_executors_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		char *got = filter_fixture(
			&versions[i], "worker.ctx.html", LIST_WORKER_PAGE, versions[i].own);
		assert_of_others_nothing(&versions[i], got);
		assert_non_null(strstr(got, versions[i].own));
		assert_non_null(strstr(got, "<a>Running Executors</a>"));
		assert_non_null(strstr(got, "Master URL:"));
		assert_true(str_ends(str_of(got), STR("</html>")));
		free(got);
	}
}

static void page_of_somebody_without_applications_has_no_rows_but_the_workers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		char *got =
			filter_fixture(&versions[i], "master.ctx.html", LIST_MASTER_PAGE, "app-x");
		assert_of_others_nothing(&versions[i], got);
		assert_null(strstr(got, versions[i].own));
		assert_null(strstr(got, "running app"));
		free(got);
	}
}

#define ROW_OF(id, name)                                                                           \
	"<tr><td><a href=\"app?appId=" id "\">" id "</a></td><td><a href=\"" name                  \
	"\">n</a></td></tr>"

static void assert_page(const char *text, const char *want)
{
	char *got = filter_world_pieces(
		LIST_MASTER_PAGE, &(struct filter_reader){.id = "a"}, str_of(text));

	assert_string_equal(got, want);
	free(got);
}

/* Spark 2.4 has no slash there. */
static void row_is_its_applications_by_the_link_of_any_version(void **state)
{
	(void)state;
	assert_page("<table>" ROW_OF("a", "http://h:4040") ROW_OF("b", "http://h:4041") "</table>",
		"<table>" ROW_OF("a", "http://h:4040") "</table>");
}

static void s76_driver_that_writes_another_id_into_its_own_link_hides_its_row(void **state)
{
	(void)state;
	assert_page("<table>" ROW_OF("b", "http://h:4040/?appId=a") ROW_OF(
			    "a", "http://h:4040/?appId=b") ROW_OF("a", "/?driverId=1") "</table>",
		"<table></table>");
}

static void s76_row_that_is_not_a_whole_one_is_dropped(void **state)
{
	(void)state;
	assert_page("<table><tr>b" ROW_OF("a", "x") "<tr>" ROW_OF("a", "y") "<tr><td>b</table>c",
		"<table>" ROW_OF("a", "x") ROW_OF("a", "y") "</table>c");
	assert_page("<table><tr><td>b<a href=\"app?appId=a", "<table>");
	assert_page("<!-- b --><table><tr><td title=\"</tr>\">b</td></tr></table>c<!--<tr>b-->d",
		"<table></table>cd");
}

static void s76_table_is_open_only_as_long_as_its_columns_say_so(void **state)
{
	static const char workers[] = "<table><thead><th>Worker "
				      "Id</th></thead><tbody><tr><td>w</td></tr></tbody></table>";
	struct sbuf page;

	(void)state;
	sbuf_init(&page, 1024);
	sbuf_printf(&page, "%s<table><tr><td>b</td></tr></table>", workers);
	struct sbuf want;
	sbuf_init(&want, 1024);
	sbuf_printf(&want, "%s<table></table>", workers);
	assert_page(page.at, want.at);
	sbuf_clear(&page);
	sbuf_clear(&want);
}

static void text_of_a_script_is_no_markup(void **state)
{
	static const char text[] =
		"<script>if (a<b) '<tr>' + \"</tr\" + '<!--'</script><SCRIPT src='x'></SCRIPT>z";

	(void)state;
	assert_page(text, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s76_real_history_list_has_ones_own_applications_alone),
		cmocka_unit_test(s76_real_master_json_has_ones_own_applications_and_no_drivers),
		cmocka_unit_test(s76_real_worker_json_has_ones_own_executors_alone),
		cmocka_unit_test(who_sees_all_of_a_list_gets_all_of_it),
		cmocka_unit_test(limit_counts_what_is_shown),
		cmocka_unit_test(application_whose_attempts_had_two_users_is_nobodys),
		cmocka_unit_test(user_is_read_where_spark_writes_it_and_nowhere_else),
		cmocka_unit_test(escapes_in_a_name_of_a_user_are_read),
		cmocka_unit_test(s76_what_reads_two_ways_is_nobodys),
		cmocka_unit_test(s76_element_of_more_than_32_kib_is_dropped_and_the_next_is_read),
		cmocka_unit_test(s76_what_is_no_list_is_not_passed_on),
		cmocka_unit_test(s76_members_that_nobody_knows_are_left_out),
		cmocka_unit_test(what_begins_a_list_is_there_with_its_first_byte),
		cmocka_unit_test(s76_real_master_page_has_ones_own_rows_and_no_counts),
		cmocka_unit_test(
			s76_master_page_at_the_path_of_an_application_is_cut_and_that_ones_page_is_not),
		cmocka_unit_test(s76_page_that_says_it_is_an_applications_behind_its_head_is_cut),
		cmocka_unit_test(s76_real_worker_page_has_ones_own_executors_alone),
		cmocka_unit_test(page_of_somebody_without_applications_has_no_rows_but_the_workers),
		cmocka_unit_test(row_is_its_applications_by_the_link_of_any_version),
		cmocka_unit_test(s76_driver_that_writes_another_id_into_its_own_link_hides_its_row),
		cmocka_unit_test(s76_row_that_is_not_a_whole_one_is_dropped),
		cmocka_unit_test(s76_table_is_open_only_as_long_as_its_columns_say_so),
		cmocka_unit_test(text_of_a_script_is_no_markup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
