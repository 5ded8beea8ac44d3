#include "auth/keyset.h"

#include <assert.h>
#include <stdlib.h>

enum { SKEW_SECONDS = 60 };
static const uint32_t hmac_bits = 1u << HS256 | 1u << HS384 | 1u << HS512;

struct keyset {
	_Atomic int refs;
	uint64_t generation;
	size_t count;
	struct keyset_issuer issuers[];
};

static const char *const *copy_names(const char *const *names, size_t count)
{
	const char **copies = mem_alloc(count + 1, sizeof *copies);

	for (size_t i = 0; i < count; i++)
		copies[i] = mem_strdup(names[i]);
	return copies;
}

static void clear_issuer(struct keyset_issuer *issuer)
{
	union {
		const void *shared;
		void *ours;
	} list = {issuer->audiences}, name;

	for (size_t i = 0; i < issuer->audiences_count; i++) {
		name.shared = issuer->audiences[i];
		free(name.ours);
	}
	free(list.ours);
	name.shared = issuer->issuer;
	free(name.ours);
	jwks_unref(issuer->keys);
}

struct keyset *keyset_new(uint64_t generation, const struct keyset_issuer *issuers, size_t count)
{
	struct keyset *set = mem_alloc(1, sizeof *set + count * sizeof set->issuers[0]);

	atomic_init(&set->refs, 1);
	set->generation = generation;
	set->count = count;
	for (size_t i = 0; i < count; i++) {
		struct keyset_issuer *issuer = &set->issuers[i];

		*issuer = issuers[i];
		issuer->issuer = mem_strdup(issuers[i].issuer);
		issuer->audiences = copy_names(issuers[i].audiences, issuers[i].audiences_count);
		/* S13: a public key never gets to play the part of a shared secret. */
		issuer->algorithms &= ~hmac_bits;
		if (issuer->keys)
			jwks_ref(issuer->keys);
	}
	return set;
}

struct keyset *keyset_ref(struct keyset *set)
{
	atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
	return set;
}

void keyset_unref(struct keyset *set)
{
	if (set == NULL || atomic_fetch_sub_explicit(&set->refs, 1, memory_order_acq_rel) > 1)
		return;
	for (size_t i = 0; i < set->count; i++)
		clear_issuer(&set->issuers[i]);
	free(set);
}

uint64_t keyset_generation(const struct keyset *set)
{
	return set->generation;
}

const struct keyset_issuer *keyset_find(const struct keyset *set, const char *issuer)
{
	for (size_t i = 0; i < set->count; i++) {
		if (strcmp(set->issuers[i].issuer, issuer) == 0)
			return &set->issuers[i];
	}
	return NULL;
}

uint32_t keyset_algorithm_bit(struct str name)
{
	enum jose_alg alg = jose_alg_from(name);

	return alg == JOSE_NONE ? 0 : 1u << alg;
}

static enum keyset_verdict refuse(enum keyset_verdict verdict, struct err *err, const char *reason)
{
	err_set(err, "%s", reason);
	return verdict;
}

static enum keyset_verdict find_key(const struct keyset_issuer *issuer, const struct jws *jws,
	const struct jwk **key, struct err *err)
{
	if (!(issuer->algorithms & 1u << jws->alg))
		return refuse(KEYSET_BAD, err, "the token's algorithm is not allowed");
	if (issuer->keys == NULL)
		return refuse(KEYSET_NO_KEYS, err, "the issuer's keys are not known yet");
	switch (jwks_find(issuer->keys, jws, key)) {
	case JWKS_FOUND:
		return KEYSET_OK;
	case JWKS_UNKNOWN:
		/* Our own key never changes while we run: nothing newer to fetch. */
		return refuse(issuer->is_own ? KEYSET_BAD : KEYSET_UNKNOWN_KEY, err,
			"the token's key is not known");
	case JWKS_UNFIT:
		break;
	}
	return refuse(KEYSET_BAD, err, "the token's key does not fit its algorithm");
}

static enum keyset_verdict check_claims(const struct keyset_issuer *issuer, const struct jws *jws,
	int64_t now, struct jwt_claims *out, struct err *err)
{
	struct jwt_rules rules = {
		.issuer = issuer->issuer,
		.audiences = issuer->audiences,
		.audiences_count = issuer->audiences_count,
		.access_token_only = issuer->is_own,
		.now = now,
		/* Our own clock does not differ from itself, and replicas keep theirs together. */
		.skew = issuer->is_own ? 0 : SKEW_SECONDS,
	};

	return jwt_check(jws, &rules, out, err) == 0 ? KEYSET_OK : KEYSET_BAD;
}

static enum keyset_verdict verify_parsed(const struct keyset *set, const struct jws *jws,
	int64_t now, struct jwt_claims *out, const struct keyset_issuer **which, struct err *err)
{
	char name[512];
	const struct jwk *key = NULL;
	struct str signature = {(const char *)jws->signature, jws->signature_len};

	jwt_peek_issuer(jws, name);
	*which = name[0] ? keyset_find(set, name) : NULL;
	if (*which == NULL)
		return refuse(KEYSET_BAD, err, "the token's issuer is not known");
	enum keyset_verdict verdict = find_key(*which, jws, &key, err);
	if (verdict != KEYSET_OK)
		return verdict;
	assert(key);
	if (!jwk_verify(key, jws->alg, jws->signing_input, signature))
		return refuse(KEYSET_BAD, err, "the token's signature is not good");
	return check_claims(*which, jws, now, out, err);
}

enum keyset_verdict keyset_verify(const struct keyset *set, struct str token, int64_t now,
	struct jwt_claims *out, const struct keyset_issuer **which, struct err *err)
{
	const struct keyset_issuer *found = NULL;
	struct jws jws;
	enum keyset_verdict verdict = KEYSET_BAD;

	memset(out, 0, sizeof *out);
	if (jws_parse(token, &jws, err) == 0) {
		verdict = verify_parsed(set, &jws, now, out, &found, err);
		jws_clear(&jws);
	}
	if (which)
		*which = found;
	return verdict;
}
