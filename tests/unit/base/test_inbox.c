/* Work handed from thread to thread. */
#include "base/inbox.h"

#include "base/mem.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

enum { POSTERS = 4, TASKS_EACH = 5000 };

struct note {
	struct task task;
	struct inbox *inbox;
	int number;
};

static int seen[8];
static int visible_clusters_count;

static void remember(struct task *task)
{
	seen[visible_clusters_count++] = ((struct note *)task)->number;
}

static bool is_readable(const struct inbox *inbox, int timeout_ms)
{
	struct pollfd p = {.fd = inbox_fd(inbox), .events = POLLIN};

	return poll(&p, 1, timeout_ms) == 1;
}

static int forget(void **state)
{
	(void)state;
	visible_clusters_count = 0;
	return 0;
}

static void tasks_run_in_the_order_they_were_posted(void **state)
{
	struct inbox *inbox = inbox_new();
	struct note notes[3] = {{{remember, NULL}, NULL, 1}, {{remember, NULL}, NULL, 2},
		{{remember, NULL}, NULL, 3}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(notes); i++)
		inbox_post(inbox, &notes[i].task);
	assert_int_equal(visible_clusters_count, 0);
	inbox_drain(inbox);
	assert_int_equal(visible_clusters_count, 3);
	assert_int_equal(seen[0], 1);
	assert_int_equal(seen[2], 3);
	inbox_free(inbox);
}

static void descriptor_is_readable_while_there_is_work(void **state)
{
	struct inbox *inbox = inbox_new();
	struct note note = {.task.run = remember, .number = 1};

	(void)state;
	assert_false(is_readable(inbox, 0));
	inbox_post(inbox, &note.task);
	assert_true(is_readable(inbox, 0));
	inbox_drain(inbox);
	assert_false(is_readable(inbox, 0));
	inbox_drain(inbox); /* of nothing */
	assert_int_equal(visible_clusters_count, 1);
	inbox_free(inbox);
}

static void post_again(struct task *task)
{
	struct note *note = (struct note *)task;

	note->task.run = remember;
	inbox_post(note->inbox, task);
}

static void task_posted_by_a_task_wakes_the_owner_once_more(void **state)
{
	struct inbox *inbox = inbox_new();
	struct note note = {.task.run = post_again, .inbox = inbox, .number = 7};

	(void)state;
	inbox_post(inbox, &note.task);
	inbox_drain(inbox);
	assert_int_equal(visible_clusters_count, 0);
	assert_true(is_readable(inbox, 0));
	inbox_drain(inbox);
	assert_int_equal(seen[0], 7);
	inbox_free(inbox);
}

static void freeing_runs_what_is_left(void **state)
{
	struct inbox *inbox = inbox_new();
	struct note first = {.task.run = remember, .number = 1};
	struct note second = {.task.run = post_again, .inbox = inbox, .number = 2};

	(void)state;
	inbox_post(inbox, &first.task);
	inbox_post(inbox, &second.task);
	inbox_free(inbox);
	assert_int_equal(visible_clusters_count, 2);
	inbox_free(NULL);
}

static int counted;

static void count(struct task *task)
{
	counted++;
	free(task);
}

static void *post_many(void *arg)
{
	for (int i = 0; i < TASKS_EACH; i++) {
		struct task *task = mem_alloc(1, sizeof *task);
		task->run = count;
		inbox_post(arg, task);
	}
	return NULL;
}

static void no_task_of_many_threads_is_lost(void **state)
{
	struct inbox *inbox = inbox_new();
	pthread_t threads[POSTERS];

	(void)state;
	for (int i = 0; i < POSTERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, post_many, inbox), 0);
	while (counted < POSTERS * TASKS_EACH) {
		assert_true(is_readable(inbox, 10000));
		inbox_drain(inbox);
	}
	for (int i = 0; i < POSTERS; i++)
		pthread_join(threads[i], NULL);
	inbox_free(inbox);
	assert_int_equal(counted, POSTERS * TASKS_EACH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(tasks_run_in_the_order_they_were_posted, forget),
		cmocka_unit_test_setup(descriptor_is_readable_while_there_is_work, forget),
		cmocka_unit_test_setup(task_posted_by_a_task_wakes_the_owner_once_more, forget),
		cmocka_unit_test_setup(freeing_runs_what_is_left, forget),
		cmocka_unit_test(no_task_of_many_threads_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
