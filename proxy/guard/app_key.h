/*
 * proxy/guard/app_key.h - what an application is called in our paths, scopes and records.
 *
 * Its id is data: with spark.master.useAppNameAsAppId.enabled it is any name (T59), and no server
 * takes "etl%2Fdaily" for one segment. The key of an ordinary id is that id; of another one each
 * byte that is not plain is "~XX". No two ids have one key. Pure.
 */
#ifndef SPARKGATE_PROXY_GUARD_APP_KEY_H
#define SPARKGATE_PROXY_GUARD_APP_KEY_H

#include "base/err.h"
#include "base/str.h"

enum { APP_KEY_SIZE = 201 /* with its NUL */ };

/* It is its own key. */
bool app_key_is_id(struct str id);
void app_key_of(struct str id, char out[static APP_KEY_SIZE]);
/* Of an id as it stands in a path, query or form of Spark's. False: servers may read it in more
 * ways than one. */
MUST_CHECK bool app_key_of_encoded(struct str raw, char out[static APP_KEY_SIZE]);

#endif
