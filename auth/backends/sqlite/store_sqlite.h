/*
 * auth/backends/sqlite/store_sqlite.h - the embedded store: one SQLite file in WAL mode, 0600,
 * shared by the gateway and the command line.
 *
 * Only the files of this folder include SQLite.
 */
#ifndef SPARKGATE_AUTH_BACKENDS_SQLITE_STORE_SQLITE_H
#define SPARKGATE_AUTH_BACKENDS_SQLITE_STORE_SQLITE_H

#include "auth/store/store.h"

/* Opens or makes `path` and its folder (0700). NULL path: in memory, where all readers are the same
 * connection. NULL and a reason. */
MUST_CHECK struct store *store_sqlite_open(const char *path, struct err *err);

#endif
