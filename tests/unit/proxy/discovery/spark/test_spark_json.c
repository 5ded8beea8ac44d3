/* Masters, workers, drivers and history servers in their own words (T46). */
#include "proxy/discovery/spark/spark_json.h"
#include "tests/support/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

static struct spark_master parsed(const char *json)
{
	struct spark_master m;
	struct err err;

	if (spark_master_parse(str_of(json), &m, &err) == -1)
		fail_msg("%s", err.text);
	return m;
}

static void real_masters_are_read(void **state)
{
	static const char *const files[] = {"3.5/master-json.json", "4.3/master-json.json"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		char *json = fixture_read("spark", files[i]);
		struct spark_master m = parsed(json);
		assert_string_equal(m.status, "ALIVE");
		assert_string_equal(m.host, "127.0.0.1");
		assert_int_equal(m.workers_count, 2);
		assert_int_equal(strncmp(m.workers[0].id, "worker-2026", 11), 0);
		assert_int_equal(strncmp(m.workers[0].web_ui, "http://127.0.0.1:808", 20), 0);
		assert_string_equal(m.workers[0].state, "ALIVE");
		assert_int_equal(m.workers[0].cores, 6);
		assert_int_equal(m.cores, 12);
		assert_int_equal(m.memory_mb, 6144);
		assert_int_equal(m.apps_count, 3);
		assert_string_equal(m.apps[0].state, "RUNNING");
		assert_true(m.apps[0].running);
		assert_int_equal(m.apps[0].duration_ms, -1);
		assert_true(m.apps[0].started_ms > 1700000000000);
		assert_string_equal(m.apps[2].state, "FINISHED");
		assert_false(m.apps[2].running);
		assert_true(m.apps[2].duration_ms > 0);
		assert_int_equal(m.drivers_count, 1);
		assert_true(spark_id_is_good(str_of(m.drivers[0].worker)));
		assert_int_equal(m.skipped, 0);
		spark_master_clear(&m);
		free(json);
	}
}

/* The id of the application called "running app", as its master has it. */
static const char *running_app(const struct spark_master *m)
{
	for (size_t i = 0; i < m->apps_count; i++) {
		if (strcmp(m->apps[i].name, "running app") == 0)
			return m->apps[i].id;
	}
	fail();
	return NULL;
}

static void real_workers_and_drivers_say_who_they_are(void **state)
{
	char *worker = fixture_read("spark", "4.3/worker-json.json");
	char *driver = fixture_read("spark", "4.3/driver-api-applications.json");
	char *master = fixture_read("spark", "4.3/master-json.json");
	struct spark_master m = parsed(master);
	size_t are = 0;

	(void)state;
	for (size_t i = 0; i < m.workers_count; i++) {
		are += spark_worker_is(str_of(worker), str_of(m.workers[i].id));
		assert_false(spark_worker_is(str_of(master), str_of(m.workers[i].id)));
	}
	assert_int_equal(are, 1);
	assert_false(spark_worker_is(str_of(worker), STR("worker-1")));
	assert_true(spark_driver_is(str_of(driver), str_of(running_app(&m))));
	assert_false(spark_driver_is(str_of(driver), STR("app-1")));
	struct spark_app named;
	json_t *said = spark_driver_read(str_of(driver), &named);
	assert_non_null(said);
	assert_true(spark_driver_is(str_of(driver), str_of(named.id)));
	json_decref(said);
	assert_null(spark_driver_read(STR("[]"), &named));
	assert_null(spark_driver_read(STR("[{\"id\":\"a b\",\"name\":\"x\"}]"), &named));
	assert_null(spark_driver_read(STR("[{\"id\":\"a\"},{\"id\":\"b\"}]"), &named));
	assert_false(spark_driver_is_early(str_of(driver)));
	assert_true(spark_driver_is_early(STR(" [] ")));
	assert_true(spark_driver_is_early(
		STR("Spark is starting up. Please wait a while until it's ready.")));
	assert_false(spark_driver_is_early(STR("<p>Spark is starting up.</p>")));
	assert_false(spark_driver_is_early(STR("{}")));
	assert_false(spark_driver_is_early(STR("")));
	spark_master_clear(&m);
	free(worker);
	free(driver);
	free(master);
}

