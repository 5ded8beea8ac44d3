#include "auth/cache/digest_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const unsigned char one[DIGEST_LEN] = "one", two[DIGEST_LEN] = "two";

static void token_kept_gives_its_digest(void **state)
{
	struct digest_cache *cache = digest_cache_new();
	struct str token = STR("head.claims.signature-of-it");

	(void)state;
	assert_null(digest_cache_find(cache, token));
	digest_cache_put(cache, token, one);
	assert_memory_equal(digest_cache_find(cache, token), one, DIGEST_LEN);
	digest_cache_put(cache, token, two);
	assert_memory_equal(digest_cache_find(cache, token), one, DIGEST_LEN);
	digest_cache_free(cache);
}

/* Its end decides the slot only: the claims are what somebody would change. */
static void token_that_differs_in_any_byte_is_not_found(void **state)
{
	(void)state;
	for (size_t len = 16; len < 140; len++) { /* of every remainder of the blocks compared */
		struct digest_cache *cache = digest_cache_new();
		char token[141];

		memset(token, 'x', sizeof token);
		digest_cache_put(cache, (struct str){token, len}, one);
		for (size_t i = 0; i < len; i++) {
			token[i] = 'y';
			assert_null(digest_cache_find(cache, (struct str){token, len}));
			token[i] = 'x';
		}
		assert_null(digest_cache_find(cache, (struct str){token, len - 1}));
		assert_null(digest_cache_find(cache, (struct str){token, len + 1}));
		assert_non_null(digest_cache_find(cache, (struct str){token, len}));
		digest_cache_free(cache);
	}
}

static void token_too_short_or_too_long_is_not_kept(void **state)
{
	struct digest_cache *cache = digest_cache_new();
	char *token = calloc(1, DIGEST_CACHE_MAX + 1);

	(void)state;
	memset(token, 'x', DIGEST_CACHE_MAX + 1);
	digest_cache_put(cache, (struct str){token, DIGEST_CACHE_MAX + 1}, one);
	assert_null(digest_cache_find(cache, (struct str){token, DIGEST_CACHE_MAX + 1}));
	digest_cache_put(cache, (struct str){token, 3}, one);
	assert_null(digest_cache_find(cache, (struct str){token, 3}));
	assert_null(digest_cache_find(cache, STR("")));
	digest_cache_put(cache, (struct str){token, DIGEST_CACHE_MAX}, one);
	assert_non_null(digest_cache_find(cache, (struct str){token, DIGEST_CACHE_MAX}));
	free(token);
	digest_cache_free(cache);
}

static void thousands_of_tokens_take_only_the_slots(void **state)
{
	struct digest_cache *cache = digest_cache_new();
	char token[32] = "header.claims.";
	size_t found = 0;

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 5000; i++) {
			for (int digit = 0; digit < 16; digit++)
				token[14 + digit] = (char)('a' + (i >> (digit % 8 * 4) & 15));
			struct str all = {token, 30};
			found += round == 1 && digest_cache_find(cache, all) != NULL;
			if (round == 0)
				digest_cache_put(cache, all, one);
		}
	}
	assert_in_range(found, 1, DIGEST_CACHE_SLOTS);
	digest_cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(token_kept_gives_its_digest),
		cmocka_unit_test(token_that_differs_in_any_byte_is_not_found),
		cmocka_unit_test(token_too_short_or_too_long_is_not_kept),
		cmocka_unit_test(thousands_of_tokens_take_only_the_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
