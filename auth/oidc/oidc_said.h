/*
 * auth/oidc/oidc_said.h - what the provider says of one person's roles, in all places together: ID
 * token, access token, userinfo, and groups that had no room in these.
 *
 * Pure. Who may have left something out has not taken anything away (S32, S80).
 */
#ifndef SPARKGATE_AUTH_OIDC_OIDC_SAID_H
#define SPARKGATE_AUTH_OIDC_OIDC_SAID_H

#include "auth/issuers/groups_source.h"
#include "auth/policy/claims_seen.h"
#include "auth/roles/standing.h"

struct oidc_said {
	const struct conf *conf;    /* borrowed: by which it is read */
	const struct conf_oidc *of; /* whose word it is, a row of that */
	bool is_refresh;
	unsigned spoke;	      /* of a refresh: places that had the claim of roles before */
	unsigned heard;	      /* places that were heard now: bits of enum claims_place */
	unsigned source_said; /* of these, the one that says that `source` has the claim */
	bool was_heard;	      /* somebody who might speak of roles */
	bool userinfo_failed; /* who else might have spoken was not heard */
	bool token_unread;    /* an access token whose key is not here yet */
	struct standing *standing;
	struct claims_seen seen;
	struct groups_source source; /* of groups that are not in these claims */
};

void oidc_said_init(struct oidc_said *said, const struct conf *conf, const struct conf_oidc *of);
void oidc_said_add(struct oidc_said *said, enum claims_place place, const json_t *claims);
/* Groups that were fetched where `said->source` is. */
void oidc_said_add_groups(struct oidc_said *said, const json_t *claims);
void oidc_said_clear(struct oidc_said *said);
/* Whether all who might speak of roles were heard: silence is a word then. */
bool oidc_said_is_whole(const struct oidc_said *said);
/* Whether said->standing, which opens this role, is to take the place of what a session has. */
bool oidc_said_has_role(const struct oidc_said *said, enum role role);
/* Where it is looked for; NULL: nowhere. */
const char *oidc_said_claim(const struct oidc_said *said);
/* What people call who the claims are about; borrows. */
struct str oidc_said_name(const json_t *claims);

#endif