static void real_history_lists_are_read(void **state)
{
	static const char *const files[] = {
		"3.5/history-api-applications.json", "4.3/history-api-applications.json"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		char *json = fixture_read("spark", files[i]);
		struct spark_apps list;
		struct err err;
		assert_int_equal(spark_apps_parse(str_of(json), &list, &err), 0);
		assert_int_equal(list.count, 3);
		assert_string_equal(list.apps[0].name, "finished app");
		assert_string_equal(list.apps[0].user, "root");
		assert_string_equal(list.apps[0].state, "FINISHED");
		assert_false(list.apps[0].running);
		assert_true(list.apps[0].ended_ms > list.apps[0].started_ms);
		assert_true(list.apps[0].duration_ms > 0);
		assert_true(list.apps[2].running);
		assert_string_equal(list.apps[2].state, "INCOMPLETE");
		assert_int_equal(list.apps[2].ended_ms, 0);
		spark_apps_clear(&list);
		free(json);
	}
}

static void one_application_of_a_history_server_is_an_element_of_its_list(void **state)
{
	static const char *const others[] = {"[]", "{}", "[{\"id\":\"a\",\"attempts\":[{}]}]",
		"{\"id\":\"a\",\"attempts\":[]}", "{\"id\":\"a\"}", "{\"id\":7,\"attempts\":[{}]}"};
	struct spark_apps list;
	struct err err;

	(void)state;
	assert_int_equal(
		spark_one_app_parse(STR("{\"id\":\"etl daily\",\"name\":\"n\",\"attempts\":["
					"{\"attemptId\":\"2\",\"sparkUser\":\"ann\"},"
					"{\"attemptId\":\"1\",\"sparkUser\":\"ann\"}]}"),
			&list, &err),
		0);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.apps[0].id, "etl~20daily");
	assert_string_equal(list.apps[0].spark_id, "etl daily");
	assert_string_equal(list.apps[0].user, "ann");
	assert_string_equal(list.apps[0].attempt, "2");
	spark_apps_clear(&list);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		assert_int_equal(spark_one_app_parse(str_of(others[i]), &list, &err), 0);
		assert_int_equal(list.count, 0);
		spark_apps_clear(&list);
	}
	assert_int_equal(spark_one_app_parse(STR("no such app"), &list, &err), -1);
}

static void a_history_server_is_no_driver(void **state)
{
	char *json = fixture_read("spark", "4.3/history-api-applications.json");
	struct spark_apps list;

	(void)state;
	assert_int_equal(spark_apps_parse(str_of(json), &list, NULL), 0);
	for (size_t i = 0; i < list.count; i++) /* it lists the id, but others too */
		assert_false(spark_driver_is(str_of(json), str_of(list.apps[i].id)));
	spark_apps_clear(&list);
	free(json);
}

static void an_application_with_attempts_runs_while_its_newest_does(void **state)
{
	struct spark_apps list;

	(void)state;
	assert_int_equal(
		spark_apps_parse(
			STR("[{\"id\":\"application_1_0001\",\"name\":\"n\",\"attempts\":["
			    "{\"completed\":false,\"startTimeEpoch\":200,\"endTimeEpoch\":-1},"
			    "{\"completed\":true,\"startTimeEpoch\":100,\"endTimeEpoch\":150}]},"
			    "{\"id\":\"no-attempts\",\"attempts\":[]},{\"id\":\"none\"}]"),
			&list, NULL),
		0);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.skipped, 2);
	assert_true(list.apps[0].running);
	assert_int_equal(list.apps[0].started_ms, 100);
	spark_apps_clear(&list);
}

