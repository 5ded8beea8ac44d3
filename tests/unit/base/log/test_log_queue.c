#define _GNU_SOURCE
/* S53: nobody who logs waits for whoever reads standard error. */
#include "base/clock.h"
#include "base/log/log.h"
#include "base/log/log_queue.h"
#include "base/sbuf.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { LINES = 5000, THREADS = 4, FLUSH_MS = 10000, SOON_MS = 3000 };

static int real_stderr = -1, reader;

/* Standard error becomes `ends[1]` until give_back(). */
static void put_in_place(const int ends[2])
{
	real_stderr = dup(STDERR_FILENO);
	reader = ends[0];
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
}

static int use_pipe(void **state)
{
	int ends[2];

	(void)state;
	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	fcntl(ends[1], F_SETPIPE_SZ, 4096);
	put_in_place(ends);
	return 0;
}

static int use_socket(void **state)
{
	int ends[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1)
		return -1;
	put_in_place(ends);
	return 0;
}

static char *read_all(void)
{
	struct sbuf all;
	char bytes[4096];
	ssize_t n;

	sbuf_init(&all, 8 << 20);
	while ((n = read(reader, bytes, sizeof bytes)) > 0)
		sbuf_add(&all, bytes, (size_t)n);
	close(reader);
	return sbuf_take(&all);
}

static void *read_in_thread(void *arg)
{
	(void)arg;
	return read_all();
}

/* What was written in all; everything that is queued comes out first. */
static char *give_back(void)
{
	pthread_t thread;
	void *text;

	pthread_create(&thread, NULL, read_in_thread, NULL);
	assert_true(log_queue_flush(FLUSH_MS));
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	pthread_join(thread, &text);
	return text;
}

/* Each line is whole: begins as one, ends as one. Gives how many there are. */
static size_t count_whole_lines(const char *text)
{
	size_t n = 0;

	for (const char *end; *text; text = end + 1, n++) {
		end = strchr(text, '\n');
		assert_non_null(end);
		if (strncmp(text, "{\"ts\":\"", 7) != 0 || end[-1] != '}')
			fail_msg("torn: %.*s", (int)(end - text), text);
	}
	return n;
}

static void log_many(size_t lines)
{
	for (size_t i = 0; i < lines; i++)
		log_info("x", "a line of some length, so that they are soon too many: %zu", i);
}

static void s53_lines_do_not_wait_for_a_reader_that_reads_nothing(void **state)
{
	uint64_t before = log_queue_dropped();
	int64_t since = clock_mono_us();

	(void)state;
	log_many(LINES);
	assert_true(clock_mono_us() - since < SOON_MS * 1000);
	uint64_t dropped = log_queue_dropped() - before;
	assert_true(dropped > 0);
	char *text = give_back();
	size_t written = count_whole_lines(text);
	assert_true(written >= LINES - dropped); /* and perhaps one that tells of the loss */
	free(text);
}

static void s53_a_line_says_how_many_were_lost_once_there_is_a_reader(void **state)
{
	uint64_t before = log_queue_dropped();
	char expected[64];

	(void)state;
	log_many(LINES);
	snprintf(expected, sizeof expected, "%llu lines were lost",
		(unsigned long long)(log_queue_dropped() - before));
	char *text = give_back();
	if (strstr(text, expected) == NULL)
		fail_msg("no \"%s\"", expected);
	free(text);
}

static void s53_warnings_and_audit_find_room_when_other_lines_find_none(void **state)
{
	(void)state;
	log_many(LINES);
	uint64_t before = log_queue_dropped();
	log_audit("who did it", NULL, 0);
	log_warn("x", "look at this");
	assert_true(log_queue_dropped() == before);
	char *text = give_back();
	assert_non_null(strstr(text, "who did it"));
	assert_non_null(strstr(text, "look at this"));
	free(text);
}

static void *log_some(void *arg)
{
	char padding[6000];

	(void)arg;
	memset(padding, 'p', sizeof padding);
	for (int i = 0; i < 200; i++) {
		const struct log_field field = {
			"pad", {padding, (size_t)(i * 31 % (int)sizeof padding)}, false};
		log_fields(LOG_INFO, "x", "from a thread", &field, 1);
	}
	return NULL;
}

static void log_from_threads(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, log_some, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* Lines longer than PIPE_BUF among them. */
static void s53_lines_of_many_threads_are_whole(void **state)
{
	uint64_t before = log_queue_dropped();

	(void)state;
	log_from_threads();
	char *text = give_back();
	assert_true(count_whole_lines(text) >= THREADS * 200 - (log_queue_dropped() - before));
	free(text);
}

static void s53_standard_error_of_others_stays_as_they_made_it(void **state)
{
	(void)state;
	log_info("x", "one");
	assert_int_equal(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
	free(give_back());
}

static void s53_one_that_somebody_made_non_blocking_gets_whole_lines(void **state)
{
	uint64_t before = log_queue_dropped();

	(void)state;
	fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
	log_from_threads();
	char *text = give_back();
	assert_true(count_whole_lines(text) >= THREADS * 200 - (log_queue_dropped() - before));
	free(text);
}

static void s53_a_reader_that_is_gone_costs_lines_and_nothing_else(void **state)
{
	uint64_t before = log_queue_dropped();

	(void)state;
	close(reader);
	reader = open("/dev/null", O_RDONLY | O_CLOEXEC);
	log_many(100);
	assert_true(log_queue_flush(FLUSH_MS));
	assert_true(log_queue_dropped() - before == 100);
	free(give_back());
}

static void s53_lines_are_there_soon_without_a_flush(void **state)
{
	char bytes[256] = "";

	(void)state;
	log_info("x", "by itself");
	assert_true(read(reader, bytes, sizeof bytes - 1) > 0);
	assert_non_null(strstr(bytes, "by itself"));
	free(give_back());
}

static void s53_before_the_thread_starts_a_line_is_written_at_once(void **state)
{
	char bytes[256] = "";

	(void)state;
	log_info("x", "from the command line");
	fcntl(reader, F_SETFL, O_NONBLOCK);
	assert_true(read(reader, bytes, sizeof bytes - 1) > 0);
	assert_non_null(strstr(bytes, "from the command line"));
	fcntl(reader, F_SETFL, 0);
	log_queue_start();
	free(give_back());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* first: it starts the thread */
		cmocka_unit_test_setup(
			s53_before_the_thread_starts_a_line_is_written_at_once, use_pipe),
		cmocka_unit_test_setup(
			s53_lines_do_not_wait_for_a_reader_that_reads_nothing, use_pipe),
		cmocka_unit_test_setup(
			s53_lines_do_not_wait_for_a_reader_that_reads_nothing, use_socket),
		cmocka_unit_test_setup(
			s53_a_line_says_how_many_were_lost_once_there_is_a_reader, use_pipe),
		cmocka_unit_test_setup(
			s53_warnings_and_audit_find_room_when_other_lines_find_none, use_pipe),
		cmocka_unit_test_setup(s53_lines_of_many_threads_are_whole, use_pipe),
		cmocka_unit_test_setup(s53_lines_of_many_threads_are_whole, use_socket),
		cmocka_unit_test_setup(
			s53_standard_error_of_others_stays_as_they_made_it, use_pipe),
		cmocka_unit_test_setup(
			s53_one_that_somebody_made_non_blocking_gets_whole_lines, use_pipe),
		cmocka_unit_test_setup(
			s53_a_reader_that_is_gone_costs_lines_and_nothing_else, use_pipe),
		cmocka_unit_test_setup(s53_lines_are_there_soon_without_a_flush, use_pipe),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
