/*
 * proxy/guard/app_origin.h - the host name that a live UI has for itself (server.app_origins, S0).
 *
 * A driver's page runs users' code: under a name of its own it is another origin to browsers than
 * everything else, and the session it is looked at with is good there only. Pure.
 */
#ifndef SPARKGATE_PROXY_GUARD_APP_ORIGIN_H
#define SPARKGATE_PROXY_GUARD_APP_ORIGIN_H

#include "conf/conf.h"

enum { APP_LABEL_SIZE = 64, APP_ORIGIN_SIZE = 352 };

/*
 * The label of an application: what DNS allows of its id, for people, and 100 bits of a digest of
 * cluster and id. It cannot be read back, only looked up (registry_label()); who may choose an id
 * cannot choose another's label.
 */
void app_origin_label(const char *cluster, const char *id, char out[static APP_LABEL_SIZE]);
/* "https://<label>.apps.example.com[:port]" as browsers write it. */
void app_origin_write(
	const struct conf_listen *conf, struct str label, char out[static APP_ORIGIN_SIZE]);
/* The first label of `host` if it is one label before the configured host, in any case; at == NULL
 * when it is not, or none is configured. Borrows. */
struct str app_origin_label_of(const struct conf_listen *conf, struct str host);
/* Whether `path` is one of the application that the label is of, if there is such a one (S44). */
bool app_origin_is_of(struct str label, const char *base, struct str path);

#endif
