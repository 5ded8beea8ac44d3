/* conf/load/check.h - what one key cannot say alone. */
#ifndef SPARKGATE_CONF_LOAD_CHECK_H
#define SPARKGATE_CONF_LOAD_CHECK_H

#include "conf/load/load_error.h"

/* Derives what is not written (public URLs, folders) and refuses what does not go together. */
MUST_CHECK int check_conf(const struct loader *l);
/* Of the cluster with this index, after those before it. */
MUST_CHECK int check_cluster(const struct loader *l, size_t index);
/* Of auth.oidc, and of auth.bearer (check_oidc.c). */
MUST_CHECK int check_oidc(const struct loader *l);
MUST_CHECK int check_bearers(const struct loader *l);
/* Fills roles_admin and roles_user, once providers are checked. */
void derive_roles(struct conf *conf);

#endif
