/*
 * base/err.h - one message for a person, filled by whoever fails.
 *
 * A function that can fail for a reason somebody has to read takes `struct err *` and returns -1.
 */
#ifndef SPARKGATE_BASE_ERR_H
#define SPARKGATE_BASE_ERR_H

#include "base/mem.h"

struct err {
	char text[512]; /* NUL-terminated, cut when longer; never a secret */
};

/* Writes the message; returns -1 so that callers can `return err_set(...)`. `err` may be NULL. */
int err_set(struct err *err, const char *fmt, ...) PRINTF(2, 3);

#endif
