/*
 * proxy/discovery/known/app_names.h - what an application whose driver is, or was, a pod is called:
 * by that pod, and by its event log, which are two names mostly.
 *
 * The pod's is settled in the store beside the namespace, so that links and scopes by it hold when
 * the pod is gone and the gateway starts again, and all gateways agree. The event log tells its own
 * again and again, while there is one.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_KNOWN_APP_NAMES_H
#define SPARKGATE_PROXY_DISCOVERY_KNOWN_APP_NAMES_H

#include "base/str.h"

struct app;
struct cluster;

void app_names_tell(struct app *a, const char *name); /* as its pod is called */
/* As its event log calls it, if it has one only: of several, one may be anybody's. */
void app_names_tell_history(struct app *a, const char *name, bool has_many_logs);
/* Before a snapshot, when namespaces are settled. */
void app_names_settle(struct cluster *c);
const char *app_names_first(const struct app *a); /* as people see it */
const char *app_names_other(const struct app *a); /* ""; borrows, as the first */

#endif
