#define _GNU_SOURCE
/* Lines have a priority in front where the journal reads them, and nowhere else. */
#include "base/log/journal.h"
#include "base/log/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int real_stderr, reading_end;
static char stream[64]; /* of standard error, as systemd spells it */

/* Standard error becomes a pipe until read_lines() gives it back. */
static int capture(void **state)
{
	struct stat is;
	int ends[2];

	(void)state;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	reading_end = ends[0];
	real_stderr = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	fstat(STDERR_FILENO, &is);
	snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)is.st_dev,
		(unsigned long long)is.st_ino);
	return 0;
}

static const char *read_lines(void)
{
	static char text[4000];
	ssize_t n = read(reading_end, text, sizeof text - 1);

	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	close(reading_end);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void look_with(const char *journal_stream)
{
	setenv("JOURNAL_STREAM", journal_stream, 1);
	journal_look();
	log_set_level(LOG_DEBUG);
}

static void each_level_has_its_priority_and_audit_lines_are_notices(void **state)
{
	const char *at;
	const char *const begin[] = {
		"<7>{\"ts\"", "<6>{\"ts\"", "<4>{\"ts\"", "<3>{\"ts\"", "<5>{\"ts\""};

	(void)state;
	look_with(stream);
	log_debug("x", "one");
	log_info("x", "two");
	log_warn("x", "three");
	log_err("x", "four");
	log_audit("five", NULL, 0);
	at = read_lines();
	for (size_t i = 0; i < ARRAY_LEN(begin); i++) {
		assert_int_equal(strncmp(at, begin[i], strlen(begin[i])), 0);
		at = strchr(at, '\n') + 1;
	}
	assert_int_equal(*at, '\0');
}

static void another_standard_error_than_the_journals_gets_plain_lines(void **state)
{
	const char *const others[] = {"1:1", "", ":", "x:y", "8"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		look_with(others[i]);
		assert_string_equal(journal_prefix(JOURNAL_ERR), "");
	}
	log_err("x", "plain");
	assert_int_equal(read_lines()[0], '{');
}

static void without_a_journal_lines_are_plain(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	journal_look();
	log_err("x", "plain");
	assert_int_equal(read_lines()[0], '{');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			each_level_has_its_priority_and_audit_lines_are_notices, capture),
		cmocka_unit_test_setup(
			another_standard_error_than_the_journals_gets_plain_lines, capture),
		cmocka_unit_test_setup(without_a_journal_lines_are_plain, capture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
