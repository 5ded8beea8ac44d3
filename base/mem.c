#define _GNU_SOURCE
#include "base/mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL = 1024 };

/* Not inline: seeing malloc() and memset() together, the compiler makes calloc() of them, which
 * passes by the lists of the thread from which malloc() takes small blocks. */
static __attribute__((noinline)) void *checked(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

void *mem_alloc(size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count ? count : 1, size ? size : 1, &bytes))
		abort();
	if (bytes <= SMALL)
		return memset(checked(malloc(bytes)), 0, bytes);
	return checked(calloc(1, bytes));
}

void *mem_resize(void *old, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		abort();
	size_t bytes = count * size;
	return checked(realloc(old, bytes ? bytes : 1));
}

char *mem_strdup(const char *s)
{
	return s ? checked(strdup(s)) : NULL;
}

char *mem_strndup(const char *s, size_t len)
{
	return checked(strndup(s, len));
}

bool mem_replace_text(char **slot, const char *text)
{
	if (*slot == text || (*slot && text && strcmp(*slot, text) == 0))
		return false;
	free(*slot);
	*slot = mem_strdup(text);
	return true;
}

char *mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;

	va_start(ap, fmt);
	int n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return checked(n == -1 ? NULL : s);
}

void secret_free(char *secret)
{
	if (secret == NULL)
		return;
	/* All of the block: a longer secret may have been in it before. */
	explicit_bzero(secret, malloc_usable_size(secret));
	free(secret);
}

void secret_block_free(void *block)
{
	if (block)
		explicit_bzero(block, malloc_usable_size(block));
	free(block);
}

void *secret_block_resize(void *block, size_t size)
{
	size_t had = block ? malloc_usable_size(block) : 0;
	void *larger;

	if (block && had >= size)
		return block;
	larger = malloc(size);
	if (larger == NULL)
		return NULL;
	if (block)
		memcpy(larger, block, had);
	secret_block_free(block);
	return larger;
}
