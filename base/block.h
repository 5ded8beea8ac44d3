/*
 * base/block.h - small blocks of memory from free lists of the thread: no search and no lock.
 *
 * For libevent's buffers and the front's input, which each request makes and frees, and for
 * jansson's values. Content passes through blocks of up to 64 KiB, which the C library would give
 * back to the kernel and fetch again page by page. A block that is freed stays with the thread that
 * frees it; what a list holds is bounded (all of a thread's: 4 MiB), the rest goes back to the C
 * library. In a build with -DPORTABLE they are the C library's own.
 *
 * Worth (tests/bench): of libevent's, `make bench-pair LOADS=script`, 12 % of a request's CPU; of
 * jansson's, judge_bench, 5 % of a token at first sight.
 */
#ifndef SPARKGATE_BASE_BLOCK_H
#define SPARKGATE_BASE_BLOCK_H

#include <stddef.h>

/* As malloc(), realloc() and free(), of blocks of their own kind. Any thread. */
void *block_malloc(size_t size);
void *block_realloc(void *block, size_t size);
void block_free(void *block);
void block_free_wiped(void *block); /* overwrites it first: it may have held a secret (S69) */
/* Zeroed; aborts when there is none, as mem_alloc() does. */
void *block_alloc(size_t size);

#endif