/* YARN's own names and numbers, in whatever order they are listed. */
static void the_newest_attempt_is_the_one_that_began_last(void **state)
{
#define AT(id, start) "{\"attemptId\":\"" id "\",\"startTimeEpoch\":" start ",\"completed\":true}"
	static const struct {
		const char *attempts, *newest;
	} rows[] = {
		{AT("2", "200") "," AT("1", "100"), "2"},
		{AT("9", "100") "," AT("10", "200"), "10"},
		{AT("9", "100") "," AT("10", "100"), "10"},
		{AT("appattempt_1_0001_000002", "100") "," AT("appattempt_1_0001_000010", "100"),
			"appattempt_1_0001_000010"},
		{AT("appattempt_1_0001_000001", "300") "," AT("appattempt_1_0001_000002", "100"),
			"appattempt_1_0001_000001"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char json[1024];
		struct spark_apps list;
		struct err err;

		snprintf(json, sizeof json, "[{\"id\":\"a\",\"attempts\":[%s]}]", rows[i].attempts);
		assert_int_equal(spark_apps_parse(str_of(json), &list, &err), 0);
		assert_string_equal(list.apps[0].attempt, rows[i].newest);
		assert_int_equal(list.apps[0].started_ms, 100);
		spark_apps_clear(&list);
	}
#undef AT
}

static void s73_user_is_what_all_attempts_agree_on(void **state)
{
#define BY(id, user)	  "{\"attemptId\":\"" id "\",\"sparkUser\":\"" user "\",\"completed\":true}"
#define APP(id, attempts) "{\"id\":\"" id "\",\"attempts\":[" attempts "]}"
	struct spark_apps list;
	struct err err;

	(void)state;
	assert_int_equal(
		spark_apps_parse(STR("[" APP("a", BY("2", "alice") "," BY("1", "alice")) "," APP(
					 "b", BY("2", "mallory") "," BY("1", "alice")) "," APP("c",
					 BY("../1", "alice") ",{\"completed\":true}") "]"),
			&list, &err),
		0);
	assert_int_equal(list.count, 3);
	assert_string_equal(list.apps[0].user, "alice");
	assert_string_equal(list.apps[0].attempt, "2");
	assert_string_equal(list.apps[1].user, "");
	assert_string_equal(list.apps[2].user, "");
	assert_string_equal(list.apps[2].attempt, "");
	spark_apps_clear(&list);
}

static void other_documents_are_no_masters(void **state)
{
	static const char *const documents[] = {
		"",
		"<!DOCTYPE html><html></html>",
		"null",
		"[]",
		"{}",
		"{\"status\":\"ALIVE\"}",
		"{\"status\":\"ALIVE\",\"workers\":[]}",
		"{\"status\":1,\"workers\":[],\"activeapps\":[]}",
		"{\"status\":\"ALIVE\",\"workers\":{},\"activeapps\":[]}",
		"{\"status\":\"ALIVE\",\"status\":\"STANDBY\",\"workers\":[],\"activeapps\":[]}",
		"{\"status\":\"ALIVE\",\"workers\":[],\"activeapps\":[]} x",
		"{\"status\":\"ALIVE\",\"workers\":[],\"activeapps\":[",
	};
	struct spark_master m;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(documents); i++)
		assert_int_equal(spark_master_parse(str_of(documents[i]), &m, &err), -1);
}

/* 4.0 has a page of totals that is a fifth as long; 3.5 answers its address with all. */
static void t69_totals_of_a_cluster_are_no_masters_state(void **state)
{
	char *totals = fixture_read("spark", "4.3/master-clusterutilization.json");
	char *whole = fixture_read("spark", "3.5/master-clusterutilization.json");
	struct spark_master m;
	struct err err;

	(void)state;
	assert_int_equal(spark_master_parse(str_of(totals), &m, &err), -1);
	m = parsed(whole);
	assert_int_equal(m.workers_count, 2);
	spark_master_clear(&m);
	free(totals);
	free(whole);
}

static void rows_that_do_not_fit_are_left_out(void **state)
{
	struct spark_master m = parsed(
		"{\"status\":\"SOMETHING\",\"url\":\"spark://Spark-1.Example:7077\",\"cores\":-3,"
		"\"memory\":99999999999,\"workers\":[{\"id\":\"../"
		"x\"},{\"id\":\"master\"},{\"id\":7},7,null,"
		"{\"id\":\"w/"
		"1\"},{\"id\":\"\"},{\"id\":\"worker-1\",\"cores\":\"4\",\"state\":\"<b>\"}],"
		"\"activeapps\":[{\"id\":\"app 1\"},{\"name\":\"x\"}],"
		"\"activedrivers\":[{\"id\":\"driver-1\",\"worker\":\"None\"},{\"id\":\"driver-2\","
		"\"worker\":\"a b\"}]}");

	(void)state;
	assert_string_equal(m.status, "UNKNOWN");
	assert_string_equal(m.host, "spark-1.example");
	assert_int_equal(m.cores, 0);
	assert_int_equal(m.memory_mb, 99999999999);
	assert_int_equal(m.workers_count, 1);
	assert_string_equal(m.workers[0].state, "UNKNOWN");
	assert_int_equal(m.workers[0].cores, 0);
	assert_string_equal(m.workers[0].web_ui, "");
	assert_int_equal(m.apps_count, 1); /* any name may be an application's id */
	assert_int_equal(m.skipped, 8);
	assert_string_equal(m.drivers[0].worker, "");
	assert_string_equal(m.drivers[1].worker, "");
	spark_master_clear(&m);
}

