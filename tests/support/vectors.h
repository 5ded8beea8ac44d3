/*
 * tests/support/vectors.h - the public test vectors, where they are.
 *
 * $SPARKGATE_VECTORS, else tests/fixtures/vectors from the repository's root.
 */
#ifndef SPARKGATE_TESTS_SUPPORT_VECTORS_H
#define SPARKGATE_TESTS_SUPPORT_VECTORS_H

#include <jansson.h>

/* Gives a file's JSON. When it is not there the running test is skipped, or failed where $CI is
 * set. */
json_t *vectors_load(const char *file);
/* Calls `each` for every test of every group; `group` holds the keys. */
void vectors_each(const json_t *file,
	void (*each)(const json_t *group, const json_t *test, void *arg), void *arg);

#endif
