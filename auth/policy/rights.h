/*
 * auth/policy/rights.h - the table for people: each right, which roles have it, what it opens, and
 * the pages of Spark behind it.
 *
 * A right is a scope's word, too, but for `kill:own`. docs/roles.md has this table, and the page
 * of tokens shows it; tests/meta/check_rights.py holds both to policy.c's rows.
 */
#ifndef SPARKGATE_AUTH_POLICY_RIGHTS_H
#define SPARKGATE_AUTH_POLICY_RIGHTS_H

#include "auth/policy/policy.h"

struct right {
	enum action action;
	const char *word;  /* in a scope and in a row of auth.roles.custom */
	const char *opens; /* for people */
	const char *pages; /* paths, each between `backticks` */
	bool is_own_only;  /* of one's own applications: never a role's and never a scope's */
};

extern const struct right rights_table[];
extern const size_t rights_count;

/* Whether who has this role has the right for everything the role opens. */
bool right_is_of(const struct right *right, enum role role);
/* Gives "user, admin", "admin", or "" for a right that only a row of auth.roles.custom gives. */
const char *right_roles(const struct right *right);

#endif
