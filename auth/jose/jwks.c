#include "auth/jose/jwks.h"

#include "base/log/log.h"
#include "base/text/json_foreign.h"

#include <stdatomic.h>
#include <stdlib.h>

struct jwks {
	_Atomic int refs;
	size_t count;
	struct jwk *keys[JWKS_MAX_KEYS];
};

static struct jwks *new_set(void)
{
	struct jwks *set = mem_alloc(1, sizeof *set);

	atomic_init(&set->refs, 1);
	return set;
}

static struct str member_text(const json_t *json, const char *name)
{
	const json_t *member = json_object_get(json, name);

	return (struct str){json_string_value(member), json_string_length(member)};
}

/* Counted over all entries, usable or not: two keys of one name make the name worthless (S16). */
static bool kid_is_repeated(const json_t *keys, size_t at)
{
	struct str kid = member_text(json_array_get(keys, at), "kid");

	for (size_t i = 0; kid.at && i < json_array_size(keys); i++) {
		struct str other = member_text(json_array_get(keys, i), "kid");

		if (i != at && other.at && str_eq(kid, other))
			return true;
	}
	return false;
}

/* RFC 7517 §5: what is not understood is left out, so that a new kind of key breaks nobody. */
static void add_keys(struct jwks *set, const json_t *keys)
{
	struct err why;

	for (size_t i = 0; i < json_array_size(keys); i++) {
		struct jwk *key;

		if (kid_is_repeated(keys, i)) {
			log_debug("jwks", "key %zu left out: its kid is repeated", i);
			continue;
		}
		key = jwk_from_json(json_array_get(keys, i), &why);
		if (key)
			set->keys[set->count++] = key;
		else
			log_debug("jwks", "key %zu left out: %s", i, why.text);
	}
}

static bool has_secret(const json_t *keys)
{
	for (size_t i = 0; i < json_array_size(keys); i++) {
		if (str_eq(member_text(json_array_get(keys, i), "kty"), STR("oct")))
			return true;
	}
	return false;
}

static struct jwks *from_document(const json_t *document, struct err *err)
{
	const json_t *keys = json_object_get(document, "keys");

	if (!json_is_array(keys)) {
		err_set(err, "not a key set: no array \"keys\"");
		return NULL;
	}
	if (json_array_size(keys) > JWKS_MAX_KEYS) {
		err_set(err, "more than %d keys", JWKS_MAX_KEYS);
		return NULL;
	}
	if (has_secret(keys)) {
		err_set(err, "the set has a secret (kty oct) among public keys");
		return NULL;
	}
	struct jwks *set = new_set();
	add_keys(set, keys);
	if (set->count > 0)
		return set;
	err_set(err, "none of its %zu keys can be used", json_array_size(keys));
	jwks_unref(set);
	return NULL;
}

struct jwks *jwks_from_json(struct str text, struct err *err)
{
	if (text.len > JWKS_MAX_BYTES) {
		err_set(err, "longer than %d bytes", JWKS_MAX_BYTES);
		return NULL;
	}
	json_t *document = json_foreign(text);
	struct jwks *set = from_document(document, err);
	json_decref(document);
	return set;
}

struct jwks *jwks_of_key(struct jwk *key)
{
	struct jwks *set = new_set();

	set->keys[set->count++] = jwk_ref(key);
	return set;
}

struct jwks *jwks_ref(struct jwks *set)
{
	atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
	return set;
}

void jwks_unref(struct jwks *set)
{
	if (set == NULL || atomic_fetch_sub_explicit(&set->refs, 1, memory_order_acq_rel) > 1)
		return;
	for (size_t i = 0; i < set->count; i++)
		jwk_unref(set->keys[i]);
	free(set);
}

size_t jwks_count(const struct jwks *set)
{
	return set->count;
}

static enum jwks_found find_by_kid(
	const struct jwks *set, const struct jws *jws, const struct jwk **key)
{
	for (size_t i = 0; i < set->count; i++) {
		const char *kid = jwk_kid(set->keys[i]);

		if (kid == NULL || strcmp(kid, jws->kid) != 0)
			continue;
		*key = set->keys[i];
		return jwk_fits(*key, jws->alg) ? JWKS_FOUND : JWKS_UNFIT;
	}
	return JWKS_UNKNOWN;
}

enum jwks_found jwks_find(const struct jwks *set, const struct jws *jws, const struct jwk **key)
{
	size_t fitting = 0;

	*key = NULL;
	if (jws->kid[0])
		return find_by_kid(set, jws, key);
	for (size_t i = 0; i < set->count; i++) {
		if (!jwk_fits(set->keys[i], jws->alg))
			continue;
		*key = set->keys[i];
		fitting++;
	}
	if (fitting == 0)
		return JWKS_UNKNOWN;
	return fitting == 1 ? JWKS_FOUND : JWKS_UNFIT;
}
