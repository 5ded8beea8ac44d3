/* Key sets and single keys as a provider might publish them. */
#include "auth/jose/jwks.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A key that is taken fits something and verifies no garbage. */
static void try_key(const json_t *json)
{
	struct jwk *key = jwk_from_json(json, NULL);
	bool fits = false;

	if (key == NULL)
		return;
	for (int i = JOSE_NONE; i < JOSE_ALG_COUNT; i++) {
		enum jose_alg alg = (enum jose_alg)i;

		fits |= jwk_fits(key, alg);
		assert(!jwk_verify(key, alg, STR("input"), STR("signature")));
	}
	assert(fits);
	jwk_unref(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct jwks *set = jwks_from_json(text, NULL);

	if (set) {
		assert(jwks_count(set) > 0 && jwks_count(set) <= JWKS_MAX_KEYS);
		jwks_unref(set);
		return 0;
	}
	json_t *json = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, NULL);
	try_key(json);
	json_decref(json);
	return 0;
}
