/* What is kept of pods that ended: put, found again by another process, and gone in time. */
#include "proxy/discovery/shelf/log_shelf.h"

#include "base/mem.h"
#include "tests/support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOUR_MS = 3600 * 1000, ROOM = 4 * 1024 * 1024 };

static struct log_shelf *open_shelf(const char *folder, int64_t keep_ms, uint64_t max)
{
	struct err err = {""};
	struct log_shelf *shelf = log_shelf_open(folder, keep_ms, max, &err);

	if (shelf == NULL)
		fail_msg("%s", err.text);
	return shelf;
}

static void put(struct log_shelf *shelf, const char *app, const char *uid, struct str text)
{
	struct err err = {""};
	struct shelf_record record = {.app_id = mem_strdup(app),
		.uid = mem_strdup(uid),
		.pod = mem_strdup("{\"a\":1}"),
		.problem = mem_strdup("cut"),
		.text = mem_strndup(text.at, text.len),
		.text_len = text.len};

	if (log_shelf_put(shelf, &record, &err) == -1)
		fail_msg("%s", err.text);
	shelf_record_clear(&record);
}

/* Of a pod in this namespace; `driver` NULL: it is one, else whose executor it is. */
static void put_pod(struct log_shelf *shelf, const char *namespace, const char *app,
	const char *driver, const char *uid, int exit_code, size_t bytes)
{
	struct err err = {""};
	struct shelf_record record = {.app_id = mem_strdup(app),
		.uid = mem_strdup(uid),
		.driver = driver ? mem_strdup(driver) : NULL,
		.problem = mem_strdup(""),
		.text = mem_alloc(bytes + 1, 1),
		.text_len = bytes};

	record.pod = mem_printf(
		"{\"metadata\":{\"namespace\":\"%s\",\"name\":\"%s\",\"uid\":\"%s\"},"
		"\"spec\":{\"containers\":[{\"name\":\"e\"}]},\"status\":{\"containerStatuses\":["
		"{\"name\":\"e\",\"state\":{\"terminated\":{\"exitCode\":%d}}}]}}",
		namespace, uid, uid, exit_code);
	memset(record.text, 'x', bytes);
	if (log_shelf_put(shelf, &record, &err) == -1)
		fail_msg("%s", err.text);
	shelf_record_clear(&record);
	usleep(2 * 1000);
}

static void put_executor(struct log_shelf *shelf, const char *namespace, const char *app,
	const char *uid, int exit_code, size_t bytes)
{
	put_pod(shelf, namespace, app, "d", uid, exit_code, bytes);
}

static size_t files_in(const char *folder)
{
	DIR *dir = opendir(folder);
	size_t count = 0;

	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		count += e->d_name[0] != '.';
	closedir(dir);
	return count;
}

static void s112_what_is_kept_is_found_after_a_restart_and_is_nobody_elses_to_read(void **state)
{
	char *scratch = scratch_new(), *folder = mem_printf("%s/of/k", scratch);
	struct log_shelf *shelf = open_shelf(folder, HOUR_MS, ROOM);
	struct shelf_record r;
	struct stat st;

	(void)state;
	put(shelf, "spark/../1", "u-1", STR("one\ntwo\n"));
	log_shelf_free(shelf);
	shelf = open_shelf(folder, HOUR_MS, ROOM);
	assert_int_equal(log_shelf_count(shelf), 1);
	assert_true(log_shelf_has(shelf, "spark/../1", "u-1"));
	assert_false(log_shelf_has(shelf, "spark/../1", "u-2"));
	assert_true(log_shelf_read(shelf, "spark/../1", 4, &r));
	assert_string_equal(r.text, "two\n");
	assert_string_equal(r.pod, "{\"a\":1}");
	assert_string_equal(r.problem, "cut");
	shelf_record_clear(&r);
	assert_false(log_shelf_read(shelf, "other", 4, &r));
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(files_in(folder), 1);
	log_shelf_free(shelf);
	free(folder);
	scratch_free(scratch);
}

static void what_is_too_old_goes(void **state)
{
	char *folder = scratch_new();
	struct log_shelf *shelf = open_shelf(folder, 30, ROOM);

	(void)state;
	put(shelf, "a", "u", STR("x"));
	usleep(20 * 1000);
	log_shelf_touch(shelf, "a");
	usleep(20 * 1000);
	log_shelf_sweep(shelf);
	assert_int_equal(log_shelf_count(shelf), 1); /* it was touched */
	usleep(40 * 1000);
	log_shelf_sweep(shelf);
	assert_int_equal(log_shelf_count(shelf), 0);
	assert_int_equal(files_in(folder), 0);
	log_shelf_free(shelf);
	scratch_free(folder);
}

