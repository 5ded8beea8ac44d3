#include "auth/keys/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NEW_KEY STR("new key material, of some length")
#define OLD_KEY STR("old key material, of some length")

static const struct str secret = {"cookie", 6}, context = {"store key", 9};
static const char text[] = "{\"subject\":\"ann\"}";

static struct str sealed_by(struct keyring *ring, struct store_bytes *out)
{
	seal(ring, "session", secret, context, str_of(text), out);
	return (struct str){(const char *)out->at, out->len};
}

/* Opens what it can; 0 or -1. */
static int try(const struct keyring *ring, const char *purpose, struct str with, struct str where,
	struct str sealed)
{
	char *plain = NULL;
	size_t len = 0;
	int result = unseal(ring, purpose, with, where, sealed, &plain, &len);

	if (result == 0)
		assert_string_equal(plain, text);
	else
		assert_null(plain);
	seal_plain_free(plain, len);
	return result;
}

static void what_is_sealed_opens_again(void **state)
{
	struct keyring *ring = keyring_new(NEW_KEY, STR(""));
	struct store_bytes one, two;

	(void)state;
	struct str first = sealed_by(ring, &one), second = sealed_by(ring, &two);
	assert_int_equal(first.len, strlen(text) + SEAL_OVERHEAD);
	assert_int_equal(try(ring, "session", secret, context, first), 0);
	assert_int_equal(try(ring, "session", secret, context, second), 0);
	assert_false(str_eq(first, second)); /* another nonce */
	free(one.at);
	free(two.at);
	keyring_unref(ring);
}

static void empty_text_is_a_text(void **state)
{
	struct keyring *ring = keyring_new(NEW_KEY, STR(""));
	struct store_bytes out;
	char *plain;
	size_t len;

	(void)state;
	seal(ring, "p", STR(""), STR(""), STR(""), &out);
	struct str sealed = {(const char *)out.at, out.len};
	assert_int_equal(unseal(ring, "p", STR(""), STR(""), sealed, &plain, &len), 0);
	assert_int_equal(len, 0);
	assert_string_equal(plain, "");
	seal_plain_free(plain, len);
	free(out.at);
	keyring_unref(ring);
}

static void s26_every_flipped_bit_and_every_cut_is_refused(void **state)
{
	struct keyring *ring = keyring_new(NEW_KEY, OLD_KEY);
	struct store_bytes out;
	struct str sealed = sealed_by(ring, &out);

	(void)state;
	for (size_t i = 0; i < 8 * out.len; i++) {
		out.at[i / 8] ^= (unsigned char)(1 << i % 8);
		assert_int_equal(try(ring, "session", secret, context, sealed), -1);
		out.at[i / 8] ^= (unsigned char)(1 << i % 8);
	}
	for (size_t len = 0; len < sealed.len; len++)
		assert_int_equal(
			try(ring, "session", secret, context, (struct str){sealed.at, len}), -1);
	assert_int_equal(try(ring, "session", secret, context, sealed), 0);
	free(out.at);
	keyring_unref(ring);
}

static void s26_seal_opens_only_for_its_purpose_secret_and_place(void **state)
{
	struct keyring *ring = keyring_new(NEW_KEY, STR(""));
	struct store_bytes out;
	struct str sealed = sealed_by(ring, &out);

	(void)state;
	assert_int_equal(try(ring, "login", secret, context, sealed), -1);
	assert_int_equal(try(ring, "session", STR("cookiE"), context, sealed), -1);
	assert_int_equal(try(ring, "session", STR(""), context, sealed), -1);
	assert_int_equal(try(ring, "session", secret, STR("store kez"), sealed), -1);
	assert_int_equal(try(ring, "session", secret, STR(""), sealed), -1);
	free(out.at);
	keyring_unref(ring);
}

static void s26_old_key_opens_and_the_new_one_seals(void **state)
{
	struct keyring *before = keyring_new(OLD_KEY, STR(""));
	struct keyring *both = keyring_new(NEW_KEY, OLD_KEY);
	struct keyring *after = keyring_new(NEW_KEY, STR(""));
	struct store_bytes old, new;
	struct str by_old = sealed_by(before, &old), by_new = sealed_by(both, &new);

	(void)state;
	assert_int_equal(try(both, "session", secret, context, by_old), 0);
	assert_int_equal(try(both, "session", secret, context, by_new), 0);
	assert_int_equal(try(after, "session", secret, context, by_new), 0);
	assert_int_equal(try(after, "session", secret, context, by_old), -1);
	assert_int_equal(try(before, "session", secret, context, by_new), -1);
	free(old.at);
	free(new.at);
	keyring_unref(before);
	keyring_unref(both);
	keyring_unref(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sealed_opens_again),
		cmocka_unit_test(empty_text_is_a_text),
		cmocka_unit_test(s26_every_flipped_bit_and_every_cut_is_refused),
		cmocka_unit_test(s26_seal_opens_only_for_its_purpose_secret_and_place),
		cmocka_unit_test(s26_old_key_opens_and_the_new_one_seals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
