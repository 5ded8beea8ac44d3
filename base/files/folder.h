/* base/files/folder.h - folders of the file system. */
#ifndef SPARKGATE_BASE_FILES_FOLDER_H
#define SPARKGATE_BASE_FILES_FOLDER_H

#include "base/err.h"

/* Makes what is not there of the folders that `path` leads through, up to its last slash: for
 * nobody but us (0700). Blocking. */
MUST_CHECK int folder_make_above(const char *path, struct err *err);

/* What root has just made in somebody's folder (a file, `fd`) becomes that somebody's, who could
 * not use it else (S203). */
void folder_give_file(int fd, const char *path);

#endif
