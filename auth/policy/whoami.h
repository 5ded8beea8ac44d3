/*
 * auth/policy/whoami.h - what somebody is told of themselves: who they are here, what they may do,
 * by which claim, and what is missing.
 *
 * One description, for the page, for programs and for the page of who has no role. It has nothing
 * of others, and of claims that are not the gateway's only their names. Pure; any thread.
 */
#ifndef SPARKGATE_AUTH_POLICY_WHOAMI_H
#define SPARKGATE_AUTH_POLICY_WHOAMI_H

#include "auth/policy/access.h"
#include "conf/conf.h"

#include <jansson.h>

/* Clusters that no configuration names, as they are known now; borrowed. */
struct whoami_found {
	const struct access_cluster *at;
	size_t count;
};

/*
 * Gives an object:
 *   name, subject, issuer   who it is
 *   auth, token_id          "session" or "bearer"; the token's id on record, or null
 *   expires_at              when this sign-in or token ends, at the latest
 *   role, roles             "none", "custom", "user", "admin"; names that it comes by, of those
 *                           that auth.roles has
 *   rows                    of auth.roles.custom and auth.roles.limited that are theirs
 *   user                    what Spark calls them, or null
 *   scope                   what it is limited to, or null
 *   claim, claim_found      where roles are looked for, or null; whether it was there
 *   claims                  names of the claims that were there, or null where none were asked
 *   rights                  words of rights.h that hold somewhere
 *   clusters                [{name, applications: "all" or "some"}] that they see: of the
 *                           configuration, then of `found`
 *   missing                 sentences: why there is no role, what limits it
 */
json_t *whoami_describe(
	const struct conf *conf, const struct whoami_found *found, const struct identity *who);
/* The same, but only `missing`. */
json_t *whoami_missing(const struct conf *conf, const struct identity *who);

#endif
