/*
 * proxy/launch/rules/launch_person.h - who launches: as whom an application runs, and by which
 * profiles. Pure; any thread.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_RULES_LAUNCH_PERSON_H
#define SPARKGATE_PROXY_LAUNCH_RULES_LAUNCH_PERSON_H

#include "auth/policy/identity.h"
#include "auth/store/store_launch.h"
#include "conf/conf.h"

struct launch_asker { /* borrowed */
	const struct identity *who;
	const struct conf *conf;
	const char *own_issuer; /* of tokens of ours */
};

/* What Spark calls them: by the claim of auth.user_claim; of a token of ours that names a person,
 * that name; of one for a named client "client-" and the name; the same of a session that such a
 * token opened. `own_issuer` is who issued tokens of ours. False: nobody knows, it is no name that
 * Spark can be told, or it is a client's (S121). */
MUST_CHECK bool launch_person_user(
	const struct identity *who, const char *own_issuer, char out[static STORE_LAUNCH_USER]);
/* Whether they may launch on the cluster at all. Else it is not there, nor are its profiles. */
bool launch_person_may(const struct identity *who, const struct conf_cluster *cluster);
bool launch_person_has(const struct identity *who, const struct conf_profile *profile);
/* Whether they may see a launch, its log and its request, end it and repeat it: their own, and what
 * they may end; of a limited token's own what its scope names (S115). */
bool launch_person_sees(const struct launch_asker *asker, const struct store_launch *launch);
bool launch_person_owns(const struct launch_asker *asker, const struct store_launch *launch);
/* The key of a person in the store, and of what `running` counts. Whoever signed in and holds a
 * token of ours besides is one person. */
void launch_person_digest(const struct launch_asker *asker, unsigned char out[static DIGEST_LEN]);
void launch_person_quota(const unsigned char person[static DIGEST_LEN], const char *cluster,
	const char *profile, unsigned char out[static DIGEST_LEN]);

#endif
