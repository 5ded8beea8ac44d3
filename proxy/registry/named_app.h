/*
 * proxy/registry/named_app.h - the application that a permanent link means, by any of its names.
 * Pure.
 */
#ifndef SPARKGATE_PROXY_REGISTRY_NAMED_APP_H
#define SPARKGATE_PROXY_REGISTRY_NAMED_APP_H

#include "auth/policy/access.h"
#include "proxy/registry/registry.h"

/* The application of this id, else the newest one of this name, among those they may see (S44);
 * NULL: none of them. Borrows from `reg`. */
const struct app_info *named_app_find(const struct identity *who, const struct registry *reg,
	const struct cluster_info *cluster, struct str id_or_name);

#endif
