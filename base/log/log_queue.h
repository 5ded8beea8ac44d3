/*
 * base/log/log_queue.h - lines on their way to standard error: nobody who logs waits for its reader
 * (S53).
 *
 * Standard error may be a pipe, a terminal, a socket of journald's or a file, and its description
 * is shared with whoever started us: O_NONBLOCK there would be theirs as well, poll() promises
 * PIPE_BUF bytes to one writer at a time, and a file on a dead server blocks whatever poll() says.
 * So one thread writes, and may wait; the others put lines into a bounded queue, and count what
 * does not fit. Until log_queue_start() lines are written at once, as a command's are. Any thread.
 */
#ifndef SPARKGATE_BASE_LOG_LOG_QUEUE_H
#define SPARKGATE_BASE_LOG_LOG_QUEUE_H

#include "base/str.h"

#include <stdint.h>

enum { LOG_LINE_MAX = 8192 };

/* Starts the thread, once for the process; not where standard error is a regular file, which has no
 * reader to wait for. */
void log_queue_start(void);
/* A whole line with its end, at most LOG_LINE_MAX bytes. What `matters` (warnings, audit) goes out
 * without delay, and finds room where other lines find none any more. */
void log_queue_put(struct str line, bool matters);
/* Waits until all that was put is written, `ms` at most; false: it is not. */
bool log_queue_flush(int64_t ms);
/* Lines that were lost because standard error did not take them. */
uint64_t log_queue_dropped(void);

#endif
