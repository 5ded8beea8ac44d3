#define _GNU_SOURCE
#include "base/log/log_queue.h"

#include "base/clock.h"
#include "base/log/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	QUEUE = 256 * 1024,	/* bytes; */
	COMMON = QUEUE / 4 * 3, /* so many of them for lines that do not matter more than others */
	ATOMIC = 4096,		/* PIPE_BUF: what other writers of a pipe cannot tear */
	PATIENCE_MS = 1000,	/* for the rest of a line, where standard error does not block */
	GATHER_MS = 5,		/* under load a write is many lines */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t more, done; /* for the thread; for who flushes */
	char *bytes;		   /* a ring; NULL: no thread */
	uint64_t put, taken, told; /* bytes; losses that a line told of */
	bool is_writing, is_gathering;
	atomic_uint_fast64_t dropped;
	_Atomic bool is_torn; /* half a line stands there */
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER,
	.more = PTHREAD_COND_INITIALIZER,
	.done = PTHREAD_COND_INITIALIZER};

/* --- writing --- */

static void drop_lines(uint64_t lines)
{
	atomic_fetch_add_explicit(&queue.dropped, lines, memory_order_relaxed);
}

uint64_t log_queue_dropped(void)
{
	return atomic_load_explicit(&queue.dropped, memory_order_relaxed);
}

/* Somebody else may have made it non-blocking. */
static bool wait_for_room(int ms)
{
	struct pollfd one = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&one, 1, ms) == 1 && !(one.revents & (POLLERR | POLLNVAL));
}

/* False: some of it, or all, is not written. */
static bool write_all(struct str text, int patience_ms)
{
	size_t at = 0;

	while (at < text.len) {
		ssize_t n = write(STDERR_FILENO, text.at + at, text.len - at);
		if (n > 0)
			at += (size_t)n;
		else if (n == -1 && errno == EAGAIN &&
			 wait_for_room(at ? PATIENCE_MS : patience_ms))
			continue;
		else if (n == 0 || errno != EINTR)
			break;
	}
	if (at > 0)
		queue.is_torn = text.at[at - 1] != '\n';
	return at == text.len;
}

static uint64_t count_lines(struct str text)
{
	uint64_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += text.at[i] == '\n';
	return n;
}

/* A line that could not be finished ends before the next begins. */
static void write_lines(struct str lines, int patience_ms)
{
	if ((queue.is_torn && !write_all(STR("\n"), patience_ms)) || !write_all(lines, patience_ms))
		drop_lines(count_lines(lines));
}

/* --- the queue --- */

static size_t used(void)
{
	return (size_t)(queue.put - queue.taken);
}

/* `len` bytes of the ring, from the oldest on. */
static void look_at_queue(char *out, size_t len)
{
	size_t from = (size_t)(queue.taken % QUEUE);
	size_t first = len < QUEUE - from ? len : QUEUE - from;

	memcpy(out, queue.bytes + from, first);
	memcpy(out + first, queue.bytes, len - first);
}

/* Whole lines, as many as a pipe takes in one piece, or one that is longer. */
static size_t take_lines(char out[static LOG_LINE_MAX])
{
	size_t len = used() < LOG_LINE_MAX ? used() : LOG_LINE_MAX, end;

	look_at_queue(out, len);
	end = len < ATOMIC ? len : ATOMIC;
	while (end > 0 && out[end - 1] != '\n')
		end--;
	if (end == 0)
		end = (size_t)((char *)memchr(out, '\n', len) - out) + 1;
	queue.taken += end;
	return end;
}

static struct timespec after(int64_t ms)
{
	int64_t us = clock_mono_us() + ms * 1000;

	return (struct timespec){us / 1000000, us % 1000000 * 1000};
}

/* False: it is later than that. */
static bool wait_until(pthread_cond_t *what, const struct timespec *until)
{
	return pthread_cond_clockwait(what, &queue.lock, CLOCK_MONOTONIC, until) != ETIMEDOUT;
}

