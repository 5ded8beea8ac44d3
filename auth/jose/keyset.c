#include "auth/jose/keyset.h"

#include <assert.h>
#include <stdlib.h>

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
		issuer->algorithms &= ~(uint32_t)JOSE_HMAC_BITS;
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

static enum keyset_verdict refuse_token(
	enum keyset_verdict verdict, struct err *err, const char *reason)
{
	err_set(err, "%s", reason);
	return verdict;
}

static enum keyset_verdict find_key(const struct keyset_issuer *issuer, uint32_t algorithms,
	const struct jws *jws, const struct jwk **key, struct err *err)
{
	if (!(algorithms & ~(uint32_t)JOSE_HMAC_BITS & 1u << jws->alg))
		return refuse_token(KEYSET_BAD, err, "the token's algorithm is not allowed");
	if (issuer->keys == NULL)
		return refuse_token(KEYSET_NO_KEYS, err, "the issuer's keys are not known yet");
	switch (jwks_find(issuer->keys, jws, key)) {
	case JWKS_FOUND:
		return KEYSET_OK;
	case JWKS_UNKNOWN:
		/* Our own key never changes while we run: nothing newer to fetch. */
		return refuse_token(issuer->is_own ? KEYSET_BAD : KEYSET_UNKNOWN_KEY, err,
			"the token's key is not known");
	case JWKS_UNFIT:
		break;
	}
	return refuse_token(KEYSET_BAD, err, "the token's key does not fit its algorithm");
}

static enum keyset_verdict check_signature(const struct keyset_issuer *issuer, uint32_t algorithms,
	const struct jws *jws, struct err *err)
{
	const struct jwk *key = NULL;
	struct str signature = {(const char *)jws->signature, jws->signature_len};
	enum keyset_verdict verdict = find_key(issuer, algorithms, jws, &key, err);

	if (verdict != KEYSET_OK)
		return verdict;
	assert(key);
	if (!jwk_verify(key, jws->alg, jws->signing_input, signature))
		return refuse_token(KEYSET_BAD, err, "the token's signature is not good");
	return KEYSET_OK;
}

enum keyset_verdict keyset_verify_signature(const struct keyset *set, const char *issuer,
	uint32_t algorithms, struct str token, struct jws *out, struct err *err)
{
	const struct keyset_issuer *row = keyset_find(set, issuer);
	enum keyset_verdict verdict;

	if (jws_parse(token, out, err) == -1)
		return KEYSET_BAD;
	if (row == NULL)
		verdict = refuse_token(KEYSET_NO_KEYS, err, "the issuer's keys are not known yet");
	else
		verdict = check_signature(row, algorithms, out, err);
	if (verdict != KEYSET_OK)
		jws_clear(out);
	return verdict;
}

static enum keyset_verdict check_claims(const struct keyset_issuer *issuer, const struct jws *jws,
	int64_t now, struct jwt_claims *out, struct err *err)
{
	struct jwt_rules rules = {
		.issuer = issuer->issuer,
		.audiences = issuer->audiences,
		.audiences_count = issuer->audiences_count,
		.use = issuer->is_own ? JWT_ACCESS_TOKEN_ONLY : JWT_ACCESS_TOKEN,
		.now = now,
		/* Our own clock does not differ from itself, and replicas keep theirs together. */
		.skew = issuer->is_own ? 0 : JWT_SKEW,
	};

	return jwt_check(jws, &rules, out, err) == 0 ? KEYSET_OK : KEYSET_BAD;
}

static enum keyset_verdict verify_parsed(const struct keyset *set, struct jws *jws, int64_t now,
	struct jwt_claims *out, const struct keyset_issuer **which, struct err *err)
{
	const struct keyset_issuer *row;
	enum keyset_verdict verdict;
	char name[512];

	jwt_peek_issuer(jws, name);
	row = name[0] ? keyset_find(set, name) : NULL;
	/* An ID token is made for us, too: were its issuer's tokens taken, it would be one (S18).
	 */
	if (row == NULL || !row->is_for_bearer)
		return refuse_token(KEYSET_BAD, err, "the token's issuer is not known");
	*which = row;
	verdict = check_signature(row, row->algorithms, jws, err);
	return verdict == KEYSET_OK ? check_claims(row, jws, now, out, err) : verdict;
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
