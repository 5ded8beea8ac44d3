/* tests/support/scratch.h - a folder for one test, and what is in it gone with it. */
#ifndef SPARKGATE_TESTS_SCRATCH_H
#define SPARKGATE_TESTS_SCRATCH_H

#include "base/str.h"

/* Gives the path of a new empty folder. */
char *scratch_new(void);
/* Takes the path: removes the folder and everything below it. */
void scratch_free(char *folder);
/* Gives <folder>/<name> after writing `text` there, readable by its owner only. */
char *scratch_write(const char *folder, const char *name, const char *text);
/* True when any file below the folder has these bytes in it. */
bool scratch_has(const char *folder, struct str bytes);

#endif
