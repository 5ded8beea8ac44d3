/* auth/roles.h - from a provider's claims to a role, by exact names (design `auth.roles`). */
#ifndef SPARKGATE_AUTH_ROLES_H
#define SPARKGATE_AUTH_ROLES_H

#include "auth/identity.h"
#include "conf/conf.h"

#include <jansson.h>

/* The highest role that a name at conf->roles_claim opens: an array of strings, or one string of
 * space-separated names, at any dotted path; dots inside a key are tried too. Also by
 * "sub:<subject>". */
enum role roles_from_claims(const struct conf *conf, const json_t *claims);

#endif
