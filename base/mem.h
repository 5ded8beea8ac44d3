/*
 * base/mem.h - allocation that cannot fail, and the attributes every header uses.
 *
 * Every size is bounded before it gets here, so running out of memory is not an expected failure:
 * these functions abort, and whoever runs the process starts it again.
 */
#ifndef SPARKGATE_BASE_MEM_H
#define SPARKGATE_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

#define MUST_CHECK	  __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define ARRAY_LEN(a)	  (sizeof(a) / sizeof((a)[0]))

/* Gives zeroed memory for `count` items of `size` bytes; aborts when there is none. */
void *mem_alloc(size_t count, size_t size);
/* Gives `old` resized to count * size bytes; new bytes are not zeroed. */
void *mem_resize(void *old, size_t count, size_t size);
/* Gives a NUL-terminated copy. mem_strdup(NULL) is NULL. */
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t len);
/* Replaces *slot by a copy of `text`, either perhaps NULL; true when that changed it. */
bool mem_replace_text(char **slot, const char *text);
/* Gives a formatted string. */
char *mem_printf(const char *fmt, ...) PRINTF(1, 2);
/* Takes a secret: overwrites its bytes before freeing. NULL is fine. */
void secret_free(char *secret);
/* As free() and realloc(), for a library that is given them: what is let go of is overwritten. */
void secret_block_free(void *block);
void *secret_block_resize(void *block, size_t size);

#endif
