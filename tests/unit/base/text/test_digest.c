/* Published vectors of the three functions everything keyed stands on. */
#include "base/text/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void expect(const unsigned char got[static DIGEST_LEN], const char *hex)
{
	for (size_t i = 0; i < DIGEST_LEN; i++) {
		assert_int_equal(got[i] >> 4, str_hex_digit(hex[2 * i]));
		assert_int_equal(got[i] & 15, str_hex_digit(hex[2 * i + 1]));
	}
}

static void sha256_of_abc_is_the_standards(void **state)
{
	unsigned char out[DIGEST_LEN];

	(void)state;
	digest_sha256(STR("abc"), out); /* FIPS 180-4 */
	expect(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void hmac_agrees_with_rfc_4231(void **state)
{
	const struct str parts[] = {STR("what do ya "), STR("want "), STR("for nothing?")};
	unsigned char out[DIGEST_LEN];
	char key[131];

	(void)state;
	digest_hmac(STR("Jefe"), parts, ARRAY_LEN(parts), out); /* test case 2 */
	expect(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key); /* longer than a block: test case 6 */
	const struct str message = STR("Test Using Larger Than Block-Size Key - Hash Key First");
	digest_hmac((struct str){key, sizeof key}, &message, 1, out);
	expect(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* The first block of RFC 5869's appendix A, which is all we take. */
static void hkdf_agrees_with_rfc_5869(void **state)
{
	unsigned char out[DIGEST_LEN];
	char material[22];

	(void)state;
	memset(material, 0x0b, sizeof material);
	digest_hkdf((struct str){material, sizeof material},
		STR("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"),
		STR("\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9"), out);
	expect(out, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
	digest_hkdf((struct str){material, sizeof material}, STR(""), STR(""), out);
	expect(out, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_of_abc_is_the_standards),
		cmocka_unit_test(hmac_agrees_with_rfc_4231),
		cmocka_unit_test(hkdf_agrees_with_rfc_5869),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
