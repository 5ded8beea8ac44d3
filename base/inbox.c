#include "base/inbox.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct inbox {
	pthread_mutex_t lock;
	struct task *first;
	struct task **last;
	int fd;
};

struct inbox *inbox_new(void)
{
	struct inbox *inbox = mem_alloc(1, sizeof *inbox);

	pthread_mutex_init(&inbox->lock, NULL);
	inbox->last = &inbox->first;
	inbox->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (inbox->fd == -1)
		abort();
	return inbox;
}

void inbox_free(struct inbox *inbox)
{
	if (inbox == NULL)
		return;
	while (inbox->first) /* what runs may post once more */
		inbox_drain(inbox);
	close(inbox->fd);
	pthread_mutex_destroy(&inbox->lock);
	free(inbox);
}

int inbox_fd(const struct inbox *inbox)
{
	return inbox->fd;
}

void inbox_post(struct inbox *inbox, struct task *task)
{
	uint64_t one = 1;

	task->next = NULL;
	pthread_mutex_lock(&inbox->lock);
	int was_empty = inbox->first == NULL;
	*inbox->last = task;
	inbox->last = &task->next;
	pthread_mutex_unlock(&inbox->lock);
	/* The counter cannot overflow: one write per empty queue. */
	if (was_empty && write(inbox->fd, &one, sizeof one) == -1)
		abort();
}

void inbox_drain(struct inbox *inbox)
{
	uint64_t count;

	/* Empty the counter before the list: a post in between wakes us once more, never too
	 * seldom. */
	if (read(inbox->fd, &count, sizeof count) == -1)
		count = 0;
	pthread_mutex_lock(&inbox->lock);
	struct task *task = inbox->first;
	inbox->first = NULL;
	inbox->last = &inbox->first;
	pthread_mutex_unlock(&inbox->lock);
	while (task) {
		struct task *next = task->next;
		task->run(task);
		task = next;
	}
}
