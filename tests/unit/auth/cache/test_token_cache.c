#include "auth/cache/token_cache.h"

#include "auth/cache/idle.h"
#include "base/mem.h"
#include "tests/support/cpu_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW = 1700000000 };

static struct identity *someone(const char *token_id, int64_t expires_at)
{
	return identity_new(STR("i"), STR("alice"), STR("Alice"), str_of(token_id), ROLE_USER,
		VIA_BEARER, expires_at);
}

static void put(struct token_cache *cache, const char *token, int64_t expires_at)
{
	struct identity *who = someone(token, expires_at);
	unsigned char key[TOKEN_KEY];

	token_cache_key(cache, str_of(token), key);
	token_cache_put(cache, key, NOW, 1, who, who->expires_at);
	identity_unref(who);
}

static void put_bad(struct token_cache *cache, const char *token)
{
	unsigned char key[TOKEN_KEY];

	token_cache_key(cache, str_of(token), key);
	token_cache_put_bad(cache, key, NOW, 1, "why");
}

static struct token_cache_found find(
	struct token_cache *cache, const char *token, int64_t now, uint64_t generation)
{
	unsigned char key[TOKEN_KEY];

	return token_cache_find(cache, str_of(token), now, generation, key);
}

static int kind(struct token_cache *cache, const char *token, int64_t now, uint64_t generation)
{
	return find(cache, token, now, generation).kind;
}

static void good_token_is_found_again(void **state)
{
	struct token_cache *cache = token_cache_new(4, 4);

	(void)state;
	assert_int_equal(kind(cache, "a.b.c", NOW, 1), TOKEN_MISS);
	put(cache, "a.b.c", NOW + 10);
	struct token_cache_found found = find(cache, "a.b.c", NOW, 1);
	assert_int_equal(found.kind, TOKEN_GOOD);
	assert_string_equal(found.who->subject, "alice");
	assert_int_equal(kind(cache, "a.b.c=", NOW, 1), TOKEN_MISS);
	token_cache_free(cache);
}

static void expired_token_is_forgotten(void **state)
{
	struct token_cache *cache = token_cache_new(4, 4);

	(void)state;
	put(cache, "a", NOW + 10);
	assert_int_equal(kind(cache, "a", NOW + 9, 1), TOKEN_GOOD);
	assert_int_equal(kind(cache, "a", NOW + 10, 1), TOKEN_MISS);
	assert_int_equal(token_cache_count(cache), 0);
	token_cache_free(cache);
}

static void new_keys_forget_old_verdicts(void **state)
{
	struct token_cache *cache = token_cache_new(4, 4);

	(void)state;
	put(cache, "a", NOW + 10);
	put_bad(cache, "b");
	assert_int_equal(kind(cache, "a", NOW, 2), TOKEN_MISS);
	assert_int_equal(kind(cache, "b", NOW, 2), TOKEN_MISS);
	token_cache_free(cache);
}

static void bad_token_is_remembered_for_some_seconds(void **state)
{
	struct token_cache *cache = token_cache_new(4, 4);

	(void)state;
	put_bad(cache, "b");
	struct token_cache_found found = find(cache, "b", NOW, 1);
	assert_int_equal(found.kind, TOKEN_BAD);
	assert_string_equal(found.reason, "why");
	assert_int_equal(kind(cache, "b", NOW + TOKEN_CACHE_BAD_SECONDS, 1), TOKEN_MISS);
	token_cache_free(cache);
}

/* It went back an hour: what was judged by it may be wrong, and would be kept for that hour. */
static void verdicts_of_a_clock_that_was_ahead_are_forgotten(void **state)
{
	struct token_cache *cache = token_cache_new(4, 4);

	(void)state;
	put(cache, "a", NOW + 7200);
	put_bad(cache, "b");
	assert_int_equal(kind(cache, "a", NOW - 3600, 1), TOKEN_MISS);
	assert_int_equal(kind(cache, "b", NOW - 3600, 1), TOKEN_MISS);
	assert_int_equal(token_cache_count(cache), 0);
	token_cache_free(cache);
}

static void bad_verdict_replaces_a_good_one(void **state)
{
	struct token_cache *cache = token_cache_new(4, 4);

	(void)state;
	put(cache, "a", NOW + 10);
	put_bad(cache, "a");
	assert_int_equal(kind(cache, "a", NOW, 1), TOKEN_BAD);
	assert_int_equal(token_cache_count(cache), 1);
	token_cache_free(cache);
}

static void flood_of_bad_tokens_pushes_out_no_good_one(void **state)
{
	struct token_cache *cache = token_cache_new(8, 8);
	char token[16];

	(void)state;
	put(cache, "good", NOW + 10);
	for (int i = 0; i < 1000; i++) {
		snprintf(token, sizeof token, "bad%d", i);
		put_bad(cache, token);
	}
	assert_int_equal(token_cache_count(cache), 9);
	assert_int_equal(kind(cache, "good", NOW, 1), TOKEN_GOOD);
	assert_int_equal(kind(cache, "bad999", NOW, 1), TOKEN_BAD);
	assert_int_equal(kind(cache, "bad0", NOW, 1), TOKEN_MISS);
	token_cache_free(cache);
}

