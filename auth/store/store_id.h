/* auth/store/store_id.h - which store it is: the same for all processes on one store, and another
 * for every other. Says nothing else about it. */
#ifndef SPARKGATE_AUTH_STORE_STORE_ID_H
#define SPARKGATE_AUTH_STORE_STORE_ID_H

#include "auth/store/store.h"

enum { STORE_ID_TEXT = 33 };

/* 32 hexadecimal digits. -1 and a reason. */
MUST_CHECK int store_id(const struct conf *conf, struct store *store,
	char out[static STORE_ID_TEXT], struct err *err);

#endif
