/*
 * auth/jose/keyset.h - every issuer whose tokens are taken, with its rules and keys: one immutable
 * snapshot.
 *
 * The keeper thread builds a new one when a key set or the configuration changes; server threads
 * share it by an atomic reference. All verdicts on JSON Web Tokens are passed in keyset_verify().
 */
#ifndef SPARKGATE_AUTH_JOSE_KEYSET_H
#define SPARKGATE_AUTH_JOSE_KEYSET_H

#include "auth/jose/jwks.h"
#include "auth/jose/jwt.h"

#include <stdatomic.h>

struct keyset_issuer { /* everything is copied or shared by keyset_new */
	const char *issuer;
	const char *const *audiences;
	size_t audiences_count; /* 0: any audience (S41: insecure_no_audience) */
	uint32_t algorithms;	/* bits 1u << enum jose_alg; HMAC bits are dropped */
	struct jwks *keys;	/* NULL: not known yet */
	int64_t fetched_at;	/* wall seconds */
	bool is_own;		/* the gateway's own tokens: typ at+jwt only */
	bool is_for_bearer;	/* false: its tokens open nothing by themselves (S18, S41): the
				   OpenID provider's, whose ID and logout tokens are checked here */
};

struct keyset;

/* Gives a snapshot with one reference. Issuers are distinct. */
struct keyset *keyset_new(uint64_t generation, const struct keyset_issuer *issuers, size_t count);
struct keyset *keyset_ref(struct keyset *set); /* any thread */
void keyset_unref(struct keyset *set);	       /* any thread; NULL is fine */
uint64_t keyset_generation(const struct keyset *set);
const struct keyset_issuer *keyset_find(const struct keyset *set, const char *issuer); /* borrows */
/* For configuration: the bit of a JOSE name; 0 for an unknown name and for none. */
uint32_t keyset_algorithm_bit(struct str name);

enum keyset_verdict {
	KEYSET_OK,
	KEYSET_BAD,	    /* not a token we take, for the reason in err */
	KEYSET_UNKNOWN_KEY, /* fails too, but a newer key set might have the key (S19) */
	KEYSET_NO_KEYS,	    /* the issuer is ours to trust, but its keys were never fetched: 503 */
};
/*
 * Issuer, algorithm, key, signature, then claims, at `now` (wall seconds). KEYSET_OK fills `out`,
 * which the caller clears. `*which` (may be NULL) is the issuer as soon as one is recognised, else
 * NULL. The reason is fit for error_description.
 */
MUST_CHECK enum keyset_verdict keyset_verify(const struct keyset *set, struct str token,
	int64_t now, struct jwt_claims *out, const struct keyset_issuer **which, struct err *err);

/*
 * Algorithm (one of these bits; HMAC is never), key and signature of `issuer`'s token, whatever it
 * is for: the claims are left to the caller. KEYSET_OK fills `out`, which the caller clears and the
 * token must outlive. KEYSET_NO_KEYS, too, while there is no row of this issuer.
 */
MUST_CHECK enum keyset_verdict keyset_verify_signature(const struct keyset *set, const char *issuer,
	uint32_t algorithms, struct str token, struct jws *out, struct err *err);

#endif