/* T59: the one that has run longest keeps the id for its name. */
static void t59_applications_of_one_id_are_told_apart(void **state)
{
#define ROW(id, user, start)                                                                       \
	"{\"id\":\"" id "\",\"name\":\"n\",\"user\":\"" user "\",\"starttime\":" start "}"
	struct spark_master m = parsed("{\"status\":\"ALIVE\",\"workers\":[],\"activeapps\":[" ROW(
		"etl/daily", "bob", "300") "," ROW("etl/daily", "alice", "200") "," ROW("one", "u",
		"100") "],\"completedapps\":[" ROW("etl/daily", "bob", "100") "," ROW("one", "u",
		"50") "]}");

	(void)state;
	assert_int_equal(m.apps_count, 5);
	assert_int_equal(m.skipped, 0);
	assert_string_equal(m.apps[0].id, "etl~2Fdaily~s300");
	assert_string_equal(m.apps[1].id, "etl~2Fdaily");
	assert_string_equal(m.apps[3].id, "etl~2Fdaily~s100");
	assert_string_equal(m.apps[0].spark_id, "etl/daily");
	assert_true(m.apps[0].has_twin && m.apps[1].has_twin && !m.apps[3].has_twin);
	assert_true(m.apps[1].has_later && !m.apps[0].has_later);
	assert_true(m.apps[0].has_stranger && m.apps[1].has_stranger);
	assert_string_equal(m.apps[2].id, "one");
	assert_string_equal(m.apps[4].id, "one~s50");
	assert_false(m.apps[2].has_twin || m.apps[2].has_stranger);
	spark_master_clear(&m);
#undef ROW
}

/* Of one name may be what the master has numbered before, or what was called so. */
static void s94_names_that_look_like_numbers_are_told_apart(void **state)
{
#define ROW(name, user, start)                                                                     \
	"{\"id\":\"app-20260101000000-0001\",\"name\":\"" name "\",\"user\":\"" user               \
	"\",\"starttime\":" start "}"
#define MASTER(rows) "{\"status\":\"ALIVE\",\"workers\":[],\"activeapps\":[" rows "]}"
	struct spark_master m = parsed(MASTER(
		ROW("etl", "alice", "100") "," ROW("App-20260101000000-00 01", "mallory", "200")));

	(void)state;
	assert_string_equal(m.apps[0].id, "app-20260101000000-0001");
	assert_string_equal(m.apps[1].id, "app-20260101000000-0001~s200");
	assert_true(m.apps[0].has_stranger && m.apps[0].has_later);
	spark_master_clear(&m);
#undef MASTER
#undef ROW
}

static void names_are_kept_beside_whatever_the_master_says(void **state)
{
	struct spark_master m = parsed("{\"status\":\"ALIVE\",\"workers\":[],"
				       "\"\\u0001sparkgate\":1,\"activeapps\":[{\"id\":\"a/b\","
				       "\"name\":\"n\",\"user\":\"u\",\"starttime\":1}]}");

	(void)state;
	assert_string_equal(m.apps[0].id, "a~2Fb");
	spark_master_clear(&m);
}

