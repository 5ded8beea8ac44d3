#include "base/block.h"

#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef PORTABLE

void *block_malloc(size_t size)
{
	return malloc(size ? size : 1);
}

void *block_realloc(void *block, size_t size)
{
	return realloc(block, size ? size : 1);
}

void block_free(void *block)
{
	free(block);
}

void block_free_wiped(void *block)
{
	if (block)
		explicit_bzero(block, malloc_usable_size(block));
	free(block);
}

#else

enum {
	STEP = 32,    /* sizes of small blocks differ by this */
	SMALL = 1024, /* the largest of them */
	SMALL_CLASSES = SMALL / STEP,
	LARGE_CLASSES = 6, /* and evbuffer's: 2048, 4096 and so on to 65536 */
	CLASSES = SMALL_CLASSES + LARGE_CLASSES,
	HELD_MIN = 64 * 1024, /* bytes in one list, */
	HELD_BLOCKS = 16,     /* or so many blocks if that is more */
	TOO_LARGE = CLASSES,
};

/* Sixteen bytes, so that what follows is aligned for anything. */
struct block {
	size_t class;
	struct block *next;
};

struct list {
	struct block *first;
	size_t held; /* bytes */
};

struct lists {
	struct list of[CLASSES];
};

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local struct lists *mine;

static void free_lists(void *arg)
{
	struct lists *lists = arg;
	struct block *block;

	mine = NULL;
	for (int i = 0; i < CLASSES; i++) {
		while ((block = lists->of[i].first) != NULL) {
			lists->of[i].first = block->next;
			free(block);
		}
	}
	free(lists);
}

static void make_lists_key(void)
{
	if (pthread_key_create(&key, free_lists) != 0)
		abort();
}

/* NULL: none to be had. */
static struct lists *get_lists(void)
{
	if (mine == NULL) {
		pthread_once(&once, make_lists_key);
		mine = calloc(1, sizeof *mine);
		pthread_setspecific(key, mine);
	}
	return mine;
}

static size_t size_of(size_t class)
{
	return class < SMALL_CLASSES ? (class + 1) * STEP : (size_t)2048 << (class - SMALL_CLASSES);
}

static size_t held_max(size_t class)
{
	size_t blocks = HELD_BLOCKS * size_of(class);

	return blocks > HELD_MIN ? blocks : HELD_MIN;
}

static size_t class_of(size_t size)
{
	size_t class = SMALL_CLASSES;

	if (size <= SMALL)
		return size ? (size - 1) / STEP : 0;
	while (class < TOO_LARGE && size > size_of(class))
		class ++;
	return class;
}

void *block_malloc(size_t size)
{
	size_t class = class_of(size);
	struct lists *lists = class == TOO_LARGE ? NULL : get_lists();
	struct block *block = lists ? lists->of[class].first : NULL;

	if (block) {
		lists->of[class].first = block->next;
		lists->of[class].held -= size_of(class);
		return block + 1;
	}
	if (size > SIZE_MAX - sizeof *block)
		return NULL;
	block = malloc(sizeof *block + (class == TOO_LARGE ? size : size_of(class)));
	if (block == NULL)
		return NULL;
	block->class = class;
	return block + 1;
}

void block_free(void *memory)
{
	struct block *block = memory;
	struct lists *lists;

	if (block == NULL)
		return;
	block--;
	lists = block->class == TOO_LARGE ? NULL : get_lists();
	if (lists == NULL || lists->of[block->class].held >= held_max(block->class)) {
		free(block);
		return;
	}
	block->next = lists->of[block->class].first;
	lists->of[block->class].first = block;
	lists->of[block->class].held += size_of(block->class);
}

void block_free_wiped(void *memory)
{
	const struct block *block = memory;

	if (block == NULL)
		return;
	block--;
	explicit_bzero(
		memory, block->class == TOO_LARGE
				? malloc_usable_size((struct block *)memory - 1) - sizeof *block
				: size_of(block->class));
	block_free(memory);
}

static void *resize_large(struct block *block, size_t size)
{
	if (size > SIZE_MAX - sizeof *block)
		return NULL;
	block = realloc(block, sizeof *block + size);
	return block ? block + 1 : NULL;
}

void *block_realloc(void *memory, size_t size)
{
	struct block *block = memory;
	void *larger;

	if (block == NULL)
		return block_malloc(size);
	block--;
	if (block->class == TOO_LARGE && class_of(size) == TOO_LARGE)
		return resize_large(block, size);
	if (block->class != TOO_LARGE && size <= size_of(block->class))
		return memory;
	larger = block_malloc(size);
	if (larger == NULL)
		return NULL;
	/* From a large block to a small one nothing but `size` bytes fit. */
	memcpy(larger, memory, block->class == TOO_LARGE ? size : size_of(block->class));
	block_free(memory);
	return larger;
}

#endif

void *block_alloc(size_t size)
{
	void *memory = block_malloc(size);

	if (memory == NULL)
		abort();
	return memset(memory, 0, size);
}
