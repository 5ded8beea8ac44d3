/*
 * tests/support/store_world.h - an empty store of either local kind, and sessions to put in it.
 *
 * A table of tests runs on both kinds with STORE_WORLD_BOTH(test).
 */
#ifndef SPARKGATE_TESTS_STORE_WORLD_H
#define SPARKGATE_TESTS_STORE_WORLD_H

#include "auth/store/store.h"

enum { STORE_WORLD_NOW = 1700000000 };

struct store_world {
	char *folder, *path; /* NULL: in memory */
	struct store *store;
};

/* cmocka's set-up and tear-down; the state is a struct store_world. */
int store_world_memory(void **state);
int store_world_file(void **state);
int store_world_free(void **state);

#define STORE_WORLD_BOTH(test)                                                                     \
	{#test "_in_memory", test, store_world_memory, store_world_free, NULL},                    \
	{                                                                                          \
#test "_in_a_file", test, store_world_file, store_world_free, NULL                 \
	}

/* A session whose key is DIGEST_LEN bytes `mark`, alive for 100 seconds from STORE_WORLD_NOW, of
 * the person whose index is all 'p'. Its blobs are static: nothing to clear. */
struct store_opening store_world_session(unsigned char mark);
enum store_answer store_world_open(struct store *store, unsigned char mark);
enum store_answer store_world_get(struct store *store, unsigned char mark);
/* Fails the test unless all but the version is the same. */
void store_world_expect_same(const struct store_session *got, const struct store_session *want);

#endif