static void the_oldest_go_where_there_is_no_room(void **state)
{
	char *folder = scratch_new(), *text = mem_alloc(LOG_SHELF_TEXT + 9, 1);
	struct log_shelf *shelf = open_shelf(folder, HOUR_MS, ROOM);
	struct shelf_record r;

	(void)state;
	memset(text, 'x', LOG_SHELF_TEXT + 8);
	for (int i = 0; i < 6; i++) {
		char app[] = {(char)('a' + i), '\0'};
		put(shelf, app, "u", (struct str){text, LOG_SHELF_TEXT + 8});
		usleep(2 * 1000);
	}
	assert_int_equal(log_shelf_count(shelf), 3); /* with what stands before each log */
	assert_false(log_shelf_has(shelf, "a", "u"));
	assert_true(log_shelf_has(shelf, "f", "u"));
	assert_true(log_shelf_read(shelf, "f", LOG_SHELF_TEXT, &r));
	assert_int_equal(r.text_len, LOG_SHELF_TEXT);
	shelf_record_clear(&r);
	assert_int_equal(files_in(folder), 3);
	log_shelf_free(shelf);
	free(text);
	scratch_free(folder);
}

static void s162_of_an_applications_executors_the_failed_ones_stay_longest(void **state)
{
	char *folder = scratch_new(), uid[16];
	struct log_shelf *shelf = open_shelf(folder, HOUR_MS, ROOM);
	const char *uids[SHELF_EXECUTORS_EACH];

	(void)state;
	put_executor(shelf, "a", "spark-1", "failed", 137, 9);
	for (int i = 0; i < 2 * SHELF_EXECUTORS_EACH; i++) {
		snprintf(uid, sizeof uid, "e-%d", i);
		put_executor(shelf, "a", "spark-1", uid, 0, 9);
	}
	put_executor(shelf, "a", "spark-2", "of-another", 0, 9);
	put_executor(shelf, "b", "spark-1", "of-another-namespace", 0, 9);
	log_shelf_free(shelf);
	shelf = open_shelf(folder, HOUR_MS, ROOM);
	assert_int_equal(
		log_shelf_executors(shelf, "a", "spark-1", "d", uids), SHELF_EXECUTORS_EACH);
	assert_true(log_shelf_has_executor(shelf, "failed"));
	assert_true(log_shelf_has_executor(shelf, uid));
	assert_false(log_shelf_has_executor(shelf, "e-0"));
	assert_int_equal(log_shelf_executors(shelf, "a", "spark-2", "d", uids), 1);
	assert_string_equal(uids[0], "of-another");
	assert_int_equal(log_shelf_executors(shelf, "a", "spark-1", "another", uids), 0);
	for (int i = 0; i < SHELF_EXECUTORS_EACH; i++) {
		snprintf(uid, sizeof uid, "f-%d", i);
		put_executor(shelf, "a", "spark-1", uid, 1, 9);
	}
	assert_false(log_shelf_has_executor(shelf, "failed")); /* the oldest of equal ones */
	log_shelf_free(shelf);
	scratch_free(folder);
}

static void s162_executors_logs_go_before_any_drivers(void **state)
{
	char *folder = scratch_new();
	struct log_shelf *shelf = open_shelf(folder, HOUR_MS, ROOM);

	(void)state;
	put_pod(shelf, "a", "spark-1", NULL, "d", 1, LOG_SHELF_TEXT);
	put_executor(shelf, "a", "spark-1", "failed", 1, LOG_SHELF_TEXT);
	put_executor(shelf, "a", "spark-1", "well", 0, LOG_SHELF_TEXT);
	put_pod(shelf, "a", "spark-2", NULL, "d2", 1, LOG_SHELF_TEXT);
	assert_false(log_shelf_has_executor(shelf, "well"));
	assert_true(log_shelf_has_executor(shelf, "failed"));
	put_pod(shelf, "a", "spark-3", NULL, "d3", 1, LOG_SHELF_TEXT);
	assert_false(log_shelf_has_executor(shelf, "failed"));
	assert_true(log_shelf_has(shelf, "spark-1", "d"));
	assert_int_equal(log_shelf_count(shelf), 3);
	log_shelf_free(shelf);
	scratch_free(folder);
}

static void what_is_in_the_folder_and_not_ours_is_left_alone(void **state)
{
	char *folder = scratch_new(), *file;
	struct log_shelf *shelf = open_shelf(folder, HOUR_MS, ROOM);

	(void)state;
	file = scratch_write(folder, "0123456789abcdef0123456789abcdef.log",
		"{\"app\":\"spark-1\",\"uid\":\"u\",\"pod\":{}}\nsecret\n");
	log_shelf_free(shelf);
	shelf = open_shelf(folder, HOUR_MS, ROOM);
	assert_int_equal(log_shelf_count(shelf), 0);
	assert_int_equal(files_in(folder), 1);
	log_shelf_free(shelf);
	free(file);
	scratch_free(folder);
}

static void folder_that_cannot_be_made_is_said(void **state)
{
	struct err err = {""};

	(void)state;
	assert_null(log_shelf_open("/proc/no/such", HOUR_MS, ROOM, &err));
	assert_non_null(strstr(err.text, "/proc/no"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			s112_what_is_kept_is_found_after_a_restart_and_is_nobody_elses_to_read),
		cmocka_unit_test(what_is_too_old_goes),
		cmocka_unit_test(the_oldest_go_where_there_is_no_room),
		cmocka_unit_test(s162_of_an_applications_executors_the_failed_ones_stay_longest),
		cmocka_unit_test(s162_executors_logs_go_before_any_drivers),
		cmocka_unit_test(what_is_in_the_folder_and_not_ours_is_left_alone),
		cmocka_unit_test(folder_that_cannot_be_made_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
