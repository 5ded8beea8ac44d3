/*
 * auth/keys/key_file.h - a secret key as a file of the data folder, made at the first start.
 *
 * Mode 0600, written whole or not at all, by whichever process is first: the gateway and the
 * command line may race. One that others may read is refused.
 */
#ifndef SPARKGATE_AUTH_KEYS_KEY_FILE_H
#define SPARKGATE_AUTH_KEYS_KEY_FILE_H

#include "base/err.h"

enum { KEY_FILE_MAX = 4096 };

struct key_text { /* a secret: clear it */
	char at[KEY_FILE_MAX];
	size_t len; /* bytes; no NUL after them */
};
void key_text_clear(struct key_text *text); /* wipes */

/* Reads <folder>/<name> into `out`; when it is not there, makes it (and the folder, 0700) of what
 * `make` writes. -1 and a reason. Any thread, blocks for a disk. */
MUST_CHECK int key_file_open(const char *folder, const char *name,
	void (*make)(struct key_text *out), struct key_text *out, struct err *err);

#endif
