/* auth/backends/store_memory.h - the store that dies with the process: SQLite without a file. */
#ifndef SPARKGATE_AUTH_BACKENDS_STORE_MEMORY_H
#define SPARKGATE_AUTH_BACKENDS_STORE_MEMORY_H

#include "auth/store/store.h"

MUST_CHECK struct store *store_memory_open(struct err *err);

#endif
