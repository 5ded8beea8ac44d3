/*
 * proxy/launch/rules/launch_request.h - what somebody asks to have launched: read from JSON, and
 * judged by a profile, which is a ceiling (S115, S119).
 *
 * Nothing is taken that is not listed here. Pure; the thread of the configuration it borrows.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_RULES_LAUNCH_REQUEST_H
#define SPARKGATE_PROXY_LAUNCH_RULES_LAUNCH_REQUEST_H

#include "proxy/launch/rules/launch_person.h"
#include "proxy/launch/target/launch_order.h"

#include <jansson.h>

enum launch_verdict {
	LAUNCH_GOOD,
	LAUNCH_MALFORMED, /* 400 */
	LAUNCH_DENIED,	  /* 403: more than the profile, or what no profile allows */
	LAUNCH_NOT_THERE, /* 404: a cluster or a profile that is none, or not for them to know */
};

struct launch_request {
	const struct conf_cluster *cluster; /* of the asker's conf */
	const struct conf_profile *profile;
	struct launch_order order;	  /* as it will run; launch_request_clear() it */
	unsigned char digest[DIGEST_LEN]; /* of what was asked for */
};

/* `err` says what is wrong, by its member's name; of a limit also which, and which profile of the
 * asker's has room. GOOD alone gives something. */
MUST_CHECK enum launch_verdict launch_request_read(const struct launch_asker *asker, json_t *body,
	struct launch_request *out, struct err *err);
void launch_request_clear(struct launch_request *request);
/* Gives {"profiles": [...]}: what they may use, cluster by cluster. */
json_t *launch_profiles_json(const struct launch_asker *asker);

#endif
