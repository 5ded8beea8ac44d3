/* auth/roles/spark_user.h - what Spark calls somebody, by auth.user_claim and auth.user_map_file,
 * or by what the entry of their provider says instead (S192). Whoever has an application's user
 * owns it, so the claim must be one that nobody chooses for themselves (S71). */
#ifndef SPARKGATE_AUTH_ROLES_SPARK_USER_H
#define SPARKGATE_AUTH_ROLES_SPARK_USER_H

#include "conf/conf.h"

#include <jansson.h>

enum { SPARK_USER_MAX = 255 }; /* bytes */

/* Gives it; NULL: the claims name none. `of` is their provider, or NULL. With a map only those have
 * one who stand in it. Of `email` the part before the "@" counts, unless the provider says that
 * nobody has proved the address. */
char *spark_user_in(const struct conf *conf, const struct conf_oidc *of, const json_t *claims);

#endif