static void ids_mean_only_themselves_in_a_path(void **state)
{
	static const char *const good[] = {"worker-20260101-10.0.0.7-40001", "app-1",
		"application_1_2", "local-1", "worker-1-[fd00::7]-1", "spark-0f~"};
	static const char *const bad[] = {"", ".", "..", "master", "shs", "proxy", "history", "a/b",
		"a%2fb", "a b", "a?b", "a#b", "a\\b", "a\"b", "a<b", "\xc3\xa9", "a\nb", "a&b",
		"a;b"};
	char text[SPARK_ID_MAX + 2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(spark_id_is_good(str_of(good[i])));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(spark_id_is_good(str_of(bad[i])));
	memset(text, 'a', sizeof text);
	assert_true(spark_id_is_good((struct str){text, SPARK_ID_MAX}));
	assert_false(spark_id_is_good((struct str){text, SPARK_ID_MAX + 1}));
}

static void versions_are_read_strictly(void **state)
{
	char version[SPARK_VERSION_MAX];

	(void)state;
	assert_int_equal(spark_version_parse(STR("{ \"spark\" : \"4.3.0\" }"), version), 0);
	assert_string_equal(version, "4.3.0");
	assert_int_equal(spark_version_parse(STR("{\"spark\":\"<b>\"}"), version), -1);
	assert_string_equal(version, "");
	assert_int_equal(spark_version_parse(STR("<html>"), version), -1);
	assert_int_equal(spark_version_parse(STR("{\"spark\":4}"), version), -1);
}

/* Changes one byte of `json` for the time of a look. */
static uint64_t digest_with(char *json, size_t at, char byte)
{
	char was = json[at];
	uint64_t digest;

	json[at] = byte;
	digest = spark_master_digest(str_of(json));
	json[at] = was;
	return digest;
}

/* Is `at` in the number behind this key? */
static bool is_number_of(const char *json, size_t at, const char *key)
{
	while (at > 0 && json[at] >= '0' && json[at] <= '9')
		at--;
	return at > strlen(key) && strncmp(json + at + 1 - strlen(key), key, strlen(key)) == 0;
}

static void any_byte_but_those_of_heartbeats_and_durations_is_news(void **state)
{
	char *json = fixture_read("spark", "4.3/master-json.json");
	uint64_t digest = spark_master_digest(str_of(json));

	(void)state;
	assert_true(digest != 0);
	for (size_t at = 0; json[at]; at++) {
		bool is_restless = is_number_of(json, at, "\"lastheartbeat\" : ") ||
				   is_number_of(json, at, "\"duration\" : ");
		is_restless = is_restless && json[at] != ' ';
		assert_int_equal(
			digest_with(json, at, json[at] == '7' ? '8' : '7') == digest, is_restless);
	}
	free(json);
}

static void a_duration_may_grow_longer(void **state)
{
	struct str a = STR("{\"duration\" : 99, \"cores\":1}"),
		   b = STR("{\"duration\" : 100, \"cores\":1}"),
		   c = STR("{\"duration\" : 100, \"cores\":2}"),
		   d = STR("{\"name\" : \"duration\", \"cores\":1}"),
		   e = STR("{\"name\" : \"duration\", \"cores\":2}");

	(void)state;
	assert_true(spark_master_digest(a) == spark_master_digest(b));
	assert_true(spark_master_digest(b) != spark_master_digest(c));
	assert_true(spark_master_digest(d) != spark_master_digest(e));
	assert_true(spark_master_digest(STR("")) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_masters_are_read),
		cmocka_unit_test(real_workers_and_drivers_say_who_they_are),
		cmocka_unit_test(real_history_lists_are_read),
		cmocka_unit_test(one_application_of_a_history_server_is_an_element_of_its_list),
		cmocka_unit_test(a_history_server_is_no_driver),
		cmocka_unit_test(an_application_with_attempts_runs_while_its_newest_does),
		cmocka_unit_test(the_newest_attempt_is_the_one_that_began_last),
		cmocka_unit_test(s73_user_is_what_all_attempts_agree_on),
		cmocka_unit_test(other_documents_are_no_masters),
		cmocka_unit_test(t69_totals_of_a_cluster_are_no_masters_state),
		cmocka_unit_test(rows_that_do_not_fit_are_left_out),
		cmocka_unit_test(t59_applications_of_one_id_are_told_apart),
		cmocka_unit_test(s94_names_that_look_like_numbers_are_told_apart),
		cmocka_unit_test(names_are_kept_beside_whatever_the_master_says),
		cmocka_unit_test(ids_mean_only_themselves_in_a_path),
		cmocka_unit_test(versions_are_read_strictly),
		cmocka_unit_test(any_byte_but_those_of_heartbeats_and_durations_is_news),
		cmocka_unit_test(a_duration_may_grow_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
