/* tests/support/vectors.h - the public test vectors of tests/fixtures/wycheproof. */
#ifndef SPARKGATE_TESTS_SUPPORT_VECTORS_H
#define SPARKGATE_TESTS_SUPPORT_VECTORS_H

#include <jansson.h>

/* Gives a file's JSON; the running test fails when it cannot be read. */
json_t *vectors_load(const char *file);
/* Calls `each` for every test of every group; `group` holds the keys. */
void vectors_each(const json_t *file,
	void (*each)(const json_t *group, const json_t *test, void *arg), void *arg);

#endif