/* Lines come in bursts: some milliseconds bring many of them under one write. */
static void gather(void)
{
	const struct timespec until = after(GATHER_MS);

	while (queue.is_gathering && wait_until(&queue.more, &until))
		;
	queue.is_gathering = false;
}

static void wait_for_lines(void)
{
	if (used() > 0)
		return;
	pthread_cond_broadcast(&queue.done);
	queue.is_gathering = true;
	while (used() == 0)
		pthread_cond_wait(&queue.more, &queue.lock);
	gather();
}

/* Once there is room again. */
static void tell_of_losses(void)
{
	uint64_t lost = log_queue_dropped() - queue.told;

	if (lost == 0)
		return;
	queue.told += lost;
	log_warn("log", "%llu lines were lost: standard error did not take them",
		(unsigned long long)lost);
}

static void *write_thread(void *arg)
{
	char lines[LOG_LINE_MAX];

	(void)arg;
	for (;;) {
		pthread_mutex_lock(&queue.lock);
		queue.is_writing = false;
		wait_for_lines();
		size_t len = take_lines(lines);
		queue.is_writing = true;
		bool is_roomy = used() < QUEUE / 2;
		pthread_mutex_unlock(&queue.lock);
		uint64_t before = log_queue_dropped();
		write_lines((struct str){lines, len}, -1);
		if (is_roomy && log_queue_dropped() == before)
			tell_of_losses();
	}
	return NULL;
}

/* Nobody has to read it for the kernel to take more; lines are there at once, as in the order of
 * what they tell of. */
static bool is_file(int fd)
{
	struct stat is;

	return fstat(fd, &is) == 0 && S_ISREG(is.st_mode);
}

void log_queue_start(void)
{
	pthread_attr_t detached;
	pthread_t thread;
	sigset_t all, old;

	if (is_file(STDERR_FILENO))
		return;
	queue.bytes = mem_alloc(QUEUE, 1);
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	sigfillset(&all); /* signals are for the loops */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&thread, &detached, write_thread, NULL) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&detached);
}

static void enqueue(struct str line)
{
	size_t from = (size_t)(queue.put % QUEUE);
	size_t first = line.len < QUEUE - from ? line.len : QUEUE - from;

	memcpy(queue.bytes + from, line.at, first);
	memcpy(queue.bytes, line.at + first, line.len - first);
	queue.put += line.len;
}

/* The thread is asleep, or gathers and should not any longer. */
static bool should_wake(bool was_empty, bool matters)
{
	bool was_gathering = queue.is_gathering;

	if (was_gathering && (matters || used() > QUEUE / 2))
		queue.is_gathering = false;
	return was_empty || was_gathering != queue.is_gathering;
}

void log_queue_put(struct str line, bool matters)
{
	if (queue.bytes == NULL) {
		write_lines(line, 0);
		return;
	}
	pthread_mutex_lock(&queue.lock);
	bool was_empty = used() == 0, wake = false;
	bool fits = used() + line.len <= (matters ? (size_t)QUEUE : (size_t)COMMON);
	if (fits) {
		enqueue(line);
		wake = should_wake(was_empty, matters);
	}
	pthread_mutex_unlock(&queue.lock);
	if (wake)
		pthread_cond_signal(&queue.more);
	if (!fits)
		drop_lines(1);
}

bool log_queue_flush(int64_t ms)
{
	const struct timespec until = after(ms);
	bool in_time = true;

	if (queue.bytes == NULL)
		return true;
	pthread_mutex_lock(&queue.lock);
	queue.is_gathering = false;
	pthread_cond_signal(&queue.more);
	while ((used() > 0 || queue.is_writing) && in_time)
		in_time = wait_until(&queue.done, &until);
	pthread_mutex_unlock(&queue.lock);
	return in_time;
}
