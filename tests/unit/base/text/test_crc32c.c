#include "base/text/crc32c.h"

#include "base/rnd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* RFC 3720 §B.4. */
static void known_sums_are_right(void **state)
{
	unsigned char zeros[32] = {0}, ones[32], up[32];

	(void)state;
	memset(ones, 0xff, sizeof ones);
	for (size_t i = 0; i < sizeof up; i++)
		up[i] = (unsigned char)i;
	assert_int_equal(crc32c_add(0, zeros, sizeof zeros), 0x8a9136aa);
	assert_int_equal(crc32c_add(0, ones, sizeof ones), 0x62a8ab43);
	assert_int_equal(crc32c_add(0, up, sizeof up), 0x46dd794e);
	assert_int_equal(crc32c_add(0, "123456789", 9), 0xe3069283);
	assert_int_equal(crc32c_add(0, "", 0), 0);
}

static void pieces_and_both_ways_give_the_same(void **state)
{
	unsigned char bytes[300];

	(void)state;
	rnd_bytes(bytes, sizeof bytes);
	uint32_t whole = crc32c_add_plain(0, bytes, sizeof bytes);
	assert_int_equal(crc32c_add(0, bytes, sizeof bytes), whole);
	for (size_t cut = 0; cut <= sizeof bytes; cut++)
		assert_int_equal(
			crc32c_add(crc32c_add(0, bytes, cut), bytes + cut, sizeof bytes - cut),
			whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_sums_are_right),
		cmocka_unit_test(pieces_and_both_ways_give_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
