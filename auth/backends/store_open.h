/* auth/backends/store_open.h - the kinds of store there are, and which one a configuration names.
 */
#ifndef SPARKGATE_AUTH_BACKENDS_STORE_OPEN_H
#define SPARKGATE_AUTH_BACKENDS_STORE_OPEN_H

#include "auth/store/store.h"

/* Opens what conf->store_* names, makes it when it is not there. NULL and a reason. */
MUST_CHECK struct store *store_open(const struct conf *conf, struct err *err);
/* One that dies with the process. NULL and a reason. */
MUST_CHECK struct store *store_open_memory(struct err *err);

#endif
