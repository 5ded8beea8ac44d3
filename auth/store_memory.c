#include "auth/store_memory.h"

#include "auth/store_sqlite.h"

struct store *store_memory_open(struct err *err)
{
	return store_sqlite_open(NULL, err);
}