static void least_recently_used_goes_first(void **state)
{
	struct token_cache *cache = token_cache_new(2, 1);

	(void)state;
	put(cache, "a", NOW + 100);
	put(cache, "b", NOW + 100);
	assert_int_equal(kind(cache, "a", NOW + 1, 1), TOKEN_GOOD);
	put(cache, "c", NOW + 100);
	assert_int_equal(kind(cache, "a", NOW + 1, 1), TOKEN_GOOD);
	assert_int_equal(kind(cache, "b", NOW + 1, 1), TOKEN_MISS);
	assert_int_equal(kind(cache, "c", NOW + 1, 1), TOKEN_GOOD);
	token_cache_free(cache);
}

static void same_token_twice_is_one_entry(void **state)
{
	struct token_cache *cache = token_cache_new(2, 1);

	(void)state;
	put(cache, "a", NOW + 1);
	put(cache, "a", NOW + 5);
	assert_int_equal(token_cache_count(cache), 1);
	assert_int_equal(kind(cache, "a", NOW + 4, 1), TOKEN_GOOD);
	token_cache_free(cache);
}

static void revoked_id_is_dropped(void **state)
{
	struct token_cache *cache = token_cache_new(4, 4);

	(void)state;
	put(cache, "a", NOW + 10);
	put(cache, "b", NOW + 10);
	token_cache_drop_id(cache, STR("a"));
	assert_int_equal(kind(cache, "a", NOW, 1), TOKEN_MISS);
	assert_int_equal(kind(cache, "b", NOW, 1), TOKEN_GOOD);
	token_cache_clear(cache);
	assert_int_equal(token_cache_count(cache), 0);
	token_cache_free(cache);
}

static void a_key_is_of_its_cache(void **state)
{
	struct token_cache *cache = token_cache_new(1, 1), *other = token_cache_new(1, 1);
	unsigned char here[TOKEN_KEY], there[TOKEN_KEY];

	(void)state;
	token_cache_key(cache, STR("a"), here);
	token_cache_key(other, STR("a"), there);
	assert_memory_not_equal(here, there, TOKEN_KEY);
	token_cache_key(cache, STR("a"), there);
	assert_memory_equal(here, there, TOKEN_KEY);
	token_cache_free(other);
	token_cache_free(cache);
}

/* Not a bar, which belongs to a quiet machine; but a fetch of the digest at each call would show.
 */
static void hit_costs_microseconds(void **state)
{
	enum { ROUNDS = 20000 };
	struct token_cache *cache = token_cache_new(TOKEN_CACHE_GOOD, TOKEN_CACHE_BAD);
	char token[900];

	(void)state;
	memset(token, 'x', sizeof token);
	token[sizeof token - 1] = '\0';
	put(cache, token, NOW + 10);
	int64_t start = cpu_time_us();
	for (int i = 0; i < ROUNDS; i++)
		assert_int_equal(kind(cache, token, NOW, 1), TOKEN_GOOD);
	int64_t each_ns = (cpu_time_us() - start) * 1000 / ROUNDS;
	print_message("a hit takes %d ns\n", (int)each_ns);
	assert_true(each_ns < 50000);
	token_cache_free(cache);
}

static void put_at(struct token_cache *cache, int number, int64_t now)
{
	char token[32];
	unsigned char key[TOKEN_KEY];
	struct identity *who = someone("id", now + 86400);

	snprintf(token, sizeof token, "token.%d.x", number);
	token_cache_key(cache, str_of(token), key);
	token_cache_put(cache, key, now, 1, who, who->expires_at);
	identity_unref(who);
}

/* One new token a second for an hour: kept are those of the last ten minutes. */
static void tokens_that_nobody_shows_any_more_are_forgotten(void **state)
{
	struct token_cache *cache = token_cache_new(4096, 4);

	(void)state;
	for (int second = 0; second < 3600; second++)
		put_at(cache, second, NOW + second);
	assert_in_range(token_cache_count(cache), 1, CACHE_IDLE_SECONDS);
	assert_int_equal(kind(cache, "token.3599.x", NOW + 3600, 1), TOKEN_GOOD);
	token_cache_free(cache);
}

static void token_that_is_shown_again_and_again_is_kept(void **state)
{
	struct token_cache *cache = token_cache_new(4096, 4);

	(void)state;
	put_at(cache, 0, NOW);
	for (int second = 1; second < 3600; second++) {
		put_at(cache, second, NOW + second);
		if (second % 300 == 0)
			assert_int_equal(kind(cache, "token.0.x", NOW + second, 1), TOKEN_GOOD);
	}
	token_cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_token_is_found_again),
		cmocka_unit_test(expired_token_is_forgotten),
		cmocka_unit_test(new_keys_forget_old_verdicts),
		cmocka_unit_test(bad_token_is_remembered_for_some_seconds),
		cmocka_unit_test(verdicts_of_a_clock_that_was_ahead_are_forgotten),
		cmocka_unit_test(bad_verdict_replaces_a_good_one),
		cmocka_unit_test(flood_of_bad_tokens_pushes_out_no_good_one),
		cmocka_unit_test(least_recently_used_goes_first),
		cmocka_unit_test(same_token_twice_is_one_entry),
		cmocka_unit_test(revoked_id_is_dropped),
		cmocka_unit_test(a_key_is_of_its_cache),
		cmocka_unit_test(tokens_that_nobody_shows_any_more_are_forgotten),
		cmocka_unit_test(token_that_is_shown_again_and_again_is_kept),
		cmocka_unit_test(hit_costs_microseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
