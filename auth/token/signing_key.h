/*
 * auth/token/signing_key.h - where the key that signs our own tokens lives: a file in the data
 * folder of a store of one machine, else, for all replicas of a shared store, in that store, sealed
 * with the key ring, so that what one signs all others accept.
 */
#ifndef SPARKGATE_AUTH_TOKEN_SIGNING_KEY_H
#define SPARKGATE_AUTH_TOKEN_SIGNING_KEY_H

#include "auth/keys/keyring.h"
#include "auth/token/signer.h"
#include "auth/store/store.h"

/* Blocks on a disk or the network. NULL and a reason. */
MUST_CHECK struct signer *signing_key_open(
	const struct conf *conf, struct store *store, const struct keyring *ring, struct err *err);

#endif
