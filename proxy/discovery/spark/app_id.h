/*
 * proxy/discovery/spark/app_id.h - what Spark calls an application, which is data, becomes what we
 * call it (app_key.h), and those that have one id are told apart (T59).
 *
 * Texts of ours live as long as the document. Pure.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_SPARK_APP_ID_H
#define SPARKGATE_PROXY_DISCOVERY_SPARK_APP_ID_H

#include "proxy/discovery/spark/spark_json.h"

/* Fills in both ids; any text is one. False: there is none, or it is longer than any name. `id` is
 * the document's. */
MUST_CHECK bool app_id_take(json_t *json, const char *id, struct spark_app *a);
/* One that a master, YARN or local mode has made up, in their own form: no two have the same. */
bool app_id_is_numbered(struct str id);
/* Whether the master has made the id of the name (T59): then anybody may have it, even where it
 * looks like one of those that masters number. */
bool app_id_is_name(const char *id, const char *name);
/* Of all rows of a master. */
void app_id_tell_apart(struct spark_master *m);

#endif
