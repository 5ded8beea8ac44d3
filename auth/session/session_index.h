/*
 * auth/session/session_index.h - all sessions of a person, or of the provider's session, found and
 * ended.
 *
 * The store has keyed digests in place of names (S26), and an index may be under either key of the
 * ring: both are looked for. Blocks on the store.
 */
#ifndef SPARKGATE_AUTH_SESSION_SESSION_INDEX_H
#define SPARKGATE_AUTH_SESSION_SESSION_INDEX_H

#include "auth/keys/keyring.h"
#include "auth/store/store.h"

struct session_index {	       /* borrowed */
	enum store_index kind; /* not STORE_ALL */
	struct str issuer;
	struct str name; /* the subject, or the provider's sid */
};

/* How many have ended, or -1. */
MUST_CHECK int session_index_end(
	struct store *store, const struct keyring *ring, const struct session_index *index);
/* As the store lists them; -1: failed. */
MUST_CHECK int session_index_list(struct store *store, const struct keyring *ring,
	const struct session_index *index, int64_t now, store_on_session *on_session, void *arg);

#endif
