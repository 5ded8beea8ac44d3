/*
 * conf/load/data_folder.h - the folder for tokens and keys of a gateway that has no file: that of
 * --data, else the one that programs keep their state in by the XDG Base Directory Specification.
 *
 * Reads the environment; before there are threads.
 */
#ifndef SPARKGATE_CONF_LOAD_DATA_FOLDER_H
#define SPARKGATE_CONF_LOAD_DATA_FOLDER_H

#include "base/err.h"

#include <stdbool.h>

/* Gives an absolute path, which need not be there. `flag` is what --data says, or NULL. NULL and
 * err: neither says one. */
char *data_folder_of(const char *flag, struct err *err);
/* Whether commands find this one without --data. */
bool data_folder_is_default(const char *folder);

#endif
