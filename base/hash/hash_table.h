/*
 * base/hash/hash_table.h - uthash as this program uses it: include this in place of <uthash.h>.
 *
 * Worker ids, addresses, paths and names of launches are chosen by somebody else. The hash has a
 * key that nobody knows, so they cannot be chosen to collide. Memory is the program's own (mem.h).
 */
#ifndef SPARKGATE_BASE_HASH_HASH_TABLE_H
#define SPARKGATE_BASE_HASH_HASH_TABLE_H

#include "base/mem.h"
#include "base/hash/siphash.h"

#define HASH_FUNCTION(key, len, hash) ((hash) = (unsigned)siphash_secret((key), (len)))
#define uthash_malloc(size)	      mem_alloc(1, size)
#include <uthash.h>

#endif
