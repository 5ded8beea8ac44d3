/* Blocks of memory from free lists. */
#include "base/block.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void blocks_of_every_size_keep_what_is_written(void **state)
{
	unsigned char *blocks[5000];
	const size_t sizes[] = {0, 1, 31, 32, 33, 512, 1023, 1024, 1025, 2048, 2049, 4096, 4097,
		9000, 65536, 65537};
	const size_t kinds = sizeof sizes / sizeof *sizes;

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < 5000; i++) {
			blocks[i] = block_malloc(sizes[i % kinds]);
			assert_non_null(blocks[i]);
			assert_int_equal((uintptr_t)blocks[i] % 16, 0);
			memset(blocks[i], (int)(i & 0xff), sizes[i % kinds]);
		}
		for (size_t i = 0; i < 5000; i++) {
			for (size_t k = 0; k < sizes[i % kinds]; k += 31)
				assert_int_equal(blocks[i][k], i & 0xff);
			block_free(blocks[i]);
		}
	}
	block_free(NULL);
}

#ifndef PORTABLE /* then they are malloc()'s: what it keeps in a free block is its own affair */

static void freed_block_is_the_next_of_its_size(void **state)
{
	(void)state;
	void *first = block_malloc(100), *other = block_malloc(100);
	block_free(first);
	assert_ptr_equal(block_malloc(97), first);
	void *third = block_malloc(97);
	assert_ptr_not_equal(third, first);
	block_free(first);
	block_free(other);
	block_free(third);
}

static void s69_wiped_block_leaves_nothing_to_the_next_of_its_size(void **state)
{
	static const size_t sizes[] = {16, 100, 1024, 5000, 65536};

	(void)state;
	block_free_wiped(NULL);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		unsigned char *first = block_malloc(sizes[i]);
		memset(first, 0x5a, sizes[i]);
		block_free_wiped(first);
		unsigned char *next = block_malloc(sizes[i]);
		assert_ptr_equal(next, first);
		for (size_t at = 0; at < sizes[i]; at++)
			assert_int_equal(next[at], 0);
		block_free(next);
	}
	unsigned char *large = block_malloc(200000);
	memset(large, 0x5a, 200000);
	block_free_wiped(large);
}

#endif

static void resized_block_keeps_its_beginning(void **state)
{
	const size_t sizes[] = {1, 40, 1000, 1500, 5000, 100000, 6000, 3000, 500, 1};
	unsigned char *block = block_realloc(NULL, 1);

	(void)state;
	block[0] = 0x5a;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		block = block_realloc(block, sizes[i]);
		assert_non_null(block);
		assert_int_equal(block[0], 0x5a);
		memset(block + 1, 0xee, sizes[i] - 1);
	}
	block_free(block);
}

static void absurd_sizes_are_not_to_be_had(void **state)
{
	(void)state;
	assert_null(block_malloc(SIZE_MAX));
	void *block = block_malloc(8);
	assert_null(block_realloc(block, SIZE_MAX));
	block_free(block);
}

static void *free_all(void *arg)
{
	void **blocks = arg;

	for (int i = 0; i < 1000; i++)
		block_free(blocks[i]);
	return block_malloc(64);
}

static void block_of_one_thread_may_be_freed_by_another(void **state)
{
	void *blocks[1000], *theirs;
	pthread_t thread;

	(void)state;
	for (int i = 0; i < 1000; i++)
		blocks[i] = block_malloc(64);
	assert_int_equal(pthread_create(&thread, NULL, free_all, blocks), 0);
	assert_int_equal(pthread_join(thread, &theirs), 0);
	block_free(theirs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_of_every_size_keep_what_is_written),
#ifndef PORTABLE
		cmocka_unit_test(freed_block_is_the_next_of_its_size),
		cmocka_unit_test(s69_wiped_block_leaves_nothing_to_the_next_of_its_size),
#endif
		cmocka_unit_test(resized_block_keeps_its_beginning),
		cmocka_unit_test(absurd_sizes_are_not_to_be_had),
		cmocka_unit_test(block_of_one_thread_may_be_freed_by_another),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
