/*
 * auth/jose/verifier.h - signatures checked with what OpenSSL needs for one key made ready once a
 * thread.
 *
 * EVP_DigestVerifyInit() fetches algorithms by name, and counts references and takes locks that all
 * threads share; a context made ready does neither, and has a copy of the key of its own.
 */
#ifndef SPARKGATE_AUTH_JOSE_VERIFIER_H
#define SPARKGATE_AUTH_JOSE_VERIFIER_H

#include "base/mem.h"
#include "base/str.h"

#include <openssl/evp.h>

struct verifier_key {	 /* what is checked with: RSA or EC */
	uint64_t serial; /* of the key; none is ever used again, as an address would be */
	EVP_PKEY *pkey;
	EVP_MD *md;
	bool is_pss; /* RSA with PSS padding, its salt as long as the hash */
};

/* For verifier_key.serial: unique in the process. Any thread. */
uint64_t verifier_new_serial(void);
/* True when `sig` is the signature of `input`. Any thread; leaves no error on OpenSSL's queue. */
bool verifier_check(const struct verifier_key *key, struct str input, struct str sig);

#endif
