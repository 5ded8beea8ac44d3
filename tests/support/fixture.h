/* tests/support/fixture.h - captured files, read from the repository's root. */
#ifndef SPARKGATE_TESTS_FIXTURE_H
#define SPARKGATE_TESTS_FIXTURE_H

/* Gives the NUL-terminated content of tests/fixtures/<folder>/<name>; aborts when it is not there.
 */
char *fixture_read(const char *folder, const char *name);

#endif
