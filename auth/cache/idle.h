/*
 * auth/cache/idle.h - when what a cache holds has been left: memory follows what is used, not what
 * was once seen.
 *
 * Each put forgets the least recently used ones that were left, CACHE_FORGETS at most, so that it
 * costs no more than it adds.
 */
#ifndef SPARKGATE_AUTH_CACHE_IDLE_H
#define SPARKGATE_AUTH_CACHE_IDLE_H

#include <stdbool.h>
#include <stdint.h>

enum { CACHE_IDLE_SECONDS = 600, CACHE_FORGETS = 2 };

/* `touched` and `now` in wall seconds. What a clock that was ahead has touched counts as left. */
static inline bool cache_is_left(int64_t touched, int64_t now)
{
	return now < touched || now - touched >= CACHE_IDLE_SECONDS;
}

#endif
