/*
 * base/inbox.h - how one thread hands work to another: a queue with a wake-up descriptor.
 *
 * Any thread posts; the owner waits for inbox_fd() to become readable and drains. A task is
 * embedded in the poster's own struct, so posting never allocates and never fails. Tasks run in
 * order.
 */
#ifndef SPARKGATE_BASE_INBOX_H
#define SPARKGATE_BASE_INBOX_H

struct inbox;

struct task {
	void (*run)(struct task *task); /* runs on the owner's thread; owns the memory around it */
	struct task *next;
};

struct inbox *inbox_new(void);
/* Runs what is left, then frees. No thread may post any more. */
void inbox_free(struct inbox *inbox);
int inbox_fd(const struct inbox *inbox); /* readable when there is something to drain */
void inbox_post(struct inbox *inbox, struct task *task); /* any thread; takes the task */
void inbox_drain(struct inbox *inbox);			 /* the owner's thread */

#endif
