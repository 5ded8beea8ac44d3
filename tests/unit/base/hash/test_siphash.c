/* SipHash-2-4 against its paper's vectors. */
#include "base/hash/siphash.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static void published_vectors_come_out(void **state)
{
	unsigned char key[16], bytes[15];

	(void)state;
	for (unsigned char i = 0; i < 16; i++)
		key[i] = i;
	for (unsigned char i = 0; i < 15; i++)
		bytes[i] = i;
	assert_true(siphash(key, bytes, 0) == 0x726fdb47dd0e0e31u);
	assert_true(siphash(key, bytes, 8) == 0x93f5f5799a932462u);
	assert_true(siphash(key, bytes, 15) == 0xa129ca6149be45e5u);
}

static void secret_hash_is_the_same_within_a_process(void **state)
{
	(void)state;
	assert_true(siphash_secret("abc", 3) == siphash_secret("abc", 3));
	assert_true(siphash_secret("abc", 3) != siphash_secret("abd", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vectors_come_out),
		cmocka_unit_test(secret_hash_is_the_same_within_a_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
