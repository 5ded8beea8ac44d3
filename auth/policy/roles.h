/* auth/policy/roles.h - from a provider's claims to a role, by exact names (`auth.roles`). */
#ifndef SPARKGATE_AUTH_POLICY_ROLES_H
#define SPARKGATE_AUTH_POLICY_ROLES_H

#include "auth/policy/identity.h"
#include "conf/conf.h"

#include <jansson.h>

/* What a person's names open. With `limits` only limited ones do: a bit for each of them in
 * conf->roles_limited. */
struct roles {
	enum role role;
	uint64_t limits;
};

/* The highest role that a name at conf->roles_claim opens: an array of strings, or one string of
 * space-separated names, at any dotted path; dots inside a key are tried too. Also by
 * "sub:<subject>". */
struct roles roles_from_claims(const struct conf *conf, const json_t *claims);
/* What both together open: one name without a limit is enough for all. */
struct roles roles_join(struct roles a, struct roles b);
/* Gives the limits as a scope (auth/policy/scope.h), "" when there are none. */
char *roles_scope(const struct conf *conf, struct roles roles);

/* What people call a subject; never a key (S31). Borrows. */
struct str roles_display_name(const json_t *claims, struct str subject);
/* Gives who the bearer of these claims is, with the roles that they open. */
struct identity *roles_identity(const struct conf *conf, const json_t *claims, struct str issuer,
	struct str subject, int64_t expires_at);

#endif
