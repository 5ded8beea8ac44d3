/*
 * auth/oidc/throttle.h - how many codes of a provider are being exchanged, for whom, and how many
 * were no good (S63).
 *
 * Each code that comes back costs a row of the store and a question to the provider, and whoever
 * begins sign-ins can make up as many as they like. So there is a number under way at most, of all
 * and of one client; and who has sent some that were no good waits. Good ones are not counted: an
 * office behind one address signs in as fast as it likes. Keeper thread only; nothing is on record.
 */
#ifndef SPARKGATE_AUTH_OIDC_THROTTLE_H
#define SPARKGATE_AUTH_OIDC_THROTTLE_H

#include "base/str.h"

enum {
	THROTTLE_ALL = 256,	/* under way at once */
	THROTTLE_CLIENT = 32,	/* of one client */
	THROTTLE_FAILURES = 20, /* of one client within THROTTLE_SECONDS */
	THROTTLE_SECONDS = 60,
	THROTTLE_CLIENTS = 4096, /* remembered; who is nobody's trouble goes first */
};

enum throttle_verdict {
	THROTTLE_GO,   /* throttle_end() follows */
	THROTTLE_SLOW, /* this client has too many */
	THROTTLE_BUSY, /* all together have */
};

struct throttle;

struct throttle *throttle_new(void);
void throttle_free(struct throttle *throttle);
/* `client` is an address; of IPv6 its /64 counts, which one machine has for itself. */
enum throttle_verdict throttle_begin(struct throttle *throttle, struct str client, int64_t now_ms);
void throttle_end(struct throttle *throttle, struct str client, bool was_bad, int64_t now_ms);

#endif
